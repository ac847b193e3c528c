"""Check how often intervals of few trials hold the truth: ``python bench/trials.py``.

Pairs of trials are drawn with a known ratio and several kinds of scatter, and compared as a sweep
compares them. Takes a minute of one core.
"""

from __future__ import annotations

import argparse
import json
from math import exp
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.trials import paired

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "bench.trials/1"
PAIRS = (3, 5, 10)
ARMS = 6
RATIO = 0.8
EXPERIMENTS = 4000
SEED = 20


def normal(rng: Random) -> float:
    """Scatter by a tenth, alike to both sides."""
    return rng.gauss(0, 0.1)


def delayed(rng: Random) -> float:
    """Mostly quiet, now and then delayed, as on a machine that others use."""
    return 0.05 * (rng.expovariate(1) - 1)


def two_speeds(rng: Random) -> float:
    """One of two speeds, as where a clock is raised or is not."""
    return rng.choice((-0.05, 0.05)) + rng.gauss(0, 0.02)


SCATTERS: dict[str, Callable[[Random], float]] = {
    "normal, 10 %": normal,
    "now and then delayed": delayed,
    "one of two speeds": two_speeds,
}


def figures(scatter: Callable[[Random], float], count: int, rng: Random, center: float):
    """Return figures of one arm by block."""
    return {block: exactly(Energy(center * exp(scatter(rng))), "metered") for block in range(count)}


def coverage(
    scatter: Callable[[Random], float], count: int, experiments: int = EXPERIMENTS, seed: int = SEED
) -> float:
    """Return how often the 90 % interval of a ratio holds the true one."""
    rng, held = Random(seed), 0
    for _ in range(experiments):
        arm, other = (figures(scatter, count, rng, center) for center in (10 * RATIO, 10))
        ratio = paired(arm, other).ratio
        assert ratio is not None, "both arms have every block"
        held += ratio.low.value <= RATIO <= ratio.high.value
    return held / experiments


def false_alarms(
    scatter: Callable[[Random], float], count: int, experiments: int = EXPERIMENTS, seed: int = SEED
) -> float:
    """Return how often one of several equal arms is told apart from the first."""
    rng, wrong = Random(seed), 0
    for _ in range(experiments):
        first, *others = (figures(scatter, count, rng, 10) for _ in range(ARMS))
        wrong += any(paired(arm, first, comparisons=ARMS - 1).is_told_apart for arm in others)
    return wrong / experiments


def check() -> dict:
    """Return coverage and false alarms for each scatter and number of pairs."""
    rows = {
        name: {
            "coverage": [coverage(scatter, count) for count in PAIRS],
            "false_alarms": [false_alarms(scatter, count, EXPERIMENTS // 4) for count in PAIRS],
        }
        for name, scatter in SCATTERS.items()
    }
    return {"schema": SCHEMA, "experiments": EXPERIMENTS, "pairs": list(PAIRS), "rows": rows}


def markdown(results: dict) -> str:
    """Return the table for the docs."""
    pairs = results["pairs"]
    header = "| scatter |" + "".join(f" {count} pairs |" for count in pairs)
    header += "".join(f" {count} pairs, false |" for count in pairs)
    lines = [header, "|---" + "|---:" * (2 * len(pairs)) + "|"]
    for name, row in results["rows"].items():
        cells = [f"{share:.1%}".replace("%", " %") for share in row["coverage"]]
        cells += [f"{share:.1%}".replace("%", " %") for share in row["false_alarms"]]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Draw, or read an earlier result, and print it."""
    parser = argparse.ArgumentParser(prog="bench/trials.py", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the result in a file")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="show a kept file")
    given = parser.parse_args(arguments)
    results = json.loads(given.read.read_text(encoding="utf-8")) if given.read else check()
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
