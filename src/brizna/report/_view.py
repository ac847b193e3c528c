"""Reading a view: a run's record with its footprint beside it, as plain JSON values."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    View = Mapping[str, Any]


_SPACES = "\u00a0\u2009\u202f"


def printable(value: Any) -> Any:
    """Return a value of a record whose texts cannot steer a terminal.

    Escape codes, line ends and marks that turn the direction of writing become visible: a name
    or a command in a record may come from anywhere.
    """
    if isinstance(value, str):
        if value.isprintable():
            return value
        return "".join(c if c.isprintable() or c in _SPACES else _visible(c) for c in value)
    if isinstance(value, dict):
        return {printable(name): printable(inner) for name, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [printable(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _visible(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


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
