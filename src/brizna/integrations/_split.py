"""Whose the energy was when several share a machine: of each interval, to each who is open a share.

What channels count is split in whole numbers, so that nothing is lost or made: the parts of all who
were open, what was counted while nobody was (``idle``) and what was counted while a channel could
not be read (``unknown``) sum to what the channel counted, exactly, at any concurrency.

The rule: between two readings a channel's energy is spread evenly over time, and at each moment
it is shared by whoever is open, in proportion to their weights. As in fair queueing [1], one
running sum of energy for a weight of 1 serves all at once: who opens remembers it, who closes takes
the difference, so that an edge costs the same with one open or with a thousand.

References:
    [1] A. K. Parekh and R. G. Gallager, A generalized processor sharing approach to flow control
        in integrated services networks: the single-node case. IEEE/ACM Transactions on
        Networking 1(3), 1993.
"""

from __future__ import annotations

from math import fsum, hypot, inf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GRAINS = 1 << 32
"""Grains in a microjoule: the smallest part that is handed out."""
_MOST_SHARE = 0.99
"""Of what somebody took, what edges may have moved there from others at most."""
_MANY = 1000
"""Edges that all channels have passed, and that are let go together."""


class Slice:
    """What one user of the machine took, channel by channel.

    Attributes:
        weight: Its share beside others: a whole number from 1.
        grains: What it took of each channel; whole once it `is_settled`.
        fewer: How much less that may be, in grains, because an edge lay between two readings.
        more: How much more.
        stale: How much a counter may not have shown yet at its edges, either way.
        among: Its part of how much fewer, more and stale all are together: most of what an edge
            moves goes to another who is open, and between two readings no more was counted.
        lost: Channels that could not be read in the meantime, by place.
        is_settled: Whether all channels were read after it closed.
    """

    __slots__ = (
        *("_levels", "_losses", "_waits"),
        *("among", "fewer", "grains", "lost", "more", "stale", "weight"),
    )

    def __init__(self, weight: int, channels: int) -> None:
        """Begin with nothing."""
        self.weight = weight
        self.grains = [0] * channels
        self.fewer = [0.0] * channels
        self.more = [0.0] * channels
        self.stale = [0.0] * channels
        self.among = ([0.0] * channels, [0.0] * channels, [0.0] * channels)
        self.lost: set[int] = set()
        self._levels: list[int | None] = [None] * channels
        self._losses = [0] * channels
        self._waits = channels

    @property
    def is_settled(self) -> bool:
        """Whether all channels were read after it closed."""
        return not self._waits

    def enter(self, place: int, level: int, losses: int) -> None:
        """Open on one channel."""
        self._levels[place], self._losses[place] = level, losses

    def leave(self, place: int, level: int, losses: int) -> None:
        """Close on one channel, and take what was counted for it."""
        self.look(place, level, losses)
        self._levels[place] = None
        self._waits -= 1

    def look(self, place: int, level: int, losses: int) -> None:
        """Take what was counted for it on one channel so far."""
        opened = self._levels[place]
        if opened is not None:
            self.grains[place] = self.weight * (level - opened)
            if losses != self._losses[place]:
                self.lost.add(place)

    def doubt(self, place: int, fewer: float, more: float, stale: float) -> None:
        """Add the doubts about an edge on one channel."""
        self.fewer[place] += fewer
        self.more[place] += more
        self.stale[place] = hypot(self.stale[place], stale)


class Edge:
    """Somebody opens or closes.

    Attributes:
        part: Who.
        opens: Whether it opens.
        t_us: When; None until the reading that was taken for it is known.
    """

    __slots__ = ("opens", "part", "t_us")

    def __init__(self, part: Slice, *, opens: bool, t_us: int | None) -> None:
        self.part = part
        self.opens = opens
        self.t_us = t_us


class Split:
    """Splits what channels count. Not safe to use from several threads at once.

    Attributes:
        lanes: One for each channel, in order.
    """

    def __init__(
        self, updates_us: Sequence[int], most_w: Sequence[float | None] | None = None
    ) -> None:
        """Begin at time 0 with nothing counted and nobody open.

        Args:
            updates_us: For each channel, the longest time between two updates of its counter.
            most_w: For each, the highest plausible power; None where none is known.
        """
        pairs = zip(updates_us, most_w or [None] * len(updates_us), strict=True)
        self.lanes = [Lane(place, *pair) for place, pair in enumerate(pairs)]
        self._edges: list[Edge] = []
        self._dropped = self._settled = 0

    def open(self, *, weight: int = 1, t_us: int | None = None) -> Edge:
        """Let somebody in; ``Edge.part`` is what they take.

        Args:
            weight: Their share beside others.
            t_us: When, not before the edge before; None if a reading will tell (`Edge.t_us`).
        """
        part = Slice(weight, len(self.lanes))
        return self._add(Edge(part, opens=True, t_us=t_us))

    def close(self, part: Slice, *, t_us: int | None = None) -> Edge:
        """Let somebody out."""
        return self._add(Edge(part, opens=False, t_us=t_us))

    def _add(self, edge: Edge) -> Edge:
        self._edges.append(edge)
        return edge

    def read(self, t_us: int, counted: Sequence[int | None], *, fails: bool) -> list[Slice]:
        """Take a reading, and return who has been settled by it.

        Args:
            t_us: When.
            counted: Microjoules since the start for each channel; None where there is no reading.
            fails: Whether no reading means a failure; else the channel was left out on purpose.
        """
        for lane, uj in zip(self.lanes, counted, strict=False):
            if uj is not None:
                lane.read(t_us, uj, self._edges, self._dropped)
            elif fails:
                lane.miss(t_us, self._edges, self._dropped)
        passed = min((lane.passed for lane in self.lanes), default=0)
        gone = self._edges[self._settled - self._dropped : passed - self._dropped]
        self._settled = passed
        if passed - self._dropped > _MANY:
            del self._edges[: passed - self._dropped]
            self._dropped = passed
        return [edge.part for edge in gone if not edge.opens]

    def limited(
        self, grains: Sequence[int], doubts: Sequence[Sequence[float]]
    ) -> tuple[Sequence[int], Sequence[float], Sequence[float]]:
        """Return grains by channel, and how many fewer and more: no more than there are to move.

        Args:
            grains: Of one or of several who were open.
            doubts: How many fewer, more and stale, by channel.
        """
        down: list[float] = []
        up: list[float] = []
        for lane, mine, fewer, more, stale in zip(self.lanes, grains, *doubts, strict=True):
            others = lane.counted - lane.unknown - mine
            down.append(min(fewer + stale, _MOST_SHARE * mine))
            up.append(min(more + stale, _MOST_SHARE * others))
        return list(grains), down, up

    def so_far(self, part: Slice) -> Slice:
        """Return the part of somebody who is open as far as readings tell, and nothing later."""
        for lane in self.lanes:
            part.look(lane.place, lane.level, lane.losses)
        return part


class Lane:
    """What one channel counted, in grains.

    Attributes:
        place: Its place among the channels.
        t_us: When it was read last.
        level: For a weight of 1, what each moment's share summed to since the start.
        idle: Counted while nobody was open.
        unknown: Counted while it could not be read.
        losses: How often it could not be read.
        passed: Edges that are behind it, since the start.
        among: How many grains fewer, more and stale those who were open have together.
    """

    def __init__(self, place: int, update_us: int, most_w: float | None = None) -> None:
        self.place = place
        self._most_w = inf if most_w is None else most_w
        self.among = [0.0, 0.0, 0.0]
        self.t_us = 0
        self.level = self.idle = self.unknown = self.losses = self.passed = 0
        self._update_us = update_us
        self._uj = self._weight = self._rest = 0
        self._before = self._lately = (0, 0)
        self._is_lost = False

    @property
    def counted(self) -> int:
        """All that was counted."""
        return self._uj * GRAINS

    @property
    def shared(self) -> int:
        """What those who were open took, with what is too little to hand out among them."""
        return self.counted - self.idle - self.unknown

    def read(self, t_us: int, uj: int, edges: Sequence[Edge], dropped: int) -> None:
        """Take a reading, later than the one before."""
        grains, span_us = (uj - self._uj) * GRAINS, t_us - self.t_us
        if self._is_lost:
            self.unknown += grains
            grains, self._is_lost = 0, False
        spent, idle = 0, self.idle
        moved: list[tuple[Slice, float, float]] = []
        for edge in self._until(t_us, edges, dropped):
            at_us = max(edge.t_us or 0, self.t_us)
            until = grains * (at_us - self.t_us) // span_us if span_us else 0
            self._spend(until - spent)
            spent = until
            inside = 0 < at_us - self.t_us < span_us
            stale = self._stale(t_us, uj)
            ends = (0.0, 0.0)
            if inside:
                least, most = self._bounds(grains, at_us - self.t_us, t_us - at_us)
                ends = (max(until - least, 0.0), max(most - until, 0.0))
            moved.append(self._pass(edge, *ends, stale))
        self._spend(grains - spent)
        self._move_among(moved, grains, self.idle - idle)
        self.t_us, self._uj = t_us, uj
        if t_us - self._lately[0] >= self._update_us:
            self._before, self._lately = self._lately, (t_us, uj)

    def _bounds(self, grains: int, before_us: int, after_us: int) -> tuple[float, float]:
        """Return how many grains at least and at most were counted before an edge, by power."""
        most = self._most_w * GRAINS  # a watt is a microjoule in a microsecond
        return max(0.0, grains - most * after_us), min(float(grains), most * before_us)

    def _stale(self, t_us: int, uj: int) -> float:
        """Return how many grains the counter may not have shown yet, by the power of late.

        Not by that since the reading before: a step of the counter may have come just then.
        """
        if not self._update_us:
            return 0.0
        then_us, then_uj = self._before
        return (uj - then_uj) * GRAINS * self._update_us / max(t_us - then_us, self._update_us)

    def miss(self, t_us: int, edges: Sequence[Edge], dropped: int) -> None:
        """Know that it could not be read: what it counts meanwhile is nobody's."""
        self.losses += 1
        self._is_lost = True
        for edge in self._until(t_us, edges, dropped):
            self._pass(edge, 0, 0, 0.0)
            edge.part.lost.add(self.place)
        self.t_us = t_us

    def _until(self, t_us: int, edges: Sequence[Edge], dropped: int) -> Iterator[Edge]:
        """Yield the edges ahead of it up to a time; whoever takes one passes it."""
        place = self.passed - dropped
        while place < len(edges):
            edge = edges[place]
            if edge.t_us is None or edge.t_us > t_us:
                return
            yield edge
            place += 1

    def _spend(self, grains: int) -> None:
        """Hand out what was counted while the same people were open."""
        grains += self._rest
        if self._weight:
            step, self._rest = divmod(grains, self._weight)
            self.level += step
        else:
            self._rest = 0
            self.idle += grains

    def _move_among(
        self, moved: Sequence[tuple[Slice, float, float]], grains: int, idle: int
    ) -> None:
        """Add, to those who passed an edge, their parts of what edges move to or from all of them.

        Between two readings that is what was idle, or what was theirs: all of it was counted. Where
        nobody idled the edges only move it among those who were open.

        Args:
            moved: Who passed one, and how many grains fewer and more that may be for it.
            grains: What was counted between the readings.
            idle: What of it while nobody was open.
        """
        most = (grains - idle if idle else 0, idle)
        for which, limit in enumerate(most):
            own = [(fewer, more)[which] for _, fewer, more in moved]
            whole = fsum(own)
            self.among[which] += min(whole, limit)
            for (part, _, _), grain in zip(moved if whole else (), own, strict=False):
                part.among[which][self.place] += grain * min(1.0, limit / whole)

    def _pass(
        self, edge: Edge, before: float, after: float, stale: float
    ) -> tuple[Slice, float, float]:
        """Go past an edge; return whose it is, and how many grains fewer and more it may have.

        Args:
            edge: The edge.
            before: What of that counted since the reading before it may have come after it.
            after: What of that counted until the reading after it may have come before it.
            stale: What the counter may not have shown yet.
        """
        part, self.passed = edge.part, self.passed + 1
        if edge.opens:
            part.enter(self.place, self.level, self.losses)
            self._weight += part.weight
        share = part.weight / self._weight
        fewer, more = (after, before) if edge.opens else (before, after)
        part.doubt(self.place, fewer * share, more * share, stale * share)
        if part.weight == self._weight:  # alone: what the counter owes is not another's
            part.among[2][self.place] = hypot(part.among[2][self.place], stale)
            self.among[2] = hypot(self.among[2], stale)
        if not edge.opens:
            part.leave(self.place, self.level, self.losses)
            self._weight -= part.weight
        return part, fewer * share, more * share
