"""What a course costs, with its doubts: those of a day's forecast are one unknown everywhere.

So two courses that lean on one forecast share its doubt, and the saving between them is as sharp
as the hours in which they differ allow.
"""

from __future__ import annotations

from brizna.core.estimate import Estimate, exactly, weakest
from brizna.core.quantities import Carbon, Energy, Money
from brizna.plan._candidate import KWH, MICRO, MILLI, at_risk, instant, rate_of
from brizna.plan._one_job import transfer_g, transfer_price
from brizna.plan._plan import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.core.signal import Signal
    from brizna.plan._one_job import Course, Task
    from brizna.plan._rate import Rate
    from brizna.plan._workload import Workload

_BASES = {"observed": "published", "forecast": "modelled", "profile": "modelled"}
_DAY_US = 86_400_000_000
_WANTED = 0.05


def outcome_of(course: Course, task: Task, workload: Workload) -> Outcome:
    """Return what a course costs.

    Doubts: of the workload's power, of the site's PUE and intensity, and of the forecast or
    profile, each UTC day of which is one unknown; its quantiles are stretched to the central 90 %
    as those of a normal value.
    """
    candidate = course.candidate
    joules = Energy(course.energy / MILLI / MICRO)
    energy = Estimate(joules, basis=workload.basis)
    for name, (low, high) in workload.doubts.items():
        energy = energy.doubted_by(name, low, high)
    return Outcome(
        site=candidate.offer.name,
        start=instant(course.start_us).isoformat(),
        finish=instant(course.end_us).isoformat(),
        energy_j=energy,
        carbon_g=_carbon(course, task, workload),
        cost=_cost(course, task, workload),
        renewable_share=_share(course, task),
        marginal_g=marginal_g(course, task),
    )


def _carbon(course: Course, task: Task, workload: Workload) -> Estimate:
    candidate, signal = course.candidate, course.candidate.carbon
    rate = rate_of(signal, candidate.pue, task.window)
    moved = transfer_g(task)
    best = grams(course, rate) + moved
    estimate = Estimate(
        Carbon(best),
        basis=weakest(workload.basis, _BASES[signal.origin]),
        references=[signal.source],
    )
    working = best - moved
    for name, (low, high) in workload.doubts.items():
        ends = (Carbon(moved + working * low), Carbon(moved + working * high))
        estimate = estimate.doubted(name, *ends)
    for name, (low, high) in candidate.doubts.items():
        estimate = estimate.doubted_by(name, low, high)
    estimate = _doubt_pue(estimate, task)
    if signal.quantiles:
        low, high = _ends(signal)
        rates = [rate_of(signal, candidate.pue, task.window, values) for values in (low, high)]
        label = signal.issued_at.isoformat() if signal.issued_at else signal.origin
        for day_us, draws in _days(course.draws).items():
            part = course.replace(draws=tuple(draws))
            middle = grams(part, rate)
            ends = [Carbon(best - middle + grams(part, one)) for one in rates]
            day = instant(day_us).date().isoformat()
            estimate = estimate.doubted(f"model:hours/{signal.zone}/{label}/{day}", *ends)
    return estimate


def _doubt_pue(estimate: Estimate, task: Task) -> Estimate:
    pue = task.candidate.offer.site.pue
    if pue is None:
        return estimate
    best = pue.best.value
    for name, (low, high) in pue.doubts.items():
        estimate = estimate.doubted_by(name, low / best, high / best)
    return estimate.based(pue.basis, *pue.references)


def _cost(course: Course, task: Task, workload: Workload) -> Estimate | None:
    offer, price = course.candidate.offer, task.rates.price
    if price is None:
        return None
    hours = course.running_us / MICRO / 3600
    fixed = exactly(Money(offer.price_per_h * hours + offer.transfer_cost))
    power = exactly(Money(grams(course, price)))
    for name, (low, high) in workload.doubts.items():
        power = power.doubted_by(name, low, high)
    moving = exactly(Money(transfer_price(task)))
    return _doubt_pue(power + moving, task) + fixed


def marginal_g(course: Course, task: Task) -> float | None:
    """Return what a course adds by the marginal intensity; None where that is not known."""
    signal = course.candidate.marginal
    rate = None if signal is None else rate_of(signal, course.candidate.pue, task.window)
    return grams(course, rate) if rate is not None and _known(course, rate) else None


def _share(course: Course, task: Task) -> float | None:
    signal = course.candidate.renewable
    rate = None if signal is None else rate_of(signal, 1.0, task.window)
    if rate is None or not _known(course, rate) or not course.energy:
        return None
    return course.taken(rate) / course.energy / MICRO


def grams(course: Course, rate: Rate) -> float:
    """Return what a course takes of something, in grams or money."""
    return course.taken(rate) / (KWH * MICRO)


def _known(course: Course, rate: Rate) -> bool:
    return all(rate.is_known(start, end) for start, end, _ in course.draws)


def _days(
    draws: Sequence[tuple[int, int, int]],
) -> dict[int, list[tuple[int, int, int]]]:
    """Return what is drawn by the UTC day it falls on."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for start, end, power in draws:
        at = start
        while at < end:
            day_us = at // _DAY_US * _DAY_US
            until = min(end, day_us + _DAY_US)
            found.setdefault(day_us, []).append((at, until, power))
            at = until
    return found


def _ends(signal: Signal) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """Return a signal's values at the ends of the central 90 %.

    An outermost quantile within is stretched from the best value, as that of a normal value would
    lie; no value becomes less than 0 by it that was not.
    """
    from statistics import NormalDist

    levels = sorted(signal.quantiles)
    found: list[tuple[float | None, ...]] = []
    for level, wanted in ((levels[0], _WANTED), (levels[-1], 1 - _WANTED)):
        if (level < _WANTED) if wanted < 0.5 else (level > wanted):
            found.append(at_risk(signal, wanted))
            continue
        normal = NormalDist()
        stretch = normal.inv_cdf(wanted) / normal.inv_cdf(level) if level != 0.5 else 1.0
        ends = signal.quantiles[level]
        found.append(
            tuple(
                None if best is None or end is None else _stretched(best, end, stretch)
                for best, end in zip(signal.values, ends, strict=True)
            )
        )
    return found[0], found[1]


def _stretched(best: float, end: float, stretch: float) -> float:
    reached = best + (end - best) * stretch
    return min(best, end, 0.0) if reached < 0 <= min(best, end) else reached
