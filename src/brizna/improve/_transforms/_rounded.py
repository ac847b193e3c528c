"""What a graph shows of the bits that its weights are kept in, whatever a step was asked for."""

from __future__ import annotations

from brizna.core.errors import InfeasibleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NUMBERS = ("int8", "uint8", "int4", "uint4", "i8", "u8", "i4", "u4")
_NUMBERS_OF_OPENVINO = tuple(f"{name}_t" for name in _NUMBERS[:4])
_OPERATORS = ("quantize", "nbits")
"""What stands in the names of operators that round, or take what was rounded."""


def refuse_unrounded(facts: Mapping[str, Any], precision: str) -> str:
    """Return the precision of a graph that a step rounded, if it rounded anything.

    Args:
        facts: Of the graph that it wrote: ``operators`` and ``dtypes``.
        precision: Of what it rounds.

    Raises:
        InfeasibleError: If nothing in the graph has fewer bits: it is the one that was given.
    """
    operators, numbers = facts.get("operators", {}), facts.get("dtypes", {})
    has_few = any(name in (*_NUMBERS, *_NUMBERS_OF_OPENVINO) for name in numbers)
    if has_few or any(part in name.lower() for name in operators for part in _OPERATORS):
        return precision
    raise InfeasibleError(
        "Nothing in the graph was rounded to {precision}: expected an operator that multiplies by "
        "weights and is not left whole. Leave this step out.",
        precision=precision,
    )
