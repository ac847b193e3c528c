"""Many windows of one name, told as one: how many, how long, and their energy without a loss.

A training may open a window at each of a million steps. Beyond `MANY` of one name the record says
what they took together, and a journal that grows too long folds those that are over into one event
(``folded``), so that both stay bounded. The energy is the sum of theirs. Where one ends as the next
begins the doubt about that edge cancels, as in any sum; those about all other edges are added in
quadrature, under one name.
"""

from __future__ import annotations

from math import fsum, sqrt

from brizna.core.series import UJ, overlap_s, share

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.core.series import Series
    from brizna.core.work import WorkLog

    Event = Mapping[str, Any]

MANY = 1000
"""Closed windows of one name that a record tells one by one, and a long journal keeps."""
_SETTLED_US = 1_000_000
"""Whose end lies so far back, and two counter updates, that no reading to come says more of it."""


class Sum:
    """What one channel counted in many windows, in microjoules.

    Attributes:
        best_uj: The sum over the windows; None where the readings do not span one of them.
        fewer_uj: What to add where less was counted at the edges; at most 0.
        more_uj: What to add where more was.
        added_uj: What is put in for gaps, on top of ``best_uj``.
        most_uj: The most that gaps can hide.
        has_gap: Whether a gap that may miss energy lies in one of them.
    """

    __slots__ = ("added_uj", "best_uj", "fewer_uj", "has_gap", "more_uj", "most_uj")

    def __init__(self, series: Series, windows: Sequence[Event], last_us: int) -> None:
        """Sum over closed windows."""
        self.added_uj = self.most_uj = 0.0
        self.has_gap = False
        self.best_uj: float | None = 0.0
        self.fewer_uj = self.more_uj = 0.0
        edges: dict[int, int] = {}
        for window in windows:
            edges[window["from"]] = edges.get(window["from"], 0) - 1
            edges[window["to"]] = edges.get(window["to"], 0) + 1
            self._look_for_gaps(series, window, last_us)
        told: list[_Edge] = []
        for edge_us, times in sorted(edges.items()):
            counted = series.counted(edge_us)
            if counted is None:
                self.best_uj = None
                return
            if times:  # else one ends as another begins
                told.append(_Edge(edge_us, times, counted, series.stale_uj(edge_us)))
        self.best_uj = fsum(edge.times * edge.best for edge in told)
        ends = _ends(told, series.channel.update_us)
        self.fewer_uj = -sqrt(fsum(fewer**2 for fewer, _ in ends))
        self.more_uj = sqrt(fsum(more**2 for _, more in ends))

    def _look_for_gaps(self, series: Series, window: Event, last_us: int) -> None:
        for gap in series.gaps:
            if not gap.counted and overlap_s(gap, window["from"], window["to"]) > 0:
                part = share(gap, window["from"], window["to"], last_us)
                added_j = gap.added_j or 0.0
                self.has_gap = True
                self.added_uj += part * added_j / UJ
                self.most_uj += part * (added_j if gap.most_j is None else gap.most_j) / UJ

    def include(self, told: Sequence[float] | None) -> None:
        """Add what was folded before: best, fewer and more of this channel; None if unknown."""
        if told is None or self.best_uj is None:
            self.best_uj = None
            return
        best_uj, fewer_uj, more_uj = told
        self.best_uj += best_uj
        self.fewer_uj = -sqrt(self.fewer_uj**2 + fewer_uj**2)
        self.more_uj = sqrt(self.more_uj**2 + more_uj**2)


class _Edge:
    """A time at which more windows begin than end, or end than begin.

    Attributes:
        t_us: When.
        times: How many more end than begin.
        best: Microjoules counted until then.
        fewer: What its doubt adds to the sum at most, below 0.
        more: What it adds at most, above 0.
        stale: How much the counter may not have shown yet.
    """

    __slots__ = ("best", "fewer", "more", "stale", "t_us", "times")

    def __init__(
        self, t_us: int, times: int, counted: tuple[float, float, float], stale: float
    ) -> None:
        low, best, high = counted
        ends = times * (low - best), times * (high - best + stale)
        self.t_us, self.times, self.best, self.stale = t_us, times, best, stale
        self.fewer, self.more = min(*ends, 0.0), max(*ends, 0.0)


def _ends(edges: Sequence[_Edge], update_us: int) -> list[tuple[float, float]]:
    """Return what each edge adds to a sum at most, below and above 0; two that nearly meet as one.

    Where a window begins sooner after another than the counter is updated, what it may not have
    shown at one edge it had not shown at the other either. What was used between them is no less
    than nothing, and no more than was counted there or the power around it makes.
    """
    ends: list[tuple[float, float]] = []
    place = 0
    while place < len(edges):
        edge, after = edges[place], edges[min(place + 1, len(edges) - 1)]
        apart_us = after.t_us - edge.t_us
        if (edge.times, after.times) == (1, -1) and apart_us < update_us:
            counted = after.best - edge.best
            drawn = edge.stale * apart_us / update_us
            ends.append((-max(drawn - counted, 0.0), counted))
            place += 2
        else:
            ends.append((edge.fewer, edge.more))
            place += 1
    return ends


class Together:
    """Many windows of one name.

    Attributes:
        name: Theirs.
        count: How many.
        from_us: When the first began.
        to_us: When the last ended.
        inside_us: How long they lasted, summed.
    """

    __slots__ = ("_before", "_closed", "count", "from_us", "inside_us", "name", "to_us")

    def __init__(self, name: str, closed: Sequence[Event], before: Event | None) -> None:
        """Take closed windows, and the event of those that were folded before."""
        self._closed, self._before = closed, before
        told = () if before is None else (before,)
        self.name = name
        self.count: int = len(closed) + sum(event["count"] for event in told)
        self.from_us: int = min(window["from"] for window in (*closed, *told))
        self.to_us: int = max(window["to"] for window in (*closed, *told))
        self.inside_us: int = sum(window["to"] - window["from"] for window in closed)
        self.inside_us += sum(event["inside_us"] for event in told)

    def sum(self, series: Series, last_us: int) -> Sum:
        """Return what a channel counted in them."""
        summed = Sum(series, self._closed, last_us)
        if self._before is not None:
            summed.include(self._before["channels"].get(series.channel.id))
        return summed

    def work(self, log: WorkLog) -> dict[str, float]:
        """Return, by name, what was counted in them."""
        amounts = log.amounts((window["from"], window["to"]) for window in self._closed)
        before: Mapping[str, float] = {} if self._before is None else self._before["work"]
        for name, amount in before.items():
            amounts[name] = amounts.get(name, 0.0) + amount
        return amounts

    def event(self, series: Sequence[Series], log: WorkLog, last_us: int) -> dict[str, Any]:
        """Return the event that stands for them in a journal."""
        sums = {each.channel.id: self.sum(each, last_us) for each in series}
        return {
            "e": "folded",
            "name": self.name,
            "count": self.count,
            "from": self.from_us,
            "to": self.to_us,
            "inside_us": self.inside_us,
            "channels": {
                name: None if s.best_uj is None else [s.best_uj, s.fewer_uj, s.more_uj]
                for name, s in sums.items()
            },
            "work": self.work(log),
        }


def latest(
    name: str, count: int, windows: Iterable[Event], before: Event | None
) -> Together | None:
    """Return the latest closed windows of a name; None if some were folded with earlier ones.

    Args:
        name: Theirs.
        count: How many of them.
        windows: As for `many`.
        before: What was folded already of this name; None if nothing was.
    """
    closed = [window for window in windows if window["name"] == name and "to" in window]
    closed.sort(key=lambda window: window["from"])
    if 0 < count <= len(closed):
        return Together(name, closed[-count:], None)
    if before is None or count != len(closed) + before["count"]:
        return None
    return Together(name, closed, before)


def many(windows: Iterable[Event], folded: Mapping[str, Event]) -> dict[str, list[Event]]:
    """Return, by name, the closed windows that are told together.

    Args:
        windows: ``name``, ``from`` and, of those that are closed, ``to``.
        folded: What was folded already, by name.
    """
    by_name: dict[str, list[Event]] = {name: [] for name in folded}
    for window in windows:
        if "to" in window:
            by_name.setdefault(window["name"], []).append(window)
    return {
        name: closed for name, closed in by_name.items() if name in folded or len(closed) > MANY
    }


def fold(
    windows: Mapping[int, Event],
    folded: Mapping[str, Event],
    series: Sequence[Series],
    *,
    last_us: int,
    work: WorkLog,
) -> tuple[list[dict[str, Any]], set[int]]:
    """Return the events that stand for windows which are over, and the numbers of those windows.

    Windows that a gap touches stay as they are: how it ends may not be known yet.
    """
    settled_us = last_us - _SETTLED_US - 2 * max((s.channel.update_us for s in series), default=0)
    gaps = [gap for each in series for gap in each.gaps if not gap.counted]
    numbered = [{**window, "w": number} for number, window in windows.items()]
    events: list[dict[str, Any]] = []
    gone: set[int] = set()
    for name, closed in many(numbered, folded).items():
        over = [
            window
            for window in closed
            if window["to"] < settled_us
            and not any(overlap_s(gap, window["from"], window["to"]) > 0 for gap in gaps)
        ]
        if over:
            gone.update(window["w"] for window in over)
            events.append(Together(name, over, folded.get(name)).event(series, work, last_us))
    return events, gone
