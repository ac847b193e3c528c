"""Write docs/explanation/published-models.md: what is published of models, computed again.

python tools/write_published_models.py > docs/explanation/published-models.md

Every row of table ``published_models`` gets a verdict on its energy, its emissions and its water:
it closes, it is off, or it cannot be told and the page says what is missing. Computed by
``account_case``, as ``brizna account`` does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from brizna.account import water
from brizna.core._tables import load
from brizna.core.quantities import Carbon, Energy, Water
from brizna.verbs import account_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from brizna.core.quantities import Quantity

    Row = Mapping[str, str]

CLOSE = 0.03
"""As a share of what is printed: hours, watts and PUE are printed rounded, and so is the result."""
WATER = {
    "model/olmo-2-7b-training": "water/total/ai2-jupiter",
    "model/olmo-2-13b-training": "water/total/ai2-augusta",
}
"""The litres per kWh that the paper of a model states, as a factor of table ``water``."""
WHOLE_MACHINE = "power_w = whole machine"
BEFORE_PUE = "GPU energy"

HEAD = """\
# Published models, computed again

<!-- Written by tools/write_published_models.py; a test compares: change the table, not this. -->

Table `published_models` holds {rows} rows of what others published about training or using models;
reports compare a run with those of its size. Each figure is computed again here from what its own
source states: energy from device hours, power and PUE, emissions from energy and carbon intensity,
water from energy, PUE and litres per kWh.

| | published | can be computed again | off |
|---|---|---|---|
{counts}
**Closes** means within {close:.0%} of what is printed: the hours, watts and PUE of these sources
are themselves rounded. That a figure closes says that it follows from its inputs, not that the
inputs are right: power is mostly the rated one (TDP), and the search of the evolved transformer in
Strubell et al. closes although it is [88 times too high](claims.md).

| model | source | printed | from | recomputed | |
|---|---|---|---|---|---|
"""
NOTES = """
- OLMo 2 13B: its 257 MWh are the 230 MWh that Morrison et al. 2025 (arXiv 2503.05804, table 2) give
  for the same training, times its PUE of 1.12; both papers print the same 101 t and 892 kL. So
  either the 257 MWh hold the PUE already and it was taken twice, or the 230 MWh do not.
- BLOOM's 433 MWh are hours times rated power and not a reading, as its paper says.
"""
UNTOLD = """
## Emissions whose carbon intensity is not stated

Hours and rated power are. The implied intensity is per kWh of the cards at that power: whatever PUE
was taken is in it.

| model | source | hours | power | printed | implies |
|---|---|---|---|---|---|
"""
REST = """
## What cannot be computed again

| model | for one | printed | why not | source |
|---|---|---|---|---|
"""


class Figure(NamedTuple):
    """A published figure, and what it comes to; why it cannot be told where it does not."""

    row: Row
    kind: type[Quantity]
    printed: float
    unit: str
    recomputed: float | None
    inputs: str
    missing: tuple[str, ...] = ()

    @property
    def closes(self) -> bool:
        """Whether what is recomputed is what is printed, but for rounding."""
        assert self.recomputed is not None
        return abs(self.recomputed / self.printed - 1) <= CLOSE


def figures() -> list[Figure]:
    """Return every energy, emission and water of the table, in its order."""
    found = (_of_row(row) for row in load("brizna.account", "published_models").rows)
    return [figure for several in found for figure in several]


def _of_row(row: Row) -> Iterable[Figure]:
    if row["value"]:
        yield _energy(row)
    if row["carbon"]:
        yield _carbon(row)
    if row["water_m3"]:
        yield _water(row)


def _energy(row: Row) -> Figure:
    names = {"device_h": "device hours", "power_w": "power"}
    missing = tuple(told for name, told in names.items() if not row[name])
    printed, unit = float(row["value"]), row["unit"]
    if missing:
        return Figure(row, Energy, printed, unit, None, "", missing)
    hours = _hours(row)
    pue = float(row["pue"] or 1)
    given = {"duration_h": hours, "devices": [{"power_w": float(row["power_w"])}], "pue": pue}
    told = f"{hours:,.12g} h × {float(row['power_w']):,.12g} W" + (f" × {pue:g}" if pue > 1 else "")
    return Figure(row, Energy, printed, unit, _account(given, "facility_energy_j", unit), told)


def _carbon(row: Row) -> Figure:
    names = {"value": "energy", "intensity_kg_per_kwh": "carbon intensity"}
    missing = tuple(told for name, told in names.items() if not row[name])
    printed, unit = float(row["carbon"]), row["carbon_unit"]
    if missing:
        return Figure(row, Carbon, printed, unit, None, "", missing)
    energy_kwh = Energy.of(float(row["value"]), row["unit"]).to("kWh")
    g_per_kwh = float(row["intensity_kg_per_kwh"]) * 1000
    pue = float(row["pue"] or 1) if BEFORE_PUE in row["method"] else 1.0
    given = {"energy_kwh": energy_kwh, "pue": pue, "intensity_g_per_kwh": g_per_kwh}
    times = f" × {pue:g}" if pue > 1 else ""
    told = f"{float(row['value']):,.12g} {row['unit']}{times} × {g_per_kwh:g} g/kWh"
    return Figure(row, Carbon, printed, unit, _account(given, "carbon_operational_g", unit), told)


def _water(row: Row) -> Figure:
    printed = float(row["water_m3"])
    if row["id"] not in WATER or not row["value"]:
        missing = ("water per kWh",) if row["value"] else ("energy", "water per kWh")
        return Figure(row, Water, printed, "m3", None, "", missing)
    litres = water(WATER[row["id"]]).value
    energy_kwh = Energy.of(float(row["value"]), row["unit"]).to("kWh")
    pue = float(row["pue"])
    given = {
        "energy_kwh": energy_kwh,
        "pue": pue,
        "wue_l_per_kwh": 0,
        "ewif_l_per_kwh": litres,
    }
    told = f"{float(row['value']):,.12g} {row['unit']} × {pue:g} × {litres:g} L/kWh"
    return Figure(row, Water, printed, "m3", _account(given, "water_l", "m3"), told)


def _hours(row: Row) -> float:
    hours = float(row["device_h"])
    return hours / int(row["devices"]) if WHOLE_MACHINE in row["method"] else hours


def _account(given: dict[str, Any], figure: str, unit: str) -> float:
    value = getattr(account_case(given)[1], figure)
    return value.best.to(unit)


# ---------------------------------------------------------------------------------------- the page


def main() -> None:
    """Write the page to standard output."""
    found = figures()
    told = [one for one in found if one.recomputed is not None]
    implied = [one for one in found if one.recomputed is None and _implies(one)]
    rest = [one for one in found if one.recomputed is None and not _implies(one)]
    rows = load("brizna.account", "published_models").rows
    lines = [
        HEAD.format(rows=len(rows), counts="".join(_counts(found)), close=CLOSE),
        *_table(told, _told_cells),
        NOTES,
        UNTOLD,
        *_table(implied, _implied_cells),
        REST,
        *_table(rest, _rest_cells),
    ]
    for row in rows:
        if not (row["value"] or row["carbon"] or row["water_m3"]):
            why = f"{row['method']}: there is no figure to compare with"
            lines.append(f"| {row['name']} | {row['per']} | | {why} | {_source(row)} |\n")
    sys.stdout.write("".join(lines))


def _counts(found: list[Figure]) -> Iterable[str]:
    for name, kind in (("energy", Energy), ("emissions", Carbon), ("water", Water)):
        mine = [one for one in found if one.kind is kind]
        again = [one for one in mine if one.recomputed is not None]
        off = sum(not one.closes for one in again)
        yield f"| {name} | {len(mine)} | {len(again)} | {off} |\n"


def _table(found: Iterable[Figure], cells: Callable[[Figure], list[str]]) -> list[str]:
    return [f"| {' | '.join(cells(one))} |\n" for one in found]


def _told_cells(one: Figure) -> list[str]:
    assert one.recomputed is not None
    again = _readable(one, one.recomputed)
    verdict = "closes" if one.closes else "**off**"
    told = f"{verdict}, {one.recomputed / one.printed - 1:+.1%}"
    return [one.row["name"], _source(one.row), _printed(one), one.inputs, again, told]


def _implies(one: Figure) -> bool:
    row = one.row
    return one.kind is Carbon and bool(row["device_h"] and row["power_w"])


def _implied_cells(one: Figure) -> list[str]:
    hours, power_w = _hours(one.row), float(one.row["power_w"])
    footprint = account_case({"duration_h": hours, "devices": [{"power_w": power_w}]})[1]
    assert footprint.energy_j is not None
    energy_kwh = footprint.energy_j.best.to("kWh")
    implied = Carbon.of(one.printed, one.unit).to("g") / energy_kwh
    told = [f"{hours:,.0f}", f"{power_w:g} W", _printed(one), f"{implied:.0f} g/kWh"]
    return [one.row["name"], _source(one.row), *told]


def _rest_cells(one: Figure) -> list[str]:
    why = f"not stated: {', '.join(one.missing)}"
    if one.kind is Energy and "measured" in one.row["method"]:
        why = "measured: there is nothing to multiply"
    elif one.kind is Energy and one.row["phase"] == "inference":
        why = "stated as a whole: no hours and no power beside it"
    return [one.row["name"], one.row["per"], _printed(one), why, _source(one.row)]


def _printed(one: Figure) -> str:
    return _readable(one, one.printed)


def _readable(one: Figure, value: float) -> str:
    """Return a figure in the largest unit in which what is printed is 1 or more."""
    quantity = one.kind.of(value, one.unit)
    printed = one.kind.of(one.printed, one.unit)
    fitting = [unit for unit in _UNITS[one.kind] if printed.to(unit) >= 1]
    unit = fitting[0] if fitting else _UNITS[one.kind][-1]
    return f"{_number(quantity.to(unit))} {unit}"


_UNITS = {
    Energy: ("MWh", "kWh", "Wh"),
    Carbon: ("t", "kg", "g", "mg"),
    Water: ("m3", "L", "mL"),
}


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _source(row: Row) -> str:
    return row["source"].partition(" (")[0]


if __name__ == "__main__":
    main()
