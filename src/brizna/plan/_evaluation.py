"""What policies would have saved on history, with how sure that is.

Every job draws the same power throughout, so what it costs is told per unit of energy: grams per
kilowatt-hour. What a policy is charged is what came, whatever it had planned with.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan._bulk import BulkJob
from brizna.plan._policies import (
    FINE,
    UNKNOWN,
    Issue,
    Replayed,
    fitting,
    follow,
    next_workday,
    replay,
    semi_weekly,
    slots_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, tzinfo

    from numpy import bool_, float64
    from numpy.random import Generator
    from numpy.typing import NDArray

    from brizna.core.signal import Signal
    from brizna.plan._policies import Slots, Whole

    Flags = NDArray[bool_]
    Floats = NDArray[float64]

RULES: dict[str, Callable[[datetime], datetime]] = {
    "next-workday": next_workday,
    "semi-weekly": semi_weekly,
}
"""Deadlines that follow from when a job would end at once."""
POLICIES = ("now", "start", "pause")
"""Run at once; wait for the best start; pause and resume."""
KNOWLEDGE = ("perfect", "one-shot", "re-planned")
"""Knows what comes; plans once with the forecast there is; plans anew with each forecast."""
_WEEK = timedelta(weeks=1)
_HOUR = timedelta(hours=1)
_RESAMPLES = 1000
_TAIL = 2.5


class Trial(Record):
    """The jobs that policies are tried on: one at each arrival.

    Attributes:
        length: How long each works.
        slack: How much later than at once it may end, or the name of one of `RULES`.
        every: How long from one arrival to the next, from the signal's start on; whenever a
            forecast comes out if None.
        margin: As for `follow`.
        clock: The time zone by whose clock a rule's deadline is found; the signal's own, UTC, if
            None.
    """

    length: timedelta
    slack: timedelta | str
    every: timedelta | None
    margin: float = 0.0
    clock: tzinfo | None = None

    def _check(self) -> None:
        if isinstance(self.slack, str) and self.slack not in RULES:
            raise InputError(
                "{slack!r} is no rule for a deadline: expected a time such as 24h, or {rules}.",
                slack=self.slack,
                rules=", ".join(RULES),
            )
        if self.length <= timedelta(0) or (self.every or self.length) <= timedelta(0):
            raise InputError(
                "The jobs take {length} and arrive every {every}: expected more than 0.",
                length=str(self.length),
                every=str(self.every),
            )


class Score(Record):
    """How one policy did.

    Attributes:
        policy: One of `POLICIES`.
        knowledge: One of `KNOWLEDGE`.
        jobs: How many jobs there were.
        mean: What a unit of energy cost, in the signal's unit; the mean over all jobs.
        mean_now: The same for running at once.
        saving: Share of that which is saved, 0.1 a tenth; negative where it cost more, None where
            running at once cost nothing.
        saving_low: Lower end of the saving's 95 % interval, from whole weeks drawn anew; None
            where there is but one.
        saving_high: Its upper end.
        kept: Share of the perfect saving that is kept; None where there is none to keep.
        regret: By how much the mean lies over that of the same policy with perfect knowledge.
        delay_h: By how many hours the jobs end later than at once; the mean.
        gain: Of what running at once costs, the share that is saved beyond planning once, job by
            job the same ones; None but for planning anew.
        gain_low: Lower end of its 95 % interval, as of the saving's.
        gain_high: Its upper end.
    """

    policy: str
    knowledge: str
    jobs: int
    mean: float
    mean_now: float
    saving: float | None
    saving_low: float | None
    saving_high: float | None
    kept: float | None
    regret: float
    delay_h: float
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


def evaluate(
    actual: Signal, trial: Trial, *, rng: Generator, forecasts: Sequence[Signal] = ()
) -> tuple[Score, ...]:
    """Return how each policy does on the jobs of a trial.

    Left out are jobs that no longer fit before the end, or would run through a gap at once; with
    forecasts also those that come before the first one.

    Args:
        actual: What came.
        trial: The jobs.
        rng: Draws the weeks for the intervals.
        forecasts: What was issued, each with its ``issued_at``; with perfect knowledge only if
            there are none.

    Raises:
        InputError: If no job is left, or a forecast does not say when it was issued.
    """
    slots = slots_of(actual)
    issues = sorted((_issue(one, actual, slots) for one in forecasts), key=lambda one: one.slot)
    replays = _Replays(slots, issues, trial, rng)
    now = replays.knowing(can_pause=False, waits=False)
    scores = [replays.score("now", "perfect", now, now)]
    for policy in POLICIES[1:]:
        can_pause = policy == "pause"
        best = replays.knowing(can_pause=can_pause)
        scores.append(replays.score(policy, "perfect", best, best))
        if issues:
            once = replays.following(can_pause=can_pause, replans=False)
            scores.append(replays.score(policy, "one-shot", once, best))
            anew = replays.following(can_pause=can_pause, replans=True)
            score = replays.score(policy, "re-planned", anew, best)
            scores.append(score.replace(**replays.gain(anew, once)))
    return tuple(scores)


class _Replays:
    """The jobs of a trial, in groups of one slack."""

    def __init__(self, slots: Slots, issues: Sequence[Issue], trial: Trial, rng: Generator) -> None:
        import numpy as np

        self._slots, self._issues, self._margin = slots, issues, trial.margin
        self._length = _whole(trial.length, slots)
        arrivals = fitting(slots.values, self._length)
        if trial.every is not None:
            arrivals = arrivals[arrivals % _whole(trial.every, slots) == 0]
            arrivals = arrivals[arrivals >= issues[0].slot] if issues else arrivals
        else:
            arrivals = np.intersect1d(arrivals, [issue.slot for issue in issues])
        if not len(arrivals):
            raise InputError(
                "No job of {length} fits into the series from {start} on: expected a longer one, "
                "without gaps, or shorter jobs.",
                length=str(trial.length),
                start=slots.start.isoformat(),
            )
        self._groups = _by_slack(arrivals, self._length, trial, slots)
        self._now = self.knowing(can_pause=False, waits=False)
        weeks = np.concatenate([some for _, some in self._groups]) // (_WEEK // slots.step)
        self._weeks = weeks - weeks.min()
        count = int(self._weeks.max()) + 1
        self._drawn = rng.multinomial(count, [1 / count] * count, size=_RESAMPLES)

    def knowing(self, *, can_pause: bool, waits: bool = True) -> Replayed:
        """Return what the jobs cost with perfect knowledge, or at once."""
        return _joined(
            replay(
                self._slots.values, some, self._length, slack if waits else 0, can_pause=can_pause
            )
            for slack, some in self._groups
        )

    def following(self, *, can_pause: bool, replans: bool) -> Replayed:
        """Return what the jobs cost that know forecasts only."""
        return _joined(
            self._follow(some, slack, can_pause=can_pause, replans=replans)
            for slack, some in self._groups
        )

    def _follow(self, some: Whole, slack: int, *, can_pause: bool, replans: bool) -> Replayed:
        import numpy as np

        values, length = self._slots.values, self._length
        costs: list[int] = []
        finishes: list[int] = []
        for arrival in some.tolist():
            left = min(slack, len(values) - arrival - length)
            job = BulkJob(arrival=arrival, length=length, slack=left, can_pause=can_pause)
            used = follow(self._issues, job, replans=replans, margin=self._margin)
            assert used is not None, "arrivals before the first forecast are left out"
            paid = [int(values[slot]) for slot in used]
            costs.append(sum(paid) if UNKNOWN not in paid else UNKNOWN)
            finishes.append(used[-1] + 1)
        return Replayed(
            cost=np.array(costs, dtype=np.int64), finish=np.array(finishes, dtype=np.int64)
        )

    def score(self, policy: str, knowledge: str, did: Replayed, best: Replayed) -> Score:
        """Compare what a policy did with running at once, and with the best it could do."""
        paid = did.cost < UNKNOWN  # a job that a forecast led into a gap cannot be charged
        jobs = int(paid.sum())
        cost, now, least = (int(one.cost[paid].sum()) for one in (did, self._now, best))
        energy = jobs * self._length * FINE
        late = (did.finish - self._now.finish)[paid].mean() * (self._slots.step / _HOUR)
        low, high = _interval(*(self._drawn_sums(one.cost, paid) for one in (did, self._now)))
        return Score(
            policy=policy,
            knowledge=knowledge,
            jobs=jobs,
            mean=cost / energy,
            mean_now=now / energy,
            saving=(now - cost) / now if now > 0 else None,
            saving_low=low,
            saving_high=high,
            kept=(now - cost) / (now - least) if now > least else None,
            regret=(cost - least) / energy,
            delay_h=float(late),
        )

    def gain(self, did: Replayed, other: Replayed) -> dict[str, float | None]:
        """Return what the jobs saved beyond another policy: the fields of `Score`."""
        paid = (did.cost < UNKNOWN) & (other.cost < UNKNOWN)
        now = int(self._now.cost[paid].sum())
        if now <= 0:
            return {}
        less = other.cost - did.cost
        drawn, at_once = (self._drawn_sums(one, paid) for one in (less, self._now.cost))
        low, high = _interval(at_once - drawn, at_once)
        return {"gain": int(less[paid].sum()) / now, "gain_low": low, "gain_high": high}

    def _drawn_sums(self, costs: Whole, paid: Flags) -> Floats:
        """Return the sum of some jobs' costs for each draw of weeks."""
        import numpy as np

        count = self._drawn.shape[1]
        by_week = np.bincount(self._weeks[paid], costs[paid].astype(np.float64), minlength=count)
        return self._drawn.astype(np.float64) @ by_week


def _interval(cost: Floats, now: Floats) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the saving; None with fewer weeks than it takes."""
    import numpy as np

    if (now <= 0).any() or np.ptp(now) == np.ptp(cost) == 0:
        return None, None
    low, high = np.percentile(1 - cost / now, [_TAIL, 100 - _TAIL])
    return float(low), float(high)


def _joined(parts: Iterable[Replayed]) -> Replayed:
    import numpy as np

    every = list(parts)
    return Replayed(
        cost=np.concatenate([one.cost for one in every]),
        finish=np.concatenate([one.finish for one in every]),
    )


def _by_slack(arrivals: Whole, length: int, trial: Trial, slots: Slots) -> list[tuple[int, Whole]]:
    """Return the arrivals in groups of one slack, in slots."""
    import numpy as np

    slack = trial.slack
    if isinstance(slack, timedelta):
        return [(_whole(slack, slots), arrivals)]
    groups: dict[int, list[int]] = {}
    for arrival in arrivals.tolist():
        finish = slots.instant(arrival + length)
        due = RULES[slack](finish if trial.clock is None else finish.astimezone(trial.clock))
        # In UTC: between two instants of one zone Python subtracts what the clocks show.
        late = due.astimezone(UTC) - finish.astimezone(UTC)
        groups.setdefault(late // slots.step, []).append(arrival)
    return [(some, np.array(group)) for some, group in sorted(groups.items())]


def _whole(time: timedelta, slots: Slots) -> int:
    """Return how many slots a time is."""
    if time % slots.step or time < timedelta(0):
        raise InputError(
            "{time} is no whole number of slots of {step}: expected a multiple of it.",
            time=str(time),
            step=str(slots.step),
        )
    return time // slots.step


def _issue(forecast: Signal, actual: Signal, slots: Slots) -> Issue:
    actual.must_match(forecast)
    if forecast.issued_at is None:
        raise InputError(
            "The forecast {source} from {start} on does not say when it was issued: expected "
            "issued_at, so that nothing is planned with what was not known yet.",
            source=forecast.source,
            start=forecast.start.isoformat(),
        )
    return Issue(
        slot=-((slots.start - forecast.issued_at) // slots.step),
        first=slots.slot(forecast.start),
        values=slots_of(forecast, slots.step).values,
    )
