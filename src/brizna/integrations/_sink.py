"""What every tracker is told of a run that has ended, beside its numbers."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_PREFIX = "brizna."


def facts(view: Mapping[str, Any]) -> dict[str, str]:
    """Return what lets a reader find the record, and weigh its figures; what is not known is left.

    Args:
        view: The run with its footprint.
    """
    roots = [c for c in view["measurement"]["channels"] if c["parent"] is None]
    footprint: Mapping[str, Any] = view["footprint"] or {}
    found = {
        "run": view["id"],
        "state": view["state"],
        "methods": ", ".join(sorted({channel["method"] for channel in roots})),
        "basis": (view["measurement"]["energy_j"] or {}).get("basis"),
        "zone": view["site"].get("zone"),
        "footprint_of": footprint.get("view", "machine" if footprint else None),
        "factor_set": footprint.get("factor_set"),
        "version": view["brizna"],
    }
    return {_PREFIX + name: str(value) for name, value in found.items() if value}
