"""Small weights to zero: a torch module of the same shape, with zeros in it."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import SLIM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d")


class MaskWeights(Record):
    """Set the smallest weights of the whole module to zero.

    Unstructured pruning: the arrays keep their shapes, and kernels for dense arrays multiply by
    the zeros as by anything else. It is offered because it is often asked for; what it saves
    without kernels for sparse arrays, the measurement shows.

    Attributes:
        ratio: Share of the weights that go, in (0, 1).
    """

    name: ClassVar[str] = "mask-weights"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SLIM
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("train",)
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    ratio: float = 0.8

    @classmethod
    def choices(cls) -> tuple[MaskWeights, ...]:
        """Return it with four fifths of the weights taken out."""
        return (cls(ratio=0.8),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why weights cannot be set to zero."""
        del machine
        layers: dict[str, int] = model.facts.get("layers", {})
        if not any(layers.get(name) for name in LAYERS):
            return str(Said("it has no linear and no convolutional layer"))
        if model.precision != "fp32" or model.facts.get("is_scripted"):
            return str(Said("its weights are no longer plain fp32 arrays: mask them before"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Set weights to zero, in all layers by one threshold."""
        import torch

        module = load_module(model, material)
        weights = weights_of(module)
        every = torch.cat([one.detach().abs().flatten() for one in weights])
        limit = every.sort().values[int(self.ratio * (every.numel() - 1))]
        with torch.no_grad():
            for one in weights:
                one.mul_(one.abs() > limit)
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + model.facts.get("parameters", 0) / 2e7


def weights_of(module: Any) -> list[Any]:
    """Return the weights of the layers that multiply."""
    return [layer.weight for layer in module.modules() if type(layer).__name__ in LAYERS]
