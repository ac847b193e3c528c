"""What a plan promised and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from brizna.core.errors import CoverageError
from brizna.core.quantities import Energy
from brizna.verbs._clock import Clock
from brizna.verbs._follow import PAUSED, seconds_of
from brizna.verbs._plan import trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.store import Store

SCHEMA = "brizna.followed/1"


def told_afterwards(
    store: Store, run_id: str, plans: Mapping[str, Mapping[str, Any]], *, clock: Clock | None = None
) -> dict[str, Any] | None:
    """Return and keep what a plan promised and what became of it, beside the run that followed it.

    The energy is the measured one, the hours are those in which it was drawn, and the intensity is
    that of the series the plans were made from, of each hour by the last plan that was made before
    it: what actually came is not known yet. None where the energy is not known.

    Args:
        store: Where the run is kept.
        run_id: The run.
        plans: The plans that were followed, one after another, by their digest.
        clock: The clock that was followed; the machine's own if None.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    stored = store.read(run_id)
    run = stored.run
    digest, plan = next(iter(plans.items()))
    energy = run.measurement.energy_j
    if energy is None or stored.digest is None:
        return None
    hours = [one["hours"] for one in plans.values()]
    grams = _grams(seconds_of(run.started), trace_of(store, run), hours, clock or Clock())
    pue = _pue(plan)
    promised, at_once = plan["best"], plan["at_once"]
    scale = energy.best.value / promised["energy_j"]["best"] if promised["energy_j"]["best"] else 0
    record = {
        "schema": SCHEMA,
        "subject": stored.digest,
        "plan": digest,
        "plans": list(plans),
        "started": run.started,
        "finished": (
            datetime.fromisoformat(run.started) + timedelta(seconds=run.duration_s)
        ).isoformat(),
        "paused_s": sum(
            one.inside_s if one.inside_s is not None else one.end_s - one.start_s
            for one in run.measurement.phases
            if one.name == PAUSED
        ),
        "energy_j": energy.best.value,
        "promised_energy_j": promised["energy_j"]["best"],
        "carbon_g": None if grams is None else grams * pue,
        "promised_carbon_g": promised["carbon_g"]["best"],
        "promised_saving_g": None if plan["saving_g"] is None else plan["saving_g"]["best"],
        "saving_g": None
        if grams is None or at_once is None
        else at_once["carbon_g"]["best"] * scale - grams * pue,
    }
    store.put(record, run_id=run.id)
    return record


def realised(plan: Mapping[str, Any], path: str, *, column: str | None = None) -> dict[str, Any]:
    """Return what a plan saved by a series of what really came, beside what it promised, as JSON.

    Args:
        plan: Its record.
        path: A file with the carbon intensity that came, by zone.
        column: The column of its values, if it has several.

    Raises:
        InputError: If the file cannot be used.
        CoverageError: If it does not hold the plan's hours, or those of running at once.
    """
    from brizna.grid import read_signals
    from brizna.plan import Candidate, Plan, realise

    made = Plan.from_json(plan)
    series = read_signals(path, column=column)
    candidates = [
        Candidate(offer=offer, carbon=series[offer.site.zone].replace(origin="observed"))
        for offer in made.workload.offers
        if offer.site.zone in series
    ]
    best, at_once = realise(made, candidates)
    if best is None or at_once is None:
        raise CoverageError(
            "{path} does not hold the hours of the plan at {site}, or those of running at once at "
            "{first}: load a longer series, of both zones.",
            path=path,
            site=made.best.site,
            first=made.workload.offers[0].name,
        )
    saved = at_once.carbon_g - best.carbon_g
    return {
        "best": best.to_json(),
        "at_once": at_once.to_json(),
        "saving_g": saved.best.value,
        "promised_saving_g": None if made.saving_g is None else made.saving_g.best.value,
        "paused_s": 0.0,
    }


def _grams(
    started_s: float,
    trace: Sequence[tuple[float, float]],
    strips: Sequence[Mapping[str, Any]],
    clock: Clock,
) -> float | None:
    """Return the carbon of a trace by the hours of plans; None where one is not known."""
    total, begin = 0.0, 0.0
    for end_s, power_w in trace:
        at_s = clock.shown(started_s + (begin + end_s) / 2)
        known = [v for strip in reversed(strips) if (v := _value(strip, at_s)) is not None]
        if not known:
            return None
        total += Energy(power_w * (end_s - begin)).to("kWh") * known[0]
        begin = end_s
    return total if trace else None


def _value(strip: Mapping[str, Any], at_s: float) -> float | None:
    """Return the intensity of a plan's strip at a time; None where it says nothing."""
    values = strip["intensity_g_per_kwh"]
    place = int((at_s - seconds_of(strip["start"])) // strip["step_s"])
    return values[place] if 0 <= place < len(values) else None


def _pue(plan: Mapping[str, Any]) -> float:
    for offer in plan["workload"]["offers"]:
        if offer["name"] == plan["best"]["site"]:
            pue = offer["site"]["pue"]
            return 1.0 if pue is None else pue["best"]
    return 1.0
