"""What a run would have emitted elsewhere: its measured power over zones, hours and instances."""

from __future__ import annotations

from datetime import datetime, timedelta

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan import outcomes_at
from brizna.verbs._plan import Known, PlanRequest, completed, trace_of, workload_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.plan import Offer, Outcome, Workload
    from brizna.store import Store
    from brizna.verbs._settings import Settings

_ZONES = ("ES", "FR", "DE", "PL")
"""Where nobody names other zones: from one of the cleanest grids of Europe to a dirty one."""
_HOUR = timedelta(hours=1)
_MOST = 100.0
"""Times as fast, or as slow, as another machine; the same of power."""


class Elsewhere(Record):
    """Where a run is to be replayed.

    Attributes:
        zones: Grid zones beside the run's own; four of Europe if empty.
        instances: Machines: name, how fast, and how much they draw, as multiples of the run's own.
        files: As in `PlanRequest`.
        column: As in `PlanRequest`.
    """

    zones: tuple[str, ...] = ()
    instances: tuple[tuple[str, float, float], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    column: str | None = None

    def _check(self) -> None:
        for name, *multiples in self.instances:
            for multiple in multiples:
                if not 1 / _MOST <= multiple <= _MOST:
                    raise InputError(
                        "The machine {name} is said to be or draw {multiple} times the run's: "
                        "expected {least} to {most}, such as a100:2.1:1.6.",
                        name=name,
                        multiple=multiple,
                        least=1 / _MOST,
                        most=_MOST,
                    )


def replay_elsewhere(
    store: Store,
    reference: str,
    wanted: Elsewhere,
    settings: Settings,
    *,
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Return what a run would have emitted at other places and hours of its day, as JSON.

    Args:
        store: Where it is kept.
        reference: Which run.
        wanted: Where.
        settings: The settings in force.
        environ: Holds the keys of sources.

    Returns:
        ``run``, ``troubles``, and ``places``: for each its ``site``, what the run emitted ``then``
        (at the minute in which it started), and the ``least`` and ``most`` over the 24 hours of
        that day in UTC; None where the hours are not known.

    Raises:
        InputError: If the reference means no run, or a zone or file cannot be used.
        CoverageError: If the energy of the run, or of a zone anything, is not known.
    """
    run = store.read(reference).run
    started = datetime.fromisoformat(run.started)
    day = started.replace(hour=0, minute=0, second=0, microsecond=0)
    slowest = min((speed for _, speed, _ in wanted.instances), default=1.0)
    lasts = timedelta(seconds=run.duration_s / min(slowest, 1.0))
    end = day + timedelta(days=1) + lasts + _HOUR
    workload = workload_of(run, trace_of(store, run), deadline=end.isoformat())
    asked = PlanRequest(
        like=run.id, files=wanted.files, column=wanted.column, currency=settings["currency"]
    )
    known = Known(asked, settings, environ, (day, end))
    offers = tuple(completed(offer, settings) for offer in _offers(run, wanted))
    hours = [started, *(day + index * _HOUR for index in range(24))]
    places = [
        _place(candidate.offer, outcomes_at(workload, candidate, hours), workload)
        for candidate in known.candidates(offers)
    ]
    return {"run": run.id, "name": run.name, "places": places, "troubles": known.troubles}


def _offers(run: Run, wanted: Elsewhere) -> Iterator[Offer]:
    from brizna.grid import find_zone
    from brizna.plan import Offer

    zones = [find_zone(zone).id for zone in wanted.zones or _ZONES]
    if run.site.zone is not None:
        zones.insert(0, run.site.zone)
    for zone in dict.fromkeys(zones):
        site = run.site.replace(zone=zone, zone_origin="option", intensity_g_per_kwh=None)
        yield Offer(name=zone, site=site)
        for name, speed, power in wanted.instances:
            yield Offer(name=f"{zone} {name}", site=site, instance=name, speed=speed, power=power)


def _place(offer: Offer, outcomes: list[Outcome | None], workload: Workload) -> dict[str, Any]:
    then, *others = outcomes
    known = [one for one in others if one is not None]
    least = min(known, key=_carbon, default=None)
    most = max(known, key=_carbon, default=None)
    named = {"then": then, "least": least, "most": most}
    return {
        "site": offer.name,
        "zone": offer.site.zone,
        "instance": offer.instance,
        "duration_s": workload.duration_s / offer.speed,
        **{name: None if one is None else one.to_json() for name, one in named.items()},
    }


def _carbon(outcome: Outcome) -> float:
    return outcome.carbon_g.best.value
