"""Half as many bits in each number of a torch module."""

from __future__ import annotations

from typing import ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import CAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_COMPUTED_BY = {
    "bf16": ("amx_bf16", "avx512_bf16", "bf16"),
    "fp16": ("amx_fp16", "avx512_fp16"),
}


class CastTorch(Record):
    """Keep a module's weights, and compute, in 16 bits.

    Attributes:
        to: ``bf16``, with the range of fp32, or ``fp16``, with more digits in a narrow range.
    """

    name: ClassVar[str] = "cast"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = CAST
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    to: str = "bf16"

    @classmethod
    def choices(cls) -> tuple[CastTorch, ...]:
        """Return it to each format."""
        return (cls(to="bf16"), cls(to="fp16"))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why it cannot be cast, or why nothing here would compute in the format."""
        if model.precision != "fp32":
            return str(Said("its weights are {precision} already", precision=model.precision))
        if model.facts.get("is_scripted"):
            return str(Said("a scripted module has its number formats written into its code"))
        if not machine.has_cuda and not machine.has(*_COMPUTED_BY[self.to]):
            return str(
                Said(
                    "nothing here multiplies {form} by itself: it would be widened each time",
                    form=self.to,
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Cast the weights; inputs of floats are cast when the module is called."""
        import torch

        module = load_module(model, material)
        module = module.to(torch.bfloat16 if self.to == "bf16" else torch.float16)
        save_module(module, folder)
        return Made(kind="torch", precision=self.to, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + model.facts.get("parameters", 0) / 2e7
