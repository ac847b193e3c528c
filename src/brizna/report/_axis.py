"""Axes of plots: where a value lies, and which round values to write."""

from __future__ import annotations

from math import ceil, floor, log10

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Scale(Protocol):
        """What places values along one edge of a plot."""

        def at(self, value: float) -> float:
            """Return where a value lies, in the units of the drawing."""
            ...

        def ticks(self, unit: float) -> list[float]:
            """Return round values to write at the axis."""
            ...


_MARGIN = 0.12
"""Share of the range of a figure that is left free at both of its ends."""
_TICKS = 5
_MOST_TICKS = 7


class Axis:
    """Places values of a figure between two ends of a plot."""

    def __init__(
        self, low: float, high: float, *, start: float, end: float, from_zero: bool = True
    ) -> None:
        """Take the least and the greatest value, and where the axis starts and ends.

        Args:
            low: The least value.
            high: The greatest value.
            start: Where the axis starts, in the units of the drawing.
            end: Where it ends.
            from_zero: Whether no value can be below 0, so that no room is left there.
        """
        margin = (high - low or abs(high) or 1.0) * _MARGIN
        self.low, self.high = low - margin, high + margin
        if from_zero:
            self.low = max(self.low, 0.0)
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Return where a value lies, in the units of the drawing."""
        share = (value - self.low) / (self.high - self.low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self, unit: float) -> list[float]:
        """Return round values to write at the axis: multiples of 1, 2 or 5 of the unit."""
        least = (self.high - self.low) / _TICKS / unit
        rung = 10.0 ** floor(log10(least))
        step = next(rung * more for more in (1, 2, 5, 10) if rung * more >= least) * unit
        first, last = ceil(self.low / step), floor(self.high / step)
        return [step * at for at in range(first, last + 1)]


class LogAxis:
    """Places values of a figure such that equal ratios are equally far apart."""

    def __init__(self, low: float, high: float, *, start: float, end: float) -> None:
        """Take the least and a greater value, both above 0, and where the axis starts and ends."""
        margin = log10(high / low) * _MARGIN
        self._low, self._high = log10(low) - margin, log10(high) + margin
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """Return where a value lies, in the units of the drawing."""
        share = (log10(value) - self._low) / (self._high - self._low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self, unit: float) -> list[float]:
        """Return round values to write at the axis: 1, 2 and 5 of each ten, or ones alone."""
        low, high = self._low - log10(unit), self._high - log10(unit)
        tens = range(floor(low), ceil(high) + 1)
        for rungs in ((1, 2, 5), (1,)):
            found = [rung * 10.0**ten for ten in tens for rung in rungs]
            found = [value for value in found if low <= log10(value) <= high]
            if len(found) <= _MOST_TICKS:
                break
        return [value * unit for value in found[:: max(ceil(len(found) / _MOST_TICKS), 1)]]
