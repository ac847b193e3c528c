"""Prices of capacity, and the lower bound that they prove.

With a price on each slot of each zone every kind of job can plan alone. What all of them pay, less
what the capacity is worth, is a lower bound of any plan's cost (Lagrangian duality [1]); at the
best prices it is the bound of the linear program whose columns are whole patterns of one job, so
that no job is split between zones or starts. The prices climb along the excess of demand, each
slot at its own pace [2]; any prices prove a bound, so the pace is a matter of speed alone.

References:
    [1] A. M. Geoffrion, Lagrangean relaxation for integer programming, 1974.
    [2] D. P. Kingma, J. Ba, Adam: a method for stochastic optimization, 2015.
"""

from __future__ import annotations

from math import fsum

from brizna.plan._fleet_jobs import groups_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from brizna.plan._fleet_jobs import Fleet

    Floats = NDArray[float64]
    Whole = NDArray[int64]
    Chosen = Callable[[Whole], NDArray[bool_]]
    """Given each kind's zone, as a row, which slots of its window it takes."""

_STRIDE = 0.8
"""First step of a price, as a multiple of the costs' standard deviation."""
_FADING = 4
"""Power of the share of steps that are left, by which steps get smaller."""
_MEMORY, _SQUARE_MEMORY = 0.9, 0.99
"""Of the excess of demand, and of its square, from one step to the next."""
_CALM = 0.05
"""Of the capacity: an excess that is small beside this moves a price little."""


_MANY = 10_000
"""Kinds of jobs beyond which a part of them finds the prices."""
_MOST_AT_ONCE = 1 << 22
"""Cells looked at in one go: some tens of megabytes."""


class Crew:
    """Kinds of jobs with windows of one length: what they would take at given costs."""

    def __init__(self, jobs: Fleet, counts: Floats, zones: int) -> None:
        """Take kinds that `alike` put together.

        Args:
            jobs: One job of each kind.
            counts: How many there are of each kind.
            zones: How many zones there are.
        """
        import numpy as np

        rows = jobs.zone_sets[int(jobs.allowed[0])]
        width = int(jobs.deadline[0] - jobs.arrival[0])
        self._rows: Whole = np.array(range(zones) if rows is None else rows, dtype=np.int64)
        self._can_pause = bool(jobs.can_pause[0])
        self._slots: Whole = jobs.arrival[:, None] + np.arange(width, dtype=np.int64)
        self._lengths = jobs.length
        self._weights = jobs.size * counts

    def ask(self, costs: Floats, used: Floats) -> float:
        """Return what these jobs pay at some costs, and add what they take to ``used``.

        Args:
            costs: Of a unit of size, shape (zones, slots).
            used: What all jobs take, same shape.
        """
        import numpy as np

        block = costs[self._rows][:, self._slots]
        kinds = np.arange(len(self._lengths))
        paid, chosen = self._pausing(block) if self._can_pause else self._in_a_row(block)
        row = paid.argmin(axis=0)
        at = self._rows[row][:, None] * costs.shape[1] + self._slots
        taken = chosen(row) * self._weights[:, None]
        used += np.bincount(at.ravel(), taken.ravel(), minlength=used.size).reshape(used.shape)
        return float(paid[row, kinds] @ self._weights)

    def _pausing(self, block: Floats) -> tuple[Floats, Chosen]:
        """Return what each kind pays in each zone, and how to tell which slots it takes."""
        import numpy as np

        kinds = np.arange(len(self._lengths))
        ordered = np.sort(block, axis=2)
        paid = np.cumsum(ordered, axis=2)[:, kinds, self._lengths - 1]

        def chosen(row: Whole) -> NDArray[bool_]:
            mine = block[row, kinds]
            last = ordered[row, kinds, self._lengths - 1][:, None]
            below, equal = mine < last, mine == last
            missing = self._lengths - below.sum(axis=1)
            return below | (equal & (equal.cumsum(axis=1) <= missing[:, None]))

        return paid, chosen

    def _in_a_row(self, block: Floats) -> tuple[Floats, Chosen]:
        import numpy as np

        kinds = np.arange(len(self._lengths))
        length = int(self._lengths[0])
        sums = np.cumsum(block, axis=2)
        cost = sums[:, :, length - 1 :].copy()
        cost[:, :, 1:] -= sums[:, :, : block.shape[2] - length]
        start = cost.argmin(axis=2)

        def chosen(row: Whole) -> NDArray[bool_]:
            place = self._slots[0] - self._slots[0, 0] - start[row, kinds][:, None]
            return (place >= 0) & (place < length)

        return cost.min(axis=2), chosen


def prices_of(
    values: Floats, capacity: Floats, kinds: Fleet, counts: Whole, *, steps: int
) -> tuple[Floats, float]:
    """Return prices of capacity, and the lower bound of any plan that they prove.

    Where there are very many kinds of jobs, a part of them, taken at even distances and weighted
    for all, finds the prices; the bound is that of all.

    Args:
        values: What a unit of size costs, shape (zones, slots).
        capacity: How much room there is, same shape.
        kinds: One job of each kind.
        counts: How many jobs there are of each kind.
        steps: How often the prices move.
    """
    import numpy as np

    crews = alike(kinds, counts.astype(np.float64), len(values))
    if len(kinds) <= _MANY:
        return climb(values, capacity, crews, steps)
    taken = counts * kinds.size * kinds.length
    order = np.lexsort((kinds.deadline, kinds.length, kinds.arrival, kinds.allowed))
    part = order[:: -(-len(order) // _MANY)]
    few = counts[part] * (taken.sum() / taken[part].sum())
    prices, _ = climb(values, capacity, alike(kinds.some(part), few, len(values)), steps)
    paid = fsum(crew.ask(values + prices, np.zeros_like(values)) for crew in crews)
    return prices, paid - float((prices * capacity).sum())


def alike(kinds: Fleet, counts: Floats, zones: int) -> list[Crew]:
    """Return the crews of all kinds, none larger than memory has room for."""
    import numpy as np

    width = kinds.deadline - kinds.arrival
    columns = (np.where(kinds.can_pause, 0, kinds.length), width, kinds.allowed)
    crews: list[Crew] = []
    for group in groups_of(columns):
        most = max(1, _MOST_AT_ONCE // (zones * int(width[group[0]])))
        for first in range(0, len(group), most):
            part = group[first : first + most]
            crews.append(Crew(kinds.some(part), counts[part], zones))
    return crews


def climb(
    values: Floats, capacity: Floats, crews: Sequence[Crew], steps: int
) -> tuple[Floats, float]:
    """Return prices of capacity, and the lower bound of any plan that they prove.

    Args:
        values: What a unit of size costs, shape (zones, slots).
        capacity: How much room there is, same shape.
        crews: All jobs.
        steps: How often the prices move.
    """
    import numpy as np

    prices = best_prices = mean = square = np.zeros_like(values)
    best, spread = -np.inf, float(values.std()) or 1.0
    typical = float(capacity.mean()) or 1.0
    for step in range(steps):
        used = np.zeros_like(values)
        costs = values + prices
        paid = fsum(crew.ask(costs, used) for crew in crews)
        bound = paid - float((prices * capacity).sum())
        if bound > best:
            best, best_prices = bound, prices
        excess = (used - capacity) / typical
        mean = _MEMORY * mean + (1 - _MEMORY) * excess
        square = _SQUARE_MEMORY * square + (1 - _SQUARE_MEMORY) * excess * excess
        stride = _STRIDE * spread * (1 - step / steps) ** _FADING
        unbiased = mean / (1 - _MEMORY ** (step + 1))
        size = np.sqrt(square / (1 - _SQUARE_MEMORY ** (step + 1))) + _CALM
        prices = np.maximum(0.0, prices + stride * unbiased / size)
    return best_prices, best
