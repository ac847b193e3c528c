"""Training after a change, to win back what it lost."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import TRAIN
from brizna.improve._transforms._mask import weights_of
from brizna.improve._transforms._teaching import batches_of, loss_of, train

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

LOSING = ("prune-channels", "mask-weights", "factorise", "distil")
"""Steps that lose quality which training may win back."""


class FineTune(Record):
    """Train a changed module further, on a person's batches.

    Weights that were set to zero stay there.

    Attributes:
        epochs: How often each batch is seen.
        rate: Learning rate at the start.
    """

    name: ClassVar[str] = "fine-tune"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = TRAIN
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("train",)
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    epochs: int = 3
    rate: float = 1e-3

    @classmethod
    def choices(cls) -> tuple[FineTune, ...]:
        """Return it with few epochs: what they do not win back, more seldom do."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why training it is not what improving it asks for."""
        del machine
        if not any(model.has_step(name) for name in LOSING):
            return str(Said("nothing was changed that training could win back"))
        if model.precision != "fp32" or model.facts.get("is_scripted"):
            return str(Said("only plain fp32 modules are trained"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Train."""
        module = load_module(model, material)
        hold = hold_zeros(module) if model.has_step("mask-weights") else None
        train(
            module,
            batches_of(material),
            loss_of(material),
            epochs=self.epochs,
            rate=self.rate,
            after_step=hold,
        )
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by parameters and epochs; how long the data are, it does not know."""
        return 5.0 + self.epochs * (1.0 + 20.0 * model.facts.get("parameters", 0) / 2e7)


def hold_zeros(module: Any) -> Callable[[], None]:
    """Return what sets those weights to zero again that are zero now."""
    import torch

    kept = [(one, one.detach() != 0) for one in weights_of(module)]

    def hold() -> None:
        with torch.no_grad():
            for weight, mask in kept:
                weight.mul_(mask)

    return hold
