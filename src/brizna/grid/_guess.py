"""A guess at the zone from the clock's time zone, offline."""

from __future__ import annotations

from brizna.core._tables import load, positions
from brizna.core.records import Record
from brizna.grid._zones import ROOM, find_zone


class Guess(Record):
    """A zone that was guessed, not declared: account for it with ``guessed=True``.

    Attributes:
        zone: The zone whose figure is taken: the country's, or ``WORLD`` where it has none.
        country: ISO 3166-1 code of the time zone's country.
        time_zone: The time zone it was guessed from.
    """

    zone: str
    country: str
    time_zone: str


def guess_zone(time_zone: str) -> Guess | None:
    """Return the zone of a time zone's country, or None where the time zone has no country.

    Works from a table in the package, the same everywhere: many machines keep no time zones, and
    those that do keep different versions. ``UTC``, ``Etc/...``, ``CET`` and unknown names are
    None: the caller must then ask, or say that the carbon is not known.

    Args:
        time_zone: An IANA name such as ``Europe/Madrid``; a leading colon, ``posix/`` and a path
            into a time zone folder are understood, as in the variable TZ.
    """
    name = _bare(time_zone)
    rows = positions(ROOM, "time_zones").get(name)
    if rows is None:
        return None
    country = load(ROOM, "time_zones").rows[rows[0]]["country"]
    zone = find_zone(country)
    return Guess(zone=zone.id if zone.is_known else "WORLD", country=country, time_zone=name)


def _bare(name: str) -> str:
    """Return the IANA name in a value of TZ or in a path into a time zone folder."""
    text = name.strip().removeprefix(":")
    before, _, inside = text.rpartition("zoneinfo/")
    text = inside if before else text
    return text.removeprefix("posix/").removeprefix("right/")
