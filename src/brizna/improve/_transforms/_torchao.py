"""Fewer bits in the linear layers of a torch module."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import InfeasibleError, Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import SHRINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

DYNAMIC, WEIGHTS, WEIGHTS_4 = "int8-dynamic", "int8-weights", "int4-weights"
_GROUP = 32


class QuantizeTorch(Record):
    """Keep linear layers in 8 or 4 bits, and compute in 8 where the inputs are rounded too.

    Operator by operator this is seldom faster: the gain needs a compiler that fuses the steps.

    Attributes:
        scheme: ``int8-dynamic`` (inputs are rounded as they come), ``int8-weights`` or
            ``int4-weights`` (weights are widened as they are used).
    """

    name: ClassVar[str] = "quantize-torch"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("torch", "torchao")
    extra: ClassVar[str] = "torch"

    scheme: str = DYNAMIC

    @classmethod
    def choices(cls) -> tuple[QuantizeTorch, ...]:
        """Return it in each scheme."""
        return (cls(scheme=DYNAMIC), cls(scheme=WEIGHTS), cls(scheme=WEIGHTS_4))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to round."""
        del machine
        layers: dict[str, int] = model.facts.get("layers", {})
        if not layers.get("Linear"):
            return str(Said("it has no linear layer, and others are not rounded this way"))
        if model.precision not in ("fp32", "bf16") or model.facts.get("is_scripted"):
            return str(
                Said(
                    "its weights are {precision}: they are rounded from plain fp32 or bf16",
                    precision=model.precision,
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Round."""
        module = load_module(model, material)
        round_linear(module, self.scheme)
        save_module(module, folder)
        precision = "int4" if self.scheme == WEIGHTS_4 else "int8"
        return Made(kind="torch", precision=precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters; the library is slow to import."""
        return 4.0 + 2.0 * model.facts.get("parameters", 0) / 2e7


def round_linear(module: Any, scheme: str) -> None:
    """Round the linear layers of a module in place, as far as their widths allow.

    What the library puts into each layer for its representation cannot be pickled: it is taken
    out again.

    Raises:
        InfeasibleError: If none is as wide as it has to be.
    """
    import torch
    from torchao.quantization import quantize_

    def is_taken(one: Any, _: str) -> bool:
        return isinstance(one, torch.nn.Linear) and one.in_features % _GROUP == 0

    if not any(is_taken(one, name) for name, one in module.named_modules()):
        raise InfeasibleError(
            "No linear layer of the module was rounded: expected one whose inputs are a multiple "
            "of {group}. Leave quantize-torch out.",
            group=_GROUP,
        )
    quantize_(module, _config(scheme), filter_fn=is_taken)
    for layer in module.modules():
        vars(layer).pop("extra_repr", None)


def _config(scheme: str) -> Any:
    import torch
    from torchao import quantization as ways

    if scheme == DYNAMIC:
        return ways.Int8DynamicActivationInt8WeightConfig()
    if scheme == WEIGHTS:
        return ways.Int8WeightOnlyConfig()
    group = ways.PerGroup(_GROUP)
    return ways.IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=group)
