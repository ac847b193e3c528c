"""Hugging Face's Trainer: the energy of each epoch, in a callback that is asked for by name.

Example::

    with EnergyCallback("fine-tune", zone="ES").attach(trainer) as energy:
        trainer.train()
    print(energy.energy, [epoch.energy for epoch in energy.epochs])
"""

from __future__ import annotations

from brizna.integrations._library import check_version, missing
from brizna.integrations._training import logged
from brizna.integrations.torch import Training

try:
    import transformers
    from transformers import TrainerCallback
except ImportError as error:
    raise missing("transformers", error, install="transformers[torch]") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from brizna.core.estimate import Estimate
    from brizna.verbs import Part

check_version("transformers", transformers.__version__, least="4.46")


class EnergyCallback(Training, TrainerCallback):
    """Measures ``trainer.train()``: epochs and evaluations are parts, steps and tokens counted.

    Given as ``callbacks=[EnergyCallback()]`` it writes the energy of each epoch into the Trainer's
    ``log_history``. With `attach` the Trainer logs it, so that its trackers have it as well. Use it
    in a ``with`` to end the run where the training fails: the Trainer tells its callbacks nothing.
    """

    _trainer: Any = None
    _evaluation: Part | None = None
    _seen: tuple[int, int] = (0, 0)

    def attach(self, trainer: Any) -> Self:
        """Become a callback of a Trainer, through whose log the energy of each epoch goes."""
        if self not in trainer.callback_handler.callbacks:
            trainer.add_callback(self)
        self._trainer = trainer
        return self

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin to measure."""
        self.start()
        self._seen = (state.global_step, state.num_input_tokens_seen)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin an epoch; the Trainer tells how many are done as a number with a fraction."""
        self.finish(self._evaluation)
        self.begin_epoch(int((state.epoch or 0.0) + 1e-6) + 1)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the epoch and log its energy."""
        (step, tokens), self._seen = self._seen, (state.global_step, state.num_input_tokens_seen)
        self._log(state, self.end_epoch(steps=self._seen[0] - step, tokens=self._seen[1] - tokens))
        self._expect_evaluation(control)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End an evaluation that was announced and did not come."""
        self.finish(self._evaluation)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Begin an evaluation where one comes next."""
        self._expect_evaluation(control)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the evaluation."""
        self.finish(self._evaluation)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the run, unless a ``with`` does."""
        self.finish(self._evaluation)
        self.stop()

    def _expect_evaluation(self, control: Any) -> None:
        if control.should_evaluate:
            self._evaluation = self.begin("evaluate")

    def _log(self, state: Any, energy: Estimate | None) -> None:
        numbers = logged(energy, "epoch_energy_j")
        if numbers and self._trainer is not None:
            self._trainer.log(numbers)
        elif numbers:
            state.log_history.append({**numbers, "epoch": state.epoch, "step": state.global_step})
