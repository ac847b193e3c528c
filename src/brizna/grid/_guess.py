"""A guess at the zone from the clock's time zone, offline, and what such a guess is worth."""

from __future__ import annotations

from pathlib import Path

from brizna.core._tables import load, positions
from brizna.core.errors import IntegrityError
from brizna.core.factors import Factor, factor
from brizna.core.records import Record
from brizna.grid._intensity import hour_of_year, hour_of_year_doubt, intensity
from brizna.grid._zones import ROOM, find_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from brizna.core.estimate import Estimate
    from brizna.core.quantities import Duration

DOUBT = "model:zone-guess"


class Guess(Record):
    """A zone that was guessed, not declared.

    Attributes:
        zone: The zone whose figure is taken: the country's, or ``WORLD`` where it has none.
        country: ISO 3166-1 code of the time zone's country.
        time_zone: The time zone it was guessed from.
        factor: The intensity of ``zone``.
        spread: The 5th to 95th percentile of the intensities of countries.
    """

    zone: str
    country: str
    time_zone: str
    factor: Factor
    spread: Factor

    _forms = {"factor": Factor.from_json, "spread": Factor.from_json}

    def intensity(
        self, *, duration: Duration | None = None, started: datetime | None = None
    ) -> Estimate:
        """Return the intensity with the doubt ``model:zone-guess``, and that of the run's hours.

        Args:
            duration: How long the run took; without it the doubt about its hours is left out.
            started: When it started, aware (see `run_intensity`).
        """
        estimate = self.factor.estimate()
        ends = self.spread.estimate().doubts[self.spread.name]
        kind = estimate.kind
        estimate = estimate.doubted(DOUBT, kind(ends[0]), kind(ends[1]))
        estimate = estimate.based("default", self.spread.name)
        if duration is None:
            return estimate
        hours = hour_of_year(self.zone, duration)
        if hours.low is None or hours.high is None:
            return estimate
        name = hour_of_year_doubt(self.zone, started)
        return estimate.doubted_by(name, hours.low, hours.high).based("default", hours.name)


def guess_zone(time_zone: str) -> Guess | None:
    """Return the zone of a time zone's country, or None where the time zone has no country.

    Works from a table in the package, the same everywhere: many machines keep no time zones, and
    those that do keep different versions. ``UTC``, ``Etc/...``, ``CET`` and unknown names are
    None: the caller must then ask or say that the carbon is not known.

    Args:
        time_zone: An IANA name such as ``Europe/Madrid``; a leading colon, ``posix/`` and a path
            into a time zone folder are understood, as in the variable TZ.
    """
    name = _bare(time_zone)
    known = positions(ROOM, "time_zones").get(name)
    if known is None:
        return None
    country = load(ROOM, "time_zones").rows[known[0]]["country"]
    zone = find_zone(country)
    chosen = zone.id if zone.is_known else "WORLD"
    spread = factor(ROOM, "spreads", "grid/zone-guess")
    if spread.low is None:
        raise IntegrityError(f"{spread.table}: grid/zone-guess needs low and high.")
    return Guess(
        zone=chosen, country=country, time_zone=name, factor=intensity(chosen), spread=spread
    )


def time_zone_name(environment: Mapping[str, str], *, root: Path = Path("/")) -> str | None:
    """Return the name of this machine's time zone, or None where it does not say.

    Looks where Linux and macOS keep it: the variable TZ, the link ``/etc/localtime``, the file
    ``/etc/timezone``.

    Args:
        environment: The environment variables.
        root: The root of the file system.
    """
    named = environment.get("TZ", "").strip()
    if named:
        return _bare(named)
    try:
        target = str((root / "etc/localtime").readlink())
    except OSError:
        target = ""  # no link: a copied file, or another system
    if "zoneinfo" in target:
        return _bare(target)
    try:
        text = (root / "etc/timezone").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.split("\n", 1)[0].strip() or None


def _bare(name: str) -> str:
    """Return the IANA name in a value of TZ or in a path into a time zone folder."""
    text = name.strip().removeprefix(":")
    _, folder, inside = text.rpartition("zoneinfo/")
    if folder:
        text = inside
    for prefix in ("posix/", "right/", "zoneinfo.default/"):
        text = text.removeprefix(prefix)
    return text
