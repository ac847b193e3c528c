"""A run against its own history: rare alarms, sure ones, and none of few runs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import brizna
from brizna.core.factors import factor
from brizna.core.measurement import Measurement, Run
from brizna.core.quantities import Energy
from brizna.meter._nvml import open_nvml
from brizna.store import RunSummary, Store
from brizna.testing import FakeClock, FakeGpu, FakeNvml
from brizna.verbs._history import compare, history_of, judge, unlike_runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

USUAL_J, SPREAD = 5000.0, 0.02


def run(energy_j: float | None = USUAL_J, duration_s: float = 100.0, **about: Any) -> RunSummary:
    """Return a finished run."""
    return RunSummary(
        **{
            "id": "r",
            "state": "finished",
            "name": "train",
            "machine": "m",
            "exit_code": 0,
            "duration_s": duration_s,
            "energy_j": None if energy_j is None else {"best": energy_j},
            "interval_s": 1.0,
            "methods": ("rapl",),
            **about,
        }
    )


def past(count: int, *, seed: int = 1) -> list[RunSummary]:
    """Return runs that differ by a few percent."""
    rng = random.Random(seed)
    return [run(USUAL_J * rng.lognormvariate(0, SPREAD)) for _ in range(count)]


def alarms(history: Sequence[float], value: float) -> bool:
    return judge("energy_j", value, history) is not None


@pytest.mark.parametrize("count", [5, 6, 7, 9, 12, 20, 35, 50])
def test_a_figure_as_before_alarms_in_one_run_of_two_hundred(count: int) -> None:
    rng = random.Random(20261122 + count)
    trials, wrong = 4000, 0
    for _ in range(trials):
        *history, value = (rng.lognormvariate(0, 1.0) for _ in range(count + 1))
        wrong += alarms(history, value)
    expected = 0.005 * trials
    assert wrong <= expected + 4 * expected**0.5


def test_the_table_is_what_a_simulation_gives() -> None:
    rng = random.Random(7)
    trials = 20000
    beyond = 0
    threshold = factor("brizna.verbs", "history", "history/spreads/10").value
    for _ in range(trials):
        values = sorted(rng.gauss(0, 1) for _ in range(10))
        middle = (values[4] + values[5]) / 2
        apart = sorted(abs(value - middle) for value in values)
        spread = 1.4826 * (apart[4] + apart[5]) / 2
        beyond += abs(rng.gauss(0, 1) - middle) > threshold * spread
    assert beyond / trials == pytest.approx(0.005, abs=0.002)


@pytest.mark.parametrize("count", [5, 8, 20, 60])
def test_twice_the_energy_is_always_seen(count: int) -> None:
    for seed in range(50):
        told = compare(run(2 * USUAL_J, 200.0), past(count, seed=seed))
        if count > 5:
            assert [unlike.figure for unlike in told.unlike] == ["energy_j"]
        assert told.runs == min(count, 50)


def test_the_same_time_at_twice_the_power_is_seen_in_both_figures() -> None:
    told = compare(run(2 * USUAL_J), past(20))
    assert [unlike.figure for unlike in told.unlike] == ["energy_j", "power_w"]
    energy = told.unlike[0]
    assert energy.low < energy.usual < energy.high < energy.value
    assert energy.usual == pytest.approx(USUAL_J, rel=0.02)


def test_one_odd_run_among_them_hides_nothing() -> None:
    history = [*past(10), run(50 * USUAL_J)]
    assert compare(run(1.5 * USUAL_J), history).unlike


def test_less_than_a_tenth_is_worth_no_line_however_alike_the_runs_are() -> None:
    history = [run(USUAL_J) for _ in range(20)]
    assert not compare(run(1.09 * USUAL_J), history).unlike
    assert compare(run(1.12 * USUAL_J), history).unlike


def test_runs_of_milliseconds_are_too_short_to_be_unlike_one_another() -> None:
    before = [run(0.1 + 0.0001 * n, duration_s=0.004) for n in range(20)]
    told = compare(run(0.3, duration_s=0.006), before)
    assert (told.unlike, told.runs) == ((), 20)
    assert told.reason == "runs of less than a second"


@pytest.mark.parametrize(("usual_s", "now_s"), [(0.004, 60.0), (60.0, 0.004)])
def test_a_run_of_milliseconds_among_long_ones_is_seen_and_the_other_way_round(
    usual_s: float, now_s: float
) -> None:
    before = [run(100 * usual_s, duration_s=usual_s) for _ in range(20)]
    assert compare(run(100 * now_s, duration_s=now_s), before).unlike


@pytest.mark.parametrize("count", range(5))
def test_of_fewer_than_five_runs_nothing_is_said(count: int) -> None:
    told = compare(run(100 * USUAL_J), past(count))
    assert (told.unlike, told.runs) == ((), count)
    assert told.reason == "fewer than five earlier runs of its kind"


@pytest.mark.parametrize(
    "other",
    [
        {"name": "other"},
        {"machine": "n"},
        {"interval_s": 0.1},
        {"methods": ("load-model",)},
        {"exit_code": 1},
        {"state": "interrupted"},
        {"energy_j": None},
    ],
)
def test_only_runs_of_its_kind_that_ended_well_are_its_history(other: dict[str, Any]) -> None:
    before = [run(id=f"a{i}", **other) for i in range(10)]
    assert not unlike_runs([*before, run(9 * USUAL_J, id="z")])
    assert list(unlike_runs([*past(10), run(9 * USUAL_J, id="z")])) == ["z"]


def test_a_run_without_a_name_is_known_by_its_command() -> None:
    before = [run(name=None, command=("train", "x")) for _ in range(6)]
    odd = run(2 * USUAL_J, name=None, command=("train", "x"), id="z")
    assert list(unlike_runs([*before, odd])) == ["z"]
    nameless = run(2 * USUAL_J, name=None, command=None, id="z")
    assert not unlike_runs([*[run(name=None, command=None) for _ in range(6)], nameless])


def measured(power_w: float, **settings: Any) -> brizna.Measuring:
    """Measure ten simulated seconds."""
    clock = FakeClock()
    (meter,), _ = open_nvml(
        machine="m", provider=FakeNvml(clock, [FakeGpu(uuid="GPU-0", power_w=power_w)])
    )
    with brizna.measure("train", meters=[meter], clock=clock, **settings) as m:
        clock.advance(10)
    return m


def test_a_run_unlike_the_five_before_says_so_in_its_view(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    views = [measured(power_w, store=store).view for power_w in (100, 100, 101, 99, 100, 300)]
    told = [view and view["history"] for view in views]
    assert [history["runs"] for history in told] == [0, 1, 2, 3, 4, 5]
    assert all(history["reason"] for history in told[:5])
    assert [unlike["figure"] for unlike in told[5]["unlike"]] == ["energy_j", "power_w"]
    kept = Store(store)
    found = history_of(kept, kept.resolve("last"))
    assert found is not None
    assert found.to_json() == told[5]


def test_ten_thousand_runs_are_not_all_read(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    limit = int(factor("brizna.verbs", "history", "history/looked-at").value)
    for number in range(limit + 20):
        store.create_run(at_s=1_700_000_000 + number)
    ids = store.ids()
    energy = brizna.Estimate(Energy(1.0))
    for run_id in (ids[0], ids[-2], ids[-1]):
        store.finish(
            Run(
                id=run_id,
                name="n",
                started="2026-11-22T00:00:00Z",
                duration_s=1.0,
                measurement=Measurement(energy_j=energy),
                brizna="0",
            )
        )
    told = history_of(store, ids[-1])
    assert told is not None
    assert told.runs == 1  # the oldest lies too far back
