"""The page of a profile: a flame graph in energy, the same as a tree and as a list."""

from __future__ import annotations

from pathlib import Path

from brizna.report._format import Format, Joules
from brizna.report._html import render_page
from brizna.report._profile import about_looks, name_part, part_rows, told_hints
from brizna.report._view import short_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Values = dict[str, Any]

_SCRIPT = Path(__file__).resolve().parent / "templates" / "profile.js"
WIDTH, ROW = 1000.0, 22
"""Size of the drawing and of its rows, in its own units."""
_LISTED = 40
_LEAST_WIDTH = 0.4
_LETTER = 6.6
"""Mean width of a letter in the drawing's units."""
_HUES = 6


def profile_page(
    profile: Mapping[str, Any], *, lang: str, title: str = "", command: str = ""
) -> bytes:
    """Return the page of a profile, one file that asks no host for anything.

    Args:
        profile: A profile's record.
        lang: One of `LANGUAGES`.
        title: What the run is called; its id if empty.
        command: Its command line.

    Raises:
        UnavailableError: If Jinja2 is not installed.
    """
    style = Format(lang, rich=True)
    boxes = _boxes(profile["tree"], style)
    depth = max((box["depth"] for box in boxes), default=0) + 1
    values = {
        "lang": lang,
        "title": title or short_id(profile["run"]),
        "command": command,
        "run": profile["run"],
        "form": profile["form"],
        "energy": style.estimate(Joules, profile["energy_j"]),
        "hints": told_hints(profile, style),
        "boxes": boxes,
        "size": (WIDTH, depth * ROW),
        "row": ROW,
        "roots": _nested(boxes),
        "rows": part_rows(profile, style, _LISTED),
        "about": about_looks(profile, style),
    }
    return render_page(
        "profile.html",
        values,
        lang,
        sheets=("report.css", "profile.css"),
        scripts=[_SCRIPT.read_text(encoding="utf-8")],
    )


def _boxes(tree: Sequence[Mapping[str, Any]], style: Format) -> list[Values]:
    """Return the branches as boxes: what they are, where they stand, and which they stand on."""
    sums = [branch["self_j"] for branch in tree]
    for number in range(len(tree) - 1, -1, -1):
        above = tree[number]["above"]
        if above is not None:
            sums[above] += sums[number]
    whole_j = sum(sums[n] for n, branch in enumerate(tree) if branch["above"] is None)
    order = _in_order(tree, sums)
    starts: dict[int, float] = {}
    filled: dict[int | None, float] = {None: 0.0}
    numbers: dict[int, int] = {}
    boxes: list[Values] = []
    for place, (number, depth) in enumerate(order):
        branch, above = tree[number], tree[number]["above"]
        starts[number] = filled[above]
        filled[above] += sums[number]
        filled[number] = starts[number]
        numbers[number] = place
        boxes.append(
            _box(branch, style, depth, (starts[number], sums[number], whole_j))
            | {"number": place, "above": None if above is None else numbers[above], "inner": []}
        )
    return boxes


def _box(
    branch: Mapping[str, Any], style: Format, depth: int, joules: tuple[float, float, float]
) -> Values:
    start_j, sum_j, whole_j = joules
    left, width = (WIDTH * part / whole_j if whole_j else 0.0 for part in (start_j, sum_j))
    name = name_part(branch, style)
    short = branch.get("name") or name
    energy = style.quantity(Joules(sum_j))
    share = style.percent(sum_j / whole_j) if whole_j else ""
    letters = int((width - 6) / _LETTER)
    hue = sum(map(ord, branch.get("file") or branch["kind"])) % _HUES
    return {
        "name": name,
        "short": short,
        "shown": short if len(short) <= letters else short[: letters - 1] + "…",
        "has_room": letters >= 3,
        "is_drawn": width >= _LEAST_WIDTH,
        "energy": energy,
        "share": share,
        "own": style.quantity(Joules(branch["self_j"])),
        "kind": branch["kind"],
        "hue": f"h{hue}" if branch["kind"] in ("function", "operator", "process") else "plain",
        "depth": depth,
        "x": round(left, 2),
        "width": round(width, 2),
    }


def _in_order(tree: Sequence[Mapping[str, Any]], sums: Sequence[float]) -> list[tuple[int, int]]:
    """Return the branches with their depths, each before what it called, the largest first."""
    inner: dict[int | None, list[int]] = {}
    for number, branch in enumerate(tree):
        inner.setdefault(branch["above"], []).append(number)
    ordered: list[tuple[int, int]] = []
    waiting = [(number, 0) for number in sorted(inner.get(None, ()), key=lambda n: sums[n])]
    while waiting:
        number, depth = waiting.pop()
        ordered.append((number, depth))
        waiting += [(n, depth + 1) for n in sorted(inner.get(number, ()), key=lambda n: sums[n])]
    return ordered


def _nested(boxes: Sequence[Values]) -> list[Values]:
    """Return the outermost boxes, each with those in it."""
    for box in boxes:
        above: int | None = box["above"]
        if above is not None:
            boxes[above]["inner"].append(box)
    return [box for box in boxes if box["above"] is None]
