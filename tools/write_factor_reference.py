"""Write docs/reference/factors.md: which numbers brizna brings along, and from whom.

python tools/write_factor_reference.py > docs/reference/factors.md
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from brizna.core._tables import Table, load, positions
from brizna.core.factors import Factor, factor, factor_of_year

ROOMS = ("account", "check", "core", "grid", "meter", "plan", "verbs")
LISTED = 64
NOT_LISTED = ("claims", "claims_inputs", "published_models")
"""A table with more ids is described and counted, not listed."""

HEAD = """\
# Factors

<!-- Written by tools/write_factor_reference.py; a test compares: change the tables, not this. -->

Every published number that brizna computes with stands in a table of the package, with its unit,
source, year and licence. This page says what the tables are and lists the shorter ones.

## How several sources become one factor

Sources that disagree are not averaged.

1. Of each publisher the latest statement counts, not later than the year that was asked for.
   Statements without a year always count.
2. The best value is the one whose row gives a reason for it (column `prefer`); else the one with
   the latest year; of those the first in the table.
3. The interval runs from the lowest to the highest of all values and stated bounds.
4. Where one source speaks and states no bounds, its row may name a default spread: a row of table
   `spreads` that says what it was derived from. A test derives it again.
5. Where there is none, the number is a definition, or its doubt is carried by another factor.

The interval is taken for the central 90 % of what the factor may be. In an estimate its name is
`factor:` and the id, for example `factor:grid/ES/2023`: one name is one unknown, so two runs under
one factor can be compared without it.

## How a factor is frozen

A footprint keeps its factors whole. The digest of a factor is `sha256:` and the SHA-256 of its
canonical JSON (RFC 8785) without `table_digest`, so it changes when the factor does and not when
another row of the table does. `table_digest` is the SHA-256 of the file's bytes.

## What has no factor

- Spain's islands, Ceuta and Melilla: `ES` is the mainland system. No source here states theirs.
- Marginal intensities: none was found that may be passed on.
- The hours of a run: an annual mean says little about one hour. The doubt
  `model:hour-of-year/...` carries that; table `hourly_spread_2022` says how much, by zone and
  length of run. The shorter tabulated length counts, and a zone without a series gets the pool
  of all zones; judged by the other zones in this way, 90 % of a zone's runs are covered on
  average, but for the most variable zones as few as 7 % (a small hydropower system).
- The years since a source spoke, where its interval does not already hold them.

"""


def main() -> None:
    parts = [HEAD]
    for room in ROOMS:
        package = f"brizna.{room}"
        folder = Path(importlib.import_module(package).__path__[0]) / "tables"
        tables = sorted(path.stem for path in folder.glob("*.csv"))
        parts += [section(package, load(package, table)) for table in tables]
    sys.stdout.write("\n".join(parts).rstrip("\n") + "\n")


def section(package: str, data: Table) -> str:
    ids = positions(package, data.name)
    lines = [
        f"## {package}: {data.name}",
        "",
        f"`{data.path}`, {len(data.rows)} rows, {len(ids)} ids",
        "",
        f"`{data.digest}`",
        "",
        *(f"> {line}" for line in data.about.splitlines()),
        "",
    ]
    if "value" in data.columns and len(ids) <= LISTED and data.name not in NOT_LISTED:
        lines += [
            "| factor | best | interval | unit | year | source |",
            "|---|---|---|---|---|---|",
        ]
        lines += [listed(read(package, data, name)) for name in ids]
        lines.append("")
    return "\n".join(lines)


def read(package: str, data: Table, name: str) -> Factor:
    of_year = data.name in ("origin", "pue")
    return (factor_of_year if of_year else factor)(package, data.name, name)


def listed(made: Factor) -> str:
    ends = "" if made.low is None or made.high is None else f"{made.low:.4g} to {made.high:.4g}"
    unit = made.measure
    others = f" and {len(made.others)} more" if made.others else ""
    source = made.source.replace("|", "/")
    cells = (
        f"`{made.id}`",
        f"{made.value:.6g}",
        ends,
        unit,
        made.year or "",
        f"{source}{others}",
    )
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
