"""Many windows of one name are told as one, with nothing of their energy lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.estimate import total
from brizna.core.replay import energy_together, fold_windows, replay
from brizna.core.windows import MANY

SECOND = 1_000_000
START = {
    "e": "start",
    "id": "20261122T000000Z-000001",
    "started": "2026-11-22T00:00:00Z",
    "brizna": "0",
}


def told(count, *, meet, name="step", seed=1, gap=False):
    """Return a journal of many windows, with a counter and a model that is read at samples only."""
    rng = random.Random(seed)
    fields = {"basis": "metered", "method": "rapl", "max_power_w": 400.0}
    doubt = {"meter:c@m": [0.95, 1.05]}
    counter = {**fields, "id": "c", "kind": "cpu", "update_us": 1000, "doubts": doubt}
    model = {**fields, "id": "m", "kind": "memory", "counted_by": "reader"}
    events = [START, {"e": "channel", **counter}, {"e": "channel", **model}]
    t_us = uj = 0
    events.append({"t": 0, "c": [0, 0]})
    for window in range(count):
        edges = ("begin", "finish")
        for place, edge in enumerate(edges):
            event = {
                "e": edge,
                "w": window,
                "t": t_us,
                "c": [uj, None],
                "work": {"n": window + place},
            }
            events.append({**event, "name": name} if edge == "begin" else event)
            if edge == "begin" or not meet:
                passed_us = rng.randrange(1000, 9000)
                t_us += passed_us
                uj += passed_us * rng.randrange(20, 200)
        if window % 100 == 99:
            events.append({"t": t_us, "c": [uj, t_us * 5]})
    if gap:
        lost = {"e": "gap", "channel": "c", "reason": "glitch", "counted": False}
        events.append({**lost, "from": t_us // 2, "to": t_us // 2 + SECOND})
    for _ in range(10):
        t_us += SECOND
        uj += 60 * SECOND
        events.append({"t": t_us, "c": [uj, t_us * 5]})
    return events


def split(events):
    """Return the same journal with each window's name its own, so that none is told with others."""
    return [
        {**event, "name": f"{event['name']}{event['w']}"} if event.get("e") == "begin" else event
        for event in events
    ]


@pytest.mark.parametrize("meet", [True, False])
@pytest.mark.parametrize("gap", [True, False])
def test_windows_told_together_sum_to_what_each_would_say(meet, gap):
    events = told(MANY + 5, meet=meet, gap=gap)
    (together,) = replay(events).measurement.phases
    apart = replay(split(events)).measurement.phases
    summed = total(phase.energy_j for phase in apart)
    assert (together.count, len(apart)) == (MANY + 5, MANY + 5)
    assert together.inside_s == pytest.approx(sum(p.end_s - p.start_s for p in apart))
    assert together.energy_j.best.value == pytest.approx(summed.best.value, rel=1e-12)
    assert together.energy_j.low.value == pytest.approx(summed.low.value, rel=0.1)
    assert together.energy_j.high.value == pytest.approx(summed.high.value, rel=0.1)
    assert together.work[0].amount == sum(phase.work[0].amount for phase in apart if phase.work)


@pytest.mark.parametrize("gap", [True, False])
def test_windows_that_meet_are_as_sure_as_one_window_around_them(gap):
    events = told(MANY + 5, meet=True, gap=gap)
    edges = [event for event in events if "w" in event]
    first = {**edges[0], "w": -1, "name": "around"}
    last = {**edges[-1], "w": -1}
    place = events.index(edges[-1])
    around, together = replay(
        [*events[:3], first, *events[3:place], last, *events[place:]]
    ).measurement.phases
    assert (around.name, together.count) == ("around", MANY + 5)
    assert together.energy_j.best.value == pytest.approx(around.energy_j.best.value, rel=1e-12)
    assert together.energy_j.low.value == pytest.approx(around.energy_j.low.value, rel=1e-6)
    assert together.energy_j.high.value == pytest.approx(around.energy_j.high.value, rel=1e-6)


def test_as_many_windows_as_a_person_reads_are_told_one_by_one():
    assert len(replay(told(MANY, meet=True)).measurement.phases) == MANY


def test_few_windows_of_each_of_many_names_are_told_one_by_one():
    assert len(replay(split(told(2 * MANY, meet=True))).measurement.phases) == 2 * MANY


@pytest.mark.parametrize("gap", [True, False])
def test_folding_twice_and_going_on_changes_no_figure(gap):
    events = told(3 * MANY, meet=False, gap=gap)
    cut = len(events) // 2
    folded = []
    for more in (events[:cut], events[cut:-3], events[-3:]):
        folded += more
        made, gone = fold_windows(folded)
        names = {event["name"] for event in made}
        folded = [
            {k: v for k, v in event.items() if k not in ("e", "w", "name")}
            if event.get("w") in gone
            else event
            for event in folded
            if event.get("e") != "folded" or event["name"] not in names
        ] + made
    (one,) = replay(folded).measurement.phases
    (other,) = replay(events).measurement.phases
    assert len([event for event in folded if event.get("e") == "begin"]) < MANY
    assert (one.count, one.inside_s) == (other.count, pytest.approx(other.inside_s))
    assert one.energy_j.best.value == pytest.approx(other.energy_j.best.value, rel=1e-12)
    assert one.energy_j.low.value == pytest.approx(other.energy_j.low.value, rel=1e-6)
    assert one.energy_j.high.value == pytest.approx(other.energy_j.high.value, rel=1e-6)
    assert one.work == pytest.approx(other.work) or one.work[0].amount == other.work[0].amount


def test_a_window_that_is_open_is_never_folded():
    events = told(2 * MANY, meet=True)
    events.insert(10, {"e": "begin", "w": 10**9, "name": "step", "t": 5, "c": [0, None]})
    phases = replay(events).measurement.phases
    assert [(phase.count, phase.open) for phase in phases] == [(2 * MANY, False), (1, True)]
    assert 10**9 not in fold_windows(events)[1]


def test_a_channel_that_does_not_span_the_windows_leaves_their_energy_unknown():
    events = told(MANY + 1, meet=True)
    for event in events[4:200]:
        if "c" in event:
            event["c"] = [None, event["c"][1]]
    events[3]["c"] = [None, 0]
    (phase,) = replay(events).measurement.phases
    assert phase.energy_j is None


def rounds(count, *, apart_us, update_us, lasts_us=2000):
    """Return a journal of rounds one right after another, read at each edge, at 50 W."""
    counter = {"basis": "metered", "method": "rapl", "id": "c", "kind": "cpu"}
    events = [START, {"e": "channel", **counter, "update_us": update_us}, {"t": 0, "c": [0]}]
    t_us = SECOND
    for window in range(count):
        for edge, passed_us in (("begin", lasts_us), ("finish", apart_us)):
            shown = t_us // update_us * update_us * 50
            event = {"e": edge, "w": window, "t": t_us, "c": [shown]}
            events.append({**event, "name": "round"} if edge == "begin" else event)
            t_us += passed_us
    t_us = (t_us // update_us + 1) * update_us
    return [*events, {"t": t_us, "c": [t_us * 50]}]


@given(
    count=st.integers(1, 60),
    apart_us=st.integers(1, 30_000),
    update_us=st.sampled_from([1000, 20_000, 200_000]),
)
def test_rounds_together_are_never_more_than_the_run(count, apart_us, update_us):
    events = rounds(count, apart_us=apart_us, update_us=update_us)
    part, whole = energy_together(events, "round", count=count), replay(events).measurement.energy_j
    assert part.best.value <= whole.best.value
    assert part.high.value <= whole.high.value


def test_edges_that_nearly_meet_leave_the_doubt_of_the_outer_two():
    few, many = (
        energy_together(rounds(n, apart_us=20, update_us=1000), "round", count=n) for n in (20, 400)
    )
    wide = [each.high.value - each.low.value for each in (few, many)]
    assert wide[1] < 2 * wide[0]
    for each, n in ((few, 20), (many, 400)):
        assert each.low.value <= n * 0.1 <= each.high.value


def test_only_the_latest_windows_of_a_name_can_be_asked_for():
    events = rounds(30, apart_us=20, update_us=1000)
    last = energy_together(events, "round", count=1)
    assert last.best.value == pytest.approx(0.1, abs=0.06)
    assert energy_together(events, "round", count=31) is None
    assert energy_together(events, "other", count=1) is None
