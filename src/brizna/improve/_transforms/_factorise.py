"""Two thin layers for one thick: the weights of linear layers in factors of low rank."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import InfeasibleError, Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import SLIM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_ROUND_TO = 8
_LEAST = 64
"""Narrower layers cost more in calls than factors save in products."""


class Factorise(Record):
    """Replace linear layers by two of a low rank, the nearest there are by least squares.

    Attributes:
        share: Of the multiplications of each layer that stay, in (0, 1).
    """

    name: ClassVar[str] = "factorise"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SLIM
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    share: float = 0.5

    @classmethod
    def choices(cls) -> tuple[Factorise, ...]:
        """Return it with half of the multiplications left."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to factorise."""
        del machine
        layers: dict[str, int] = model.facts.get("layers", {})
        if not layers.get("Linear"):
            return str(Said("it has no linear layer"))
        if model.precision != "fp32" or model.facts.get("is_scripted"):
            return str(Said("its weights are no longer plain fp32 arrays: factorise them before"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Factorise every linear layer that is wide enough to gain."""
        module = load_module(model, material)
        if not _replace(module, self.share):
            raise InfeasibleError(
                "No linear layer of the module is wide enough to gain by factors: expected one of "
                "{least} or more inputs and outputs. Prune channels instead.",
                least=_LEAST,
            )
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 10.0 * model.facts.get("parameters", 0) / 2e7


def _replace(module: Any, share: float) -> int:
    """Replace linear layers below a module and return how many."""
    import torch

    count = 0
    for name, child in list(module.named_children()):
        if type(child) is torch.nn.Linear:
            rank = rank_for(child.in_features, child.out_features, share)
            if rank:
                setattr(module, name, _factors(child, rank))
                count += 1
                if isinstance(module, torch.nn.TransformerEncoderLayer):
                    # its fused operator would read the weights of the layer that is gone
                    module.activation_relu_or_gelu = 0
        else:
            count += _replace(child, share)
    return count


def rank_for(inputs: int, outputs: int, share: float) -> int:
    """Return the rank that leaves a share of a layer's multiplications; 0 if it is too narrow."""
    if min(inputs, outputs) < _LEAST:
        return 0
    rank = share * inputs * outputs / (inputs + outputs)
    return int(rank // _ROUND_TO) * _ROUND_TO


def _factors(layer: Any, rank: int) -> Any:
    import torch

    left, sizes, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    root = sizes[:rank].sqrt()
    first = torch.nn.Linear(layer.in_features, rank, bias=False)
    second = torch.nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    with torch.no_grad():
        first.weight.copy_(root[:, None] * right[:rank])
        second.weight.copy_(left[:, :rank] * root)
        if layer.bias is not None:
            second.bias.copy_(layer.bias)
    return torch.nn.Sequential(first, second)
