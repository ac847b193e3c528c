"""Spain's electric systems, as its system operator names and numbers them."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.grid._source import no_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    T = TypeVar("T")

_SYSTEMS = {
    "ES": ("peninsular", 8741),
    "ES-CN": ("canarias", 8742),
    "ES-IB": ("baleares", 8743),
    "ES-CE": ("ceuta", 8744),
    "ES-ML": ("melilla", 8745),
}


def price_named(name: str, part: str | None, known: Mapping[str, T]) -> tuple[str, T]:
    """Return the price that a person named, or the market's, and the source's number of it.

    Args:
        name: The source, for the message.
        part: What was named behind the colon.
        known: The source's numbers by the price's name.

    Raises:
        InputError: If the source has no such price.
    """
    part = part or "spot"
    if part not in known:
        raise InputError(
            "{source} has no price {part!r}: expected {known}.",
            source=name,
            part=part,
            known=", ".join(known),
        )
    return part, known[part]


def system_of(name: str, zone: str) -> tuple[str, int]:
    """Return the system's name and number; an island belongs to its archipelago's.

    Args:
        name: The source, for the message.
        zone: The zone's key.

    Raises:
        InputError: If the zone is not in Spain.
    """
    for key in (zone, "-".join(zone.split("-")[:2])):
        if key in _SYSTEMS:
            return _SYSTEMS[key]
    raise no_zone(name, zone, _SYSTEMS)
