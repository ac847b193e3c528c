"""Shares of the users of a machine in what it used, and how an estimate is parted by them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import fsum
from operator import mul

from brizna.core.estimate import Estimate, weakest
from brizna.core.series import UJ, US

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.core.series import Series

    Event = Mapping[str, Any]
    Shares = tuple[float, ...]
    """Of each user, of the others, of nobody: they sum to 1."""
    Columns = tuple[Sequence[float], ...]
    """The same of many intervals: for each of them its shares in all."""

CONTAINER = "container/"
WEIGHT = "factor:attribution/weight"
"""How many times the others' watts for the same use one user's may be."""


class Track:
    """A count that only grows, known at some times; between them it grows steadily.

    Attributes:
        t_us: When it is known.
        counts: What it had reached.
    """

    __slots__ = ("counts", "t_us")

    def __init__(self, known: Iterable[tuple[int, float]]) -> None:
        """Take what is known, in the order of time; a count that went back is left out."""
        self.t_us: list[int] = []
        self.counts: list[float] = []
        for t_us, count in known:
            if not self.counts or (count >= self.counts[-1] and t_us > self.t_us[-1]):
                self.t_us.append(t_us)
                self.counts.append(count)

    def at(self, times: Sequence[int], *, pace: Track | None = None) -> list[float]:
        """Return the count at each of the times; before the first and after the last it stands.

        Args:
            times: In microseconds.
            pace: What it grows in proportion to between two known counts, wherever that grows;
                time itself if None.
        """
        if times == self.t_us:
            return self.counts
        mine = self.t_us if pace is None else pace.at(self.t_us)
        theirs = times if pace is None else pace.at(times)
        found: list[float] = []
        for t_us, x in zip(times, theirs, strict=True):
            right = bisect_left(self.t_us, t_us)
            if right == 0 or right == len(self.t_us):
                found.append(self.counts[min(right, len(self.t_us) - 1)])
                continue
            left, span, passed = right - 1, mine[right] - mine[right - 1], x - mine[right - 1]
            if span <= 0:
                span, passed = self.t_us[right] - self.t_us[left], t_us - self.t_us[left]
            found.append(
                self.counts[left] + (self.counts[right] - self.counts[left]) * passed / span
            )
        return found


class Use:
    """How much of one resource each user used, and the whole machine.

    Attributes:
        users: What each known user used, in order; None where that was never known.
        whole: What the whole machine used.
    """

    __slots__ = ("_told", "users", "whole")

    def __init__(self, users: Sequence[Track | None], whole: Track) -> None:
        self.users = tuple(users)
        self.whole = whole
        self._told: list[tuple[Sequence[int], Columns]] = []

    def shares(self, times: Sequence[int]) -> Columns:
        """Return the shares of each interval between two of the times.

        Channels are mostly read together, so what was told of some times is kept.
        """
        for known_times, told in self._told:
            if known_times == times:
                return told
        parts = self._parts(times)
        known = parts[0] if len(parts) == 1 else [fsum(row) for row in zip(*parts, strict=True)]
        most = list(map(max, _rises(self.whole.at(times)), known))
        shares = (
            *([u / m if m > 0 else 0.0 for u, m in zip(part, most, strict=True)] for part in parts),
            [(m - k) / m if m > 0 else 0.0 for k, m in zip(known, most, strict=True)],
            [0.0 if m > 0 else 1.0 for m in most],
        )
        self._told.append((times, shares))
        return shares

    def left_us(self) -> float:
        """Return what the whole machine used that no known user did."""
        times = self.whole.t_us
        rises = zip(_rises(self.whole.counts), zip(*self._parts(times), strict=True), strict=True)
        left = [whole - fsum(parts) for whole, parts in rises]
        return fsum(value for value in left if value > 0)

    def _parts(self, times: Sequence[int]) -> list[list[float]]:
        """Return, by user, what it used in each interval."""
        nothing = [0.0] * (len(times) - 1)
        return [
            nothing if track is None else _rises(track.at(times, pace=self.whole))
            for track in self.users
        ]


def _rises(counts: Sequence[float]) -> list[float]:
    """Return by how much a count rose from each value to the next."""
    return [after - before for before, after in pairwise(counts)]


def uses_of(samples: Sequence[Event], users: int) -> dict[str, Use]:
    """Return who used what, by resource: ``cpu``, ``mem``, and each graphics channel's id.

    What was used of a container, whose share of the machine some channels cover, has a name of
    its own: `CONTAINER` before that of the resource.

    Args:
        samples: The samples of a journal, by time.
        users: How many users there are, the run itself first.
    """
    rows: dict[str, list[tuple[int, Sequence[float | None]]]] = {}
    for sample in samples:
        inside: Event = sample.get("container") or {}
        for prefix, told in (("", sample), (CONTAINER, inside)):
            for field in ("cpu", "mem"):
                if told.get(field):
                    rows.setdefault(prefix + field, []).append((sample["t"], told[field]))
        graphics: Mapping[str, Sequence[float | None]] = sample.get("gpu") or {}
        for channel, row in graphics.items():
            rows.setdefault(channel, []).append((sample["t"], row))
    last_us = samples[-1]["t"] if samples else 0
    found: dict[str, Use] = {}
    for name, listed in rows.items():
        sums = name in ("mem", f"{CONTAINER}mem")
        tracks = [_track(listed, user, last_us, sums=sums) for user in range(users)]
        whole = _track(listed, -1, last_us, sums=sums)
        if whole is not None and any(tracks):
            found[name] = Use(tracks, whole)
    return found


def _track(
    rows: Sequence[tuple[int, Sequence[float | None]]], place: int, last_us: int, *, sums: bool
) -> Track | None:
    """Return one user's count; None where it is known less than twice.

    Args:
        rows: Times, and what each user has used so far; the whole machine stands last.
        place: Which of them; -1 is the whole machine.
        last_us: When the run ended.
        sums: Whether the values are amounts held, such as bytes, that add up over time, and go on
            as they were before the first and after the last of them.
    """
    known = [
        (t_us, value)
        for t_us, row in rows
        if place < len(row) - 1
        and (value := row[place]) is not None
        and row[-1] is not None  # shares between two looks at the whole: so those of several sum
    ]
    if sums:
        known = _summed(known, last_us)
    track = Track(known)
    return track if len(track.t_us) > 1 else None


def _summed(held: Sequence[tuple[int, float]], last_us: int) -> list[tuple[int, float]]:
    """Return amounts held as a count that grows by amount times microseconds."""
    if not held:
        return []
    ends = [(min(0, held[0][0]), held[0][1]), *held, (max(last_us, held[-1][0]), held[-1][1])]
    count = 0.0
    counts = [(ends[0][0], count)]
    for (t_before, before), (t_us, amount) in pairwise(ends):
        count += (before + amount) / 2 * (t_us - t_before)
        counts.append((t_us, count))
    return counts


class Weights:
    """How something is parted among users: shares that sum to 1, in each world of doubt.

    Attributes:
        best: The shares.
        ends: By name of a doubt, the shares at its low and at its high end.
    """

    __slots__ = ("best", "ends")

    def __init__(self, best: Shares, ends: Mapping[str, tuple[Shares, Shares]]) -> None:
        self.best = best
        self.ends = ends

    def part(self, whole: Estimate, local: Mapping[str, Shares] | None = None) -> list[Estimate]:
        """Return the parts of an estimate; in each world of doubt they sum to it.

        Args:
            whole: What is parted.
            local: By name of a doubt of the whole, the shares in what that doubt moves, where
                that is not the whole of it: the edge of a window, a gap.
        """
        best = whole.best.value
        parts: list[Estimate] = []
        for user, share in enumerate(self.best):
            mine = best * share
            ends = {
                name: tuple(
                    mine + (end - best) * (local or {}).get(name, self.best)[user] for end in pair
                )
                for name, pair in whole.doubts.items()
            }
            weighed = {
                name: (best * low[user], best * high[user])
                for name, (low, high) in self.ends.items()
                if low[user] != share or high[user] != share
            }
            ends |= weighed
            kind = whole.kind
            parts.append(
                Estimate(
                    kind(mine),
                    doubts={
                        name: (kind(low), kind(high))
                        for name, (low, high) in ends.items()
                        if low != mine or high != mine
                    },
                    basis=weakest(whole.basis, "modelled") if weighed else whole.basis,
                    references=(*whole.references, *([WEIGHT] if weighed else ())),
                )
            )
        return parts


class Splitter:
    """Parts the energy of one channel among its users, over any window.

    Attributes:
        series: The channel's readings.
    """

    def __init__(
        self,
        series: Series,
        use: Use | None,
        *,
        names: Sequence[str],
        weight: tuple[float, float],
        asleep_us: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Take who used the channel.

        Args:
            series: The channel's readings.
            use: Who used it; None where nobody can tell.
            names: The name of each known user's doubt.
            weight: The ends of each user's watts for the same use, as a multiple of the others'.
            asleep_us: Times in which the machine slept, and nothing idled.
        """
        self.series = series
        self._asleep_us = asleep_us
        self._names = names
        self._weight = weight
        count = len(series.t_us) - 1
        self._shares: Columns = (
            (*([0.0] * count for _ in (*names, "others")), [1.0] * count)
            if use is None
            else use.shares(series.t_us)
        )

    def by_energy(self, start_us: int, end_us: int) -> Weights:
        """Return how the energy of a window is parted: by the energy of each interval in it.

        What was put in for a gap lies evenly in it.
        """
        first, energies = self._within(self.series.uj, start_us, end_us)
        for gap in self.series.gaps:
            if gap.added_j and gap.end_s is not None:
                spread = self._overlaps(gap.start_s / US, gap.end_s / US, start_us, end_us)
                for at, overlap_us in spread:
                    length_us = (gap.end_s - gap.start_s) / US
                    energies[at - first] += gap.added_j / UJ * overlap_us / length_us
        return self._weights(first, energies) or self.by_time(start_us, end_us)

    def by_time(self, start_us: int, end_us: int) -> Weights:
        """Return how the time of a window is parted, sleep and what no energy is known of aside."""
        return self._weights(*self._times_us(start_us, end_us)) or Weights(self.at(start_us), {})

    def read_s(self, start_us: int, end_us: int) -> float:
        """Return how much of a window idles: sleep and what no energy is known of aside."""
        return fsum(self._times_us(start_us, end_us)[1]) * US

    def at(self, t_us: int) -> Shares:
        """Return the shares in the interval that ends at a time or holds it."""
        last = len(self.series.t_us) - 2
        place = min(max(bisect_left(self.series.t_us, t_us) - 1, 0), last)
        return tuple(column[place] for column in self._shares)

    def in_gaps(self, start_us: int, end_us: int, last_us: int) -> Shares:
        """Return the shares, by time, in what a window's gaps hide."""
        spread: list[tuple[int, float]] = []
        for gap in self.series.gaps:
            if not gap.counted:
                end_s = last_us * US if gap.end_s is None else gap.end_s
                spread += self._overlaps(gap.start_s / US, end_s / US, start_us, end_us)
        length_us = fsum(overlap_us for _, overlap_us in spread)
        if length_us <= 0:
            return self.at(end_us)
        return tuple(
            fsum(column[at] * overlap_us for at, overlap_us in spread) / length_us
            for column in self._shares
        )

    def _within(
        self, counts: Sequence[float], start_us: int, end_us: int
    ) -> tuple[int, list[float]]:
        """Return the first interval of a window, and how much of a count rises in each of it."""
        times = self.series.t_us
        first = max(bisect_right(times, start_us) - 1, 0)
        last = min(bisect_left(times, end_us), len(times) - 1)
        rises = _rises(counts[first : last + 1])
        for at in {first, last - 1} if rises else ():
            inside_us = min(times[at + 1], end_us) - max(times[at], start_us)
            rises[at - first] *= inside_us / (times[at + 1] - times[at])
        return first, rises

    def _overlaps(
        self, from_us: float, to_us: float, start_us: int, end_us: int
    ) -> list[tuple[int, float]]:
        """Return the intervals that a time and a window share, with the microseconds of it."""
        times = self.series.t_us
        from_us, to_us = max(from_us, start_us), min(to_us, end_us)
        first = max(bisect_right(times, from_us) - 1, 0)
        last = min(bisect_left(times, to_us), len(times) - 1)
        pairs = [
            (at, min(times[at + 1], to_us) - max(times[at], from_us)) for at in range(first, last)
        ]
        return [(at, overlap_us) for at, overlap_us in pairs if overlap_us > 0]

    def _times_us(self, start_us: int, end_us: int) -> tuple[int, list[float]]:
        """Return the first interval of a window, and how much of each of it idles."""
        first, found = self._within(self.series.t_us, start_us, end_us)
        unread = [
            (gap.start_s / US, gap.end_s / US)
            for gap in self.series.gaps
            if not gap.counted and gap.added_j is None and gap.end_s is not None
        ]
        for from_us, to_us in (*unread, *self._asleep_us):
            for at, overlap_us in self._overlaps(from_us, to_us, start_us, end_us):
                found[at - first] -= overlap_us
        return first, found

    def _weights(self, first: int, amounts: Sequence[float]) -> Weights | None:
        """Return the mean shares, by amount, from an interval on; None where the amount is 0."""
        whole = fsum(amounts)
        if whole <= 0:
            return None
        shares = [column[first : first + len(amounts)] for column in self._shares]

        def mean(amounts: Sequence[float]) -> Shares:
            return tuple(fsum(map(mul, column, amounts)) / whole for column in shares)

        def weighed(user: int, weight: float) -> Shares:
            """Return the shares if one user's use weighed so many times that of all others."""
            less = [
                amount / (1 + (weight - 1) * share)
                for amount, share in zip(amounts, shares[user], strict=True)
            ]
            found = mean(less)
            return (*found[:user], found[user] * weight, *found[user + 1 :])

        ends = {
            name: (weighed(user, self._weight[0]), weighed(user, self._weight[1]))
            for user, name in enumerate(self._names)
            if any(0 < share < 1 for share in shares[user])
        }
        return Weights(mean(amounts), ends)
