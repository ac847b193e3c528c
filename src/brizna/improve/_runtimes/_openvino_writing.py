"""OpenVINO for graphs that write token by token and keep keys and values from step to step.

OpenVINO rounds what is kept to 8 bits unless told otherwise, also where all else is fp32. So how
it is kept is always asked for here, and a variant of its own. It does so only where it has found
and fused the whole of attention, and tells the precision that was asked for also where it has
not; so the graph that it really runs is looked at.
"""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.improve._requests import arrays_of
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model
    from brizna.improve._serving import Session

GRAPH = "model.xml"
KEPT = "KV_CACHE_PRECISION"
"""OpenVINO's name for the precision in which keys and values are kept."""
_TOKENS, _MASK, _PLACES, _BEAMS = "input_ids", "attention_mask", "position_ids", "beam_idx"
_FORCED = "forced"
_HINTS = {"fp32": "f32", "bf16": "bf16"}
_NEW = 32


def refused_precision(precision: str | None, known: Mapping[str, str]) -> str | None:
    """Return why OpenVINO is not asked to compute in a precision; None if it is."""
    if precision in known:
        return None
    names = ", ".join(known)
    return str(Said("it computes in {known}, not in {precision}", known=names, precision=precision))


def writes(model: Model) -> bool:
    """Return whether a graph has the inputs of one that writes, and keeps what it has read."""
    facts = model.facts
    inputs, operators = facts.get("inputs", ()), facts.get("operators", {})
    return _TOKENS in inputs and _BEAMS in inputs and "ReadValue" in operators


class OpenVinoWriting:
    """OpenVINO, for graphs that write text token by token; how keys and values are kept is told."""

    name: ClassVar[str] = "openvino-writing"
    takes: ClassVar[tuple[str, ...]] = ("openvino",)
    distributions: ClassVar[tuple[str, ...]] = ("openvino",)
    extra: ClassVar[str] = "openvino"

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return keys and values kept as they are computed, in 8 and in 4 bits."""
        del model
        has_bf16 = machine.has("amx_bf16", "avx512_bf16")
        return tuple(
            Serving(runtime=self.name, precision=precision, options={KEPT: kept})
            for precision in ("fp32", "bf16")[: 1 + has_bf16]
            for kept in (_HINTS[precision], "u8", "u4")
        )

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why a graph cannot write, or not in a precision."""
        del machine
        if not writes(model):
            return str(Said("the graph does not write token by token"))
        return refused_precision(serving.precision, _HINTS)

    def open(self, model: Model, serving: Serving, material: Material) -> Session:
        """Compile a graph.

        Raises:
            InputError: If ``new_tokens`` below ``[data.options]`` is no number of tokens.
        """
        count = material.options.get("new_tokens", _NEW)
        if not isinstance(count, int) or count < 1:
            raise InputError(
                "new_tokens is {count!r}: expected how many tokens are written for a request, at "
                "least 1. Set it below [data.options].",
                count=count,
            )
        return OpenVinoWritingSession(model.file(GRAPH), serving, new_tokens=count)


class OpenVinoWritingSession:
    """A graph that is compiled to write."""

    def __init__(self, path: str, serving: Serving, *, new_tokens: int) -> None:
        """Compile it.

        Args:
            path: Of the graph.
            serving: How it is run.
            new_tokens: How many tokens are written for a request that forces none.

        Raises:
            InputError: If the graph asks for more than tokens.
            UnavailableError: If keys and values are not kept as asked for.
        """
        import openvino as ov

        config = {
            "INFERENCE_PRECISION_HINT": _HINTS[serving.precision],
            "INFERENCE_NUM_THREADS": str(serving.threads),
            "NUM_STREAMS": "1",
            "PERFORMANCE_HINT": "LATENCY",
            **serving.options,
        }
        self._compiled = ov.Core().compile_model(path, "CPU", config)
        self._names = {one.get_any_name() for one in self._compiled.inputs}
        unknown = self._names - {_TOKENS, _MASK, _PLACES, _BEAMS}
        if unknown:
            raise InputError(
                "The graph that writes has the inputs {unknown} too: expected none but {known}. "
                "Convert it for text alone.",
                unknown=", ".join(sorted(unknown)),
                known=f"{_TOKENS}, {_MASK}, {_PLACES}, {_BEAMS}",
            )
        self._is_fused = _is_fused(self._compiled.get_runtime_model())
        kept = serving.options.get(KEPT)
        if kept != _HINTS[serving.precision] and not self._is_fused:
            raise UnavailableError(
                "OpenVINO keeps keys and values of this graph as they are computed, not in {kept}: "
                "expected attention that it can fuse. Convert the model with "
                "scaled_dot_product_attention, what is kept right before it, and beam_idx in 32 "
                "bits.",
                kept=kept,
            )
        self._request = self._compiled.create_infer_request()
        self._new_tokens = new_tokens

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Write behind what is given, always the likeliest token, or force what is to be written.

        Args:
            request: Tokens, shape (rows, length), all rows of one length; or ``input_ids`` by name,
                with ``attention_mask`` where rows are padded in front, and ``forced``, shape (rows,
                n), to be told how likely those tokens are instead.

        Returns:
            The tokens that were written or forced, and the logarithm of each one's probability,
            both of shape (rows, n).
        """
        import numpy as np

        arrays = arrays_of(request)
        given = np.asarray(arrays.get(_TOKENS, arrays.get(0)), np.int64)
        mask = np.asarray(arrays.get(_MASK, np.ones_like(given)), np.int64)
        forced = arrays.get(_FORCED)
        count = self._new_tokens if forced is None else forced.shape[1]
        self._request.reset_state()
        tokens: list[Any] = []
        scores: list[Any] = []
        for step in range(count):
            told = _log_shares(self._step(given, mask))
            token = told.argmax(axis=-1) if forced is None else forced[:, step].astype(np.int64)
            tokens.append(token)
            scores.append(np.take_along_axis(told, token[:, None], axis=-1)[:, 0])
            given = token[:, None]
            mask = np.concatenate([mask, np.ones_like(given)], axis=1)
        return np.stack(tokens, axis=1), np.stack(scores, axis=1).astype(np.float32)

    def _step(self, given: Any, mask: Any) -> Any:
        """Return the logits behind the last of some tokens; all before them is kept already.

        Raises:
            UnavailableError: If they are no numbers, as of release 2026.4 in bf16 now and then.
        """
        import numpy as np

        every = {
            _TOKENS: given,
            _MASK: mask,
            _PLACES: np.maximum(mask.cumsum(axis=1) - 1, 0)[:, -given.shape[1] :],
            _BEAMS: np.arange(given.shape[0], dtype=np.int32),
        }
        found = self._request.infer(
            {name: array for name, array in every.items() if name in self._names}
        )
        logits = found[0][:, -1, :]
        if np.isnan(logits).any():
            raise UnavailableError(
                "OpenVINO answers a token with what is no number: expected one. Run the graph in "
                "fp32, or with another release."
            )
        return logits

    def used(self) -> dict[str, Any]:
        """Return the precision and how keys and values are kept, as read back, and the version."""
        import openvino as ov

        hint = str(self._compiled.get_property("INFERENCE_PRECISION_HINT"))
        precision = next((ours for ours, name in _HINTS.items() if name == _name_of(hint)), hint)
        kept = self._compiled.get_property(KEPT).get_type_name() if self._is_fused else precision
        return {
            "precision": precision,
            "kept": str(kept),
            "is_attention_fused": self._is_fused,
            "threads": int(self._compiled.get_property("INFERENCE_NUM_THREADS")),
            "version": ov.get_version(),
        }


def _name_of(hint: str) -> str:
    """Return OpenVINO's short name for one of its types, such as ``<Type: 'bfloat16'>``."""
    return "bf16" if "bfloat16" in hint else "f32" if "float32" in hint else hint


def _is_fused(graph: Any) -> bool:
    """Return whether all that a running graph keeps goes straight into fused attention."""

    def layer(node: Any) -> str:
        return node.get_rt_info()["layerType"].astype(str)

    found = [
        {layer(end.get_node()) for output in node.outputs() for end in output.get_target_inputs()}
        for node in graph.get_ops()
        if layer(node) == "MemoryInput"
    ]
    return bool(found) and all("ScaledDotProductAttention" in ends for ends in found)


def _log_shares(logits: Any) -> Any:
    """Return the logarithms of the probabilities that logits stand for."""
    import numpy as np

    wide = logits.astype(np.float64)
    above = wide - wide.max(axis=-1, keepdims=True)
    return above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
