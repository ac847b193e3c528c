"""What became of a plan: the pauses are charged to it alone, and each hour has its own carbon."""

from __future__ import annotations

from math import ceil

import pytest

from brizna.core.estimate import exactly
from brizna.core.measurement import Phase
from brizna.core.quantities import Energy
from brizna.testing import sample_run
from brizna.verbs._carry import became
from brizna.verbs._clock import Clock

KWH_J = 3.6e6
HOUR_S = 3600.0
START = "2026-11-23T00:00:00+00:00"


def outcome(energy_j, carbon_g):
    return {"site": "ES", "energy_j": {"best": energy_j}, "carbon_g": {"best": carbon_g}}


AT_ONCE = outcome(2 * KWH_J, 1000.0)


def plan(values, *, at_once=AT_ONCE):
    """Return what is read of a plan for 2 kWh, of which running at once would emit 1 kg."""
    return {
        "best": outcome(2 * KWH_J, 200.0),
        "at_once": at_once,
        "saving_g": {"best": 800.0},
        "hours": {
            "start": "2026-11-23T00:00:00+00:00",
            "step_s": HOUR_S,
            "intensity_g_per_kwh": values,
        },
        "workload": {"offers": [{"name": "ES", "site": {"pue": {"best": 1.5}}}]},
    }


@pytest.fixture
def run():
    """Return a function that makes a run of some hours, a kWh each, of which the second pauses."""
    told = sample_run()

    def make(*, whole_j=3 * KWH_J, paused_j=KWH_J, hours=3):
        phases = [
            Phase(
                name=name,
                start_s=hour * HOUR_S,
                end_s=(hour + 1) * HOUR_S,
                energy_j=None if energy_j is None else exactly(Energy(energy_j)),
            )
            for hour, (name, energy_j) in enumerate(
                [("running", KWH_J), ("paused", paused_j), ("running", KWH_J)][: ceil(hours)]
            )
        ]
        measured = told.measurement.replace(
            energy_j=None if whole_j is None else exactly(Energy(whole_j)),
            phases=tuple(phases),
            reason="no meter" if whole_j is None else None,
        )
        return told.replace(started=START, measurement=measured, duration_s=hours * HOUR_S)

    return make


def tell(run, made, trace=None):
    even = [((hour + 1) * HOUR_S, 1000.0) for hour in range(3)]
    return became(run, even if trace is None else trace, {"sha256:one": made}, Clock())


def test_running_at_once_is_not_charged_with_what_the_pause_drew(run):
    carbon_g, saving_g, reason = tell(run(), plan([100, 400, 100]))
    assert carbon_g == pytest.approx((100 + 400 + 100) * 1.5)
    assert saving_g == pytest.approx(1000 - carbon_g), "2 kWh of work, as was promised"
    assert reason is None


def test_a_run_that_began_at_once_saved_nothing(run):
    at_once = outcome(3.3 * KWH_J, 3.3 * 123.4 * 1.5)
    made = plan([123.4] * 3, at_once=at_once)
    assert tell(run(whole_j=0.7 * KWH_J, paused_j=0.0), made)[1] == 0


def test_a_run_that_wastes_its_saving_in_pauses_says_so(run):
    cheap_pause, dear_pause = (
        tell(run(whole_j=2 * KWH_J + j, paused_j=j), plan([100, 100, 100]))
        for j in (0.0, 9 * KWH_J)
    )
    assert cheap_pause[1] > 0 > dear_pause[1]


@pytest.mark.parametrize("trace", [[], [(36.0, 5000.0)], [(1.0, 0.0), (36.0, 9.0)]])
def test_a_short_run_has_the_intensity_of_its_hour_whatever_its_samples_add_up_to(run, trace):
    short = run(whole_j=36.0, hours=0.01)
    carbon_g, _, _ = tell(short, plan([100, 400]), trace)
    assert carbon_g == pytest.approx(36.0 / KWH_J * 100 * 1.5)


def test_a_sample_over_the_hour_is_parted_there(run):
    carbon_g, _, _ = tell(run(), plan([100, 400, 700]), [(3 * HOUR_S, 1.0)])
    assert carbon_g == pytest.approx(3 * 400 * 1.5)


def test_what_is_not_known_has_its_reason(run):
    found = [
        tell(run(whole_j=None), plan([100] * 3)),
        tell(run(), plan([100, None, 100])),
        tell(run(), plan([100] * 3, at_once=None)),
        tell(run(paused_j=None), plan([100] * 3)),
    ]
    reasons = [str(reason) for _, _, reason in found]
    words = ("no meter", "hours", "at once", "paused")
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))
    assert [saving_g for _, saving_g, _ in found] == [None] * 4
    assert [carbon_g is None for carbon_g, _, _ in found] == [True, True, False, False]


def test_the_last_plan_that_knows_an_hour_tells_it(run):
    later = plan([None, 50, 50])
    carbon_g, _, _ = became(
        run(), [(3 * HOUR_S, 1.0)], {"one": plan([100] * 3), "two": later}, Clock()
    )
    assert carbon_g == pytest.approx(200 * 1.5)
