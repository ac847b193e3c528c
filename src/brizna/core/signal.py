"""Signals: a quantity over half-open UTC intervals."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from math import fsum

from brizna.core.errors import CoverageError, InputError, Said
from brizna.core.quantities import CarbonIntensity
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from brizna.core.quantities import Quantity

_ALLOWED = {
    "scope": (None, "life-cycle", "direct"),
    "basis": (None, "consumption", "production"),
    "origin": ("observed", "forecast", "profile"),
}
_SAME = ("quantity", "kind", "scope", "basis")
"""What two signals must have in common to be compared."""


class Signal(Record):
    """A quantity over half-open UTC intervals ``[edges[i], edges[i + 1])``.

    Attributes:
        quantity: The type of the values: `CarbonIntensity`, `Ratio` for a share, `Tariff` ...
        edges: Instants, aware and in UTC, strictly rising; one more than there are values.
        values: One per interval, in the base unit of ``quantity``; None where nothing is known.
        kind: ``average`` or ``marginal`` for carbon intensity; ``renewable`` or ``low-carbon`` for
            a share; a currency for a price; None where it makes no sense.
        scope: ``life-cycle`` or ``direct`` for carbon intensity; None elsewhere or unknown.
        basis: ``consumption`` or ``production``: whose electricity it describes; None if unknown.
        origin: ``observed``, ``forecast``, or ``profile`` for what is usual at such an hour.
        zone: The grid zone; None where it belongs to none.
        source: Where the values come from.
        issued_at: When a forecast was issued; None for observed values.
        estimated: Indices of the intervals whose value its source marks as estimated.
        quantiles: By level in (0, 1), values like ``values``: how far it may be from them.
    """

    quantity: type[Quantity]
    edges: tuple[datetime, ...]
    values: tuple[float | None, ...]
    source: str
    kind: str | None = None
    scope: str | None = None
    issued_at: datetime | None = None
    estimated: frozenset[int] = frozenset()
    basis: str | None = None
    origin: str = "observed"
    zone: str | None = None
    quantiles: Mapping[float, tuple[float | None, ...]] = {}

    def _check(self) -> None:
        if len(self.edges) != len(self.values) + 1 or not self.values:
            raise InputError(
                "A signal of {values} values needs {needed} edges and at least one value, but has "
                "{edges} edges.",
                values=len(self.values),
                needed=len(self.values) + 1,
                edges=len(self.edges),
            )
        for level, values in self.quantiles.items():
            if not 0 < level < 1 or len(values) != len(self.values):
                raise InputError(
                    "The quantile {level} has {count} values: expected a level between 0 and 1 "
                    "and {needed} values.",
                    level=level,
                    count=len(values),
                    needed=len(self.values),
                )
        for edge in self.edges:
            offset = edge.utcoffset()
            if offset is None or offset.total_seconds() != 0:
                raise InputError(
                    "The edge {edge} is not in UTC: convert it first.", edge=edge.isoformat()
                )
        if any(late <= early for early, late in zip(self.edges, self.edges[1:], strict=False)):
            raise InputError("The edges of a signal must rise strictly: sort it, drop duplicates.")
        for field, allowed in _ALLOWED.items():
            if (value := getattr(self, field)) not in allowed:
                raise InputError(
                    "{field} is {value!r}: expected {allowed}.",
                    field=field,
                    value=value,
                    allowed=", ".join(str(one) for one in allowed),
                )
        if self.quantity is CarbonIntensity and self.kind not in (None, "average", "marginal"):
            raise InputError(
                "kind is {kind!r}, but carbon intensity is average or marginal.", kind=self.kind
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
        self._must_cover(start, end)
        parts: list[float] = []
        slot = bisect_right(self.edges, start) - 1
        while slot < len(self.values) and self.edges[slot] < end:
            held = min(end, self.edges[slot + 1]) - max(start, self.edges[slot])
            parts.append(self._value(slot) * held.total_seconds())
            slot += 1
        return self.quantity(fsum(parts) / (end - start).total_seconds())

    def between(self, start: datetime, end: datetime) -> Signal:
        """Return the part over ``[start, end)``, cut at these instants.

        Raises:
            InputError: If the interval is empty or runs backwards.
            CoverageError: If part of it lies outside the signal.
        """
        self._must_cover(start, end)
        first = bisect_right(self.edges, start) - 1
        last = bisect_left(self.edges, end)
        return self.replace(
            edges=(start, *self.edges[first + 1 : last], end),
            values=self.values[first:last],
            estimated=frozenset(s - first for s in self.estimated if first <= s < last),
            quantiles={level: values[first:last] for level, values in self.quantiles.items()},
        )

    def minus(self, other: Signal) -> Signal:
        """Return how much more this signal is than another, where both are covered.

        Raises:
            InputError: If they are not of one kind, scope and basis: their difference would mean
                nothing.
            CoverageError: If they have no time in common.
        """
        self.must_match(other)
        start, end = max(self.start, other.start), min(self.end, other.end)
        if start >= end:
            raise CoverageError(
                "{one} ends at {end} and {other} begins at {start}: they have no time in common. "
                "Load series of the same days.",
                one=self.source,
                other=other.source,
                start=start.isoformat(),
                end=end.isoformat(),
            )
        edges = (start, *sorted({e for e in self.edges + other.edges if start < e < end}), end)
        pairs = [(self._peek(edge), other._peek(edge)) for edge in edges[:-1]]
        return self.replace(
            edges=edges,
            values=tuple(None if a is None or b is None else a - b for a, b in pairs),
            source=f"{self.source} - {other.source}",
            estimated=frozenset[int](),
            quantiles={},
        )

    def must_match(self, other: Signal) -> None:
        """Refuse a signal that says something else than this one.

        Raises:
            InputError: If quantity, kind, scope or basis differ, or one of them is not known.
        """
        for field in _SAME:
            mine, others = getattr(self, field), getattr(other, field)
            if mine != others:
                raise InputError(
                    "{one} is {mine} and {other} is {others}: they do not say the same ({field}) "
                    "and cannot be compared, summed or mixed. Take series of one kind.",
                    one=self.source,
                    other=other.source,
                    mine=_say(mine),
                    others=_say(others),
                    field=field,
                )

    def _must_cover(self, start: datetime, end: datetime) -> None:
        if end <= start:
            raise InputError(
                "The interval from {start} to {end} is empty.",
                start=start.isoformat(),
                end=end.isoformat(),
            )
        if start < self.start or end > self.end:
            raise self._outside(start, end)

    def _peek(self, instant: datetime) -> float | None:
        return self.values[bisect_right(self.edges, instant) - 1]

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


def _say(value: object) -> object:
    if value is None:
        return Said("not stated")
    return value.__name__ if isinstance(value, type) else value
