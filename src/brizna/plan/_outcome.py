"""What a course costs, with its doubts: the error of a forecast is partly one for a whole day.

So two courses of one day share that part, which leaves their saving; the rest is one unknown for
each six hours, which does not.
"""

from __future__ import annotations

from math import sqrt

from brizna.core.estimate import Estimate, exactly, weakest
from brizna.core.factors import factor
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
_QUARTER_US = _DAY_US // 4
_WANTED = 0.05


def outcome_of(course: Course, task: Task, workload: Workload) -> Outcome:
    """Return what a course costs.

    Doubts: of the workload's power, of the site's PUE and intensity, and of the forecast or
    profile, whose quantiles are stretched to the central 90 % as those of a normal value.
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
    return _doubt_hours(estimate, course, task, rate) if signal.quantiles else estimate


def _doubt_hours(estimate: Estimate, course: Course, task: Task, rate: Rate) -> Estimate:
    """Return carbon with the doubts of the series: one for each day, one for each quarter of it."""
    signal = course.candidate.carbon
    pue, best = course.candidate.pue, estimate.best.value
    rates = [rate_of(signal, pue, task.window, values) for values in _ends(signal)]
    label = signal.issued_at.isoformat() if signal.issued_at else signal.origin
    common = factor("brizna.plan", "forecast_errors", "forecast/in-common").value
    for span_us, weight in ((_DAY_US, sqrt(common)), (_QUARTER_US, sqrt(1 - common))):
        for begin_us, draws in _spans(course.draws, span_us).items():
            part = course.replace(draws=tuple(draws))
            middle = grams(part, rate)
            ends = [Carbon(best + weight * (grams(part, one) - middle)) for one in rates]
            begin = instant(begin_us).isoformat(timespec="hours")[
                : 10 if span_us == _DAY_US else 13
            ]
            estimate = estimate.doubted(f"model:hours/{signal.zone}/{label}/{begin}", *ends)
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


def _spans(
    draws: Sequence[tuple[int, int, int]], span_us: int
) -> dict[int, list[tuple[int, int, int]]]:
    """Return what is drawn by the UTC day, or part of one, that it falls in."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    for start, end, power in draws:
        at = start
        while at < end:
            begin_us = at // span_us * span_us
            until = min(end, begin_us + span_us)
            found.setdefault(begin_us, []).append((at, until, power))
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
