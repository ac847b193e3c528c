"""One job at one site: the exact best hours by its weights, within its limits."""

from __future__ import annotations

from brizna.core.errors import CoverageError, InputError, Said
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.plan._candidate import KWH, MICRO, MILLI, SCORE, Rates, rate_of, weight_of
from brizna.plan._contiguous import Limit, Window, best_start, candidate_starts, length_of
from brizna.plan._elastic import Level, best_allocation
from brizna.plan._pausable import Pausing, best_pauses, cheapest_moments
from brizna.plan._rate import Rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from brizna.plan._candidate import Candidate
    from brizna.plan._contiguous import Profile
    from brizna.plan._workload import Workload

_HOUR_US = 3_600_000_000
_MOST_STATES = 1_000_000
"""Steps of the time times steps of the work: some ten seconds of search."""
_WORK = 1_000_000
"""Speed 1 in a microsecond, as whole work."""


class Course(Record):
    """When a job runs at a candidate, and what it draws meanwhile.

    Attributes:
        candidate: Where.
        intervals: Start and end in microseconds since the epoch, and how many machines run.
        draws: Start, end and milliwatts of every part, waiting between two intervals too.
        score: The objective; less is better, on the scale of `SCORE`.
        is_exact: Whether nothing within the limits is better; False where a job with pauses had to
            be chosen among a few because the best one breaks a limit.
    """

    candidate: Candidate
    intervals: tuple[tuple[int, int, int], ...]
    draws: tuple[tuple[int, int, int], ...]
    score: int
    is_exact: bool = True

    @property
    def start_us(self) -> int:
        """When it starts."""
        return self.intervals[0][0]

    @property
    def end_us(self) -> int:
        """When it ends."""
        return self.intervals[-1][1]

    def taken(self, rate: Rate) -> int:
        """Return what it takes of something: the rate's unit x milliwatts x microseconds."""
        return sum(power * rate.between(start, end) for start, end, power in self.draws)

    @property
    def energy(self) -> int:
        """Its energy, in milliwatts x microseconds."""
        return sum(power * (end - start) for start, end, power in self.draws)

    @property
    def running_us(self) -> int:
        """How long its machines run, summed over them."""
        return sum((end - start) * count for start, end, count in self.intervals)


class Task:
    """A workload at a candidate, in whole numbers.

    Attributes:
        candidate: Where.
        profile: Its power along the work there.
        window: When it may run there: its data have to arrive first.
        rates: What a joule costs there.
    """

    def __init__(
        self,
        workload: Workload,
        candidate: Candidate,
        window: Window,
        risk: float | None,
        *,
        goes_on: bool = False,
    ) -> None:
        """Read a workload at a candidate.

        Args:
            workload: What must be done, or what is left of it.
            candidate: Where.
            window: When.
            risk: As for `brizna.plan.plan_job`.
            goes_on: Whether it runs already, and is to go on at once. Without costs of a restart
                this changes nothing.
        """
        self._workload = workload
        self._goes_on = goes_on
        self.candidate = candidate
        offer = candidate.offer
        self.profile: Profile = tuple(
            (
                round(long_s * MICRO / offer.speed),
                round(power_w * MILLI * offer.power),
            )
            for long_s, power_w in workload.phases
        )
        moved_us = round(offer.transfer_s * MICRO)
        self.window = Window(earliest_us=window.earliest_us + moved_us, latest_us=window.latest_us)
        self.rates = Rates(candidate, workload, window, risk)
        self._asked_us = window.earliest_us

    # ---------------------------------------------------------------------------------- the search

    def best(self) -> Course | None:
        """Return the best course within the limits; None if there is none.

        Raises:
            InputError: If a weight or limit makes no sense for such a job.
        """
        if self._workload.levels is not None:
            return self._checked(self._elastic())
        if self._workload.pauses is not None:
            return self._pausing()
        return self._contiguous(self.rates.score)

    def at_once(self) -> Course | None:
        """Return what happens if it starts as early as it can and goes on; None if it cannot."""
        if self._workload.levels is not None:
            level = self._workload.levels[0]
            speed, power = self._level(level.speed, level.power_w)
            length_us = -(-self._work() // speed)
            profile: Profile = ((length_us, power),)
            return self._placed(self.window.earliest_us, profile, count=level.count)
        return self._placed(self.window.earliest_us, self.profile)

    def started(self, start_us: int) -> Course | None:
        """Return what happens if it starts at a time and goes on; None if it cannot."""
        return self._placed(start_us, self.profile)

    def courses(self) -> Iterator[Course]:
        """Yield the courses without pauses, within the limits, between which all others lie."""
        rates = [self.rates.score, *(limit.rate for limit in self._limits())]
        for start_us in candidate_starts(rates, self.profile, self.window):
            course = self._placed(start_us, self.profile)
            if course is not None and self._keeps(course):
                yield course

    def along(self, intervals: Sequence[tuple[int, int, int]]) -> Course | None:
        """Return the course of a plan made before; None if it can no longer be followed."""
        rate = self.rates.score
        whole = intervals[0][0], intervals[-1][1]
        if whole[0] < self.window.earliest_us or whole[1] > self.window.latest_us:
            return None
        if not all(rate.is_known(start, end) for start, end, _ in intervals):
            return None
        counts = {one.count: one for one in self._workload.levels or ()}
        if self._workload.pauses is not None:
            draws = self._draws(tuple((one[0], one[1]) for one in intervals), self._pauses())
        elif counts:
            draws = tuple(
                (start, end, self._level(1.0, counts[count].power_w)[1])
                for start, end, count in intervals
            )
        else:
            return self._placed(whole[0], self.profile)
        course = self._course(tuple(intervals), draws)
        return course if self._keeps(course) else None

    def until_done(self, course: Course, since_us: int) -> int:
        """Return the score of a course with all waiting from a time until its end.

        So courses of one job compare that have different work left, such as a restart.
        """
        more_us = length_of(self.profile) + self._asked_us - since_us
        return course.score + self._delay_cost() * more_us

    @property
    def moved_g(self) -> float:
        """The carbon of moving the data there, in grams."""
        return transfer_g(self)

    def fixed_cost(self, course: Course) -> float:
        """Return what does not depend on the price of an hour: the machine, and moving data."""
        offer = self.candidate.offer
        hours = course.running_us / _HOUR_US
        return offer.price_per_h * hours + offer.transfer_cost + transfer_price(self)

    def why_not(self) -> str:
        """Return why there is no course, for a record."""
        length_us = length_of(self.profile)
        if self._workload.levels is None:
            if self.window.earliest_us + length_us > self.window.latest_us:
                return str(Said("it cannot end before the deadline"))
            rate = self.rates.score
            if (
                min(rate.edges[-1], self.window.latest_us)
                - max(rate.edges[0], self.window.earliest_us)
                < length_us
            ):
                return str(Said("too few of its hours are known"))
        return str(Said("no hours keep the limits, or too few hours are known"))

    def _contiguous(self, cost: Rate) -> Course | None:
        found = best_start(
            cost,
            self.profile,
            self.window,
            delay_cost=self._delay_cost(),
            limits=self._limits(),
        )
        return None if found is None else self._placed(found[0], self.profile)

    def _pausing(self) -> Course | None:
        """Return the best course with pauses; where it breaks a limit, the best that is known."""
        best = self._paused(self.rates.score, delay_cost=self._delay_cost())
        if best is None or self._keeps(best):
            return best
        rates = [limit.rate for limit in self._limits()]
        others = [self._paused(rate, delay_cost=0) for rate in rates]
        others.append(self._contiguous(self.rates.score))
        kept = [other for other in others if other is not None and self._keeps(other)]
        if not kept:
            return None
        return min(kept, key=lambda one: (one.score, one.start_us)).replace(is_exact=False)

    def _paused(self, cost: Rate, *, delay_cost: int) -> Course | None:
        pausing = self._pauses()
        if pausing.is_free and not delay_cost and len(self.profile) == 1:
            ((length_us, power),) = self.profile
            found = cheapest_moments(cost, length_us, power, self.window)
        else:
            self._must_be_coarse(pausing.step_us)
            found = best_pauses(cost, self.profile, self.window, pausing, delay_cost=delay_cost)
        if found is None:
            return None
        intervals = tuple((start, end, 1) for start, end in found[0])
        return self._course(intervals, self._draws(found[0], pausing))

    def _must_be_coarse(self, step_us: int) -> None:
        """Refuse steps so short that the search would take minutes."""
        steps = (self.window.latest_us - self.window.earliest_us) // step_us
        if steps * (length_of(self.profile) // step_us) > _MOST_STATES:
            raise InputError(
                "The job may pause at any of {steps} steps of {step_s} s, which are too many to "
                "search: give a longer step, such as step_min = 60, or an earlier deadline.",
                steps=steps,
                step_s=step_us / MICRO,
            )

    def _elastic(self) -> Course | None:
        levels, weights = self._workload.levels or (), self._workload.weights
        if weights.get("delay_h") or (self.candidate.offer.price_per_h and weights.get("cost")):
            raise InputError(
                "A job that scales takes no weight on delay, and none on money where a machine "
                "costs by the hour: give a deadline, or plan it at one level."
            )
        known: dict[int, Level] = {}
        for scale in levels:
            speed, power = self._level(scale.speed, scale.power_w)
            known[scale.count] = Level(count=scale.count, speed=speed, power_mw=power)
        found = best_allocation(self.rates.score, [*known.values()], self._work(), self.window)
        if found is None:
            return None
        draws = tuple((one.start_us, one.end_us, one.level.power_mw) for one in found[0])
        intervals = tuple((one.start_us, one.end_us, one.level.count) for one in found[0])
        return self._course(intervals, draws)

    # ---------------------------------------------------------------------------------- its pieces

    def _work(self) -> int:
        return round(self._workload.duration_s * MICRO) * _WORK

    def _level(self, speed: float, power_w: float) -> tuple[int, int]:
        offer = self.candidate.offer
        return round(speed * offer.speed * _WORK), round(power_w * offer.power * MILLI)

    def _pauses(self) -> Pausing:
        pauses = self._workload.pauses
        assert pauses is not None, "asked only of a job that pauses"
        offer = self.candidate.offer
        restart_us = round(pauses.restart_s * MICRO)
        return Pausing(
            step_us=round(pauses.step_s * MICRO),
            restart_us=restart_us,
            restart_mw=round(pauses.restart_w * offer.power * MILLI),
            idle_mw=round(pauses.idle_w * MILLI),
            minimum_us=round(pauses.minimum_s * MICRO),
            most_pauses=pauses.most,
            restart_cost=self._hours_cost(restart_us),
            goes_on=self._goes_on,
        )

    def _draws(
        self, intervals: tuple[tuple[int, int], ...], pausing: Pausing
    ) -> tuple[tuple[int, int, int], ...]:
        """Return what it draws: restarts, the work, and while it waits."""
        found: list[tuple[int, int, int]] = []
        left = [*self.profile]
        for number, (start, end) in enumerate(intervals):
            at = start
            if number:
                if pausing.idle_mw:
                    found.append((intervals[number - 1][1], start, pausing.idle_mw))
                if pausing.restart_us:
                    at += pausing.restart_us
                    found.append((start, at, pausing.restart_mw))
            while at < end:
                length_us, power = left[0]
                used_us = min(length_us, end - at)
                found.append((at, at + used_us, power))
                at += used_us
                left[0] = (length_us - used_us, power)
                if not left[0][0]:
                    left.pop(0)
        return tuple(found)

    def _placed(self, start_us: int, profile: Profile, *, count: int = 1) -> Course | None:
        end_us = start_us + length_of(profile)
        if end_us > self.window.latest_us or not self.rates.score.is_known(start_us, end_us):
            return None
        draws: list[tuple[int, int, int]] = []
        at = start_us
        for length_us, power in profile:
            draws.append((at, at + length_us, power))
            at += length_us
        return self._course(((start_us, end_us, count),), tuple(draws))

    def _course(
        self,
        intervals: tuple[tuple[int, int, int], ...],
        draws: tuple[tuple[int, int, int], ...],
    ) -> Course:
        bare = Course(candidate=self.candidate, intervals=intervals, draws=draws, score=0)
        late_us = bare.end_us - self._asked_us - length_of(self.profile)
        score = (
            bare.taken(self.rates.score)
            + self._hours_cost(bare.running_us)
            + self._transfer_cost()
            + self._delay_cost() * late_us
        )
        return bare.replace(score=score)

    def _delay_cost(self) -> int:
        """Return what a microsecond of waiting costs, on the scale of the score."""
        return round(weight_of(self._workload, "delay_h") * (SCORE / MICRO) / _HOUR_US)

    def _hours_cost(self, running_us: int) -> int:
        """Return what the machine costs while it runs, on the scale of the score."""
        per_us = self.candidate.offer.price_per_h * (SCORE / MICRO) / _HOUR_US
        return round(weight_of(self._workload, "cost") * per_us) * running_us

    def _transfer_cost(self) -> int:
        """Return what moving the data there costs, on the scale of the score."""
        offer = self.candidate.offer
        moved = round(transfer_g(self) * weight_of(self._workload, "carbon_g") * (SCORE / MICRO))
        money = offer.transfer_cost + transfer_price(self)
        return moved + round(money * weight_of(self._workload, "cost") * (SCORE / MICRO))

    # ---------------------------------------------------------------------------------- its limits

    def _limits(self) -> list[Limit]:
        """Return the limits as what a joule takes, and how much of it is left for the work."""
        asked, found = self._workload.limits, list[Limit]()
        if asked.carbon_g is not None:
            left = asked.carbon_g - transfer_g(self)
            found.append(Limit(rate=self.rates.carbon, most=round(left * MICRO * KWH)))
        if asked.cost is not None and self.rates.price is not None:
            offer = self.candidate.offer
            hours = length_of(self.profile) / _HOUR_US
            left = asked.cost - offer.transfer_cost - transfer_price(self)
            left -= offer.price_per_h * hours
            found.append(Limit(rate=self.rates.price, most=round(left * MICRO * KWH)))
        if asked.renewable_share is not None:
            share = self.candidate.renewable
            if share is None:
                raise InputError(
                    "The plan has a limit on the renewable share, but that of {site} is not "
                    "known: give a series of it.",
                    site=self.candidate.offer.name,
                )
            rate = rate_of(share, 1.0, self.window)
            least = round(asked.renewable_share * MICRO)
            missing = [None if value is None else least - value for value in rate.values]
            found.append(Limit(rate=Rate(rate.edges, missing), most=0))
        return found

    def _keeps(self, course: Course) -> bool:
        price_per_h = self.candidate.offer.price_per_h
        more_us = course.running_us - length_of(self.profile)
        for limit in self._limits():
            paid = 0
            if limit.rate is self.rates.price:
                paid = round(price_per_h * more_us / _HOUR_US * MICRO * KWH)
            if course.taken(limit.rate) + paid > limit.most:
                return False
        return True

    def _checked(self, course: Course | None) -> Course | None:
        """Return a course that scales if it keeps the limits.

        Raises:
            InputError: If it breaks one: no other was looked for.
        """
        if course is not None and not self._keeps(course):
            raise InputError(
                "The best course of the job that scales breaks a limit, and limits are searched "
                "for jobs of one level only: relax the limit, or plan it at one level."
            )
        return course


def transfer_g(task: Task) -> float:
    """Return the carbon of moving the data there, in grams, by the site's hours while it lasts."""
    return _moved(task, task.rates.carbon)


def transfer_price(task: Task) -> float:
    """Return what the electricity of moving the data costs; 0 where no price is known."""
    return 0.0 if task.rates.price is None else _moved(task, task.rates.price)


def _moved(task: Task, rate: Rate) -> float:
    offer = task.candidate.offer
    if not offer.transfer_j:
        return 0.0
    end_us = task.window.earliest_us
    start_us = end_us - round(offer.transfer_s * MICRO)
    if start_us == end_us:  # at once: by the first hour
        end_us += 1
    if not rate.is_known(start_us, end_us):
        raise CoverageError(
            "The data move to {site} in hours of which nothing is known. Load a longer series.",
            site=offer.name,
        )
    mean = rate.between(start_us, end_us) / (end_us - start_us) / MICRO
    return mean * Energy(offer.transfer_j).to("kWh")
