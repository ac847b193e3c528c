"""Sweeps for people: a table of settings, which to take, and energy against time as a page."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.report._axis import Axis
from brizna.report._format import Format, Joules, unit_for
from brizna.report._html import render_page
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_FRONT = "*"
_WIDE, _HIGH = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 78, 24, 18, 52
_LONG_S = 180.0
"""Beyond this a time is written in minutes."""
_FAR = 0.7
"""Beyond this share of the width a name stands to the left of its point."""


def sweep_lines(
    sweep: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return a sweep as a table, which setting to take, and what to know of it.

    Args:
        sweep: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, sweep = Format(lang), printable(sweep)
    header, rows = _table(sweep, style)
    lines = Table(header, rows, right=(1, 2, 3, 4, 5)).lines(width=width, color=color)
    lines += ["", *verdict(sweep, style)]
    return lines + [f"- {style.stored(note)}" for note in sweep["notes"]]


def sweep_page(sweep: Mapping[str, Any], *, lang: str) -> bytes:
    """Return a page of a sweep: energy against time, the front, and the table.

    Args:
        sweep: Its record.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style, sweep = Format(lang, rich=True), printable(sweep)
    header, rows = _table(sweep, style)
    values = {
        "lang": lang,
        "command": " ".join(sweep["command"]),
        "size": _size(sweep, style),
        "verdict": verdict(sweep, style),
        "notes": [style.stored(note) for note in sweep["notes"]],
        "header": header,
        "rows": rows,
        "plot": _plot(sweep, style),
    }
    return render_page("sweep.html", values, lang, sheets=("report.css", "sweep.css"))


def verdict(sweep: Mapping[str, Any], style: Format) -> list[str]:
    """Return which setting to take, what that saves, and what cannot be told apart from it."""
    _ = style.say
    best = sweep["recommended"]
    if best is None:
        return [_("Nothing can be recommended for: {goal}.").format(goal=sweep["goal"])]
    said = _("The least for the goal {goal}: {setting}.")
    lines = [said.format(goal=sweep["goal"], setting=best)]
    setting = next(one for one in sweep["settings"] if one["name"] == best)
    if best != sweep["reference"]:
        energy, time = (_ratio(setting[name], style) for name in ("energy_ratio", "duration_ratio"))
        text = _("Compared with {reference}: energy x {energy}, time x {time}.")
        lines.append(text.format(reference=sweep["reference"], energy=energy, time=time))
    if sweep["alike"]:
        text = _("Not told apart from it: {settings}. More repeats would narrow the intervals.")
        lines.append(text.format(settings="; ".join(sweep["alike"])))
    return lines


def _table(sweep: Mapping[str, Any], style: Format) -> tuple[list[str], list[list[str]]]:
    _ = style.say
    per = sweep["per"]
    one = f" / {per}" if per else ""
    header = [
        _("setting"),
        _("time") + one,
        _("energy") + one,
        _("time, ratio"),
        _("energy, ratio"),
        _("switches"),
        _("front"),
    ]
    return header, [_row(setting, sweep, style) for setting in sweep["settings"]]


def _row(setting: Mapping[str, Any], sweep: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    if setting["failed"] is not None:
        given_up = _("given up: {why}").format(why=style.stored(setting["failed"]))
        return [setting["name"], given_up, "", "", "", "", ""]
    is_reference = setting["name"] == sweep["reference"]
    kind = Joules if sweep["per"] else Energy
    switches = (setting["switches_voluntary"], setting["switches_involuntary"])
    return [
        setting["name"],
        _figure(Duration, setting["duration_s"], style),
        _figure(kind, setting["energy_j"], style),
        "1" if is_reference else _ratio(setting["duration_ratio"], style),
        "1" if is_reference else _ratio(setting["energy_ratio"], style),
        " + ".join("-" if count is None else style.count(round(count)) for count in switches),
        _FRONT if setting["is_on_front"] else "",
    ]


def _figure(kind: Any, estimate: Mapping[str, Any] | None, style: Format) -> str:
    return "-" if estimate is None else style.estimate(kind, estimate)


def _ratio(estimate: Mapping[str, Any] | None, style: Format) -> str:
    if estimate is None:
        return "-"
    return style.estimate(Ratio, Estimate.from_json(Ratio, estimate))


def _size(sweep: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    text = _("{settings} settings, {repeats} repeats of each, in turn; seed {seed}")
    count = len(sweep["settings"])
    return text.format(settings=count, repeats=sweep["repeats"], seed=sweep["seed"])


# ------------------------------------------------------------------------------------------- plot


def _plot(sweep: Mapping[str, Any], style: Format) -> dict[str, Any] | None:
    """Return what to draw: points with their intervals, the front, axes; None without energies."""
    _ = style.say
    known = [one for one in sweep["settings"] if one["energy_j"] is not None and one["duration_s"]]
    if not known:
        return None
    kind = Joules if sweep["per"] else Energy
    times = [Estimate.from_json(Duration, one["duration_s"]) for one in known]
    energies = [Estimate.from_json(Energy, one["energy_j"]) for one in known]
    x = _axis(times, _LEFT, _WIDE - _RIGHT)
    y = _axis(energies, _HIGH - _BOTTOM, _TOP)
    points = [
        {
            "x": x.at(time.best.value),
            "y": y.at(energy.best.value),
            "left": x.at(time.low.value),
            "right": x.at(time.high.value),
            "top": y.at(energy.high.value),
            "bottom": y.at(energy.low.value),
            "name": one["name"],
            "far": x.at(time.best.value) > _FAR * _WIDE,
            "front": one["is_on_front"],
            "best": one["name"] == sweep["recommended"],
        }
        for one, time, energy in zip(known, times, energies, strict=True)
    ]
    time_unit = Duration.units["min"] if x.high > _LONG_S else 1.0
    energy_unit = unit_for(kind, y.high)[1]
    line = sorted((point["x"], point["y"]) for point in points if point["front"])
    per = f" / {sweep['per']}" if sweep["per"] else ""
    return {
        "width": _WIDE,
        "height": _HIGH,
        "points": points,
        "front": " ".join(f"{at},{height}" for at, height in line),
        "x_ticks": [(x.at(value), style.duration(value)) for value in x.ticks(time_unit)],
        "y_ticks": [(y.at(value), style.quantity(kind(value))) for value in y.ticks(energy_unit)],
        "x_name": _("time") + per,
        "y_name": _("energy") + per,
        "left": _LEFT,
        "bottom": _HIGH - _BOTTOM,
    }


def _axis(estimates: Sequence[Estimate], start: float, end: float) -> Axis:
    low = min(one.low.value for one in estimates)
    high = max(one.high.value for one in estimates)
    return Axis(low, high, start=start, end=end)
