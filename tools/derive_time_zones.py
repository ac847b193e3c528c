"""Derive the country of each IANA time zone from the system's time zone database.

    python tools/derive_time_zones.py > src/brizna/grid/tables/time_zones.csv

Reads ``zone.tab`` (each name and its one country) and ``tzdata.zi`` (other names for the same
clock). Names of no country (UTC, Etc/..., CET, EST5EDT) are left out: they say nothing of a place.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

SHARED_CLOCKS = {
    "Africa/Asmera": "ER",
    "Africa/Timbuktu": "ML",
    "America/Coral_Harbour": "CA",
    "America/Virgin": "VI",
    "Antarctica/South_Pole": "AQ",
    "Atlantic/Jan_Mayen": "SJ",
    "Iceland": "IS",
    "Pacific/Ponape": "FM",
    "Pacific/Truk": "FM",
    "Pacific/Yap": "FM",
}
"""Old names whose clock is now another country's: the country they are in."""

NO_PLACE = {
    *("CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT", "WET"),
}

ABOUT = """\
The country of each IANA time zone: a hint at the grid, never more (people set their clocks as
they like). Names that belong to no country (UTC, Etc/..., CET, EST5EDT ...) are left out.
Made by tools/derive_time_zones.py from zone.tab and tzdata.zi, which are in the public domain.
"""


def main(folder: Path = Path("/usr/share/zoneinfo")) -> None:
    country: dict[str, str] = {}
    for line in (folder / "zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            country[name] = code
    database = (folder / "tzdata.zi").read_text().splitlines()
    version = database[0].removeprefix("# version ")
    links = {alias: name for kind, name, alias in map(str.split, filter(is_link, database))}
    found = dict(country)
    for alias, target in links.items():
        name = target
        while name in links and name not in country:
            name = links[name]
        if alias not in country and alias not in NO_PLACE and name in country:
            found[alias] = SHARED_CLOCKS.get(alias, country[name])
    sys.stdout.write("".join(f"# {line}\n" for line in ABOUT.splitlines()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["id", "country", "source", "year", "licence", "note"])
    for name, code in sorted(found.items()):
        writer.writerow([name, code, f"IANA {version}", version[:4], "public domain", ""])


def is_link(line: str) -> bool:
    return line.startswith("L ")


if __name__ == "__main__":
    main()
