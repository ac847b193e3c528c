"""Signals: a quantity over half-open UTC intervals."""

from __future__ import annotations

from bisect import bisect_right
from math import fsum

from brizna.core.errors import CoverageError, InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from brizna.core.quantities import Quantity


class Signal(Record):
    """A quantity over half-open UTC intervals ``[edges[i], edges[i + 1])``.

    Attributes:
        quantity: The type of the values, e.g. `CarbonIntensity`.
        edges: Instants, aware and in UTC, strictly rising; one more than there are values.
        values: One per interval, in the base unit of ``quantity``; None where nothing is known.
        kind: ``average`` or ``marginal`` for carbon intensity; None where it makes no sense.
        scope: ``life-cycle`` or ``direct`` for carbon intensity; None elsewhere.
        source: Where the values come from.
        issued_at: When a forecast was issued; None for observed values.
        estimated: Indices of the intervals whose value its source marks as estimated.
    """

    quantity: type[Quantity]
    edges: tuple[datetime, ...]
    values: tuple[float | None, ...]
    source: str
    kind: str | None = None
    scope: str | None = None
    issued_at: datetime | None = None
    estimated: frozenset[int] = frozenset()

    def _check(self) -> None:
        if len(self.edges) != len(self.values) + 1 or not self.values:
            raise InputError(
                f"A signal of {len(self.values)} values needs {len(self.values) + 1} edges and at "
                f"least one value, but has {len(self.edges)} edges."
            )
        for edge in self.edges:
            offset = edge.utcoffset()
            if offset is None or offset.total_seconds() != 0:
                raise InputError(f"The edge {edge.isoformat()} is not in UTC: convert it first.")
        if any(late <= early for early, late in zip(self.edges, self.edges[1:], strict=False)):
            raise InputError("The edges of a signal must rise strictly: sort it, drop duplicates.")
        if self.kind not in (None, "average", "marginal"):
            raise InputError(f"kind is {self.kind!r}, but only average or marginal exist.")
        if self.scope not in (None, "life-cycle", "direct"):
            raise InputError(f"scope is {self.scope!r}, but only life-cycle or direct exist.")

    @property
    def start(self) -> datetime:
        """The first instant that is covered."""
        return self.edges[0]

    @property
    def end(self) -> datetime:
        """The first instant that is no longer covered."""
        return self.edges[-1]

    def at(self, instant: datetime) -> Quantity:
        """Return the value at an instant.

        Raises:
            CoverageError: If the instant lies outside the signal or in a slot without a value.
        """
        if not self.start <= instant < self.end:
            raise CoverageError(self._outside(instant.isoformat()))
        return self.quantity(self._value(bisect_right(self.edges, instant) - 1))

    def mean(self, start: datetime, end: datetime) -> Quantity:
        """Return the time-weighted mean over ``[start, end)``.

        Raises:
            InputError: If the interval is empty or runs backwards.
            CoverageError: If part of it lies outside the signal or in a slot without a value.
        """
        if end <= start:
            raise InputError(
                f"The interval from {start.isoformat()} to {end.isoformat()} is empty."
            )
        if start < self.start or end > self.end:
            raise CoverageError(self._outside(f"{start.isoformat()} to {end.isoformat()}"))
        parts: list[float] = []
        slot = bisect_right(self.edges, start) - 1
        while slot < len(self.values) and self.edges[slot] < end:
            held = min(end, self.edges[slot + 1]) - max(start, self.edges[slot])
            parts.append(self._value(slot) * held.total_seconds())
            slot += 1
        return self.quantity(fsum(parts) / (end - start).total_seconds())

    def _value(self, slot: int) -> float:
        value = self.values[slot]
        if value is None:
            raise CoverageError(
                f"{self.source} has no value from {self.edges[slot].isoformat()} to "
                f"{self.edges[slot + 1].isoformat()}. "
                "Fill the gap knowingly or ask for other hours."
            )
        return value

    def _outside(self, asked: str) -> str:
        return (
            f"{self.source} is known from {self.start.isoformat()} to {self.end.isoformat()}, "
            f"but {asked} was asked for. Load a longer series."
        )
