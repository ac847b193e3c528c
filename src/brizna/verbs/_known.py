"""What brizna knows of grids and devices, for judging what others state."""

from __future__ import annotations

from contextlib import suppress

import brizna.meter
from brizna.check import Span
from brizna.core._tables import load, positions
from brizna.core.errors import BriznaError
from brizna.core.factors import Factor, factor, recognised
from brizna.core.quantities import Duration
from brizna.grid import cloud_zone, find_zone, hour_of_year, intensity, zones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

_METER = brizna.meter.__name__
_TABLES = {"gpu": "accelerators", "cpu": "processors"}
_PROVIDERS = ("aws", "azure", "gcp")
_UNKNOWN_PROCESSOR = "cpu/default-thread"


class Tables:
    """The tables of this brizna, asked for zones, intensities and design powers.

    Args:
        now: The instant; nothing that is later can have happened.
    """

    def __init__(self, now: datetime) -> None:
        self.instant = now

    def zone(self, name: str) -> str | None:
        """Return the id of the zone that a country, zone or cloud region means; None if unknown."""
        with suppress(BriznaError):  # it may be the region of a cloud
            return find_zone(name).id
        for provider in _PROVIDERS:
            with suppress(BriznaError):  # the next one may have it
                return cloud_zone(provider, name).id
        return None

    def intensity(
        self, zone: str, *, ended: datetime | None, duration_s: float | None, parts: bool
    ) -> Span | None:
        """Return the intensity of a zone in g/kWh: over its sources, and over the hours of a year.

        A year that no source states takes the earliest that one does.

        Args:
            zone: Its id.
            ended: When the activity ended.
            duration_s: How long it took; without it the spread over hours is left out.
            parts: Whether it may be any part of the country.
        """
        ids = [zone]
        if parts:
            ids += [one.id for one in zones() if one.country == zone and one.id != zone]
        known = [found for one in ids if (found := _annual(one, ended)) is not None]
        if not known:
            return None
        low = min(one.value if one.low is None else one.low for one in known)
        high = max(one.value if one.high is None else one.high for one in known)
        sources = [one.id for one in known[:1]]
        if duration_s is not None:
            hours = hour_of_year(zone, Duration(duration_s))
            low, high = low * (hours.low or 1.0), high * (hours.high or 1.0)
            sources.append(hours.id)
        return Span(low=low, best=known[0].value, high=high, sources=tuple(sources))

    def power(self, kind: str, name: str, threads: int | None) -> Span | None:
        """Return the design power of a ``gpu``, or of all packages of a ``cpu``, in W.

        Args:
            kind: ``gpu`` or ``cpu``.
            name: As the device calls itself, or as somebody writes it.
            threads: Hardware threads, by which the packages are counted; one package if None.
        """
        found = recognised(_METER, _TABLES[kind], name) or _nearest(kind, name)
        if found is not None:
            packages = _packages(found, threads) if kind == "cpu" else 1
            return Span(
                low=found.value * packages,
                best=found.value * packages,
                high=found.value * packages,
                sources=(found.id,),
            )
        if kind != "cpu" or threads is None:
            return None
        each = factor(_METER, "processors", _UNKNOWN_PROCESSOR)
        return Span(
            low=(each.low or each.value) * threads,
            best=each.value * threads,
            high=(each.high or each.value) * threads,
            sources=(each.id,),
            surely=False,
        )

    def later_factor(self, factor_id: str, year: int) -> str | None:
        """Return the id of a later statement of a factor that may be used for a year.

        Args:
            factor_id: Of a factor that is stated anew every year: it ends in the year.
            year: The year of the activity.
        """
        stem, _, used = factor_id.rpartition("/")
        if not stem.startswith("grid/") or not used.isdecimal():
            return None
        try:
            latest = intensity(stem.removeprefix("grid/"), until=year)
        except BriznaError:
            return None
        return latest.id if latest.year is not None and latest.year > int(used) else None


def _annual(zone: str, ended: datetime | None) -> Factor | None:
    try:
        found = find_zone(zone)
        if ended is None or not found.years:
            return intensity(zone)
        return intensity(zone, until=max(ended.year, found.years[0]))
    except BriznaError:  # no source has a figure for it: it is not known
        return None


def _packages(found: Factor, threads: int | None) -> int:
    """Return how many packages have so many hardware threads together."""
    row = positions(_METER, "processors")[found.id][0]
    each = load(_METER, "processors").whole_number(row, "threads")
    return max(1, -(-threads // each)) if threads and each else 1


def _nearest(kind: str, name: str) -> Factor | None:
    """Return the device of most power whose words hold all that somebody wrote of it.

    People write ``A100`` or ``RTX 3090`` where a driver says more: the limit is then that of the
    strongest device of that name.
    """
    words = set(name.casefold().replace("-", " ").replace("nvidia", " ").split())
    words -= {"geforce", "tesla", "gpu", "intel", "amd", "cpu"}
    models = [word for word in words if any(map(str.isdigit, word)) and not word.endswith("gb")]
    if not models:
        return None
    data = load(_METER, _TABLES[kind])
    fits = [
        row["id"]
        for row in data.rows
        if row["match"] and words <= set(row["name"].casefold().replace("-", " ").split())
    ]
    found = [factor(_METER, _TABLES[kind], one) for one in fits]
    return max(found, key=lambda one: one.value, default=None)
