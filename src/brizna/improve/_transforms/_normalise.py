"""An ONNX graph as optimisers and quantisers expect it."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import CLEAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_OPSET = 18


class NormaliseOnnx(Record):
    """Bring a graph to a newer opset, make constants initialisers, and write the shapes in.

    Attributes:
        opset: Version of the operators; a graph that is newer stays as it is.
    """

    name: ClassVar[str] = "normalise"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = CLEAN
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("onnx",)
    extra: ClassVar[str] = "onnx"

    opset: int = _OPSET

    @classmethod
    def choices(cls) -> tuple[NormaliseOnnx, ...]:
        """Return it."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to bring in order."""
        del machine
        operators: dict[str, int] = model.facts.get("operators", {})
        if model.facts.get("opset", 0) >= self.opset and not operators.get("Constant"):
            return str(
                Said(
                    "its opset is {opset} and its constants are initialisers",
                    opset=model.facts.get("opset"),
                )
            )
        return None

    def only_mends(self, model: Model) -> bool:
        """Return whether it does nothing for the graph but let a step read it that could not."""
        return model.facts.get("opset", 0) >= self.opset

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Bring it in order."""
        del material
        import onnx
        from onnx import version_converter

        graph = onnx.load(model.file(GRAPH))
        if facts_of(model.file(GRAPH))["opset"] < self.opset:
            graph = version_converter.convert_version(graph, self.opset)
        lift_constants(graph.graph)
        graph = onnx.shape_inference.infer_shapes(graph)
        path = os.path.join(folder, GRAPH)
        onnx.save(graph, path)
        return Made(kind="onnx", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 0.5 + model.facts.get("parameters", 0) / 2e7


def lift_constants(graph: Any) -> None:
    """Make initialisers of the tensors that Constant nodes of the outermost graph give.

    Those inside branches and loops stay: initialisers of an outer graph are seen there anyway.
    """
    kept: list[Any] = []
    for node in graph.node:
        tensor = _tensor_of(node) if node.op_type == "Constant" else None
        if tensor is None:
            kept.append(node)
        else:
            graph.initializer.append(tensor)
    del graph.node[:]
    graph.node.extend(kept)


def _tensor_of(node: Any) -> Any:
    """Return what a Constant node gives, under the name it gives it; None for text and sparse."""
    import numpy as np
    from onnx import helper, numpy_helper

    attribute = node.attribute[0]
    kinds = {"value_float": np.float32, "value_floats": np.float32}
    kinds |= {"value_int": np.int64, "value_ints": np.int64}
    if attribute.name == "value":
        return numpy_helper.from_array(numpy_helper.to_array(attribute.t), node.output[0])
    if attribute.name not in kinds:
        return None
    values = np.asarray(helper.get_attribute_value(attribute), dtype=kinds[attribute.name])
    return numpy_helper.from_array(values, node.output[0])
