"""Lightning: the energy of each epoch of a fit, in a callback that is asked for by name.

Example::

    energy = EnergyCallback("fit", zone="ES")
    Trainer(max_epochs=3, callbacks=[energy]).fit(model, loader)
    print(energy.energy, [epoch.energy for epoch in energy.epochs])
"""

from __future__ import annotations

from brizna.integrations._library import check_version, missing
from brizna.integrations._training import logged
from brizna.integrations.torch import Training

try:
    import lightning
    from lightning.pytorch import Callback
except ImportError as error:
    raise missing("Lightning", error, install="lightning") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.verbs import Part

check_version("lightning", lightning.__version__, least="2.2")


class EnergyCallback(Training, Callback):
    """Measures ``trainer.fit``: epochs and validations are parts, optimiser steps are counted.

    What the fit's loggers log of an epoch then has its energy: ``epoch_energy_j`` and the ends of
    its interval. A fit that raises ends the run as failed.
    """

    _evaluation: Part | None = None
    _steps: int = 0

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to measure a fit."""
        if stage == "fit":
            self.start()
            self._steps = trainer.global_step

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin an epoch."""
        self.begin_epoch(trainer.current_epoch + 1)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """End the epoch and log its energy."""
        before, self._steps = self._steps, trainer.global_step
        numbers = logged(self.end_epoch(steps=self._steps - before), "epoch_energy_j")
        if numbers:
            for logger in trainer.loggers:
                logger.log_metrics(numbers, step=trainer.global_step)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin a validation; the first, which only tries it out, has a name of its own."""
        name = "sanity check" if trainer.sanity_checking else "evaluate"
        self._evaluation = self.begin(name)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """End the validation."""
        self.finish(self._evaluation)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the run as failed, unless a ``with`` does."""
        self.stop(exception)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """End the run, unless a ``with`` does."""
        if stage == "fit":
            self.stop()
