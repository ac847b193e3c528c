"""Derive how far hours, days, weeks and months lie from the annual mean of a grid.

Reads the hourly intensities of a year (one column a zone, gCO2e/kWh) and writes, for each zone
and each length of run, the 5th and 95th percentile over all starts of the mean of the run's
hours over the mean of the year. ``*`` pools all zones, each with equal weight: the spread of a
zone about which no hourly series is known.

    pip install pyarrow
    python tools/derive_hourly_spread.py ci_hourly_2022.parquet > hourly_spread_2022.csv

``--check`` prints instead how well the pool does: the share of a zone's runs that the pool of the
other zones covers, on average over the zones and for the worst of them.
"""

from __future__ import annotations

import argparse
import csv
import sys
from bisect import bisect_left, bisect_right
from itertools import accumulate, chain
from math import fsum
from statistics import fmean, quantiles

import pyarrow.parquet as pq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WINDOWS_H = (1, 24, 168, 720)
RENAMED = {"IN-MH"}
"""Zones that the tables know under another name (table zone_aliases)."""

COLUMNS = (
    *("id", "zone", "window_h", "value", "low", "high", "unit", "basis"),
    *("publisher", "year", "source", "licence", "note"),
)

ABOUT = """\
How far the mean of a run of some hours lies from the annual mean of 2022, by zone and length.
low, high: 5th and 95th percentile, over every possible start, of the run's mean over the year's.
The id ends in the hours; "*" pools all zones: a zone about which no hourly series is known.
Contains information from Electricity Maps (https://www.electricitymaps.com), made available
under the Open Database License (ODbL) 1.0. This table is a derived database of it and stands
under the same licence.
Source: hourly, consumption based, life cycle, average intensities of 2022, as in
umassos/decarbonization-potential. Made by tools/derive_hourly_spread.py.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parquet", help="hourly intensities, one column a zone")
    parser.add_argument("--check", action="store_true", help="print how well the pool does")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.parquet)
    hours = {
        zone: table[zone].to_pylist() for zone in sorted({*table.schema.names} - {"utc"} - RENAMED)
    }
    if arguments.check:
        check(hours)
    else:
        write(hours)


def write(hours: Mapping[str, Sequence[float]]) -> None:
    sys.stdout.write("".join(f"# {line}\n" for line in ABOUT.splitlines()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for window_h in WINDOWS_H:
        found = {zone: ratios(series, window_h) for zone, series in hours.items()}
        found["*"] = list(chain.from_iterable(found.values()))
        for zone in sorted(found):
            low, high = central_90(found[zone])
            ends = f"{min(low, 1):.4f}", f"{max(high, 1):.4f}"
            said = "electricity-maps", 2022, "Electricity Maps, hourly series of 2022", "ODbL-1.0"
            note = f"pool of {len(hours)} zones" if zone == "*" else ""
            name = f"hour-of-year/{zone}/{window_h}h"
            writer.writerow([name, zone, window_h, 1, *ends, "1", "modelled", *said, note])


def check(hours: Mapping[str, Sequence[float]]) -> None:
    for window_h in WINDOWS_H:
        found = {zone: ratios(series, window_h) for zone, series in hours.items()}
        shares: list[float] = []
        for zone, own in found.items():
            others = chain.from_iterable(other for name, other in found.items() if name != zone)
            low, high = central_90(others)
            own.sort()
            shares.append((bisect_right(own, high) - bisect_left(own, low)) / len(own))
        print(f"{window_h:4d} h: {fmean(shares):.3f} of runs, worst zone {min(shares):.3f}")


def ratios(series: Sequence[float], window_h: int) -> list[float]:
    """Return the means of all windows of a series over the mean of the series."""
    sums = [0.0, *accumulate(series)]
    whole = window_h * fsum(series) / len(series)
    return [(after - before) / whole for before, after in zip(sums, sums[window_h:], strict=False)]


def central_90(values: Iterable[float]) -> tuple[float, float]:
    """Return the 5th and the 95th percentile, linear between neighbours."""
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[0], cuts[-1]


if __name__ == "__main__":
    main()
