"""The measured trace times the hourly signal: what each hour's energy met on the grid.

The year's mean is right for what runs all year. What ran last night met last night's electricity:
``I = sum(E_h x I_h) / sum(E_h)`` over the hours in which it drew.
"""

from __future__ import annotations

from itertools import pairwise
from math import fsum

from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import Estimate, estimate_of, exactly
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import ClassVar

    from brizna.core.factors import Factor
    from brizna.core.signal import Signal

_BASIS = {"observed": "published", "forecast": "modelled", "profile": "modelled"}


class Hour(Record):
    """One slot of the signal as the trace met it.

    Attributes:
        start: Beginning of the slot, or of the trace inside it, ISO 8601 in UTC.
        share: Part of the trace's energy that was drawn in it, in [0, 1].
        intensity_g_per_kwh: Of the slot.
        is_estimated: Whether the source marks the slot as estimated.
    """

    start: str
    share: float
    intensity_g_per_kwh: float
    is_estimated: bool = False


class Hourly(Record):
    """A run's intensity by its hours.

    Attributes:
        intensity_g_per_kwh: Mean of the slots, each weighed by the energy drawn in it.
        even_g_per_kwh: Mean of the slots by time: what a steady draw would have met.
        hours: The slots.
        source: Where the signal comes from; ``origin`` and ``kind`` as in `Signal`.
        measured: Whether the trace was there; else a steady draw stands in for it.
    """

    schema: ClassVar = "brizna.hourly/1"

    intensity_g_per_kwh: Estimate
    even_g_per_kwh: float
    hours: tuple[Hour, ...]
    source: str
    origin: str
    kind: str | None
    scope: str | None
    measured: bool

    _forms: ClassVar = {
        "intensity_g_per_kwh": estimate_of(CarbonIntensity),
        "hours": each(Hour.from_json),
    }


def by_the_hour(
    trace: Sequence[tuple[float, float]],
    span: tuple[datetime, datetime],
    signal: Signal,
    *,
    level: Factor | None = None,
) -> Hourly:
    """Return what a trace met of an hourly signal.

    Args:
        trace: Power over time as ``(end_s, power_w)``, seconds from the start of the run, each
            from the end of the one before; empty where it is gone: then a steady draw.
        span: Start and end of the run, aware and in UTC.
        signal: Carbon intensity that covers the run.
        level: The zone's annual factor: how far sources disagree about it is doubted of every
            hour alike, under its name, so that it cancels against the annual figure.

    Raises:
        InputError: If the signal is no carbon intensity.
        CoverageError: If an hour is missing.
    """
    if signal.quantity is not CarbonIntensity:
        raise InputError(
            "{source} is no carbon intensity: expected a series in gCO2e/kWh.", source=signal.source
        )
    from datetime import timedelta

    cut = signal.between(*span)
    edges_s = [(edge - span[0]).total_seconds() for edge in cut.edges]
    shares, values = _met(trace, edges_s, cut)
    mean = _mean(shares, values, cut)
    if level is not None and level.low is not None and level.high is not None:
        mean = mean.doubted_by(level.name, level.low / level.value, level.high / level.value)
    lengths_s = [late - early for early, late in pairwise(edges_s)]
    return Hourly(
        intensity_g_per_kwh=mean,
        even_g_per_kwh=_weighed([one / edges_s[-1] for one in lengths_s], values),
        hours=tuple(
            Hour(
                start=(span[0] + timedelta(seconds=start_s)).isoformat(),
                share=share,
                intensity_g_per_kwh=value,
                is_estimated=slot in cut.estimated,
            )
            for slot, (start_s, share, value) in enumerate(
                zip(edges_s, shares, values, strict=False)
            )
        ),
        source=signal.source,
        origin=signal.origin,
        kind=signal.kind,
        scope=signal.scope,
        measured=bool(trace),
    )


def share_by_the_hour(
    trace: Sequence[tuple[float, float]], span: tuple[datetime, datetime], signal: Signal
) -> Estimate:
    """Return the mean of a share, such as the renewable one, weighed by the energy of a trace.

    Args:
        trace: As for `by_the_hour`.
        span: Start and end of the run, aware and in UTC.
        signal: A share that covers the run.

    Raises:
        InputError: If the signal is no share.
        CoverageError: If an hour is missing.
    """
    if signal.quantity is not Ratio:
        raise InputError(
            "{source} is no share: expected a series of numbers from 0 to 1.", source=signal.source
        )
    cut = signal.between(*span)
    edges_s = [(edge - span[0]).total_seconds() for edge in cut.edges]
    return _mean(*_met(trace, edges_s, cut), cut)


def _met(
    trace: Sequence[tuple[float, float]], edges_s: Sequence[float], cut: Signal
) -> tuple[list[float], list[float]]:
    """Return each slot's share of the energy of a trace, and its value."""
    if None in cut.values:
        raise CoverageError(
            "{source} has hours without a value in the run's time: fill them knowingly, or take "
            "the annual figure.",
            source=cut.source,
        )
    energies = spread_energy(trace, edges_s)
    whole = fsum(energies)
    values = [value for value in cut.values if value is not None]
    return [energy / whole for energy in energies], values


def _mean(shares: Sequence[float], values: Sequence[float], cut: Signal) -> Estimate:
    """Return the weighed mean of a signal's slots, doubted by its outermost quantiles."""
    name = f"signal:{cut.source}"
    mean = exactly(cut.quantity(_weighed(shares, values)), _BASIS[cut.origin])
    mean = mean.based("published", name)
    if not cut.quantiles:
        return mean
    low, high = (
        cut.quantity(_weighed(shares, _or_best(cut.quantiles[level], values)))
        for level in (min(cut.quantiles), max(cut.quantiles))
    )
    return mean.doubted(name, low, high)


def spread_energy(trace: Sequence[tuple[float, float]], edges_s: Sequence[float]) -> list[float]:
    """Return the energy of a trace between neighbouring edges; of a steady watt without one.

    Args:
        trace: Power over time as ``(end_s, power_w)``, each from the end of the one before.
        edges_s: Seconds from the start of the trace, rising.
    """
    lengths_s = [late - early for early, late in pairwise(edges_s)]
    parts: list[list[float]] = [[] for _ in lengths_s]
    begin_s, slot = 0.0, 0
    for end_s, power_w in trace:
        while slot < len(parts) and edges_s[slot + 1] < end_s:
            held_s = edges_s[slot + 1] - max(begin_s, edges_s[slot])
            parts[slot].append(power_w * held_s if held_s > 0 else 0.0)
            slot += 1
        if slot < len(parts):
            parts[slot].append(power_w * (end_s - max(begin_s, edges_s[slot])))
        begin_s = end_s
    energies = [fsum(part) for part in parts]
    return energies if fsum(energies) > 0 else lengths_s


def _or_best(ends: Sequence[float | None], values: Sequence[float]) -> list[float]:
    """Return the ends of slots; where a slot states none, its value."""
    return [value if end is None else end for end, value in zip(ends, values, strict=True)]


def _weighed(weights: Sequence[float], values: Sequence[float]) -> float:
    return fsum(weight * value for weight, value in zip(weights, values, strict=True))
