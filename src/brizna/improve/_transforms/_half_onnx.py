"""Half as many bits in each number of an ONNX graph."""

from __future__ import annotations

import os
from typing import ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import SHRINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model


class HalfOnnx(Record):
    """Keep a graph's weights, and compute where the device can, in fp16; inputs stay as they are.

    ONNX Runtime widens most of it again on processors: there it saves room, not work.
    """

    name: ClassVar[str] = "half-onnx"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    @classmethod
    def choices(cls) -> tuple[HalfOnnx, ...]:
        """Return it."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why it cannot be halved."""
        del machine
        if model.precision != "fp32":
            return str(Said("its weights are {precision} already", precision=model.precision))
        is_inside = "Constant" in model.facts["operators"]
        if not model.facts["dtypes"].get("float") and not is_inside:
            return str(Said("it has no weights of fp32 to halve"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Halve it."""
        del material
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16

        halved = convert_float_to_float16(onnx.load(model.file(GRAPH)), keep_io_types=True)
        path = os.path.join(folder, GRAPH)
        onnx.save(halved, path)
        return Made(kind="onnx", precision="fp16", facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 2.0 * model.facts.get("parameters", 0) / 2e7
