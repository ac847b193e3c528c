"""One job that may use more or fewer machines from slot to slot: the exact best allocation.

The scaling curve is taken as it was measured: it need not be concave, an allocation holds for a
whole slot, and the last one ends when the work does. Which is why taking the cheapest next bit of
work again and again is not optimal. The search goes through the slots in time, keeps what no
other choice beats in work and cost at once, and drops what cannot beat the best plan found, even
if the rest could be had at the price of the curve's concave hull.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import accumulate, pairwise

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.plan._contiguous import Window
    from brizna.plan._rate import Rate


class Level(Record):
    """One point of a scaling curve.

    Attributes:
        count: How many machines, or whatever scales.
        speed: Work done in a microsecond, in any whole unit.
        power_mw: What all of them draw, in milliwatts.
    """

    count: int
    speed: int
    power_mw: int

    def _check(self) -> None:
        if self.speed <= 0 or self.power_mw < 0:
            raise InputError(
                "The level of {count} has speed {speed} and power {power_mw} mW: expected a "
                "speed above 0 and a power of 0 or more.",
                count=self.count,
                speed=self.speed,
                power_mw=self.power_mw,
            )


class Allocation(Record):
    """An interval with a level.

    Attributes:
        start_us: Microseconds since the epoch.
        end_us: Microseconds since the epoch; rounded up where the work ends within one.
        level: What runs meanwhile.
    """

    start_us: int
    end_us: int
    level: Level


class _Slot:
    """A part of a known slot of the signal inside the window."""

    __slots__ = ("end_us", "length_us", "start_us", "value")

    def __init__(self, start_us: int, end_us: int, value: int) -> None:
        self.start_us = start_us
        self.end_us = end_us
        self.length_us = end_us - start_us
        self.value = value


class _Way:
    """What was done so far, and how."""

    __slots__ = ("before", "cost", "level", "slot", "work")

    def __init__(
        self, work: int, cost: int, before: _Way | None, slot: int, level: Level | None
    ) -> None:
        self.work = work
        self.cost = cost
        self.before = before
        self.slot = slot
        self.level = level


def best_allocation(
    cost: Rate, levels: Sequence[Level], work: int, window: Window
) -> tuple[tuple[Allocation, ...], Fraction] | None:
    """Return the allocation that costs least, with its score; None if the window is too short.

    Among equal scores the one that ends first wins.

    Args:
        cost: What a joule costs in each slot; the level may change at each of its edges. Not
            negative.
        levels: The scaling curve; to run nothing is always allowed too.
        work: How much is to be done, in the unit of the levels' speed times microseconds.
        window: When it may run.

    Returns:
        The allocations in order, and the score in the rate's unit x milliwatts x microseconds.

    Raises:
        InputError: If a cost is negative, or there is no level.
    """
    slots = [_Slot(*piece) for piece in cost.pieces(window.earliest_us, window.latest_us)]
    if any(slot.value < 0 for slot in slots) or not levels:
        raise InputError(
            "An elastic job needs costs of 0 or more and one level at least; the lowest cost is "
            "{least}, and there are {count} levels. Plan it as a job that pauses instead.",
            least=min((slot.value for slot in slots), default=0),
            count=len(levels),
        )
    return _Search(slots, levels, work).solve()


class _Search:
    """Branch and bound over the slots, breadth first."""

    def __init__(self, slots: Sequence[_Slot], levels: Sequence[Level], work: int) -> None:
        self._slots = slots
        self._levels = sorted(levels, key=lambda level: (level.speed, level.power_mw))
        self._work = work
        self._hull = _hull(self._levels)
        self._bounds = [self._bound_from(index) for index in range(len(slots) + 1)]
        self._best: Fraction | None = None
        self._last: tuple[_Way, int, Level] | None = None

    def solve(self) -> tuple[tuple[Allocation, ...], Fraction] | None:
        ways = [_Way(0, 0, None, -1, None)]
        for index in range(len(self._slots)):
            for way in ways:
                self._try_to_end(way, index)
            ways = self._prune([new for way in ways for new in self._extend(way, index)], index + 1)
        if self._best is None or self._last is None:
            return None
        return self._tell(*self._last), self._best

    def _extend(self, way: _Way, index: int) -> list[_Way]:
        slot = self._slots[index]
        found = [way]
        for level in self._levels:
            work = way.work + level.speed * slot.length_us
            if work < self._work:
                spent = slot.value * level.power_mw * slot.length_us
                found.append(_Way(work, way.cost + spent, way, index, level))
        return found

    def _try_to_end(self, way: _Way, index: int) -> None:
        """Look at the plans that end in this slot."""
        slot, left = self._slots[index], self._work - way.work
        for level in self._levels:
            if level.speed * slot.length_us < left:
                continue
            total = way.cost + Fraction(slot.value * level.power_mw * left, level.speed)
            if self._best is None or total < self._best:
                self._best, self._last = total, (way, index, level)

    def _prune(self, ways: list[_Way], index: int) -> list[_Way]:
        """Keep what nothing beats in work and cost, and what can still beat the best plan."""
        ways.sort(key=lambda way: (-way.work, way.cost))
        kept: list[_Way] = []
        for way in ways:
            if kept and way.cost >= kept[-1].cost:
                continue
            rest = self._least(index, self._work - way.work)
            if rest is None or (self._best is not None and way.cost + rest >= self._best):
                continue
            kept.append(way)
        return kept

    def _bound_from(self, index: int) -> tuple[list[int], list[Fraction], list[Fraction]]:
        """Return how work is had most cheaply in the slots from one on, if it could be divided.

        Returns:
            The work up to the end of each step, the cost up to there, and each step's unit price,
            cheapest first.
        """
        steps = sorted(
            (slot.value * power_mw / speed, speed * slot.length_us)
            for slot in self._slots[index:]
            for speed, power_mw in self._hull
        )
        work = [*accumulate((amount for _, amount in steps), initial=0)]
        cost = [*accumulate((price * amount for price, amount in steps), initial=Fraction(0))]
        return [int(amount) for amount in work], cost, [price for price, _ in steps]

    def _least(self, index: int, work: int) -> Fraction | None:
        """Return a lower bound of what work costs from a slot on; None if it cannot be done."""
        done, cost, prices = self._bounds[index]
        step = bisect_left(done, work)
        if step == len(done):
            return None
        if step == 0:
            return Fraction(0)
        return cost[step - 1] + prices[step - 1] * (work - done[step - 1])

    def _tell(self, way: _Way, index: int, level: Level) -> tuple[Allocation, ...]:
        slot, left = self._slots[index], self._work - way.work
        end_us = slot.start_us - (-left // level.speed)
        told = [Allocation(start_us=slot.start_us, end_us=end_us, level=level)]
        link: _Way | None = way
        while link is not None and link.level is not None:
            slot = self._slots[link.slot]
            told.append(Allocation(start_us=slot.start_us, end_us=slot.end_us, level=link.level))
            link = link.before
        return tuple(reversed(told))


def _hull(levels: Sequence[Level]) -> list[tuple[int, Fraction]]:
    """Return the lower convex hull of power over speed from rest: steps of speed and power.

    Each step's power for its speed is no lower than that of the step before.
    """
    points: list[tuple[int, int]] = [(0, 0)]
    for level in levels:
        while len(points) > 1 and _is_above(points[-2], points[-1], level):
            points.pop()
        if level.speed > points[-1][0]:
            points.append((level.speed, level.power_mw))
    return [(late[0] - early[0], Fraction(late[1] - early[1])) for early, late in pairwise(points)]


def _is_above(one: tuple[int, int], two: tuple[int, int], level: Level) -> bool:
    """Tell whether the middle one of three points lies on or above the line between the others."""
    return (two[1] - one[1]) * (level.speed - one[0]) >= (level.power_mw - one[1]) * (
        two[0] - one[0]
    )
