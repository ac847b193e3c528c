"""Lines for money: the parts of a cost, and a bill beside the runs."""

from __future__ import annotations

from brizna.core.quantities import Money
from brizna.report._format import Format
from brizna.report._spent import unreadable_lines
from brizna.report._table import Table
from brizna.report._texts import texts
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.report._view import View


def cost_lines(footprint: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return the parts of a footprint's cost, with what was paid for each; they sum to it.

    Args:
        footprint: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, footprint = style.say, printable(footprint)
    currency = footprint["currency"]
    rows = [_part(one, currency, style) for one in footprint.get("cost_parts") or ()]
    if not rows:
        return []
    rows.append((_("total"), "", "", *style.parts(Money, footprint["cost"], currency=currency)))
    header = (_("paid for"), _("how much"), _("price"), _("cost"), _("interval (90%)"))
    return Table(header, rows, right=(1, 2, 3, 4)).lines(width=width, color=color)


def _part(one: Mapping[str, Any], currency: str, style: Format) -> tuple[str, ...]:
    price = one["price"]["best"]
    if one["quantity"] is None:
        how_much, told = "", style.percent(price)
    else:
        unit = name_unit(one["unit"], style)
        how_much = f"{style.number(one['quantity']['best'])} {unit}"
        told = f"{style.number(price)} {one['currency']}/{unit}"
    if one.get("exchange"):
        told += f" × {style.number(one['exchange']['rate']['best'])} {currency}/{one['currency']}"
    cost = style.parts(Money, one["cost"], currency=currency)
    return (_charge(one["name"], style), how_much, told, *cost)


def bill_lines(record: View, *, lang: str, width: int = 80, color: bool = False) -> list[str]:
    """Return a bill beside the runs: its parts, its machines with idle hours, its runs.

    Args:
        record: As `brizna.account.Reconciliation` writes it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _, record = style.say, printable(record)
    currency, whole = record["currency"], record["cost"]
    said = texts(lang).ngettext(
        "{source} ({form}, {count} line), in {currency}",
        "{source} ({form}, {count} lines), in {currency}",
        record["lines"],
    )
    lines = [
        said.format(
            source=record["source"],
            form=record["form"],
            count=style.count(record["lines"]),
            currency=currency,
        )
    ]
    for rate in record["exchanges"]:
        told = _("{currency} at {rate} {into}, stated by {source}")
        number = style.number(rate["rate"]["best"])
        lines.append(
            "  "
            + told.format(
                currency=rate["currency"], rate=number, into=rate["into"], source=rate["source"]
            )
        )
    names = _part_names(style)
    rows = [
        (names[name], _money(cost, currency, style), style.percent(cost / whole) if whole else "")
        for name, cost in record["parts"].items()
        if cost
    ]
    rows.append((_("total"), _money(whole, currency, style), ""))
    table = Table((_("part of the bill"), _("cost"), ""), rows, right=(1, 2))
    lines += ["", *table.lines(width=width, color=color)]
    lines += _machines(record, style, width=width, color=color)
    lines += _runs(record, style, width=width, color=color)
    if record["unmatched"]:
        told = _("No line of the bill speaks about {runs}: tag the machine with --tag resource:ID.")
        lines += ["", told.format(runs=", ".join(record["unmatched"]))]
    if record["supposed"]:
        told = _(
            "These runs name no machine, and were taken to be on the only one of the bill: {runs}. "
            "If they were not, name theirs with --resource or --tag resource:ID."
        )
        lines += ["", told.format(runs=", ".join(record["supposed"]))]
    if record["unreadable"]:
        lines += ["", *unreadable_lines(record["unreadable"], style)]
    return lines


def _machines(record: View, style: Format, *, width: int, color: bool) -> list[str]:
    _ = style.say
    currency = record["currency"]
    rows = [
        (
            f"{one['resource'] or '-'} ({one['name']})",
            style.duration(one["billed_s"]),
            style.duration(one["used_s"]),
            style.duration(one["idle_s"]),
            style.duration(one["unbilled_s"]) if one["unbilled_s"] else "",
            _money(one["cost"], currency, style),
            _money(one["idle_cost"], currency, style),
        )
        for one in record["machines"]
    ]
    header = (
        *(_("machine"), _("billed"), _("measured"), _("idle")),
        *(_("beyond the bill"), _("cost"), _("of it idle")),
    )
    if not rows:
        return []
    return ["", *Table(header, rows, right=range(1, 7)).lines(width=width, color=color)]


def _runs(record: View, style: Format, *, width: int, color: bool) -> list[str]:
    _ = style.say
    rows = [
        (
            one["run"],
            one["resource"] or "-",
            style.duration(one["measured_s"]),
            style.duration(one["matched_s"]),
            _("unknown") if one["cost"] is None else _money(one["cost"], record["currency"], style),
        )
        for one in record["runs"]
    ]
    if not rows:
        return []
    header = (_("run"), _("machine"), _("measured"), _("on the bill"), _("cost"))
    return ["", *Table(header, rows, right=(2, 3, 4)).lines(width=width, color=color)]


def _money(amount: float, currency: str, style: Format) -> str:
    return style.quantity(Money(amount), currency=currency)


def _part_names(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "runs": _("machines while runs were measured"),
        "idle": _("the same machines, idle"),
        "machines": _("machines without a run"),
        "storage": _("storage"),
        "requests": _("requests"),
        "transfer": _("transfers"),
        "tax": _("taxes"),
        "credit": _("credits"),
        "other": _("other"),
    }


def name_unit(unit: str, style: Format) -> str:
    """Return a unit of what is paid for as people read it."""
    _ = style.say
    names = {
        "GB month": _("GB month"),
        "1000 requests": _("1000 requests"),
        "kW year": _("kW year"),
    }
    return names.get(unit, unit)


def _charge(name: str, style: Format) -> str:
    """Return what a charge is called; a machine or tier keeps its provider's name."""
    _ = style.say
    words = {
        "power toll": _("power, toll"),
        "power charge": _("power, charge of the system"),
        "energy by the hour": _("energy by the hour"),
        "energy": _("energy"),
        "toll": _("toll"),
        "charge": _("charge of the system"),
        "electricity tax": _("electricity tax"),
        "VAT": _("VAT"),
    }
    if name in words:
        return words[name]
    for head in sorted(words, key=len, reverse=True):
        rest = name.removeprefix(f"{head} P")
        if rest != name and rest.replace(" ", "").isdecimal():
            return f"{words[head]} P{rest}"
    return name
