"""OpenVINO, on the processor. What precision it really computes in is read back."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.improve._requests import feed
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
    }


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

        Of graphs of 8 bits too: what is not quantised in them is computed in that precision.
        """
        del model
        plain = (Serving(runtime=self.name, precision="fp32"),)
        if machine.has("amx_bf16", "avx512_bf16"):
            return (*plain, Serving(runtime=self.name, precision="bf16"))
        return plain

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why a precision cannot be asked for."""
        del model, machine
        if serving.precision not in _HINTS:
            return str(
                Said(
                    "it computes in {known}, not in {precision}",
                    known=", ".join(_HINTS),
                    precision=serving.precision,
                )
            )
        return None

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

        config = {
            "INFERENCE_PRECISION_HINT": _HINTS[serving.precision],
            "INFERENCE_NUM_THREADS": str(serving.threads),
            "NUM_STREAMS": "1",
            "PERFORMANCE_HINT": "LATENCY",
            **serving.options,
        }
        self._compiled = ov.Core().compile_model(path, "CPU", config)
        self._names = [one.get_any_name() for one in self._compiled.inputs]
        self._request = self._compiled.create_infer_request()

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays."""
        found = self._request.infer(feed(request, self._names))
        return tuple(found[place].copy() for place in range(len(found)))

    def used(self) -> dict[str, Any]:
        """Return the precision that is really computed in, the threads and the version."""
        import openvino as ov

        hint = str(self._compiled.get_property("INFERENCE_PRECISION_HINT"))
        return {
            "precision": _told(hint),
            "hint": hint,
            "threads": int(self._compiled.get_property("INFERENCE_NUM_THREADS")),
            "version": ov.get_version(),
        }


def _told(hint: str) -> str:
    """Return our word for one of OpenVINO's types, such as ``<Type: 'bfloat16'>``."""
    words = {"bfloat16": "bf16", "float32": "fp32", "float16": "fp16"}
    return next((ours for theirs, ours in words.items() if theirs in hint), hint)
