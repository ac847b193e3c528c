"""Runs inside others are known by their parent, or by their processes on one boot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.measurement import Measurement, Run
from brizna.core.nesting import lies_inside, nested, outermost
from brizna.core.replay import JOURNAL_SCHEMA, replay

HERE = {"host": "h", "boot": "b", "ns": "n"}


def run(
    number: int, *, pid: int = 0, at_s: float = 0, duration_s: float = 10, **fields: Any
) -> Run:
    """Return a run of a process, begun so many seconds after the boot."""
    given = {"parent": None, "ancestors": [], **fields}
    parent = given.pop("parent")
    process = {**HERE, "pid": pid or 100 + number, "start": 5, "boot_us": round(at_s * 1e6)}
    return Run(
        id=f"20261122T000000Z-{number:06}",
        parent=parent,
        started="2026-11-22T00:00:00Z",
        duration_s=duration_s,
        measurement=Measurement(energy_j=None),
        brizna="0.1.0",
        process={**process, **given},
    )


def test_a_run_whose_parent_is_another_lies_inside_it() -> None:
    outer = run(1)
    inner = run(2, parent=outer.id)
    assert lies_inside(inner, outer)
    assert not lies_inside(outer, inner)
    assert outermost([inner, outer]) == [outer.id]


def test_a_run_in_a_process_below_anothers_lies_inside_it() -> None:
    """A block that was measured in a worker of a measured process, which nobody told it of."""
    outer = run(1, pid=100, at_s=0, duration_s=60)
    inner = run(2, pid=300, at_s=10, ancestors=[[200, 7], [100, 5], [1, 0]])
    assert outermost([outer, inner]) == [outer.id]


@pytest.mark.parametrize(
    "change",
    [
        {"at_s": 60},
        {"boot": "another"},
        {"host": "another"},
        {"ns": "another"},
        {"ancestors": [[100, 6]]},
    ],
)
def test_another_time_boot_host_namespace_or_process_is_not_inside(change: dict[str, Any]) -> None:
    outer = run(1, pid=100, at_s=0, duration_s=60)
    inner = run(2, pid=300, **{"at_s": 10, "ancestors": [[100, 5]], **change})
    assert outermost([outer, inner]) == [outer.id, inner.id]


def test_a_block_within_a_block_that_is_not_here_lies_inside_the_one_around_both() -> None:
    outer = run(1, pid=100, at_s=0, duration_s=60)
    inner = run(3, pid=100, at_s=10, duration_s=5, parent="the one between")
    assert outermost([inner, outer]) == [outer.id]


@pytest.mark.parametrize("parent", [None, "the run around both"])
def test_blocks_of_one_process_side_by_side_share_it_and_all_count(parent: str | None) -> None:
    longer = run(1, pid=100, at_s=0, duration_s=60, parent=parent)
    shorter = run(2, pid=100, at_s=10, duration_s=5, parent=parent)
    assert outermost([shorter, longer]) == [shorter.id, longer.id]


def test_blocks_of_one_process_that_follow_or_overlap_stand_beside_one_another() -> None:
    first = run(1, pid=100, at_s=0, duration_s=10)
    second = run(2, pid=100, at_s=10, duration_s=10)
    third = run(3, pid=100, at_s=15, duration_s=10)
    assert outermost([first, second, third]) == [first.id, second.id, third.id]


def test_a_run_within_a_run_within_a_run_leaves_one() -> None:
    outer = run(1, pid=100, at_s=0, duration_s=60)
    middle = run(2, pid=200, at_s=5, duration_s=50, ancestors=[[100, 5]])
    inner = run(3, pid=300, at_s=10, duration_s=5, parent=middle.id, ancestors=[[200, 5], [100, 5]])
    assert outermost([inner, middle, outer]) == [outer.id]


def test_old_records_say_nothing_of_their_process_and_keep_their_bytes() -> None:
    old = run(1).replace(process=None)
    assert "process" not in old.to_json()
    assert outermost([old, run(2)]) == [old.id, run(2).id]


def test_the_journals_start_says_who_recorded() -> None:
    start = {
        "e": "start",
        "schema": JOURNAL_SCHEMA,
        "id": "20261122T000000Z-000001",
        "started": "2026-11-22T00:00:00Z",
        "brizna": "0.1.0",
        "boot_us": 7,
        "writer": {**HERE, "pid": 4, "start": 2},
        "ancestors": [[3, 1]],
    }
    told = replay([start])
    assert told.process == {**HERE, "pid": 4, "start": 2, "ancestors": [[3, 1]], "boot_us": 7}
    assert Run.from_json(told.to_json()) == told


def test_runs_stand_below_the_innermost_run_around_them_in_their_order() -> None:
    outer = run(1, pid=100, at_s=0, duration_s=60)
    middle = run(2, pid=200, at_s=5, duration_s=50, parent=outer.id, ancestors=[[100, 5]])
    beside = run(3, pid=900, at_s=6, duration_s=1)
    inner = run(4, pid=300, at_s=10, duration_s=5, ancestors=[[200, 5], [100, 5]])
    last = run(5, pid=400, at_s=20, duration_s=5, ancestors=[[100, 5]])
    found = nested([outer, middle, beside, inner, last])
    assert found == {outer.id: 0, middle.id: 1, inner.id: 2, last.id: 1, beside.id: 0}
    assert list(found) == [outer.id, middle.id, inner.id, last.id, beside.id]
    assert nested([inner, beside]) == {inner.id: 0, beside.id: 0}


def test_records_that_name_each_other_as_parents_are_all_kept() -> None:
    one, other, third = run(1), run(2), run(3)
    circle = [one.replace(parent=other.id), other.replace(parent=one.id), third]
    assert sorted(nested(circle)) == [one.id, other.id, third.id]
    assert nested(circle)[third.id] == 0


@st.composite
def crowds(draw: st.DrawFn) -> list[Run]:
    """Return runs of a few processes on one boot, of which some know their parent."""
    numbers = range(draw(st.integers(0, 8)))
    below = {100: [], 200: [[100, 5]], 300: [[200, 5], [100, 5]], 400: [[1, 1]]}
    found: list[Run] = []
    for number in numbers:
        pid = draw(st.sampled_from(sorted(below)))
        one = run(
            number,
            pid=pid,
            at_s=draw(st.integers(0, 6)),
            duration_s=draw(st.integers(0, 6)),
            ancestors=below[pid],
            parent=draw(st.sampled_from([None, *(f"20261122T000000Z-{n:06}" for n in numbers)])),
        )
        found.append(one.replace(process=None) if draw(st.booleans()) and pid == 400 else one)
    return found


@given(crowds())
def test_the_short_way_finds_what_holding_each_against_each_finds(runs: list[Run]) -> None:
    each = [one.id for one in runs if not any(lies_inside(one, other) for other in runs)]
    assert outermost(runs) == each


def test_ten_thousand_runs_one_after_the_other_are_told_apart_at_once() -> None:
    """A hundred million pairs would take minutes."""
    runs = [run(number, pid=100, at_s=10 * number) for number in range(10_000)]
    assert len(nested(runs)) == len(outermost(runs)) == 10_000
