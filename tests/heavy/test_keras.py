"""Keras fits a small model on PyTorch: epochs and the rest sum to the run."""

from __future__ import annotations

import pytest

from brizna.core.estimate import total

torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")

from brizna.integrations.keras import EnergyCallback  # noqa: E402

torch.set_num_threads(1)
BATCH_S = 0.5
BATCHES = 4


class Line(keras.Model):
    """A line through points; each batch takes half a second of the lab."""

    def __init__(self, lab, *, fails_at=None):
        super().__init__()
        self.layer = keras.layers.Dense(1)
        self.layer.build((None, 1))
        self.work, self.fails_at, self.done = lab.work, fails_at, 0
        self.built = True

    def call(self, batch):
        """Say where the line is."""
        self.done += 1
        if self.done == self.fails_at:
            raise ZeroDivisionError
        self.work(BATCH_S)
        return self.layer(batch)


def fit(lab, *callbacks, fails_at=None, **arguments):
    """Fit for real, and return Keras's own history."""
    keras.utils.set_random_seed(1)
    x = keras.random.normal((8 * BATCHES, 1))
    line = Line(lab, fails_at=fails_at)
    line.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", run_eagerly=True)
    settings = {"epochs": 3, "batch_size": 8, "verbose": 0, **arguments}
    return line.fit(x, 3 * x, callbacks=list(callbacks), **settings)


def test_epochs_and_the_rest_sum_to_the_run(lab):
    energy = EnergyCallback("fit", **lab.options)
    lab.work(7)  # before the fit: not its own
    history = fit(lab, energy, validation_split=0.5)
    half_j = BATCHES / 2 * BATCH_S * lab.power_w
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    epochs_j = [part.energy.best.value for part in energy.epochs]
    assert epochs_j == [2 * half_j] * 3
    assert history.history["epoch_energy_j"] == epochs_j
    assert history.history["epoch_energy_j_low"][0] < epochs_j[0]
    whole = total([*(part.energy for part in energy.epochs), energy.outside])
    assert whole.best.value == pytest.approx(energy.energy.best.value, rel=1e-12)
    run = lab.store.read("fit").run
    assert run.state == "finished"
    phases = run.measurement.phases
    assert [phase.name for phase in phases] == [
        name for n in (1, 2, 3) for name in (f"epoch {n}", "evaluate")
    ]
    assert phases[1].energy_j.best.value == half_j
    assert [(work.name, work.amount) for work in phases[0].work] == [("steps", BATCHES / 2)]


def test_a_callback_after_it_sees_the_energy(lab):
    seen = []
    fit(
        lab,
        EnergyCallback("seen", **lab.options),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda _, logs: seen.append(logs)),
    )
    assert [logs["epoch_energy_j"] for logs in seen] == [BATCHES * BATCH_S * lab.power_w] * 3


def test_a_fit_that_raises_inside_a_with_closes_its_record(lab):
    def fail():
        with EnergyCallback("fails", **lab.options) as energy:
            fit(lab, energy, fails_at=7)

    with pytest.raises(ZeroDivisionError):
        fail()
    run = lab.store.read("fails").run
    assert run.state == "failed"
    assert "ZeroDivisionError" in str(run.notes)
    assert not [phase for phase in run.measurement.phases if phase.open]


def test_a_fit_that_goes_on_counts_its_epochs_on(lab):
    energy = EnergyCallback("more", **lab.options)
    fit(lab, energy, initial_epoch=2)
    assert [part.name for part in energy.epochs] == ["epoch 3"]


def test_a_fit_need_not_wait_for_it_at_each_batch(lab):
    alone = keras.callbacks.CallbackList([])
    beside = keras.callbacks.CallbackList([EnergyCallback("beside", **lab.options)])
    assert beside._async_train == alone._async_train


def test_evaluations_alone_are_not_measured(lab):
    energy = EnergyCallback("none", **lab.options)
    energy.on_test_begin()
    energy.on_test_end()
    assert energy.run is None
    assert not lab.store.runs()
