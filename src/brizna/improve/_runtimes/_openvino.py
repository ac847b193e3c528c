"""OpenVINO, on the processor. What precision it really computes in is read back."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.improve._requests import feed
from brizna.improve._runtimes._openvino_writing import refused_precision, writes
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

GRAPH, WEIGHTS = "model.xml", "model.bin"
"""Files of a model."""
_ONNX = "model.onnx"
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
FIXED, WIDENED = {"shapes": "fixed"}, {"weights": "widened"}
"""Options of our own: compile a graph for each shape of request; widen packed weights when loaded.

A graph of fixed shapes is computed with less work. Weights of few bits that are widened again and
again cost more than they save where many rows are computed at a time; the file stays as small.
"""
_SHAPES = 4
"""Shapes of requests for which a graph is compiled; those that come later share a free one."""
_PACKED = ("u8", "i8", "u4", "i4", "uint8_t", "int8_t", "uint4_t", "int4_t")


def facts_of(path: str) -> dict[str, Any]:
    """Return what steps ask about a graph: operators, inputs and outputs."""
    from collections import Counter

    import openvino as ov

    graph = ov.Core().read_model(path)
    constants = [one for one in graph.get_ops() if one.get_type_name() == "Constant"]
    sizes: Counter[str] = Counter()
    for one in constants:
        sizes[one.get_element_type().get_type_name()] += one.get_output_size() and _count(one)
    return {
        "operators": dict(Counter(one.get_type_name() for one in graph.get_ops())),
        "inputs": [one.get_any_name() for one in graph.inputs],
        "outputs": len(graph.outputs),
        "dtypes": dict(sizes),
        "has_free_shapes": any(one.get_partial_shape().is_dynamic for one in graph.inputs),
    }


def _is_packed(model: Model) -> bool:
    """Return whether weights are kept in fewer bits than they are computed in."""
    facts = model.facts
    is_rounded = bool(facts.get("operators", {}).get("FakeQuantize"))
    return not is_rounded and any(name in _PACKED for name in facts.get("dtypes", {}))


def _count(constant: Any) -> int:
    count = 1
    for length in constant.get_output_shape(0):
        count *= int(length)
    return count


class OpenVino:
    """OpenVINO."""

    name: ClassVar[str] = "openvino"
    takes: ClassVar[tuple[str, ...]] = ("openvino",)
    distributions: ClassVar[tuple[str, ...]] = ("openvino",)
    extra: ClassVar[str] = "openvino"

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return fp32, and bf16 where the processor multiplies it by itself.

        Of graphs of 8 bits too: what is not quantised in them is computed in that precision. If
        only the weights have few bits, they are widened when loaded, or each time. What OpenVINO
        does unasked comes first for a model that came in its form: so it is run today.
        """
        has_bf16 = machine.has("amx_bf16", "avx512_bf16")
        found = tuple(
            Serving(runtime=self.name, precision=precision, options=options)
            for precision in ("fp32", "bf16")[: 1 + has_bf16]
            for options in ((WIDENED, {}) if _is_packed(model) else ({},))
        )
        return found if model.steps else found[::-1]

    def further(self, model: Model) -> tuple[dict[str, Any], ...]:
        """Return a graph for each shape of request, if its own leaves them free."""
        return (FIXED,) if model.facts.get("has_free_shapes") else ()

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why a precision cannot be asked for, or a graph needs to be led step by step."""
        del machine
        if writes(model):
            return str(Said("the graph writes token by token: openvino-writing leads it"))
        return refused_precision(serving.precision, _HINTS)

    def open(self, model: Model, serving: Serving, material: Material) -> OpenVinoSession:
        """Compile a graph."""
        del material
        path = model.file(GRAPH) if os.path.exists(model.file(GRAPH)) else model.file(_ONNX)
        return OpenVinoSession(path, serving)


class OpenVinoSession:
    """A graph that is compiled."""

    def __init__(self, path: str, serving: Serving) -> None:
        """Compile it with as many threads as asked for, in the precision that is asked for."""
        import openvino as ov

        options = dict(serving.options)
        self._is_fixed = options.pop("shapes", None) == FIXED["shapes"]
        is_widened = options.pop("weights", None) == WIDENED["weights"]
        self._config = {
            "INFERENCE_PRECISION_HINT": _HINTS[serving.precision],
            "INFERENCE_NUM_THREADS": str(serving.threads),
            "NUM_STREAMS": "1",
            "PERFORMANCE_HINT": "LATENCY",
            **options,
        }
        self._core = ov.Core()
        self._graph = self._core.read_model(path)
        if is_widened:
            _widen(self._graph)
        self._names = [one.get_any_name() for one in self._graph.inputs]
        self._free = {one.get_any_name(): one.get_partial_shape() for one in self._graph.inputs}
        self._requests: dict[Any, Any] = {}
        self._compiled: Any = None if self._is_fixed else self._compile(None)

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays."""
        arrays = feed(request, self._names)
        found = self._request_for(arrays).infer(arrays)
        return tuple(found[place].copy() for place in range(len(found)))

    def _request_for(self, arrays: dict[str, Any]) -> Any:
        """Return what answers arrays of these shapes, compiled now if it is the first time."""
        key = tuple(array.shape for array in arrays.values()) if self._is_fixed else None
        if key not in self._requests:
            if len(self._requests) >= _SHAPES:
                key = None
            if key not in self._requests:
                shapes = {name: list(array.shape) for name, array in arrays.items()}
                self._compiled = self._compile(None if key is None else shapes)
                self._requests[key] = self._compiled.create_infer_request()
        return self._requests[key]

    def _compile(self, shapes: dict[str, Any] | None) -> Any:
        """Return the graph, compiled for these shapes of its inputs; for any if None."""
        if self._is_fixed:
            self._graph.reshape(self._free if shapes is None else {**self._free, **shapes})
        return self._core.compile_model(self._graph, "CPU", self._config)

    def used(self) -> dict[str, Any]:
        """Return the precision that is really computed in, the threads and the version."""
        import openvino as ov

        self._compiled = self._compiled or self._compile(None)
        hint = str(self._compiled.get_property("INFERENCE_PRECISION_HINT"))
        return {
            "precision": _told(hint),
            "hint": hint,
            "threads": int(self._compiled.get_property("INFERENCE_NUM_THREADS")),
            "version": ov.get_version(),
        }


def _widen(graph: Any) -> None:
    """Compute what hangs on constants alone: weights of few bits become wide ones."""
    from openvino import passes

    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(graph)


def _told(hint: str) -> str:
    """Return our word for one of OpenVINO's types, such as ``<Type: 'bfloat16'>``."""
    words = {"bfloat16": "bf16", "float32": "fp32", "float16": "fp16"}
    return next((ours for theirs, ours in words.items() if theirs in hint), hint)
