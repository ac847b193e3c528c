"""Lines for advice on site and hardware: what each way comes to, and when one beats another."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Carbon, CarbonIntensity, Duration, Energy, Money, Ratio
from brizna.report._format import Format
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def site_advice_lines(
    advice: Mapping[str, Any], *, lang: str, width: int, color: bool, explain: bool = False
) -> list[str]:
    """Return what each way to have machines comes to in a month, and from when on it is better.

    Args:
        advice: As `SiteAdvice.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
        explain: Also the table of the numbers behind it.
    """
    style = Format(lang)
    _, advice = style.say, printable(advice)
    use = advice["use"]
    head = _("{hours} h of work a month, {machines} machines busy in the mean, {peak} at the peak")
    head = head.format(
        hours=style.number(use["hours"]),
        machines=style.number(use["machines"]),
        peak=style.number(use["peak"]),
    )
    header = [_("a month"), _("machines"), _("energy"), _("waiting"), _("carbon"), _("making")]
    rows = [_site_cells(one, style, advice["currency"]) for one in advice["options"]]
    table = Table([*header, _("cost")], rows, right=(1,))
    lines = [": ".join(filter(None, (advice["name"], head))), ""]
    lines += [*table.lines(width=width, color=color), ""]
    lines += [_best(one, style) for one in advice["best"]]
    lines += _evens(advice["break_evens"], style)
    lines += [
        line for one in advice["options"] if one["checkpoints"] for line in _checkpoints(one, style)
    ]
    return [*lines, *rest_lines(advice, style, width=width, color=color, explain=explain)]


def hardware_advice_lines(
    advice: Mapping[str, Any], *, lang: str, width: int, color: bool, explain: bool = False
) -> list[str]:
    """Return what each chip comes to in a year, and whether a new one pays for an old one.

    Args:
        advice: As `HardwareAdvice.to_json` gives it.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
        explain: Also the table of the numbers behind it.
    """
    style = Format(lang)
    _, advice = style.say, printable(advice)
    head = _("{count} {work} a year").format(
        count=style.number(advice["work_per_y"]), work=advice["work"]
    )
    header = [_("a year"), _("count"), _("energy"), _("electricity"), _("making"), _("cost")]
    rows = [_chip_cells(one, style, advice["currency"]) for one in advice["options"]]
    per_kwh = _("{work} for a kWh").format(work=advice["work"])
    table = Table([*header, per_kwh], rows, right=(1,))
    lines = [": ".join(filter(None, (advice["name"], head))), ""]
    lines += table.lines(width=width, color=color)
    for one in advice["replacements"]:
        lines += ["", *_replacement(one, style)]
    return [*lines, *rest_lines(advice, style, width=width, color=color, explain=explain)]


def _site_cells(option: Mapping[str, Any], style: Format, currency: str) -> list[str]:
    reasons = option["reasons"]
    return [
        option["name"],
        style.count(option["machines"]),
        style.estimate(Energy, option["energy_j"]),
        style.estimate(Energy, option["idle_energy_j"]),
        style.estimate(Carbon, option["carbon_g"], reason=reasons.get("carbon_g")),
        style.estimate(Carbon, option["embodied_g"]),
        style.estimate(Money, option["cost"], reason=reasons.get("cost"), currency=currency),
    ]


def _best(best: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    text = _("least {figure}: {name}") if best["sure"] else _("least {figure}: {name} (not sure)")
    return text.format(figure=_figures(style)[best["figure"]], name=best["name"])


def _evens(evens: Sequence[Mapping[str, Any]], style: Format) -> list[str]:
    _ = style.say
    lines: list[str] = []
    for even in evens:
        pair = (even["first"], even["second"])
        title = _("{first} or {second}:").format(first=pair[0], second=pair[1])
        if title not in lines:
            lines += ["", title]
        lines.append("  " + _when(even, style))
        if even["pays_back_s"] is not None:
            lines.append("  " + _pays_back(even, style))
    return lines


def _when(even: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    turned = even["better"] in ("never", "until")
    name = even["second"] if turned else even["first"]
    if even["better"] in ("always", "never"):
        text = _("{figure}: {name}, however much it is used")
    elif even["duration_s"] is None:
        text = _("{figure}: more use speaks for {name}; from when on, the doubts do not say")
    else:
        text = _("{figure}: {name} from {hours} of work a month on")
    hours = "" if even["duration_s"] is None else _hours(even["duration_s"], style)
    said = text.format(figure=_figures(style)[even["figure"]], name=name, hours=hours)
    return said if even["sure"] else f"{said} ({_('not sure')})"


def _pays_back(even: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    text = (
        _("as it is used here, {first} pays its price back in {time}")
        if even["figure"] == "cost"
        else _("as it is used here, {first} saves the carbon of its making in {time}")
    )
    return text.format(first=even["first"], time=_years(even["pays_back_s"], style))


def _checkpoints(option: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    found = option["checkpoints"]
    text = _("{name}: a checkpoint each {interval}; these and the interruptions add {overhead}")
    said = text.format(
        name=option["name"],
        interval=style.duration(found["interval_s"]),
        overhead=style.percent(found["overhead"]),
    )
    return ["", said]


def _chip_cells(option: Mapping[str, Any], style: Format, currency: str) -> list[str]:
    reasons = option["reasons"]
    work = Estimate.from_json(Ratio, option["work_per_j"]).scaled(Energy.of(1, "kWh").value)
    return [
        option["name"],
        style.count(option["count"]),
        style.estimate(Energy, option["energy_j"]),
        style.estimate(Carbon, option["operational_g"], reason=reasons.get("operational_g")),
        style.estimate(Carbon, option["embodied_g"]),
        style.estimate(Money, option["cost"], reason=reasons.get("cost"), currency=currency),
        style.estimate(Ratio, work),
    ]


def _replacement(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    names = {"old": one["old"], "new": one["new"]}
    verdicts = {
        "replace": _("replace {old} by {new}"),
        "keep": _("keep {old}"),
        "cannot-tell": _("the doubts do not say whether to replace {old}"),
    }
    times = style.estimate(Ratio, one["work_per_j"])
    text = _("{new} does {times} times the work of {old} for a joule")
    lines = [text.format(times=times, **names)]
    for figure, years in (("carbon", one["carbon_s"]), ("money", one["money_s"])):
        name = _figures(style)["carbon_g" if figure == "carbon" else "cost"]
        verdict = one[figure]
        said = f"{name}: {style.unknown(None) if verdict is None else verdicts[verdict]}"
        said = said.format(**names)
        if years is not None:
            after = _("{new} has paid after {time}")
            said += "; " + after.format(time=_years(years, style), **names)
        lines.append("  " + said)
    if one["least_intensity"] is not None:
        text = _("on electricity cleaner than {intensity}, keep {old}: the making weighs more")
        least = style.estimate(CarbonIntensity, one["least_intensity"])
        lines.append("  " + text.format(intensity=least, **names))
    return lines


def rest_lines(
    advice: Mapping[str, Any], style: Format, *, width: int, color: bool, explain: bool
) -> list[str]:
    """Return the notes, and the numbers behind the answer or how to see them."""
    _ = style.say
    notes = [f"- {style.stored(note)}" for note in advice["notes"]]
    if not explain:
        return ["", *notes, "- " + _("the numbers behind this: --explain")]
    header = [_("of"), _("field"), _("value"), _("source"), _("year")]
    rows = [
        [
            one["option"],
            one["field"],
            _value(one, style),
            style.stored(one["source"])
            if one["factor"] is None
            else f"{one['factor']}: {one['source']}",
            "" if one["year"] is None else str(one["year"]),
        ]
        for one in advice["inputs"]
    ]
    return ["", *notes, "", *Table(header, rows).lines(width=width, color=color)]


def _value(one: Mapping[str, Any], style: Format) -> str:
    unit = "" if one["unit"] == "1" else f" {one['unit']}"
    text = style.number(one["best"])
    if one["low"] < one["high"]:
        text += f" ({style.number(one['low'])} … {style.number(one['high'])})"
    return text + unit


def _hours(estimate: Mapping[str, Any], style: Format) -> str:
    return _spread(estimate, Duration.of(1, "h").value, "h", style)


def _years(estimate: Mapping[str, Any], style: Format) -> str:
    return _spread(estimate, Duration.of(1, "y").value, style.say("years"), style)


def _spread(estimate: Mapping[str, Any], size: float, unit: str, style: Format) -> str:
    low, best, high = (style.number(estimate[end] / size) for end in ("low", "best", "high"))
    return f"{best} {unit}" + ("" if low == high else f" ({low} … {high})")


def _figures(style: Format) -> dict[str, str]:
    _ = style.say
    return {"energy_j": _("energy"), "carbon_g": _("carbon"), "cost": _("cost")}
