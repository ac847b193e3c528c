"""Operators of an ONNX graph that are computed together."""

from __future__ import annotations

import os
from typing import ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import FUSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

RUNTIME, TRANSFORMER = "runtime", "transformer"


class FuseOnnx(Record):
    """Fuse operators and fold constants, once and for all instead of each time it is loaded.

    The graph then uses operators that only ONNX Runtime has.

    Attributes:
        by: ``runtime`` for what ONNX Runtime does to any graph when it loads it; ``transformer``
            for its further patterns of attention, GELU and normalisation.
    """

    name: ClassVar[str] = "fuse-onnx"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = FUSE
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    by: str = RUNTIME

    @classmethod
    def choices(cls) -> tuple[FuseOnnx, ...]:
        """Return it both ways."""
        return (cls(by=TRANSFORMER), cls(by=RUNTIME))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to fuse that loading it would not fuse."""
        del machine
        operators: dict[str, int] = model.facts.get("operators", {})
        if model.precision != "fp32":
            return str(
                Said(
                    "its weights are {precision}: fuse before the bits are changed",
                    precision=model.precision,
                )
            )
        has_attention = operators.get("Softmax") and operators.get("MatMul")
        if self.by == TRANSFORMER and not has_attention:
            return str(Said("it has no attention: no Softmax between products of matrices"))
        if self.by == RUNTIME and has_attention:
            return str(
                Said("loading it fuses the same, and quantisers do not know the fused operators")
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Fuse."""
        del material
        path = os.path.join(folder, GRAPH)
        if self.by == TRANSFORMER:
            _fuse_attention(model.file(GRAPH), path)
        else:
            _fuse_as_loaded(model.file(GRAPH), path)
        return Made(kind="onnx", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 2.0 * model.facts.get("parameters", 0) / 2e7


def _fuse_attention(source: str, path: str) -> None:
    from onnxruntime.transformers import optimizer

    fused = optimizer.optimize_model(source, model_type="bert", num_heads=0, hidden_size=0)
    fused.save_model_to_file(path)


def _fuse_as_loaded(source: str, path: str) -> None:
    """Let ONNX Runtime write what it makes of a graph, but for layouts of this very processor."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.optimized_model_filepath = path
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 3
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
