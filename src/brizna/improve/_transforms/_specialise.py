"""An ONNX graph for the shapes and settings that it is really asked with."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import arrays_of, changing_axes
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import CLEAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_CHOOSES = ("If", "Loop", "Scan")


class SpecialiseOnnx(Record):
    """Write what never changes into a graph, and fold what follows from it.

    Lengths of axes on which all representative requests agree are fixed, and inputs of a single
    number that is always the same become constants, so that branches on them are decided once and
    for all: other runtimes and quantisers read graphs without branches only. The graph then
    answers such requests alone.

    Attributes:
        rows: ``free``, or ``fixed`` to fix the number of rows of a request too.
    """

    name: ClassVar[str] = "specialise-onnx"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = CLEAN + 5
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    rows: str = "free"

    @classmethod
    def choices(cls) -> tuple[SpecialiseOnnx, ...]:
        """Return it both ways."""
        return (cls(rows="free"), cls(rows="fixed"))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to decide once and for all."""
        del machine
        operators: dict[str, int] = model.facts.get("operators", {})
        if model.precision not in ("fp32", "fp16"):
            return str(
                Said(
                    "its weights are {precision}: specialise before the bits are changed",
                    precision=model.precision,
                )
            )
        if not any(operators.get(name) for name in _CHOOSES):
            return str(Said("it has no branches that shapes and settings could decide"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Fix, and fold."""
        import onnx

        graph = onnx.load(model.file(GRAPH))
        requests = material.requests()
        settle(graph.graph, requests)
        take_branches(graph.graph)
        fix_lengths(graph.graph, requests, rows=self.rows == "fixed")
        path = os.path.join(folder, GRAPH)
        fold(graph, path)
        return Made(kind="onnx", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + model.facts.get("parameters", 0) / 2e7


def settle(graph: Any, requests: Sequence[Any]) -> None:
    """Make constants of inputs of one number that is the same in all requests."""
    from onnx import helper, numpy_helper

    for key, array in arrays_of(requests[0]).items():
        every = [arrays_of(request)[key] for request in requests]
        if array.ndim or any(one != array for one in every):
            continue
        name = _name(graph, key)
        node = helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
        graph.node.insert(0, node)
        kept = [one for one in graph.input if one.name != name]
        del graph.input[:]
        graph.input.extend(kept)


def take_branches(graph: Any) -> None:
    """Replace each branching that constants decide by the branch that is taken.

    Done here and not left to ONNX Runtime, which dies of a branching inside a branch.
    """
    place = 0
    while place < len(graph.node):
        node = graph.node[place]
        chosen = _decided(graph, node.input[0]) if node.op_type == "If" else None
        if chosen is None:
            place += 1
            continue
        name = "then_branch" if chosen else "else_branch"
        branch = next(one.g for one in node.attribute if one.name == name)
        graph.initializer.extend(branch.initializer)
        given = [
            *branch.node,
            *(
                _identity(inner.name, outer)
                for inner, outer in zip(branch.output, node.output, strict=True)
            ),
        ]
        nodes = [*graph.node[:place], *given, *graph.node[place + 1 :]]
        del graph.node[:]
        graph.node.extend(nodes)


def _decided(graph: Any, name: str) -> bool | None:
    """Return the value of a condition that hangs on constants alone; None if it does not."""
    import onnx
    from onnx import helper
    from onnx.reference import ReferenceEvaluator

    makers = {output: place for place, node in enumerate(graph.node) for output in node.output}
    constants = {one.name: one for one in graph.initializer}
    places, used = set[int](), dict[str, Any]()
    wanted = [name]
    while wanted:
        each = wanted.pop()
        if each in constants:
            used[each] = constants[each]
        elif each in makers and graph.node[makers[each]].op_type != "If":
            if makers[each] not in places:
                places.add(makers[each])
                wanted += filter(None, graph.node[makers[each]].input)
        else:
            return None
    nodes = [graph.node[place] for place in sorted(places)]
    output = helper.make_tensor_value_info(name, onnx.TensorProto.BOOL, None)
    part = helper.make_graph(nodes, "condition", [], [output], list(used.values()))
    found: Any = ReferenceEvaluator(helper.make_model(part)).run(None, {})
    return bool(found[0].item())


def _identity(source: str, target: str) -> Any:
    from onnx import helper

    return helper.make_node("Identity", [source], [target])


def fix_lengths(graph: Any, requests: Sequence[Any], *, rows: bool) -> None:
    """Write the lengths of axes that never change into the inputs of a graph.

    Args:
        graph: Changed in place.
        requests: Representative ones.
        rows: Whether the first axis is one of them, if all requests agree on it.
    """
    free = changing_axes(requests)
    inputs = {one.name: one for one in graph.input}
    for key, array in arrays_of(requests[0]).items():
        if _name(graph, key) not in inputs:
            continue
        lengths = {arrays_of(request)[key].shape[:1] for request in requests}
        for axis, place in enumerate(inputs[_name(graph, key)].type.tensor_type.shape.dim):
            is_same = axis not in free[key] or (axis == 0 and rows and len(lengths) == 1)
            if is_same:
                place.dim_value = array.shape[axis]


def fold(graph: Any, path: str) -> None:
    """Write a graph with all that is constant computed, and decided branches taken."""
    import onnx
    import onnxruntime as ort

    del graph.graph.value_info[:]
    options = ort.SessionOptions()
    options.optimized_model_filepath = path
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.log_severity_level = 3
    ort.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True), path)


def _name(graph: Any, key: str | int) -> str:
    return graph.input[key].name if isinstance(key, int) else key
