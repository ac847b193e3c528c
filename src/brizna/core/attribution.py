"""Who used the energy: each channel's energy shared among its users, so that the parts sum to it.

Between two readings of a channel each user gets the share ``s = du / max(dM, sum of du)``, where
``du`` is what it used meanwhile and ``dM`` what the whole machine used: CPU time for processors
and whole machines, resident memory for memory, busy time for graphics processors. What the known
users leave of ``dM`` is that of the ``others``; where nobody used anything, or nobody can tell
who used a channel, its energy is ``unattributed``. Two views follow::

    fair share  F = sum of s E                 everybody carries idle power by use
    above idle  A = sum of s (E - P_idle dt)   nobody carries idle power; never clipped

Over all users, others and unattributed, ``F`` sums to the machine's energy and ``A`` to that minus
idle, at best and at each end of each doubt, because shares sum to 1 in each of them.

One doubt more than the machine's: a user's watts for the same use may be ``r`` times the others'.
At its ends all shares are computed anew with that weight. Who used all or nothing has no such
doubt; whoever has one has a part that is modelled at best, even of a metered channel.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from math import fsum

from brizna.core.estimate import Estimate, exactly, total, weakest
from brizna.core.quantities import Duration
from brizna.core.series import UJ, US

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Protocol

    from brizna.core.series import Series

    class Energies(Protocol):
        """Tells a channel's energy in a window; None where its readings do not span it."""

        def __call__(
            self, series: Series, start_us: int, end_us: int, *, whole: bool
        ) -> Estimate | None:
            """Return it; ``whole`` says that the window is all of the run."""
            ...

    Event = Mapping[str, Any]
    Shares = tuple[float, ...]
    """Of each user, of the others, of nobody: they sum to 1."""

OTHERS, UNATTRIBUTED = "others", "unattributed"
WEIGHT = "factor:attribution/weight"
"""How many times the others' watts for the same use one user's may be."""

_DRIVERS = {"node": "cpu", "cpu": "cpu", "core": "cpu", "uncore": "cpu", "memory": "mem"}
"""What drives the energy of each kind of channel; that of a graphics processor is its own."""


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

    __slots__ = ("users", "whole")

    def __init__(self, users: Sequence[Track | None], whole: Track) -> None:
        self.users = tuple(users)
        self.whole = whole

    def shares(self, times: Sequence[int]) -> list[Shares]:
        """Return the shares of each interval between two of the times."""
        nobody = (*(0.0 for _ in self.users), 0.0, 1.0)
        whole = self.whole.at(times)
        used = [None if track is None else track.at(times, pace=self.whole) for track in self.users]
        found: list[Shares] = []
        for right in range(1, len(times)):
            parts = [0.0 if u is None else u[right] - u[right - 1] for u in used]
            known = fsum(parts)
            most = max(whole[right] - whole[right - 1], known)
            found.append(
                (*(part / most for part in parts), (most - known) / most, 0.0)
                if most > 0
                else nobody
            )
        return found

    def left_us(self) -> float:
        """Return what the whole machine used that no known user did."""
        times = self.whole.t_us
        whole = self.whole.at(times)
        return fsum(
            shares[-2] * (after - before)
            for shares, (before, after) in zip(self.shares(times), pairwise(whole), strict=True)
        )


def uses_of(samples: Sequence[Event], users: int) -> dict[str, Use]:
    """Return who used what, by resource: ``cpu``, ``mem``, and each graphics channel's id.

    Args:
        samples: The samples of a journal, by time.
        users: How many users there are, the run itself first.
    """
    rows: dict[str, list[tuple[int, Sequence[float | None]]]] = {}
    for sample in samples:
        for field in ("cpu", "mem"):
            if sample.get(field):
                rows.setdefault(field, []).append((sample["t"], sample[field]))
        graphics: Mapping[str, Sequence[float | None]] = sample.get("gpu") or {}
        for channel, row in graphics.items():
            rows.setdefault(channel, []).append((sample["t"], row))
    last_us = samples[-1]["t"] if samples else 0
    found: dict[str, Use] = {}
    for name, listed in rows.items():
        tracks = [_track(listed, user, last_us, sums=name == "mem") for user in range(users)]
        whole = _track(listed, -1, last_us, sums=name == "mem")
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


class Idle:
    """What is drawn while nobody uses the machine, and when it was not even awake.

    Attributes:
        power_w: By channel, its idle power, as far as known.
        asleep_us: Times in which the machine slept: from, to.
    """

    __slots__ = ("asleep_us", "power_w")

    def __init__(
        self, power_w: Mapping[str, Estimate], asleep_us: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.power_w = power_w
        self.asleep_us = tuple(asleep_us)


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
        nobody = (*(0.0 for _ in names), 0.0, 1.0)
        self._shares = [nobody] * (len(series.t_us) - 1) if use is None else use.shares(series.t_us)

    def by_energy(self, start_us: int, end_us: int) -> Weights:
        """Return how the energy of a window is parted: by the energy of each interval in it.

        What was put in for a gap lies evenly in it.
        """
        first, amounts = self._clipped(start_us, end_us)
        energies = [
            part * (self.series.uj[at + 1] - self.series.uj[at])
            for at, part in enumerate(amounts, first)
        ]
        for gap in self.series.gaps:
            if gap.added_j and gap.end_s is not None:
                spread = self._overlaps(gap.start_s / US, gap.end_s / US, start_us, end_us)
                for at, overlap_us in spread:
                    length_us = (gap.end_s - gap.start_s) / US
                    energies[at - first] += gap.added_j / UJ * overlap_us / length_us
        return self._weights(first, energies) or self.by_time(start_us, end_us)

    def by_time(self, start_us: int, end_us: int) -> Weights:
        """Return how the time of a window is parted, sleep and what no energy is known of aside."""
        first, _ = self._clipped(start_us, end_us)
        times = self._times_us(start_us, end_us)
        return self._weights(first, times) or Weights(self.at(start_us), {})

    def read_s(self, start_us: int, end_us: int) -> float:
        """Return how much of a window idles: sleep and what no energy is known of aside."""
        return fsum(self._times_us(start_us, end_us)) * US

    def at(self, t_us: int) -> Shares:
        """Return the shares in the interval that ends at a time or holds it."""
        return self._shares[
            min(max(bisect_left(self.series.t_us, t_us) - 1, 0), len(self._shares) - 1)
        ]

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
            fsum(self._shares[at][user] * overlap_us for at, overlap_us in spread) / length_us
            for user in range(len(self._names) + 2)
        )

    def _clipped(self, start_us: int, end_us: int) -> tuple[int, list[float]]:
        """Return the first interval of a window, and how much of each lies in it, in [0, 1]."""
        times = self.series.t_us
        first = max(bisect_right(times, start_us) - 1, 0)
        last = min(bisect_left(times, end_us), len(times) - 1)
        return first, [
            (min(times[at + 1], end_us) - max(times[at], start_us)) / (times[at + 1] - times[at])
            for at in range(first, last)
        ]

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

    def _times_us(self, start_us: int, end_us: int) -> list[float]:
        times = self.series.t_us
        first, parts = self._clipped(start_us, end_us)
        found = [part * (times[at + 1] - times[at]) for at, part in enumerate(parts, first)]
        unread = [
            (gap.start_s / US, gap.end_s / US)
            for gap in self.series.gaps
            if not gap.counted and gap.added_j is None and gap.end_s is not None
        ]
        for from_us, to_us in (*unread, *self._asleep_us):
            for at, overlap_us in self._overlaps(from_us, to_us, start_us, end_us):
                found[at - first] -= overlap_us
        return found

    def _weights(self, first: int, amounts: Sequence[float]) -> Weights | None:
        """Return the mean shares, by amount, from an interval on; None where the amount is 0."""
        whole = fsum(amounts)
        if whole <= 0:
            return None
        shares = self._shares[first : first + len(amounts)]

        def mean(shares: Sequence[Shares]) -> Shares:
            return tuple(
                fsum(map(float.__mul__, column, amounts)) / whole
                for column in zip(*shares, strict=True)
            )

        ends = {
            name: (
                mean([_weighed(share, user, self._weight[0]) for share in shares]),
                mean([_weighed(share, user, self._weight[1]) for share in shares]),
            )
            for user, name in enumerate(self._names)
            if any(0 < share[user] < 1 for share in shares)
        }
        return Weights(mean(shares), ends)


def _weighed(shares: Shares, user: int, weight: float) -> Shares:
    """Return the shares if one user's use weighed so many times that of all others."""
    whole = 1 + (weight - 1) * shares[user]
    return tuple(
        share * weight / whole if at == user else share / whole for at, share in enumerate(shares)
    )


class Parted:
    """The energy of a window, parted among the users, the others and nobody.

    Attributes:
        fair: The parts of all energy, idle included.
        above: The parts of the energy above idle; None where idle power is missing for it.
        machine_above: The whole machine's energy above idle; None likewise.
        missing: Root channels, or channels inside one, whose idle power is not known.
    """

    __slots__ = ("above", "fair", "machine_above", "missing")

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        """Sum pieces of energy over the channels."""
        self.missing = [name for piece in pieces for name in piece.missing]
        columns = zip(*(piece.fair for piece in pieces), strict=True)
        self.fair = [total(_there(column)) for column in columns]
        columns_above = zip(*(piece.above for piece in pieces), strict=True)
        self.above = [_known_total(column) for column in columns_above]
        self.machine_above = _known_total(self.above)


class _Piece:
    """The part of a channel's energy that one driver parts.

    Attributes:
        fair: By user, its energy.
        above: By user, its energy above idle; None where it has some and idle is not known.
        missing: The channels whose idle power is missing.
    """

    __slots__ = ("above", "fair", "missing")

    def __init__(
        self, fair: Sequence[Estimate], idle: Sequence[Estimate] | None, missing: Sequence[str]
    ) -> None:
        self.fair = fair
        self.missing = missing
        self.above: Sequence[Estimate | None]
        if idle is None:
            self.above = [None if part.best.value or part.doubts else part for part in fair]
        else:
            self.above = [part - rest for part, rest in zip(fair, idle, strict=True)]


def _known_total(parts: Iterable[Estimate | None]) -> Estimate | None:
    """Return the sum; None where one is not known."""
    listed = list(parts)
    known = [part for part in listed if part is not None]
    return total(_there(known)) if known and len(known) == len(listed) else None


def _there(parts: Iterable[Estimate]) -> list[Estimate]:
    """Return the parts that are something; a channel of which a user has nothing is no source."""
    listed = list(parts)
    return [part for part in listed if part.best.value or part.doubts] or listed


class Attributor:
    """Parts the energy of any window of a run among those who used the machine.

    A counter of the whole machine holds memory and graphics processors too. Where those have
    counters of their own, their energy is parted by their own use, and the rest by CPU time.

    Attributes:
        untold: Channels of whose use nobody can tell.
    """

    def __init__(
        self,
        run_id: str,
        series: Sequence[Series],
        uses: Mapping[str, Use],
        *,
        users: Sequence[str],
        idle: Idle,
        weight: tuple[float, float],
    ) -> None:
        """Take what is known of the whole run.

        Args:
            run_id: The run, which names the doubts.
            series: All channels that count, each with two readings or more.
            uses: As `uses_of` returns them.
            users: The ids of the known users, the run first.
            idle: What channels draw while nobody uses them, as far as known.
            weight: As `Splitter` takes it.
        """
        self._run = run_id
        self._idle_w = idle.power_w
        self._last_us = max((each.t_us[-1] for each in series), default=0)
        self._series = {each.channel.id: each for each in series}
        names = [f"attribution:{user}@{run_id}" for user in users]
        self._splitters = {
            name: Splitter(
                each,
                uses.get(self._driver(each)),
                names=names,
                weight=weight,
                asleep_us=idle.asleep_us,
            )
            for name, each in self._series.items()
        }
        self._inner = {name: self._inside(each) for name, each in self._series.items()}
        counted = [*self.roots(), *(inner for root in self.roots() for inner in self._inner[root])]
        self.untold = [
            name for name in counted if uses.get(self._driver(self._series[name])) is None
        ]

    def roots(self) -> list[str]:
        """Return the channels that a total sums."""
        return [name for name, each in self._series.items() if each.channel.parent is None]

    def part(self, energy: Energies, window: tuple[int, int] | None = None) -> Parted | None:
        """Return a window's energy by user; None where no channel knows it.

        Args:
            energy: Tells a channel's energy.
            window: Its start and end in microseconds; the whole run if None.
        """
        pieces = [piece for root in self.roots() for piece in self._pieces(root, energy, window)]
        return Parted(pieces) if pieces else None

    @staticmethod
    def _driver(series: Series) -> str:
        channel = series.channel
        if channel.kind == "gpu":
            return channel.id
        return _DRIVERS.get(channel.kind, "") if channel.scope == "machine" else ""

    def _inside(self, series: Series) -> list[str]:
        """Return the outermost channels inside one that something else drives."""
        own, kind = self._driver(series), series.channel.kind
        found: list[str] = []
        for name, each in self._series.items():
            if each.channel.parent == series.channel.id:
                differs = each.channel.kind != kind and self._driver(each) != own
                found += [name] if differs else self._inside(each)
        return found

    def _pieces(self, root: str, energy: Energies, window: tuple[int, int] | None) -> list[_Piece]:
        """Return the pieces of a root: what is parted by uses of its own, and the rest."""
        whole = self._energy(root, energy, window)
        if whole is None:
            return []
        inner = {
            name: known
            for name in self._inner[root]
            if (known := self._energy(name, energy, window)) is not None
        }
        idle = {name: self._idle(name, window) for name in (root, *inner)}
        missing = [name for name, known in idle.items() if known is None]
        rest, rest_idle = whole, idle[root]
        for name, inside in inner.items():
            rest -= inside
            inside_idle = idle[name]
            if rest_idle is not None and inside_idle is not None:
                rest_idle -= inside_idle
        parts = {**inner, root: rest}
        idles = {**idle, root: rest_idle}
        return [
            self._piece(name, parts[name], None if missing else idles[name], missing, window)
            for name in parts
        ]

    def _piece(
        self,
        name: str,
        whole: Estimate,
        idle: Estimate | None,
        missing: Sequence[str],
        window: tuple[int, int] | None,
    ) -> _Piece:
        splitter, (start_us, end_us) = self._splitters[name], self._window(name, window)
        local = {
            f"edge:{self._run}/{name}/{edge_us}": splitter.at(edge_us)
            for edge_us in (start_us, end_us)
        }
        local[f"gap:{name}@{self._run}"] = splitter.in_gaps(start_us, end_us, self._last_us)
        fair = splitter.by_energy(start_us, end_us).part(whole, local)
        if idle is None:
            return _Piece(fair, None, missing)
        return _Piece(fair, splitter.by_time(start_us, end_us).part(idle), ())

    def _energy(
        self, name: str, energy: Energies, window: tuple[int, int] | None
    ) -> Estimate | None:
        start_us, end_us = self._window(name, window)
        return energy(self._series[name], start_us, end_us, whole=window is None)

    def _idle(self, name: str, window: tuple[int, int] | None) -> Estimate | None:
        """Return what a channel draws in a window if nobody uses it."""
        power_w = self._idle_w.get(name)
        if power_w is None:
            return None
        read_s = self._splitters[name].read_s(*self._window(name, window))
        return power_w * exactly(Duration(read_s), "metered")

    def _window(self, name: str, window: tuple[int, int] | None) -> tuple[int, int]:
        times = self._series[name].t_us
        return (times[0], times[-1]) if window is None else window
