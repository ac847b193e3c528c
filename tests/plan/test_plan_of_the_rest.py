"""What is left of a job under way is planned exactly, and its hours change for a reason only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brizna.core.errors import InfeasibleError
from brizna.core.estimate import exactly
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.signal import Signal
from brizna.core.site import Site
from brizna.plan import (
    Candidate,
    Offer,
    Pauses,
    Progress,
    Workload,
    plan_job,
    replan_rest,
)

T0 = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
KILOWATT = 1000.0


def candidate(values, *, start=T0):
    edges = tuple(start + index * HOUR for index in range(len(values) + 1))
    signal = Signal(
        quantity=CarbonIntensity, edges=edges, values=tuple(values), kind="average",
        source="test", zone="A",
    )  # fmt: skip
    site = Site(zone="A", pue=exactly(Ratio(1.0)))
    return Candidate(offer=Offer(name="A", site=site), carbon=signal)


def planned(values, *, hours, slots, **pauses):
    """Return the plan for a job of 1 kW that may pause at each hour."""
    job = Workload(
        phases=((hours * 3600.0, KILOWATT),),
        deadline=(T0 + slots * HOUR).isoformat(),
        pauses=Pauses(**pauses),
    )
    return plan_job(job, [candidate(values)], issued=T0)


def spans(plan):
    """Return the hours from T0 on in which a plan runs."""
    return [
        tuple((datetime.fromisoformat(at) - T0) / HOUR for at in (one.start, one.end))
        for one in plan.intervals
    ]


def tried(values, left_h, restart_h, restart_w, *, runs):
    """Yield the grams of each way to go on, in half hours of which the odd ones begin nothing."""
    for pattern in product((False, True), repeat=len(values)):
        left, restarting, grams = left_h * 2, 0, 0.0
        was = runs
        for slot, works in enumerate(pattern):
            if works and not was:
                restarting = restart_h * 2
            was = works
            for _ in range(2):
                if works and restarting:
                    restarting -= 1
                    grams += values[slot] * restart_w / 2000
                elif works and left:
                    left -= 1
                    grams += values[slot] / 2
        if not left:
            yield grams


@settings(max_examples=60)
@example([11, 10, 11], 0.5, 1, 0.0, True)  # to restart without a pause is no way to wait
@given(
    st.lists(st.integers(10, 900), min_size=3, max_size=6),
    st.sampled_from([0.5, 1, 2, 2.5]),
    st.sampled_from([0, 0.5, 1]),
    st.sampled_from([0.0, 400.0, 2000.0]),
    st.booleans(),
)
def test_the_rest_is_planned_as_well_as_it_can_be(values, left_h, restart_h, restart_w, runs):
    left_h = left_h if restart_h else ceil(left_h)  # free pauses may begin at any time
    ahead = [500, *values]
    pauses = {"restart_s": restart_h * 3600, "restart_w": restart_w}
    plan = planned([1, *values, *[9] * 9], hours=left_h + 1, slots=len(ahead) + 9, **pauses)
    job = plan.workload.replace(deadline=(T0 + len(ahead) * HOUR).isoformat())
    late = plan.intervals[0].replace(start=job.deadline, end=(T0 + 20 * HOUR).isoformat())
    plan = plan.replace(workload=job, intervals=(late,))  # nobody could keep these hours
    progress = Progress(worked_s=3600.0, is_running=runs, pauses=0 if runs else 1)
    ways = list(tried(values, left_h, restart_h, restart_w, runs=runs))
    newest = candidate(ahead)
    if not ways:
        with pytest.raises(InfeasibleError):
            replan_rest(plan, newest, issued=T0 + HOUR, progress=progress)
        return
    new = replan_rest(plan, newest, issued=T0 + HOUR, progress=progress)
    assert new.best.carbon_g.best.value == pytest.approx(min(ways))
    assert min(start for start, _ in spans(new)) >= 1


def test_hours_that_promise_hardly_more_are_not_changed_and_much_better_ones_are():
    plan = planned([300, 100, 300, 100, 300, 300], hours=2, slots=6)
    assert spans(plan) == [(1, 2), (3, 4)]
    progress = Progress(worked_s=3600.0, is_running=False, pauses=1)
    hardly = candidate([300, 100, 300, 100, 99.9, 300])
    assert replan_rest(plan, hardly, issued=T0 + 2 * HOUR, progress=progress) is None
    much = candidate([300, 100, 300, 100, 20, 300])
    new = replan_rest(plan, much, issued=T0 + 2 * HOUR, progress=progress)
    assert spans(new) == [(4, 5)]
    assert new.saving_g.best.value == pytest.approx(280)


def test_a_job_that_was_slower_or_faster_than_planned_keeps_its_hours_as_far_as_it_needs_them():
    plan = planned([300, 100, 300, 100, 300, 300], hours=2, slots=6)
    known = candidate([300, 100, 300, 100, 300, 300])
    for worked_s in (3000.0, 3600.0, 4000.0):
        progress = Progress(worked_s=worked_s, is_running=False, pauses=1)
        assert replan_rest(plan, known, issued=T0 + 2 * HOUR, progress=progress) is None


def test_seconds_that_are_left_are_not_put_off_and_an_hour_is():
    plan = planned([100, 100, 400, 400, 400, 400], hours=2, slots=6)
    assert spans(plan) == [(0, 2)]
    news = candidate([100, 100, 400, 400, 100, 400])
    sliver = Progress(worked_s=2 * 3600.0 - 84.0, is_running=True)
    assert replan_rest(plan, news, issued=T0 + 2 * HOUR, progress=sliver) is None
    half = Progress(worked_s=3600.0, is_running=True)
    new = replan_rest(plan, news, issued=T0 + 2 * HOUR, progress=half)
    assert spans(new) == [(4, 5)]


def test_a_job_that_may_not_pause_again_goes_on():
    plan = planned([100, 300, 300, 100, 300], hours=2, slots=5, most=1, restart_s=1.0)
    progress = Progress(worked_s=1800.0, is_running=True, pauses=1)
    dirty = candidate([900, 900, 300, 10, 10])
    new = replan_rest(plan, dirty, issued=T0 + HOUR / 2, progress=progress)
    assert new is None or spans(new) == [(0.5, 2.0)]


def test_nothing_left_and_nothing_to_pause_is_not_planned():
    plan = planned([300, 100, 300], hours=1, slots=3)
    done = Progress(worked_s=3600.0, is_running=True)
    assert replan_rest(plan, candidate([1, 2, 3]), issued=T0 + HOUR, progress=done) is None
    stiff = plan.replace(workload=plan.workload.replace(pauses=None))
    begun = Progress(worked_s=1.0, is_running=True)
    assert replan_rest(stiff, candidate([1, 2, 3]), issued=T0 + HOUR, progress=begun) is None
