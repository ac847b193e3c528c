"""Filling in a form: each number is noted with where it comes from, each gap with its reason."""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.core.estimate import Estimate
from brizna.report._dossier import Document, Figure, Lack
from brizna.report._format import Format, unit_for
from brizna.report._said import stored
from brizna.report._trace import DURATION
from brizna.report._words import KIND_OF_FIELD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._dossier import Dossier

UNDECLARED = str(Said("nobody declared it"))


class Filling:
    """A form while it is filled in from a dossier.

    Attributes:
        dossier: What it is filled in from.
        lang: Language of what people read in it.
        style: How that language writes numbers.
    """

    def __init__(self, dossier: Dossier, *, lang: str, rich: bool = False) -> None:
        """Begin an empty form.

        Args:
            dossier: What it is filled in from.
            lang: Language of what people read in it.
            rich: As for `Format`.
        """
        self.dossier = dossier
        self.lang = lang
        self.style = Format(lang, rich=rich)
        self._figures: list[Figure] = []
        self._lacking: list[Lack] = []
        self._amounts: dict[tuple[str, str | None], Estimate | float | None] = {}

    def number(
        self, field: str, path: str, *, unit: str, digits: int | None = None, **how: Any
    ) -> float | None:
        """Return a figure in a unit, for a machine to read, or None if it is not known.

        Args:
            field: Where it stands in the form.
            path: What it comes from, see `brizna.report.trace`.
            unit: Unit of its kind of quantity, such as ``kWh``.
            digits: Significant digits to round it to; None for all.
            **how: As for `take`.
        """
        taken = self.take(path, unit=unit, **how)
        if taken is None:
            self.lack(field, self.dossier.reason(path, record=how.get("record")))
            return None
        number, figure = taken
        if digits is not None:
            number = float(f"{number:.{digits}g}")
        self.note(figure.replace(field=field, shown=repr(number)))
        return number

    def amount(self, path: str, *, record: str | None = None) -> Estimate | float | None:
        """Return what stands at the end of a path, as `Dossier.amount`; computed once."""
        key = (path, record)
        if key not in self._amounts:
            self._amounts[key] = self.dossier.amount(path, record=record)
        return self._amounts[key]

    def take(
        self,
        path: str,
        *,
        unit: str,
        record: str | None = None,
        end: str = "best",
        times: float = 1.0,
    ) -> tuple[float, Figure] | None:
        """Return a figure in a unit with what to note of it; None if it is not known.

        Args:
            path: What it comes from, see `brizna.report.trace`.
            unit: Unit of its kind of quantity; the kind's own base unit if empty.
            record: Id of the run; None for the sum over all.
            end: ``best``, ``low`` or ``high``.
            times: What it is multiplied by besides, such as 1000 / queries.
        """
        value = self.amount(path, record=record)
        if value is None:
            return None
        kind = value.kind if isinstance(value, Estimate) else KIND_OF_FIELD.get(path)
        best = getattr(value, end).value if isinstance(value, Estimate) else value
        size = kind.units[unit] if kind is not None and unit else 1.0
        figure = Figure(
            field="",
            shown="",
            unit=unit,
            value=best,
            path=path,
            record=record,
            end=end,
            times=times / size,
        )
        return best * times / size, figure

    def text(self, field: str, path: str, *, record: str | None = None) -> str | None:
        """Return a figure as people read it, its interval beside it, or None if it is not known.

        Its unit is the one that suits its size; where that is not known, it is noted as lacking.

        Args:
            field: Where it stands in the form.
            path: What it comes from, see `brizna.report.trace`.
            record: Id of the run; None for the sum over all.
        """
        value = self.amount(path, record=record)
        if value is None:
            self.lack(field, self.dossier.reason(path, record=record))
            return None
        if not isinstance(value, Estimate):
            shown = self.style.duration(value) if path == DURATION else self.style.exactly(value)
            self.note(
                Figure(field=field, shown=shown, unit="", value=value, path=path, record=record)
            )
            return shown
        currency = self.dossier.currency
        best, ends = self.style.parts(value.kind, value, currency=currency)
        unit, size = _unit(value.kind, value.best.value or value.high.value, currency)
        shown = best.partition(self.style.space)[0]
        self.note(
            Figure(
                field=field,
                shown=shown,
                unit=unit,
                value=value.best.value,
                path=path,
                record=record,
                times=1 / size,
            )
        )
        return f"{best} ({ends})" if ends else best

    def fact(self, key: str, *, field: str | None = None) -> Any:
        """Return what somebody declared; None, and noted as lacking, where nobody did.

        Args:
            key: One of `brizna.report.FACTS`.
            field: Where it stands in the form; None if the form can do without it.
        """
        value = self.dossier.facts[key]
        if value is None and field is not None:
            self.lack(field, UNDECLARED, fact=key)
        return value

    def note(self, figure: Figure) -> None:
        """Keep that a number stands in the form."""
        self._figures.append(figure)

    def lack(self, field: str, why: str, *, fact: str | None = None) -> None:
        """Keep that the form does not say something.

        Args:
            field: Where it would stand.
            why: The reason, in English as records hold them.
            fact: The fact that would help.
        """
        self._lacking.append(Lack(field=field, why=why, fact=fact))

    def unknown(self, why: str) -> str:
        """Return the words for what is not known, in the language of the form."""
        return self.style.unknown(why)

    def stored(self, text: str) -> str:
        """Return a text that a record holds in English, in the language of the form."""
        return stored(text, self.lang)

    def document(self, content: bytes | str) -> Document:
        """Return the form as it was filled in."""
        data = content if isinstance(content, bytes) else content.encode()
        return Document(content=data, figures=tuple(self._figures), lacking=tuple(self._lacking))


def _unit(kind: type[Quantity], value: float, currency: str | None) -> tuple[str, float]:
    if kind.__name__ == "Duration":
        return "", 1.0
    return unit_for(kind, value, currency)
