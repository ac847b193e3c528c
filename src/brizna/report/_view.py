"""Reading a view: a run's record with its footprint beside it, as plain JSON values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    View = Mapping[str, Any]


def part(record: View, name: str) -> View:
    """Return a part of a record that is an object; an empty one where there is none."""
    return record.get(name) or {}


def roots(view: View) -> list[View]:
    """Return the channels that a total sums: without parent, and not shown twice."""
    channels = view["measurement"]["channels"]
    return [c for c in channels if c["parent"] is None and not c["mirror_of"]]


def shares(view: View) -> list[tuple[str, float, str]]:
    """Return, for each kind of component, its share of the energy and its basis, largest first."""
    bests: dict[str, float] = {}
    bases: dict[str, str] = {}
    for channel in roots(view):
        if channel["energy_j"] is not None:
            kind = channel["kind"]
            bests[kind] = bests.get(kind, 0.0) + channel["energy_j"]["best"]
            if bases.get(kind) != "modelled":
                bases[kind] = channel["energy_j"]["basis"]
    whole = sum(bests.values())
    if not whole:
        return []
    ordered = sorted(bests, key=lambda kind: -bests[kind])
    return [(kind, bests[kind] / whole, bases[kind]) for kind in ordered]


def short_id(run_id: str) -> str:
    """Return the part of a run's id that people type: its random end."""
    return run_id.rpartition("-")[2] or run_id
