"""Plan one job over several sites: the best hours at each, the best of them, and why."""

from __future__ import annotations

from brizna.core.codec import digest
from brizna.core.errors import InfeasibleError, InputError, Said
from brizna.core.quantities import Ratio
from brizna.core.records import Record
from brizna.plan._candidate import MICRO, instant, micros, rate_of
from brizna.plan._contiguous import Window, length_of
from brizna.plan._counsel import advise, fronted, hysteresis, is_worth, verdict, warnings
from brizna.plan._one_job import Task
from brizna.plan._outcome import grams, outcome_of
from brizna.plan._plan import Interval, Plan, Point, Refused, Source, Strip
from brizna.plan._workload import Limits, instant_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from brizna.core.estimate import Estimate
    from brizna.core.signal import Signal
    from brizna.plan._candidate import Candidate
    from brizna.plan._one_job import Course
    from brizna.plan._plan import Outcome
    from brizna.plan._workload import Workload


_HOUR_US = 3_600_000_000
_MOST_STEPS = 72


def plan_job(
    workload: Workload,
    candidates: Sequence[Candidate],
    *,
    issued: datetime,
    risk: float | None = None,
) -> Plan:
    """Return the best plan for one job, with what it saves and what was refused.

    Exact within the model: nothing else within the limits has a lower weighted sum, by the values
    planned on. Among equal plans the one that starts earliest wins, then the site named first.

    Args:
        workload: What must be done.
        candidates: Where it may run; where it would run if nobody planned comes first.
        issued: The moment of planning: nothing starts before it.
        risk: Plan on what the forecast does not exceed with this probability; on its best values
            if None.

    Raises:
        InputError: If weights, limits or series make no sense together.
        InfeasibleError: If no site has hours that keep the deadline and the limits.
        CoverageError: If data would move in hours of which nothing is known.
    """
    if not candidates:
        raise InputError("The job names no site: say where it may run, such as --zones ES,FR.")
    window = _window(workload, issued)
    choice = _Choice(workload, candidates, window, risk)
    best = choice.best()
    outcomes = {name: choice.outcome(course) for name, course in choice.found.items()}
    at_once = {
        task.candidate.offer.name: choice.outcome(course)
        for task in choice.tasks
        if (course := task.at_once()) is not None
    }
    chosen = outcomes[best.candidate.offer.name]
    now = at_once.get(candidates[0].offer.name)
    saved, share, money = _savings(chosen, now)
    by_money = not workload.weights.get("carbon_g")
    gain = (
        (money, _share_of(money, None if now is None else now.cost)) if by_money else (saved, share)
    )
    return Plan(
        workload=workload.replace(offers=tuple(one.offer for one in candidates)),
        issued=issued.isoformat(),
        risk=risk,
        intervals=tuple(_intervals(best)),
        best=chosen,
        at_once=now,
        saving_g=saved,
        saving_share=share,
        saving_cost=money,
        currency=_currency(candidates),
        is_worth_it=is_worth(*gain),
        is_exact=best.is_exact,
        advice=(
            *advise(candidates, at_once, outcomes, chosen),
            *(() if by_money else verdict(*gain)),
            *warnings(chosen, now, candidates),
        ),
        alternatives=tuple(one for one in outcomes.values() if one is not chosen),
        refused=tuple(choice.refused),
        front=choice.front(),
        signals=tuple(_sources(candidates)),
        hours=_strip(best, window),
    )


def replan(plan: Plan, candidates: Sequence[Candidate], *, issued: datetime) -> Plan:
    """Return the plan to follow when newer series are there, before the job has started.

    The old hours are kept, told anew by the new series, unless others promise to save more than a
    small share of them: changing one's mind for nothing costs trust, and restarts.

    Raises:
        InfeasibleError: If neither the old hours nor others keep the deadline and the limits.
    """
    new = plan_job(plan.workload, candidates, issued=issued, risk=plan.risk)
    window = _window(plan.workload, issued)
    old = next((one for one in candidates if one.offer.name == plan.best.site), None)
    if old is None or new.intervals == plan.intervals:
        return new
    task = Task(plan.workload, old, window, plan.risk)
    course = task.along([_whole(one) for one in plan.intervals])
    if course is None:
        return new
    kept = outcome_of(course, task, plan.workload)
    before, after = kept.carbon_g.best.value, new.best.carbon_g.best.value
    if before - after > hysteresis() * before:
        return new
    saved, share, money = _savings(kept, new.at_once)
    return new.replace(
        intervals=plan.intervals,
        best=kept,
        saving_g=saved,
        saving_share=share,
        saving_cost=money,
        is_worth_it=is_worth(saved, share),
        is_exact=False,
    )


class Progress(Record):
    """How far a job is that follows a plan.

    Attributes:
        worked_s: How long it has worked there, restarts left out.
        is_running: Whether it runs at the moment.
        pauses: How often it has paused so far.
    """

    worked_s: float
    is_running: bool
    pauses: int = 0


def replan_rest(
    plan: Plan, candidate: Candidate, *, issued: datetime, progress: Progress
) -> Plan | None:
    """Return the plan for what is left of a job that can pause; None if its hours are to be kept.

    The job stays where it is. It may go on, or pause and be started again, whose cost counts;
    what it draws until then does not. The old hours, shortened or prolonged to what is left, are
    kept unless others promise to save more than a small share of them.

    Args:
        plan: The plan of the whole job, with the intervals that it follows now.
        candidate: Its site, with the newest series.
        issued: The moment of planning.
        progress: How far the job is.

    Raises:
        InfeasibleError: If what is left cannot end before the deadline within the limits.
    """
    offer = candidate.offer.replace(transfer_j=0.0, transfer_s=0.0, transfer_cost=0.0)
    candidate = candidate.replace(offer=offer)
    window = _window(plan.workload, issued)
    now_us = window.earliest_us
    rest = _rest(plan.workload.replace(offers=(offer,)), progress, speed=offer.speed)
    if rest is None:
        return None
    ways: list[Task] = []
    if progress.is_running:
        ways.append(Task(rest, candidate, window, plan.risk, goes_on=True))
    again = _started_again(rest, progress)
    if again is not None:
        later = _after_a_pause(again, window) if progress.is_running else window
        ways += [] if later is None else [Task(again, candidate, later, plan.risk)]
    found = [(course, task) for task in ways if (course := task.best()) is not None]
    if not found:
        raise InfeasibleError(
            "What is left of the job takes {left_s:.0f} s and cannot end before {deadline}: "
            "{reason}. Let it run on.",
            left_s=rest.duration_s / offer.speed,
            deadline=plan.workload.deadline,
            reason=ways[0].why_not() if ways else Said("it has paused as often as it may"),
        )
    best, task = min(found, key=lambda one: (one[1].until_done(one[0], now_us), one[0].start_us))
    old = _old_course(plan, ways, window, is_running=progress.is_running)
    if old is not None:
        before = old[1].until_done(old[0], now_us)
        whole = plan.workload.duration_s / rest.duration_s  # the rest alone may be but seconds
        if before - task.until_done(best, now_us) <= hysteresis() * abs(before) * whole:
            return None
    outcome = outcome_of(best, task, rest)
    course = ways[0].at_once()
    now = None if course is None else outcome_of(course, ways[0], rest)
    saved, share, money = _savings(outcome, now)
    return plan.replace(
        workload=rest,
        issued=issued.isoformat(),
        intervals=tuple(_intervals(best)),
        best=outcome,
        at_once=now,
        saving_g=saved,
        saving_share=share,
        saving_cost=money,
        is_worth_it=is_worth(saved, share),
        is_exact=best.is_exact,
        advice=(),
        alternatives=(),
        refused=(),
        front=(),
        signals=tuple(_sources([candidate])),
        hours=_strip(best, window),
    )


def _rest(workload: Workload, progress: Progress, *, speed: float) -> Workload | None:
    """Return what is left of a job; None if nothing is, or it can be planned no more."""
    if workload.pauses is None:
        return None
    done_s = progress.worked_s * speed
    phases: list[tuple[float, float]] = []
    for long_s, power_w in workload.phases:
        left_s = long_s - min(done_s, long_s)
        done_s -= long_s - left_s
        if left_s * MICRO >= 1:
            phases.append((left_s, power_w))
    if not phases:
        return None
    most = workload.pauses.most
    left = None if most is None else max(most - progress.pauses, 0)
    return workload.replace(phases=tuple(phases), pauses=workload.pauses.replace(most=left))


def _started_again(rest: Workload, progress: Progress) -> Workload | None:
    """Return what is left if the job is, or is to be, paused: the restart comes first."""
    pauses = rest.pauses
    assert pauses is not None, "asked only of a job that pauses"
    if progress.is_running and pauses.most is not None:
        if not pauses.most:
            return None
        pauses = pauses.replace(most=pauses.most - 1)
    speed = rest.offers[0].speed
    restart = ((pauses.restart_s * speed, pauses.restart_w),) if pauses.restart_s else ()
    return rest.replace(phases=(*restart, *rest.phases), pauses=pauses)


def _after_a_pause(again: Workload, window: Window) -> Window | None:
    """Return when a job that runs can be started again: a step later; None if that is too late."""
    assert again.pauses is not None, "asked only of a job that pauses"
    earliest_us = window.earliest_us + round(again.pauses.step_s * MICRO)
    return window.replace(earliest_us=earliest_us) if earliest_us < window.latest_us else None


def _old_course(
    plan: Plan, ways: Sequence[Task], window: Window, *, is_running: bool
) -> tuple[Course, Task] | None:
    """Return the hours that a plan has left, fitted to what is left to do; None if they cannot."""
    now_us = window.earliest_us
    left = [
        (max(start, now_us), end, count)
        for start, end, count in map(_whole, plan.intervals)
        if end > now_us
    ] or [(now_us, now_us, 1)]
    waits = left[0][0] > now_us
    if is_running and waits and len(ways) < 2:
        return None
    task = ways[1] if is_running and waits else ways[0]
    pauses = plan.workload.pauses
    restart_us = 0 if pauses is None else round(pauses.restart_s * MICRO)
    todo_us = length_of(task.profile)
    fitted: list[tuple[int, int, int]] = []
    for start, end, count in left:
        lost_us = restart_us if fitted else 0
        used_us = min(max(end - start - lost_us, 0), todo_us)
        if used_us:
            fitted.append((start, start + lost_us + used_us, count))
            todo_us -= used_us
    if not fitted:
        fitted.append((left[0][0], left[0][0], 1))
    start, end, count = fitted[-1]
    fitted[-1] = (start, end + todo_us, count)
    course = task.along(fitted)
    return None if course is None else (course, task)


def outcomes_at(
    workload: Workload, candidate: Candidate, starts: Sequence[datetime]
) -> list[Outcome | None]:
    """Return what a job without pauses would cost at each of these starts.

    None where its hours are not all known, or it would not end before the deadline.
    """
    window = _window(workload, min(starts))
    task = Task(workload.replace(pauses=None, levels=None), candidate, window, None)
    courses = [task.started(micros(start)) for start in starts]
    return [None if course is None else outcome_of(course, task, workload) for course in courses]


def realise(plan: Plan, candidates: Sequence[Candidate]) -> tuple[Outcome | None, Outcome | None]:
    """Return what a plan's hours, and starting at once, cost by the series of what really came.

    Args:
        plan: The plan.
        candidates: Its sites, with these series.

    Returns:
        None for what the series do not cover.
    """
    window = _window(plan.workload, instant_of(plan.issued))
    by_name = {one.offer.name: one for one in candidates}
    found: list[Outcome | None] = []
    for name in (plan.best.site, plan.workload.offers[0].name):
        candidate = by_name.get(name)
        if candidate is None:
            found.append(None)
            continue
        task = Task(plan.workload.replace(limits=Limits()), candidate, window, None)
        whole = [_whole(one) for one in plan.intervals]
        course = task.at_once() if found else task.along(whole)
        found.append(None if course is None else outcome_of(course, task, plan.workload))
    return found[0], found[1]


class _Choice:
    """The search over sites."""

    def __init__(
        self,
        workload: Workload,
        candidates: Sequence[Candidate],
        window: Window,
        risk: float | None,
    ) -> None:
        self._workload = workload
        self.refused: list[Refused] = []
        self.tasks: list[Task] = []
        self.found: dict[str, Course] = {}
        _one_currency(candidates)
        for candidate in candidates:
            reason = _filtered(workload, candidate)
            if reason is None:
                task = Task(workload, candidate, window, risk)
                self.tasks.append(task)
                course = task.best()
                if course is not None:
                    self.found[candidate.offer.name] = course
                    continue
                reason = task.why_not()
            self.refused.append(Refused(site=candidate.offer.name, reason=reason))

    def best(self) -> Course:
        """Return the best course of all sites.

        Raises:
            InfeasibleError: If there is none.
        """
        if not self.found:
            raise InfeasibleError(
                "Nowhere can the job keep its deadline {deadline} and its limits: {reasons}. Give "
                "it more time, relax a limit, or name another site.",
                deadline=self._workload.deadline,
                reasons="; ".join(f"{one.site}: {one.reason}" for one in self.refused),
            )
        return min(self.found.values(), key=lambda one: (one.score, one.start_us))

    def outcome(self, course: Course) -> Outcome:
        """Return what a course costs."""
        task = next(one for one in self.tasks if one.candidate is course.candidate)
        return outcome_of(course, task, self._workload)

    def front(self) -> tuple[Point, ...]:
        """Return what no other choice beats in carbon and money, or in carbon and time.

        Of a job without pauses among all starts at which an edge of a slot meets one of the job's;
        of others among the best of each site.
        """
        by_cost = all(task.rates.price is not None for task in self.tasks)
        points: list[Point] = []
        for task in self.tasks:
            if self._workload.pauses is None and self._workload.levels is None:
                points += _points(task)
            elif task.candidate.offer.name in self.found:
                points.append(_point(task, self.found[task.candidate.offer.name]))
        return fronted(points, by_cost=by_cost)


def _points(task: Task) -> Iterator[Point]:
    for course in task.courses():
        yield _point(task, course)


def _point(task: Task, course: Course) -> Point:
    price = task.rates.price
    carbon = grams(course, task.rates.carbon) + task.moved_g
    cost = None if price is None else grams(course, price) + task.fixed_cost(course)
    return Point(
        site=task.candidate.offer.name,
        start=instant(course.start_us).isoformat(),
        finish=instant(course.end_us).isoformat(),
        carbon_g=carbon,
        cost=cost,
    )


def _window(workload: Workload, issued: datetime) -> Window:
    earliest = issued if workload.earliest is None else max(issued, instant_of(workload.earliest))
    latest = instant_of(workload.deadline)
    if latest <= earliest:
        raise InfeasibleError(
            "The deadline {deadline} is not after {earliest}, when the job could start: give a "
            "later one.",
            deadline=latest.isoformat(),
            earliest=earliest.isoformat(),
        )
    return Window(earliest_us=micros(earliest), latest_us=micros(latest))


def _filtered(workload: Workload, candidate: Candidate) -> str | None:
    """Return why a site is not looked at; None if it is."""
    limits, offer = workload.limits, candidate.offer
    zone = offer.site.zone or ""
    if limits.residency is not None and not any(
        zone == one or zone.startswith(f"{one}-") for one in limits.residency
    ):
        return str(Said("the data must stay in {places}", places=", ".join(limits.residency)))
    if limits.latency_ms is not None:
        if offer.latency_ms is None:
            return str(Said("how fast it answers is not known"))
        if offer.latency_ms > limits.latency_ms:
            return str(
                Said(
                    "it answers in {seen} ms, but {most} ms are allowed",
                    seen=offer.latency_ms,
                    most=limits.latency_ms,
                )
            )
    return None


def _currencies(candidates: Sequence[Candidate]) -> list[str]:
    found = {
        currency
        for one in candidates
        for currency in (
            one.offer.site.currency if one.price is None else one.price.kind,
            one.offer.currency,
        )
    }
    return sorted(filter(None, found))


def _currency(candidates: Sequence[Candidate]) -> str | None:
    return next(iter(_currencies(candidates)), None)


def _one_currency(candidates: Sequence[Candidate]) -> None:
    if len(_currencies(candidates)) > 1:
        raise InputError(
            "The sites name prices in {currencies}: state all in one currency.",
            currencies=", ".join(_currencies(candidates)),
        )


def _intervals(course: Course) -> Iterator[Interval]:
    site = course.candidate.offer.name
    for start, end, count in course.intervals:
        yield Interval(
            start=instant(start).isoformat(), end=instant(end).isoformat(), site=site, count=count
        )


def _whole(interval: Interval) -> tuple[int, int, int]:
    start, end = instant_of(interval.start), instant_of(interval.end)
    return micros(start), micros(end), interval.count


def _savings(
    best: Outcome, now: Outcome | None
) -> tuple[Estimate | None, Estimate | None, Estimate | None]:
    """Return what is saved against running at once: carbon, its share, money."""
    if now is None:
        return None, None, None
    saved = now.carbon_g - best.carbon_g
    money = None if now.cost is None or best.cost is None else now.cost - best.cost
    return saved, _share_of(saved, now.carbon_g), money


def _share_of(saved: Estimate | None, whole: Estimate | None) -> Estimate | None:
    """Return a saving as a share; None where the whole may be 0."""
    if saved is None or whole is None:
        return None
    try:
        share = saved / whole
    except InputError:  # the whole may be 0
        return None
    assert share.kind is Ratio, "both are of one kind"
    return share


def _strip(course: Course, window: Window) -> Strip:
    """Return the hours of a site over a window, in steps of whole hours, 72 at most."""
    rate = rate_of(course.candidate.carbon, 1.0, window)
    first = window.earliest_us // _HOUR_US * _HOUR_US
    hours = -(-(window.latest_us - first) // _HOUR_US)
    step_us = -(-hours // _MOST_STEPS) * _HOUR_US
    values: list[float | None] = []
    running: list[float] = []
    for at in range(first, window.latest_us, step_us):
        start = max(at, window.earliest_us)
        end = min(at + step_us, window.latest_us)
        known = rate.is_known(start, end)
        values.append(rate.between(start, end) / (end - start) / MICRO if known else None)
        inside = (min(end, e) - max(start, s) for s, e, _ in course.intervals)
        running.append(sum(part for part in inside if part > 0) / (end - start))
    return Strip(
        start=instant(first).isoformat(),
        step_s=step_us / MICRO,
        intensity_g_per_kwh=tuple(values),
        running=tuple(running),
    )


def _sources(candidates: Sequence[Candidate]) -> Iterator[Source]:
    for one in candidates:
        for what in ("carbon", "price", "renewable", "marginal"):
            signal: Signal | None = getattr(one, what)
            if signal is not None:
                yield Source(
                    site=one.offer.name,
                    what=what,
                    zone=signal.zone,
                    source=signal.source,
                    origin=signal.origin,
                    kind=signal.kind,
                    scope=signal.scope,
                    basis=signal.basis,
                    issued_at=signal.issued_at and signal.issued_at.isoformat(),
                    digest=_digest(signal),
                )


def _digest(signal: Signal) -> str:
    return digest(
        {
            "edges": [edge.isoformat() for edge in signal.edges],
            "values": list(signal.values),
            "quantiles": {f"{level}": list(v) for level, v in signal.quantiles.items()},
        }
    )
