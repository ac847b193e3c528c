"""Shows the results: as text for a terminal, as Markdown for the docs."""

from __future__ import annotations

from known_power.results import flags
from known_power.rows import BY_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_OUTCOMES = {"absent": "–", "refused": "refused", "broken": "**ends the program**", "lost": "lost"}


def text(results: Mapping[str, Any]) -> str:
    """Return a line for each cell, with everything that is known of it."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    machine = results["machine"]
    lines = [
        f"{versions}; Python {machine['python']}, {machine['processors']} processors,",
        f"load {machine['load_1_min']}, {results['started']}. Reported over true.",
    ]
    for key, cells in results["rows"].items():
        lines += ["", BY_KEY[key].title]
        for name, cell in cells.items():
            told = [cell["note"]] if "note" in cell else []
            told += [f"{word} {cell[word]}" for word in _MORE if word in cell]
            told += [f"said: {line}" for line in flags(results, key, name)]
            lines += [f"  {name:14}{_figure(cell):>22}  {'; '.join(told)}".rstrip()]
    return "\n".join([*lines, ""])


_MORE = ("zeros", "held", "orphans", "fair_share_of_machine", "whole_machine")


def markdown(results: Mapping[str, Any]) -> str:
    """Return one table: a line for each row, a column for each tool."""
    names = list(dict.fromkeys(name for cells in results["rows"].values() for name in cells))
    heads = [f"{name} {results['versions'].get(name, '')}".strip() for name in names]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(names)}"]
    for key, cells in results["rows"].items():
        shown = [_cell(results, key, name) if name in cells else "" for name in names]
        lines.append(f"| {BY_KEY[key].title} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def notes(results: Mapping[str, Any]) -> str:
    """Return a Markdown list of what tools said, and of why cells are empty."""
    return ""


def _figure(cell: Mapping[str, Any]) -> str:
    ratio = cell.get("ratio")
    return f"{ratio:.3f}" if ratio is not None else cell["outcome"]


def _cell(results: Mapping[str, Any], key: str, name: str) -> str:
    cell = results["rows"][key][name]
    if "ratio" not in cell:
        return _OUTCOMES[cell["outcome"]]
    flag = " flagged" if flags(results, key, name) else ""
    return f"{cell['ratio']:.2f}{flag}"
