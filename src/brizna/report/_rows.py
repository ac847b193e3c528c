"""The runs of a dossier as a table for programs: one row a run, units in the columns' names."""

from __future__ import annotations

from brizna.core.records import Record
from brizna.report._form_json import figures_of
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from brizna.report._filling import Filling

_ENDS = ("low", "best", "high")
_UNITS = {"_j": "J", "_g": "g", "_l": "L", "_s": "s"}
_ASSUMED = {
    "pue": ("facility_energy_j>pue", "1"),
    "intensity_g_per_kwh": ("carbon_operational_g>intensity_g_per_kwh", "g/kWh"),
}


class Column(Record):
    """One column of the table.

    Attributes:
        name: Its name, with its unit in it.
        kind: ``text``, ``texts``, ``instant`` or ``number``.
        unit: Of a number: ``J``, ``g``, ``L``, ``s``, ``g/kWh``, a currency, or ``1``.
    """

    name: str
    kind: str = "text"
    unit: str = ""

    _forms: ClassVar = {}


def columns(form: Filling) -> list[Column]:
    """Return the columns of a dossier's table."""
    texts = [Column(name=name) for name in ("run", "digest", "name", "state", "zone", "view")]
    found = [
        *texts[:3],
        Column(name="tags", kind="texts"),
        Column(name="started", kind="instant"),
        Column(name="duration_s", kind="number", unit="s"),
        *texts[3:],
        Column(name="currency"),
    ]
    found += [
        Column(name=f"{name}_{end}", kind="number", unit=unit)
        for name, (_path, unit) in _ASSUMED.items()
        for end in _ENDS
    ]
    for figure in figures_of(form.dossier):
        unit = _UNITS.get(figure[-2:]) or form.dossier.currency or "currency"
        found += [Column(name=f"{figure}_{end}", kind="number", unit=unit) for end in _ENDS]
        found.append(Column(name=f"{figure}_basis"))
    return found


def rows(form: Filling) -> list[dict[str, Any]]:
    """Return for each run its values by column, None where unknown; each number is noted."""
    return [_row(form, view) for view in form.dossier.views]


def _row(form: Filling, view: Mapping[str, Any]) -> dict[str, Any]:
    record = view["id"]
    row: dict[str, Any] = {
        "run": record,
        "digest": view.get("digest"),
        "name": printable(view["name"]),
        "tags": [printable(tag) for tag in view["tags"]],
        "started": view["started"],
        "duration_s": form.number(f"{record}.duration_s", "duration_s", unit="s", record=record),
        "state": view["state"],
        "zone": view["site"]["zone"],
        "view": view["footprint"].get("view", "machine"),
        "currency": view["footprint"]["currency"],
    }
    paths = {name: path for name, (path, _unit) in _ASSUMED.items()}
    paths |= {figure: figure for figure in figures_of(form.dossier)}
    for name, path in paths.items():
        for end in _ENDS:
            row[f"{name}_{end}"] = _number(form, f"{record}.{name}_{end}", path, end, record)
        if name not in _ASSUMED:
            known = view["footprint"].get(name)
            row[f"{name}_basis"] = known["basis"] if known else None
        if row[f"{name}_best"] is None:
            form.lack(f"{record}.{name}", form.dossier.reason(path, record=record))
    return row


def _number(form: Filling, field: str, path: str, end: str, record: str) -> float | None:
    taken = form.take(path, unit="", end=end, record=record)
    if taken is None:
        return None
    number, figure = taken
    form.note(figure.replace(field=field, shown=repr(number)))
    return number
