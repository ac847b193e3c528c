"""What an hour usually is: profiles of a year by zone, month and kind of day, for use offline.

A profile of carbon intensity has the shape of 2022 and the level of the zone's annual factor, the
one that a run is accounted with: so zones compare as their factors do, and a plan made from it is
in the same grams as the account of the run. Where no profile is known, the annual factor alone
stands for every hour.
"""

from __future__ import annotations

import gzip
import sys
from datetime import timedelta
from functools import cache

from brizna.core.errors import CoverageError, InputError, Said
from brizna.core.quantities import CarbonIntensity, Duration, Ratio
from brizna.core.signal import Signal
from brizna.grid._intensity import hour_of_year, intensity
from brizna.grid._zones import ROOM, find_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    _Key = tuple[int, str]
    _Usual = Mapping[tuple[int, str, str], tuple[int, ...]]

_FILE = "usual_2022.csv.gz"
_HOUR = timedelta(hours=1)
_ENDS = {"low": 0.1, "high": 0.9}
_FLAT_ENDS = (0.05, 0.95)
_THOUSANDTH = 1e-3
SHARES = ("renewable", "low-carbon")
"""The kinds of share that some zones have a profile of."""


def profiled_zones(kind: str = "intensity") -> tuple[str, ...]:
    """Return the zones that have a profile.

    Args:
        kind: ``intensity``, ``renewable`` or ``low-carbon``.
    """
    return tuple(sorted(zone for quantity, zone in _table() if quantity == kind))


def profile(
    zone: str, start: datetime, end: datetime, *, kind: str = "intensity", year: int | None = None
) -> Signal:
    """Return what the hours from ``start`` to ``end`` usually are in a zone, with its spread.

    Hours are those of the zone's standard time: summer time moves no hour, holidays are weekdays.
    The quantiles 0.1 and 0.9 are those of such hours in the month and its two neighbours; in other
    weeks of the same year 83 % of the hours lay between them (``tools/make_profiles.py --check``).
    Another year's weather and prices are not in them.

    Args:
        zone: A zone in any form that `find_zone` understands.
        start: The first instant, aware.
        end: The first instant that is no longer asked for, aware.
        kind: ``intensity``, ``renewable`` or ``low-carbon``.
        year: The year of the annual factor; the latest there is if None.

    Raises:
        InputError: If there is no such zone or kind, or the interval is empty or not aware.
        CoverageError: If no profile is known for it; `annual` needs none.
    """
    found = find_zone(zone).id
    if kind not in ("intensity", *SHARES):
        raise InputError(
            "{kind!r} has no profile: expected {known}.",
            kind=kind,
            known=", ".join(("intensity", *SHARES)),
        )
    usual = _table().get((kind, found))
    if usual is None:
        raise CoverageError(
            "No hourly profile of {zone} is known for {kind}; {count} zones have one. Take the "
            "annual figure, or name a file or a source.",
            zone=find_zone(zone),
            kind=kind,
            count=len(profiled_zones(kind)),
        )
    level = 1.0
    source = Said("profile of {zone} in 2021 and 2022, Electricity Maps", zone=found)
    if kind == "intensity":
        factor = intensity(found, year=year)
        level = factor.value
        source = Said(
            "profile of {zone} in 2022, Electricity Maps, at the level of {factor}",
            zone=found,
            factor=factor.id,
        )
    edges = _hours(start, end)
    whole = {
        name: tuple(_at(usual, edge, name) * level * _THOUSANDTH for edge in edges[:-1])
        for name in ("mean", *_ENDS)
    }
    return Signal(
        quantity=CarbonIntensity if kind == "intensity" else Ratio,
        edges=edges,
        values=whole["mean"],
        kind="average" if kind == "intensity" else kind,
        scope="life-cycle" if kind == "intensity" else None,
        origin="profile",
        zone=found,
        source=str(source),
        quantiles={level: whole[name] for name, level in _ENDS.items()},
    ).between(*_utc(start, end))


def annual(zone: str, start: datetime, end: datetime, *, year: int | None = None) -> Signal:
    """Return a zone's annual carbon intensity for every hour from ``start`` to ``end``.

    The quantiles 0.05 and 0.95 say how far an hour of other zones lies from their annual mean.

    Args:
        zone: A zone in any form that `find_zone` understands.
        start: The first instant, aware.
        end: The first instant that is no longer asked for, aware.
        year: The year of the factor; the latest there is if None.

    Raises:
        InputError: If there is no such zone, or the interval is empty or not aware.
        CoverageError: If no source has a figure for it.
    """
    factor, spread = intensity(zone, year=year), hour_of_year(zone, Duration.of(1, "h"))
    assert spread.low is not None and spread.high is not None, "the table states both"  # noqa: PT018
    edges = _hours(start, end)
    count = len(edges) - 1
    ends = zip(_FLAT_ENDS, (spread.low, spread.high), strict=True)
    return Signal(
        quantity=CarbonIntensity,
        edges=edges,
        values=(factor.value,) * count,
        kind="average",
        scope="life-cycle",
        origin="profile",
        zone=find_zone(zone).id,
        source=str(Said("annual factor {factor}", factor=factor.id)),
        quantiles={level: (factor.value * end,) * count for level, end in ends},
    ).between(*_utc(start, end))


def usual(zone: str, start: datetime, end: datetime, *, kind: str = "intensity") -> Signal:
    """Return the profile, or the annual carbon intensity of a zone that has none.

    Raises:
        InputError: If there is no such zone, or the interval is empty or not aware.
        CoverageError: If neither is known.
    """
    if kind == "intensity" and ("intensity", find_zone(zone).id) not in _table():
        return annual(zone, start, end)
    return profile(zone, start, end, kind=kind)


def _utc(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    from datetime import UTC

    for instant in (start, end):
        if instant.utcoffset() is None:
            raise InputError(
                "{started} has no time zone: give an aware instant.", started=instant.isoformat()
            )
    if end <= start:
        raise InputError(
            "The interval from {start} to {end} is empty.",
            start=start.isoformat(),
            end=end.isoformat(),
        )
    return start.astimezone(UTC), end.astimezone(UTC)


def _hours(start: datetime, end: datetime) -> tuple[datetime, ...]:
    """Return the edges of the whole hours, in UTC, that hold an interval."""
    first, last = _utc(start, end)
    first = first.replace(minute=0, second=0, microsecond=0)
    count = -((first - last) // _HOUR)
    return tuple(first + index * _HOUR for index in range(count + 1))


def _at(usual: _Usual, instant: datetime, end: str) -> int:
    """Return a cell of a zone's profile, in thousandths."""
    local = instant + timedelta(hours=usual[0, "", "ahead_h"][0])
    day = "weekend" if local.weekday() >= 5 else "weekday"
    return usual[local.month, day, end][local.hour]


@cache
def _table() -> Mapping[tuple[str, str], _Usual]:
    """Return the cells by quantity and zone: 24 hours for a month, a kind of day and an end.

    Standard time's lead over UTC stands at month 0.
    """
    import csv

    module = sys.modules[ROOM]
    spec = module.__spec__
    assert spec is not None and spec.loader is not None, "the room was imported"  # noqa: PT018
    data: bytes = spec.loader.get_data(f"{module.__path__[0]}/profiles/{_FILE}")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
    lines = gzip.decompress(data).decode("utf-8").splitlines()  # pyright: ignore[reportUnknownArgumentType]
    found: dict[tuple[str, str], dict[tuple[int, str, str], tuple[int, ...]]] = {}
    for row in csv.reader(line for line in lines[1:] if not line.startswith(("#", "quantity,"))):
        quantity, zone, ahead_h, month, day, end, *hours = row
        cells = found.setdefault((quantity, zone), {(0, "", "ahead_h"): (int(ahead_h),)})
        cells[int(month), day, end] = tuple(map(int, hours))
    return found
