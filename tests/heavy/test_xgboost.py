"""XGBoost boosts for real: rounds and the rest sum to the run."""

from __future__ import annotations

import pytest

import brizna

np = pytest.importorskip("numpy")
xgboost = pytest.importorskip("xgboost")

from brizna.integrations.xgboost import EnergyCallback  # noqa: E402

PARAMS = {"max_depth": 2, "nthread": 1, "objective": "binary:logistic"}


class Work(xgboost.callback.TrainingCallback):
    """Lets each round take half a second of the lab; ends badly at a round."""

    def __init__(self, lab, *, fails_at=None):
        super().__init__()
        self.lab, self.fails_at = lab, fails_at

    def after_iteration(self, model, epoch, evals_log):  # noqa: ARG002 - XGBoost's own names
        """Work."""
        if epoch == self.fails_at:
            raise ZeroDivisionError
        self.lab.work(0.5)
        return False


@pytest.fixture
def data():
    """Return points with a label that depends on them."""
    chance = np.random.default_rng(1)
    x = chance.normal(size=(100, 3))
    return x, (x[:, 0] > 0).astype(int)


def test_rounds_and_the_rest_sum_to_the_run(lab, data):
    x, y = data
    with EnergyCallback("boost", **lab.options) as energy:
        lab.work(1)
        model = xgboost.train(
            PARAMS, xgboost.DMatrix(x, y), num_boost_round=8, callbacks=[Work(lab), energy]
        )
    assert model.num_boosted_rounds() == 8
    run = lab.store.read("boost").run
    rounds = [phase.energy_j.best.value for phase in run.measurement.phases]
    assert rounds == pytest.approx([0.5 * lab.power_w] * 8)
    assert energy.in_rounds.best.value == pytest.approx(4 * lab.power_w, rel=1e-12)
    assert energy.in_rounds.high.value <= energy.energy.high.value
    rest = energy.energy - energy.in_rounds
    assert rest.best.value == pytest.approx(lab.power_w, rel=1e-12)
    assert energy.energy.best.value == pytest.approx(5 * lab.power_w, rel=1e-12)
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)
    assert {work.name: work.amount for work in run.measurement.work} == {"rounds": 8}
    assert run.state == "finished"


def test_without_a_with_the_training_begins_and_ends_the_run(lab, data):
    x, y = data
    energy = EnergyCallback("bare", **lab.options)
    xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[Work(lab), energy]).fit(x, y)
    assert lab.store.read("bare").run.state == "finished"
    assert energy.energy.best.value == pytest.approx(1.5 * lab.power_w)


def test_early_stopping_works_as_without_it(lab, data):
    x, y = data
    stop = xgboost.callback.EarlyStopping(rounds=2)
    energy = EnergyCallback("early", **lab.options)
    model = xgboost.train(
        {**PARAMS, "learning_rate": 0.0},
        xgboost.DMatrix(x, y),
        num_boost_round=50,
        evals=[(xgboost.DMatrix(x, y), "all")],
        verbose_eval=False,
        callbacks=[Work(lab), energy, stop],
    )
    assert model.num_boosted_rounds() == 3
    assert lab.store.read("early").run.state == "finished"
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)


def test_what_a_training_raises_passes_and_its_record_is_closed(lab, data):
    x, y = data
    with pytest.raises(ZeroDivisionError), EnergyCallback("fails", **lab.options) as energy:
        xgboost.train(PARAMS, xgboost.DMatrix(x, y), callbacks=[Work(lab, fails_at=2), energy])
    assert lab.store.read("fails").run.state == "failed"
    assert not energy.is_open


def test_folds_of_a_cross_validation_are_measured_together(lab, data):
    x, y = data
    with brizna.measure("day", **lab.options) as day:
        energy = EnergyCallback()
        xgboost.cv(
            PARAMS, xgboost.DMatrix(x, y), num_boost_round=4, nfold=3, callbacks=[Work(lab), energy]
        )
    assert energy.energy.best.value == pytest.approx(2 * lab.power_w)
    assert day.energy.best.value == pytest.approx(2 * lab.power_w)


def test_two_trainings_in_one_block_know_their_own_rounds(lab, data):
    x, y = data
    with brizna.measure("day", **lab.options):
        first, second = EnergyCallback(), EnergyCallback()
        for rounds, energy in ((2, first), (3, second)):
            xgboost.train(
                PARAMS, xgboost.DMatrix(x, y), num_boost_round=rounds, callbacks=[Work(lab), energy]
            )
        lab.work(1)
        assert first.in_rounds.best.value == pytest.approx(lab.power_w)
    assert second.in_rounds.best.value == pytest.approx(1.5 * lab.power_w)


def test_thousands_of_rounds_are_told_together(lab, data):
    x, y = data
    with EnergyCallback("long", **lab.options) as energy:
        xgboost.train(
            {**PARAMS, "max_depth": 1},
            xgboost.DMatrix(x, y),
            num_boost_round=1200,
            callbacks=[Work(lab), energy],
        )
    assert energy.in_rounds.best.value == pytest.approx(600 * lab.power_w)
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)
    (phase,) = lab.store.read("long").run.measurement.phases
    assert (phase.name, phase.count) == ("round", 1200)
