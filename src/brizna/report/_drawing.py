"""Drawings for paper, where no script runs: SVG with a sentence for those who cannot see it."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10
from xml.sax.saxutils import escape

from brizna.core.quantities import Power
from brizna.report._charts import time_unit
from brizna.report._format import unit_for
from brizna.report._sheet import Drawing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.core.estimate import Estimate
    from brizna.report._format import Format
    from brizna.report._view import View

_WIDTH, _HEIGHT = 480.0, 104.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 14.0, 14.0, 14.0
_SOFT, _LINE, _INK = "#515b52", "#dde3db", "#1a211b"
_FILLS = ("#589a6e", "#b9d6c2")
"""Neighbouring phases are told apart by these two, and by their edges."""
_ON_SCREEN = (
    *((_SOFT, "ink-soft"), (_LINE, "line"), (_INK, "ink")),
    *((_FILLS[0], "accent-soft"), (_FILLS[1], "band")),
)
"""By colour on paper, the name of the page's own."""
_SIZE = 7.5
_MOST_PHASES = 60
_SIGN = 4.0
"""Room that a sign of a label takes, at the size of the labels."""


def phases_drawing(view: View, style: Format) -> Drawing | None:
    """Return mean power over time, a box for each phase: its area is the phase's energy.

    None without phases, or where they lie inside each other: then areas would count twice.

    Args:
        view: The run.
        style: How numbers are written.
    """
    phases = [
        phase
        for phase in view["measurement"]["phases"]
        if phase["energy_j"] is not None and phase["end_s"] > phase["start_s"]
    ]
    phases.sort(key=lambda phase: phase["start_s"])
    nested = any(later["start_s"] < earlier["end_s"] - 1e-6 for earlier, later in pairwise(phases))
    if not phases or nested or len(phases) > _MOST_PHASES or view["duration_s"] <= 0:
        return None
    boxes = [
        (p["name"], p["start_s"], p["end_s"], p["energy_j"]["best"] / (p["end_s"] - p["start_s"]))
        for p in phases
    ]
    highest_w = max(power_w for *_, power_w in boxes)
    if highest_w <= 0:
        return None
    return Drawing(
        svg=_svg(boxes, view["duration_s"], highest_w, style), about=_about(boxes, style)
    )


def bars_drawing(
    bars: Sequence[tuple[str, Estimate | None]], style: Format, *, about: str
) -> Drawing | None:
    """Return amounts side by side, a bar each with its interval; None where none is above 0.

    A place without an amount stays empty, with a dash at its foot: it is not 0.

    Args:
        bars: What each is called, in order, and how much it is, all of one kind.
        style: How numbers are written.
        about: What it shows, for those who cannot see it.
    """
    known = [value for _, value in bars if value is not None]
    highest = max((value.high.value for value in known), default=0.0)
    if highest <= 0:
        return None
    unit, size = unit_for(known[0].kind, highest)
    y_step = _step(highest / size, 3)
    top = -(-highest / size // y_step) * y_step
    up = (_HEIGHT - _TOP - _BOTTOM) / top / size
    across = (_WIDTH - _LEFT - _RIGHT) / len(bars)
    floor_y = _HEIGHT - _BOTTOM
    parts: list[str] = []
    for tick in _ticks(top, y_step):
        y = floor_y - tick * size * up
        parts.append(_line(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 4, y + 2.5, style.number(tick), anchor="end"))
    every = -(-max(len(name) for name, _ in bars) * _SIGN // across) or 1.0
    for at, (name, value) in enumerate(bars):
        middle = _LEFT + (at + 0.5) * across
        parts += _bar(middle, across, value, (floor_y, up))
        if at % int(every) == 0:
            parts.append(_text(middle, floor_y + 10, name, anchor="middle"))
    parts.append(_line(_LEFT, floor_y, _WIDTH - _RIGHT, floor_y, stroke=_SOFT))
    parts.append(_text(_LEFT - 4, 7, unit.replace("CO2", "CO₂"), anchor="start"))
    return Drawing(svg=_whole(parts), about=about)


def _bar(
    middle: float, across: float, value: Estimate | None, place: tuple[float, float]
) -> list[str]:
    """Return a bar and its interval, or a dash where nothing is known."""
    floor_y, up = place
    wide = min(across * 0.66, 36.0)
    if value is None:
        return [_line(middle - 2, floor_y - 2.5, middle + 2, floor_y - 2.5, stroke=_SOFT)]
    low, best, high = (floor_y - end.value * up for end in (value.low, value.best, value.high))
    whisker = min(wide / 4, 3.0)
    box = (
        f'<rect x="{middle - wide / 2:.2f}" y="{best:.2f}" width="{wide:.2f}" '
        f'height="{floor_y - best:.2f}" fill="{_FILLS[0]}"/>'
    )
    if low <= high:  # upside down: y grows downwards
        return [box]
    ends = (_line(middle - whisker, y, middle + whisker, y, stroke=_INK) for y in (low, high))
    return [box, _line(middle, low, middle, high, stroke=_INK), *ends]


def for_screen(svg: str) -> str:
    """Return a drawing's SVG in the colours of the page that it stands in, light or dark."""
    for colour, name in _ON_SCREEN:
        svg = svg.replace(f'"{colour}"', f'"var(--{name})"')
    return svg


def _about(boxes: Sequence[tuple[str, float, float, float]], style: Format) -> str:
    """Return what the drawing shows, in a sentence."""
    _ = style.say
    name, _start, _end, power_w = max(boxes, key=lambda box: box[3])
    text = _("Mean power over time by phase; highest in {phase}: {power}. The table has all.")
    return text.format(phase=name, power=style.power(power_w))


def _svg(
    boxes: Sequence[tuple[str, float, float, float]],
    duration_s: float,
    highest_w: float,
    style: Format,
) -> str:
    watt, size = unit_for(Power, highest_w)
    second, span = time_unit(duration_s)
    x_step, y_step = _step(duration_s / span, 6), _step(highest_w / size, 3)
    top = -(-highest_w / size // y_step) * y_step
    across = (_WIDTH - _LEFT - _RIGHT) / (duration_s / span)
    up = (_HEIGHT - _TOP - _BOTTOM) / top
    floor_y = _HEIGHT - _BOTTOM
    parts: list[str] = []
    for tick in _ticks(top, y_step):
        y = floor_y - tick * up
        parts.append(_line(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 4, y + 2.5, style.number(tick), anchor="end"))
    for at, (name, start_s, end_s, power_w) in enumerate(boxes):
        x, width = _LEFT + start_s / span * across, (end_s - start_s) / span * across
        height = power_w / size * up
        parts.append(
            f'<rect x="{x:.2f}" y="{floor_y - height:.2f}" width="{width:.2f}" '
            f'height="{height:.2f}" fill="{_FILLS[at % 2]}" stroke="{_SOFT}" stroke-width="0.5"/>'
        )
        if len(name) * _SIGN < width:
            middle = x + width / 2
            parts.append(_text(middle, floor_y - 4, name, anchor="middle", fill=_INK))
    ticks = _ticks(duration_s / span, x_step)
    for tick in ticks:
        words = style.number(tick) + (f" {second}" if tick == ticks[-1] else "")
        parts.append(_text(_LEFT + tick * across, floor_y + 10, words, anchor="middle"))
    parts.append(_line(_LEFT, floor_y, _WIDTH - _RIGHT, floor_y, stroke=_SOFT))
    parts.append(_text(_LEFT - 4, 7, watt, anchor="end"))
    return _whole(parts)


def _whole(parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" '
        f'width="{_WIDTH:g}" height="{_HEIGHT:g}">{"".join(parts)}</svg>'
    )


def _step(most: float, count: int) -> float:
    """Return a round step, 1, 2 or 5 times a power of ten, of which so many reach a number."""
    rough = most / count
    ten = 10.0 ** floor(log10(rough))
    return next(ten * times for times in (1, 2, 5, 10) if ten * times >= rough * (1 - 1e-9))


def _ticks(most: float, step: float) -> list[float]:
    return [step * count for count in range(int(most / step + 1e-9) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float, *, stroke: str = _LINE) -> str:
    return (
        f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}" '
        'stroke-width="0.6"/>'
    )


def _text(x: float, y: float, words: str, *, anchor: str, fill: str = _SOFT) -> str:
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{_SIZE}" font-family="Libertinus Serif, serif" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'
    )
