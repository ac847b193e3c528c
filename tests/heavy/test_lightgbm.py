"""LightGBM boosts for real: rounds and the rest sum to the run."""

from __future__ import annotations

import pytest

np = pytest.importorskip("numpy")
lightgbm = pytest.importorskip("lightgbm")

from brizna.integrations.lightgbm import EnergyRounds  # noqa: E402

PARAMS = {"num_leaves": 4, "num_threads": 1, "objective": "binary", "verbosity": -1, "seed": 1}


def working(lab, *, fails_at=None):
    """Return a callback that lets each round take half a second of the lab."""

    def work(env):
        if env.iteration == fails_at:
            raise ZeroDivisionError
        lab.work(0.5)

    work.order = 10
    return work


@pytest.fixture
def data():
    """Return points with a label that depends on them."""
    chance = np.random.default_rng(1)
    x = chance.normal(size=(100, 3))
    return lightgbm.Dataset(x, (x[:, 0] > 0).astype(int), free_raw_data=False)


def test_rounds_and_the_rest_sum_to_the_run(lab, data):
    with EnergyRounds("boost", **lab.options) as energy:
        lab.work(1)
        model = lightgbm.train(
            PARAMS, data, num_boost_round=8, callbacks=[working(lab), *energy.callbacks]
        )
    assert model.num_trees() == 8
    run = lab.store.read("boost").run
    rounds = [phase.energy_j.best.value for phase in run.measurement.phases]
    assert rounds == pytest.approx([0.5 * lab.power_w] * 8)
    assert energy.in_rounds.best.value == pytest.approx(4 * lab.power_w, rel=1e-12)
    rest = energy.energy - energy.in_rounds
    assert rest.best.value == pytest.approx(lab.power_w, rel=1e-12)
    assert energy.energy.best.value == pytest.approx(5 * lab.power_w, rel=1e-12)
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)
    assert {work.name: work.amount for work in run.measurement.work} == {"rounds": 8}
    assert run.state == "finished"


def test_without_a_with_the_training_begins_and_ends_the_run(lab):
    chance = np.random.default_rng(1)
    x = chance.normal(size=(100, 3))
    energy = EnergyRounds("bare", **lab.options)
    lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, num_leaves=4, verbosity=-1).fit(
        x, x[:, 0] > 0, callbacks=[working(lab), *energy.callbacks]
    )
    assert lab.store.read("bare").run.state == "finished"
    assert energy.energy.best.value == pytest.approx(1.5 * lab.power_w)


def test_early_stopping_works_as_without_it(lab, data):
    with EnergyRounds("early", **lab.options) as energy:
        model = lightgbm.train(
            {**PARAMS, "learning_rate": 1e-300},
            data,
            num_boost_round=50,
            valid_sets=[data.subset(list(range(50)))],
            callbacks=[
                working(lab),
                *energy.callbacks,
                lightgbm.early_stopping(2, verbose=False),
            ],
        )
    assert model.current_iteration() < 50
    assert lab.store.read("early").run.state == "finished"
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)


def test_what_a_training_raises_passes_and_its_record_is_closed(lab, data):
    with pytest.raises(ZeroDivisionError), EnergyRounds("fails", **lab.options) as energy:
        lightgbm.train(PARAMS, data, callbacks=[working(lab, fails_at=2), *energy.callbacks])
    assert lab.store.read("fails").run.state == "failed"
    assert not energy.is_open


def test_folds_of_a_cross_validation_are_measured_together(lab, data):
    with EnergyRounds("folds", **lab.options) as energy:
        lightgbm.cv(
            PARAMS, data, num_boost_round=4, nfold=3, callbacks=[working(lab), *energy.callbacks]
        )
    assert energy.energy.best.value == pytest.approx(2 * lab.power_w)
    assert energy.per_round.best.value == pytest.approx(0.5 * lab.power_w)
