"""A small student that learns from the model: its answers, not only the labels."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import call, facts_of, load_module, outputs_of, save_module
from brizna.improve._transform import SLIM
from brizna.improve._transforms._teaching import batches_of, loss_of, train

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model


class Distil(Record):
    """Teach a person's untrained student what the model answers.

    Where the answers are scores of classes, the loss is ``share T^2 KL(teacher / T || student / T)
    + (1 - share) loss(student, targets)`` [1], with cross-entropy for the second part unless a
    person gave another. Where a batch has no targets, the student follows the teacher's first
    output by its mean square alone.

    Attributes:
        epochs: How often each batch is seen.
        rate: Learning rate at the start.
        temperature: ``T``, which makes small scores count.
        share: Of the teacher's part in the loss, in [0, 1].

    References:
        [1] Hinton, Vinyals, Dean, Distilling the Knowledge in a Neural Network, 2015.
    """

    name: ClassVar[str] = "distil"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SLIM
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("train", "student")
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    epochs: int = 12
    rate: float = 3e-3
    temperature: float = 4.0
    share: float = 0.7

    @classmethod
    def choices(cls) -> tuple[Distil, ...]:
        """Return it once: a student is trained from nothing, which takes its epochs."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return None: whatever answers can teach."""
        del model, machine
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Teach."""
        import torch

        teacher, batches = load_module(model, material), batches_of(material)
        torch.manual_seed(0)
        student = material.function("student")()
        with torch.no_grad():
            answers = [outputs_of(call(teacher, request))[0].clone() for request, _ in batches]
        taught = [
            (request, (answer, targets))
            for (request, targets), answer in zip(batches, answers, strict=True)
        ]
        _check_widths(student, taught[0])
        train(student, taught, self._loss(loss_of(material)), epochs=self.epochs, rate=self.rate)
        save_module(student, folder)
        return Made(kind="torch", precision="fp32", facts=facts_of(student))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the epochs and the size of the teacher, who answers once."""
        return 5.0 + 0.5 * self.epochs + 20.0 * model.facts.get("parameters", 0) / 2e7

    def _loss(self, plain: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        import torch

        nn = torch.nn.functional

        def loss(given: Any, both: Any) -> Any:
            answer, targets = both
            first = outputs_of(given)[0]
            if targets is None:
                return nn.mse_loss(first, answer)
            soft = nn.kl_div(
                nn.log_softmax(first / self.temperature, dim=-1),
                nn.log_softmax(answer / self.temperature, dim=-1),
                log_target=True,
                reduction="batchmean",
            )
            hard = plain(given, targets)
            return self.share * self.temperature**2 * soft + (1.0 - self.share) * hard

        return loss


def _check_widths(student: Any, first: Any) -> None:
    import torch

    request, (answer, _) = first
    with torch.no_grad():
        given = outputs_of(call(student.eval(), request))[0]
    if given.shape != answer.shape:
        raise InputError(
            "The student's first output has the shape {given}, the model's {expected}: expected "
            "the same. Change the student's last layer.",
            given=tuple(given.shape),
            expected=tuple(answer.shape),
        )
