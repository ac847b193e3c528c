"""Fronts: what is not beaten in two figures at once, and how good a front is as a whole."""

from __future__ import annotations

from math import fsum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Point = tuple[float, float]
    """Two figures of which less is better."""

_ALIKE = 1e-9
"""Shares that differ by less are the same."""


def ranks(points: Sequence[Point]) -> list[int]:
    """Return for each point on which front it lies: 0 if no other beats it, 1 of the rest, ...

    Args:
        points: Two figures each, of which less is better. A point beats another if it is at most
            as great in both and less in one.
    """
    left, found, rank = list(range(len(points))), [0] * len(points), 0
    while left:
        ahead = [i for i in left if not any(_beats(points[j], points[i]) for j in left)]
        for i in ahead:
            found[i] = rank
        left, rank = [i for i in left if i not in ahead], rank + 1
    return found


def _beats(one: Point, other: Point) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def best_of(points: Sequence[Point], count: int) -> list[int]:
    """Return the places of the points that go on: by front, and the ones with most room first.

    Args:
        points: Two figures each, of which less is better.
        count: How many go on.

    References:
        K. Deb and others, A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE
        Transactions on Evolutionary Computation 6 (2002) 182-197.
    """
    front = ranks(points)
    room = {
        rank: _rooms(points, [i for i, own in enumerate(front) if own == rank])
        for rank in set(front)
    }
    order = sorted(range(len(points)), key=lambda i: (front[i], -room[front[i]][i], i))
    return order[:count]


def _rooms(points: Sequence[Point], members: Sequence[int]) -> dict[int, float]:
    """Return how far the neighbours of each member of a front lie apart; the ends have all room."""
    made = dict.fromkeys(members, 0.0)
    for axis in (0, 1):
        order = sorted(members, key=lambda i: points[i][axis])
        span = points[order[-1]][axis] - points[order[0]][axis]
        made[order[0]] = made[order[-1]] = float("inf")
        for before, here, after in zip(order, order[1:], order[2:], strict=False):
            made[here] += (points[after][axis] - points[before][axis]) / span if span else 0.0
    return made


def area(points: Iterable[Point], corner: Point) -> float:
    """Return the area that points cover up to a corner: their hypervolume.

    Args:
        points: Two figures each, of which less is better.
        corner: The worst of both; what lies beyond covers nothing.
    """
    covered: list[float] = []
    height = corner[1]
    for first, second in sorted(points):
        if first < corner[0] and second < height:
            covered.append((corner[0] - first) * (height - second))
            height = second
    return fsum(covered)


def bend(points: Sequence[Point]) -> int:
    """Return the place of the point farthest below the line between the ends of a front.

    Both figures are taken as shares of their range, so that units do not matter. Where several
    are as far, as are the ends themselves, it is the last of these.
    """
    low = [min(point[axis] for point in points) for axis in (0, 1)]
    high = [max(point[axis] for point in points) for axis in (0, 1)]
    span = [one - other or 1.0 for one, other in zip(high, low, strict=True)]
    shares = [sum((point[axis] - low[axis]) / span[axis] for axis in (0, 1)) for point in points]
    least = min(shares)
    return max(place for place, share in enumerate(shares) if share <= least + _ALIKE)
