"""Signals: a quantity over half-open UTC intervals."""

from __future__ import annotations

from bisect import bisect_right
from math import fsum

from brizna.core.errors import CoverageError, InputError, Said
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
                "A signal of {values} values needs {needed} edges and at least one value, but has "
                "{edges} edges.",
                values=len(self.values),
                needed=len(self.values) + 1,
                edges=len(self.edges),
            )
        for edge in self.edges:
            offset = edge.utcoffset()
            if offset is None or offset.total_seconds() != 0:
                raise InputError(
                    "The edge {edge} is not in UTC: convert it first.", edge=edge.isoformat()
                )
        if any(late <= early for early, late in zip(self.edges, self.edges[1:], strict=False)):
            raise InputError("The edges of a signal must rise strictly: sort it, drop duplicates.")
        if self.kind not in (None, "average", "marginal"):
            raise InputError(
                "kind is {kind!r}, but only average or marginal exist.", kind=self.kind
            )
        if self.scope not in (None, "life-cycle", "direct"):
            raise InputError(
                "scope is {scope!r}, but only life-cycle or direct exist.", scope=self.scope
            )

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
            raise self._outside(instant, None)
        return self.quantity(self._value(bisect_right(self.edges, instant) - 1))

    def mean(self, start: datetime, end: datetime) -> Quantity:
        """Return the time-weighted mean over ``[start, end)``.

        Raises:
            InputError: If the interval is empty or runs backwards.
            CoverageError: If part of it lies outside the signal or in a slot without a value.
        """
        if end <= start:
            raise InputError(
                "The interval from {start} to {end} is empty.",
                start=start.isoformat(),
                end=end.isoformat(),
            )
        if start < self.start or end > self.end:
            raise self._outside(start, end)
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
                "{source} has no value from {start} to {end}. Fill the gap knowingly or ask for "
                "other hours.",
                source=self.source,
                start=self.edges[slot].isoformat(),
                end=self.edges[slot + 1].isoformat(),
            )
        return value

    def _outside(self, instant: datetime, end: datetime | None) -> CoverageError:
        """Return the error for an instant, or an interval, that is not covered."""
        asked: object = instant.isoformat()
        if end is not None:
            asked = Said("{start} to {end}", start=asked, end=end.isoformat())
        return CoverageError(
            "{source} is known from {first} to {last}, but {asked} was asked for. Load a longer "
            "series.",
            source=self.source,
            first=self.start.isoformat(),
            last=self.end.isoformat(),
            asked=asked,
        )
