"""ONNX Runtime, on the processor."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.improve._requests import feed
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model
    from brizna.improve._serving import Session

GRAPH, CPU = "model.onnx", "CPUExecutionProvider"
"""File of a model; what computes it on the processor."""


def facts_of(path: str) -> dict[str, Any]:
    """Return what steps ask about a graph: operators, opset, inputs and outputs, numbers."""
    from collections import Counter

    import onnx

    graph = onnx.load(path, load_external_data=False)
    constants = {one.name for one in graph.graph.initializer}
    name_of = onnx.TensorProto.DataType.Name
    sizes: Counter[str] = Counter()
    for one in graph.graph.initializer:
        count = 1
        for length in one.dims:
            count *= length
        sizes[name_of(one.data_type).lower()] += count
    return {
        "operators": dict(Counter(_operators(graph.graph))),
        "opset": max(one.version for one in graph.opset_import if one.domain in ("", "ai.onnx")),
        "inputs": [one.name for one in graph.graph.input if one.name not in constants],
        "outputs": [one.name for one in graph.graph.output],
        "dtypes": dict(sizes),
        "parameters": sum(sizes.values()),
    }


def _operators(graph: Any) -> list[str]:
    """Return the operators of a graph, those inside branches and loops as well."""
    found: list[str] = []
    for node in graph.node:
        found.append(node.op_type)
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                found += _operators(inner)
    return found


class OnnxRuntime:
    """ONNX Runtime."""

    name: ClassVar[str] = "onnxruntime"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    distributions: ClassVar[tuple[str, ...]] = ("onnxruntime|onnxruntime-gpu",)
    extra: ClassVar[str] = "onnx"

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return one: it computes in the precision of the graph."""
        del machine
        return (Serving(runtime=self.name, precision=model.precision),)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why a graph cannot be run in a precision that is not its own."""
        del machine
        if serving.precision != model.precision:
            return str(
                Said(
                    "it computes in the graph's own precision, which is {precision}",
                    precision=model.precision,
                )
            )
        return None

    def open(self, model: Model, serving: Serving, material: Material) -> Session:
        """Load a graph."""
        del material
        return OnnxSession(model.file(GRAPH), serving)


def options_for(library: Any, serving: Serving) -> Any:
    """Return ONNX Runtime's options for as many threads as asked for, which do not spin."""
    options = library.SessionOptions()
    options.intra_op_num_threads = serving.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class OnnxSession:
    """A graph that is loaded."""

    def __init__(self, path: str, serving: Serving) -> None:
        """Load it."""
        import onnxruntime as ort

        self._session = ort.InferenceSession(path, options_for(ort, serving), providers=[CPU])
        self._names = [one.name for one in self._session.get_inputs()]
        self._serving = serving

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays."""
        return tuple(self._session.run(None, feed(request, self._names)))

    def used(self) -> dict[str, Any]:
        """Return the precision, the threads, the provider and the version."""
        import onnxruntime as ort

        return {
            "precision": self._serving.precision,
            "threads": self._serving.threads,
            "providers": self._session.get_providers(),
            "version": ort.__version__,
        }
