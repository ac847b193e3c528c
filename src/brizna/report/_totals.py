"""Totals of many runs, and what a packing did."""

from __future__ import annotations

from brizna.core.quantities import Carbon, Energy, Money, Water
from brizna.report._boundary import name_stage
from brizna.report._format import Format
from brizna.report._spent import unreadable_lines
from brizna.report._table import Table
from brizna.report._texts import texts
from brizna.report._view import printable
from brizna.report._words import name_figure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.report._view import View

_KINDS: dict[str, type[Quantity]] = {
    "energy_j": Energy,
    "carbon_g": Carbon,
    "carbon_operational_g": Carbon,
    "carbon_embodied_g": Carbon,
    "carbon_market_g": Carbon,
    "water_l": Water,
    "cost": Money,
}


def totals_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return totals as a table: a line for each group, and one for all of them.

    Args:
        record: As `brizna.verbs.RunTotals` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    groups: list[View] = [*record["groups"]]
    if not groups:
        return [_("No run to sum.")]
    figures = sorted({one["figure"] for group in groups for one in group["totals"]}, key=_rank)
    views = {group["view"] for group in groups}
    if record["whole"] is not None:
        groups.append(record["whole"])
    rows = [
        (
            *(_part(way, part, style) for way, part in group["key"].items()),
            *([group["view"]] if len(views) > 1 else []),
            style.count(group["runs"]),
            style.duration(group["duration_s"]),
            *(_cell(group, figure, style) for figure in figures),
        )
        for group in groups
    ]
    if record["whole"] is not None:
        named = [_("all"), *("" for _each in record["by"][1:])]
        rows[-1] = (*named, *rows[-1][len(named) :])
    header = (
        *record["by"],
        *([_("view")] if len(views) > 1 else []),
        _("runs"),
        _("time"),
        *(_name(figure, lang) for figure in figures),
    )
    first = len(record["by"]) + (len(views) > 1)
    return Table(header, rows, right=range(first, len(header))).lines(width=width, color=color)


def _part(way: str, part: str | None, style: Format) -> str:
    """Return what people call what the runs of a group have in common."""
    _ = style.say
    if part is None:
        return "-"
    if way == "stage":
        return name_stage(part, style)
    outcomes = {"succeeded": _("succeeded"), "failed": _("failed")}
    return outcomes[part] if way == "outcome" else part


def totals_remarks(record: View, *, lang: str) -> list[str]:
    """Return what to know of totals, beside the figures."""
    style, said = Format(lang), texts(lang)
    record = printable(record)
    found: list[str] = []
    if record["inside"]:
        found.append(
            said.ngettext(
                "{count} run lies inside another, which holds its energy: it is not added.",
                "{count} runs lie inside others, which hold their energy: they are not added.",
                record["inside"],
            ).format(count=style.count(record["inside"]))
        )
    if record["at_once"]:
        found.append(
            said.ngettext(
                "{count} run shared its machine with another that is summed too: whole-machine "
                "energy counts twice. Take --view fair-share when you run.",
                "{count} runs shared their machine with others that are summed too: whole-machine "
                "energy counts twice. Take --view fair-share when you run.",
                record["at_once"],
            ).format(count=style.count(record["at_once"]))
        )
    if record["going_on"]:
        found.append(
            said.ngettext(
                "{count} run still goes on: it is not summed.",
                "{count} runs still go on: they are not summed.",
                record["going_on"],
            ).format(count=style.count(record["going_on"]))
        )
    return [*found, *unreadable_lines(record["unreadable"], style)]


def packed_lines(record: View, *, lang: str) -> list[str]:
    """Return what a packing did, as `brizna.store.Packed` writes it."""
    style = Format(lang)
    record = printable(record)
    count = len(record["ids"])
    told = texts(lang).ngettext("{count} run packed.", "{count} runs packed.", count)
    left = (f"{run_id}: {style.stored(why)}" for run_id, why in record["left"].items())
    return [told.format(count=style.count(count)), *left]


def _name(figure: str, lang: str) -> str:
    """Return what a figure is called; a cost with its currency, as each has a column of its own."""
    kind, _, currency = figure.partition("/")
    return ", ".join(filter(None, (name_figure(kind, lang), currency)))


def _rank(figure: str) -> tuple[int, str]:
    return list(_KINDS).index(figure.partition("/")[0]), figure


def _cell(group: Mapping[str, Any], figure: str, style: Format) -> str:
    """Return a group's total; where some of its runs lack the figure, of how many it is."""
    kind, currency = figure.partition("/")[::2]
    for one in group["totals"]:
        if one["figure"] == figure:
            text = style.estimate(_KINDS[kind], one["value"], currency=currency or None)
            if one["runs"] == group["runs"]:
                return text
            said = texts(style.lang).ngettext("[{runs} run]", "[{runs} runs]", one["runs"])
            return f"{text} {said.format(runs=style.count(one['runs']))}"
    return style.unknown(None)
