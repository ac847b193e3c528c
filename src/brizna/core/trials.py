"""Trials: the same work under several arms, taken in turn, and what can be told of them.

Each block holds every arm once, in an order that its seed and number decide, so that what drifts
(temperature, other users, the hour) meets all arms alike. Arms are compared within blocks: a
ratio of two trials of one block lacks what the block did to both. The logarithms of these ratios
are averaged, and Student's t says how far their mean may be off.

What a meter may have got wrong is carried along by name, as in every estimate: a doubt that two
trials share cancels in their ratio. The scatter that is seen takes the place of ``chance``.
"""

from __future__ import annotations

from hashlib import sha256
from math import atan, cos, exp, fsum, log, pi, sin, sqrt

from brizna.core.errors import InputError
from brizna.core.estimate import CHANCE, Estimate, weakest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Blocks = Mapping[int, Estimate]
    """What one arm came to, by block."""

LEVEL = 0.9
"""Share of the interval of one figure; several figures together share what is left of it."""
WARM_UP = -1
"""The block of trials that count for nothing: caches fill, clocks rise, libraries load."""


class Turn(Record):
    """One trial that is to be made.

    Attributes:
        block: Number of its block from 0 on; `WARM_UP` for one that does not count.
        arm: The arm.
        place: Its place in its block, from 0 on.
    """

    block: int
    arm: str
    place: int = 0

    @property
    def counts(self) -> bool:
        """Whether it counts: it is no warm-up."""
        return self.block != WARM_UP


def turns(arms: Sequence[str], *, repeats: int, seed: int, warm_ups: int = 1) -> tuple[Turn, ...]:
    """Return the trials to make, in order: warm-ups of the first arm, then the blocks.

    The order within a block depends on the seed, the block and the arms' names alone, so that
    whoever goes on with an interrupted series makes the turns that are missing and no others.

    Args:
        arms: Names of the arms, each once.
        repeats: How many blocks.
        seed: Decides the orders.
        warm_ups: How many trials of the first arm go before all.

    Raises:
        InputError: If there is no arm, an arm stands twice, or a number is too small.
    """
    if not arms or len(set(arms)) < len(arms):
        raise InputError(
            "The arms are {arms}: expected at least one, and each once. Name each level once.",
            arms=", ".join(arms) or "-",
        )
    if repeats < 1 or warm_ups < 0:
        raise InputError(
            "There are {repeats} repeats and {warm_ups} warm-ups: expected at least 1 and 0.",
            repeats=repeats,
            warm_ups=warm_ups,
        )
    made = [Turn(block=WARM_UP, arm=arms[0], place=place) for place in range(warm_ups)]
    for block in range(repeats):
        order = sorted(arms, key=lambda arm: sha256(f"{seed}/{block}/{arm}".encode()).digest())
        made += [Turn(block=block, arm=arm, place=place) for place, arm in enumerate(order)]
    return tuple(made)


class Paired(Record):
    """One arm beside another.

    Attributes:
        pairs: Blocks in which both have a figure.
        ratio: The arm's figure divided by the other's, with its interval; None where it cannot be
            told.
        scatter_is_known: Whether the interval holds what chance did: it takes two pairs.
        is_told_apart: Whether the interval, widened for all comparisons together, leaves out 1.
    """

    pairs: int
    ratio: Estimate | None
    scatter_is_known: bool
    is_told_apart: bool


def paired(arm: Blocks, other: Blocks, *, comparisons: int = 1) -> Paired:
    """Compare one arm with another, block by block.

    Args:
        arm: Its figures, all above 0.
        other: The other's, of the same kind.
        comparisons: How many comparisons are made together: the chance that any of them calls
            two equal arms different stays at 10 % (Bonferroni).
    """
    blocks = sorted(set(arm) & set(other))
    try:
        ratios = [arm[block] / other[block] for block in blocks]
        ratio = typical(ratios) if ratios else None
        wide = typical(ratios, level=1 - (1 - LEVEL) / max(comparisons, 1)) if ratios else None
    except InputError:  # a figure that may be 0 has no ratio
        ratio = wide = None
    known = len(blocks) > 1
    apart = known and wide is not None and not wide.low.value <= 1 <= wide.high.value
    return Paired(pairs=len(blocks), ratio=ratio, scatter_is_known=known, is_told_apart=apart)


def typical(values: Iterable[Estimate], *, level: float = LEVEL) -> Estimate:
    """Return the geometric mean of figures of one kind, with what their scatter says of it.

    Of one figure alone the scatter is not known: the result then has the doubts of its meter only.

    Args:
        values: All of one kind and above 0, at both ends of each doubt.
        level: Share of the interval of the mean.

    Raises:
        InputError: If there is none, or one may be 0 or less.
    """
    parts = list(values)
    every = [x for part in parts for x in (part.best.value, *_ends(part))]
    if not parts or min(every) <= 0:
        raise InputError(
            "A geometric mean was asked of {count} figures, the least of which may be {least}: "
            "expected at least one, all above 0. Compare other figures.",
            count=len(parts),
            least=min(every, default=0),
        )
    kind = parts[0].kind
    logs = [log(part.best.value) for part in parts]
    center = fsum(logs) / len(logs)
    best = exp(center)
    doubts = {
        name: (kind(_moved(parts, name, 0)), kind(_moved(parts, name, 1)))
        for name in sorted({name for part in parts for name in part.doubts if name != CHANCE})
    }
    if len(parts) > 1:
        spread = sqrt(fsum((x - center) ** 2 for x in logs) / (len(logs) - 1))
        reach = student(level, len(logs) - 1) * spread / sqrt(len(logs))
        doubts[CHANCE] = (kind(best * exp(-reach)), kind(best * exp(reach)))
    references = [name for part in parts for name in part.references]
    basis = weakest(*(part.basis for part in parts))
    return Estimate(kind(best), doubts=doubts, basis=basis, references=references)


def _ends(value: Estimate) -> list[float]:
    return [end for name, ends in value.doubts.items() if name != CHANCE for end in ends]


def _moved(parts: Sequence[Estimate], name: str, end: int) -> float:
    """Return the geometric mean with one doubt at one of its ends in all figures that have it."""
    values = [part.doubts[name][end] if name in part.doubts else part.best.value for part in parts]
    return exp(fsum(map(log, values)) / len(values))


def front(points: Mapping[str, tuple[float, float]]) -> tuple[str, ...]:
    """Return those that no other one beats in both figures, the least of the first first.

    Args:
        points: By name, two figures of which less is better.
    """
    ordered = sorted(points.items(), key=lambda point: point[1])
    kept: list[str] = []
    least = float("inf")
    for name, (_, second) in ordered:
        if second < least:
            kept.append(name)
            least = second
    return tuple(kept)


def student(share: float, freedom: int) -> float:
    """Return t such that a variable with Student's distribution lies within -t and t.

    Args:
        share: With this probability, in (0, 1).
        freedom: Degrees of freedom, from 1 on.
    """
    low, high = 0.0, 1.0
    while within_student(high, freedom) < share:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if within_student(middle, freedom) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def within_student(t: float, freedom: int) -> float:
    """Return the probability that a variable with Student's distribution lies within -t and t.

    References:
        Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
    """
    angle = atan(t / sqrt(freedom))
    square, odd = cos(angle) ** 2, freedom % 2
    term = cos(angle) if odd else 1.0
    terms = [term] if freedom > 1 else []
    for k in range(2 + odd, freedom - 1, 2):
        term *= square * (k - 1) / k
        terms.append(term)
    inner = sin(angle) * fsum(terms)
    return 2 / pi * (angle + inner) if odd else inner
