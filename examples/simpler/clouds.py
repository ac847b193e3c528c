"""Two models of two clouds of points, by the standard library alone: neighbours and centres.

brizna improve simpler examples/simpler/clouds.toml
"""

from __future__ import annotations

from random import Random

SEEN, UNSEEN, NEIGHBOURS = 300, 800, 5


def data() -> tuple[list, list, list, list]:
    """Return points with the cloud that each is of: to learn from, and unseen ones."""
    rng, points, kinds = Random(1), [], []
    for _ in range(SEEN + UNSEEN):
        kind = rng.randint(0, 1)
        kinds.append(kind)
        points.append((rng.gauss(3.6 * kind, 1), rng.gauss(3.6 * kind, 1)))
    return points[:SEEN], kinds[:SEEN], points[SEEN:], kinds[SEEN:]


def distance(one: tuple, other: tuple) -> float:
    """Return the square of how far two points lie apart."""
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


class Neighbours:
    """Asks the nearest points that it has seen; it learns them by heart."""

    def fit(self, points: list, kinds: list) -> None:
        """Keep all, in an order that took some work."""
        self.seen = sorted(
            zip(points, kinds, strict=True), key=lambda one: distance(one[0], (0, 0))
        )

    def predict(self, points: list) -> list:
        """Return the kind of most of the neighbours of each."""
        told = []
        for point in points:
            near = sorted(self.seen, key=lambda one, at=point: distance(one[0], at))[:NEIGHBOURS]
            told.append(int(sum(kind for _, kind in near) * 2 > NEIGHBOURS))
        return told


class Centres:
    """Asks which centre is nearer."""

    def fit(self, points: list, kinds: list) -> None:
        """Find both centres."""
        self.centres = []
        for kind in (0, 1):
            own = [point for point, its in zip(points, kinds, strict=True) if its == kind]
            self.centres.append(tuple(sum(axis) / len(own) for axis in zip(*own, strict=True)))

    def predict(self, points: list) -> list:
        """Return the kind of the nearer centre of each."""
        first, second = self.centres
        return [int(distance(point, second) < distance(point, first)) for point in points]


def neighbours() -> Neighbours:
    """Return the complex model."""
    return Neighbours()


def centres() -> Centres:
    """Return the simple one."""
    return Centres()
