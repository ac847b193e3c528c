"""One job without pauses: the exact best start, by any one score, under any limits.

What a run costs is a piecewise linear function of its start: it bends only where an edge of the
job's power profile meets an edge of a slot. So the best start is one of those, or an end of the
allowed time, or where a limit is just kept; all of them are looked at.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, pairwise

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.plan._rate import Rate

Profile = tuple[tuple[int, int], ...]
"""A job's power along its work: pairs of microseconds and milliwatts, in order."""


class Limit(Record):
    """What a run may take at most of something.

    Attributes:
        rate: What a joule takes of it, over time.
        most: At most so much: the rate's unit times milliwatts times microseconds.
    """

    rate: Rate
    most: int


class Window(Record):
    """When a job may run.

    Attributes:
        earliest_us: It starts no earlier; microseconds since the epoch.
        latest_us: It ends no later.
    """

    earliest_us: int
    latest_us: int


def taken(rate: Rate, profile: Profile, start_us: int) -> int:
    """Return what a run without pauses takes: the rate's unit x milliwatts x microseconds."""
    spent, begin = 0, start_us
    before = rate.until(begin)
    for length_us, power_mw in profile:
        begin += length_us
        after = rate.until(begin)
        spent += power_mw * (after - before)
        before = after
    return spent


def length_of(profile: Profile) -> int:
    """Return how long a job works, in microseconds."""
    return sum(length_us for length_us, _ in profile)


def candidate_starts(rates: Sequence[Rate], profile: Profile, window: Window) -> list[int]:
    """Return, in order, the starts among which the best one is for any score made of these rates.

    Only starts at which every rate is known for the whole run are among them.
    """
    length_us = length_of(profile)
    first = max(window.earliest_us, *(rate.edges[0] for rate in rates))
    last = min(window.latest_us, *(rate.edges[-1] for rate in rates)) - length_us
    if last < first:
        return []
    offsets = [0, *accumulate(length_us for length_us, _ in profile)]
    starts = {first, last}
    for rate in rates:
        for offset in offsets:
            near = slice(
                bisect_left(rate.edges, first + offset), bisect_right(rate.edges, last + offset)
            )
            starts.update(edge - offset for edge in rate.edges[near])
    return [
        start
        for start in sorted(starts)
        if all(rate.is_known(start, start + length_us) for rate in rates)
    ]


def best_start(
    cost: Rate,
    profile: Profile,
    window: Window,
    *,
    delay_cost: int = 0,
    limits: Sequence[Limit] = (),
) -> tuple[int, int] | None:
    """Return the best start and its score; None if no start keeps the window and the limits.

    Among equal starts the earliest wins.

    Args:
        cost: What a joule costs, over time.
        profile: The job's power.
        window: When it may run.
        delay_cost: What a microsecond of waiting costs, on the scale of the score: `taken`'s unit.
        limits: What the run may take of other things.
    """
    rates = [cost, *(limit.rate for limit in limits)]
    starts = candidate_starts(rates, profile, window)
    length_us = length_of(profile)
    found = [*starts]
    for limit in limits:
        for early, late in pairwise(starts):
            if all(rate.is_known(early, late + length_us) for rate in rates):
                found += _crossings(limit, profile, early, late)
    best: tuple[int, int] | None = None
    for start in sorted(set(found)):
        if any(taken(limit.rate, profile, start) > limit.most for limit in limits):
            continue
        score = taken(cost, profile, start) + delay_cost * (start - window.earliest_us)
        if best is None or score < best[1]:
            best = start, score
    return best


def _crossings(limit: Limit, profile: Profile, early: int, late: int) -> list[int]:
    """Return the whole microseconds next to where a limit begins or ends to be kept."""
    at_early = taken(limit.rate, profile, early) - limit.most
    at_late = taken(limit.rate, profile, late) - limit.most
    if (at_early > 0) == (at_late > 0):
        return []
    point = early + at_early * (late - early) // (at_early - at_late)
    return [point, point + 1] if point < late else [point]
