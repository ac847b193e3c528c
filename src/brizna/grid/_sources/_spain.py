"""Spain's electric systems, as its system operator names and numbers them."""

from __future__ import annotations

from brizna.grid._source import no_zone

_SYSTEMS = {
    "ES": ("peninsular", 8741),
    "ES-CN": ("canarias", 8742),
    "ES-IB": ("baleares", 8743),
    "ES-CE": ("ceuta", 8744),
    "ES-ML": ("melilla", 8745),
}


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
