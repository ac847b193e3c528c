"""Policies replayed on history: what each would have cost, for many jobs at once.

A job is an arrival, a length and a deadline on a grid of even slots, and draws the same power
throughout. Values are whole numbers, so every sum is exact and the earliest of equal windows wins.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy import int64
    from numpy.typing import NDArray

    from brizna.core.signal import Signal
    from brizna.plan._bulk import BulkJob

    Whole = NDArray[int64]

UNKNOWN = 1 << 40
"""Stands for a value that is not known: dearer than any sum of known ones."""
_BEYOND = 1 << 50
"""Stands for what lies behind the last value: dearer than any sum of values, known or not."""
FINE = 1_000_000
"""Whole numbers are millionths of a signal's unit: micrograms per kWh, say."""
_AT_ONCE = 1 << 22
"""How many values are gathered at a time: some tens of megabytes."""


class Slots(Record):
    """A signal on even slots, in whole numbers.

    Attributes:
        start: When the first slot begins.
        step: How long each lasts.
        values: Millionths of the signal's unit, shape (slots,); `UNKNOWN` where it says nothing.
    """

    start: datetime
    step: timedelta
    values: Whole

    def slot(self, instant: datetime) -> int:
        """Return the slot that an instant lies in; it may lie outside the values."""
        return (instant - self.start) // self.step

    def instant(self, slot: int) -> datetime:
        """Return when a slot begins."""
        return self.start + slot * self.step


class Replayed(Record):
    """What a policy did with some jobs.

    Attributes:
        cost: Sum of the values of the slots used, shape (jobs,).
        finish: The slot behind the last one used, shape (jobs,).
    """

    cost: Whole
    finish: Whole


class Issue(Record):
    """A forecast as it was known from some slot on.

    Attributes:
        slot: The slot from which it can be used.
        first: The slot that its first value is of.
        values: As in `Slots`.
    """

    slot: int
    first: int
    values: Whole

    def of(self, first: int, end: int) -> Whole:
        """Return its values for a range of slots; `UNKNOWN` where it does not reach."""
        import numpy as np

        found = np.full(end - first, UNKNOWN, dtype=np.int64)
        early, late = max(first, self.first), min(end, self.first + len(self.values))
        if early < late:
            found[early - first : late - first] = self.values[
                early - self.first : late - self.first
            ]
        return found


def slots_of(signal: Signal, step: timedelta | None = None) -> Slots:
    """Return a signal on even slots.

    Args:
        signal: The signal.
        step: How long a slot lasts; the signal's shortest one if None.

    Raises:
        InputError: If its slots are no whole multiples of the step.
    """
    import numpy as np

    step = step or min(late - early for early, late in pairwise(signal.edges))
    count = (signal.end - signal.start) // step
    values = np.full(count, UNKNOWN, dtype=np.int64)
    for value, (early, late) in zip(signal.values, pairwise(signal.edges), strict=True):
        if (early - signal.start) % step or (late - early) % step:
            raise InputError(
                "{source} has a slot from {start} to {end}, which is no multiple of {step}. "
                "Resample it to even slots.",
                source=signal.source,
                start=early.isoformat(),
                end=late.isoformat(),
                step=str(step),
            )
        if value is not None:
            first = (early - signal.start) // step
            values[first : first + (late - early) // step] = round(value * FINE)
    return Slots(start=signal.start, step=step, values=values)


def fitting(values: Whole, length: int) -> Whole:
    """Return the arrivals at which a job of some slots can run at once: all of them are known."""
    import numpy as np

    if length > len(values):
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(_sums(values, length) < UNKNOWN // 2)


def replay(
    values: Whole,
    arrivals: Whole,
    length: int,
    slack: int,
    *,
    can_pause: bool = False,
    paid: Whole | None = None,
) -> Replayed:
    """Return what it costs jobs to use the slots that are cheapest by some values.

    A job uses slots ``arrival .. arrival + length + slack - 1``, as far as there are values. Among
    equal ones the earliest win. With no slack this is what running at once costs.

    Args:
        values: As in `Slots`.
        arrivals: From which slot each job may run; each among `fitting`.
        length: How many slots each works.
        slack: How many slots later than at once each may end.
        can_pause: Whether they may use any slots, or ones in a row.
        paid: What the slots really cost, shape (slots,); the values by which they are chosen if
            None, which is the best possible.
    """
    import numpy as np

    if not len(arrivals):
        return Replayed(cost=arrivals, finish=arrivals)
    if not (can_pause and slack):
        values = _sums(values, length)
        paid = None if paid is None else _sums(paid, length)
    width, choose = (
        (length + slack, _any_slots) if can_pause and slack else (slack + 1, _one_window)
    )
    windows = _windows(values, width, slack)
    others = None if paid is None else _windows(paid, width, slack)
    rows = max(_AT_ONCE // width, 1)
    costs: list[Whole] = []
    finishes: list[Whole] = []
    for first in range(0, len(arrivals), rows):
        some = arrivals[first : first + rows]
        cost, finish = choose(windows[some], length, None if others is None else others[some])
        costs.append(cost)
        finishes.append(some + finish)
    return Replayed(cost=np.concatenate(costs), finish=np.concatenate(finishes))


def follow(
    issues: Sequence[Issue], job: BulkJob, *, replans: bool, margin: float = 0.0
) -> tuple[int, ...] | None:
    """Return the slots a job uses that knows only what was forecast; None if nothing was yet.

    The deadline is always kept. Slots that no forecast reaches are used only where a job does not
    fit into the others, the earliest first.

    Args:
        issues: Forecasts, in the order in which they came out.
        job: The job.
        replans: Whether it plans what is left anew when a forecast comes out, or only once. A job
            that cannot pause stays with its plan once it has begun.
        margin: The share of the cost by which a new plan must be better, by the new forecast.
    """
    end = job.arrival + job.length + job.slack
    known = [issue for issue in issues if issue.slot <= job.arrival][-1:]
    if not known:
        return None
    if replans:
        known += [issue for issue in issues if job.arrival < issue.slot < end]
    done: tuple[int, ...] = ()
    plan: tuple[int, ...] = ()
    for issue in known:
        now = max(issue.slot, job.arrival)
        done += tuple(slot for slot in plan if slot < now)
        plan = tuple(slot for slot in plan if slot >= now)
        if len(done) == job.length or (done and not job.can_pause):
            break
        values = issue.of(now, end)
        fresh = _plan(values, job.length - len(done), can_pause=job.can_pause)
        cost = sum(int(values[slot - now]) for slot in plan)
        gain = cost - sum(int(values[slot]) for slot in fresh)
        if not plan or gain > margin * abs(cost):
            plan = tuple(slot + now for slot in fresh)
    return done + plan


def next_workday(finish: datetime) -> datetime:
    """Return when a result is first looked at: at once from 9 to 17 h on a workday, or at 9 h next.

    By the instant's own clock. What ends on a Friday evening is due on Saturday at 9 h, as in the
    reference's own figures; what ends on a Saturday or Sunday, on Monday.

    References:
        P. Wiesner et al., "Let's Wait Awhile", Middleware '21, the scenario of machine learning.
    """
    morning = finish.replace(hour=9, minute=0, second=0, microsecond=0)
    if finish.weekday() >= 5:
        return morning + timedelta(days=7 - finish.weekday())
    if finish < morning:
        return morning
    return finish if finish <= morning.replace(hour=17) else morning + timedelta(days=1)


def semi_weekly(finish: datetime) -> datetime:
    """Return the next Monday or Thursday, 9 h, by the instant's own clock.

    References:
        P. Wiesner et al., "Let's Wait Awhile", Middleware '21, the scenario of machine learning.
    """
    morning = finish.replace(hour=9, minute=0, second=0, microsecond=0)
    if finish > morning:
        morning += timedelta(days=1)
    weekday = morning.weekday()
    return morning + timedelta(days=min((day - weekday) % 7 for day in (0, 3)))


def _sums(values: Whole, length: int) -> Whole:
    """Return the sum of each window of some values in a row."""
    import numpy as np

    sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
    return sums[length:] - sums[: len(sums) - length]


def _windows(values: Whole, width: int, slack: int) -> Whole:
    """Return the values within reach of each arrival, shape (arrivals, width)."""
    import numpy as np

    padded = np.append(values, np.full(slack, _BEYOND, dtype=np.int64))
    return np.lib.stride_tricks.sliding_window_view(padded, width)


def _one_window(sums: Whole, length: int, paid: Whole | None) -> tuple[Whole, Whole]:
    """Return cost and end of the cheapest of each job's windows, the earliest of equal ones."""
    import numpy as np

    best = sums.argmin(axis=1)
    cost = np.take_along_axis(sums if paid is None else paid, best[:, None], axis=1)[:, 0]
    return cost, best + length


def _any_slots(values: Whole, length: int, paid: Whole | None) -> tuple[Whole, Whole]:
    """Return cost and end of the cheapest slots of each window, the earliest of equal ones."""
    import numpy as np

    width = values.shape[1]
    keys: Whole = values * width + np.arange(width, dtype=np.int64)
    chosen: Whole = np.partition(keys, length - 1, axis=1)[:, :length]
    places = chosen % width
    costs = chosen // width if paid is None else np.take_along_axis(paid, places, axis=1)
    return costs.sum(axis=1), places.max(axis=1) + 1


def _plan(values: Whole, length: int, *, can_pause: bool) -> tuple[int, ...]:
    import numpy as np

    if can_pause:
        order = np.argsort(values, kind="stable")[:length]
        return tuple(sorted(int(slot) for slot in order))
    first = int(_sums(values, length).argmin())
    return tuple(range(first, first + length))
