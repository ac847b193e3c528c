"""Counted work, and the energy of each unit of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.replay import replay
from brizna.core.work import merged_work, read_amounts

START = {
    "e": "start",
    "schema": "brizna.journal/1",
    "id": "20261122T000000Z-000000",
    "started": "2026-11-22T00:00:00Z",
    "interval_us": 1_000_000,
    "machine": "m",
    "brizna": "0",
}
CHANNEL = {
    "e": "channel",
    "id": "GPU-0",
    "kind": "gpu",
    "method": "nvml-energy",
    "basis": "metered",
    "doubts": {"meter:x@m": [0.95, 1.05]},
}
S = 1_000_000


def sample(t_s, joules, **beside):
    return {"t": round(t_s * S), "c": [round(joules * S)], **beside}


def told(*events, marks=()):
    return replay([START, CHANNEL, *events], marks).measurement


def amounts(work):
    return {each.name: each.amount for each in work}


def test_energy_by_unit_has_the_doubts_of_the_energy():
    measurement = told(sample(0, 0), sample(10, 1000, work={"tokens": 4000, "flop": 1e12}))
    tokens, flop = measurement.work
    assert (tokens.name, tokens.amount) == ("tokens", 4000)
    assert tokens.energy_j_per_unit.best.value == 0.25
    assert tokens.energy_j_per_unit.doubts["meter:x@m"] == pytest.approx((0.2375, 0.2625))
    assert flop.energy_j_per_unit.best.value == pytest.approx(1e-9)


def test_work_that_is_counted_at_the_end_of_a_phase_was_done_in_it():
    measurement = told(
        sample(0, 0),
        {"e": "begin", "w": 1, "name": "one", **sample(1, 100)},
        {"e": "finish", "w": 1, **sample(4, 400, work={"items": 30})},
        {"e": "begin", "w": 2, "name": "two", **sample(4, 400, work={"items": 30})},
        {"e": "finish", "w": 2, **sample(9, 900, work={"items": 80})},
        sample(10, 1000, work={"items": 90}),
    )
    one, two = measurement.phases
    assert amounts(one.work) == {"items": 30}
    assert one.work[0].energy_j_per_unit.best.value == pytest.approx(10)
    assert amounts(two.work) == {"items": 50}
    assert amounts(measurement.work) == {"items": 90}


def test_marks_count_what_was_done_since_the_mark_before():
    marks = [
        {"name": "a", "t": 1 * S, "ends": False},
        {"name": "", "t": 2 * S, "ends": False, "count": {"tokens": 5}},
        {"name": "b", "t": 3 * S, "ends": False, "count": {"tokens": 7}},
        {"name": "", "t": 5 * S, "ends": True, "count": {"tokens": 1}},
    ]
    measurement = told(sample(0, 0), sample(10, 1000), marks=marks)
    assert [(phase.name, amounts(phase.work)) for phase in measurement.phases] == [
        ("a", {"tokens": 12}),
        ("b", {"tokens": 1}),
    ]
    assert amounts(measurement.work) == {"tokens": 13}


def test_work_without_energy_is_kept_without_a_quotient():
    (work,) = told({"t": 0, "c": [None], "work": {"items": 3}}).work
    assert (work.amount, work.energy_j_per_unit) == (3, None)


def test_nothing_counted_adds_no_field_to_the_record():
    record = told(sample(0, 0), sample(1, 1)).to_json()
    assert "work" not in record
    assert "gauges" not in record


def test_work_of_several_runs_is_summed_and_shares_their_energy():
    parts = [told(sample(0, 0), sample(10, 1000, work={"tokens": n})).work for n in (300, 700)]
    parts.append(told(sample(0, 0), sample(1, 1, work={"items": 2})).work)
    energy = told(sample(0, 0), sample(10, 2000)).energy_j
    tokens, items = merged_work(parts, energy)
    assert (tokens.amount, tokens.energy_j_per_unit.best.value) == (1000, 2.0)
    assert items.amount == 2


@given(st.lists(st.integers(1, 1000), min_size=3, max_size=20), st.data())
def test_a_lost_sample_loses_no_work(done, data):
    total, samples = 0, [sample(0, 0)]
    for second, amount in enumerate(done, start=1):
        total += amount
        samples.append(sample(second, second, work={"items": total}))
    lost = data.draw(st.integers(1, len(samples) - 2))
    assert amounts(told(*samples[:lost], *samples[lost + 1 :]).work) == {"items": total}


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf"), True])
def test_an_amount_that_is_no_work_is_refused(amount):
    with pytest.raises(InputError, match="a number above 0"):
        read_amounts({"tokens": amount})


# -------------------------------------------------------- a counter and a power that disagree, idle

GAUGES = {
    "e": "gauges",
    "gauges": [
        {"id": "gpu/GPU-0/use", "unit": "1", "source": "s"},
        {"id": "gpu/GPU-0/power", "unit": "W", "source": "s"},
    ],
}


def idle_run(power_w, use=0.0, counted_w=37.5):
    """Return a minute: ten seconds at 300 W, the rest idle by what the gauges say."""
    events = [GAUGES, sample(0, 0, g=[1.0, 300.0]), sample(10, 3000, g=[use, power_w])]
    events += [sample(t, 3000 + counted_w * (t - 10), g=[use, power_w]) for t in range(20, 61, 10)]
    return told(*events, {"e": "begin", "w": 1, "name": "p", **sample(60, 3000 + counted_w * 50)})


def test_where_a_card_disagrees_with_itself_at_idle_the_interval_holds_both():
    energy = idle_run(power_w=65.3).energy_j
    assert energy.best.value == pytest.approx(3000 + 37.5 * 50)
    low, high = energy.doubts["meter:idle/GPU-0@m"]
    assert low == energy.best.value
    assert high == pytest.approx(3000 + 65.3 * 50)


@pytest.mark.parametrize(
    ("power_w", "use"),
    [(40.0, 0.0), (65.3, 0.1), (20.0, 0.0)],
    ids=["within a tenth", "while it works", "power below the counter: it worked in between"],
)
def test_where_nothing_says_that_it_does_there_is_no_such_doubt(power_w, use):
    assert "meter:idle/GPU-0@m" not in idle_run(power_w, use).energy_j.doubts
