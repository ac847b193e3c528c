"""Lines for advice on federated learning: the verdict, the criteria, and where each turns."""

from __future__ import annotations

from brizna.core.quantities import Duration, Energy
from brizna.report._advice import rest_lines
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def federation_lines(
    advice: Mapping[str, Any], *, lang: str, width: int, color: bool, explain: bool = False
) -> list[str]:
    """Return whether to federate, what each criterion says, and at which numbers that turns.

    Args:
        advice: As `FederationAdvice.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
        explain: Also the table of the numbers behind it, and who sets each threshold.
    """
    style = Format(lang)
    _, advice = style.say, printable(advice)
    head = f"{_verdicts(style)[advice['verdict']]}: {style.stored(advice['reason'])}"
    lines = [": ".join(filter(None, (advice["name"], head)))]
    if advice.get("is_forced") or advice["by_numbers"] != advice["verdict"]:
        text = _("by the numbers alone: {verdict}")
        lines.append(text.format(verdict=_verdicts(style)[advice["by_numbers"]]))
    lines += [_turn(flip, style) for flip in advice["flips"]]
    header = [_("criterion"), _("guide"), _("says"), _("number"), _("limit"), _("turns at")]
    rows = [_row(one, style) for one in advice["criteria"]]
    lines += ["", *Table([*header, _("why")], rows).lines(width=width, color=color)]
    lines += ["", *_traffic(advice["traffic"], style)]
    if explain:
        lines += ["", *_sources(advice["criteria"], style)]
    return [*lines, *rest_lines(advice, style, width=width, color=color, explain=explain)]


def _verdicts(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "federate": _("federate"),
        "centralise": _("centralise"),
        "weigh": _("federate at a price, or centralise: people decide"),
        "neither": _("neither way can be taken as stated"),
        "cannot-tell": _("cannot tell"),
    }


def _names(style: Format) -> dict[str, str]:
    _ = style.say
    return {
        "sensitivity": _("sensitive data"),
        "volume": _("volume against transfer"),
        "light-model": _("light updates"),
        "patience": _("slow convergence tolerated"),
        "heterogeneity": _("unlike devices"),
        "battery": _("battery"),
        "size": _("size of the model"),
        "network": _("costly network"),
        "reach": _("unstable network"),
        "traceability": _("trace and repetition"),
    }


def _row(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    says = {
        "for": _("for"),
        "against": _("against"),
        "neither": _("neither"),
        "cannot-tell": _("cannot tell"),
    }
    reason = style.stored(one["reason"])
    return [
        _names(style)[one["name"]],
        one["paragraph"],
        says[one["says"]],
        "" if one["number"] is None else _spread(one["number"], style),
        "" if one["threshold"] is None else style.number(one["threshold"]),
        ", ".join(f"{flip['field']} {_spread(flip['at'], style)}" for flip in one["flips"]),
        _("{reason} (cannot be done)").format(reason=reason) if one["forbids"] else reason,
    ]


def _turn(flip: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    values = {"at": _spread(flip["at"], style)}
    if flip["field"] == "rounds":
        return _("it turns at {at} rounds: fewer speak for federating").format(**values)
    return _("it turns at {at} GB of raw data: more speak for federating").format(**values)


def _traffic(traffic: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    gigabytes = {name: traffic[name] for name in ("moved_gb", "raw_gb") if traffic[name]}
    told = {"moved_gb": _("updates move"), "raw_gb": _("raw data")}
    lines = [f"{told[name]}: {_spread(value, style)} GB" for name, value in gigabytes.items()]
    figures = (
        ("total_s", _("all rounds take"), Duration),
        ("federated_j", _("federating"), Energy),
        ("computing_j", _("  clients' computing"), Energy),
        ("waiting_j", _("  clients' waiting"), Energy),
        ("network_j", _("  network"), Energy),
        ("central_j", _("centralising"), Energy),
    )
    for name, label, kind in figures:
        if traffic[name] is not None:
            lines.append(f"{label}: {style.estimate(kind, traffic[name])}")
    return lines


def _sources(criteria: list[Mapping[str, Any]], style: Format) -> list[str]:
    _ = style.say
    header = [_("criterion"), _("who sets the limit")]
    rows = [[_names(style)[one["name"]], one["source"]] for one in criteria if one["source"]]
    return Table(header, rows).lines(width=80, color=False)


def _spread(value: Mapping[str, Any], style: Format) -> str:
    low, best, high = (style.number(value[end]) for end in ("low", "best", "high"))
    return best if low == high else f"{best} ({low} … {high})"
