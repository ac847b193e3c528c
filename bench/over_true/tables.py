"""Shows the results: as text for a terminal, as Markdown for the docs."""

from __future__ import annotations

from over_true.results import flags
from over_true.rows import BY_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MANY = 10
"""From here on, decimals tell nothing."""
_LONG = 160
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


def setting(results: Mapping[str, Any]) -> str:
    """Return one sentence on what ran where and when."""
    machine = results["machine"]
    return (
        f"Python {machine['python']}, {machine['system']}, {machine['processors']} processors, on "
        f"{results['started'][:10]}; load at the start {machine['load_1_min']}.\n"
    )


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
    """Return a Markdown list of what else is known of the cells: reasons, flags, counts."""
    lines = []
    for key, cells in results["rows"].items():
        told = [
            f"{name}: {'; '.join(words)}"
            for name, cell in cells.items()
            if (words := _told(results, key, name, cell))
        ]
        if told:
            lines.append(f"- **{BY_KEY[key].title}.** {'. '.join(told)}.\n")
    return "".join(lines)


def _told(results: Mapping[str, Any], key: str, name: str, cell: Mapping[str, Any]) -> list[str]:
    words = [cell["note"]] if "note" in cell else []
    said = flags(results, key, name)
    if said:
        more = f" and {len(said) - 1} more" if len(said) > 1 else ""
        words.append(f"it said `{said[0][:_LONG]}`{more}")
    if cell.get("zeros"):
        words.append(f"{cell['zeros']} of {cell['windows']} windows are exactly 0")
    if "held" in cell:
        words.append(f"{cell['held']} of {cell['windows']} stated intervals hold the truth")
    if cell.get("orphans"):
        words.append(f"{cell['orphans']} of its processes went on after the kill")
    if "whole_machine" in cell:
        words.append(
            "above idle; each also tells the whole machine, labelled so, which would sum to "
            f"{cell['whole_machine']:.2f}"
        )
    return words


def _figure(cell: Mapping[str, Any]) -> str:
    ratio = cell.get("ratio")
    return f"{ratio:.3f}" if ratio is not None else cell["outcome"]


def _cell(results: Mapping[str, Any], key: str, name: str) -> str:
    cell = results["rows"][key][name]
    if "ratio" not in cell:
        return _OUTCOMES[cell["outcome"]]
    flag = " flagged" if flags(results, key, name) else ""
    digits = 2 if cell["ratio"] < _MANY else 0
    return f"{cell['ratio']:.{digits}f}{flag}"
