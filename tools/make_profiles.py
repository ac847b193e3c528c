"""Make the profiles: what each hour of a day usually is, by zone, month and kind of day.

Reads hourly carbon intensities of 2022 (one column a zone, gCO2e/kWh) and hourly shares of
renewable and low-carbon electricity of 2021 and 2022 (long), and writes one table, gzipped. A
table that is made twice has the same bytes.

    pip install pyarrow
    python tools/make_profiles.py ci_hourly_2022.parquet electricitymaps_detail_2021_2022.parquet \
        src/brizna/grid/profiles/usual_2022.csv.gz

``--check`` prints instead how well the profile of the odd weeks of the year foretells the even
ones: the mean error by zone beside that of the annual mean, and how many hours lie between the
profile's 10 and 90 % of days.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from datetime import UTC, datetime, timedelta
from math import fsum
from statistics import fmean

import pyarrow.parquet as pq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Hours = Iterable[tuple[datetime, float]]
    Cells = Mapping[tuple[int, str, int], list[float]]

RENAMED = {"IN-MH"}
"""Zones that the tables know under another name (table zone_aliases)."""
KINDS = {"renewable": "renewable_pct", "low-carbon": "low_carbon_pct"}
ENDS = {"low": 0.1, "mean": None, "high": 0.9}
_STANDARD_H = {
    **dict.fromkeys(("GB", "IE", "PT"), 0),
    **dict.fromkeys(("BG", "FI", "GR", "IL", "ZA"), 2),
    "TR": 3,
    "ID": 7,
    "HK": 8,
    "SG": 8,
    "TW": 8,
    "JP": 9,
    "KR": 9,
    "AU": 10,
    "NZ": 12,
    "IN": 5,
    "BR": -3,
    "UY": -3,
    "CL": -4,
    "CA": -5,
    "PA": -5,
    "US-CAL": -8,
    "US-NW": -8,
    "US-NW-PSCO": -7,
    "US-NW-WACM": -7,
    "US-SW": -7,
    "US-MIDW-MISO": -6,
    "US-TEN": -6,
    "US-TEX": -6,
    "US": -5,
}
"""Whole hours of standard time ahead of UTC, by the longest beginning of the zone's key; 1 for the
rest of Europe. Indonesia and India (half past five) are rounded to what most people there have."""

ABOUT = """\
What an hour of the day usually is, by zone, month and kind of day, in the zone's standard time.
quantity intensity: carbon intensity by its mean over 2022, in thousandths (average, consumption
based, life cycle); renewable, low-carbon: the share of 2021 and 2022 itself, in thousandths.
day: weekday (Monday to Friday, holidays too) or weekend. end: mean of the month, or the value
below which 10 % (low) or 90 % (high) of such hours of the month and its two neighbours lie.
ahead_h: standard time ahead of UTC, no summer time.
Contains information from Electricity Maps (https://www.electricitymaps.com), made available
under the Open Database License (ODbL) 1.0. This table is a derived database of it and stands
under the same licence.
Source: hourly series as in umassos/decarbonization-potential. Made by tools/make_profiles.py.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("intensity", help="hourly intensities, one column a zone")
    parser.add_argument("shares", help="hourly shares, one row a zone and hour")
    parser.add_argument("output", help="the table to write")
    parser.add_argument("--check", action="store_true", help="print how well a profile foretells")
    given = parser.parse_args()
    table = pq.read_table(given.intensity)
    hours = [instant.replace(tzinfo=UTC) for instant in table["utc"].to_pylist()]
    zones = sorted({*table.schema.names} - {"utc"} - RENAMED)
    series = {zone: list(zip(hours, table[zone].to_pylist(), strict=True)) for zone in zones}
    if given.check:
        check(series)
        return
    page = io.StringIO()
    page.write("".join(f"# {line}\n" for line in ABOUT.splitlines()))
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(("quantity", "zone", "ahead_h", "month", "day", "end", *range(24)))
    for zone, found in series.items():
        year = fmean(value for _, value in found)
        writer.writerows(rows("intensity", zone, found, 1000 / year))
    for kind, zone, found in shares(given.shares):
        writer.writerows(rows(kind, zone, found, 10))
    with open(given.output, "wb") as file:
        file.write(gzip.compress(page.getvalue().encode(), 9, mtime=0))


def shares(path: str) -> Iterable[tuple[str, str, Hours]]:
    """Yield kind, zone and hours of each share."""
    found = pq.read_table(path).to_pylist()
    for kind, column in KINDS.items():
        for zone in sorted({row["zone"] for row in found}):
            mine = [row for row in found if row["zone"] == zone and row[column] is not None]
            yield kind, zone, [(row["utc"], row[column]) for row in mine]


def rows(kind: str, zone: str, hours: Hours, scale: float) -> Iterable[tuple[object, ...]]:
    """Yield the lines of one zone: for each month and kind of day its low, mean and high."""
    cells = collect(zone, hours)
    for month in range(1, 13):
        for day in ("weekday", "weekend"):
            for end, level in ENDS.items():
                told = (cell(cells, month, day, hour, level) for hour in range(24))
                line = (round(value * scale) for value in told)
                yield (kind, zone, ahead_h(zone), month, day, end, *line)


def collect(zone: str, hours: Hours) -> Cells:
    """Return the values by month, kind of day and hour of the zone's standard time."""
    cells: dict[tuple[int, str, int], list[float]] = {}
    ahead = timedelta(hours=ahead_h(zone))
    for instant, value in hours:
        local = instant + ahead
        day = "weekend" if local.weekday() >= 5 else "weekday"
        cells.setdefault((local.month, day, local.hour), []).append(value)
    return cells


def cell(cells: Cells, month: int, day: str, hour: int, level: float | None) -> float:
    """Return the mean of an hour of a month, or a quantile over three months.

    A month of one year has eight weekends: too few to tell how far the next may lie.
    """
    if level is None:
        return fmean(cells[month, day, hour])
    months = ((month + step) % 12 + 1 for step in (-2, -1, 0))
    return quantile([one for near in months for one in cells.get((near, day, hour), [])], level)


def ahead_h(zone: str) -> int:
    """Return how many hours a zone's standard time is ahead of UTC."""
    fitting = [key for key in _STANDARD_H if zone == key or zone.startswith(f"{key}-")]
    return _STANDARD_H[max(fitting, key=len)] if fitting else 1


def quantile(values: Sequence[float], level: float) -> float:
    """Return a quantile, such that so many of further values are expected below it."""
    ordered = sorted(values)
    place = min(max(level * (len(ordered) + 1) - 1, 0), len(ordered) - 1)
    before = int(place)
    after = min(before + 1, len(ordered) - 1)
    return ordered[before] + (ordered[after] - ordered[before]) * (place - before)


def check(series: Mapping[str, Hours]) -> None:
    """Print how well the profile of odd weeks foretells even ones."""
    print(f"{'zone':<14}{'profile %':>10}{'annual %':>10}{'inside %':>10}")
    told = []
    for zone, found in series.items():
        known = [(t, v) for t, v in found if t.isocalendar().week % 2]
        cells, year = collect(zone, known), fmean(v for _, v in known)
        tested = [(t, v) for t, v in found if not t.isocalendar().week % 2]
        errors, flat, inside, count = [], [], 0, 0
        for (month, day, hour), values in collect(zone, tested).items():
            past = cells.get((month, day, hour))
            if not past:
                continue
            mean = fmean(past)
            low, high = (cell(cells, month, day, hour, level) for level in (0.1, 0.9))
            errors += [abs(v - mean) for v in values]
            flat += [abs(v - year) for v in values]
            inside += sum(low <= v <= high for v in values)
            count += len(values)
        told.append((100 * fmean(errors) / year, 100 * fmean(flat) / year, 100 * inside / count))
        print(f"{zone:<14}" + "".join(f"{one:>10.1f}" for one in told[-1]))
    means = [fsum(column) / len(told) for column in zip(*told, strict=True)]
    print(f"{'mean':<14}" + "".join(f"{one:>10.1f}" for one in means))


if __name__ == "__main__":
    main()
