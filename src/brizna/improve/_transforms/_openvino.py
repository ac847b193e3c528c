"""To OpenVINO's own form, from torch or from an ONNX graph."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import arrays_of, at_least_two_rows, request_like
from brizna.improve._runtimes._onnxruntime import GRAPH as ONNX_GRAPH
from brizna.improve._runtimes._openvino import GRAPH, facts_of
from brizna.improve._runtimes._torch import load_module, step_by_step
from brizna.improve._transform import CONVERT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model


class ConvertOpenVino(Record):
    """Write a model in OpenVINO's form.

    Attributes:
        weights: ``fp16`` to keep the weights in half the bytes, ``fp32`` to keep them whole.
    """

    name: ClassVar[str] = "convert-openvino"
    takes: ClassVar[tuple[str, ...]] = ("torch", "onnx")
    gives: ClassVar[str] = "openvino"
    stage: ClassVar[int] = CONVERT
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("openvino",)
    extra: ClassVar[str] = "openvino"

    weights: str = "fp16"

    @classmethod
    def choices(cls) -> tuple[ConvertOpenVino, ...]:
        """Return it with half weights, which halve the file and are widened when it is loaded."""
        return (cls(weights="fp16"),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why a model cannot be converted."""
        del machine
        if model.kind == "torch" and model.precision != "fp32":
            return str(
                Said(
                    "its weights are {precision}: OpenVINO is given whole ones, and casts",
                    precision=model.precision,
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Convert."""
        import openvino as ov

        path = os.path.join(folder, GRAPH)
        if model.kind == "onnx":
            graph: Any = ov.convert_model(model.file(ONNX_GRAPH))
        else:
            import torch

            example = at_least_two_rows(material.requests()[0])
            tensors = request_like(
                example, {key: torch.from_numpy(array) for key, array in arrays_of(example).items()}
            )
            with step_by_step():
                graph = ov.convert_model(load_module(model, material), example_input=tensors)
        ov.save_model(graph, path, compress_to_fp16=self.weights == "fp16")
        return Made(kind="openvino", precision=model.precision, facts=facts_of(path))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 2.0 * model.facts.get("parameters", 0) / 2e7
