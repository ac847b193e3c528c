"""Collects the cells, keeps them as JSON, and tells what a tool said of a row's trouble."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from overhead.processes import Unmeasured

from over_true.rows import BY_KEY
from over_true.trials import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from overhead.contestants import Contestant

    from over_true.trials import Cell, Stage

SCHEMA = "brizna.bench-truth/1"
USUAL = "plain"
"""The row in which nothing is wrong: what a tool says there is no complaint."""
TOLERANCE = 0.01


def collect(
    stage: Stage,
    tools: Sequence[Contestant],
    *,
    keys: Collection[str],
    say: Callable[[str], object],
) -> dict[str, dict[str, Cell]]:
    """Return each row's cells, one tool after another.

    Args:
        stage: Where it happens.
        tools: Who takes part and is installed.
        keys: The rows that are wanted; the usual one comes too.
        say: Takes progress, for a person.
    """
    rows: dict[str, dict[str, Cell]] = {}
    for key, row in BY_KEY.items():
        if key not in keys and key != USUAL:
            continue
        for tool in tools:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    cell = take(stage, row, tool, Path(folder))
                except Unmeasured as reason:
                    cell = {"outcome": "absent", "note": str(reason)}
            say(f"{key}, {tool.name}: {cell.get('ratio', cell.get('outcome'))}")
            rows.setdefault(key, {})[tool.name] = cell
    return rows


def flags(results: Mapping[str, Any], key: str, name: str) -> list[str]:
    """Return what a tool said in a row that it did not say where nothing was wrong."""
    usual = results["rows"].get(USUAL, {}).get(name, {}).get("said", [])
    known = {_without_numbers(line) for line in usual}
    said = results["rows"][key][name].get("said", [])
    return [line for line in said if _without_numbers(line) not in known]


def is_right(results: Mapping[str, Any], key: str, name: str) -> bool:
    """Tell whether a figure is within `TOLERANCE` of the truth, or its tool said it may not be."""
    ratio = results["rows"][key][name].get("ratio")
    if ratio is None:
        return False
    return abs(ratio - 1) <= TOLERANCE or bool(flags(results, key, name))


def _without_numbers(line: str) -> str:
    return re.sub(r"[\d.]+", "#", line)
