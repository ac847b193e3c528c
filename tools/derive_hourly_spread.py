"""Derive how far hours, days, weeks and months lie from the annual mean of a grid.

Reads the hourly intensities of a year (one column a zone, gCO2e/kWh) and writes, for each zone
and each length of run, the 5th and 95th percentile over all starts of the mean of the run's
hours over the mean of the year. ``*`` pools all zones, each with equal weight: the spread of a
zone about which no hourly series is known.

    pip install pyarrow numpy
    python tools/derive_hourly_spread.py ci_hourly_2022.parquet > hourly_spread_2022.csv

``--check`` also prints the coverage of the pooled row: each zone judged by the other zones.
"""

from __future__ import annotations

import argparse
import csv
import sys

import numpy as np
import pyarrow.parquet as pq

WINDOWS_H = (1, 24, 168, 720)
RENAMED = {"IN-MH"}
"""Zones that the tables know under another name (table zone_aliases)."""

ABOUT = """\
How far the mean of a run of some hours lies from the annual mean of 2022, by zone and length of run.
low, high: 5th and 95th percentile, over every possible start, of the run's mean over the year's mean. The id ends in the hours; "*" pools all zones (a zone without a series).
Contains information from Electricity Maps (https://www.electricitymaps.com), made available under the Open Database License (ODbL) 1.0. This table is a derived database of it and under the same licence.
Source: hourly, consumption based, life cycle, average intensities of 2022, via umassos/decarbonization-potential. Made by tools/derive_hourly_spread.py.
"""


def ratios(series: np.ndarray, window_h: int) -> np.ndarray:
    """Return the means of all windows of a series over the mean of the series."""
    sums = np.cumsum(np.concatenate([[0.0], series]))
    return (sums[window_h:] - sums[:-window_h]) / window_h / series.mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parquet", help="hourly intensities, one column a zone")
    parser.add_argument("--check", action="store_true", help="print the coverage of the pool")
    arguments = parser.parse_args()
    table = pq.read_table(arguments.parquet)
    zones = sorted(set(table.schema.names) - {"utc"} - RENAMED)
    hours = {zone: table[zone].to_numpy().astype(float) for zone in zones}
    if arguments.check:
        check(hours)
        return
    sys.stdout.write("".join(f"# {line}\n" for line in ABOUT.splitlines()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        "id zone window_h value low high unit basis publisher year source licence note".split()
    )
    for window_h in WINDOWS_H:
        found = {zone: ratios(series, window_h) for zone, series in hours.items()}
        found["*"] = np.concatenate(list(found.values()))
        for zone in sorted(found):
            low, high = np.percentile(found[zone], [5, 95])
            writer.writerow(
                [
                    f"hour-of-year/{zone}/{window_h}h", zone, window_h, 1, f"{min(low, 1):.4f}",
                    f"{max(high, 1):.4f}", "1", "modelled", "electricity-maps", 2022,
                    "Electricity Maps, hourly series of 2022", "ODbL-1.0",
                    f"pool of {len(zones)} zones" if zone == "*" else "",
                ]
            )  # fmt: skip


def check(hours: dict[str, np.ndarray]) -> None:
    """Print which share of each zone's runs the pool of the other zones covers, on average."""
    for window_h in WINDOWS_H:
        found = {zone: ratios(series, window_h) for zone, series in hours.items()}
        covered = []
        for zone, own in found.items():
            others = np.concatenate([other for name, other in found.items() if name != zone])
            low, high = np.percentile(others, [5, 95])
            covered.append(float(np.mean((own >= low) & (own <= high))))
        print(f"{window_h:4d} h: {np.mean(covered):.3f} of runs, worst zone {min(covered):.3f}")


if __name__ == "__main__":
    main()
