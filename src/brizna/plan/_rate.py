"""Rates over time: what a joule costs while a slot lasts, integrated without rounding.

Everything is a whole number, so that equal windows are equal and the earliest of them can win:
with floats, sums of the same values in another order differ in their last digit.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from brizna.core.errors import CoverageError, InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Rate:
    """A step function of time, with its exact integral.

    Attributes:
        edges: Microseconds since the epoch, strictly rising; one more than there are values.
        values: One for each slot ``[edges[i], edges[i + 1])``, in any one unit; None where nothing
            is known: no job runs there.
    """

    __slots__ = ("_sums", "_unknown", "edges", "values")

    def __init__(self, edges: Sequence[int], values: Sequence[int | None]) -> None:
        """Take the slots.

        Raises:
            InputError: If the edges do not rise, or do not fit the values.
        """
        if len(edges) != len(values) + 1 or not values:
            raise InputError(
                "A rate of {values} values has {edges} edges: expected one value at least, and one "
                "edge more than values.",
                values=len(values),
                edges=len(edges),
            )
        if any(late <= early for early, late in pairwise(edges)):
            raise InputError("The edges of a rate must rise strictly: sort it, drop duplicates.")
        self.edges = tuple(edges)
        self.values = tuple(values)
        sums, unknown = [0], [0]
        for value, (early, late) in zip(values, pairwise(edges), strict=True):
            sums.append(sums[-1] + (value or 0) * (late - early))
            unknown.append(unknown[-1] + (late - early if value is None else 0))
        self._sums = sums
        self._unknown = unknown

    def until(self, t_us: int) -> int:
        """Return the integral from the first edge to a time inside the edges."""
        return self._integral(self._sums, t_us, known=True)

    def between(self, start_us: int, end_us: int) -> int:
        """Return the integral from one time to another."""
        return self.until(end_us) - self.until(start_us)

    def is_known(self, start_us: int, end_us: int) -> bool:
        """Tell whether all slots between two times lie inside the edges and have a value."""
        if start_us < self.edges[0] or end_us > self.edges[-1]:
            return False
        unknown = self._integral(self._unknown, end_us, known=False)
        return unknown == self._integral(self._unknown, start_us, known=False)

    def at(self, t_us: int) -> int | None:
        """Return the value of the slot that a time lies in; None where it is not known."""
        slot = bisect_right(self.edges, t_us) - 1
        return self.values[slot] if 0 <= slot < len(self.values) else None

    def pieces(self, start_us: int, end_us: int) -> Iterator[tuple[int, int, int]]:
        """Yield start, end and value of each part of a known slot between two times."""
        first = max(bisect_right(self.edges, start_us) - 1, 0)
        for slot in range(first, len(self.values)):
            if self.edges[slot] >= end_us:
                return
            value = self.values[slot]
            if value is not None:
                yield max(self.edges[slot], start_us), min(self.edges[slot + 1], end_us), value

    def _integral(self, sums: Sequence[int], t_us: int, *, known: bool) -> int:
        if not self.edges[0] <= t_us <= self.edges[-1]:
            raise CoverageError(
                "The rate is known from {first} us to {last} us, but {asked} us was asked for. "
                "Load a longer series.",
                first=self.edges[0],
                last=self.edges[-1],
                asked=t_us,
            )
        slot = min(bisect_right(self.edges, t_us) - 1, len(self.values) - 1)
        value = self.values[slot]
        height = (value or 0) if known else int(value is None)
        return sums[slot] + height * (t_us - self.edges[slot])


def combine(rates: Sequence[Rate], weights: Sequence[int]) -> Rate:
    """Return the weighted sum of rates on all their edges, where all of them are defined.

    Args:
        rates: One at least.
        weights: A whole number for each.

    Raises:
        InputError: If they have no time in common.
    """
    start = max(rate.edges[0] for rate in rates)
    end = min(rate.edges[-1] for rate in rates)
    if end <= start:
        raise InputError(
            "The series have no time in common: one begins at {start} us, another ends at {end} "
            "us. Load series of the same days.",
            start=start,
            end=end,
        )
    edges = sorted({start, end, *(e for rate in rates for e in rate.edges if start < e < end)})
    values: list[int | None] = []
    for edge in edges[:-1]:
        parts = [rate.at(edge) for rate in rates]
        known = [part for part in parts if part is not None]
        whole = len(known) == len(parts)
        values.append(sum(map(int.__mul__, known, weights)) if whole else None)
    return Rate(edges, values)
