"""The published numbers behind channels: what a record keeps so that a figure can be explained."""

from __future__ import annotations

from brizna.core._tables import positions
from brizna.core.factors import Factor, factor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from brizna.core.measurement import Channel

_ROOM = "brizna.meter"
_TABLES = (
    "spreads",
    "vcpu",
    "load_curve",
    "memory",
    "processors",
    "limits",
    "sensors",
    "sampled_cards",
)


def factors_behind(channels: Iterable[Channel]) -> tuple[Factor, ...]:
    """Return the factors that channels rest on, each once, in the order of their names."""
    names = {
        reference.removeprefix("factor:")
        for channel in channels
        for reference in channel.references
        if reference.startswith("factor:")
    }
    return tuple(
        factor(_ROOM, table, name)
        for name in sorted(names)
        for table in _TABLES
        if name in positions(_ROOM, table)
    )
