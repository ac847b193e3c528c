"""Searches for settings for people: the settings, which to take, and the front as a page."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.report._axis import Axis
from brizna.report._format import Format, unit_for
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
_FAR = 0.7
"""Beyond this share of the width a name stands to the left of its point."""
_STEP = 1e-4
_MOST_NAMES = 12
"""So many points of the front are named in the plot; the table names all."""


def tune_lines(
    tune: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return a search as a table, which setting to take, and what to know of it.

    Args:
        tune: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, tune = Format(lang), printable(tune)
    header, rows = _table(tune, style)
    right = tuple(range(1, len(header) - 1))
    lines = Table(header, rows, right=right).lines(width=width, color=color)
    lines += ["", *tune_verdict(tune, style)]
    return lines + [f"- {style.stored(note)}" for note in tune["notes"]]


def tune_page(tune: Mapping[str, Any], *, lang: str) -> bytes:
    """Return a page of a search: the front, how it grew with the energy spent, and the table.

    Args:
        tune: Its record.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style, tune = Format(lang, rich=True), printable(tune)
    header, rows = _table(tune, style)
    values = {
        "lang": lang,
        "command": " ".join(tune["command"]),
        "verdict": tune_verdict(tune, style),
        "notes": [style.stored(note) for note in tune["notes"]],
        "header": header,
        "rows": rows,
        "plot": _plot(tune, style),
        "growth": _growth(tune, style),
    }
    return render_page("tune.html", values, lang, sheets=("report.css", "sweep.css"))


def tune_verdict(tune: Mapping[str, Any], style: Format) -> list[str]:
    """Return which setting to take, what it comes to, and what the search took."""
    _ = style.say
    named = {one["name"]: one for one in tune["settings"]}
    lines: list[str] = []
    if tune["recommended"] is None:
        lines.append(_("Nothing can be recommended."))
    else:
        text = _("To take: {setting}, with {quality} {value} for {energy}.")
        if tune["target"] is None:
            text = _("The bend of the front: {setting}, with {quality} {value} for {energy}.")
        lines.append(_said(text, named[tune["recommended"]], tune, style))
    for name, text in (
        (tune["best"], _("The best: {setting}, with {quality} {value} for {energy}.")),
        (tune["cheapest"], _("The least energy: {setting}, with {quality} {value} for {energy}.")),
    ):
        if name is not None and name != tune["recommended"]:
            lines.append(_said(text, named[name], tune, style))
    return [*lines, _spent(tune, style)]


def _said(text: str, setting: Mapping[str, Any], tune: Mapping[str, Any], style: Format) -> str:
    return text.format(
        setting=setting["name"],
        quality=tune["quality"],
        value=_quality(setting, style),
        energy=_figure(Energy, setting["energy_j"], style),
    )


def _spent(tune: Mapping[str, Any], style: Format) -> str:
    _ = style.say
    spent = _figure(Energy, tune["spent_j"], style)
    time = style.duration(tune["spent_s"])
    if tune["ended"] == "budget":
        return _("All trials took {energy} and {time}; the budget ended them.").format(
            energy=spent, time=time
        )
    return _("All trials took {energy} and {time}.").format(energy=spent, time=time)


def _table(tune: Mapping[str, Any], style: Format) -> tuple[list[str], list[list[str]]]:
    _ = style.say
    header = [_("setting"), tune["quality"], _("energy"), _("time")]
    if tune["reference"] is not None:
        header += [_("change of {quality}").format(quality=tune["quality"]), _("energy, ratio")]
    if tune["target"] is not None:
        header.append(_("reached"))
    header += [_("trainings"), _("front")]
    return header, [_row(setting, tune, style) for setting in _ordered(tune)]


def _ordered(tune: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return an experiment's arms as they are, and a search's settings with the best first."""
    settings = tune["settings"]
    if tune["reference"] is not None:
        return settings
    sign = -1 if tune["more_is_better"] else 1
    known = [one for one in settings if one["failed"] is None]
    failed = [one for one in settings if one["failed"] is not None]
    return sorted(known, key=lambda one: (not one["is_on_front"], sign * one["quality"])) + failed


def _row(setting: Mapping[str, Any], tune: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    columns = 6 + 2 * (tune["reference"] is not None) + (tune["target"] is not None)
    if setting["failed"] is not None:
        given_up = _("given up: {why}").format(why=style.stored(setting["failed"]))
        return [setting["name"], given_up, *[""] * (columns - 2)]
    cells = [
        setting["name"],
        _quality(setting, style),
        _figure(Energy, setting["energy_j"], style),
        _figure(Duration, setting["duration_s"], style),
    ]
    if tune["reference"] is not None:
        is_reference = setting["name"] == tune["reference"]
        cells += ["0", "1"] if is_reference else [_change(setting, style), _ratio(setting, style)]
    if tune["target"] is not None:
        reached = setting["reached"]
        cells.append("-" if reached is None else style.percent(reached))
    return [*cells, style.count(len(setting["runs"])), _FRONT if setting["is_on_front"] else ""]


def _quality(setting: Mapping[str, Any], style: Format) -> str:
    return _within(
        setting["quality"], setting["quality_low"], setting["quality_high"], style, sign=""
    )


def _change(setting: Mapping[str, Any], style: Format) -> str:
    change = setting["quality_change"]
    if change is None:
        return "-"
    sign = "+" if change > 0 else ""
    return _within(change, setting["change_low"], setting["change_high"], style, sign=sign)


def _within(
    value: float, low: float | None, high: float | None, style: Format, *, sign: str
) -> str:
    step = _step(value)
    said = sign + style.number(value, step=step)
    if low is None or high is None:
        return said
    ends = [style.number(end, step=step) for end in (low, high)]
    return style.say("{value} ({low} to {high})").format(value=said, low=ends[0], high=ends[1])


def _step(value: float) -> float:
    """Return the last digit of a quality that is written: four after the point, or of four."""
    return _STEP if abs(value) < 10 else 10 ** (len(str(int(abs(value)))) - 4)


def _figure(kind: Any, estimate: Mapping[str, Any] | None, style: Format) -> str:
    return "-" if estimate is None else style.estimate(kind, estimate)


def _ratio(setting: Mapping[str, Any], style: Format) -> str:
    ratio = setting["energy_ratio"]
    return "-" if ratio is None else style.estimate(Ratio, Estimate.from_json(Ratio, ratio))


# ------------------------------------------------------------------------------------------- plots


def _plot(tune: Mapping[str, Any], style: Format) -> dict[str, Any] | None:
    """Return what to draw of the front: quality against energy; None where nothing is known."""
    known = [one for one in tune["settings"] if one["quality"] is not None and one["energy_j"]]
    if not known:
        return None
    energies = [Estimate.from_json(Energy, one["energy_j"]) for one in known]
    lows = [_end(one, "quality_low") for one in known]
    highs = [_end(one, "quality_high") for one in known]
    x = Axis(
        min(one.low.value for one in energies),
        max(one.high.value for one in energies),
        start=_LEFT,
        end=_WIDE - _RIGHT,
    )
    y = Axis(min(lows), max(highs), start=_HIGH - _BOTTOM, end=_TOP, from_zero=False)
    front = sum(one["is_on_front"] for one in known)
    points = [
        {
            "x": x.at(energy.best.value),
            "y": y.at(one["quality"]),
            "left": x.at(energy.low.value),
            "right": x.at(energy.high.value),
            "top": y.at(high),
            "bottom": y.at(low),
            "name": one["name"],
            "is_named": one["is_on_front"] and front <= _MOST_NAMES,
            "far": x.at(energy.best.value) > _FAR * _WIDE,
            "front": one["is_on_front"],
            "best": one["name"] == tune["recommended"],
        }
        for one, energy, low, high in zip(known, energies, lows, highs, strict=True)
    ]
    line = sorted((point["x"], point["y"]) for point in points if point["front"])
    return _drawing(x, y, style, points=points, line=line, y_name=tune["quality"])


def _growth(tune: Mapping[str, Any], style: Format) -> dict[str, Any] | None:
    """Return what to draw of how the front grew with the energy spent; None where unknown."""
    curve = tune["curve"]
    if len(curve) < 2:
        return None
    _ = style.say
    x = Axis(0.0, curve[-1][0], start=_LEFT, end=_WIDE - _RIGHT)
    y = Axis(0.0, 1.0, start=_HIGH - _BOTTOM, end=_TOP)
    line = [(x.at(curve[0][0]), y.at(curve[0][1]))]
    for energy_j, share in curve[1:]:
        line += [(x.at(energy_j), line[-1][1]), (x.at(energy_j), y.at(share))]
    return _drawing(x, y, style, points=[], line=line, y_name=_("area of the front, share"))


def _drawing(
    x: Axis,
    y: Axis,
    style: Format,
    *,
    points: list[dict[str, Any]],
    line: list[tuple[float, float]],
    y_name: str,
) -> dict[str, Any]:
    _ = style.say
    unit = unit_for(Energy, x.high)[1]
    return {
        "width": _WIDE,
        "height": _HIGH,
        "points": points,
        "front": " ".join(f"{at},{height}" for at, height in line),
        "x_ticks": [(x.at(value), style.quantity(Energy(value))) for value in x.ticks(unit)],
        "y_ticks": [(y.at(value), style.number(value, step=_STEP)) for value in y.ticks(1.0)],
        "x_name": _("energy"),
        "y_name": y_name,
        "left": _LEFT,
        "bottom": _HIGH - _BOTTOM,
    }


def _end(setting: Mapping[str, Any], name: str) -> float:
    return setting["quality"] if setting[name] is None else setting[name]
