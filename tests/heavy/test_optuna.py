"""Optuna searches for real: each trial knows its energy, and trials and the rest sum to the run."""

from __future__ import annotations

import math
import threading

import pytest

import brizna
from brizna.core.estimate import total

optuna = pytest.importorskip("optuna")

from brizna.integrations.optuna import EnergyTrials  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def study():
    """Return a study whose trials go the same way each time."""
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))


def working(lab, seconds):
    """Return an objective that takes so long, by the number of the trial."""

    def objective(trial):
        x = trial.suggest_float("x", -1, 1)
        lab.work(seconds(trial.number))
        return x * x

    return objective


def test_each_trial_knows_its_energy_and_all_sum_to_the_run(lab, study):
    with EnergyTrials("search", **lab.options) as energy:
        lab.work(1)
        study.optimize(energy.measured(working(lab, lambda n: n + 1)), n_trials=4)
        lab.work(2)
    told = [trial.user_attrs["energy_j"] for trial in study.trials]
    assert told == pytest.approx([n * lab.power_w for n in (1, 2, 3, 4)])
    for trial in study.trials:
        low, high = (trial.user_attrs[f"energy_j_{end}"] for end in ("low", "high"))
        assert low < trial.user_attrs["energy_j"] < high
    shares, run = energy.shares(), lab.store.read("search").run
    assert shares.requests.best.value == pytest.approx(sum(told))
    assert shares.idle.best.value == pytest.approx(3 * lab.power_w)
    whole = total([shares.requests, shares.idle, shares.unknown])
    assert whole.best.value == pytest.approx(run.measurement.energy_j.best.value, rel=1e-12)
    assert {work.name: work.amount for work in run.measurement.work} == {"trials": 4}
    assert energy.mean().best.value == pytest.approx(2.5 * lab.power_w)


def test_energy_can_be_an_objective(lab):
    study = optuna.create_study(directions=["minimize", "minimize"])
    with EnergyTrials(**lab.options) as energy:
        objective = energy.as_objective(working(lab, lambda n: 3 - n))
        study.optimize(objective, n_trials=3)
    assert [trial.values[1] for trial in study.trials] == pytest.approx(
        [n * lab.power_w for n in (3, 2, 1)]
    )
    assert study.trials[2] in study.best_trials


def test_pruned_and_failed_trials_have_used_energy_too(lab, study):
    def objective(trial):
        lab.work(1)
        raise (optuna.TrialPruned, ZeroDivisionError)[trial.number]

    with EnergyTrials(**lab.options) as energy:
        study.optimize(energy.measured(objective), n_trials=2, catch=(ZeroDivisionError,))
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "FAIL"]
    assert [trial.user_attrs["energy_j"] for trial in study.trials] == [lab.power_w] * 2


def test_what_stops_the_search_passes_and_its_record_is_closed(lab, study):
    def objective(_trial):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), EnergyTrials("stops", **lab.options) as energy:
        study.optimize(energy.measured(objective), n_trials=2)
    assert lab.store.read("stops").run.state == "failed"


def test_trials_at_once_share_what_was_used(lab, study):
    both = threading.Barrier(2, timeout=20)

    def objective(_trial):
        if both.wait() == 0:
            lab.work(4)
        both.wait()
        return 0.0

    with EnergyTrials(**lab.options) as energy:
        study.optimize(energy.measured(objective), n_trials=2, n_jobs=2)
    energies = [trial.user_attrs["energy_j"] for trial in study.trials]
    assert energies == pytest.approx([2 * lab.power_w] * 2, rel=1e-3)


def test_a_trial_too_short_for_the_meters_says_so_and_is_no_objective(lab):
    study = optuna.create_study(directions=["minimize", "minimize"])
    with EnergyTrials(**lab.options) as energy:
        study.optimize(energy.as_objective(working(lab, lambda _: 0.0001)), n_trials=1)
    (trial,) = study.trials
    assert trial.state.name == "FAIL"
    assert "energy_j" not in trial.user_attrs
    assert "too short" in trial.user_attrs["energy_reason"]
    assert math.isfinite(energy.mean().best.value)


def test_inside_a_measured_block_the_search_is_a_part_of_it(lab, study):
    with brizna.measure("day", **lab.options) as day:
        with EnergyTrials() as energy:
            study.optimize(energy.measured(working(lab, lambda _: 1)), n_trials=2)
        lab.work(1)
    assert day.energy.best.value == pytest.approx(3 * lab.power_w)
    assert [phase.name for phase in day.run.measurement.phases] == ["trials"] * 2
    with pytest.raises(brizna.InputError, match="zone would be for a run of its own"):
        EnergyTrials(inside=day, zone="ES")
