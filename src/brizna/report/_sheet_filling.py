"""Filling in a form of law, field by field, from a dossier: one way for all of them."""

from __future__ import annotations

from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate
from brizna.core.factors import nearest
from brizna.core.quantities import Ratio
from brizna.core.records import Record
from brizna.report._filling import Filling
from brizna.report._format import unit_for
from brizna.report._sheet_fields import Field, field_ids
from brizna.report._significant import order_of_magnitude, significant
from brizna.report._takers import NEVER, NUMBERS, UNASKED, WORDS, asked_of, out_of_place
from brizna.report._trace import BELOW, DURATION, GUARANTEED
from brizna.report._words import name_basis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from brizna.report._dossier import Dossier, Figure
    from brizna.report._sheet_fields import Form

_BY_HAND = "fields"
"""The fact that holds, by field, what somebody fills in by hand."""
_UNDECLARED = "nobody declared it"
_NOT_KNOWN = "not known"
"""What a dossier says where no record says why."""
_SIGNS: Mapping[str, str] = {
    "": "",
    "1": "",
    "g": "g CO2e",
    "kg": "kg CO2e",
    "t": "t CO2e",
    "gCO2e/kWh": "g CO2e/kWh",
    "kg/kWh": "kg CO2e/kWh",
    "m3": "m³",
    "m2": "m²",
    "m3/MWh": "m³/MWh",
}
"""Units that people read otherwise than quantities spell them."""


class Row(Record):
    """A field as it was filled in.

    Attributes:
        field: The field.
        shown: What stands in it, with its unit; None where nothing is known.
        ends: The interval, if it has one.
        basis: Where the value comes from, in words.
        why: Why nothing is known, in English as records hold it.
        fact: The fact that would fill it; empty where none would.
        applies: Whether the field asks about these runs at all.
        figures: The numbers in it.
    """

    field: Field
    shown: str | None
    ends: str = ""
    basis: str = ""
    why: str = ""
    fact: str = ""
    applies: bool = True
    figures: tuple[Figure, ...] = ()

    _forms: ClassVar = {}


class SheetFilling:
    """A form of law while it is filled in.

    Attributes:
        form: The form.
        filling: What notes its numbers and its gaps.
        lang: Its language.
    """

    def __init__(self, form: Form, dossier: Dossier, *, lang: str) -> None:
        """Begin an empty form.

        Args:
            form: The form.
            dossier: What it is filled in from.
            lang: Language of what people read in it.

        Raises:
            InputError: If a field is declared that there is not.
        """
        self.form = form
        self.dossier = dossier
        self.lang = lang
        self.filling = Filling(dossier, lang=lang, rich=True)
        self._by_hand = _checked(dossier.facts.values.get(_BY_HAND) or {})

    def rows(self) -> list[Row]:
        """Return all fields in order, each filled in or with the reason why it is not."""
        return [self._row_of_stage(field) for field in self.form.asks]

    def title(self, field: Field) -> str:
        """Return what a field asks for, in the language of the form."""
        return field.text[self.lang]

    def _row_of_stage(self, field: Field) -> Row:
        """Return a field filled in from the runs of the stage that it asks about."""
        part = asked_of(field.when, self.dossier)
        if part is self.dossier:
            return self._row(field)
        inner = SheetFilling(self.form, part, lang=self.lang)
        row, document = inner._row(field), inner.filling.document(b"")
        ids = tuple(view["id"] for view in part.views)
        told = {figure: _summed(figure, ids) for figure in document.figures}
        for figure in told.values():
            self.filling.note(figure)
        for lack in document.lacking:
            self.filling.lack(lack.field, lack.why, fact=lack.fact)
        return row.replace(figures=tuple(told.get(figure, figure) for figure in row.figures))

    def _row(self, field: Field) -> Row:
        why = out_of_place(field.when, self.dossier)
        if why is not None:
            return self._lack(field, str(why)).replace(applies=False)
        kind, _, name = field.takes.partition(":")
        if kind == "figure":
            return self._figure(field, name)
        if kind == "words":
            shown = WORDS[name](self.filling, self.title(field))
            if shown:
                return Row(field=field, shown=shown)
            lack = self.filling.document(b"").lacking[-1]
            return Row(field=field, shown=None, why=lack.why, fact=lack.fact or "")
        if kind == "number":
            return self._counted(field, name)
        if kind == "fact":
            value = self.dossier.facts[name]
            return self._undeclared(field, fact=name) if value is None else self._hand(field, value)
        return self._declared(field, str(NEVER[name]) if kind == "never" else _UNDECLARED)

    def _figure(self, field: Field, path: str) -> Row:
        """Return a figure of the footprint in the field's unit."""
        if path == DURATION and self.dossier.at_once:
            return self._declared(field, str(Said("the runs overlapped: their times have no sum")))
        head, _, below = path.partition(BELOW)
        is_sum = not below or below == GUARANTEED
        record = None
        if not is_sum and self.dossier.amount(head) is not None:
            record = self._one_of(path)
        value = None
        if is_sum or record is not None:
            value = self.dossier.amount(path, record=record)
        if value is None:
            return self._declared(field, self._why_not(head, path))
        taken = self.filling.take(path, unit=field.unit, record=record)
        assert taken is not None, path
        number, figure = taken
        if not isinstance(value, Estimate):
            shown = self._number_by_rule(field, number)
            figure = self._noted(field, figure.replace(shown=shown))
            return Row(field=field, shown=self._with_unit(shown, field.unit), figures=(figure,))
        shown, ends, figure = self._written(field, value, figure)
        return Row(
            field=field,
            shown=shown,
            ends=ends,
            basis=name_basis(value.basis, self.lang),
            figures=(self._noted(field, figure),),
        )

    def _why_not(self, head: str, path: str) -> str:
        """Return why there is nothing at the end of a path; its head is the figure above it."""
        if self.dossier.amount(head) is not None:
            return self.dossier.reason(path)
        why = self.dossier.reason(head)
        return str(UNASKED[head]) if why == _NOT_KNOWN and head in UNASKED else why

    def _one_of(self, path: str) -> str | None:
        """Return a run that has what all runs have at the end of a path; None if they differ."""
        found = [self.dossier.amount(path, record=view["id"]) for view in self.dossier.views]
        alike = all(one is not None and one == found[0] for one in found)
        return self.dossier.views[0]["id"] if alike else None

    def _written(self, field: Field, value: Estimate, figure: Figure) -> tuple[str, str, Figure]:
        """Return an estimate and its interval by the field's rule, and the figure to note."""
        style = self.filling.style
        if field.rule == "significant":
            size = value.kind.units[field.unit]
            best, low, high = (
                significant(end.value / size, lang=self.lang)
                for end in (value.best, value.low, value.high)
            )
            ends = "" if low == high else f"{low}{style.dash}{high}"
            return self._with_unit(best, field.unit), ends, figure.replace(shown=best)
        best, ends = style.parts(value.kind, value, unit=field.unit or None)
        number, _, unit = best.partition(style.space)
        if field.unit:
            return self._with_unit(number, field.unit), ends, figure.replace(shown=number)
        size = unit_for(value.kind, value.best.value or value.high.value)[1]
        return best, ends, figure.replace(shown=number, unit=unit, times=1 / size)

    def _counted(self, field: Field, name: str) -> Row:
        """Return numbers that are made from the records, one for each kind that they count."""
        found = NUMBERS[name](self.filling, field.unit)
        if isinstance(found, str):
            return self._declared(field, found)
        told: list[str] = []
        spread: list[str] = []
        noted: list[Figure] = []
        for number, figure, kind in found:
            shown, ends = self._spread(field, number, figure)
            noted.append(self._noted(field, figure.replace(shown=shown), kind))
            told.append(f"{self._with_unit(shown, field.unit)} {kind}".rstrip())
            spread += [ends] if ends else []
        return Row(field=field, shown="; ".join(told), ends="; ".join(spread), figures=tuple(noted))

    def _spread(self, field: Field, number: float, figure: Figure) -> tuple[str, str]:
        """Return a number made from a figure, with the figure's interval if it has one."""
        value = self.dossier.amount(figure.path, record=figure.record)
        if not isinstance(value, Estimate) or field.rule == "significant":
            return self._number_by_rule(field, number), ""
        times = figure.times
        data = {name: getattr(value, name).value * times for name in ("low", "best", "high")}
        return self.filling.style.parts(Ratio, data)

    def _noted(self, field: Field, figure: Figure, kind: str = "") -> Figure:
        """Keep a number under its field's name, and return it so."""
        name = f"{self.title(field)} ({kind})" if kind else self.title(field)
        figure = figure.replace(field=name, unit="" if figure.unit == "1" else figure.unit)
        self.filling.note(figure)
        return figure

    def _number_by_rule(self, field: Field, number: float) -> str:
        """Return a number without an interval; one without a unit is a time."""
        if field.rule == "significant":
            return significant(number, lang=self.lang)
        style = self.filling.style
        return style.number(number) if field.unit else style.duration(number)

    def _declared(self, field: Field, why: str) -> Row:
        """Return what somebody filled in by hand; where nobody did, why it is not known."""
        value = self._by_hand.get(field.id)
        if value is not None:
            return self._hand(field, value)
        fact = f'{_BY_HAND}."{field.id}"' if why == _UNDECLARED else ""
        return self._lack(field, why).replace(fact=fact)

    def _undeclared(self, field: Field, *, fact: str) -> Row:
        if field.id in self._by_hand:
            return self._hand(field, self._by_hand[field.id])
        self.filling.lack(self.title(field), _UNDECLARED, fact=fact)
        return Row(field=field, shown=None, why=_UNDECLARED, fact=fact)

    def _hand(self, field: Field, value: Any) -> Row:
        """Return a declared text or number by the field's rule."""
        basis = name_basis("declared", self.lang)
        if not isinstance(value, (int, float)):
            return Row(field=field, shown=str(value), basis=basis)
        if field.rule == "order" and value > 0:
            shown = order_of_magnitude(value)
        elif field.rule == "significant":
            shown = significant(value, lang=self.lang)
        else:
            shown = self.filling.style.exactly(value)
        return Row(field=field, shown=self._with_unit(shown, field.unit), basis=basis)

    def _lack(self, field: Field, why: str) -> Row:
        self.filling.lack(self.title(field), why)
        return Row(field=field, shown=None, why=why)

    def _with_unit(self, number: str, unit: str) -> str:
        sign = _SIGNS.get(unit, unit)
        if unit == "y":
            sign = self.filling.style.say("years")
        return f"{number}{self.filling.style.space}{sign.replace('CO2', 'CO₂')}".rstrip()


def _summed(figure: Figure, ids: tuple[str, ...]) -> Figure:
    """Return a figure of some of the runs of a report, with which these are."""
    if figure.record is not None:
        return figure
    return figure.replace(record=ids[0]) if len(ids) == 1 else figure.replace(records=ids)


def _checked(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was filled in by hand, its fields checked."""
    for name in given:
        if name not in field_ids():
            raise InputError(
                "{name!r} is no field of a form that can be filled in by hand.{hint} A form lists "
                "its fields with: brizna report --as {form} --json.",
                name=name,
                hint=nearest(name, field_ids()),
                form=name.partition("/")[0],
            )
    return given
