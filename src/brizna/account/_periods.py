"""Spanish access tariffs: the period that an hour belongs to, by clock, month, day and territory.

Tolls and charges of 2.0TD, 3.0TD and 6.1TD to 6.4TD have a price for each period [1]. The clock is
the local one, summer time included [2]. Saturdays, Sundays, 6 January and the national holidays of
a fixed date that no region may replace are in the cheapest period all day; Good Friday moves, so
it is a working day here.

References:
    [1] CNMC, Circular 3/2020 of 15 January, articles 6 and 7, BOE-A-2020-1066.
    [2] Directive 2000/84/EC: from the last Sunday of March to that of October, at 01:00 UTC.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from itertools import pairwise

from brizna.core._tables import load, positions
from brizna.core.errors import InputError
from brizna.core.factors import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

ROOM = "brizna.account"
TARIFFS = ("2.0TD", "3.0TD", "6.1TD", "6.2TD", "6.3TD", "6.4TD")
TERRITORIES = ("peninsula", "balearic", "canary", "ceuta", "melilla")
_HOURS_AHEAD = {"canary": 0}
"""Of UTC in winter; 1 where a territory is not here."""
_WEEKEND = 5
_MARCH, _OCTOBER = 3, 10
_HOUR = timedelta(hours=1)


def check_tariff(tariff: str, territory: str) -> None:
    """Check that there is such a tariff and such a territory.

    Raises:
        InputError: If there is none; names the nearest.
    """
    for field, value, known in (
        ("tariff", tariff, TARIFFS),
        ("territory", territory, TERRITORIES),
    ):
        if value not in known:
            raise InputError(
                "{field} is {value!r}: expected one of {known}.{hint}",
                field=field,
                value=value,
                known=", ".join(known),
                hint=nearest(str(value), known),
            )


def energy_periods(tariff: str) -> int:
    """Return how many prices of energy a tariff has: 3 or 6."""
    return 3 if tariff == TARIFFS[0] else 6


def power_periods(tariff: str) -> int:
    """Return how many prices of contracted power a tariff has: 2 or 6."""
    return 2 if tariff == TARIFFS[0] else 6


def local_time(instant: datetime, territory: str) -> datetime:
    """Return what the clock of a territory shows at an instant, without a time zone.

    Args:
        instant: Aware.
        territory: One of `TERRITORIES`.
    """
    utc = instant.replace(tzinfo=None) - (instant.utcoffset() or timedelta())
    begin, end = (_last_sunday(utc, month) for month in (_MARCH, _OCTOBER))
    summer = begin <= utc < end
    return utc + (_HOURS_AHEAD.get(territory, 1) + summer) * _HOUR


def _last_sunday(utc: datetime, month: int) -> datetime:
    """Return 01:00 of the last Sunday of a month of 31 days, in the same year."""
    last = utc.replace(month=month, day=31, hour=1, minute=0, second=0, microsecond=0)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def is_working_day(day: date) -> bool:
    """Return whether a day has periods other than the cheapest."""
    return day.weekday() < _WEEKEND and f"{day:%m-%d}" not in _holidays()


def energy_period(tariff: str, territory: str, instant: datetime) -> int:
    """Return the period of the energy that is drawn at an instant: 1 the dearest, 3 or 6 the last.

    Args:
        tariff: One of `TARIFFS`.
        territory: One of `TERRITORIES`.
        instant: Aware.
    """
    clock = local_time(instant, territory)
    if not is_working_day(clock.date()):
        return energy_periods(tariff)
    if energy_periods(tariff) == 3:
        return int(_code(f"hours/3/{territory}")[clock.hour])
    season = _code(f"seasons/{territory}")[clock.month - 1]
    return int(_code(f"hours/6/{territory}/{season}")[clock.hour])


def power_period(tariff: str, territory: str, instant: datetime) -> int:
    """Return the period of contracted power at an instant; with six it is that of the energy."""
    if power_periods(tariff) == 6:
        return energy_period(tariff, territory, instant)
    clock = local_time(instant, territory)
    return int(_code("hours/2/any")[clock.hour]) if is_working_day(clock.date()) else 2


def period_slots(
    tariff: str, territory: str, start: datetime, end: datetime
) -> tuple[list[datetime], list[int]]:
    """Return the edges of the hours from start to end, and the period of each.

    Neighbours of one period are one slot. Offsets are whole hours, so hours of UTC are enough.

    Args:
        tariff: One of `TARIFFS`.
        territory: One of `TERRITORIES`.
        start: Aware and in UTC.
        end: Later than ``start``.

    Returns:
        Edges, one more than there are slots, and periods.
    """
    marks = [start]
    mark = start.replace(minute=0, second=0, microsecond=0) + _HOUR
    while mark < end:
        marks.append(mark)
        mark += _HOUR
    marks.append(end)
    edges: list[datetime] = []
    found: list[int] = []
    for begin, _ in pairwise(marks):
        period = energy_period(tariff, territory, begin)
        if not found or found[-1] != period:
            edges.append(begin)
            found.append(period)
    return [*edges, end], found


def years_of(
    territory: str, start: datetime, end: datetime
) -> list[tuple[int, datetime, datetime]]:
    """Return the calendar years of a territory that a span is in, each with its part of the span.

    Args:
        territory: One of `TERRITORIES`.
        start: Aware and in UTC.
        end: Later than ``start``.
    """
    found: list[tuple[int, datetime, datetime]] = []
    begin = start
    while begin < end:
        year = local_time(begin, territory).year
        midnight = begin.replace(
            year=year + 1, month=1, day=1, hour=0, minute=0, second=0, microsecond=0
        )
        stop = min(end, midnight - _HOURS_AHEAD.get(territory, 1) * _HOUR)
        found.append((year, begin, stop))
        begin = stop
    return found


def period_names(count: int) -> Sequence[str]:
    """Return P1, P2 and so on."""
    return tuple(f"P{number}" for number in range(1, count + 1))


@cache
def _code(name: str) -> str:
    return load(ROOM, "tariff_calendar").rows[positions(ROOM, "tariff_calendar")[name][0]]["code"]


@cache
def _holidays() -> frozenset[str]:
    rows = load(ROOM, "tariff_calendar").rows
    return frozenset(row["code"] for row in rows if row["id"].startswith("holiday/"))
