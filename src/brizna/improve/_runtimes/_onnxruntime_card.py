"""ONNX Runtime on a card: through CUDA, or through an engine that TensorRT builds.

What the library does without a word is made visible here. It goes on without a provider whose
libraries cannot be loaded; it gives operators that a provider lacks to the processor, and copies
numbers there and back; and CUDA multiplies fp32 in the shorter TF32 unless told otherwise.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said, UnavailableError
from brizna.improve._requests import feed
from brizna.improve._runtimes._onnxruntime import CPU, GRAPH, OnnxRuntime, options_for
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_CUDA, _TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"
_DEVICE, _NUMBER = "cuda", 0
_LONG, _SHORT = "fp32", "tf32"
NO_DRIVER = str(Said("no NVIDIA driver is loaded"))
"""Why nothing runs on a card."""


class OnnxRuntimeCuda(OnnxRuntime):
    """ONNX Runtime, on an NVIDIA card."""

    name: ClassVar[str] = "onnxruntime-cuda"
    distributions: ClassVar[tuple[str, ...]] = ("onnxruntime-gpu",)
    extra: ClassVar[str] = ""

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return the graph's own precision, and TF32 of fp32."""
        del machine
        own = Serving(runtime=self.name, precision=model.precision)
        return (own, own.replace(precision=_SHORT)) if model.precision == _LONG else (own,)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why it cannot be run on a card."""
        if not machine.has_cuda:
            return NO_DRIVER
        if (model.precision, serving.precision) == (_LONG, _SHORT):
            return None
        return super().refuses(model, serving, machine)

    def open(self, model: Model, serving: Serving, material: Material) -> OnnxCardSession:
        """Load a graph."""
        del material
        settings = {"device_id": _NUMBER, "use_tf32": int(serving.precision == _SHORT)}
        return OnnxCardSession(model.file(GRAPH), serving, {_CUDA: settings})


class OnnxRuntimeTensorRt(OnnxRuntimeCuda):
    """ONNX Runtime with TensorRT, on an NVIDIA card. The first call builds an engine."""

    name: ClassVar[str] = "onnxruntime-tensorrt"
    compiles: ClassVar[bool] = True

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return the graph's own precision, and fp16, to which TensorRT rounds by itself."""
        del machine
        own = Serving(runtime=self.name, precision=model.precision)
        return (own, own.replace(precision="fp16")) if model.precision == _LONG else (own,)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why it cannot be run on a card."""
        if machine.has_cuda and (model.precision, serving.precision) == (_LONG, "fp16"):
            return None
        return super().refuses(model, serving, machine)

    def open(self, model: Model, serving: Serving, material: Material) -> OnnxCardSession:
        """Load a graph; TF32 is forbidden by the one way there is, before the library is loaded."""
        del material
        os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
        engine = {"device_id": _NUMBER, "trt_fp16_enable": int(serving.precision == "fp16")}
        rest = {"device_id": _NUMBER, "use_tf32": 0}
        return OnnxCardSession(model.file(GRAPH), serving, {_TENSORRT: engine, _CUDA: rest})


class OnnxCardSession:
    """A graph that is loaded on a card, with inputs and outputs copied in plain sight.

    Attributes:
        device: Such as ``cuda:0``.
    """

    def __init__(
        self,
        path: str,
        serving: Serving,
        providers: dict[str, dict[str, Any]],
        *,
        library: Any = None,
        device: str = _DEVICE,
    ) -> None:
        """Load it, and see what of it really is on the card.

        Args:
            path: Of the graph.
            serving: How it is run.
            providers: Those that are asked for, the first before the others, with their settings.
            library: The module of ONNX Runtime; imported if None.
            device: Where its numbers are kept while it computes.

        Raises:
            UnavailableError: If the first provider is not there, or none of the graph runs on it.
        """
        if library is None:
            import onnxruntime as library
        self.device = device if device == "cpu" else f"{device}:{_NUMBER}"
        self._library, self._serving, self._place = library, serving, (device, _NUMBER)
        asked = next(iter(providers))
        known = library.get_available_providers()
        if asked not in known:
            raise UnavailableError(
                "This build of ONNX Runtime has {known}: expected {asked}. Install onnxruntime-gpu "
                "for this system, without onnxruntime beside it.",
                known=", ".join(known),
                asked=asked,
            )
        options = options_for(library, serving)
        options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        every = [*providers.items(), *([] if CPU in providers else [CPU])]
        self._session = library.InferenceSession(path, options, providers=every)
        taken = self._session.get_providers()
        if asked not in taken:
            raise UnavailableError(
                "ONNX Runtime went on with {taken} alone: expected {asked}, whose libraries it "
                "cannot load. Install those of its version (CUDA, cuDNN, TensorRT).",
                taken=", ".join(taken),
                asked=asked,
            )
        self._operators = self._assigned()
        if self._operators and asked not in self._operators:
            raise UnavailableError(
                "None of the graph's operators runs by {asked}: expected some. Run it on the "
                "processor.",
                asked=asked,
            )
        self._inputs = [one.name for one in self._session.get_inputs()]
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._calls, self._copied_bytes = 0, 0

    def _assigned(self) -> dict[str, dict[str, int]]:
        """Return how often each operator was given to each provider; nothing where nobody says."""
        from collections import Counter

        ask = getattr(self._session, "get_provider_graph_assignment_info", None)
        found: dict[str, Counter[str]] = {}
        for part in [] if ask is None else ask():
            found.setdefault(part.ep_name, Counter()).update(
                node.op_type for node in part.get_nodes()
            )
        return {name: dict(counts) for name, counts in found.items()}

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays: copied there, computed, and copied back."""
        binding = self._session.io_binding()
        arrays = feed(request, self._inputs)
        for name, array in arrays.items():
            there = self._library.OrtValue.ortvalue_from_numpy(array, *self._place)
            binding.bind_ortvalue_input(name, there)
        for name in self._outputs:
            binding.bind_output(name, *self._place)
        self._session.run_with_iobinding(binding)
        found = tuple(binding.copy_outputs_to_cpu())
        self._calls += 1
        self._copied_bytes += sum(array.nbytes for array in (*arrays.values(), *found))
        return found

    def used(self) -> dict[str, Any]:
        """Return the precision, what runs where, how much is copied for a request, the version."""
        fallen = self._operators.get(CPU, {}) if self.device != "cpu" else {}
        return {
            "precision": self._serving.precision,
            "threads": self._serving.threads,
            "device": self.device,
            "providers": self._session.get_providers(),
            "operators_on_cpu": fallen if self._operators else None,
            "copied_bytes": round(self._copied_bytes / self._calls) if self._calls else None,
            "version": self._library.__version__,
        }
