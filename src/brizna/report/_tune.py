"""Searches for settings for people: the settings, which to take, and the front as a page."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.report._format import Format, unit_for
from brizna.report._plot import Figure, Point, ends_of, front_page, plot_of, steps_plot, told
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._plot import Ends

_FRONT = "*"
_STEP = 1e-4


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
    _ = style.say
    values = {
        "title": _("Search"),
        "subject": " ".join(tune["command"]),
        "question": _("Which setting to take"),
        "verdict": tune_verdict(tune, style),
        "notes": [style.stored(note) for note in tune["notes"]],
        "plot_name": _("Quality against energy"),
        "plot": plot_of(_points(tune, header, rows), _figures(tune, style), style),
        "caption": _(
            "Bars are intervals of 90 %. Filled points are on the front: no other setting is at "
            "least as good and takes less."
        ),
        "growth_name": _("How the front grew with the energy spent"),
        "growth": _growth(tune, style),
        "table_name": _("Settings"),
        "header": header,
        "rows": rows,
        "numbers": tuple(range(1, len(header) - 1)),
    }
    return front_page(values, lang)


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


def _points(
    tune: Mapping[str, Any], header: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[Point]:
    """Return what the plot shows of each row, its figures aside."""
    settings = _ordered(tune)
    return [
        Point(
            name=one["name"],
            is_named=one["is_on_front"],
            about=told(header, cells),
            is_on_front=one["is_on_front"],
            is_best=one["name"] == tune["recommended"],
        )
        for one, cells in zip(settings, rows, strict=True)
    ]


def _figures(tune: Mapping[str, Any], style: Format) -> list[Figure]:
    """Return what the axes can show: energy, quality, time, and what was set in numbers."""
    _ = style.say
    settings = _ordered(tune)
    qualities = [
        None
        if one["quality"] is None
        else (_end(one, "quality_low"), one["quality"], _end(one, "quality_high"))
        for one in settings
    ]
    figures = [
        _energy([ends_of(one["energy_j"]) for one in settings], style),
        _share(tune["quality"], qualities, style).replace(from_zero=False),
        Figure(
            name=_("time"),
            values=tuple(ends_of(one["duration_s"]) for one in settings),
            tell=style.duration,
        ),
    ]
    names = settings[0]["levels"] if settings else ()
    for name in names:
        levels = [_number(one["levels"].get(name)) for one in settings]
        if all(level is not None for level in levels) and len(set(levels)) > 1:
            values = tuple(ends_of(level) for level in levels)
            is_positive = all(level is not None and level > 0 for level in levels)
            figures.append(
                Figure(name=name, values=values, tell=style.number, from_zero=is_positive)
            )
    return figures


def _growth(tune: Mapping[str, Any], style: Format) -> dict[str, Any] | None:
    """Return what to draw of how the front grew with the energy spent; None where unknown."""
    curve = tune["curve"]
    if len(curve) < 2:
        return None
    _ = style.say
    energies, shares = zip((0.0, 0.0), *curve, strict=True)
    across = _energy([ends_of(one) for one in energies], style)
    up = _share(_("area of the front, share"), [ends_of(one) for one in shares], style)
    return steps_plot(across.replace(name=_("energy spent")), up, style)


def _energy(values: Sequence[Ends | None], style: Format) -> Figure:
    _ = style.say
    most = max((one[2] for one in values if one is not None), default=1.0)
    return Figure(
        name=_("energy"),
        values=tuple(values),
        tell=lambda value: style.quantity(Energy(value)),
        unit=unit_for(Energy, most)[1],
    )


def _share(name: str, values: Sequence[Ends | None], style: Format) -> Figure:
    return Figure(
        name=name, values=tuple(values), tell=lambda value: style.number(value, step=_STEP)
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _end(setting: Mapping[str, Any], name: str) -> float:
    return setting["quality"] if setting[name] is None else setting[name]
