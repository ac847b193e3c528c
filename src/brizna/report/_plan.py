"""Plans in a few lines: when and where, what that saves, the hours as a strip, and the advice."""

from __future__ import annotations

from datetime import datetime, timedelta

from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, CarbonIntensity, Energy, Money, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from typing import Any

_LEVELS = "▁▂▃▄▅▆▇█"
_MOST_ROWS = 6
_MOST_INTERVALS = 4
_DIM, _BOLD, _OFF = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def plan_lines(
    plan: Mapping[str, Any],
    *,
    lang: str,
    width: int = 80,
    color: bool = False,
    time_zone: str = "UTC",
) -> list[str]:
    """Return a plan in a few lines.

    Args:
        plan: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
        time_zone: IANA name of the zone in which to tell the hours.
    """
    from zoneinfo import ZoneInfo

    plan = printable(plan)
    style, zone = Format(lang), ZoneInfo(time_zone)
    _ = style.say
    lines = [*_when(plan, style, zone, time_zone), *_strip(plan, style, zone, color=color), ""]
    lines += _figures(plan, style).lines(width=width, color=color)
    if plan["advice"]:
        lines += ["", *(f"- {style.stored(one)}" for one in plan["advice"])]
    lines += _others(plan, style, zone, width=width, color=color)
    return lines


def plans_lines(
    plans: Mapping[str, Mapping[str, Any]], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return kept plans as a table, by the beginning of their digest."""
    style = Format(lang)
    _ = style.say
    rows = [
        (
            digest.removeprefix("sha256:")[:12],
            plan["workload"]["name"] or "-",
            plan["best"]["site"],
            _clock(plan["best"]["start"], None),
            _share(plan, style),
        )
        for digest, plan in ((digest, printable(plan)) for digest, plan in plans.items())
    ]
    header = (_("plan"), _("job"), _("site"), _("start (UTC)"), _("saves"))
    return Table(header, rows, right=(4,)).lines(width=width, color=color)


def _when(plan: Mapping[str, Any], style: Format, zone: tzinfo, name: str) -> list[str]:
    _ = style.say
    intervals = plan["intervals"]
    told = [
        f"{_clock(one['start'], zone)} {style.dash} {_clock(one['end'], zone)}"
        + (f" x {one['count']}" if one["count"] != 1 else "")
        for one in intervals[:_MOST_INTERVALS]
    ]
    more = len(intervals) - len(told)
    if more:
        told.append(_("and {count} more").format(count=more))
    best = plan["best"]
    head = _("{job} at {site} ({time_zone}):").format(
        job=plan["workload"]["name"] or _("The job"), site=best["site"], time_zone=name
    )
    return [f"{head} {', '.join(told)}"]


def _strip(plan: Mapping[str, Any], style: Format, zone: tzinfo, *, color: bool) -> list[str]:
    """Return the hours as a strip of heights, and under it when the job runs."""
    hours = plan["hours"]
    known = [value for value in hours["intensity_g_per_kwh"] if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    heights = [
        "?" if value is None else _LEVELS[_height(value, low, high)]
        for value in hours["intensity_g_per_kwh"]
    ]
    runs = ["^" if part > 0 else " " for part in hours["running"]]
    if color:
        heights = [
            f"{_BOLD}{one}{_OFF}" if run == "^" else f"{_DIM}{one}{_OFF}"
            for one, run in zip(heights, runs, strict=True)
        ]
    ends = " ".join(
        style.quantity(CarbonIntensity(end)).split(" ")[0] for end in (low, high)
    ).replace(" ", style.dash)
    until = datetime.fromisoformat(hours["start"]) + timedelta(
        seconds=hours["step_s"] * len(heights)
    )
    first, last = _clock(hours["start"], zone), _clock(until.isoformat(), zone)
    return [
        "",
        f"  {''.join(heights)}  {ends} g CO2e/kWh",
        f"  {''.join(runs).rstrip()}".rstrip(),
        f"  {first} {style.dash} {last}",
    ]


def _height(value: float, low: float, high: float) -> int:
    return 0 if high <= low else round((value - low) / (high - low) * (len(_LEVELS) - 1))


def _figures(plan: Mapping[str, Any], style: Format) -> Table:
    _ = style.say
    best, now = plan["best"], plan["at_once"]
    currency = plan["currency"]
    rows: list[tuple[str, ...]] = []
    kinds = (("energy_j", Energy, _("energy")), ("carbon_g", Carbon, _("carbon")))
    for field, kind, label in (*kinds, ("cost", Money, _("money"))):
        if best[field] is None:
            continue
        saved = {"carbon_g": plan["saving_g"], "cost": plan["saving_cost"]}.get(field)
        rows.append(
            (
                label,
                style.estimate(kind, best[field], currency=currency),
                "-" if now is None else style.estimate(kind, now[field], currency=currency),
                "-" if saved is None else style.estimate(kind, saved, currency=currency),
            )
        )
        if field == "carbon_g" and plan["saving_share"] is not None:
            rows.append(("", "", "", _share(plan, style)))
    rows += _beside(best, now, style)
    return Table(("", _("planned"), _("at once"), _("saved")), rows, right=(1, 2, 3))


def _beside(
    best: Mapping[str, Any], now: Mapping[str, Any] | None, style: Format
) -> list[tuple[str, ...]]:
    """Return what other series say of the same hours: marginal carbon, and renewable energy."""
    _ = style.say

    def grams(value: float) -> str:
        return style.quantity(Carbon(value))

    rows: list[tuple[str, ...]] = []
    for field, label, tell in (
        ("marginal_g", _("carbon, marginal"), grams),
        ("renewable_share", _("renewable share"), style.percent),
    ):
        planned = best[field]
        if planned is None:
            continue
        other = None if now is None else now[field]
        less = None if other is None or field != "marginal_g" else tell(other - planned)
        rows.append((label, tell(planned), "-" if other is None else tell(other), less or "-"))
    return rows


def _share(plan: Mapping[str, Any], style: Format) -> str:
    share = plan["saving_share"]
    return "-" if share is None else style.share(Estimate.from_json(Ratio, share))


def _others(
    plan: Mapping[str, Any], style: Format, zone: tzinfo, *, width: int, color: bool
) -> list[str]:
    """Return the other sites, and what the choice between carbon and money or time costs."""
    _ = style.say
    lines: list[str] = []
    money = plan["currency"] is not None
    rows = [
        (
            one["site"],
            _clock(one["start"], zone),
            style.estimate(Carbon, one["carbon_g"]),
            *([_money(one["cost"], plan, style)] if money else ()),
        )
        for one in plan["alternatives"]
    ]
    rows += [
        (one["site"], "-", style.stored(one["reason"]), *(("",) if money else ()))
        for one in plan["refused"]
    ]
    if rows:
        header = (_("not taken"), _("start"), _("carbon"), *((_("money"),) if money else ()))
        lines += ["", *Table(header, rows).lines(width=width, color=color)]
    if len(plan["front"]) > 1:
        lines += ["", *_front(plan, style, zone).lines(width=width, color=color)]
    return lines


def _money(cost: Mapping[str, Any] | None, plan: Mapping[str, Any], style: Format) -> str:
    return "-" if cost is None else style.estimate(Money, cost, currency=plan["currency"])


def _front(plan: Mapping[str, Any], style: Format, zone: tzinfo) -> Table:
    """Return the front as a table, thinned to a few rows: the ends and what lies between."""
    _ = style.say
    currency, points = plan["currency"], plan["front"]
    by_cost = points[0]["cost"] is not None
    last = len(points) - 1
    places = sorted({round(last * i / (_MOST_ROWS - 1)) for i in range(_MOST_ROWS)})
    rows: list[tuple[str, ...]] = []
    for place in places:
        one = points[place]
        cells = [one["site"], _clock(one["start"], zone), style.quantity(Carbon(one["carbon_g"]))]
        if by_cost:
            price = one["per_tonne"]
            cells.append(style.quantity(Money(one["cost"]), currency=currency))
            cells.append(
                ""
                if price is None
                else f"{style.number(price)} {currency or ''}/t".replace(" /", "/")
            )
        rows.append(tuple(cells))
    more = (_("money"), _("a tonne less costs")) if by_cost else ()
    return Table((_("choices"), _("start"), _("carbon"), *more), rows, right=(2, 3, 4))


def _clock(text: str, zone: tzinfo | None) -> str:
    instant = datetime.fromisoformat(text)
    return (instant if zone is None else instant.astimezone(zone)).strftime("%Y-%m-%d %H:%M")


def elsewhere_lines(
    found: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return what a run would have emitted at other places and hours.

    Args:
        found: What `brizna.verbs.replay_elsewhere` says.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    found = printable(found)
    style = Format(lang)
    _ = style.say
    first = next((one["then"] for one in found["places"] if one["then"]), None)
    rows = [
        (
            one["site"],
            _emitted(one["then"], style),
            _change(one["then"], first, style),
            f"{_emitted(one['least'], style)} {_hour(one['least'])}",
            f"{_emitted(one['most'], style)} {_hour(one['most'])}",
        )
        for one in found["places"]
    ]
    header = (
        _("its power at"),
        _("at that time"),
        _("change"),
        _("best hour (UTC)"),
        _("worst hour (UTC)"),
    )
    lines = Table(header, rows, right=(1, 2, 3, 4)).lines(width=width, color=color)
    return [*lines, *(f"- {style.stored(one)}" for one in found["troubles"])]


def _emitted(outcome: Mapping[str, Any] | None, style: Format) -> str:
    return "-" if outcome is None else style.estimate(Carbon, outcome["carbon_g"])


def _hour(outcome: Mapping[str, Any] | None) -> str:
    return "" if outcome is None else outcome["start"][11:16]


def _change(
    outcome: Mapping[str, Any] | None, first: Mapping[str, Any] | None, style: Format
) -> str:
    if outcome is None or first is None or outcome is first or not first["carbon_g"]["best"]:
        return ""
    share = outcome["carbon_g"]["best"] / first["carbon_g"]["best"] - 1
    return ("+" if share > 0 else "") + style.percent(share)


def followed_line(record: Mapping[str, Any], *, lang: str) -> str:
    """Return what a plan promised and what became of it, in one line.

    Args:
        record: As `brizna.verbs` keeps it beside the run.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say

    def grams(value: float | None, reason: str | None = None) -> str:
        return style.unknown(reason) if value is None else style.quantity(Carbon(value))

    text = _("saved {saving} against running at once (the plan promised {promised})").format(
        saving=grams(record["saving_g"], record.get("reason")),
        promised=grams(record["promised_saving_g"]),
    )
    if record["paused_s"]:
        text += _("; paused for {time}").format(time=style.duration(record["paused_s"]))
    return text


def followed_remark(view: Mapping[str, Any], *, lang: str) -> str:
    """Return what became of the plan that a run followed, a sentence; empty if it followed none."""
    record = view.get("followed")
    if not record:
        return ""
    _ = Format(lang).say
    text = _("Followed plan {id}: {what}.")
    return text.format(id=record["plan"][7:19], what=followed_line(record, lang=lang))


def waiting_line(plan: Mapping[str, Any], *, name: str | None, lang: str) -> str:
    """Return when a job begins and what its plan promises, in one line.

    Args:
        plan: The plan's record.
        name: What the job is called, if its plan does not say.
        lang: One of `LANGUAGES`.
    """
    style = Format(lang)
    _ = style.say
    plan = printable(plan)
    text = _("{job} starts at {start} UTC").format(
        job=name or plan["workload"]["name"] or _("The job"),
        start=_clock(plan["best"]["start"], None),
    )
    if plan["saving_share"] is None:
        return text
    return text + _(", which saves {share} of its carbon").format(share=_share(plan, style))
