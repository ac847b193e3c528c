"""Jobs that share capacity: nobody is left out, nothing is overfull, the bound is one."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.plan import FleetJob, plan_fleet

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")

SLOTS = 5


@st.composite
def fleets(draw):
    """Few jobs, so that all plans can be tried."""
    zones = draw(st.integers(1, 2))
    row = st.lists(st.integers(1, 9), min_size=SLOTS, max_size=SLOTS)
    values = np.array([draw(row) for _ in range(zones)], dtype=float)
    capacity = np.full((zones, SLOTS), float(draw(st.integers(1, 2))))
    jobs = []
    for _ in range(draw(st.integers(1, 4))):
        arrival = draw(st.integers(0, SLOTS - 1))
        length = draw(st.integers(1, SLOTS - arrival))
        deadline = draw(st.integers(arrival + length, SLOTS))
        can_pause = draw(st.booleans())
        jobs.append(
            FleetJob(arrival=arrival, length=length, deadline=deadline, can_pause=can_pause)
        )
    return values, capacity, jobs


def patterns(job, zones):
    for zone in range(zones):
        for slots in combinations(range(job.arrival, job.deadline), job.length):
            if job.can_pause or slots[-1] - slots[0] < job.length:
                yield zone, slots


def cheapest(values, capacity, jobs):
    """Cost of the best plan of all; None if there is none."""
    best = None
    for choice in product(*(list(patterns(job, len(values))) for job in jobs)):
        used = np.zeros_like(capacity)
        for zone, slots in choice:
            used[zone, list(slots)] += 1
        if (used <= capacity).all():
            cost = sum(values[zone, list(slots)].sum() for zone, slots in choice)
            best = cost if best is None else min(best, cost)
    return best


@settings(max_examples=60, deadline=None)
@given(fleets())
def test_a_plan_keeps_capacity_and_lies_above_its_bound(fleet):
    values, capacity, jobs = fleet
    best = cheapest(values, capacity, jobs)
    plan = plan_fleet(values, capacity, jobs, climbs=40)
    used = np.zeros_like(capacity)
    for job, place in zip(jobs, plan.places, strict=True):
        if place is not None:
            assert place in list(patterns(job, len(values)))
            used[place[0], list(place[1])] += 1
    assert (used <= capacity).all()
    if best is not None:
        assert plan.bound <= best * (1 + 1e-9)
        if not plan.crowds:
            assert plan.cost >= best * (1 - 1e-9)


@settings(max_examples=60, deadline=None)
@given(fleets())
def test_jobs_that_may_pause_miss_no_deadline_that_can_be_met(fleet):
    values, capacity, jobs = fleet
    values, capacity = values[:1], capacity[:1]
    jobs = [job.replace(can_pause=True) for job in jobs]
    assume(cheapest(values, capacity, jobs) is not None)
    assert not plan_fleet(values, capacity, jobs, climbs=10).crowds


@settings(max_examples=60, deadline=None)
@given(fleets())
def test_a_proof_of_crowding_is_one(fleet):
    values, capacity, jobs = fleet
    values, capacity = values[:1], capacity[:1]
    jobs = [job.replace(can_pause=True) for job in jobs]
    for crowd in plan_fleet(values, capacity, jobs, climbs=10).crowds:
        assert crowd.is_proof
        full = set(crowd.slots)
        needing = (*crowd.users, *([] if crowd.job is None else [(crowd.job, 1)]))
        needed = sum(
            count * max(0, job.length - len(set(range(job.arrival, job.deadline)) - full))
            for job, count in needing
        )
        assert needed > capacity[0, list(crowd.slots)].sum()


def test_a_job_that_reaches_beyond_the_series_is_refused():
    job = FleetJob(arrival=0, length=1, deadline=9)
    with pytest.raises(InputError, match="there are 5 slots"):
        plan_fleet(np.ones((1, 5)), np.ones((1, 5)), [job])
