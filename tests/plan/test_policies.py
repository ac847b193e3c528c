"""Policies on history: the best possible is exact, and what came is charged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.quantities import CarbonIntensity
from brizna.core.signal import Signal
from brizna.plan import BulkJob, Issue, Trial, evaluate, follow, next_workday, replay, semi_weekly
from brizna.plan._policies import UNKNOWN, fitting, slots_of

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")

HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
small = st.lists(st.integers(0, 5), min_size=1, max_size=14)


def hourly(values, start=MONDAY, issued_at=None):
    return Signal(
        quantity=CarbonIntensity,
        edges=tuple(start + slot * HOUR for slot in range(len(values) + 1)),
        values=tuple(values),
        source="a test",
        kind="average",
        origin="forecast" if issued_at else "observed",
        issued_at=issued_at,
    )


def tried(values, *, length, slack, forecasts=(), every=HOUR):
    trial = Trial(length=length * HOUR, slack=slack, every=every)
    rng = np.random.default_rng(1)
    scores = evaluate(hourly(values), trial, rng=rng, forecasts=forecasts)
    return {(one.policy, one.knowledge): one for one in scores}


@settings(max_examples=60, deadline=None)
@given(small, st.integers(1, 5), st.integers(0, 6), st.booleans())
def test_replay_equals_trying_all_slots_and_the_earliest_of_equal_ones_wins(
    values, length, slack, can_pause
):
    whole = np.array(values, dtype=np.int64)
    arrivals = fitting(whole, length)
    found = replay(whole, arrivals, length, slack, can_pause=can_pause)
    assert len(found.cost) == max(len(values) - length + 1, 0)
    for arrival, cost, finish in zip(arrivals, found.cost, found.finish, strict=True):
        end = min(arrival + length + slack, len(values))
        ways = list(combinations(range(arrival, end), length))
        if not can_pause:
            ways = [way for way in ways if way[-1] - way[0] == length - 1]
        best = min(sum(values[slot] for slot in way) for way in ways)
        assert cost == best
        earliest = min(way for way in ways if sum(values[slot] for slot in way) == best)
        assert finish == earliest[-1] + 1


def test_a_job_is_charged_with_what_came_not_with_what_it_planned_with():
    planned = np.array([9, 1, 5], dtype=np.int64)
    came = np.array([4, 7, 5], dtype=np.int64)
    for can_pause in (False, True):
        found = replay(planned, np.array([0]), 1, 2, can_pause=can_pause, paid=came)
        assert found.cost.tolist() == [7]


def test_jobs_that_would_run_through_a_gap_at_once_are_left_out():
    slots = slots_of(hourly([1.0, None, 2.0, 3.0]))
    assert slots.values.tolist() == [1_000_000, UNKNOWN, 2_000_000, 3_000_000]
    assert fitting(slots.values, 2).tolist() == [2]
    assert replay(slots.values, np.array([0]), 1, 3, can_pause=True).cost.tolist() == [1_000_000]


def issue(slot, values):
    return Issue(slot=slot, first=slot, values=np.array(values, dtype=np.int64))


def test_planning_anew_takes_what_the_newer_forecast_says():
    issues = [issue(0, [9, 9, 9, 1, 1, 9]), issue(2, [9, 5, 5, 2])]
    job = BulkJob(arrival=0, length=2, slack=4, can_pause=True)
    assert follow(issues, job, replans=False) == (3, 4)
    assert follow(issues, job, replans=True) == (3, 5)
    assert follow(issues, job, replans=True, margin=0.5) == (3, 4)
    assert follow(issues, BulkJob(arrival=0, length=2, slack=4), replans=True) == (4, 5)


def test_a_job_in_a_row_stays_with_its_plan_once_it_has_begun():
    issues = [issue(0, [9, 1, 1, 9, 9]), issue(2, [9, 0, 0])]
    assert follow(issues, BulkJob(arrival=0, length=2, slack=3), replans=True) == (1, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.lists(st.integers(0, 5), max_size=8)), max_size=4),
    st.integers(0, 5),
    st.integers(1, 4),
    st.integers(0, 5),
    st.booleans(),
)
def test_whatever_is_forecast_a_job_does_its_work_in_its_window(
    told, arrival, length, slack, can_pause
):
    issues = [issue(slot, values) for slot, values in sorted(told)]
    job = BulkJob(arrival=arrival, length=length, slack=slack, can_pause=can_pause)
    used = follow(issues, job, replans=True)
    if used is None:
        assert all(one.slot > arrival for one in issues)
        return
    assert len(set(used)) == length
    assert list(used) == sorted(used)
    assert arrival <= used[0]
    assert used[-1] < arrival + length + slack
    assert can_pause or used[-1] - used[0] == length - 1


@pytest.mark.parametrize(
    ("finish", "next_day", "twice"),
    [
        ("2026-03-02T08:00", "2026-03-02T09:00", "2026-03-02T09:00"),
        ("2026-03-02T09:00", "2026-03-02T09:00", "2026-03-02T09:00"),
        ("2026-03-02T12:30", "2026-03-02T12:30", "2026-03-05T09:00"),
        ("2026-03-02T17:30", "2026-03-03T09:00", "2026-03-05T09:00"),
        ("2026-03-06T17:30", "2026-03-07T09:00", "2026-03-09T09:00"),
        ("2026-03-07T03:00", "2026-03-09T09:00", "2026-03-09T09:00"),
        ("2026-03-08T23:30", "2026-03-09T09:00", "2026-03-09T09:00"),
    ],
)
def test_a_result_is_due_when_somebody_looks_at_it(finish, next_day, twice):
    assert next_workday(datetime.fromisoformat(finish)).isoformat()[:16] == next_day
    assert semi_weekly(datetime.fromisoformat(finish)).isoformat()[:16] == twice


def test_scores_say_what_waiting_and_pausing_would_have_saved():
    found = tried([3.0, 1.0, 2.0, 1.0], length=2, slack=2 * HOUR)
    assert found["now", "perfect"].mean == pytest.approx((4 + 3 + 3) / 6)
    assert found["start", "perfect"].mean == pytest.approx((3 + 3 + 3) / 6)
    assert found["pause", "perfect"].mean == pytest.approx((2 + 2 + 3) / 6)
    assert found["pause", "perfect"].saving == pytest.approx(0.3)
    assert found["pause", "perfect"].delay_h == pytest.approx((2 + 1 + 0) / 3)
    assert found["pause", "perfect"].saving_low is None
    assert found["start", "perfect"].kept == 1


def test_with_forecasts_planning_anew_keeps_more_of_the_saving():
    came = [5.0] * 24 + [4.0] * 24 + [1.0] * 24
    first = hourly([5.0] * 24 + [1.0] * 24 + [4.0] * 24, issued_at=MONDAY)
    second = hourly(came[20:], start=MONDAY + 20 * HOUR, issued_at=MONDAY + 20 * HOUR)
    found = tried(
        came, length=12, slack=60 * HOUR, forecasts=[second, first], every=timedelta(days=3)
    )
    for policy in ("start", "pause"):
        assert found[policy, "perfect"].saving == pytest.approx(0.8)
        assert found[policy, "one-shot"].saving == pytest.approx(0.2)
        assert found[policy, "one-shot"].kept == pytest.approx(0.25)
        assert found[policy, "one-shot"].regret == pytest.approx(3)
        assert found[policy, "re-planned"].saving == pytest.approx(0.8)
        assert found[policy, "re-planned"].gain == pytest.approx(0.6)
        assert found[policy, "one-shot"].gain is None


def test_what_planning_anew_gains_has_an_interval_from_whole_weeks():
    weeks = [1.0, 2.0, 1.5, 2.0]
    came = [value for week in weeks for _ in range(7) for value in [2.0, week, 1.0, 2.0] * 6]
    forecasts = []
    for hour in range(0, len(came), 24):
        start = MONDAY + hour * HOUR
        forecasts.append(hourly([2.0, 1.0, 3.0, 2.0] * 6, start=start, issued_at=start))
        later = start + HOUR
        forecasts.append(hourly(came[hour + 1 : hour + 24], start=later, issued_at=later))
    found = tried(came, length=1, slack=3 * HOUR, forecasts=forecasts, every=timedelta(days=1))
    score = found["start", "re-planned"]
    assert score.gain == pytest.approx(sum(week - 1 for week in weeks) / 4 / 2)
    assert score.gain_low < score.gain < score.gain_high


def test_the_interval_of_a_saving_comes_from_whole_weeks():
    values = ([2.0, 1.0] * 84 + [2.0, 0.5] * 84) * 4
    found = tried(values, length=1, slack=HOUR)["start", "perfect"]
    assert found.saving_low < found.saving < found.saving_high
    assert found.saving_low > 0.3


def test_what_cannot_be_evaluated_is_refused_with_the_reason():
    with pytest.raises(InputError, match="next-workday"):
        Trial(length=HOUR, slack="next-week", every=HOUR)
    with pytest.raises(InputError, match="No job of"):
        tried([1.0, 2.0], length=3, slack=HOUR)
    with pytest.raises(InputError, match="no whole number of slots"):
        tried([1.0, 2.0], length=1, slack=HOUR / 2)
    with pytest.raises(InputError, match="when it was issued"):
        tried([1.0, 2.0], length=1, slack=HOUR, forecasts=[hourly([1.0])])
    with pytest.raises(InputError, match="more than 0"):
        Trial(length=0 * HOUR, slack=HOUR, every=HOUR)
