"""Jobs that share capacity: nobody is left out, nothing is overfull, the bound is one."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.plan import Fleet, FleetJob, plan_fleet

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


@settings(max_examples=60, deadline=None)
@given(fleets())
def test_an_overload_is_told_only_where_no_plan_places_all(fleet):
    from brizna.plan._squeeze import overload

    values, capacity, jobs = fleet
    kinds, counts, _ = Fleet.of(jobs).kinds()
    if overload(kinds, counts, capacity) is not None:
        assert cheapest(values, capacity, jobs) is None


def test_too_much_work_in_too_little_time_is_proved_for_jobs_in_a_row_and_several_zones():
    jobs = [FleetJob(arrival=1, length=2, deadline=4, can_pause=False) for _ in range(5)]
    plan = plan_fleet(np.ones((2, SLOTS)), np.ones((2, SLOTS)), jobs, climbs=10)
    assert plan.without == 3
    proof = next(crowd for crowd in plan.crowds if crowd.is_proof)
    assert (proof.job, proof.zones, proof.users) == (None, (0, 1), ((jobs[0], 5),))
    assert set(proof.slots) <= {1, 2, 3}


def test_a_full_slot_hides_no_cheaper_window_behind_it():
    values = np.array([[9.0, 9.0, 9.0, 9.0, 5.0, 1.0, 5.0, 5.0]])
    capacity = np.array([[1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    plan = plan_fleet(
        values, capacity, [FleetJob(arrival=0, length=2, deadline=8, can_pause=False)]
    )
    assert plan.cost == 6
    assert plan.places[0] == (0, (4, 5))


def very_many(count):
    rng = np.random.default_rng(5)
    length = rng.integers(1, 6, count)
    arrival = rng.integers(0, 30, count)
    return Fleet(
        arrival=arrival,
        length=length,
        deadline=arrival + length + rng.integers(0, 12, count),
        size=rng.uniform(1, 3, count),
        can_pause=rng.random(count) < 0.5,
        allowed=rng.integers(0, 2, count),
        zone_sets=(None, (1,)),
    )


def test_very_many_jobs_keep_capacity_and_come_near_to_the_bound():
    jobs = very_many(11_000)
    values = 2 + np.sin(np.arange(50) / 4) + np.array([[0.0], [0.3]])
    work = float((jobs.size * jobs.length).sum())
    capacity = np.full(values.shape, work / 40)
    plan = plan_fleet(values, capacity, jobs, climbs=100)
    assert plan.without == 0
    assert 0 <= plan.gap < 0.02
    used, roster = np.zeros_like(values), plan.roster
    party = roster.entries()
    amount = (np.bincount(plan.party_of, jobs.size, minlength=len(roster.kind)))[party]
    np.add.at(used, (roster.zone[party], roster.slots), amount)
    assert (used <= capacity * (1 + 1e-9)).all()
    for row in range(0, len(jobs), 400):
        assert plan.places[row] in list(patterns(jobs.job(row), 2))


def test_equal_jobs_are_planned_as_one_kind_and_all_get_their_place():
    jobs = [FleetJob(arrival=0, length=1, deadline=4) for _ in range(7)]
    values, capacity = np.array([[1.0, 2.0, 3.0, 4.0]]), np.full((1, 4), 2.0)
    plan = plan_fleet(values, capacity, jobs)
    assert len(Fleet.of(jobs).kinds()[0]) == 1
    assert sorted(slots[0] for _, slots in plan.places) == [0, 0, 1, 1, 2, 2, 3]
