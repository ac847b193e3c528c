"""Plan one job: find its power, its sites and their series, and ask the planner.

The verb is called `plan_job` in Python: ``brizna.plan`` is the room of the planner, as
``brizna.account`` is that of the accountant, whose verb is `account_case`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil, fsum

from brizna.core.errors import BriznaError, CoverageError, InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import CarbonIntensity, Duration, Quantity, Ratio, Tariff
from brizna.core.records import Record
from brizna.core.site import Site
from brizna.plan import Candidate, Offer, Workload, instant_of, read_workload, with_spread
from brizna.plan import Pauses as _Pauses
from brizna.plan import plan_job as _plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.core.signal import Signal
    from brizna.plan import Plan
    from brizna.store import Store
    from brizna.verbs._settings import Settings

WHAT: Mapping[str, tuple[type[Quantity], str | None]] = {
    "carbon": (CarbonIntensity, "average"),
    "marginal": (CarbonIntensity, "marginal"),
    "renewable": (Ratio, "renewable"),
    "price": (Tariff, None),
}
"""What a file of series can hold, and as which quantity and kind it is read."""

MOST_AHEAD = timedelta(days=366)
"""As far as a plan looks: a year has all that is known of hours to come."""
_HOUR_S = 3600.0
_MOST_PHASES = 24


class PlanRequest(Record):
    """What a person asks of the planner.

    Attributes:
        job: The declared job; None if it is like a run.
        like: The stored run whose power the job has; None if it is declared.
        zones: Where it may run; what the job says if empty, or else the settings' zone.
        deadline: An instant, or how long from now, such as ``24h``; what the job says if None.
        length: How long the job works if not as long as the run, such as ``6h``.
        pauses: Whether a job like a run can pause, freely.
        weights: What counts, and how much; what the job says if None.
        files: Series: pairs of what they hold, one of `WHAT`, and a path.
        column: Column of the values of a file of carbon intensity that has several.
        risk: As for `brizna.plan.plan_job`.
        currency: Of a series of prices, per kWh.
    """

    job: Mapping[str, Any] | None = None
    like: str | None = None
    zones: tuple[str, ...] = ()
    deadline: str | None = None
    length: str | None = None
    pauses: bool = False
    weights: Mapping[str, float] | None = None
    files: tuple[tuple[str, str], ...] = ()
    column: str | None = None
    risk: float | None = None
    currency: str | None = None

    def _check(self) -> None:
        if (self.job is None) == (self.like is None):
            raise InputError(
                "A plan is for a declared job or for one like a run: give one of them."
            )
        for what, _ in self.files:
            if what not in WHAT:
                raise InputError(
                    "{what!r} is no series that a plan uses: expected {known}.",
                    what=what,
                    known=", ".join(WHAT),
                )


def plan_job(
    asked: PlanRequest,
    settings: Settings,
    *,
    store: Store,
    instant: datetime,
    environ: Mapping[str, str],
) -> Plan:
    """Return the plan for a job, made for an instant.

    Series come from the files that are named; carbon intensity where no file has a zone, from a
    live source if the settings name one, else from the profile of what its hours usually are.

    Args:
        asked: What is asked.
        settings: The settings in force: the zone, PUE, tariff and source where nobody says more.
        store: Where the run is that it is like.
        instant: The moment of planning.
        environ: Holds the keys of sources.

    Raises:
        InputError: If something that was asked cannot be.
        InfeasibleError: If no hours keep the deadline and the limits.
        CoverageError: If of a zone nothing is known.
    """
    asked = asked.replace(currency=asked.currency or settings["currency"])
    deadline = None if asked.deadline is None else deadline_of(asked.deadline, instant)
    if asked.job is not None:
        workload = read_workload(asked.job, deadline=deadline)
    else:
        workload = _like(store, asked, deadline)
    if asked.weights is not None:
        workload = workload.replace(weights=dict(asked.weights))
    ahead = instant_of(workload.deadline) - instant
    if ahead > MOST_AHEAD:
        raise InputError(
            "The deadline {deadline} lies {days} days ahead: expected at most {most}. Give an "
            "earlier one.",
            deadline=workload.deadline,
            days=ahead.days,
            most=MOST_AHEAD.days,
        )
    offers = _offers(workload, asked, settings)
    end = max(instant_of(workload.deadline), instant + timedelta(hours=1))
    known = Known(asked, settings, environ, (instant, end))
    candidates = known.candidates(offers)
    plan = _plan(workload, candidates, issued=instant, risk=asked.risk)
    return plan.replace(advice=(*plan.advice, *known.troubles))


def known_of(
    plan: Plan, asked: PlanRequest, settings: Settings, environ: Mapping[str, str]
) -> Callable[[datetime], Candidate]:
    """Return what finds out what is known, at an instant, of the hours of a plan's site.

    Args:
        plan: The plan.
        asked: What is asked: its series count.
        settings: The settings in force.
        environ: Holds the keys of sources.
    """
    offers = tuple(one for one in plan.workload.offers if one.name == plan.best.site)
    asked = asked.replace(currency=asked.currency or settings["currency"])

    def known(instant: datetime) -> Candidate:
        end = max(instant_of(plan.workload.deadline), instant + timedelta(hours=1))
        return Known(asked, settings, environ, (instant, end)).candidates(offers)[0]

    return known


def deadline_of(text: str, instant: datetime) -> str:
    """Return the instant in ISO 8601 that a text names: one itself, or how long after another.

    Raises:
        InputError: If it names neither.
    """
    if not text.endswith(("h", "min", "d", "s")):
        return instant_of(text).isoformat()
    after_s = Duration.parse(text).value
    if not 0 < after_s <= MOST_AHEAD.total_seconds():
        raise InputError(
            "The deadline is {text} from now: expected more than 0 and at most {most} days.",
            text=text,
            most=MOST_AHEAD.days,
        )
    return (instant + timedelta(seconds=after_s)).isoformat()


# --------------------------------------------------------------------------------------- workload


def _like(store: Store, asked: PlanRequest, deadline: str | None) -> Workload:
    assert asked.like is not None, "asked for a job like a run"
    if deadline is None:
        raise InputError("A job like a run has no deadline of its own: give --deadline.")
    stored = store.read(asked.like)
    length_s = None if asked.length is None else Duration.parse(asked.length).value
    workload = workload_of(stored.run, trace_of(store, stored.run), deadline=deadline)
    if length_s is not None:
        stretch = length_s / workload.duration_s
        phases = tuple((long_s * stretch, power_w) for long_s, power_w in workload.phases)
        workload = workload.replace(phases=phases)
    return workload.replace(pauses=_Pauses() if asked.pauses else None)


def workload_of(run: Run, trace: Sequence[tuple[float, float]], *, deadline: str) -> Workload:
    """Return a workload with the power of a measured run, in at most 24 phases.

    The shape is that of the samples; the level is that of the record, with its doubts.

    Args:
        run: The run.
        trace: Its power: ends of intervals in seconds from the start, and watts; may be empty.
        deadline: When it has ended, ISO 8601 in UTC.

    Raises:
        CoverageError: If its energy is not known.
    """
    energy = run.measurement.energy_j
    if energy is None or not run.duration_s or energy.best.value <= 0:
        raise CoverageError(
            "The energy of {run_id} is not known ({reason}): there is nothing to plan by.",
            run_id=run.id,
            reason=run.measurement.reason or "0 J",
        )
    best = energy.best.value
    phases = _coarse(trace, run.duration_s)
    whole = fsum(long_s * power_w for long_s, power_w in phases)
    if whole <= 0:
        phases, whole = [(run.duration_s, 1.0)], run.duration_s
    return Workload(
        name=run.name,
        phases=tuple((long_s, power_w * best / whole) for long_s, power_w in phases),
        deadline=deadline,
        doubts={name: [low / best, high / best] for name, (low, high) in energy.doubts.items()},
        basis=energy.basis,
    )


def trace_of(store: Store, run: Run) -> list[tuple[float, float]]:
    """Return the power of a run over time, summed over its roots; empty where samples are gone."""
    from brizna.core.replay import power_series

    if not store.has_samples(run.id):
        return []
    try:
        series = power_series(store.events(run.id)[0])
    except BriznaError:  # damaged or gone: the record's energy is still there
        return []
    roots = [series[one.id] for one in run.measurement.roots() if series.get(one.id)]
    if not roots:
        return []
    edges = sorted({end_s for root in roots for end_s, _ in root})
    return [(edge, fsum(_at(root, edge) for root in roots)) for edge in edges]


def _at(root: Sequence[tuple[float, float]], edge: float) -> float:
    """Return the watts of a channel in the interval that ends at or after a time."""
    from bisect import bisect_left

    place = bisect_left(root, (edge, 0.0))
    return root[place][1] if place < len(root) else 0.0


def _coarse(trace: Sequence[tuple[float, float]], duration_s: float) -> list[tuple[float, float]]:
    """Return a trace as phases of equal length: an hour each at least, 24 at most."""
    count = min(max(ceil(duration_s / _HOUR_S), 1), _MOST_PHASES)
    step_s = duration_s / count
    sums = [0.0] * count
    begin = 0.0
    for end_s, power_w in trace:
        for index in range(count):
            inside = min(end_s, (index + 1) * step_s) - max(begin, index * step_s)
            sums[index] += power_w * inside if inside > 0 else 0.0
        begin = end_s
    return [(step_s, energy_j / step_s) for energy_j in sums]


# ------------------------------------------------------------------------------------------ sites


def _offers(workload: Workload, asked: PlanRequest, settings: Settings) -> tuple[Offer, ...]:
    zones = asked.zones
    if not zones and not workload.offers:
        if settings["zone"] is None:
            raise InputError(
                "Nobody says where the job may run: give --zones ES,PT,FR, or sites in the job."
            )
        zones = (settings["zone"],)
    offers = tuple(_offer(zone) for zone in zones) if zones else workload.offers
    return tuple(completed(offer, settings) for offer in offers)


def _offer(zone: str) -> Offer:
    from brizna.grid import find_zone

    found = find_zone(zone).id
    return Offer(name=found, site=Site(zone=found, zone_origin="option"))


def completed(offer: Offer, settings: Settings) -> Offer:
    """Return an offer with the PUE and tariff of the settings where it states none."""
    from brizna.account import pue

    site = offer.site
    if site.pue is None:
        declared = settings["pue"]
        told = pue().estimate() if declared is None else exactly(Ratio(declared))
        site = site.replace(pue=told)
    if site.tariff_per_kwh is None and settings["tariff"] is not None:
        tariff = exactly(Tariff(settings["tariff"]))
        site = site.replace(tariff_per_kwh=tariff, currency=settings["currency"])
    return offer.replace(site=site)


class Known:
    """What is known of the hours of zones: the files that were named, then what is found."""

    def __init__(
        self,
        asked: PlanRequest,
        settings: Settings,
        environ: Mapping[str, str],
        span: tuple[datetime, datetime],
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._span = span
        self._currency = asked.currency
        self.troubles: list[str] = []
        self._series: dict[str, dict[str, Signal]] = {}
        for what, path in asked.files:
            column = asked.column if what == "carbon" else None
            read = _read(what, path, column, known_at=span[0])
            self._series.setdefault(what, {}).update(read)

    def candidates(self, offers: Sequence[Offer]) -> tuple[Candidate, ...]:
        """Return sites with what is known of their hours.

        Raises:
            InputError: If a file has no zone in common with the sites.
            CoverageError: If of a zone nothing is known.
        """
        for what, by_zone in self._series.items():
            if not any(offer.site.zone in by_zone for offer in offers):
                raise InputError(
                    "No zone of the job is among those of the series of {what}: it has {known}.",
                    what=what,
                    known=", ".join(sorted(by_zone)),
                )
        return tuple(map(self._candidate, offers))

    def _candidate(self, offer: Offer) -> Candidate:
        zone = offer.site.zone
        if zone is None:
            raise InputError("The site {site} names no grid zone: add zone.", site=offer.name)
        found = {what: by_zone.get(zone) for what, by_zone in self._series.items()}
        carbon, doubts = found.get("carbon"), dict[str, tuple[float, float]]()
        if carbon is None:
            carbon, doubts = self._find(zone)
        else:
            carbon = self._beyond(carbon)
        price = found.get("price")
        if price is not None:
            currency = offer.currency or offer.site.currency or self._currency
            price = price.replace(kind=currency)
        return Candidate(
            offer=offer,
            carbon=with_spread(carbon),
            price=price,
            renewable=found.get("renewable"),
            marginal=found.get("marginal"),
            doubts=doubts,
        )

    def _beyond(self, carbon: Signal) -> Signal:
        """Return a file's series with the hours that it does not reach as they usually are."""
        from brizna.grid import extend
        from brizna.verbs._signals import as_usual

        start, end = self._span
        if carbon.start <= start and end <= carbon.end:
            return carbon
        try:
            made = extend(with_spread(carbon), start, max(end, carbon.end))
        except (InputError, CoverageError):  # of no zone that is known, or too short to go on from
            return carbon
        if (text := as_usual(carbon)) not in self.troubles:
            self.troubles.append(text)
        return made

    def _find(self, zone: str) -> tuple[Signal, dict[str, tuple[float, float]]]:
        """Return a series that was not named, and the doubts of its level."""
        from brizna.grid import find_zone, intensity
        from brizna.verbs._signals import Wanted, find_signals

        start, end = self._span
        wanted = Wanted(zones=(zone,), start=start, end=end, now=start)
        found = find_signals(wanted, self._settings, environ=self._environ)[find_zone(zone).id]
        self.troubles += [text for text in found.troubles if text not in self.troubles]
        if found.taken_from not in ("profile", "annual"):
            return found.signal, {}
        factor = intensity(zone).estimate()
        best = factor.best.value
        ends = {name: (low / best, high / best) for name, (low, high) in factor.doubts.items()}
        return found.signal, ends


def _read(what: str, path: str, column: str | None, *, known_at: datetime) -> dict[str, Signal]:
    from brizna.grid import About, read_signals

    quantity, kind = WHAT[what]
    about = About(quantity=quantity, kind=kind)
    return read_signals(path, about, column=column, known_at=known_at)
