"""What a plan promised and what became of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta
from itertools import pairwise
from math import fsum, isclose

from brizna.core.errors import CoverageError, Said
from brizna.verbs._clock import Clock
from brizna.verbs._follow import PAUSED, seconds_of
from brizna.verbs._plan import trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Phase, Run
    from brizna.store import Store
    from brizna.verbs._settings import Settings

SCHEMA = "brizna.followed/1"
_OF_A_SITE = {"pue": "pue", "tariff": "tariff_per_kwh"}


def told_afterwards(
    store: Store, run_id: str, plans: Mapping[str, Mapping[str, Any]], *, clock: Clock | None = None
) -> dict[str, Any] | None:
    """Return and keep what a plan promised and what became of it, beside the run that followed it.

    The energy is the measured one, the hours are those in which it was drawn, and the intensity is
    that of the series the plans were made from, of each hour by the last plan that was made before
    it: what actually came is not known yet. Running at once is charged with the energy of the run
    less that of its pauses, which it would not have made. A figure that is not known is None, and
    ``reason`` says why.

    Args:
        store: Where the run is kept.
        run_id: The run.
        plans: The plans that were followed, one after another, by their digest.
        clock: The clock that was followed; the machine's own if None.

    Returns:
        The record; None where the run has none to stand beside.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    stored = store.read(run_id)
    run = stored.run
    if stored.digest is None:
        return None
    digest, plan = next(iter(plans.items()))
    carbon_g, saving_g, reason = became(run, trace_of(store, run), plans, clock or Clock())
    energy, promised = run.measurement.energy_j, plan["best"]
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
            for one in _pauses(run)
        ),
        "energy_j": None if energy is None else energy.best.value,
        "paused_energy_j": _paused_energy(run),
        "promised_energy_j": promised["energy_j"]["best"],
        "carbon_g": carbon_g,
        "promised_carbon_g": promised["carbon_g"]["best"],
        "promised_saving_g": None if plan["saving_g"] is None else plan["saving_g"]["best"],
        "saving_g": saving_g,
        "reason": None if reason is None else str(reason),
    }
    store.put(record, run_id=run.id)
    return record


def at_its_site(plan: Mapping[str, Any], settings: Settings) -> Settings:
    """Return settings that have a plan's site where nobody says another: zone, PUE and tariff.

    Args:
        plan: Its record. A PUE or tariff counts that the job states, not one of a table.
        settings: The settings in force.
    """
    site = _site_of(plan)
    found = {name: _stated(site.get(field)) for name, field in _OF_A_SITE.items()}
    new: dict[str, Any] = {
        name: value
        for name, value in {**found, "zone": site.get("zone")}.items()
        if value is not None and settings[name] is None
    }
    if "tariff" in new and settings["currency"] is None and site.get("currency"):
        new["currency"] = site["currency"]
    return settings.replace(
        values={**settings.values, **new},
        origins={**settings.origins, **dict.fromkeys(new, "plan")},
    )


def _stated(estimate: Mapping[str, Any] | None) -> float | None:
    """Return the value of an estimate that somebody stated; None where it is in doubt."""
    return None if estimate is None or estimate["doubts"] else estimate["best"]


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


def became(
    run: Run,
    trace: Sequence[tuple[float, float]],
    plans: Mapping[str, Mapping[str, Any]],
    clock: Clock,
) -> tuple[float | None, float | None, Said | None]:
    """Return the carbon of a run in grams, what it saved, and why one of them is not known.

    Args:
        run: The run.
        trace: Its power; see `brizna.verbs._plan.trace_of`. Its energy counts as even if empty.
        plans: The plans that were followed, one after another.
        clock: The clock that was followed.
    """
    plan = next(iter(plans.values()))
    energy = run.measurement.energy_j
    if energy is None:
        reason = run.measurement.reason or "-"
        why = Said(reason)
        return None, None, Said("the energy of the run is not known: {why}", why=why)
    strips = _Strips([one["hours"] for one in plans.values()])
    begin_s = seconds_of(run.started)
    ends = trace or [(run.duration_s, 0.0)]
    shown = [(clock.shown(begin_s + end_s), power_w) for end_s, power_w in ends]
    mean = strips.mean(shown, clock.shown(begin_s))
    if mean is None:
        return None, None, Said("it ran in hours whose carbon intensity the plan does not know")
    kwh = energy.best.to("kWh")
    carbon_g = kwh * mean * _pue(plan)
    at_once, paused_j = plan["at_once"], _paused_energy(run)
    if at_once is None or not at_once["energy_j"]["best"]:
        why = Said("the plan does not know what running at once would have emitted")
        return carbon_g, None, why
    if paused_j is None:
        return carbon_g, None, Said("the energy drawn while it was paused is not known")
    share = (energy.best.value - paused_j) / at_once["energy_j"]["best"]
    instead_g = at_once["carbon_g"]["best"] * share
    is_same = isclose(instead_g, carbon_g, rel_tol=1e-9)  # what is left is the floats' rounding
    return carbon_g, 0.0 if is_same else instead_g - carbon_g, None


def _pauses(run: Run) -> list[Phase]:
    return [one for one in run.measurement.phases if one.name == PAUSED]


def _paused_energy(run: Run) -> float | None:
    """Return the joules of a run's pauses; None where those of one are not known."""
    known = [one.energy_j.best.value for one in _pauses(run) if one.energy_j is not None]
    return fsum(known) if len(known) == len(_pauses(run)) else None


class _Strips:
    """The hours of plans that were made one after another: the last that knows one tells it."""

    def __init__(self, strips: Sequence[Mapping[str, Any]]) -> None:
        self._strips = [
            (seconds_of(one["start"]), one["step_s"], one["intensity_g_per_kwh"]) for one in strips
        ]
        self._edges = sorted(
            {
                start_s + step_s * place
                for start_s, step_s, values in self._strips
                for place in range(len(values) + 1)
            }
        )

    def mean(self, trace: Sequence[tuple[float, float]], begin_s: float) -> float | None:
        """Return the mean intensity in g/kWh of the energy of a trace; None where one is not known.

        Args:
            trace: Ends of intervals in seconds since 1970, and watts. Its shape counts, not its
                level; one without energy counts by time.
            begin_s: Where it begins.
        """
        is_dark = not any(power_w > 0 for _, power_w in trace)
        grams, weights = list[float](), list[float]()
        for end_s, power_w in trace:
            for early_s, late_s in self._parts(begin_s, end_s):
                value = self._at((early_s + late_s) / 2)
                if value is None:
                    return None
                weights.append((late_s - early_s) * (1.0 if is_dark else max(power_w, 0.0)))
                grams.append(weights[-1] * value)
            begin_s = end_s
        whole = fsum(weights)
        return fsum(grams) / whole if whole > 0 else None

    def _parts(self, begin_s: float, end_s: float) -> Iterator[tuple[float, float]]:
        """Part an interval where a slot ends."""
        inside = self._edges[bisect_right(self._edges, begin_s) : bisect_left(self._edges, end_s)]
        return pairwise([begin_s, *inside, end_s])

    def _at(self, at_s: float) -> float | None:
        for start_s, step_s, values in reversed(self._strips):
            place = int((at_s - start_s) // step_s)
            if 0 <= place < len(values) and values[place] is not None:
                return values[place]
        return None


def _pue(plan: Mapping[str, Any]) -> float:
    pue = _site_of(plan).get("pue")
    return 1.0 if pue is None else pue["best"]


def _site_of(plan: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the site at which a plan runs."""
    nowhere: Mapping[str, Any] = {}
    offers: Sequence[Mapping[str, Any]] = plan["workload"]["offers"]
    name = plan["best"]["site"]
    return next((one["site"] for one in offers if one["name"] == name), nowhere)
