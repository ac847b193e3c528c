"""Grid signals for people: a heat map of days and hours, in the terminal and as a page; tables.

A cell is the mean over its hour. Digits run from 0, the least of what is shown, to 9, the most, so
that nobody needs colours to read it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import fsum

from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.records import Record
from brizna.report._format import Format
from brizna.report._table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from typing import Any

    from brizna.core.signal import Signal

_STEPS = 10
_UNKNOWN = "·"
_PAINTS = (22, 28, 34, 70, 106, 142, 136, 130, 94, 88)
"""Colours of a terminal's 256 behind the digits, from clean to dirty."""
_WHITE = 231
_PLAIN = "\x1b[0m"


class Shown(Record):
    """A series with what is said of it.

    Attributes:
        signal: The series.
        because: Why it was taken, in a sentence as a record holds it.
        troubles: What went wrong on the way, in such sentences.
        name: The zone's name in the person's language.
    """

    signal: Signal
    because: str
    troubles: tuple[str, ...]
    name: str


class _Heat:
    """The cells of a series by day and hour, and where each lies between the least and the most."""

    def __init__(self, signal: Signal, zone: tzinfo) -> None:
        sums: dict[tuple[str, int], list[tuple[float | None, float]]] = {}
        for value, (start, end) in zip(signal.values, pairwise(signal.edges), strict=True):
            at = start
            while at < end:
                local = at.astimezone(zone)
                into = timedelta(minutes=local.minute, seconds=local.second)
                until = min(end, at - into + timedelta(hours=1))
                held_s = (until - at).total_seconds()
                cell = (f"{local:%Y-%m-%d}", local.hour)
                sums.setdefault(cell, []).append((value, held_s))
                at = until
        self.cells = {cell: _mean(parts) for cell, parts in sums.items()}
        self.days = sorted({day for day, _ in self.cells})
        known = [value for value in self.cells.values() if value is not None]
        self.least, self.most = min(known, default=0.0), max(known, default=0.0)

    def step(self, day: str, hour: int) -> int | None:
        """Return in which tenth of the range a cell lies; None where nothing is known."""
        value = self.cells.get((day, hour))
        if value is None:
            return None
        if self.most <= self.least:
            return 0
        share = (value - self.least) / (self.most - self.least)
        return min(int(share * _STEPS), _STEPS - 1)

    def of_day(self, day: str) -> list[float]:
        """Return what is known of a day's hours."""
        every = (self.cells.get((day, hour)) for hour in range(24))
        return [value for value in every if value is not None]


def heat_lines(
    shown: Sequence[Shown], *, lang: str, zone: tzinfo = UTC, color: bool = False
) -> list[str]:
    """Return the series as maps of days and hours.

    Args:
        shown: The series.
        lang: One of `LANGUAGES`.
        zone: The time zone of days and hours.
        color: Whether to paint.
    """
    lines: list[str] = []
    style = Format(lang)
    _ = style.say
    for one in shown:
        heat = _Heat(one.signal, zone)
        lines += ["", *_head(one, style)] if lines else _head(one, style)
        hours = "".join(f"{hour:>2}" if hour % 3 == 0 else "  " for hour in range(24))
        clock = _("hour ({zone})").format(zone=_clock(one.signal, zone))
        lines.append(f"{clock:<12} {hours}   {_('mean')}")
        for day in heat.days:
            cells = "".join(_cell(heat, day, hour, one.signal, color) for hour in range(24))
            known = heat.of_day(day)
            mean = _value(one.signal, fsum(known) / len(known), style) if known else _UNKNOWN
            lines.append(f"{day:<12} {cells}   {mean}")
        least, most = (_value(one.signal, end, style) for end in (heat.least, heat.most))
        lines.append(_("0 is {least}, 9 is {most}").format(least=least, most=most))
        lines += [_clock_changes(day, style) for day in heat.days if _changes(day, zone)]
    return lines


def _changes(day: str, zone: tzinfo) -> bool:
    """Tell whether clocks change on a day."""
    begin = datetime.fromisoformat(day).replace(tzinfo=zone)
    return begin.utcoffset() != (begin + timedelta(days=1)).utcoffset()


def _clock_changes(day: str, style: Format) -> str:
    _ = style.say
    text = _(
        "{day}: clocks change. An hour that comes twice is the mean of both; one that is left out "
        "shows {nothing}."
    )
    return text.format(day=day, nothing=_UNKNOWN)


def _head(one: Shown, style: Format) -> list[str]:
    """Return what a series is, and what is to be known of it."""
    return [
        f"{one.name}: {', '.join(_about(one.signal, style))}",
        f"  {style.stored(one.signal.source)}; {style.stored(one.because)}",
        *(f"  ! {style.stored(trouble)}" for trouble in one.troubles),
    ]


def _about(signal: Signal, style: Format) -> list[str]:
    """Return what a series says, in words."""
    _ = style.say
    words = {
        "average": _("average"),
        "marginal": _("marginal"),
        "renewable": _("renewable share"),
        "low-carbon": _("low-carbon share"),
        "wind-solar": _("share of wind and sun"),
        "life-cycle": _("life cycle"),
        "direct": _("direct emissions"),
        "consumption": _("of consumption"),
        "production": _("of production"),
        "observed": _("observed"),
        "forecast": _("forecast"),
        "profile": _("what is usual"),
    }
    first = _("carbon intensity") if signal.quantity is CarbonIntensity else None
    if signal.quantity not in (CarbonIntensity, Ratio):
        first = _("price")
    said = (first, signal.kind, signal.scope, signal.basis, signal.origin)
    return [words.get(one, one) for one in said if one]


def _cell(heat: _Heat, day: str, hour: int, signal: Signal, color: bool) -> str:  # noqa: FBT001 - private, and always last
    step = heat.step(day, hour)
    text = f" {_UNKNOWN if step is None else step}"
    if step is None or not color:
        return text
    paint = _PAINTS[_STEPS - 1 - step if signal.quantity is Ratio else step]
    return f"\x1b[48;5;{paint}m\x1b[38;5;{_WHITE}m{text}{_PLAIN}"


def _mean(parts: Sequence[tuple[float | None, float]]) -> float | None:
    """Return the time-weighted mean; None where a part of it is not known."""
    known = [(value, held_s) for value, held_s in parts if value is not None]
    if len(known) < len(parts):
        return None
    return fsum(value * held_s for value, held_s in known) / fsum(held_s for _, held_s in known)


def _value(signal: Signal, value: float, style: Format) -> str:
    """Return a value of a series with its unit."""
    if signal.quantity is CarbonIntensity:
        return f"{style.number(value)} g/kWh"
    if signal.quantity is Ratio:
        return style.percent(value)
    return f"{style.number(value)} {signal.kind}/kWh"


def _clock(signal: Signal, zone: tzinfo) -> str:
    return signal.start.astimezone(zone).tzname() or "UTC"


def compare_zones_lines(
    shown: Sequence[Shown], *, lang: str, zone: tzinfo = UTC, width: int = 80, color: bool = False
) -> list[str]:
    """Return zones side by side, the one with the least mean first (of a share, the most).

    Args:
        shown: The series.
        lang: One of `LANGUAGES`.
        zone: The time zone of the hours.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    ranked = sorted(shown, key=lambda one: _rank(one.signal, zone))
    rows = [_compared(one, style, zone) for one in ranked]
    header = (
        *(_("zone"), _("now"), _("mean"), _("least"), _("at"), _("most"), _("at")),
        _("what it is"),
    )
    lines = Table(header, rows, right=(1, 2, 3, 5)).lines(width=width, color=color)
    for one in ranked:
        lines += [f"! {one.name}: {style.stored(trouble)}" for trouble in one.troubles]
    return lines


def _rank(signal: Signal, zone: tzinfo) -> float:
    known = [value for value in _Heat(signal, zone).cells.values() if value is not None]
    mean = fsum(known) / len(known) if known else float("inf")
    return -mean if signal.quantity is Ratio else mean


def _compared(one: Shown, style: Format, zone: tzinfo) -> tuple[str, ...]:
    heat = _Heat(one.signal, zone)
    known = {cell: value for cell, value in heat.cells.items() if value is not None}
    first = one.signal.values[0]
    told = [_UNKNOWN if first is None else _value(one.signal, first, style)]
    if not known:
        return (one.name, *told, *[_UNKNOWN] * 5, ", ".join(_about(one.signal, style)))
    told.append(_value(one.signal, fsum(known.values()) / len(known), style))
    for choose in (min, max):
        day, hour = choose(known, key=lambda cell: (known[cell], cell))
        told += [_value(one.signal, known[day, hour], style), f"{day[5:]} {hour:02d}:00"]
    return (one.name, *told, ", ".join(_about(one.signal, style)))


def now_lines(
    judged: Mapping[str, Any], shown: Shown, *, lang: str, zone: tzinfo = UTC
) -> list[str]:
    """Return whether this is a clean hour.

    Args:
        judged: ``is_clean``, ``value``, ``limit`` (in base units), ``until`` (an instant) and
            ``reason``, as `brizna.grid.Now` has them.
        shown: The series that it was judged by.
        lang: One of `LANGUAGES`.
        zone: The time zone of the hour.
    """
    style = Format(lang)
    _ = style.say
    words = {True: _("clean"), False: _("not clean"), None: _("cannot tell")}
    value = _value(shown.signal, judged["value"], style)
    limit = ""
    if judged["limit"] is not None:
        is_share = shown.signal.quantity is Ratio
        text = _("clean is from {limit}") if is_share else _("clean is up to {limit}")
        limit = f" ({text.format(limit=_value(shown.signal, judged['limit'], style))})"
    reason = style.stored(judged["reason"])
    lines = [f"{shown.name}: {value}. {words[judged['is_clean']]}: {reason}{limit}."]
    if judged["until"] is not None:
        local = judged["until"].astimezone(zone)
        until = f"{local:%Y-%m-%d %H:%M} {local.tzname()}"
        lines.append("  " + _("Until {until}.").format(until=until))
    return [*lines, *_head(shown, style)[1:]]


def zone_table_lines(
    zones: Sequence[Mapping[str, Any]], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the zones: name, annual intensity, its year, and whether its hours are known.

    Args:
        zones: Each with ``zone``, ``name_en``, ``name_es``, ``intensity_g_per_kwh``, ``year``,
            ``has_profile`` and ``has_shares``.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    rows = [
        (
            zone["zone"],
            zone[f"name_{lang}"],
            f"{style.number(zone['intensity_g_per_kwh'])} g/kWh",
            "" if zone["year"] is None else str(zone["year"]),
            _("by hour") if zone["has_profile"] else _("by year"),
            _("yes") if zone["has_shares"] else "",
        )
        for zone in zones
    ]
    header = (_("zone"), _("name"), _("annual"), _("year"), _("known"), _("shares"))
    return Table(header, rows, right=(2,)).lines(width=width, color=color)


def source_table_lines(
    sources: Sequence[Mapping[str, Any]], *, lang: str, width: int = 80, color: bool = False
) -> list[str]:
    """Return the live sources: what each tells, and whether its key is here.

    Args:
        sources: Each with ``name``, ``home``, ``quantities``, ``has_key`` and ``key_variable``.
        lang: One of `LANGUAGES`.
        width: Columns of the terminal.
        color: Whether to paint.
    """
    style = Format(lang)
    _ = style.say
    rows = [
        (
            one["name"],
            ", ".join(one["quantities"]),
            one["home"],
            one["key_variable"] if one["needs_key"] else _("none"),
            ("" if not one["needs_key"] else _("here") if one["has_key"] else _("missing")),
        )
        for one in sources
    ]
    header = (_("source"), _("tells"), _("where"), _("key"), "")
    return Table(header, rows).lines(width=width, color=color)


def heat_page(shown: Sequence[Shown], *, lang: str, zone: tzinfo = UTC) -> bytes:
    """Return the maps as one page that asks no host for anything.

    Args:
        shown: The series.
        lang: One of `LANGUAGES`.
        zone: The time zone of days and hours.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    from brizna.report._html import render_page

    style = Format(lang, rich=True)
    values = {"lang": lang, "maps": [_map(one, style, zone) for one in shown]}
    return render_page("grid.html", values, lang, sheets=("report.css", "grid.css"))


def _map(one: Shown, style: Format, zone: tzinfo) -> dict[str, Any]:
    """Return what the page shows of a series."""
    heat = _Heat(one.signal, zone)
    turned = one.signal.quantity is Ratio
    rows: list[dict[str, Any]] = []
    for day in heat.days:
        cells: list[dict[str, Any]] = []
        for hour in range(24):
            value, step = heat.cells.get((day, hour)), heat.step(day, hour)
            shade = None if step is None else _STEPS - 1 - step if turned else step
            title = "" if value is None else _value(one.signal, value, style)
            cells.append({"step": step, "shade": shade, "title": title})
        rows.append({"day": day, "cells": cells})
    return {
        "name": one.name,
        "about": ", ".join(_about(one.signal, style)),
        "source": style.stored(one.signal.source),
        "because": style.stored(one.because),
        "troubles": [style.stored(trouble) for trouble in one.troubles],
        "clock": _clock(one.signal, zone),
        "rows": rows,
        "least": _value(one.signal, heat.least, style),
        "most": _value(one.signal, heat.most, style),
    }


def zone_named(name: str | None) -> tzinfo:
    """Return a time zone by its name; UTC where there is none of it on this machine."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def instant_of(text: str, now: datetime) -> datetime:
    """Return the instant that a person wrote: ISO 8601, a day, or ``now``; UTC if they do not say.

    Raises:
        InputError: If it is none.
    """
    from brizna.core.errors import InputError

    if text == "now":
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            "{text!r} is no instant: expected now, or ISO 8601 such as 2026-03-29T00:00Z.",
            text=text,
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
