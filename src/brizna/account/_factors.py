"""The factors of this room's tables: facilities, hardware, water, comparisons."""

from __future__ import annotations

from functools import cache

from brizna.core._tables import Table, load
from brizna.core.errors import InputError
from brizna.core.factors import Factor, factor, factor_of_year, nearest, recognised
from brizna.core.quantities import Carbon, Energy, Water
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

ROOM = "brizna.account"


def pue(name: str = "default", *, year: int | None = None, until: int | None = None) -> Factor:
    """Return the power usage effectiveness of an operator or a kind of place.

    Args:
        name: ``google``, ``aws``, ``azure``, ``meta``, ``ovhcloud``, ``oracle``, ``public-cloud``,
            ``on-premises``, ``world`` ...; ``default`` is any place, a desk included.
        year: The year of the data; the latest there is if None.
        until: Of the latest, the last year that counts; any if None.

    Raises:
        InputError: If the name is not known; names the nearest one.
        CoverageError: If no source has a figure for that year.
    """
    names = _pue_names()
    found = names.get(name.strip().casefold())
    if found is None:
        raise InputError(
            "No PUE is known for {name!r}.{hint} Give the number itself, such as 1.2.",
            name=name,
            hint=nearest(name.strip(), names),
        )
    return factor_of_year(ROOM, "pue", found, year, until=until)


def embodied(item: str = "default-machine") -> Factor:
    """Return the embodied emissions of an item over its whole life, in kg.

    Args:
        item: The id of a row of table ``embodied``, with or without ``embodied/``.

    Raises:
        CoverageError: If the table has no such item; names the nearest one.
    """
    return factor(ROOM, "embodied", f"embodied/{item.removeprefix('embodied/')}")


def embodied_of_device(name: str) -> Factor:
    """Return the embodied emissions of the graphics card that calls itself this.

    A card that is not in the table gets ``embodied/default-gpu``, a wide interval.
    """
    return recognised(ROOM, "embodied", name) or embodied("default-gpu")


def lifetime() -> Factor:
    """Return the service life over which a machine's making is spread, in years."""
    return factor(ROOM, "coefficients", "lifetime/machine")


def water(name: str) -> Factor:
    """Return litres of water per kWh.

    Args:
        name: The id of a row of table ``water``, for example ``wue/aws`` or ``ewif/us``, with or
            without ``water/``; ``wue/default`` and ``ewif/default`` are any place.

    Raises:
        CoverageError: If the table has no such row; names the nearest one.
    """
    return factor(ROOM, "water", f"water/{name.removeprefix('water/')}")


def coefficient(name: str) -> Factor:
    """Return a constant of a published model, for example ``network/transfer``.

    Raises:
        CoverageError: If the table has no such row; names the nearest one.
    """
    return factor(ROOM, "coefficients", name)


class Equivalence(Record):
    """An everyday thing to compare with.

    Attributes:
        factor: Emissions or energy of one unit of it.
        name_en: What it is, in English; ``unit_en`` is one unit of it, ``units_en`` several.
        name_es: What it is, in Spanish; ``unit_es`` is one unit of it.
    """

    factor: Factor
    name_en: str
    name_es: str
    unit_en: str
    unit_es: str
    units_en: str
    units_es: str

    _forms: ClassVar = {"factor": Factor.from_json}


def equivalences(*, asked: bool = False, every: bool = False) -> tuple[Equivalence, ...]:
    """Return what to compare a footprint with, emissions and energies.

    Args:
        asked: Also those that somebody who asks for everyday things expects: months of a tree.
        every: Also those that are misleading when offered unasked: web searches, whole lives.
    """
    shown = ("yes", "asked") if asked else ("yes",)
    return tuple(
        Equivalence(
            factor=factor(ROOM, "equivalences", row["id"]),
            name_en=row["label_en"],
            name_es=row["label_es"],
            unit_en=row["per"],
            unit_es=row["per_es"],
            units_en=row["pers"],
            units_es=row["pers_es"],
        )
        for row in load(ROOM, "equivalences").rows
        if every or row["shown"] in shown
    )


class PublishedModel(Record):
    """What somebody published about training or using a model; None where they did not say.

    Attributes:
        id: Its id in the table.
        name: The model.
        organisation: Who made it; empty where the source does not say.
        phase: ``training``, ``inference``, ``embodied`` ...
        per: What the figures are for one of: ``run``, ``prompt``, ``image`` ...
        energy_j: Energy of one of them, in J.
        carbon_g: Emissions of one of them, in gCO2e.
        water_l: Water of one of them, in litres.
        method: How it was found, and within which boundary.
        source: Who says so.
        year: When they said so.
    """

    id: str
    name: str
    organisation: str
    phase: str
    per: str
    energy_j: float | None
    carbon_g: float | None
    water_l: float | None
    method: str
    source: str
    year: int | None


def published_models() -> tuple[PublishedModel, ...]:
    """Return the published figures that are good for a comparison, in the order of the table."""
    data = load(ROOM, "published_models")
    return tuple(
        _published(data, row) for row, cells in enumerate(data.rows) if cells["shown"] == "yes"
    )


def _published(data: Table, row: int) -> PublishedModel:
    cells = data.rows[row]
    energy, carbon = data.number(row, "value"), data.number(row, "carbon")
    water_m3 = data.number(row, "water_m3")
    return PublishedModel(
        id=cells["id"],
        name=cells["name"],
        organisation=cells["organisation"],
        phase=cells["phase"],
        per=cells["per"],
        energy_j=None if energy is None else Energy.of(energy, cells["unit"]).value,
        carbon_g=None if carbon is None else Carbon.of(carbon, cells["carbon_unit"]).value,
        water_l=None if water_m3 is None else Water.of(water_m3, "m3").value,
        method=cells["method"],
        source=cells["source"],
        year=data.whole_number(row, "year"),
    )


@cache
def _pue_names() -> Mapping[str, str]:
    return {
        name: row["id"] for row in load(ROOM, "pue").rows for name in row["names"].split() if name
    }
