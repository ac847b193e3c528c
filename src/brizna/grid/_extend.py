"""Beyond what a series covers: the hours after it (or before it) as they usually are."""

from __future__ import annotations

from datetime import timedelta
from math import fsum

from brizna.core.errors import CoverageError, InputError
from brizna.core.quantities import CarbonIntensity
from brizna.grid._profile import usual

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from brizna.core.signal import Signal

_SHORTEST = timedelta(hours=6)


def extend(signal: Signal, start: datetime, end: datetime) -> Signal:
    """Return a series over ``[start, end)``; what it does not cover is as it usually is there.

    The usual hours have the profile's shape and the series' own level: its mean over the hours it
    covers stands to the profile's as theirs do here. They are marked as estimated, and their
    quantiles are the profile's, which say how far such an hour lies from what is usual; those of a
    series that states none are its values. Gaps inside the series stay gaps. A series that covers
    it all is cut and no more.

    Args:
        signal: Average carbon intensity of a zone that has a profile or an annual figure.
        start: The first instant, in UTC.
        end: The first instant that is no longer needed, in UTC.

    Raises:
        InputError: If the series is of another quantity or kind, or of no zone: no profile says
            how it goes on.
        CoverageError: If it covers less than 6 hours, or nothing is known of its zone.
    """
    if signal.start <= start and end <= signal.end:
        return signal.between(start, end)
    if signal.quantity is not CarbonIntensity or signal.kind != "average" or signal.zone is None:
        raise InputError(
            "{source} ends at {end}, and no profile says how a series of kind {kind} goes on: "
            "profiles are of average carbon intensity.",
            source=signal.source,
            end=signal.end.isoformat(),
            kind=signal.kind,
        )
    level = _level(signal)
    before = usual(signal.zone, start, min(end, signal.start)) if start < signal.start else None
    after = usual(signal.zone, max(start, signal.end), end) if end > signal.end else None
    inside = None
    if max(start, signal.start) < min(end, signal.end):
        inside = signal.between(max(start, signal.start), min(end, signal.end))
    parts = [(part, 1.0 if part is inside else level) for part in (before, inside, after) if part]
    edges: list[datetime] = [start]
    values: list[float | None] = []
    estimated: set[int] = set()
    for part, _ in parts:
        marked = part.estimated if part is inside else range(len(part.values))
        estimated.update(len(values) + slot for slot in marked)
        values += part.values
        edges += part.edges[1:]
    levels = signal.quantiles or usual(signal.zone, start, end).quantiles
    return signal.replace(
        edges=tuple(edges),
        values=_scaled([(part.values, scale) for part, scale in parts]),
        estimated=frozenset(estimated),
        quantiles={
            one: _scaled([(_quantile(part, one), scale) for part, scale in parts]) for one in levels
        },
    )


def _scaled(parts: Sequence[tuple[Sequence[float | None], float]]) -> tuple[float | None, ...]:
    """Return values one part after another, each by its factor."""
    return tuple(
        None if value is None else value * scale for values, scale in parts for value in values
    )


def _quantile(signal: Signal, level: float) -> tuple[float | None, ...]:
    """Return a quantile; of a series without this one by a normal error, by the nearest it has."""
    stated = signal.quantiles
    if level in stated or not stated or level == 0.5:
        return stated.get(level, signal.values)
    from statistics import NormalDist

    nearest = min(stated, key=lambda one: (abs(one - level), one))
    normal = NormalDist()
    spread = normal.inv_cdf(nearest)
    stretch = normal.inv_cdf(level) / spread if spread else 0.0
    return tuple(
        None if value is None or end is None else max(value + (end - value) * stretch, 0.0)
        for value, end in zip(signal.values, stated[nearest], strict=True)
    )


def _level(signal: Signal) -> float:
    """Return the mean of a series over what it covers, by the mean of the usual hours there."""
    assert signal.zone is not None, "the caller looked"
    profile = usual(signal.zone, signal.start, signal.end)
    mine: list[float] = []
    usually: list[float] = []
    covered_s = 0.0
    for start, end, value in zip(signal.edges, signal.edges[1:], signal.values, strict=False):
        if value is not None:
            length_s = (end - start).total_seconds()
            covered_s += length_s
            mine.append(value * length_s)
            usually.append(profile.mean(start, end).value * length_s)
    if covered_s < _SHORTEST.total_seconds() or fsum(usually) <= 0:
        raise CoverageError(
            "{source} has values for {hours:.1f} h: too few to tell how it goes on. Take one of at "
            "least 6 h.",
            source=signal.source,
            hours=covered_s / 3600,
        )
    return fsum(mine) / fsum(usually)
