"""What a zone's electricity is made of: its renewable share, and the mix by source."""

from __future__ import annotations

from brizna.core._tables import load, positions
from brizna.core.errors import CoverageError
from brizna.core.factors import Factor, factor_of_year
from brizna.grid._zones import ROOM, find_zone

_TABLE = "origin"


def renewable_share(zone: str, *, until: int | None = None) -> Factor:
    """Return the part of a zone's electricity that is renewable, over a year, as a ratio.

    The interval holds nine in ten hours of the year, so that it is right for any of them.

    Args:
        zone: A zone in any form that `find_zone` understands.
        until: The last year that counts; any if None.

    Raises:
        InputError: If there is no such zone.
        CoverageError: If no source here states it.
    """
    found = find_zone(zone).id
    if f"origin/{found}" not in positions(ROOM, _TABLE):
        raise CoverageError(
            "what the electricity of {zone} is made of is not known here", zone=found
        )
    return factor_of_year(ROOM, _TABLE, f"origin/{found}", until=until)


def mix(zone: str, *, until: int | None = None) -> dict[str, float]:
    """Return the shares of what a zone generates by source, largest first; empty if not known."""
    data = load(ROOM, _TABLE)
    rows = [
        (int(row["year"]), row["mix"])
        for place in positions(ROOM, _TABLE).get(f"origin/{find_zone(zone).id}", ())
        if (row := data.rows[place])["mix"] and (until is None or int(row["year"]) <= until)
    ]
    if not rows:
        return {}
    shares = [pair.partition("=") for pair in max(rows)[1].split()]
    return dict(sorted(((name, float(share)) for name, _, share in shares), key=_smallest_last))


def _smallest_last(share: tuple[str, float]) -> float:
    return -share[1]
