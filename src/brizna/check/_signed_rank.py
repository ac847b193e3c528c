"""Exact inference on paired differences by their signed ranks.

Where the differences are symmetric about a shift, each of their signs is a coin once the shift is
taken away, whatever their distribution: turning signs at will gives the exact distribution of the
sum of ranks [1]. Its inversion is an interval on the shift, around the Hodges-Lehmann estimate [2],
that outliers hardly move and that holds its level at any number of pairs.

References:
    [1] F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1(6), 1945.
    [2] J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Annals of
        Mathematical Statistics 34(2), 1963.
"""

from __future__ import annotations

from functools import cache
from math import inf
from statistics import median

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def hodges_lehmann(differences: Sequence[float]) -> float:
    """Return the median of the means of all pairs of differences, each with itself too."""
    return median(walsh(differences))


def shift_interval(
    differences: Sequence[float], *, below: float, above: float
) -> tuple[float, float]:
    """Return an interval on the shift; an end is infinite where so few pairs cannot bound it.

    Args:
        differences: One a pair.
        below: Highest chance that the shift lies below the interval.
        above: The same above it.
    """
    means = walsh(differences)
    low, high = _rank(len(differences), below), _rank(len(differences), above)
    return (
        -inf if low is None else means[low],
        inf if high is None else means[-1 - high],
    )


def walsh(differences: Sequence[float]) -> list[float]:
    """Return the means of all pairs of differences, each with itself too, in order."""
    ordered = sorted(differences)
    return sorted((a + b) / 2 for at, a in enumerate(ordered) for b in ordered[at:])


@cache
def _rank(count: int, chance: float) -> int | None:
    """Return the largest sum of ranks that comes at most with this chance; None if none does."""
    ways, seen = _ways(count), 0
    for rank, number in enumerate(ways):
        seen += number
        if seen > chance * 2**count:
            return rank - 1 if rank else None
    return len(ways) - 1


@cache
def _ways(count: int) -> tuple[int, ...]:
    """Return, for each sum, how many sets of the ranks from 1 to ``count`` have it."""
    ways = [1]
    for rank in range(1, count + 1):
        longer = ways + [0] * rank
        for at, number in enumerate(ways):
            longer[at + rank] += number
        ways = longer
    return tuple(ways)
