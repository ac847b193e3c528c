"""Zones: countries, and the parts of countries that have a grid of their own."""

from __future__ import annotations

from functools import cache

from brizna.core._tables import load, positions
from brizna.core.errors import CoverageError, InputError
from brizna.core.factors import nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROOM = "brizna.grid"


class Zone(Record):
    """A grid zone.

    Attributes:
        id: Its key, for example ``ES`` or ``US-CAL-CISO``.
        country: ISO 3166-1 code of its country; None for the world.
        name_en: Its name in English.
        name_es: Its name in Spanish.
        years: The years for which a source states its intensity, rising; empty where none does.
        is_known: Whether there is an intensity at all (some sources state no year).
        note: What one has to know about it.
    """

    id: str
    country: str | None
    name_en: str
    name_es: str
    years: tuple[int, ...]
    is_known: bool
    note: str

    _forms = {"years": tuple}

    def __str__(self) -> str:
        return self.in_language("en")

    def in_language(self, lang: str) -> str:
        """Return its key and name as a message in ``es`` or ``en`` shows them."""
        return f"{self.id} ({self.name(lang)})"

    def name(self, language: str) -> str:
        """Return its name in ``es`` or ``en``."""
        return self.name_es if language == "es" else self.name_en


@cache
def zones() -> tuple[Zone, ...]:
    """Return all zones, those without an intensity too: countries first, then their parts."""
    intensities, rows = load(ROOM, "intensity"), positions(ROOM, "intensity")
    found: list[Zone] = []
    for row in load(ROOM, "zones").rows:
        known = rows.get(f"grid/{row['id']}", ())
        years = {intensities.whole_number(index, "year") for index in known}
        found.append(
            Zone(
                id=row["id"],
                country=row["country"] or None,
                name_en=row["name_en"],
                name_es=row["name_es"],
                years=tuple(sorted(year for year in years if year is not None)),
                is_known=bool(known),
                note=row["note"],
            )
        )
    return tuple(found)


def find_zone(text: str) -> Zone:
    """Return the zone that a person means: a key, an old key, an ISO code, or its name.

    Raises:
        InputError: If no zone has this name; names the nearest ones.
    """
    known = _zones_by_name()
    found = known.get(text.strip().casefold())
    if found is None:
        near = nearest(text.strip(), known, shown=known.__getitem__)
        raise InputError(
            "{text!r} is no grid zone that is known here: expected a country such as ES or Spain, "
            "or a zone such as US-CAL-CISO.{hint} Or state the carbon intensity itself: "
            "--intensity, in gCO2e/kWh.",
            text=text,
            hint=near,
        )
    return found


def alpha3(zone: str) -> str | None:
    """Return the ISO 3166-1 code of three letters of a zone's country; None where it has none."""
    country = next((known.country for known in zones() if known.id == zone), None)
    rows = load(ROOM, "zones").rows
    return next((row["iso3"] or None for row in rows if row["id"] == country), None)


def cloud_zone(provider: str, region: str) -> Zone:
    """Return the grid zone of a cloud region, for example ``cloud_zone("aws", "eu-south-2")``.

    Raises:
        InputError: If the region is not in the table; names the nearest ones.
        CoverageError: If it is, but the map does not say in which zone it stands.
    """
    data, known = load(ROOM, "cloud_regions"), positions(ROOM, "cloud_regions")
    key = f"cloud/{provider.casefold()}/{region.casefold()}"
    if key not in known:
        near = nearest(key, known, shown=lambda name: name.removeprefix("cloud/"))
        raise InputError(
            "{provider}/{region} is no cloud region that is known here.{hint} Give the grid zone "
            "instead.",
            provider=provider,
            region=region,
            hint=near,
        )
    zone = next((data.rows[row]["zone"] for row in known[key] if data.rows[row]["zone"]), "")
    if not zone:
        raise CoverageError(
            "The grid zone of {provider}/{region} is not known: give the zone.",
            provider=provider,
            region=region,
        )
    return find_zone(zone)


@cache
def _zones_by_name() -> Mapping[str, Zone]:
    """Every way to write a zone, folded: keys win over ISO codes, those over names."""
    by_id = {zone.id: zone for zone in zones()}
    found: dict[str, Zone] = {}
    for zone in by_id.values():
        for name in (zone.name_en, zone.name_es):
            found.setdefault(name.casefold(), zone)
    for row in load(ROOM, "zones").rows:
        if row["iso3"]:
            found[row["iso3"].casefold()] = by_id[row["id"]]
    for row in load(ROOM, "zone_aliases").rows:
        found[row["id"].casefold()] = by_id[row["zone"]]
    return {**found, **{key.casefold(): zone for key, zone in by_id.items()}}
