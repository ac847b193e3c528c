"""What was spent for what succeeded, and how budgets stand."""

from __future__ import annotations

from datetime import date, timedelta

from brizna.core.quantities import Carbon, Energy, Money, Water
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._texts import texts
from brizna.report._view import printable, short_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._view import View

_KINDS: dict[str, type[Quantity]] = {"energy_j": Energy, "carbon_g": Carbon, "water_l": Water}
_SHOWN = ("energy_j", "carbon_g")


def charges_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return what was spent for each run that succeeded.

    Args:
        record: As `brizna.account.Charges` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    if not record["whole"]:
        nothing = _("No run that has ended counts, so there is nothing to charge.")
        return [nothing, *unreadable_lines(record["unreadable"], style)]
    lines: list[str] = []
    for figure in _SHOWN:
        rows = [
            (
                f"{one['kind']} ({short_id(one['id'])})",
                _best(figure, one["own"], style),
                f"{_best(figure, one['failed'], style)} ({len(one['failed_runs'])})"
                if one["failed_runs"]
                else "",
                _best(figure, one["idle"], style),
                _estimate(figure, one["together"], style),
            )
            for one in record["runs"]
        ]
        if record["uncharged"]:
            left = _estimate(figure, record["uncharged"], style)
            rows.append((_("nothing succeeded for it yet"), "", "", "", left))
        rows.append((_("whole"), "", "", "", _estimate(figure, record["whole"], style)))
        names = {"energy_j": _("energy of"), "carbon_g": _("carbon of")}
        header = (
            names[figure],
            _("itself"),
            _("failed runs"),
            _("idle time"),
            _("together"),
        )
        lines += [*Table(header, rows, right=(1, 2, 3, 4)).lines(width=width, color=color), ""]
    return [*lines[:-1], *_told(record, style), *unreadable_lines(record["unreadable"], style)]


def budgets_lines(
    records: Sequence[View], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return how budgets stand, one a line, and what there is to warn of.

    Args:
        records: As `brizna.account.BudgetState` writes them.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    shown = [printable(record) for record in records]
    states = {
        "kept": _("kept"),
        "warned": _("warning"),
        "cannot-tell": _("cannot tell"),
        "exceeded": _("exceeded"),
    }
    rows: list[tuple[str, ...]] = []
    for one in shown:
        budget = one["budget"]
        figure = budget["figure"]
        limit = style.quantity(_kind(figure)(budget["limit"]), currency=_currency(figure))
        share = "" if one["share"] is None else style.percent(one["share"])
        forecast = {} if one["forecast"] is None else {figure: one["forecast"]}
        spent = {} if one["spent"] is None else {figure: one["spent"]}
        rows.append(
            (
                budget["name"],
                limit,
                _estimate(figure, spent, style) or style.unknown(None),
                share,
                _best(figure, forecast, style),
                states[one["state"]],
            )
        )
    header = (_("budget"), _("limit"), _("spent"), _("share"), _("by the end"), _("state"))
    lines = Table(header, rows, right=(1, 2, 3, 4)).lines(width=width, color=color)
    for one in shown:
        lines += _remarks(one, style)
    return lines


def _remarks(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    name = one["budget"]["name"]
    first, end = (date.fromisoformat(one["budget"][field][:10]) for field in ("start", "end"))
    days = {"first": first.isoformat(), "last": (end - timedelta(days=1)).isoformat()}
    lines = [_("{name}: {first} to {last}, both included.").format(name=name, **days)]
    if one["gone_by"] is not None:
        text = _("{name}: at this pace the limit is reached on {day}.")
        lines.append(text.format(name=name, day=one["gone_by"][:10]))
    elif one["share"] is not None and one["share"] >= 1:
        lines.append(_("{name}: by the best value the limit has been reached.").format(name=name))
    if one["unknown"]:
        text = texts(style.lang).ngettext(
            "{name}: of {count} run the figure is not known: at least this was spent.",
            "{name}: of {count} runs the figure is not known: at least this was spent.",
            len(one["unknown"]),
        )
        lines.append(text.format(name=name, count=len(one["unknown"])))
    return [*lines, *_overlap(one["at_once"], style), *unreadable_lines(one["unreadable"], style)]


def unreadable_lines(unreadable: Mapping[str, str], style: Format) -> list[str]:
    """Return what to know of runs and packs that cannot be read, beside sums that lack them."""
    if not unreadable:
        return []
    text = texts(style.lang).ngettext(
        "{count} run or pack cannot be read and is not in the sums, which are at least:",
        "{count} runs or packs cannot be read and are not in the sums, which are at least:",
        len(unreadable),
    )
    told = (f"  {name}: {style.stored(reason)}" for name, reason in unreadable.items())
    return [text.format(count=style.count(len(unreadable))), *told]


def _told(record: View, style: Format) -> list[str]:
    _ = style.say
    lines: list[str] = []
    if record["waiting"]:
        ids = ", ".join(short_id(one) for one in record["waiting"])
        lines.append(
            _("Failed, and nothing of their kind has succeeded since: {runs}.").format(runs=ids)
        )
    for figure, ids in record["unknown"].items():
        names = {"energy_j": _("energy"), "carbon_g": _("carbon"), "water_l": _("water")}
        if figure in _SHOWN:
            text = _("Not known of {runs}: {figure}; the sums are at least.")
            runs = ", ".join(short_id(one) for one in ids)
            lines.append(text.format(figure=names[figure], runs=runs))
    return lines + _overlap(record["at_once"], style)


def _overlap(ids: Sequence[str], style: Format) -> list[str]:
    _ = style.say
    if not ids:
        return []
    text = _(
        "These overlapped other runs of their machine, whose energy counts twice: {runs}. Take "
        "--view fair-share."
    )
    return [text.format(runs=", ".join(short_id(one) for one in ids))]


def _kind(figure: str) -> type[Quantity]:
    return _KINDS.get(figure, Money)


def _currency(figure: str) -> str | None:
    return figure.partition("/")[2] or None


def _best(figure: str, figures: Mapping[str, Any], style: Format) -> str:
    value = figures.get(figure)
    if value is None:
        return ""
    return style.parts(_kind(figure), value, currency=_currency(figure))[0]


def _estimate(figure: str, figures: Mapping[str, Any], style: Format) -> str:
    value = figures.get(figure)
    if value is None:
        return ""
    return style.estimate(_kind(figure), value, currency=_currency(figure))
