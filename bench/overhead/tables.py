"""Shows results: plain text for a terminal, and a Markdown table for the documentation."""

from __future__ import annotations

from overhead.results import bars, middle, ratio
from overhead.rows import BY_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from overhead.rows import Row


def text(results: Mapping[str, Any]) -> str:
    """Return all figures with their spread, one block a row, and brizna's bars."""
    lines = [_setting(results), *filter(None, [retaken(results)])]
    for key, cells in results["rows"].items():
        row = BY_KEY[key]
        told = [_line(results, row, name) for name in cells if _is_told(row, name)]
        if told:
            lines += ["", f"{row.title}{f' [{row.unit}]' if row.unit else ''}", *told]
    return "\n".join([*lines, "", *_bar_lines(results), ""])


def markdown(results: Mapping[str, Any]) -> str:
    """Return one table: a line for each row, a column for each tool, medians and ratios."""
    names = list(dict.fromkeys(name for cells in results["rows"].values() for name in cells))
    heads = [f"{name} {results['versions'].get(name, '')}".strip() for name in names]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(names)}"]
    for key, cells in results["rows"].items():
        row = BY_KEY[key]
        unit = f", {row.unit}" if row.unit and row.unit != "x" else ""
        shown = [_cell(results, row, name) if name in cells else "" for name in names]
        lines.append(f"| {row.title}{unit} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def reasons(results: Mapping[str, Any]) -> str:
    """Return a Markdown list of why cells are empty."""
    found: dict[tuple[str, str], list[str]] = {}
    for key, cells in results["rows"].items():
        for name, cell in cells.items():
            if "reason" in cell and _is_told(BY_KEY[key], name):
                found.setdefault((name, cell["reason"]), []).append(key)
    return "".join(
        f"- {name}, {' and '.join(keys)}: {reason}.\n" for (name, reason), keys in found.items()
    )


def bar_table(results: Mapping[str, Any]) -> str:
    """Return a Markdown table of brizna's bars."""
    lines = ["| | bar | found | |", "|---|---:|---:|---|"]
    for row, figure, holds in bars(results):
        unit = "x" if row.bar_is_ratio else f" {row.unit}".rstrip()
        lines.append(
            f"| {row.title} | {row.bar:g}{unit} | {figure:.{row.digits}f}{unit} "
            f"| {'holds' if holds else '**missed**'} |"
        )
    return "\n".join(lines) + "\n"


def retaken(results: Mapping[str, Any]) -> str:
    """Return which rows were all taken in a later run of their own, and why; empty if none."""
    again = results.get("retaken")
    if again is None:
        return ""
    rows = ", ".join(again["rows"])
    return (
        f"In a later run ({again['started']}, load {again['load_1_min']}): {rows}; {again['why']}."
    )


def _setting(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    counters = "has" if machine["has_energy_counters"] else "has no"
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return (
        f"{versions}; Python {machine['python']}, {machine['processors']} x {machine['processor']},"
        f"\nload {machine['load_1_min']}, {results['started']}; this machine {counters} energy "
        "counters. Median [quartiles], number of samples."
    )


def _line(results: Mapping[str, Any], row: Row, name: str) -> str:
    cell = results["rows"][row.key][name]
    if "reason" in cell:
        return f"  {name:14}{'-':>10}  {cell['reason']}"
    low, median, high = (f"{value * row.scale:.{row.digits}f}" for value in middle(cell["samples"]))
    times = ratio(results, row, name)
    beside = "" if not times or row.beside is None else f"{times:8.2f} x {row.beside[0]}"
    spread = f"[{low}, {high}] n={len(cell['samples'])}"
    return f"  {name:14}{median:>10}  {spread:28}{beside}".rstrip()


def _cell(results: Mapping[str, Any], row: Row, name: str) -> str:
    cell = results["rows"][row.key][name]
    if "reason" in cell:
        return "–"
    median = f"{middle(cell['samples'])[1] * row.scale:.{row.digits}f}"
    times = ratio(results, row, name)
    is_itself = row.beside == (name, row.key)
    return median if not times or is_itself else f"{median} ({times:.1f}x)"


def _is_told(row: Row, name: str) -> bool:
    return row.only is None or row.only == name


def _bar_lines(results: Mapping[str, Any]) -> Iterator[str]:
    for row, figure, holds in bars(results):
        unit = "x bare" if row.bar_is_ratio else row.unit
        verdict = "holds " if holds else "MISSED"
        yield f"{verdict} {figure:8.{row.digits}f} <= {row.bar:g} {unit}: {row.title}".rstrip()
