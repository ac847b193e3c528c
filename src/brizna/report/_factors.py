"""Factors as people read them: what there is, what one says, what changed and what it moved."""

from __future__ import annotations

from brizna.core.quantities import Money
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._words import KIND_OF_FIELD, name_basis, name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.account import Difference, Moved, Reaccount
    from brizna.core.factors import Factor


def factors_lines(
    found: Sequence[Factor], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return factors as a table: id, value, interval, unit, year, source."""
    style = Format(lang)
    _ = style.say
    header = (_("factor"), _("best"), _("interval"), _("unit"), _("year"), _("source"))
    rows = [
        (one.id, style.exactly(one.value), _interval(one, style), one.measure, _year(one), _by(one))
        for one in found
    ]
    return Table(header, rows, right=(1,)).lines(width=width, color=color)


def factor_lines(one: Factor, *, lang: str) -> list[str]:
    """Return all that one factor says."""
    style = Format(lang)
    _ = style.say
    pairs = [
        (_("best"), f"{style.exactly(one.value)} {one.measure}"),
        (_("interval"), f"{_interval(one, style)} ({_origin(one, style)})".strip()),
        (_("basis"), name_basis(one.basis, lang)),
        (_("source"), ", ".join(filter(None, (one.source, _year(one))))),
        *((_("also"), other) for other in one.others),
        (_("licence"), one.licence),
        (_("note"), style.stored(one.note) if one.note else ""),
        (_("table"), one.table),
        (_("digest"), one.digest),
    ]
    rows = [(name, value) for name, value in pairs if value]
    return [one.id, *("  " + line for line in Table(("", ""), rows).lines(width=80, color=False))]


def differences_lines(
    found: Sequence[Difference], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the factors that differ between two sets, each before and after."""
    style = Format(lang)
    _ = style.say
    if not found:
        return [_("The same factors, to the last digit.")]
    header = (_("factor"), _("before"), _("after"), _("unit"), _("why"))
    rows = [
        (one.id, _told(one.before, style), _told(one.after, style), _units(one), _why(one, style))
        for one in found
    ]
    return Table(header, rows, right=(1, 2)).lines(width=width, color=color)


def reaccount_lines(
    found: Reaccount, *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return which figures of a run move under other factors, and what moves each."""
    style = Format(lang)
    _ = style.say
    if not found.moved:
        return [_("No figure moves: the factors that this run rests on say the same.")]
    currency = found.after.currency
    header = (_("figure"), _("before"), _("after"), _("change"), _("of which"))
    rows = [_moved_row(one, currency, style) for one in found.moved]
    lines = Table(header, rows, right=(1, 2, 3)).lines(width=width, color=color)
    changes = differences_lines(found.factors, lang=lang, width=width, color=color)
    return [*lines, "", _("Factors that moved:"), *changes]


def _moved_row(one: Moved, currency: str | None, style: Format) -> tuple[str, ...]:
    kind = KIND_OF_FIELD[one.figure]
    named = currency if kind is Money else None
    before, after = (
        "?" if value is None else style.quantity(kind(value), currency=named)
        for value in (one.before, one.after)
    )
    first, last = one.before, one.after
    change = _signed(last / first - 1, style) if first and last is not None else ""
    whole = (last or 0.0) - (first or 0.0)
    parts = ", ".join(
        f"{name_figure(part.assumption, style.lang)} {_signed(part.change / whole, style)}"
        for part in one.parts
        if whole
    )
    return name_figure(one.figure, style.lang), before, after, change, parts


def _signed(share: float, style: Format) -> str:
    return ("+" if share >= 0 else "−") + style.percent(abs(share))


def _interval(one: Factor, style: Format) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{style.exactly(one.low)}–{style.exactly(one.high)}"


def _origin(one: Factor, style: Format) -> str:
    _ = style.say
    names = {"sources": _("over the sources"), "stated": _("stated"), "none": _("none")}
    return names.get(one.interval, one.interval)


def _year(one: Factor) -> str:
    return "" if one.year is None else str(one.year)


def _by(one: Factor) -> str:
    return one.source + (f" +{len(one.others)}" if one.others else "")


def _told(one: Factor | None, style: Format) -> str:
    if one is None:
        return "–"
    interval = _interval(one, style)
    return style.exactly(one.value) + (f" ({interval})" if interval else "")


def _units(one: Difference) -> str:
    return " → ".join(dict.fromkeys(side.measure for side in (one.before, one.after) if side))


def _why(one: Difference, style: Format) -> str:
    _ = style.say
    if one.before is None:
        return _("new: {source}").format(source=one.after.source if one.after else "")
    if one.after is None:
        return _("no longer there")
    if (one.before.value, one.before.unit) != (one.after.value, one.after.unit):
        return _("value: {source}").format(source=one.after.source)
    if (one.before.low, one.before.high) != (one.after.low, one.after.high):
        return _("interval: {sources} sources").format(sources=1 + len(one.after.others))
    return _("what is said of it")
