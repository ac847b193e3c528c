"""Four bits in the weights of an ONNX graph."""

from __future__ import annotations

import os
from typing import ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import SHRINK
from brizna.improve._transforms._rounded import refuse_unrounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_COMPUTE_IN_8 = 4
"""The library's number for: round the inputs of these products to 8 bits as they come."""


class ShrinkWeightsOnnx(Record):
    """Keep the weights of products of matrices in 4 or 8 bits, blocks of 32 by one scale.

    It saves memory traffic where one row is computed at a time; with many rows, it costs.

    Attributes:
        bits: Of each weight.
    """

    name: ClassVar[str] = "shrink-weights-onnx"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    bits: int = 4

    @classmethod
    def choices(cls) -> tuple[ShrinkWeightsOnnx, ...]:
        """Return it with 4 bits."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to shrink."""
        del machine
        if model.precision != "fp32":
            return str(Said("its weights are {precision} already", precision=model.precision))
        operators: dict[str, int] = model.facts.get("operators", {})
        return None if operators.get("MatMul") else str(Said("it has no product of matrices"))

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Shrink."""
        del material
        import logging

        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        logging.getLogger("onnxruntime").setLevel(logging.WARNING)  # it tells of each operator
        work = MatMulNBitsQuantizer(
            onnx.load(model.file(GRAPH)),
            bits=self.bits,
            block_size=32,
            is_symmetric=True,
            accuracy_level=_COMPUTE_IN_8,
        )
        work.process()
        path = os.path.join(folder, GRAPH)
        work.model.save_model_to_file(path, use_external_data_format=False)
        facts = facts_of(path)
        precision = refuse_unrounded(facts, f"int{self.bits}")
        return Made(kind="onnx", precision=precision, facts=facts)

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 4.0 * model.facts.get("parameters", 0) / 2e7
