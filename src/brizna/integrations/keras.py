"""Keras 3: the energy of each epoch of ``model.fit``, in a callback that is asked for by name.

Example::

    with EnergyCallback("fit", zone="ES") as energy:
        model.fit(x, y, epochs=3, callbacks=[energy])
    print(energy.energy, [epoch.energy for epoch in energy.epochs])
"""

from __future__ import annotations

from brizna.integrations._library import check_version, missing
from brizna.integrations._training import Training, logged

try:
    import keras
except ImportError as error:
    raise missing("Keras", error, install="keras") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.verbs import Measuring, Part

check_version("keras", keras.__version__, least="3.3")


class EnergyCallback(Training, keras.callbacks.Callback):
    """Measures ``model.fit``: epochs and validations are parts, steps are counted.

    The energy of an epoch is among its logs, so that the history has it, and callbacks after this
    one: ``epoch_energy_j`` and the ends of its interval. Use it in a ``with`` to end the run where
    the fit fails: Keras tells its callbacks nothing.

    Attributes:
        async_safe: Read by Keras: what is done at each batch may be done in another thread, so that
            the fit need not wait for it.
    """

    async_safe = True
    _evaluation: Part | None = None
    _steps: int = 0

    def __init__(
        self, name: str | None = None, *, inside: Measuring | None = None, **options: Any
    ) -> None:
        """Keep what was asked for; the ``with`` or the fit begins.

        Args:
            name: What to call the run. Without a name and options the fit is a part of the
                measured block around it, if there is one, and else a run called ``training``.
            inside: The measured block to be a part of, where it was opened in another thread.
            **options: As `brizna.measure` takes them: ``tags``, ``zone``, ``interval`` ...
        """
        settle = None
        if keras.backend.backend() == "torch":
            from brizna.integrations.torch import wait_for_devices as settle
        super().__init__(name, inside=inside, settle=settle, **options)
        keras.callbacks.Callback.__init__(self)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to measure."""
        self.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch."""
        self._steps = 0
        self.begin_epoch(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Remember how far the epoch has come."""
        self._steps = max(self._steps, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End the epoch and add its energy to what is logged of it."""
        energy = self.end_epoch(steps=self._steps)
        if logs is not None:
            logs.update(logged(energy, "epoch_energy_j"))

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin a validation."""
        self._evaluation = self.begin("evaluate")

    def on_test_end(self, logs: Any = None) -> None:
        """End the validation."""
        self.finish(self._evaluation)

    def on_train_end(self, logs: Any = None) -> None:
        """End the run, unless a ``with`` does."""
        self.stop()
