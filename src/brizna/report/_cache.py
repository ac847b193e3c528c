"""What a request cache is worth, for people: a row for each size, and how many answers to hold."""

from __future__ import annotations

from brizna.core.estimate import Estimate
from brizna.core.quantities import Duration, Power, Ratio
from brizna.report._format import Format, Joules
from brizna.report._table import Table
from brizna.report._view import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_NUMBERS = (0, 1, 2, 3, 4, 5)
"""Columns of the table that hold numbers."""


def cache_lines(
    found: Mapping[str, Any], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return what caches of several sizes would have done, and which to take.

    Args:
        found: Its record.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether it takes colour.
    """
    style, found = Format(lang), printable(found)
    _ = style.say
    header = [
        _("answers held"),
        _("memory"),
        _("from memory"),
        _("at most"),
        _("takes"),
        _("saved, 1,000 requests"),
        _("verdict"),
    ]
    rows = [_row(one, style) for one in found["sizes"]]
    kept = [at for at in range(len(header)) if any(row[at] != "-" for row in rows)]
    table = Table(
        [header[at] for at in kept],
        [[row[at] for at in kept] for row in rows],
        right=[place for place, at in enumerate(kept) if at in _NUMBERS],
    )
    lines = [*_trace(found, style), ""]
    lines += [*table.lines(width=width, color=color), ""]
    lines += _costs(found, style)
    lines += _taken(found, style)
    return lines + [f"- {style.stored(note)}" for note in found["notes"]]


def _row(one: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    verdicts = {
        "pays": _("pays"),
        "takes-more": _("takes more"),
        "cannot-tell": _("cannot tell"),
        None: "-",
    }
    ratio = one["ratio"]
    return [
        style.count(one["answers"]),
        "-" if one["size_bytes"] is None else size_of(one["size_bytes"], style),
        style.share(Estimate.from_json(Ratio, one["hit_share"])),
        style.percent(one["most"]),
        "-" if ratio is None else "x " + style.estimate(Ratio, ratio),
        _amount(one["saved_j"], one["saved_cpu_s"], style),
        verdicts[one["verdict"]],
    ]


def _amount(energy: Mapping[str, Any] | None, cpu: Mapping[str, Any] | None, style: Format) -> str:
    if energy is not None:
        return style.estimate(Joules, Estimate.from_json(Joules, energy))
    return "-" if cpu is None else style.estimate(Duration, Estimate.from_json(Duration, cpu))


def size_of(size_bytes: float, style: Format) -> str:
    """Return a number of bytes in the unit that suits it, for example ``3.2 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= size:
            return f"{style.number(size_bytes / size)} {unit}"
    return f"{style.number(size_bytes)} B"


def _trace(found: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    counts = {name: style.count(found[name]) for name in ("requests", "distinct")}
    lines = [_("{requests} requests, {distinct} of them different.").format(**counts)]
    if found["duration_s"]:
        lines[0] += " " + _("They came in {time}.").format(time=style.duration(found["duration_s"]))
    if found["keep_for_s"] is not None:
        lines[0] += " " + _("An answer holds for {time}.").format(
            time=style.duration(found["keep_for_s"])
        )
    return lines


def _costs(found: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    computed = _amount(found["computed_j"], found["computed_cpu_s"], style)
    if computed == "-":
        return []
    lines: list[str] = []
    if found["model"] is not None:
        lines.append(_("Measured: {name}.").format(name=found["model"]))
    parts = {name: "x " + style.estimate(Ratio, found[name]) for name in ("remembered", "kept")}
    text = _(
        "1,000 answers that are computed take {computed}; one from memory {remembered} of that, "
        "and looking in vain and keeping the answer {kept}."
    )
    return [*lines, text.format(computed=computed, **parts)]


def _taken(found: Mapping[str, Any], style: Format) -> list[str]:
    _ = style.say
    if found["verdict"] is None:
        return []
    if found["recommended"] is None:
        if found["verdict"] == "takes-more":
            return [_("A cache would take more than it saves.")]
        return [_("Whether a cache would pay cannot be told.")]
    one = next(one for one in found["sizes"] if one["answers"] == found["recommended"])
    text = _("Hold {answers} answers: requests then take {ratio} of what they take without.")
    lines = [
        text.format(
            answers=style.count(one["answers"]), ratio="x " + style.estimate(Ratio, one["ratio"])
        )
    ]
    if one["memory_w"] is not None:
        power = style.estimate(Power, one["memory_w"])
        lines.append(_("So much memory draws about {power} all the time.").format(power=power))
    return lines
