"""Gauges: what a machine says beside its energy, such as use, clocks, temperature and limits.

A gauge is read now and then, never at every sample. Of a *level* (a temperature) the mean is
weighted by time, the level taken to run straight from one reading to the next. A gauge that
*counts* (context switches, busy time) tells a total that only rises; its mean is the rate at which
it rose, so that nothing between two readings is missed. Where a reading is missing, the time
around it is in no mean.
"""

from __future__ import annotations

from itertools import pairwise
from math import fsum

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Event = Mapping[str, Any]

_US = 1e-6
_SHORT = 0.1
"""Of the longest time between two readings: a rate over less would be that of a few events."""


class Gauge(Record):
    """One thing that is read beside the energy, as its reader declares it.

    Attributes:
        id: Unique within the run: the component, a slash, what is read; e.g. ``cpu/clock``,
            ``gpu/GPU-7c3e.../temperature``.
        unit: Of its mean: ``1`` (a share), ``1/s``, ``Hz``, ``degC``, ``W`` or ``B``.
        source: Where it is read, e.g. ``hwmon coretemp: Package id 0``.
        counts: Whether a reading is a total in ``unit`` times seconds, whose rate is the gauge.
    """

    id: str
    unit: str
    source: str
    counts: bool = False


class GaugeLevels(Record):
    """What a gauge showed over a run.

    Attributes:
        mean: Over the time between readings, weighted by time.
        least: Lowest reading; of a gauge that counts, the lowest rate between two readings, where
            much shorter times than the others count together with the next.
        most: Highest reading or rate.
        counted: What a gauge that counts rose by, in ``unit`` times seconds; else None.
        readings: How many readings there were.
    """

    id: str
    unit: str
    source: str
    mean: float
    least: float
    most: float
    counted: float | None = None
    readings: int = 0


def gauge_levels(gauges: Sequence[Gauge], samples: Iterable[Event]) -> tuple[GaugeLevels, ...]:
    """Return what each gauge showed; one that was never read, or too seldom, is left out.

    Args:
        gauges: The gauges, in the order in which samples list their readings.
        samples: Samples in the order of time; their field ``g`` holds the readings.
    """
    read = [(sample["t"], sample["g"]) for sample in samples if sample.get("g")]
    made: list[GaugeLevels] = []
    for place, gauge in enumerate(gauges):
        readings = [(t, g[place] if place < len(g) else None) for t, g in read]
        levels = _counted(gauge, readings) if gauge.counts else _level(gauge, readings)
        if levels is not None:
            made.append(levels)
    return tuple(made)


def idle_spans(
    channel: str, gauges: Sequence[Gauge], samples: Iterable[Event]
) -> list[tuple[int, int, float]]:
    """Return when a device was told to be idle, and the least power that it told meanwhile.

    Args:
        channel: Id of the device's channel, whose gauges are ``gpu/<id>/use`` and ``.../power``.
        gauges: The gauges, in the order in which samples list their readings.
        samples: Samples in the order of time.

    Returns:
        Start and end in microseconds, between two readings with a use of 0, and watts.
    """
    places = {gauge.id: place for place, gauge in enumerate(gauges)}
    use, power = (places.get(f"gpu/{channel}/{what}") for what in ("use", "power"))
    if use is None or power is None:
        return []
    read = [
        (sample["t"], sample["g"][use], sample["g"][power])
        for sample in samples
        if len(sample.get("g") or ()) == len(gauges)
    ]
    return [
        (early_us, late_us, min(before_w, after_w))
        for (early_us, used, before_w), (late_us, still_used, after_w) in pairwise(read)
        if used == still_used == 0 and before_w is not None and after_w is not None
    ]


def _level(gauge: Gauge, readings: Sequence[tuple[int, float | None]]) -> GaugeLevels | None:
    known = [value for _, value in readings if value is not None]
    if not known:
        return None
    spans = _spans(readings)
    area = fsum((before + after) / 2 * length_us for length_us, before, after in spans)
    time_us = fsum(length_us for length_us, _, _ in spans)
    return GaugeLevels(
        id=gauge.id,
        unit=gauge.unit,
        source=gauge.source,
        mean=area / time_us if time_us > 0 else fsum(known) / len(known),
        least=min(known),
        most=max(known),
        readings=len(known),
    )


def _counted(gauge: Gauge, readings: Sequence[tuple[int, float | None]]) -> GaugeLevels | None:
    """Return the rates of a gauge that counts; where it stands lower than before it began anew."""
    spans = [span for span in _spans(readings) if span[2] >= span[1]]
    if not spans:
        return None
    counted = fsum(after - before for _, before, after in spans)
    longest_us = max(length_us for length_us, _, _ in spans)
    rates = _rates(spans, least_us=_SHORT * longest_us)
    return GaugeLevels(
        id=gauge.id,
        unit=gauge.unit,
        source=gauge.source,
        mean=counted / (fsum(length_us for length_us, _, _ in spans) * _US),
        least=min(rates),
        most=max(rates),
        counted=counted,
        readings=sum(value is not None for _, value in readings),
    )


def _rates(spans: Sequence[tuple[int, float, float]], *, least_us: float) -> list[float]:
    """Return the rate of each span; a short one counts together with its neighbours.

    Every span is in one of the rates, so that the mean over all lies between the least and the
    most of them.
    """
    rises: list[tuple[int, float]] = []
    long_us, rise = 0, 0.0
    for length_us, before, after in spans:
        long_us, rise = long_us + length_us, rise + after - before
        if long_us >= least_us:
            rises.append((long_us, rise))
            long_us, rise = 0, 0.0
    if long_us:
        before_us, before_rise = rises.pop()
        rises.append((before_us + long_us, before_rise + rise))
    return [rise / (long_us * _US) for long_us, rise in rises]


def _spans(readings: Sequence[tuple[int, float | None]]) -> list[tuple[int, float, float]]:
    """Return, for each two readings that follow each other: microseconds, before, after."""
    return [
        (late_us - early_us, before, after)
        for (early_us, before), (late_us, after) in pairwise(readings)
        if before is not None and after is not None and late_us > early_us
    ]
