"""CodeCarbon's ``emissions.csv``, of versions 1 to 3, as statements.

Energies are kWh and hold the PUE, emissions are kg, powers W: of processor and cards the last
reading, of memory what its model always says.
"""

from __future__ import annotations

import csv
from math import isfinite

from brizna.check._rules import FORM, TWICE, failed, untold
from brizna.check._statement import (
    Derived,
    Device,
    Part,
    Place,
    Stated,
    Statement,
    read_devices,
    read_instant,
    state,
)
from brizna.core.errors import InputError, Said
from brizna.core.quantities import Carbon, Duration, Energy, Power, Quantity, Ratio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.check._verdict import Verdict

    Row = Mapping[str, str]

_NEEDED = ("timestamp", "duration", "emissions")
_UNKNOWN = ("nan", "none", "null")
"""What tables hold where nothing is known: no figure, and no fault."""
_KILOGRAMS_SINCE = 3
"""From this version on a rate is kg a second, in every row."""
_PARTS = {"cpu": "cpu", "gpu": "gpu", "ram": "memory"}
_NUMBERS: Mapping[str, tuple[type[Quantity], str]] = {
    "duration": (Duration, "s"),
    "emissions": (Carbon, "kg"),
    "emissions_rate": (Ratio, "1"),
    "energy_consumed": (Energy, "kWh"),
    "pue": (Ratio, "1"),
    "gpu_count": (Ratio, "1"),
    "cpu_count": (Ratio, "1"),
    **{f"{name}_energy": (Energy, "kWh") for name in _PARTS},
    **{f"{name}_power": (Power, "W") for name in _PARTS},
}


def read_codecarbon(text: str, file: str) -> tuple[list[Statement], list[Verdict]]:
    """Return what each row states, and what cannot be read.

    Args:
        text: The file's text.
        file: Its name, for the findings.

    Raises:
        InputError: If it has not the columns of such a file.
    """
    lines = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True))
    header = next(lines, None) or []
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise InputError(
            "{file!r} lacks the columns {missing}: expected CodeCarbon's emissions.csv.",
            file=file,
            missing=", ".join(missing),
        )
    statements: list[Statement] = []
    broken: list[Verdict] = []
    first: dict[tuple[str, ...], int] = {}
    for cells in lines:
        place = Place(file=file, line=lines.line_num)
        if not cells:
            continue
        if len(cells) != len(header):
            seen = Said("{count} cells", count=len(cells))
            expected = Said("{count} cells, one for each column", count=len(header))
            broken.append(failed(FORM, place, seen, expected))
            continue
        line = first.setdefault(tuple(cells), place.line or 0)
        if line != place.line:
            seen = Said("it is the row of line {line} again", line=line)
            broken.append(failed(TWICE, place, seen, Said("each row once")))
            continue
        row = dict(zip(header, map(str.strip, cells), strict=True))
        wrong = _unreadable(row, place)
        broken += wrong
        if not wrong:
            statements.append(_statement(row, place))
    if not statements and not broken:
        why = Said("the table has a head and no row: it states nothing")
        broken.append(untold(FORM, Place(file=file), why))
    return statements, broken


def _unreadable(row: Row, place: Place) -> list[Verdict]:
    found: list[Verdict] = []
    for name in _NUMBERS:
        text = row.get(name, "")
        if text and text.lower() not in _UNKNOWN and _number(text) is None:
            seen, where = Said("{text!r:.60}", text=text), place.replace(field=name)
            found.append(failed(FORM, where, seen, Said("a number")))
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _stated(row: Row, name: str, place: Place) -> Stated | None:
    value = _number(row.get(name, ""))
    kind, unit = _NUMBERS[name]
    return None if value is None else state(value, kind, unit, place.replace(field=name))


def _statement(row: Row, place: Place) -> Statement:
    duration_s, carbon_g = _stated(row, "duration", place), _stated(row, "emissions", place)
    written = row["timestamp"]
    ended = read_instant(written)
    asks = {"energy", "carbon", "place", "dates"}
    asks |= {"devices"} if "cpu_model" in row or "gpu_model" in row else set[str]()
    return Statement(
        place=place,
        asks=frozenset(asks),
        duration_s=duration_s,
        energy_j=_stated(row, "energy_consumed", place),
        parts=_parts(row, place),
        pue=_stated(row, "pue", place),
        carbon_g=carbon_g,
        zone=_named(row, "country_name", place),
        country=_named(row, "country_iso_code", place),
        region=row.get("region") or row.get("cloud_region") or None,
        devices=_devices(row, place),
        times=((written, ended, place.replace(field="timestamp")),),
        ended=ended,
        derived=_rate(row, place, carbon_g, duration_s),
    )


def _named(row: Row, name: str, place: Place) -> tuple[str, Place] | None:
    return (row[name], place.replace(field=name)) if row.get(name) else None


def _parts(row: Row, place: Place) -> tuple[Part, ...]:
    found: list[Part] = []
    for name, kind in _PARTS.items():
        energy_j = _stated(row, f"{name}_energy", place)
        if energy_j is None:
            continue
        power_w = _stated(row, f"{name}_power", place)
        nothing = energy_j.value == 0 and (power_w is None or power_w.value == 0)
        if nothing and name == "gpu" and not _number(row.get("gpu_count", "")):
            continue  # it has none
        power_is = "mean" if name == "ram" else "last"
        found.append(Part(kind=kind, energy_j=energy_j, power_w=power_w, power_is=power_is))
    return tuple(found)


def _devices(row: Row, place: Place) -> tuple[Device, ...]:
    cards = read_devices(row.get("gpu_model", ""), place.replace(field="gpu_model"))
    count = _number(row.get("gpu_count", ""))
    if len(cards) == 1 and count:
        cards = (cards[0].replace(count=count),)
    if not row.get("cpu_model"):
        return cards
    threads = _number(row.get("cpu_count", ""))
    processor = Device(
        kind="cpu",
        name=row["cpu_model"],
        count=1,
        threads=int(threads) if threads else None,
        place=place.replace(field="cpu_model"),
    )
    return (processor, *cards)


def _rate(
    row: Row, place: Place, carbon_g: Stated | None, duration_s: Stated | None
) -> tuple[Derived, ...]:
    """Return the rate: kg a second, and g a second in rows of versions before 3."""
    rate = _stated(row, "emissions_rate", place)
    if rate is None or carbon_g is None or duration_s is None or duration_s.value <= 0:
        return ()
    major = row.get("codecarbon_version", "").partition(".")[0]
    is_early = not major.isdigit() or int(major) < _KILOGRAMS_SINCE
    is_grams = is_early and rate.value > 30 * carbon_g.written / duration_s.value
    size, unit = (1.0, "g/s") if is_grams else (1e3, "kg/s")
    stated = Stated(value=rate.value * size, unit=unit, size=size, place=rate.place)
    name = "emissions / duration"
    return (Derived(stated=stated, numerator=carbon_g, divisor=duration_s, name=name),)
