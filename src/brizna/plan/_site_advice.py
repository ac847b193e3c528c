"""Where to have machines, by how they are used: owned, rented by the hour, or by the second.

Every figure of a month is a line in the hours of work, ``fixed + hours x by_hour``: what a machine
idles away and what was spent once lie in the first part. So two ways cost alike at one number of
hours, which their doubts turn into an interval.
"""

from __future__ import annotations

from math import ceil

from brizna.core.declared import CaseInput
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of, exactly
from brizna.core.quantities import Carbon, Duration, Energy, Money, Quantity, Ratio
from brizna.core.records import Record, each
from brizna.plan._advice import Checkpoints, best_checkpoints, break_even
from brizna.plan._site_case import MONTH_H, Use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

FIGURES: Mapping[str, type[Quantity]] = {"energy_j": Energy, "carbon_g": Carbon, "cost": Money}
"""What ways are compared by."""

_ALL_MONTH = ("own", "reserved")
_AS_NEEDED = ("managed", "serverless")
_HOUR = exactly(Duration.of(1, "h"))
_ONE = exactly(Ratio(1))
_SLACK = 1e-9
"""By which a peak may exceed whole machines before another one is counted: rounding of a ratio."""


class SiteOffer(Record):
    """A way to have machines, with all that is known of it.

    Attributes:
        name: What it is called.
        kind: One of `brizna.plan.SITE_KINDS`.
        facts: By field, what is declared or published; a field that nobody knows is not there.
        reasons: For a field that is not there, why.
    """

    name: str
    kind: str
    facts: dict[str, Estimate]
    reasons: dict[str, str] = {}


class SiteOption(Record):
    """What a way to have machines comes to in a month.

    Attributes:
        name: What it is called.
        kind: One of `brizna.plan.SITE_KINDS`.
        machines: How many are there at the peak: enough at the slow end of their speed's doubts.
        busy_s: Machine time in which there is work, work done twice included.
        held_s: Machine time that is held or paid for.
        energy_j: Of the facility, what idles included.
        idle_energy_j: Of that, what machines take while they wait, the provider's spare ones too.
        operational_g: Carbon of the electricity; None if the place is not known.
        embodied_g: Carbon of making the machines, for the time that they are held.
        carbon_g: Both.
        cost: In the advice's currency; None if a price is not known.
        checkpoints: Of machines that may be taken away; None of others.
        reasons: For each figure that is None, why.
    """

    name: str
    kind: str
    machines: int
    busy_s: Estimate
    held_s: Estimate
    energy_j: Estimate
    idle_energy_j: Estimate
    operational_g: Estimate | None
    embodied_g: Estimate
    carbon_g: Estimate | None
    cost: Estimate | None
    checkpoints: Checkpoints | None
    reasons: dict[str, str]

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **dict.fromkeys(("busy_s", "held_s"), estimate_of(Duration)),
        **dict.fromkeys(("energy_j", "idle_energy_j"), estimate_of(Energy)),
        **dict.fromkeys(("operational_g", "embodied_g", "carbon_g"), estimate_of(Carbon)),
        "cost": estimate_of(Money),
        "checkpoints": Checkpoints.from_json,
    }


class BreakEven(Record):
    """From, or up to, how many hours of work a month one way is better than another.

    Attributes:
        first: The one.
        second: The other.
        figure: By what: one of `FIGURES`.
        better: When the first is: ``from`` so many hours, ``until`` so many, ``always`` or
            ``never`` within a month, by the best values.
        sure: Whether the doubts leave that as it is.
        duration_s: The hours of work a month at which both are alike; None where there are none,
            or where the doubts do not say which of them gains with more work.
        pays_back_s: After how long the first, which is owned, has saved what was spent on it once,
            used as it is here; None where it never does, or nobody can tell.
    """

    first: str
    second: str
    figure: str
    better: str
    sure: bool
    duration_s: Estimate | None
    pays_back_s: Estimate | None

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "duration_s": estimate_of(Duration),
        "pays_back_s": estimate_of(Duration),
    }


class Best(Record):
    """The best way by one figure.

    Attributes:
        figure: One of `FIGURES`.
        name: The way.
        sure: Whether every other one is worse whatever the doubts.
    """

    figure: str
    name: str
    sure: bool


class SiteAdvice(Record):
    """Where to have machines.

    Attributes:
        name: What the person calls the case; None if nothing.
        currency: Of all amounts.
        use: How the machines are used.
        options: What each way comes to in a month.
        best: By each figure that is known of all.
        break_evens: Each other way against the first that is owned, or the first.
        inputs: The numbers behind it.
        notes: What was left out.
    """

    schema: ClassVar = "brizna.site-advice/1"

    name: str | None
    currency: str
    use: Use
    options: tuple[SiteOption, ...]
    best: tuple[Best, ...]
    break_evens: tuple[BreakEven, ...]
    inputs: tuple[CaseInput, ...]
    notes: tuple[str, ...]

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "use": Use.from_json,
        "options": each(SiteOption.from_json),
        "best": each(Best.from_json),
        "break_evens": each(BreakEven.from_json),
        "inputs": each(CaseInput.from_json),
        "notes": tuple,
    }


class _Line(Record):
    """A figure of a month: what is spent in any case, and by each hour of work."""

    fixed: Estimate
    by_hour: Estimate

    def at(self, hours: float) -> Estimate:
        return self.fixed + self.by_hour.scaled(hours)

    def times(self, factor: Estimate) -> _Line:
        return _Line(fixed=self.fixed * factor, by_hour=self.by_hour * factor)

    def plus(self, other: _Line) -> _Line:
        return _Line(fixed=self.fixed + other.fixed, by_hour=self.by_hour + other.by_hour)

    def minus(self, other: _Line) -> _Line:
        return _Line(fixed=self.fixed - other.fixed, by_hour=self.by_hour - other.by_hour)


class _Way:
    """A way to have machines, as lines."""

    def __init__(self, offer: SiteOffer, use: Use) -> None:
        facts = offer.facts
        self.offer = offer
        speed = facts.get("speed", _ONE)
        slowest = min(speed.best.value, speed.low.value)
        self.machines = max(1, ceil(use.peak / slowest - _SLACK))
        self.checkpoints = _checkpoints(facts) if offer.kind == "spot" else None
        again = _ONE if self.checkpoints is None else _ONE + _lost(facts)
        self._hours(use, speed, again)
        power = self.busy.times(facts["busy_w"] * _HOUR)
        waiting = self.idle.plus(self.spare).times(facts["idle_w"] * _HOUR)
        self.idle_energy = waiting.times(facts["pue"])
        self.energy = power.times(facts["pue"]).plus(self.idle_energy)
        intensity = facts.get("intensity_g_per_kwh")
        self.operational = None if intensity is None else self.energy.times(intensity)
        making = facts["embodied_kg"] * (_HOUR / facts["lifetime_y"])
        self.embodied = self.held.plus(self.spare).times(making)
        self.cost = self._cost()

    def _hours(self, use: Use, speed: Estimate, again: Estimate) -> None:
        """Keep the machine hours of a month: busy, held, waiting, and waiting at the provider."""
        kind, facts = self.offer.kind, self.offer.facts
        zero = _ONE.scaled(0)
        work = exactly(Ratio(use.machines)) / speed * again
        self.busy = _Line(fixed=zero, by_hour=work)
        if kind in _ALL_MONTH:
            self.held = _Line(fixed=_ONE.scaled(self.machines * MONTH_H), by_hour=zero)
            on = _ONE - facts.get("off", zero)
            self.idle = self.held.minus(self.busy).times(on)
            self.spare = _Line(fixed=zero, by_hour=zero)
            return
        there = again.scaled(self.machines)
        during = work if kind in _AS_NEEDED else there
        kept = facts.get("keeps", zero)
        started = use.bursts * max(0.0, self.machines - kept.best.value)
        starts = exactly(Ratio(started)) * (facts["start_min"] / _HOUR)
        between = kept.scaled(MONTH_H) + starts
        self.held = _Line(fixed=between, by_hour=during - kept)
        self.idle = self.held.minus(self.busy)
        self.spare = self.held.times(facts.get("spare", zero))

    def _cost(self) -> _Line | None:
        facts, zero = self.offer.facts, exactly(Money(0.0))
        month = exactly(Duration.of(MONTH_H, "h"))
        nothing = _Line(fixed=zero, by_hour=zero)
        fee = _Line(fixed=facts.get("fee_per_month", zero), by_hour=zero)
        if self.offer.kind != "own":
            price = facts.get("price_per_h")
            return None if price is None else self.held.times(price).plus(fee)
        if "purchase" not in facts or "tariff_per_kwh" not in facts:
            return None
        year = exactly(Duration.of(1, "y"))
        once = facts["purchase"] * (month / facts["lifetime_y"])
        upkeep = facts.get("upkeep_per_y", zero) * (month / year)
        fixed = (once + upkeep).scaled(self.machines)
        electricity = self.energy.times(facts["tariff_per_kwh"])
        return nothing.plus(fee).plus(electricity).plus(_Line(fixed=fixed, by_hour=zero))

    def figure(self, name: str) -> _Line | None:
        if name == "energy_j":
            return self.energy
        if name == "cost":
            return self.cost
        return None if self.operational is None else self.operational.plus(self.embodied)

    def once(self, name: str) -> Estimate | None:
        """Return what was spent once on machines that are owned; None on others."""
        facts = self.offer.facts
        field = {"carbon_g": "embodied_kg", "cost": "purchase"}.get(name, "")
        if self.offer.kind != "own" or field not in facts:
            return None
        return facts[field].scaled(self.machines)

    def option(self, use: Use) -> SiteOption:
        carbon = self.figure("carbon_g")
        made: dict[str, Any] = {
            "operational_g": self.operational and self.operational.at(use.hours),
            "carbon_g": carbon and carbon.at(use.hours),
            "cost": self.cost and self.cost.at(use.hours),
        }
        why = {
            "operational_g": "intensity_g_per_kwh",
            "carbon_g": "intensity_g_per_kwh",
            "cost": "price_per_h",
        }
        reasons = self.offer.reasons
        return SiteOption(
            name=self.offer.name,
            kind=self.offer.kind,
            machines=self.machines,
            busy_s=self.busy.times(_HOUR).at(use.hours),
            held_s=self.held.times(_HOUR).at(use.hours),
            energy_j=self.energy.at(use.hours),
            idle_energy_j=self.idle_energy.at(use.hours),
            embodied_g=self.embodied.at(use.hours),
            checkpoints=self.checkpoints,
            reasons={one: reasons[why[one]] for one, value in made.items() if value is None},
            **made,
        )


def site_advice(
    use: Use, offers: Sequence[SiteOffer]
) -> tuple[tuple[SiteOption, ...], tuple[Best, ...], tuple[BreakEven, ...]]:
    """Return what each way to have machines comes to, the best ones, and the break-even hours.

    Owned and reserved machines are there all month; others while there is work, and as many in
    between as are kept on. What was spent once is spread evenly over the service life, in money as
    in carbon.

    Args:
        use: How machines are used.
        offers: The ways, with ``busy_w``, ``idle_w``, ``pue``, ``embodied_kg`` and ``lifetime_y``
            at least; what is rented by the hour with ``start_min`` too.

    Raises:
        InfeasibleError: If machines are taken away so often that more is wasted than worked.
    """
    ways = [_Way(offer, use) for offer in offers]
    best = tuple(found for name in FIGURES if (found := _best(name, ways, use)) is not None)
    first = next((way for way in ways if way.offer.kind == "own"), ways[0])
    evens = [
        even
        for way in ways
        if way is not first
        for name in FIGURES
        if (even := _break_even(name, first, way, use)) is not None
    ]
    return tuple(way.option(use) for way in ways), best, tuple(evens)


def _best(figure: str, ways: Sequence[_Way], use: Use) -> Best | None:
    lines = [way.figure(figure) for way in ways]
    known = [line.at(use.hours) for line in lines if line is not None]
    if len(known) < len(ways):
        return None
    least = min(range(len(ways)), key=lambda at: known[at].best.value)
    rest = [one for at, one in enumerate(known) if at != least]
    sure = all((one - known[least]).low.value > 0 for one in rest)
    return Best(figure=figure, name=ways[least].offer.name, sure=sure)


def _break_even(figure: str, first: _Way, second: _Way, use: Use) -> BreakEven | None:
    one, other = first.figure(figure), second.figure(figure)
    if one is None or other is None:
        return None
    more = one.minus(other)
    empty, full = more.fixed, more.at(MONTH_H)
    better, sure, hours = _when(one, other, empty, full)
    return BreakEven(
        first=first.offer.name,
        second=second.offer.name,
        figure=figure,
        better=better,
        sure=sure,
        duration_s=None if hours is None else hours * _HOUR,
        pays_back_s=_pays_back(figure, first, other.at(use.hours) - one.at(use.hours)),
    )


def _when(
    one: _Line, other: _Line, empty: Estimate, full: Estimate
) -> tuple[str, bool, Estimate | None]:
    """Return when one is better, whether the doubts agree, and the hours at which they meet."""
    if empty.best.value <= 0 and full.best.value <= 0:
        return "always", empty.high.value <= 0 and full.high.value <= 0, None
    if empty.best.value >= 0 and full.best.value >= 0:
        return "never", empty.low.value >= 0 and full.low.value >= 0, None
    better = "from" if empty.best.value > 0 else "until"
    apart, low, high = (empty, one, other) if better == "from" else (empty.scaled(-1.0), other, one)
    try:
        hours = break_even(apart, own=low.by_hour, other=high.by_hour)
    except InputError:  # the doubts do not say which of them gains with more work
        hours = None
    if hours is None:
        return better, False, None
    return better, hours.low.value > 0 and hours.high.value < MONTH_H, hours


def _pays_back(figure: str, way: _Way, saved: Estimate) -> Estimate | None:
    """Return after how long what was spent once is saved: its share of a month is no saving."""
    once = way.once(figure)
    if once is None:
        return None
    month = exactly(Duration.of(MONTH_H, "h"))
    spread = once * (month / way.offer.facts["lifetime_y"])
    try:
        months = break_even(once, own=exactly(once.kind(0.0)), other=saved + spread)
    except InputError:  # the doubts do not say whether anything is saved
        return None
    return None if months is None else months * month


def _checkpoints(facts: Mapping[str, Estimate]) -> Checkpoints:
    return best_checkpoints(
        facts["checkpoint_wh"].best.value,
        power_w=facts["busy_w"].best.value,
        between_failures_s=facts["between_interruptions_h"].best.value,
        restart_s=facts["restart_min"].best.value,
    )


def _lost(facts: Mapping[str, Estimate]) -> Estimate:
    """Return what checkpoints and interruptions add to the work, by the doubts of their causes."""
    names = ("checkpoint_wh", "busy_w", "between_interruptions_h", "restart_min")

    def lost(doubt: str | None, end: int) -> Ratio:
        energy_j, power_w, between_s, restart_s = (
            facts[name].best.value
            if doubt is None or doubt not in facts[name].doubts
            else facts[name].doubts[doubt][end]
            for name in names
        )
        found = best_checkpoints(
            energy_j, power_w=power_w, between_failures_s=between_s, restart_s=restart_s
        )
        return Ratio(found.overhead)

    doubts = dict.fromkeys(doubt for name in names for doubt in facts[name].doubts)
    return Estimate(
        lost(None, 0), doubts={doubt: (lost(doubt, 0), lost(doubt, 1)) for doubt in doubts}
    )
