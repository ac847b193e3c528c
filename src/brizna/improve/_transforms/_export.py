"""From torch to ONNX, by either of torch's exporters."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import arrays_of, at_least_two_rows, changing_axes, request_like
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._runtimes._torch import call, load_module, outputs_of, step_by_step
from brizna.improve._transform import EXPORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_OPSET = 18
DYNAMO, TORCHSCRIPT = "dynamo", "torchscript"


class ExportOnnx(Record):
    """Write a torch module as an ONNX graph whose changing axes stay free.

    Attributes:
        exporter: ``dynamo`` or ``torchscript``: they give different graphs, which matters to
            what fuses operators later.
    """

    name: ClassVar[str] = "export-onnx"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    gives: ClassVar[str] = "onnx"
    stage: ClassVar[int] = EXPORT
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("torch", "onnx", "onnxscript")
    extra: ClassVar[str] = "onnx"

    exporter: str = TORCHSCRIPT

    @classmethod
    def choices(cls) -> tuple[ExportOnnx, ...]:
        """Return it with each exporter."""
        return (cls(exporter=TORCHSCRIPT), cls(exporter=DYNAMO))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why a module cannot be exported."""
        del machine
        if model.precision not in ("fp32", "fp16"):
            return str(
                Said(
                    "its weights are {precision}, which ONNX graphs of torch do not carry",
                    precision=model.precision,
                )
            )
        if self.exporter == DYNAMO and model.facts.get("is_scripted"):
            return str(
                Said(
                    "a scripted module has no Python code to follow: the torchscript exporter does"
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Export."""
        module, requests = load_module(model, material), material.requests()
        example = at_least_two_rows(requests[0])
        axes = changing_axes(requests)
        path = os.path.join(folder, GRAPH)
        with step_by_step():
            _EXPORTERS[self.exporter](module, example, axes, path)
        return Made(kind="onnx", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters; dynamo follows every line of Python."""
        slow = 6.0 if self.exporter == DYNAMO else 2.0
        return slow + slow * model.facts.get("parameters", 0) / 2e7


def _tensors(example: Any) -> Any:
    import torch

    return request_like(
        example, {key: torch.from_numpy(array) for key, array in arrays_of(example).items()}
    )


def _names(module: Any, example: Any) -> tuple[list[str], list[str]]:
    """Return the names of the graph's inputs and outputs."""
    import torch

    with torch.inference_mode():
        count = len(outputs_of(call(module, example)))
    inputs = [f"input_{key}" if isinstance(key, int) else key for key in arrays_of(example)]
    return inputs, [f"output_{place}" for place in range(count)]


def _with_torchscript(
    module: Any, example: Any, axes: dict[str | int, tuple[int, ...]], path: str
) -> None:
    import torch

    tensors = _tensors(example)
    inputs, outputs = _names(module, example)
    free = {
        name: {axis: f"axis_{axis}" for axis in axes[key]}
        for name, key in zip(inputs, arrays_of(example), strict=True)
    }
    named = isinstance(tensors, dict)
    torch.onnx.export(
        module,
        () if named else _as_tuple(tensors),
        path,
        kwargs=tensors if named else None,
        input_names=inputs,
        output_names=outputs,
        dynamic_axes=free | {name: {0: "axis_0"} for name in outputs},
        opset_version=_OPSET,
        dynamo=False,
    )


def _with_dynamo(
    module: Any, example: Any, axes: dict[str | int, tuple[int, ...]], path: str
) -> None:
    import torch

    tensors = _tensors(example)
    inputs, outputs = _names(module, example)
    free: Any = {key: dict.fromkeys(axes[key], torch.export.Dim.DYNAMIC) for key in axes}
    named = isinstance(tensors, dict)
    torch.onnx.export(
        module,
        () if named else _as_tuple(tensors),
        path,
        kwargs=tensors if named else None,
        input_names=inputs,
        output_names=outputs,
        dynamic_shapes=free if named else tuple(free[key] for key in sorted(free, key=str)),
        opset_version=_OPSET,
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return tensors if isinstance(tensors, tuple) else (tensors,)


_EXPORTERS = {TORCHSCRIPT: _with_torchscript, DYNAMO: _with_dynamo}
