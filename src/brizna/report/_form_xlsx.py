"""``xlsx``: a workbook whose figures are formulas over its rows, with factors and derivation.

Whoever opens it can change a factor and see what moves. A cell holds a formula only where that
formula gives the stored figure; else the figure itself. Sums of doubts are no sums of cells, so
the ends of intervals are numbers.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from io import BytesIO
from math import floor, log10
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from brizna.core.errors import UnavailableError
from brizna.core.estimate import Estimate
from brizna.core.factors import measured_in
from brizna.core.records import Record
from brizna.report._filling import Filling
from brizna.report._form_json import figures_of
from brizna.report._texts import texts
from brizna.report._view import printable
from brizna.report._words import KIND_OF_FIELD, name_basis, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.report._dossier import Document, Dossier

_RUNS, _TOTALS, _FACTORS, _DERIVATION = range(4)
_WIDEST = 60
_NEAR = 1e-9
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time that each part of the file says: a ZIP has to say one."""
_ASSUMED = {
    "pue": ("facility_energy_j>pue", ""),
    "intensity_g_per_kwh": ("carbon_operational_g>intensity_g_per_kwh", "g/kWh"),
}
_PRODUCTS = {
    "facility_energy_j": ("energy_j", "pue", 1.0),
    "carbon_operational_g": ("facility_energy_j", "intensity_g_per_kwh", 1000.0),
}
"""Figures of a row that are the product of two others, in the units of their columns."""
_CARBON = ("carbon_operational_g", "carbon_embodied_g")


class _Column(Record):
    """A column of numbers.

    Attributes:
        key: Figure or assumption.
        path: What it comes from.
        unit: As it is written in the head, and as the kind of quantity knows it.
    """

    key: str
    path: str
    unit: str

    _forms: ClassVar = {}


class Xlsx:
    """The form ``xlsx``."""

    name = "xlsx"
    suffix = ".xlsx"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    for_people = True

    def about(self, lang: str) -> str:
        """Return what it is, in one line."""
        _ = texts(lang).gettext
        return _("a workbook with live formulas: totals, runs, factors, derivation")

    def render(self, dossier: Dossier, *, lang: str) -> Document:
        """Return the form, filled in.

        Raises:
            UnavailableError: If openpyxl is not installed.
        """
        try:
            openpyxl: Any = import_module("openpyxl")
        except ImportError as error:
            raise UnavailableError(
                "A workbook needs openpyxl: pip install 'brizna[xlsx]'."
            ) from error
        form = Filling(dossier, lang=lang)
        book = openpyxl.Workbook()
        writer = _Writer(form, book)
        writer.totals()
        writer.runs()
        writer.factors()
        writer.derivation()
        book.properties.creator = f"brizna {dossier.software}"
        book.properties.title = printable(dossier.title)
        book.properties.created = datetime.fromisoformat(dossier.issued).replace(tzinfo=None)
        book.calculation.fullCalcOnLoad = True
        file = BytesIO()
        book.save(file)
        return form.document(_settled(file.getvalue(), dossier.issued))


FORM = Xlsx()


class _Writer:
    """Writes the sheets of a workbook."""

    def __init__(self, form: Filling, book: Any) -> None:
        _ = form.style.say
        self.form = form
        self.views = form.dossier.views
        names = (_("Totals"), _("Runs"), _("Factors"), _("Derivation"))
        self.names = {
            _TOTALS: names[0],
            _RUNS: names[1],
            _FACTORS: names[2],
            _DERIVATION: names[3],
        }
        book.active.title = names[0]
        self.sheets: dict[int, Any] = {_TOTALS: book.active}
        for which in (_RUNS, _FACTORS, _DERIVATION):
            self.sheets[which] = book.create_sheet(self.names[which])
        self.columns = self._columns()
        self.texts = (_("Run"), _("Name"), _("Tags"), _("Start (UTC)"), _("Duration (h)"))
        self.letters = {
            column.key: _letter(len(self.texts) + at) for at, column in enumerate(self.columns)
        }

    def _columns(self) -> list[_Column]:
        """Return the columns of numbers: what each run used, and what it is multiplied by."""
        figures = figures_of(self.form.dossier)
        ordered = ["energy_j", "pue", "facility_energy_j", "intensity_g_per_kwh"]
        ordered += [figure for figure in figures if figure not in ordered]
        found: list[_Column] = []
        for key in ordered:
            path, unit = _ASSUMED.get(key) or (key, self._unit(key))
            found.append(_Column(key=key, path=path, unit=unit))
        return found

    def _unit(self, figure: str) -> str:
        kind = KIND_OF_FIELD[figure]
        return {"Energy": "kWh", "Carbon": "kg", "Water": "L", "Money": "¤"}[kind.__name__]

    def _head(self, column: _Column) -> str:
        name = name_figure(column.key, self.form.lang)
        unit = {"kg": "kg CO2e", "g/kWh": "g CO2e/kWh", "¤": self.form.dossier.currency or "¤"}
        shown = unit.get(column.unit, column.unit)
        return f"{name} ({shown})" if shown else name

    # ------------------------------------------------------------------------------------- totals

    def totals(self) -> None:
        """Write the sums, each a formula over the rows of the runs, with its interval."""
        _ = self.form.style.say
        dossier = self.form.dossier
        sheet = self.sheets[_TOTALS]
        about = (
            (_("Report"), dossier.title),
            (_("Issued (UTC)"), dossier.issued),
            (_("Written by"), f"brizna {dossier.software}"),
            (_("Selection"), " ".join(dossier.selection.options)),
            *((key, _plain(value)) for key, value in dossier.facts.values.items()),
        )
        for row, (label, value) in enumerate(about, start=1):
            _put(sheet, row, 1, label)
            if isinstance(value, str):
                _put(sheet, row, 2, value)
            else:
                sheet.cell(row, 2).value = value
        first = len(about) + 2
        heads = (
            *(_("Figure"), _("Unit"), _("Value"), _("Low end"), _("High end"), _("Basis")),
            _("Remark"),
        )
        _write_head(sheet, first, heads)
        for at, column in enumerate(self.columns):
            if column.key not in _ASSUMED:
                first += 1
                self._total(sheet, first, column, at)
        _fit(sheet)

    def _total(self, sheet: Any, row: int, column: _Column, at: int) -> None:
        form, dossier = self.form, self.form.dossier
        label = self._head(column)
        _put(sheet, row, 1, name_figure(column.key, form.lang))
        _put(sheet, row, 2, label.rpartition(" (")[2].rstrip(")"))
        value = form.amount(column.path)
        if not isinstance(value, Estimate):
            why = dossier.reason(column.path)
            form.lack(f"{self.names[_TOTALS]}!C{row}", why)
            _put(sheet, row, 7, form.unknown(why))
            return
        letter = _letter(len(self.texts) + at)
        runs = f"'{self.names[_RUNS]}'!{letter}2:{letter}{len(self.views) + 1}"
        for place, end in ((3, "best"), (4, "low"), (5, "high")):
            number = self._note(f"{self.names[_TOTALS]}!{_letter(place - 1)}{row}", column, end)
            cell = sheet.cell(row, place, number if end != "best" else f"=SUM({runs})")
            cell.number_format = _digits(number)
        _put(sheet, row, 6, name_basis(value.basis, form.lang))

    def _note(self, field: str, column: _Column, end: str, record: str | None = None) -> float:
        """Return an end of a figure in the unit of its column, and note where it stands."""
        taken = self.form.take(
            column.path, unit=column.unit if column.unit != "¤" else "", end=end, record=record
        )
        assert taken is not None, column.path
        number, figure = taken
        self.form.note(figure.replace(field=field, shown=repr(number)))
        return number

    # --------------------------------------------------------------------------------------- runs

    def runs(self) -> None:
        """Write a row for each run; what is computed from its own row is a formula."""
        sheet = self.sheets[_RUNS]
        _write_head(sheet, 1, [*self.texts, *map(self._head, self.columns)])
        for row, view in enumerate(self.views, start=2):
            self._run(sheet, row, view)
        sheet.freeze_panes = "B2"
        sheet.auto_filter.ref = sheet.dimensions
        _fit(sheet)

    def _run(self, sheet: Any, row: int, view: Mapping[str, Any]) -> None:
        record = view["id"]
        told = (record, view["name"], " ".join(view["tags"]), view["started"])
        for place, text in enumerate(told, start=1):
            _put(sheet, row, place, text)
        duration = _Column(key="duration_s", path="duration_s", unit="h")
        field = f"{self.names[_RUNS]}!{_letter(4)}{row}"
        sheet.cell(row, 5, self._note(field, duration, "best", record)).number_format = "0.000"
        numbers: dict[str, float] = {}
        for at, column in enumerate(self.columns):
            place = len(self.texts) + at
            field = f"{self.names[_RUNS]}!{_letter(place)}{row}"
            if self.form.amount(column.path, record=record) is None:
                self.form.lack(field, self.form.dossier.reason(column.path, record=record))
                continue
            number = numbers[column.key] = self._note(field, column, "best", record)
            formula = self._formula(column.key, row, numbers)
            cell = sheet.cell(row, place + 1, formula or number)
            cell.number_format = _digits(number)

    def _formula(self, key: str, row: int, numbers: Mapping[str, float]) -> str | None:
        """Return the formula that gives a figure from others in its row; None where none does."""
        at = {name: f"{letter}{row}" for name, letter in self.letters.items()}
        if key in _PRODUCTS:
            one, other, scale = _PRODUCTS[key]
            if one not in numbers or other not in numbers:
                return None
            value = numbers[one] * numbers[other] / scale
            formula = f"={at[one]}*{at[other]}" + (f"/{scale:g}" if scale != 1 else "")
        elif key == "carbon_g":
            value = sum(numbers.get(part, 0.0) for part in _CARBON)
            formula = f"=SUM({','.join(at[part] for part in _CARBON)})"
        else:
            return None
        is_it = abs(value - numbers[key]) <= _NEAR * abs(numbers[key])
        return formula if is_it else None

    # ------------------------------------------------------------------------- factors, derivation

    def factors(self) -> None:
        """Write each factor that a figure rests on, once."""
        _ = self.form.style.say
        sheet = self.sheets[_FACTORS]
        heads = (_("Factor"), _("Value"), _("Low end"), _("High end"), _("Unit"), _("Basis"))
        _write_head(sheet, 1, (*heads, _("Source"), _("Year"), _("Licence"), _("Remark")))
        seen: dict[str, Mapping[str, Any]] = {}
        for view in self.views:
            for factor in (*view["footprint"]["factors"], *view.get("factors", ())):
                seen.setdefault(factor["id"], factor)
        for row, (name, factor) in enumerate(sorted(seen.items()), start=2):
            _put(sheet, row, 1, name)
            for place, end in ((2, "value"), (3, "low"), (4, "high")):
                if factor[end] is not None:
                    sheet.cell(row, place, factor[end])
            rest = (
                measured_in(factor["unit"], self.form.stored(factor["per"] or "")),
                name_basis(factor["basis"], self.form.lang),
                factor["source"],
                factor["year"] or _("year not stated"),
                factor["licence"] or "",
                self.form.stored(factor["note"] or ""),
            )
            for place, text in enumerate(rest, start=5):
                _put(sheet, row, place, text)
        sheet.freeze_panes = "B2"
        _fit(sheet)

    def derivation(self) -> None:
        """Write how each figure of each run is computed, and the command that tells more."""
        _ = self.form.style.say
        sheet = self.sheets[_DERIVATION]
        heads = (_("Run"), _("Figure"), _("Formula"), _("From"), _("Explained by"))
        _write_head(sheet, 1, heads)
        row = 1
        for view in self.views:
            for step in view["footprint"]["derivation"]:
                row += 1
                inputs = ", ".join(f"{name} = {origin}" for name, origin in step["inputs"].items())
                told = (
                    view["id"],
                    name_figure(step["figure"], self.form.lang),
                    self.form.stored(step["formula"]),
                    inputs,
                    f"brizna explain {view['id']} --figure {step['figure']}",
                )
                for place, text in enumerate(told, start=1):
                    _put(sheet, row, place, text)
        sheet.freeze_panes = "A2"
        _fit(sheet)


def _put(sheet: Any, row: int, column: int, text: object) -> None:
    """Write a text as a text: one that begins with '=' is no formula."""
    if text in (None, ""):
        return
    cell = sheet.cell(row, column)
    cell.value = printable(str(text))
    cell.data_type = "s"


def _write_head(sheet: Any, row: int, heads: Sequence[str]) -> None:
    from openpyxl.styles import Font

    for column, head in enumerate(heads, start=1):
        _put(sheet, row, column, head)
        sheet.cell(row, column).font = Font(bold=True)


def _fit(sheet: Any) -> None:
    """Make each column as wide as what stands in it."""
    for column in sheet.columns:
        texts = [str(cell.value) for cell in column if cell.value is not None]
        shown = [text for text in texts if not text.startswith("=")]
        width = max(map(len, shown), default=8) + 2
        sheet.column_dimensions[column[0].column_letter].width = min(width, _WIDEST)


def _digits(number: float) -> str:
    """Return the format that shows a number with three significant digits or more."""
    places = 3 if not number else max(0, min(12, 2 - floor(log10(abs(number)))))
    return "#,##0" + (f".{'0' * places}" if places else "")


def _letter(column: int) -> str:
    """Return the letters of a column, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _plain(value: Any) -> str | float:
    """Return a fact as a cell holds it: numbers as numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _settled(content: bytes, issued: str) -> bytes:
    """Return the workbook without the present in it: the same report gives the same bytes."""
    import re

    file = BytesIO()
    with ZipFile(BytesIO(content)) as made, ZipFile(file, "w", ZIP_DEFLATED) as settled:
        for name in made.namelist():
            data = made.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + issued.encode(), data)
            settled.writestr(ZipInfo(name, _EPOCH), data, ZIP_DEFLATED)
    return file.getvalue()
