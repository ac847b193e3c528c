"""Carbon intensity of a zone: annual, location based, average, life cycle."""

from __future__ import annotations

from brizna.core._tables import positions
from brizna.core.errors import CoverageError, InputError, Said
from brizna.core.factors import Factor, factor, factor_of_year
from brizna.grid._zones import ROOM, find_zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

    from brizna.core.estimate import Estimate
    from brizna.core.quantities import Duration

ZONE_GUESS = "model:zone-guess"
"""The name of the doubt of a zone that was guessed."""

_WINDOWS_H = (720, 168, 24, 1)


def intensity(zone: str, *, year: int | None = None, until: int | None = None) -> Factor:
    """Return the carbon intensity of a zone's electricity, in gCO2e/kWh.

    Annual mean, location based, average (not marginal), life cycle. Where sources disagree the
    interval runs over them; where one speaks, over what others usually say beside its kind.

    Args:
        zone: A zone in any form that `find_zone` understands.
        year: The year of the data; the latest there is if None.
        until: Of the latest, the last year that counts; any if None.

    Raises:
        InputError: If there is no such zone.
        CoverageError: If no source has a figure for it, or for that year.
    """
    found = find_zone(zone)
    if not found.is_known:
        raise CoverageError(
            "No source here states the carbon intensity of {zone}.{whole} Or state the figure "
            "itself: --intensity, in gCO2e/kWh.{note}",
            zone=found,
            note=Said(" Note: {note}.", note=Said(found.note)) if found.note else Said(""),
            whole=Said(" {country} is another grid: take it knowingly.", country=found.country)
            if "-" in found.id
            else Said(" Name the zone it takes its electricity from."),
        )
    return factor_of_year(ROOM, "intensity", f"grid/{found.id}", year, until=until)


def hour_of_year(zone: str, duration: Duration) -> Factor:
    """Return how far a run of this length may lie from its zone's annual mean, as a ratio.

    The 5th to 95th percentile, over all starts in 2022, of the mean over the run's hours by the
    mean of the year: of the longest tabulated run (1, 24, 168 or 720 h) that is not longer than
    this one. So a run between two lengths gets the wider spread, and a run of minutes that of an
    hour. A zone without an hourly series gets the pool of all zones that have one; judged by the
    others in this way, 90 % of their runs are covered (``tools/derive_hourly_spread.py --check``).

    Raises:
        InputError: If there is no such zone, or the duration is negative.
    """
    if duration.value < 0:
        raise InputError(
            "The run lasts {duration}, but no run is shorter than 0 s.", duration=duration
        )
    found = find_zone(zone)
    hours = duration.to("h")
    window_h = next((window for window in _WINDOWS_H if window <= hours), _WINDOWS_H[-1])
    own = f"hour-of-year/{found.id}/{window_h}h"
    known = own in positions(ROOM, "hourly_spread_2022")
    return factor(ROOM, "hourly_spread_2022", own if known else f"hour-of-year/*/{window_h}h")


def run_intensity(
    zone: str,
    *,
    duration: Duration | None = None,
    started: datetime | None = None,
    year: int | None = None,
    guessed: bool = False,
    stated: Factor | None = None,
) -> tuple[Estimate, tuple[Factor, ...]]:
    """Return the carbon intensity of one run, and the factors behind it.

    Beside the zone's factor, whose doubt two runs of one zone share, it has the doubt which hours
    the run fell on, ``model:hour-of-year/<zone>/<hour of the start, UTC>``, which they share only
    if they started in the same hour; and, for a zone that was guessed, ``model:zone-guess``: the
    5th to 95th percentile of the world's countries.

    Args:
        zone: A zone in any form that `find_zone` understands.
        duration: How long the run took; without it the doubt about its hours is left out.
        started: When it started, aware; the doubt about its hours has no hour if None.
        year: The year of the factor; the latest there is if None.
        guessed: Whether the zone is a guess (`guess_zone`) and was not declared.
        stated: The zone's intensity where somebody knows better than the tables.

    Raises:
        InputError: If there is no such zone, or ``started`` has no time zone.
        CoverageError: If no source has a figure for it.
    """
    made = stated or intensity(zone, year=year)
    estimate, behind = made.estimate(), [made]
    if guessed:
        spread = factor(ROOM, "spreads", "grid/zone-guess")
        low, high = spread.estimate().doubts[spread.name]
        estimate = estimate.doubted(ZONE_GUESS, estimate.kind(low), estimate.kind(high))
        estimate = estimate.based("default", spread.name)
        behind.append(spread)
    if duration is not None:
        hours = hour_of_year(zone, duration)
        low, high = hours.estimate().doubts[hours.name]
        name = _hour_of_year_doubt(find_zone(zone).id, started)
        estimate = estimate.doubted_by(name, low, high).based("published", hours.name)
        behind.append(hours)
    return estimate, tuple(behind)


def _hour_of_year_doubt(zone: str, started: datetime | None) -> str:
    if started is None:
        return f"model:hour-of-year/{zone}"
    if started.utcoffset() is None:
        raise InputError(
            "{started} has no time zone: give an aware instant.", started=started.isoformat()
        )
    from datetime import UTC

    hour = started.astimezone(UTC).replace(tzinfo=None)
    return f"model:hour-of-year/{zone}/{hour.isoformat(timespec='hours')}"


def fuel(name: str, *, zone: str | None = None, scope: str = "life-cycle") -> Factor:
    """Return the emissions of a kWh made from a fuel, in gCO2e/kWh.

    Args:
        name: ``coal``, ``gas``, ``oil``, ``nuclear``, ``hydro``, ``wind``, ``solar`` ...
        zone: ``ES`` for Spain's own set; the world's if None.
        scope: ``life-cycle`` or ``direct``.

    Raises:
        CoverageError: If the tables do not have it; names the nearest one.
    """
    place = f"{zone}/" if zone else ""
    return factor(ROOM, "fuels", f"fuel/{place}{name}/{scope}")
