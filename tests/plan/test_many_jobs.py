"""Many jobs on one board: each placement is the best of all."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.plan import Board, BulkJob

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")


@st.composite
def boards(draw):
    """Values, and which of them are known, by zone and slot."""
    zones, slots = draw(st.integers(1, 3)), draw(st.integers(1, 7))
    cells = st.lists(
        st.one_of(st.integers(-3, 9), st.none()), min_size=zones * slots, max_size=zones * slots
    )
    return np.array(draw(cells), dtype=object).reshape(zones, slots)


jobs = st.builds(
    BulkJob,
    arrival=st.integers(0, 6),
    length=st.integers(1, 4),
    slack=st.integers(0, 5),
    can_pause=st.booleans(),
    zones=st.one_of(st.none(), st.just((0,))),
)


def tried(board, job):
    """Cost, order of the zone and slots of each way to run a job."""
    rows = range(len(board)) if job.zones is None else job.zones
    end = min(job.arrival + job.length + job.slack, board.shape[1])
    for order, zone in enumerate(rows):
        for slots in combinations(range(job.arrival, end), job.length):
            if not job.can_pause and slots[-1] - slots[0] >= job.length:
                continue
            values = [board[zone][slot] for slot in slots]
            if None not in values:
                yield sum(values), order, slots


@given(boards(), jobs)
def test_each_job_gets_the_best_place_there_is(board, job):
    known = np.array([[int(v is not None) for v in row] for row in board])
    values = np.array([[v or 0 for v in row] for row in board], dtype=np.int64)
    placed = Board(values, known).place(job)
    best = min(tried(board, job), default=None)
    if best is None:
        assert placed is None
        return
    zone = best[1] if job.zones is None else job.zones[best[1]]
    assert (placed.cost, placed.zone, placed.slots) == (best[0], zone, best[2])


@given(boards(), jobs)
def test_running_at_once_is_what_the_saving_is_measured_against(board, job):
    known = np.array([[int(v is not None) for v in row] for row in board])
    values = np.array([[v or 0 for v in row] for row in board], dtype=np.int64)
    placed = Board(values, known).place(job)
    if placed is None:
        return
    now = list(board[0][job.arrival : job.arrival + job.length])
    assert placed.cost_now == (None if None in now else sum(now))


def test_a_job_of_no_slots_is_refused():
    with pytest.raises(InputError, match="length of 1 or more"):
        BulkJob(arrival=0, length=0, slack=0)
