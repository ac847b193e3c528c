"""From scikit-learn to ONNX: an estimator's arithmetic without the Python around it."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import InfeasibleError
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import arrays_of
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._runtimes._sklearn import load_estimator
from brizna.improve._transform import EXPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_REQUEST, _ANSWER = "request", "answer"


class ExportSklearn(Record):
    """Write a fitted estimator, or a pipeline of them, as an ONNX graph.

    The graph gives what the estimator is asked for here: the probabilities of the classes where it
    has them, else its prediction. It computes in fp32, whatever numbers requests have.
    """

    name: ClassVar[str] = "export-sklearn"
    takes: ClassVar[tuple[str, ...]] = ("sklearn",)
    gives: ClassVar[str] = "onnx"
    stage: ClassVar[int] = EXPORT
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("scikit-learn", "onnx", "skl2onnx")
    extra: ClassVar[str] = "sklearn"

    @classmethod
    def choices(cls) -> tuple[ExportSklearn, ...]:
        """Return it."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return None: which estimators can be written, the library knows."""
        del model, machine

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Export.

        Raises:
            InfeasibleError: If requests are not single tables of numbers, or the estimator answers
                several targets at once.
        """
        import numpy as np
        import onnx
        from skl2onnx import to_onnx

        estimator = load_estimator(model, material)
        example = _table(material.requests()[0])[:1]
        ask = getattr(estimator, "predict_proba", None)
        found: Any = (ask or estimator.predict)(example)
        if isinstance(found, list):
            raise InfeasibleError(
                "The estimator answers {count} targets at once: expected one, as its graph would "
                "answer otherwise. Leave export-sklearn out.",
                count=len(found),  # pyright: ignore[reportUnknownArgumentType]
            )
        # probabilities as a table, not as a list of dictionaries
        options = {"zipmap": False} if ask else None
        graph: Any = to_onnx(estimator, example.astype(np.float32), options=options)
        _widen(graph, onnx.helper.np_dtype_to_tensor_dtype(example.dtype))
        _keep(graph, place=1 if ask else 0, axes=found.ndim)
        path = os.path.join(folder, GRAPH)
        onnx.save(graph, path)
        return Made(kind="onnx", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the size, which is that of the trees for most."""
        return 3.0 + model.size_bytes / 2e6


def _table(request: Any) -> Any:
    """Return a request's only array.

    Raises:
        InfeasibleError: If it is not one table of numbers.
    """
    arrays = list(arrays_of(request).values())
    if len(arrays) != 1 or arrays[0].ndim != 2 or arrays[0].dtype.kind not in "fiu":
        raise InfeasibleError(
            "A request is no single table of numbers: expected an array of rows and columns, as a "
            "graph has a fixed kind for each input. Leave export-sklearn out.",
        )
    return arrays[0]


def _widen(graph: Any, kind: int) -> None:
    """Let a graph take numbers of another kind than it computes in."""
    import onnx

    taken = graph.graph.input[0].type.tensor_type
    if taken.elem_type == kind:
        return
    inside, taken.elem_type = graph.graph.input[0].name, kind
    graph.graph.input[0].name = _REQUEST
    node = onnx.helper.make_node("Cast", [_REQUEST], [inside], to=onnx.TensorProto.FLOAT)
    graph.graph.node.insert(0, node)


def _keep(graph: Any, *, place: int, axes: int) -> None:
    """Leave one output of a graph, with as many axes as the estimator's answer has."""
    import onnx

    outputs = graph.graph.output
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(outputs[place])
    del outputs[:]
    if axes == 1 and len(kept.type.tensor_type.shape.dim) > 1:
        flat = onnx.helper.make_tensor("flat", onnx.TensorProto.INT64, [1], [-1])
        graph.graph.initializer.append(flat)
        graph.graph.node.append(onnx.helper.make_node("Reshape", [kept.name, "flat"], [_ANSWER]))
        kind = kept.type.tensor_type.elem_type
        kept = onnx.helper.make_tensor_value_info(_ANSWER, kind, [None])
    outputs.append(kept)
