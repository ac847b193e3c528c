"""Eight bits in an ONNX graph, with ranges as they come or ranges that were seen before."""

from __future__ import annotations

import os
from typing import Any, ClassVar, cast

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import feed
from brizna.improve._runtimes._onnxruntime import GRAPH, facts_of
from brizna.improve._transform import SHRINK
from brizna.improve._transforms._rounded import refuse_unrounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_PRODUCTS = ("MatMul", "Gemm", "Attention", "LSTM")
_CONVOLUTIONS = ("Conv", "ConvTranspose")
_TABLES = ("Gather", "EmbedLayerNormalization")
_BRANCHES = ("If", "Loop", "Scan")
_ENDS = 2
"""Operators that stay whole where the ends do."""
_CALIBRATED = 32
"""Requests that ranges are read from: more of them change little and cost as much again."""


def _saturates(machine: Machine) -> bool:
    """Return whether sums of two products of 8 bits are cut at 16 bits here.

    So on processors of this family without VNNI: results differ from those elsewhere.
    """
    return "x86" in machine.system and not machine.has("avx512_vnni", "avx_vnni")


def _cannot(model: Model, machine: Machine, *, wanted: Sequence[str], narrow: bool) -> str | None:
    operators: dict[str, int] = model.facts.get("operators", {})
    if model.precision != "fp32":
        return str(Said("its weights are {precision} already", precision=model.precision))
    if not any(operators.get(name) for name in wanted):
        return str(
            Said("it has none of the operators that this rounds: {names}", names=", ".join(wanted))
        )
    if narrow and not _saturates(machine):
        return str(Said("sums are exact here with 8 bits: 7 would lose digits for nothing"))
    if not narrow and _saturates(machine):
        return str(
            Said(
                "sums of two products of 8 bits are cut at 16 here: only weights of 7 bits are safe"
            )
        )
    return None


class QuantizeOnnxDynamic(Record):
    """Round weights to 8 bits, for each channel by its own scale, and inputs as they come.

    Needs no data. It rounds products of matrices and recurrent layers, and tables that are looked
    up in; convolutions are left alone, whose kernels for this are slow.

    Attributes:
        narrow: Whether weights get 7 bits, for processors whose sums saturate.
    """

    name: ClassVar[str] = "quantize-onnx-dynamic"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    narrow: bool = False

    @classmethod
    def choices(cls) -> tuple[QuantizeOnnxDynamic, ...]:
        """Return it with 8 and with 7 bits; the processor decides which of them applies."""
        return (cls(narrow=False), cls(narrow=True))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to round, or why it would be wrong here."""
        return _cannot(model, machine, wanted=_PRODUCTS, narrow=self.narrow)

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Round."""
        del material
        from onnxruntime.quantization import QuantType, quantize_dynamic

        operators: dict[str, int] = model.facts["operators"]
        has_branches = any(operators.get(name) for name in _BRANCHES)
        path = os.path.join(folder, GRAPH)
        wanted = {name for name in (*_PRODUCTS, *_TABLES) if operators.get(name)}
        quantize_dynamic(
            _without_shapes(model.file(GRAPH)),
            path,
            op_types_to_quantize=sorted(wanted | ({"MatMul"} if "Gemm" in wanted else set())),
            per_channel=True,
            reduce_range=self.narrow,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": 1, "EnableSubgraph": has_branches},
        )
        return _made(path)

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + 2.0 * model.facts.get("parameters", 0) / 2e7


class QuantizeOnnxStatic(Record):
    """Round weights and what flows between operators to 8 bits, by ranges seen on data.

    Attributes:
        ends: ``8`` or ``32`` bits in the first and the last operator that multiply: mixed
            precision where they matter most.
        narrow: Whether weights get 7 bits, for processors whose sums saturate.
    """

    name: ClassVar[str] = "quantize-onnx-static"
    takes: ClassVar[tuple[str, ...]] = ("onnx",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("onnx", "onnxruntime")
    extra: ClassVar[str] = "onnx"

    ends: int = 8
    narrow: bool = False

    @classmethod
    def choices(cls) -> tuple[QuantizeOnnxStatic, ...]:
        """Return it with the ends rounded and whole; the processor decides on the bits."""
        return tuple(cls(ends=ends, narrow=narrow) for narrow in (False, True) for ends in (8, 32))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to round, or why it would be wrong here."""
        wanted = (*_CONVOLUTIONS, *_PRODUCTS[:2])
        reason = _cannot(model, machine, wanted=wanted, narrow=self.narrow)
        if reason is not None:
            return reason
        operators: dict[str, int] = model.facts["operators"]
        if any(operators.get(name) for name in _BRANCHES):
            return str(Said("it has branches or loops, inside which ranges are not read"))
        if self.ends > 8 and sum(operators.get(name, 0) for name in wanted) <= _ENDS:
            return str(Said("it has no operator that multiplies between its first and its last"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Read ranges and round."""
        from onnxruntime.quantization import QuantFormat, QuantType, quant_pre_process

        cleaned, path = os.path.join(folder, "cleaned.onnx"), os.path.join(folder, GRAPH)
        quant_pre_process(model.file(GRAPH), cleaned, skip_symbolic_shape=True)
        names: list[str] = model.facts["inputs"]
        requests = material.requests("calibration")[:_CALIBRATED]
        wanted = [*_CONVOLUTIONS, *_PRODUCTS[:2]]
        _round_static(
            cleaned,
            path,
            [feed(one, names) for one in requests],
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=wanted,
            per_channel=True,
            reduce_range=self.narrow,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_ends(cleaned, wanted) if self.ends > 8 else [],
        )
        os.unlink(cleaned)
        return _made(path)

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters: each request is computed once, and kept."""
        return 2.0 + 10.0 * model.facts.get("parameters", 0) / 2e7


def _without_shapes(path: str) -> Any:
    """Return a graph without the shapes that it says its inner values have.

    Before it rounds, ONNX Runtime turns each Gemm into a MatMul with its weights the other way
    round, whose shapes are then no longer those that exporters wrote down.
    """
    import onnx

    graph = onnx.load(path)
    del graph.graph.value_info[:]
    return graph


def _made(path: str) -> Made:
    facts = facts_of(path)
    return Made(kind="onnx", precision=refuse_unrounded(facts, "int8"), facts=facts)


def _round_static(source: str, path: str, feeds: Sequence[dict[str, Any]], **options: Any) -> None:
    """Round, without widening the scales of weights for large biases where that fails.

    ONNX Runtime compares the biases with the scales one by one, and cannot where they are no plain
    list.
    """
    from onnxruntime.quantization import quantize_static

    try:
        quantize_static(source, path, cast("Any", _Reader(feeds)), **options)
    except ValueError:
        as_they_are = {"QDQDisableWeightAdjustForInt32Bias": True}
        reader = cast("Any", _Reader(feeds))
        quantize_static(source, path, reader, extra_options=as_they_are, **options)


class _Reader:
    """Hands requests out one by one, as ONNX Runtime's calibration asks for them."""

    def __init__(self, feeds: Sequence[dict[str, Any]]) -> None:
        self._left = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)


def _ends(path: str, wanted: Sequence[str]) -> list[str]:
    import onnx

    found = [node.name for node in onnx.load(path).graph.node if node.op_type in wanted]
    return [found[0], found[-1]] if found else []
