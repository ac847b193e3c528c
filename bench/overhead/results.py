"""Collects the figures in rounds, keeps them as JSON, and derives what is shown from them."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from overhead.environments import distributions
from overhead.measures import MEASURES
from overhead.processes import Unmeasured
from overhead.rows import BY_KEY, ROWS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from overhead.contestants import Contestant
    from overhead.measures import Measure, Stage
    from overhead.rows import Row

SCHEMA = "brizna.bench-overhead/1"
_NOTHING = {"samples": []}


def collect(
    stage: Stage,
    contestants: Sequence[Contestant],
    *,
    keys: Collection[str],
    say: Callable[[str], object],
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return each row's cells: per tool its samples, or the reason why there are none.

    Args:
        stage: Where it happens.
        contestants: Who takes part and is installed.
        keys: The rows that are wanted; those that are taken with them come too.
        say: Takes progress, for a person.
    """
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for measure in MEASURES:
        if any(key in measure.rows for key in keys):
            say(f"{', '.join(measure.rows)} ...")
            rows |= _take(stage, measure, contestants)
    return {row.key: rows[row.key] for row in ROWS if row.key in rows}


def describe(stage: Stage, contestants: Sequence[Contestant]) -> dict[str, Any]:
    """Return what ran, and on what: versions, interpreter, processor, load, budget."""
    versions = {
        one.name: distributions(stage.environments[one.name])[one.distribution]
        for one in contestants
        if one.distribution is not None
    }
    return {
        "schema": SCHEMA,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions,
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "processor": _processor(),
            "processors": os.cpu_count(),
            "load_1_min": round(os.getloadavg()[0], 2),
            "has_energy_counters": os.path.isdir("/sys/class/powercap/intel-rapl:0"),
        },
        "budget": asdict(stage.budget),
    }


def middle(samples: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, median, high


def ratio(results: Mapping[str, Any], row: Row, name: str) -> float | None:
    """Return how many times the figure is that of the tool beside it, or None if there is none.

    It is the median of the ratios round by round, in which both saw the same machine.
    """
    if row.beside is None:
        return None
    beside, key = row.beside
    others = results["rows"].get(key, {}).get(beside, {}).get("samples")
    mine = results["rows"][row.key].get(name, {}).get("samples")
    if not others or not mine or len(others) != len(mine):
        return None
    return statistics.median(a / b for a, b in zip(mine, others, strict=True))


def bars(results: Mapping[str, Any]) -> list[tuple[Row, float, bool]]:
    """Return brizna's bars: the row, the figure that the bar is for, and whether it holds."""
    found: list[tuple[Row, float, bool]] = []
    for key, cells in results["rows"].items():
        row, samples = BY_KEY[key], cells.get("brizna", {}).get("samples")
        if row.bar is None or not samples:
            continue
        own = middle(samples)[1] * row.scale
        figure = ratio(results, row, "brizna") if row.bar_is_ratio else own
        if figure is not None:
            found.append((row, figure, figure <= row.bar))
    return found


def _take(
    stage: Stage, measure: Measure, contestants: Sequence[Contestant]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Take one measure's rounds; who fails once stays out of the later ones."""
    cells: dict[str, dict[str, dict[str, Any]]] = {key: {} for key in measure.rows}
    for one in contestants:
        for key in measure.rows:
            reason = _lacks(one, key)
            cells[key][one.name] = {"reason": reason} if reason else {"samples": []}
    for turn in range(measure.rounds(stage.budget)):
        still = [
            one for one in contestants if any("samples" in row[one.name] for row in cells.values())
        ]
        start = turn % max(1, len(still))
        for name, figures in measure.visit(stage, still[start:] + still[:start]).items():
            for key in measure.rows:
                figure = figures if isinstance(figures, Unmeasured) else figures.get(key)
                _keep(cells[key], name, figure)
    for row in cells.values():
        row |= {name: {"reason": "not taken"} for name, cell in row.items() if cell == _NOTHING}
    return cells


def _keep(row: dict[str, dict[str, Any]], name: str, figure: float | Unmeasured | None) -> None:
    if "samples" not in row[name] or figure is None:
        return
    if isinstance(figure, Unmeasured):
        row[name] = {"reason": str(figure)}
    else:
        row[name]["samples"].append(figure)


def _lacks(contestant: Contestant, key: str) -> str | None:
    only = BY_KEY[key].only
    if only is not None and contestant.name != only:
        return "not asked"
    return contestant.lacks.get(key.removesuffix("-whole"))


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("model name")]
    except FileNotFoundError:
        lines = []
    return lines[0].split(":", 1)[1].strip() if lines else platform.processor() or sys.platform
