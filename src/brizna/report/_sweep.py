"""Sweeps for people: a table of settings, which to take, and energy against time as a page."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.report._format import Format, Joules, unit_for
from brizna.report._plot import Figure, Point, ends_of, front_page, plot_of, told
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_FRONT = "*"
_NUMBERS = (1, 2, 3, 4, 5)
"""Columns of the table that hold numbers."""
_LONG_S = 180.0
"""Beyond this a time is written in minutes."""


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
    lines = Table(header, rows, right=_NUMBERS).lines(width=width, color=color)
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
    _ = style.say
    values = {
        "title": _("Sweep"),
        "subject": " ".join(sweep["command"]),
        "about": _size(sweep, style),
        "question": _("Which setting to take"),
        "verdict": verdict(sweep, style),
        "notes": [style.stored(note) for note in sweep["notes"]],
        "plot_name": _("Energy against time"),
        "plot": plot_of(_points(sweep, header, rows), _figures(sweep, style), style),
        "caption": _(
            "Bars are intervals of 90 %; what settings share of their doubts cancels in the ratios "
            "below. Filled points are on the front: no other setting takes less of both."
        ),
        "table_name": _("Settings"),
        "header": header,
        "rows": rows,
        "numbers": _NUMBERS,
    }
    return front_page(values, lang)


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


def _points(
    sweep: Mapping[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[Point]:
    """Return what the plot shows of each row, its figures aside."""
    return [
        Point(
            name=one["name"],
            is_named=True,
            about=told(header, cells),
            is_on_front=one["is_on_front"],
            is_best=one["name"] == sweep["recommended"],
        )
        for one, cells in zip(sweep["settings"], rows, strict=True)
    ]


def _figures(sweep: Mapping[str, Any], style: Format) -> list[Figure]:
    """Return what the axes show: time and energy."""
    _ = style.say
    kind = Joules if sweep["per"] else Energy
    per = f" / {sweep['per']}" if sweep["per"] else ""
    times, energies = (
        tuple(ends_of(one[name]) for one in sweep["settings"])
        for name in ("duration_s", "energy_j")
    )
    longest, most = (
        max((one[2] for one in every if one is not None), default=1.0)
        for every in (times, energies)
    )
    return [
        Figure(
            name=_("time") + per,
            values=times,
            tell=style.duration,
            unit=Duration.units["min"] if longest > _LONG_S else 1.0,
        ),
        Figure(
            name=_("energy") + per,
            values=energies,
            tell=lambda value: style.quantity(kind(value)),
            unit=unit_for(kind, most)[1],
        ),
    ]
