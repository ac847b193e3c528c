"""Eight and four bits in OpenVINO's form."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import feed
from brizna.improve._runtimes._openvino import GRAPH, facts_of
from brizna.improve._transform import SHRINK
from brizna.improve._transforms._rounded import refuse_unrounded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

PLAIN, TRANSFORMER = "plain", "transformer"
_CALIBRATED = 32
_MULTIPLY = ("MatMul", "Convolution", "GroupConvolution", "LSTMSequence", "GRUSequence", "LSTMCell")


class QuantizeOpenVino(Record):
    """Round weights and what flows between operators to 8 bits, by ranges seen on data.

    Attributes:
        scheme: ``plain``, or ``transformer``, which smooths the inputs of products and keeps
            whole what attention does not stand to have rounded.
    """

    name: ClassVar[str] = "quantize-openvino"
    takes: ClassVar[tuple[str, ...]] = ("openvino",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("inputs",)
    distributions: ClassVar[tuple[str, ...]] = ("openvino", "nncf")
    extra: ClassVar[str] = "openvino"

    scheme: str = PLAIN

    @classmethod
    def choices(cls) -> tuple[QuantizeOpenVino, ...]:
        """Return it in both schemes; the graph decides which of them applies."""
        return (cls(scheme=TRANSFORMER), cls(scheme=PLAIN))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to round, or why the other scheme is the one for it."""
        del machine
        if model.precision != "fp32":
            return str(Said("its weights are {precision} already", precision=model.precision))
        operators: dict[str, int] = model.facts.get("operators", {})
        if not any(operators.get(name) for name in _MULTIPLY):
            return str(
                Said(
                    "it has none of the operators that this rounds: {names}",
                    names=", ".join(_MULTIPLY),
                )
            )
        attends = bool(
            operators.get("ScaledDotProductAttention")
            or (operators.get("Softmax") and operators.get("MVN"))
            or (operators.get("Softmax", 0) > 1 and operators.get("MatMul"))
        )
        if attends != (self.scheme == TRANSFORMER):
            return str(Said("it has attention") if attends else Said("it has no attention"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Read ranges and round."""
        import nncf
        import openvino as ov

        nncf.set_log_level(40)
        names: list[str] = model.facts["inputs"]
        feeds = [feed(one, names) for one in material.requests("calibration")[:_CALIBRATED]]
        kind = nncf.ModelType.TRANSFORMER if self.scheme == TRANSFORMER else None
        graph = nncf.quantize(
            ov.Core().read_model(model.file(GRAPH)),
            nncf.Dataset(feeds),
            model_type=kind,
            subset_size=len(feeds),
        )
        return _saved(graph, folder, "int8")

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters: each request is computed several times."""
        return 4.0 + 8.0 * _numbers(model) / 2e7


class ShrinkWeightsOpenVino(Record):
    """Keep weights in 8 or 4 bits, and compute as before.

    Attributes:
        bits: 8, for each channel by its own scale; or 4, groups of 64 by one, or smaller ones
            where a layer's width asks for it, with the first and the last layer in 8.
    """

    name: ClassVar[str] = "shrink-weights-openvino"
    takes: ClassVar[tuple[str, ...]] = ("openvino",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("openvino", "nncf")
    extra: ClassVar[str] = "openvino"

    bits: int = 8

    @classmethod
    def choices(cls) -> tuple[ShrinkWeightsOpenVino, ...]:
        """Return it with 8 and with 4 bits."""
        return (cls(bits=8), cls(bits=4))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to shrink."""
        del machine
        if model.precision != "fp32":
            return str(Said("its weights are {precision} already", precision=model.precision))
        operators: dict[str, int] = model.facts.get("operators", {})
        wanted = ("MatMul", "Gather") if self.bits == 8 else ("MatMul",)
        if not any(operators.get(name) for name in wanted):
            return str(Said("it has no product of matrices whose weights this keeps in fewer bits"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Shrink."""
        del material
        import nncf
        import openvino as ov

        nncf.set_log_level(40)
        modes = nncf.CompressWeightsMode
        graph = ov.Core().read_model(model.file(GRAPH))
        if self.bits == 8:
            graph = nncf.compress_weights(graph, mode=modes.INT8_ASYM)
        else:
            adjust = nncf.AdvancedCompressionParameters(
                group_size_fallback_mode=nncf.GroupSizeFallbackMode.ADJUST
            )
            graph = nncf.compress_weights(
                graph,
                mode=modes.INT4_SYM,
                group_size=64,
                ratio=1.0,
                advanced_parameters=adjust,
            )
        return _saved(graph, folder, f"int{self.bits}")

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 3.0 + 2.0 * _numbers(model) / 2e7


def _saved(graph: Any, folder: str, precision: str) -> Made:
    import openvino as ov

    path = os.path.join(folder, GRAPH)
    ov.save_model(graph, path)
    facts = facts_of(path)
    return Made(kind="openvino", precision=refuse_unrounded(facts, precision), facts=facts)


def _numbers(model: Model) -> int:
    sizes: dict[str, int] = model.facts.get("dtypes", {})
    return sum(sizes.values())
