"""Plots of what was compared: a point for each row of a table, and figures to choose as axes.

The server side draws two figures, so that the plot stands in a page without scripts and on paper,
each point a link to its row and each row to its point. A script of the page then lets a reader
choose other figures, choose points together and leave some out; what it needs is computed here,
numbers written as the language has them, so that it formats nothing. It is small
beside Vega, which draws nothing without scripts.
"""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 - the type of a record's field
from pathlib import Path

from brizna.core.records import Record
from brizna.report._axis import Axis, LogAxis
from brizna.report._html import render_page, script_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.report._axis import Scale
    from brizna.report._format import Format

    Ends = tuple[float, float, float]

WIDE, HIGH = 720, 400
"""Size of a drawing, in its own units."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 82, 24, 22, 52
_PLACES = ((10, -9), (10, 17), (-10, -9), (-10, 17))
"""Where a label may stand beside its point, the first that is free; to the left it ends there."""
_LETTER, _LINE = 7.0, 14.0
"""About how wide a letter is, and how high a line."""
_SPAN = 30.0
"""From this ratio of the greatest to the least value on, equal ratios are equally far apart."""
_SCRIPT = Path(__file__).resolve().parent / "templates" / "front.js"


class Figure(Record):
    """One figure that an axis can show.

    Attributes:
        name: What it is called.
        values: Of each point the low end, the best value and the high end; None where not known.
        tell: Writes a value at the axis, with its unit.
        unit: Values at the axis are round multiples of it.
        from_zero: Whether no value can be below 0.
        within: Values beyond these two stand at the edge; None for no such ends.
        mark: A value that a line marks; None for none.
    """

    name: str
    values: tuple[Ends | None, ...]
    tell: Callable[[float], str]
    unit: float = 1.0
    from_zero: bool = True
    within: tuple[float, float] | None = None
    mark: float | None = None


class Point(Record):
    """What a plot shows of one row of the table, beside its figures.

    Attributes:
        name: What it is called.
        is_named: Whether the number of its row stands beside it.
        about: Lines that tell its figures.
        is_on_front: Whether it lies on the front.
        is_best: Whether it is the one to take.
        look: A word for how it is drawn; empty for as usual.
        groups: By kind of group, which one it is of: readers can leave groups out.
    """

    name: str
    is_named: bool = False
    about: tuple[str, ...] = ()
    is_on_front: bool = False
    is_best: bool = False
    look: str = ""
    groups: dict[str, str] = {}


def plot_of(
    points: Sequence[Point],
    figures: Sequence[Figure],
    style: Format,
    *,
    across: int = 0,
    up: int = 1,
) -> dict[str, Any] | None:
    """Return what a page draws; None where no point has both figures.

    Args:
        points: One for each row of the table, in its order; what a row has no figures of is left
            out.
        figures: What the axes can show, each with a value for each point.
        style: How numbers and words are written.
        across: Place of the figure that goes across before a reader chooses another.
        up: Place of the one that goes up.
    """
    kept = [one for one in figures if any(one.values)]
    across, up = (kept.index(figures[at]) if figures[at] in kept else -1 for at in (across, up))
    if across < 0 or up < 0:
        return None
    laid = [_laid(one, style) for one in kept]
    x, y = laid[across], laid[up]
    drawn = [
        _drawn(at, point, x["x"][at], y["y"][at])
        for at, point in enumerate(points)
        if sum(one.values[at] is not None for one in kept) > 1
    ]
    shown = [one for one in drawn if one["is_shown"]]
    if not shown:
        return None
    _place_labels(shown)
    return _frame(
        x=x,
        y=y,
        points=drawn,
        line=sorted((one["x"], one["y"]) for one in shown if one["front"]),
        figures=[one["name"] for one in laid],
        across=across,
        up=up,
        data=script_json(laid),
        is_cut=any(one.within is not None and _is_cut(one) for one in kept),
    )


def steps_plot(across: Figure, up: Figure, style: Format) -> dict[str, Any]:
    """Return what a page draws of a figure that grows in steps, from one value to the next.

    Args:
        across: What goes across: its value at each step.
        up: What goes up.
        style: How words are written.
    """
    x, y = _laid(across, style), _laid(up, style)
    line: list[tuple[float, float]] = []
    for (_low, at, _high), (_lower, height, _higher) in zip(x["x"], y["y"], strict=True):
        line += [(at, line[-1][1]), (at, height)] if line else [(at, height)]
    return _frame(x=x, y=y, points=[], line=line)


def front_page(values: Mapping[str, Any], lang: str) -> bytes:
    """Return the page of what was compared: what to take, the plot and the table.

    Args:
        values: What stands in it, by the names that the template has.
        lang: One of `LANGUAGES`.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    usual = {"about": "", "out": (), "out_name": "", "growth": None, "growth_name": ""}
    usual |= {"legend": (), "choices": (), "groups": ()}
    script = _SCRIPT.read_text(encoding="utf-8")
    return render_page(
        "front.html",
        {"lang": lang, **usual, **values},
        lang,
        sheets=("report.css", "front.css"),
        scripts=() if values["plot"] is None else (script,),
    )


def told(header: Sequence[str], cells: Sequence[str]) -> tuple[str, ...]:
    """Return what a row of a table says after its name, one line for each of its figures."""
    pairs = zip(header[1:-1], cells[1:-1], strict=True)
    return tuple(f"{name}: {cell}" for name, cell in pairs if cell not in ("", "-"))


def choices_of(
    points: Sequence[Point], names: Mapping[str, tuple[str, Mapping[str, str]]]
) -> list[dict[str, Any]]:
    """Return which groups a reader can leave out: kinds of group that have more than one.

    Args:
        points: The points.
        names: By kind of group what it is called, and what some of its groups are called.
    """
    made: list[dict[str, Any]] = []
    for kind, (name, called) in names.items():
        every = [one.groups[kind] for one in points if kind in one.groups]
        groups = list(dict.fromkeys(every))
        if len(groups) > 1:
            rows = [(group, called.get(group, group), every.count(group)) for group in groups]
            made.append({"kind": kind, "name": name, "groups": rows})
    return made


_ENDS = ("low", "best", "high")


def ends_of(value: Mapping[str, Any] | float | None) -> Ends | None:
    """Return the ends and the best value of an estimate in its record form, or of a number."""
    if value is None or isinstance(value, (int, float)):
        return None if value is None else (float(value), float(value), float(value))
    low, best, high = (value["best"] if value[name] is None else value[name] for name in _ENDS)
    return float(low), float(best), float(high)


def _frame(*, x: Mapping[str, Any], y: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    line = more.pop("line")
    usual = {"figures": (), "across": 0, "up": 0, "data": "", "is_cut": False}
    return {
        **usual,
        **more,
        "width": WIDE,
        "height": HIGH,
        "left": _LEFT,
        "top": _TOP,
        "bottom": HIGH - _BOTTOM,
        "right": WIDE - _RIGHT,
        "front": " ".join(f"{at},{height}" for at, height in line),
        "x_ticks": x["x_ticks"],
        "y_ticks": y["y_ticks"],
        "x_name": x["name"],
        "y_name": y["name"],
        "x_mark": x["x_mark"],
        "y_mark": y["y_mark"],
    }


def _laid(figure: Figure, style: Format) -> dict[str, Any]:
    """Return where a figure's values lie on an axis across and on one that goes up."""
    _ = style.say
    low, high, is_log = _range(figure)
    name = figure.name
    if is_log:
        name = _("{figure}, log scale").format(figure=name)
    made: dict[str, Any] = {"name": name}
    for way, start, end in (("x", _LEFT, WIDE - _RIGHT), ("y", HIGH - _BOTTOM, _TOP)):
        axis: Scale = Axis(low, high, start=start, end=end, from_zero=figure.from_zero)
        if is_log:
            axis = LogAxis(low, high, start=start, end=end)
        least, most = min(start, end), max(start, end)
        made[way] = [
            None if one is None else [min(max(axis.at(value), least), most) for value in one]
            for one in figure.values
        ]
        made[f"{way}_ticks"] = [
            (axis.at(value), figure.tell(value)) for value in axis.ticks(figure.unit)
        ]
        made[f"{way}_mark"] = None if figure.mark is None else axis.at(figure.mark)
    return made


def _range(figure: Figure) -> tuple[float, float, bool]:
    """Return the least and the greatest value to draw, and whether ratios are what counts."""
    known = [one for one in figure.values if one is not None]
    low, high = min(one[0] for one in known), max(one[2] for one in known)
    if figure.within is not None:
        low, high = max(low, figure.within[0]), min(high, figure.within[1])
    if figure.mark is not None:
        low, high = min(low, figure.mark), max(high, figure.mark)
    return low, high, figure.from_zero and 0 < low <= high / _SPAN


def _place_labels(points: Sequence[dict[str, Any]]) -> None:
    """Put each label where it stands in the drawing and on no other, as far as that can be."""
    taken: list[tuple[float, float, float, float]] = []
    for point in points:
        if not point["label"]:
            continue
        wide = _LETTER * len(point["label"])
        boxes: list[tuple[float, float, float, float]] = []
        for across, down in _PLACES:
            left = point["x"] + across - (wide if across < 0 else 0.0)
            boxes.append((left, point["y"] + down - _LINE, left + wide, point["y"] + down))
        free = [at for at, box in enumerate(boxes) if _is_free(box, taken)]
        inside = [at for at, box in enumerate(boxes) if box[0] >= 0 and box[2] <= WIDE]
        place = next(iter(free or inside), 0)
        taken.append(boxes[place])
        across, down = _PLACES[place]
        point["label_x"] = round(point["x"] + across, 1)
        point["label_y"] = round(point["y"] + down, 1)
        point["anchor"] = "end" if across < 0 else "start"


def _is_free(
    box: tuple[float, float, float, float], taken: Sequence[tuple[float, float, float, float]]
) -> bool:
    left, top, right, bottom = box
    if left < 0 or right > WIDE or top < 0:
        return False
    return not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
        for other in taken
    )


def _is_cut(figure: Figure) -> bool:
    assert figure.within is not None, "asked of those alone that have ends"
    low, high = figure.within
    return any(one is not None and not low <= one[1] <= high for one in figure.values)


def _drawn(
    at: int, point: Point, x: Sequence[float] | None, y: Sequence[float] | None
) -> dict[str, Any]:
    """Return what is drawn of a point; where it lacks a figure only once another is chosen."""
    is_shown = x is not None and y is not None
    left, middle, right = (0.0, 0.0, 0.0) if x is None else x
    bottom, height, top = (0.0, 0.0, 0.0) if y is None else y
    return {
        "row": at + 1,
        "is_shown": is_shown,
        "x": middle,
        "y": height,
        "left": left,
        "right": right,
        "bottom": bottom,
        "top": top,
        "name": point.name,
        "label": str(at + 1) if point.is_named else "",
        "about": "\n".join((point.name, *point.about)),
        "label_x": middle,
        "label_y": height,
        "anchor": "start",
        "front": point.is_on_front,
        "best": point.is_best,
        "look": point.look,
    }
