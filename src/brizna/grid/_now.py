"""Whether this is a clean hour, for loops that adapt to the grid."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import fsum

from brizna.core.errors import InputError, Said
from brizna.core.quantities import Ratio
from brizna.core.records import Record
from brizna.grid._profile import usual
from brizna.grid._zones import find_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.quantities import Quantity
    from brizna.core.signal import Signal

AHEAD = timedelta(hours=24)
CLEAN_SHARE = 1 / 3
"""An hour is clean if it is among the cleanest third of the day that begins with it."""
_SHORTEST = timedelta(hours=12)


class Now(Record):
    """How an instant compares with the day after it.

    Attributes:
        zone: The grid zone; None where the series has none.
        at: The instant.
        value: The series there.
        is_clean: Whether it is among the cleanest third of the coming 24 h; None where the series
            cannot tell. In a condition, None is as False: not known to be clean.
        limit: The value that a third of the coming time does not exceed (or, for a share, that a
            third of it reaches); None where the series cannot tell.
        until: When that changes, as far as the series tells; None where it cannot tell.
        reason: Why, in a sentence.
        origin: As in `Signal`: whether this was observed, forecast, or is what is usual.
        source: Where the series comes from.
    """

    zone: str | None
    at: datetime
    value: Quantity
    is_clean: bool | None
    limit: Quantity | None
    until: datetime | None
    reason: str
    origin: str
    source: str


def now(
    zone: str | None = None, *, signal: Signal | None = None, at: datetime | None = None
) -> Now:
    """Return how clean this hour is beside the coming day.

    Without a series it takes the profile in the package and opens no socket: what is usual, not
    what is.

    Args:
        zone: A zone in any form that `find_zone` understands; the variable BRIZNA_ZONE if None.
        signal: The series to go by, such as a live source's forecast.
        at: The instant, aware; the present if None.

    Raises:
        InputError: If neither says which zone it is.
        CoverageError: If nothing is known of that zone or instant.
    """
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    if signal is None:
        named = zone or os.environ.get("BRIZNA_ZONE")
        if not named:
            raise InputError("Which zone? Name it, such as now('ES'), or set BRIZNA_ZONE.")
        signal = usual(find_zone(named).id, moment, moment + AHEAD)
    return judge(signal, moment)


def judge(signal: Signal, at: datetime) -> Now:
    """Return how an instant of a series compares with the 24 h after it.

    Raises:
        CoverageError: If the series has no value there.
    """
    value = signal.at(at)
    ahead = signal.between(at, min(at + AHEAD, signal.end))
    sign = -1.0 if signal.quantity is Ratio else 1.0  # more of a share is better
    slots = [
        (sign * one, end - start)
        for one, (start, end) in zip(ahead.values, pairwise(ahead.edges), strict=True)
        if one is not None
    ]
    known = sum((length for _, length in slots), timedelta())
    best, worst = (choose(one for one, _ in slots) for choose in (min, max))
    limit = until = is_clean = None
    if known < _SHORTEST:
        reason = Said(
            "it covers {hours:.0f} h of the coming day: too few to tell",
            hours=known / timedelta(hours=1),
        )
    elif best == worst:
        reason = Said("it says the same of every hour of the coming day")
    else:
        level = _level(slots)
        is_clean = sign * value.value <= level
        limit = signal.quantity(sign * level)
        until = _until(ahead, sign, level, is_clean=is_clean)
        reason = (
            Said("it is among the cleanest third of the coming 24 h")
            if is_clean
            else Said("cleaner hours come within 24 h")
        )
    return Now(
        zone=signal.zone,
        at=at,
        value=value,
        is_clean=is_clean,
        limit=limit,
        until=until,
        reason=str(reason),
        origin=signal.origin,
        source=signal.source,
    )


def _level(slots: list[tuple[float, timedelta]]) -> float:
    """Return the least value that the cleanest third of the time does not exceed."""
    ordered = sorted(slots)
    whole_s = fsum(length.total_seconds() for _, length in slots)
    passed_s = 0.0
    for value, length in ordered:
        passed_s += length.total_seconds()
        if passed_s >= CLEAN_SHARE * whole_s:
            return value
    return ordered[-1][0]


def _until(ahead: Signal, sign: float, level: float, *, is_clean: bool) -> datetime | None:
    """Return the first instant that is judged otherwise; None where none is, or none is known."""
    for value, start in zip(ahead.values, ahead.edges, strict=False):
        if value is None:
            return None
        if (sign * value <= level) != is_clean:
            return start
    return None
