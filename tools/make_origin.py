"""Make the table of what electricity is made of, by zone, from hourly series.

Reads hourly generation by source of six zones (CarbonCast: EIA, ENTSO-E, OpenNEM; production) and
hourly renewable shares of three (Electricity Maps; consumption), and prints one row a zone and
publisher: the share of renewable electricity in the latest whole year, with the 5th and the 95th
percentile of its hours as bounds, and, of generation, the mix.

    pip install pyarrow
    python tools/make_origin.py mix_hourly_2020_2021.parquet \
        electricitymaps_detail_2021_2022.parquet > src/brizna/grid/tables/origin.csv
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from math import fsum

import pyarrow.parquet as pq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RENEWABLE = ("solar", "wind", "hydro", "biomass", "geothermal")
ZONES = {"CISO": "US-CAL-CISO", "AUS_QLD": "AU-QLD", "FPL": "US-FLA-FPL"}
NAMES = {"nat_gas": "gas"}
HEAD = """\
# What electricity is made of: the renewable share of a year, and the mix by source where known.
# low and high: the 5th and the 95th percentile of the year's hours. mix: shares of generation.
# Rows of Electricity Maps are "Contains information from Electricity Maps
# (https://www.electricitymaps.com), made available under the Open Database License (ODbL) 1.0".
# Renewable: solar, wind, hydro, biomass, geothermal. Made by tools/make_origin.py.
"""
COLUMNS = (
    *("id", "value", "low", "high", "unit", "basis", "publisher", "year", "mix"),
    *("source", "licence", "note"),
)


def main(mixes: str, details: str) -> None:
    """Print the table."""
    sys.stdout.write(HEAD)
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    found = [*_generated(mixes), *_consumed(details)]
    writer.writerows(sorted(found, key=lambda row: (row["id"], row["publisher"])))


def _generated(path: str) -> Iterator[dict[str, object]]:
    table = pq.read_table(path)
    sources = [name for name in table.column_names if name.startswith("mw_")]
    hours: defaultdict[str, list[Mapping[str, float]]] = defaultdict(list)
    for row in table.to_pylist():
        if row["utc"].year == 2021:
            hours[row["zone"]].append({s: row[s] for s in sources if row[s] is not None})
    for zone, rows in sorted(hours.items()):
        whole = fsum(value for row in rows for value in row.values())
        mix = {
            NAMES.get(s[3:], s[3:]): fsum(row.get(s, 0.0) for row in rows) / whole for s in sources
        }
        shares = [_renewable(row) / fsum(row.values()) for row in rows if fsum(row.values())]
        yield {
            **_bounds(fsum(mix[s] for s in RENEWABLE), shares),
            "id": f"origin/{ZONES.get(zone, zone)}",
            "publisher": "carboncast",
            "year": 2021,
            "mix": " ".join(f"{s}={share:.4g}" for s, share in mix.items() if share >= 5e-5),
            "source": "CarbonCast v2.1, hourly generation (EIA, ENTSO-E, OpenNEM)",
            "licence": "Apache-2.0",
            "note": "production: what the zone generates, without imports",
        }


def _consumed(path: str) -> Iterator[dict[str, object]]:
    hours: defaultdict[str, list[float]] = defaultdict(list)
    for row in pq.read_table(path).to_pylist():
        if row["utc"].year == 2022 and row["renewable_pct"] is not None:
            hours[row["zone"]].append(row["renewable_pct"] / 100)
    for zone, shares in sorted(hours.items()):
        yield {
            **_bounds(fsum(shares) / len(shares), shares),
            "id": f"origin/{zone}",
            "publisher": "electricity-maps",
            "year": 2022,
            "source": "Electricity Maps historical hourly data, via umassos/"
            "decarbonization-potential",
            "licence": "ODbL-1.0",
            "note": "consumption: imports included; mean of the hours, not weighed by load",
        }


def _renewable(row: Mapping[str, float]) -> float:
    return fsum(row.get(f"mw_{source}", 0.0) for source in RENEWABLE)


def _bounds(value: float, shares: list[float]) -> dict[str, object]:
    ordered = sorted(shares)
    low, high = (ordered[round(level * (len(ordered) - 1))] for level in (0.05, 0.95))
    return {
        "value": f"{value:.4g}",
        "low": f"{low:.4g}",
        "high": f"{high:.4g}",
        "unit": "1",
        "basis": "published",
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
