"""How a torch module computes attention: in one fused operator, or step by step."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import FOLD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

FUSED, STEPWISE = "sdpa", "eager"


class ExchangeAttention(Record):
    """Let a module compute attention another way; what it computes stays the same.

    torch's fused operator (``scaled_dot_product_attention``) never writes the matrix of scores,
    which saves traffic; step by step is what exporters write without guards against rows that see
    nothing, and what graph optimisers know. Which is less work depends on what runs it.

    Attributes:
        by: ``sdpa`` for the fused operator, ``eager`` for single steps.
    """

    name: ClassVar[str] = "attention"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = FOLD + 5
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    extra: ClassVar[str] = "torch"

    by: str = FUSED

    @classmethod
    def choices(cls) -> tuple[ExchangeAttention, ...]:
        """Return it both ways."""
        return (cls(by=FUSED), cls(by=STEPWISE))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to exchange."""
        del machine
        now: list[str] = model.facts.get("attention", [])
        if not now:
            return str(Said("it has no attention whose way of computing can be exchanged"))
        if now == [self.by]:
            return str(Said("its attention is computed by {by} already", by=self.by))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Exchange it in all parts that can."""
        module = load_module(model, material)
        for part in module.modules():
            exchange: Any = getattr(part, "set_attn_implementation", None)
            if callable(exchange):
                exchange(self.by)
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + model.facts.get("parameters", 0) / 2e7
