"""Derive how far an hour lies from its forecast, by day ahead: plan/tables/forecast_errors.csv.

python tools/derive_forecast_errors.py forecast_vs_actual_2021H2.parquet

Takes the forecasts that CarbonCast issued daily for six grids in the second half of 2021, life
cycle. Prints by day ahead the 5th and 95th percentile of actual over forecast, and, of all days
ahead, which part of the error two quarters of one day have in common: the mean correlation of the
mean logarithm of that ratio between the quarters of a day. Each grid counts the same.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import combinations
from math import log
from statistics import correlation, fmean

from pyarrow import parquet

COLUMNS = ("zone", "issue_utc", "lead_h", "actual_lifecycle", "forecast_lifecycle")


def main(path: str) -> None:
    """Print the rows."""
    table = parquet.read_table(path, columns=list(COLUMNS))
    ratios = defaultdict(lambda: defaultdict(list))
    quarters = defaultdict(lambda: defaultdict(list))
    for zone, issue, lead_h, actual, forecast in zip(
        *(table.column(name).to_pylist() for name in COLUMNS), strict=True
    ):
        if actual and forecast:
            day, hour = divmod(int(lead_h), 24)
            ratios[day + 1][zone].append(actual / forecast)
            quarters[zone][issue, day, hour // 6].append(log(actual / forecast))
    for day, by_zone in sorted(ratios.items()):
        ends = []
        for share in (0.05, 0.95):
            each = [sorted(values)[round(share * (len(values) - 1))] for values in by_zone.values()]
            ends.append(fmean(each))
        print(f"forecast/day-{day},1,{ends[0]:.3f},{ends[1]:.3f}")
    print(f"forecast/in-common,{fmean(map(in_common, quarters.values())):.2f}")


def in_common(quarters: dict) -> float:
    """Return the mean correlation between the errors of two quarters of a day."""
    means = {key: fmean(values) for key, values in quarters.items()}
    days = {(issue, day) for issue, day, _ in means}
    found = []
    for one, other in combinations(range(4), 2):
        pairs = [
            (means[*day, one], means[*day, other])
            for day in days
            if (*day, one) in means and (*day, other) in means
        ]
        found.append(correlation(*zip(*pairs, strict=True)))
    return fmean(found)


if __name__ == "__main__":
    main(sys.argv[1])
