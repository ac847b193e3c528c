"""Check how often the quality guard is wrong: ``python bench/guard.py``.

Scores of a base and a variant are drawn with a known true difference, for several kinds of score,
and judged. At the very margin a pass is as wrong as it can be, and so is a fail. Takes some
minutes of one core.
"""

# ruff: noqa: TID253 - a bench may load numpy

from __future__ import annotations

import argparse
import json
from math import comb, fsum, nan, sqrt
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from brizna.check import non_inferior, non_inferior_figure

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "bench.guard/1"
GUARDS = 2000
SEED = 8
ITEMS = (100, 400, 1000)
FIGURE_ITEMS = (200,)
MARGIN, FIGURE_MARGIN = 0.02, 0.05
GROUPED_RESAMPLES = 100
"""The same for items that share groups."""
RESAMPLES = 200
"""Draws for each figure here; the guard's own default is more."""
WRONG = ("pass", "fail")
"""Verdicts that are wrong at the very margin."""
PROMISE = 0.05
SURE = 0.95


def right_or_wrong(share: float) -> Callable:
    """Items of which the variant alone gets this share right, and more by the loss wrong."""

    def draw(rng: Random, count: int, loss: float):
        base, variant = [], []
        for _ in range(count):
            at = rng.random()
            base.append(int(at >= share))
            variant.append(int(not share <= at < 2 * share + loss))
        return base, variant

    return draw


def shifted(rng: Random, count: int, loss: float):
    """Scores of 0.5 or so, each a little other, alike to both sides."""
    base = [rng.uniform(0.4, 0.6) for _ in range(count)]
    return base, [score - loss + rng.gauss(0, 0.1) for score in base]


def long_tail(rng: Random, count: int, loss: float):
    """Few items lose much: the losses are log-normal."""
    mean = 1.6487212707
    return [5.0] * count, [
        5.0 - loss - 0.05 * (rng.lognormvariate(0, 1) - mean) for _ in range(count)
    ]


def long_tail_up(rng: Random, count: int, loss: float):
    """Few items gain much."""
    return [0.5] * count, [0.5 - loss + 0.05 * (rng.expovariate(1) - 1) for _ in range(count)]


def broken(rng: Random, count: int, loss: float):
    """Most items are as they were, and few are lost altogether."""
    return [0.98] * count, [0.98 * (rng.random() >= loss / 0.98) for _ in range(count)]


KINDS: dict[str, Callable] = {
    "right or wrong, few differ": right_or_wrong(0.0),
    "right or wrong, 5 % gained": right_or_wrong(0.05),
    "normal": shifted,
    "few lose much": long_tail,
    "few gain much": long_tail_up,
    "few are lost altogether": broken,
}


def correlation(rng: Random, count: int, loss: float):
    """Return the figure of two models whose correlations with the truth differ by the loss."""
    chance = np.random.default_rng(rng.getrandbits(32))
    good = 0.8
    noise = sqrt(max((good / (good - loss)) ** 2 - 1, 0.0))
    truth = chance.standard_normal(count)
    base = good * truth + sqrt(1 - good * good) * chance.standard_normal(count)
    variant = base + noise * chance.standard_normal(count)

    def figure(items):
        known, one, two = truth[items], base[items], variant[items]
        return tuple(float(np.corrcoef(known, scores)[0, 1]) for scores in (one, two))

    return figure


def f1(rng: Random, count: int, loss: float):
    """Return the figure of two classifiers whose F1 scores differ by the loss."""
    chance = np.random.default_rng(rng.getrandbits(32))
    common, alarms, found = 0.3, 0.05, 0.9

    def score(share):
        return 2 * common * share / (common + common * share + (1 - common) * alarms)

    wanted = score(found) - loss
    less = wanted * (common + (1 - common) * alarms) / (common * (2 - wanted))
    truth = chance.random(count) < common
    base = np.where(truth, chance.random(count) < found, chance.random(count) < alarms)
    variant = base & (~truth | (chance.random(count) < less / found))

    def one(known, said):
        total = known.sum() + said.sum()
        return float(2 * (known & said).sum() / total) if total else nan

    def figure(items):
        known = truth[items]
        return one(known, base[items]), one(known, variant[items])

    return figure


FIGURES: dict[str, Callable] = {"correlation, drawn anew": correlation, "F1, drawn anew": f1}


def five_each(rng: Random, count: int, loss: float):
    """Return differences of items, and the group of each: five items err with their group."""
    groups = [[str(group)] for group in range(count) for _ in range(5)]
    shared = [rng.gauss(0, 0.06) for _ in range(count)]
    return [shared[int(name)] + rng.gauss(-loss, 0.05) for (name,) in groups], groups


def pairs_of(rng: Random, count: int, loss: float):
    """Return differences of all pairs of documents, and both of each: a pair errs with both."""
    pairs = [(one, other) for one in range(count) for other in range(one)]
    own = [rng.gauss(0, 0.02) for _ in range(count)]
    moved = [own[one] + own[other] + rng.gauss(-loss, 0.02) for one, other in pairs]
    return moved, [[str(one), str(other)] for one, other in pairs]


GROUPED: dict[str, tuple[Callable, int, float]] = {
    "five items of each of 40 groups": (five_each, 40, 0.4),
    "all pairs of 40 documents": (pairs_of, 40, 0.2),
}
"""How they are drawn, how many groups there are, and how far the score of one item can fall."""


def grouped_verdict(kind: str, loss: float, rng: Random, *, told: bool = True) -> str:
    """Return what the guard says of a drawn variant whose items share groups, told so or not."""
    draw, count, fall = GROUPED[kind]
    moved, groups = draw(rng, count, loss)
    if not told:
        base = [0.0] * len(moved)
        return non_inferior(base, moved, margin=FIGURE_MARGIN, worst_fall=fall).verdict
    known = np.array(moved)
    return non_inferior_figure(
        lambda items: (0.0, float(known[items].mean())),
        groups,
        margin=FIGURE_MARGIN,
        rng=rng,
        worst_fall=fall,
        resamples=GROUPED_RESAMPLES,
    ).verdict


def untold(kind: str, guards: int = GUARDS, seed: int = SEED) -> dict:
    """Return how often a variant right at the margin is judged if nobody names the groups."""
    rng = Random(f"{seed}/{kind}/untold")
    said = [grouped_verdict(kind, FIGURE_MARGIN, rng, told=False) for _ in range(guards)]
    return {"kind": kind, "guards": guards, **{what: said.count(what) for what in WRONG}}


def verdict(kind: str, count: int, loss: float, rng: Random) -> str:
    """Return what the guard says of one drawn variant."""
    if kind in KINDS:
        return non_inferior(*KINDS[kind](rng, count, loss), margin=MARGIN).verdict
    if kind in GROUPED:
        return grouped_verdict(kind, loss, rng)
    figure = FIGURES[kind](rng, count, loss)
    return non_inferior_figure(
        figure, count, margin=FIGURE_MARGIN, rng=rng, resamples=RESAMPLES
    ).verdict


def shares(kind: str, count: int, guards: int = GUARDS, seed: int = SEED) -> dict:
    """Return how often a kind of score is passed and failed, by how much worse it truly is."""
    margin = MARGIN if kind in KINDS else FIGURE_MARGIN
    found = {}
    for name, loss in (("at", margin), ("twice", 2 * margin), ("none", 0.0)):
        rng = Random(f"{seed}/{kind}/{count}/{name}")
        said = [verdict(kind, count, loss, rng) for _ in range(guards)]
        found[name] = {what: said.count(what) for what in ("pass", "fail")}
    return {"items": count, "margin": margin, "guards": guards, **found}


def bound(wrong: int, guards: int) -> float:
    """Return the share that is not exceeded, 95 % sure, where so many were wrong [1].

    [1] C. Clopper, E. Pearson, The use of confidence or fiducial limits illustrated in the case
    of the binomial, Biometrika 26 (1934) 404-413.
    """
    low, high = wrong / guards, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        so_few = fsum(
            comb(guards, k) * middle**k * (1 - middle) ** (guards - k) for k in range(wrong + 1)
        )
        low, high = (middle, high) if so_few > 1 - SURE else (low, middle)
    return high


def check() -> dict:
    """Return how often each kind of score is judged wrongly."""
    rows = [{"kind": kind, **shares(kind, count)} for kind in KINDS for count in ITEMS]
    rows += [{"kind": kind, **shares(kind, count)} for kind in FIGURES for count in FIGURE_ITEMS]
    rows += [{"kind": kind, **shares(kind, _items(kind))} for kind in GROUPED]
    return {"schema": SCHEMA, "rows": rows, "untold": [untold(kind) for kind in GROUPED]}


def _items(kind: str) -> int:
    draw, count, _ = GROUPED[kind]
    return len(draw(Random(0), count, 0.0)[0])  # how many there are is no matter of chance


def markdown(results: dict) -> str:
    """Return the table for the docs."""
    names = "scores, items, margin, passed at the margin, failed at it, 2 x margin: passed"
    header = [*names.split(", "), "failed", "no loss: passed", "failed"]
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    for row in results["rows"]:
        guards = row["guards"]
        wrong = [row["at"][what] for what in ("pass", "fail")]
        rest = [row[at][what] for at in ("twice", "none") for what in ("pass", "fail")]
        shares = [f"{w / guards:.1%} (<= {bound(w, guards):.1%})" for w in wrong]
        shares += [f"{count / guards:.1%}" for count in rest]
        cells = [str(row["items"]), f"{row['margin']:.2f}"]
        cells += [share.replace("%", " %") for share in shares]
        lines.append(f"| {row['kind']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def untold_markdown(results: dict) -> str:
    """Return what becomes of the promise where nobody names the groups, for the docs."""
    lines = ["| items | passed at the margin | failed at it |", "|---|---:|---:|"]
    for row in results["untold"]:
        cells = [f"{row[what] / row['guards']:.1%}".replace("%", " %") for what in WRONG]
        lines.append(f"| {row['kind']}, not told | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Draw, or read an earlier result, print it, and return 1 where the promise is not kept."""
    parser = argparse.ArgumentParser(prog="bench/guard.py", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the result in a file")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="show a kept file")
    given = parser.parse_args(arguments)
    results = json.loads(given.read.read_text(encoding="utf-8")) if given.read else check()
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results), untold_markdown(results), sep="\n\n")
    worst = max(
        bound(row["at"][what], row["guards"]) for row in results["rows"] for what in row["at"]
    )
    print(f"Worst bound: {worst:.1%}, promised: {PROMISE:.0%}")
    return 0 if worst <= PROMISE else 1


if __name__ == "__main__":
    raise SystemExit(main())
