"""How a torch module that writes keeps keys and values: in fewer bits."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said, UnavailableError
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._registry import needs_libraries
from brizna.improve._runtimes._past import Watch, writers
from brizna.improve._runtimes._torch import call, facts_of, load_module, save_module
from brizna.improve._transform import CAST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

FLOAT_8, INTEGER_4 = "fp8", "int4"
_LIBRARY = "optimum-quanto"
_WAYS: dict[str, dict[str, Any]] = {
    FLOAT_8: {"backend": "fp8"},
    INTEGER_4: {"backend": "quanto", "nbits": 4},
}
_LAYERS = {FLOAT_8: "Fp8QuantizedLayer", INTEGER_4: "QuantoQuantizedLayer"}


class KeepInFewerBits(Record):
    """Keep keys and values in fewer bits while text is written.

    It saves memory, and with it the traffic of long texts on a card. On a processor the rounding
    and widening of each step usually takes more than it saves, which is measured like all else.

    Attributes:
        to: ``fp8``, one scale a tensor, or ``int4``, in groups (KIVI [1]).

    References:
        [1] Liu et al., KIVI: a tuning-free asymmetric 2bit quantization for KV cache, 2024.
    """

    name: ClassVar[str] = "kv-cache"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = CAST + 5
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    extra: ClassVar[str] = "torch"
    also: ClassVar[tuple[str, ...]] = (_LIBRARY,)
    """Distributions that some of its parameters need."""

    to: str = FLOAT_8

    @classmethod
    def choices(cls) -> tuple[KeepInFewerBits, ...]:
        """Return it in 8 and in 4 bits."""
        return (cls(to=FLOAT_8), cls(to=INTEGER_4))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why nothing is kept that could be rounded."""
        if not model.facts.get("kept"):
            return str(
                Said("it does not write token by token, and keeps nothing from step to step")
            )
        if self.to == INTEGER_4 and machine.lacks((_LIBRARY,)):
            return needs_libraries((_LIBRARY,), "")
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Ask for it, and see in one request that it is done.

        Raises:
            UnavailableError: If the module keeps keys and values its own way all the same.
        """
        import torch

        module = load_module(model, material)
        for part in writers(module):
            part.generation_config.cache_implementation = "quantized"
            part.generation_config.cache_config = dict(_WAYS[self.to])
        with torch.inference_mode(), Watch(module) as watch:
            call(module, material.requests("inputs")[0])
        if watch.kinds != {_LAYERS[self.to]}:
            raise UnavailableError(
                "The module keeps keys and values in {kinds}: expected {expected}. It does not ask "
                "its generation_config how to, or writes nothing for a request.",
                kinds=", ".join(sorted(watch.kinds)) or Said("nothing"),
                expected=_LAYERS[self.to],
            )
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters; the library is slow to import."""
        return 4.0 + model.facts.get("parameters", 0) / 2e7
