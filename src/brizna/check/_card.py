"""A model card of Hugging Face as a statement: emissions in grams, and what its text says beside.

The card's head has one number, ``co2_eq_emissions``. Hardware, hours and place stand in its fields
or in the lines of the usual template (``Hardware Type``, ``Hours used``, ``Compute Region``,
``Carbon Emitted``); what they allow is a range, so that a wrong unit shows and a wrong digit may
not.
"""

from __future__ import annotations

import re

from brizna.check._rules import CARBON, FORM, failed, untold
from brizna.check._statement import Place, Stated, Statement, read_devices, state
from brizna.check._yaml import read_yaml
from brizna.core.errors import InputError, Said
from brizna.core.quantities import Carbon, Duration, Energy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.check._verdict import Verdict
    from brizna.check._yaml import Node

_FIELD = "co2_eq_emissions"
_UNITS = {
    **dict.fromkeys(("g", "gram", "grams", "gco2", "gco2eq", "gco2e"), "g"),
    **dict.fromkeys(("kg", "kgs", "kilogram", "kilograms", "kgco2", "kgco2eq", "kgco2e"), "kg"),
    **dict.fromkeys(("t", "ton", "tons", "tonne", "tonnes", "tco2eq", "tco2e"), "t"),
}
_NUMBER = r"([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)"
_EMITTED = re.compile(
    r"(?:carbon emitted|co2[a-z_ ]* emissions?|emissions of co2)\s*(?:\(in (\w+)\))?"
    rf"[*_:\s]*{_NUMBER}\s*(\w+)?",
    re.IGNORECASE,
)
_HOURS = re.compile(rf"hours used[*_:\s]*{_NUMBER}", re.IGNORECASE)
_HARDWARE = re.compile(r"hardware type[*_:\s]*([^\n*_]+)", re.IGNORECASE)
_REGION = re.compile(r"compute region[*_:\s]*([^\n*_]+)", re.IGNORECASE)
_OWN = re.compile(r"<!-- brizna:begin -->(.*?)<!-- brizna:end -->", re.DOTALL)
"""The section that brizna writes itself; its rows are those of `brizna report --as hf`."""
_OWN_ENERGY = re.compile(
    r"^\| (?:Facility energy|Energía con la instalación) \| ([0-9.,]+) (m?W|[kMG]W)h", re.MULTILINE
)
_WATTS = {"mW": 1e-3, "W": 1.0, "kW": 1e3, "MW": 1e6, "GW": 1e9}
_EMPTY = ("[more information needed]", "n/a", "unknown", "")


def is_card(text: str) -> bool:
    """Tell whether a text begins as a model card does."""
    return text.removeprefix("\ufeff").startswith("---") and "\n---" in text


def read_card(text: str, file: str) -> tuple[list[Statement], list[Verdict]]:
    """Return what a card states, and what cannot be read.

    Args:
        text: The card.
        file: Its name, for the findings.

    Raises:
        InputError: If its head is no YAML.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    ends = [at for at, line in enumerate(lines) if at and line.rstrip() == "---"]
    if not ends:
        raise InputError(
            "{file!r} has no head between two lines of ---: expected a model card.", file=file
        )
    head = read_yaml("\n".join(lines[1 : ends[0]]), first_line=2)
    body = "\n" * (ends[0] + 1) + "\n".join(lines[ends[0] + 1 :])
    stated = head[_FIELD]
    place = Place(file=file, line=stated.line, field=_FIELD)
    if stated.value is None:
        return [], [untold(CARBON, Place(file=file), Said("it states no emissions"))]
    value = stated["emissions"] if stated["emissions"].value is not None else stated
    number = value.number()
    if number is None:
        seen = Said("{text!r:.60}", text=value.text() or "")
        return [], [failed(FORM, place, seen, Said("a number of grams"))]
    carbon_g = state(number, Carbon, "g", place.replace(line=value.line))
    return [_statement(stated, carbon_g, body, place)], []


def _statement(head: Node, carbon_g: Stated, body: str, place: Place) -> Statement:
    hardware = _told(head["hardware_used"], _HARDWARE, body, place)
    where = _told(head["geographical_location"], _REGION, body, place)
    hours = _HOURS.search(body)
    duration_s = None
    if hours is not None:
        here = place.replace(line=_line(body, hours.start()), field="Hours used")
        duration_s = state(_plain(hours[1]), Duration, "h", here)
    return Statement(
        place=place,
        asks=frozenset(("carbon", "place")),
        duration_s=duration_s,
        energy_j=_own_energy(body, place),
        carbon_g=carbon_g,
        others_g=tuple(_others(body, place)),
        zone=None if where is None else (_country(where[0]), where[1]),
        devices=() if hardware is None else read_devices(*hardware),
        cards_only=hardware is not None,
    )


def _own_energy(body: str, place: Place) -> Stated | None:
    """Return the energy of the section that brizna wrote, with the site's overhead."""
    section = _OWN.search(body)
    row = None if section is None else _OWN_ENERGY.search(body, *section.span())
    if row is None:
        return None
    is_spanish = "Energía" in row[0]
    decimal, group = (",", ".") if is_spanish else (".", ",")
    try:
        written = float(row[1].replace(group, "").replace(decimal, "."))
    except ValueError:
        return None
    here = place.replace(line=_line(body, row.start()), field="text")
    return state(written * _WATTS[row[2]], Energy, "Wh", here)


def _told(
    field: Node, pattern: re.Pattern[str], body: str, place: Place
) -> tuple[str, Place] | None:
    """Return what a field of the head, or else a line of the text, says."""
    text = field.text()
    if text and text.strip().lower() not in _EMPTY:
        return text, place.replace(line=field.line)
    match = pattern.search(body)
    if match is None or match[1].strip().lower() in _EMPTY:
        return None
    return match[1].strip(), place.replace(line=_line(body, match.start()), field=None)


def _others(body: str, place: Place) -> list[Stated]:
    found: list[Stated] = []
    for match in _EMITTED.finditer(body):
        unit = _UNITS.get((match[3] or "").lower()) or _UNITS.get((match[1] or "").lower())
        if unit is not None:
            here = place.replace(line=_line(body, match.start()), field="text")
            found.append(state(_plain(match[2]), Carbon, unit, here))
    return found


def _country(text: str) -> str:
    """Return the country of a place such as ``Madrid, Spain``."""
    return text.rpartition(",")[2].strip() or text


def _plain(text: str) -> float:
    return float(text.replace(",", ""))


def _line(body: str, place: int) -> int:
    return body.count("\n", 0, place) + 1
