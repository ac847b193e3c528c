"""scikit-learn fits and searches for real: candidates, refit and the rest sum to the run."""

from __future__ import annotations

import pickle

import pytest

import brizna
from brizna.core.estimate import total

np = pytest.importorskip("numpy")
sklearn = pytest.importorskip("sklearn", minversion="1.9")

from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402

from brizna.integrations.sklearn import EnergyCallback  # noqa: E402

LABS = []
"""The lab of the test that runs: what is cloned must not be a parameter."""


class Sign(ClassifierMixin, BaseEstimator):
    """Says the sign of the first column; its fit takes as many seconds of the lab as it is told."""

    def __init__(self, seconds=1.0, *, fails=False):
        self.seconds, self.fails = seconds, fails

    def fit(self, x, y):
        """Work."""
        self.classes_ = np.unique(y)
        self.n_features_in_ = x.shape[1]
        if LABS:
            LABS[-1].work(self.seconds)
        if self.fails:
            raise ZeroDivisionError
        return self

    def predict(self, x):
        """Say the sign."""
        return (x[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def working(lab):
    """Let fits work in this lab."""
    LABS.append(lab)
    yield
    LABS.clear()


@pytest.fixture
def data():
    """Return points with a label that depends on them."""
    chance = np.random.default_rng(1)
    x = chance.normal(size=(60, 3))
    return x, (x[:, 0] > 0).astype(int)


def search(energy, **options):
    """Return a search over fits of one and of three seconds."""
    return GridSearchCV(Sign(), {"seconds": [1.0, 3.0]}, cv=3, **options).set_callbacks(energy)


def test_candidates_and_refit_and_the_rest_sum_to_the_run(lab, data):
    energy = EnergyCallback("search", **lab.options)
    with energy:
        found = search(energy).fit(*data)
        lab.work(2)
    assert found.best_params_ == {"seconds": 1.0}
    joules = {name: each.best.value for name, each in energy.energies.items()}
    assert joules == pytest.approx(
        {
            "candidate 1": 3 * lab.power_w,
            "candidate 2": 9 * lab.power_w,
            "refit": lab.power_w,
        }
    )
    run = lab.store.read("search").run
    rest = energy.energy - total(energy.energies.values())
    assert rest.best.value == pytest.approx(2 * lab.power_w)
    assert run.measurement.energy_j.best.value == pytest.approx(15 * lab.power_w)
    names = [phase.name for phase in run.measurement.phases]
    assert names.count("candidate 2") == 3
    assert run.state == "finished"


def test_the_fit_begins_and_ends_the_run(lab, data):
    energy = EnergyCallback("bare", **lab.options)
    search(energy).fit(*data)
    assert not energy.is_open
    assert lab.store.read("bare").run.state == "finished"
    assert energy.energy.best.value == pytest.approx(13 * lab.power_w)


def test_the_iterations_of_a_solver_are_parts(lab, data):
    energy = EnergyCallback("solver", **lab.options)
    LogisticRegression(max_iter=20).set_callbacks(energy).fit(*data)
    phases = lab.store.read("solver").run.measurement.phases
    assert {phase.name for phase in phases} == {"lbfgs-iter"}
    assert not energy.energies


def test_what_a_fit_raises_passes_and_its_record_is_closed(lab, data):
    energy = EnergyCallback("fails", **lab.options)
    failing = search(energy, error_score="raise").set_params(estimator=Sign(fails=True))
    with pytest.raises(ZeroDivisionError):
        failing.fit(*data)
    assert lab.store.read("fails").run.state == "failed"
    assert not energy.is_open


def test_a_search_that_worker_processes_do_is_measured_whole(lab, data):
    """A worker has a copy of the callback, which measures nothing."""
    with brizna.measure("day", **lab.options) as day:
        energy = EnergyCallback()
        copy = pickle.loads(pickle.dumps(energy))  # noqa: S301
        found = GridSearchCV(Sign(), {"seconds": [0.0, 0.5]}, cv=2, n_jobs=2)
        found.set_callbacks(energy).fit(*data)
    assert type(copy) is not EnergyCallback
    assert set(energy.energies) == {"refit"}
    assert energy.energy is not None
    assert day.view is not None


def test_candidates_worked_at_in_threads_at_once_have_no_energy_of_their_own(lab, data):
    from joblib import parallel_config

    energy = EnergyCallback("threads", **lab.options)
    with parallel_config("threading"):
        search(energy, n_jobs=2).fit(*data)
    assert energy.energy.best.value == pytest.approx(13 * lab.power_w)
    assert energy.energies["refit"].best.value == pytest.approx(lab.power_w)
    known = [each for name, each in energy.energies.items() if each and name != "refit"]
    assert not known or total(known).best.value <= 12.001 * lab.power_w
