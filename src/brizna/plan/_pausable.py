"""One job with pauses: the exact best hours, with what each restart costs.

Without such costs the cheapest moments win, whatever lies between them. With them a dynamic
program goes along a grid of steps; it keeps, for each moment and each amount of work, only what
nothing else beats in cost and in restarts at once (a restart takes time, so fewer are worth more).
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan._contiguous import length_of, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.plan._contiguous import Profile, Window
    from brizna.plan._rate import Rate

    _Open = dict[int, list["_Node"]]
    """By steps run so far, what is worth going on with."""

Intervals = tuple[tuple[int, int], ...]
"""When a job runs: start and end in microseconds since the epoch, in order."""


class Pausing(Record):
    """What pausing a job costs, and when it may.

    Attributes:
        step_us: A job starts, pauses and resumes at whole steps from the earliest moment.
        restart_us: How long it takes to come back to where it was.
        restart_mw: What it draws meanwhile, in milliwatts.
        idle_mw: What the job draws while it is paused, in milliwatts.
        minimum_us: It runs at least so long at a time, unless it ends.
        most_pauses: It pauses at most so often; None for any number.
        restart_cost: What a restart costs besides its energy, on the scale of the score.
        goes_on: Whether the job runs already: then it begins at the earliest moment.
    """

    step_us: int
    restart_us: int = 0
    restart_mw: int = 0
    idle_mw: int = 0
    minimum_us: int = 0
    most_pauses: int | None = None
    restart_cost: int = 0
    goes_on: bool = False

    def _check(self) -> None:
        if self.step_us <= 0:
            raise InputError(
                "The step is {step_us} us: expected more than 0.", step_us=self.step_us
            )

    @property
    def is_free(self) -> bool:
        """Whether a pause costs nothing and is bound to nothing but the clock's resolution."""
        return not (
            self.restart_us
            or self.idle_mw
            or self.minimum_us
            or self.most_pauses is not None
            or self.restart_cost
        )


def cheapest_moments(
    cost: Rate, length_us: int, power_mw: int, window: Window
) -> tuple[Intervals, int] | None:
    """Return the cheapest moments for a job that pauses freely at any time, and their score.

    Among moments of one cost the earliest win. None if the window holds too few known moments.

    Args:
        cost: What a joule costs, over time.
        length_us: How long the job works, in microseconds.
        power_mw: What it draws, in milliwatts.
        window: When it may run.
    """
    pieces = [
        (value, start, end)
        for start, end, value in cost.pieces(window.earliest_us, window.latest_us)
    ]
    left_us, score = length_us, 0
    chosen: list[tuple[int, int]] = []
    for value, start, end in sorted(pieces):
        if left_us == 0:
            break
        used_us = min(left_us, end - start)
        chosen.append((start, start + used_us))
        score += power_mw * value * used_us
        left_us -= used_us
    return None if left_us else (_join(sorted(chosen)), score)


def best_pauses(
    cost: Rate, profile: Profile, window: Window, pausing: Pausing, *, delay_cost: int = 0
) -> tuple[Intervals, int] | None:
    """Return when a job runs best if it may pause on a grid, and the score; None if it cannot.

    Among equal scores the earliest start wins, then the fewest restarts.

    Args:
        cost: What a joule costs, over time.
        profile: The job's power along its work, from start to end.
        window: When it may run.
        pausing: What a pause costs.
        delay_cost: What a microsecond costs by which it ends later than it could, on the scale
            of the score: the rate's unit x milliwatts x microseconds.
    """
    return _Search(cost, profile, window, pausing, delay_cost).solve()


class _Node:
    """A way to have come this far.

    Attributes:
        score: What it has cost.
        restarts: How often it resumed.
        first: The grid's index at which it began.
        runs: The way before, and the last run: start and end as indices; None at the start.
    """

    __slots__ = ("first", "restarts", "runs", "score")

    def __init__(self, score: int, restarts: int, first: int, runs: _Runs) -> None:
        self.score = score
        self.restarts = restarts
        self.first = first
        self.runs = runs

    def beats(self, other: _Node, *, by_work: bool) -> bool:
        """Tell whether the other need not be kept.

        Args:
            other: Another way, to the same time and number of steps run.
            by_work: Whether it is enough to have restarted less, and so to have done more work.
        """
        if self.restarts != other.restarts and not (by_work and self.restarts < other.restarts):
            return False
        if self.score > other.score:
            return False
        if self.score < other.score:
            return True
        return self.first <= other.first


class _Runs:
    """A chain of runs, the last first, which ways that part later share."""

    __slots__ = ("before", "end", "start")

    def __init__(self, before: _Runs | None, start: int, end: int) -> None:
        self.before = before
        self.start = start
        self.end = end


class _Search:
    """The dynamic program for one job."""

    def __init__(
        self, cost: Rate, profile: Profile, window: Window, pausing: Pausing, delay_cost: int
    ) -> None:
        self._cost = cost
        self._profile = profile
        self._window = window
        self._pausing = pausing
        self._delay_cost = delay_cost
        self._length_us = length_of(profile)
        self._steps = -(-(window.latest_us - window.earliest_us) // pausing.step_us)
        self._first_steps = -(-max(pausing.minimum_us, 1) // pausing.step_us)
        again_us = max(pausing.restart_us + 1, pausing.minimum_us)
        self._again_steps = -(-again_us // pausing.step_us)
        self._by_work = len(profile) == 1 and all((value or 0) >= 0 for value in cost.values)
        """Whether to have done more work is never worse: not where a joule may earn something, nor
        where the work to come differs from hour to hour."""
        self._slices: dict[tuple[int, int], Profile] = {}
        self._best: tuple[int, int, int, _Runs, int] | None = None

    def solve(self) -> tuple[Intervals, int] | None:
        running: list[_Open] = [{} for _ in range(self._steps + 1)]
        paused: _Open = {}
        for index in range(self._steps):
            for done, nodes in running[index].items():
                for node in nodes:
                    self._run(running, node, index, done, steps=1, resumes=False)
            for done, nodes in paused.items():
                for node in nodes:
                    self._resume(running, node, index, done)
            if index == 0 or not self._pausing.goes_on:
                fresh = _Node(0, 0, index, _Runs(None, index, index))
                self._run(running, fresh, index, 0, steps=self._first_steps, resumes=False)
            paused = self._wait(running[index], paused, index)
        if self._best is None:
            return None
        score, _, _, runs, end_us = self._best
        return self._intervals(runs, end_us), score

    def _resume(self, running: list[_Open], node: _Node, index: int, done: int) -> None:
        most = self._pausing.most_pauses
        if most is None or node.restarts < most:
            self._run(running, node, index, done, steps=self._again_steps, resumes=True)

    def _run(
        self,
        running: list[_Open],
        node: _Node,
        index: int,
        done: int,
        *,
        steps: int,
        resumes: bool,
    ) -> None:
        """Go on from a grid point for some steps, or until the job ends within them."""
        step_us, restart_us = self._pausing.step_us, self._pausing.restart_us
        start_us = self._window.earliest_us + index * step_us
        lost_us = restart_us if resumes else 0
        worked_us = done * step_us - node.restarts * restart_us
        work_us = min(steps * step_us - lost_us, self._length_us - worked_us)
        end_us = start_us + lost_us + work_us
        if end_us > self._window.latest_us or not self._cost.is_known(start_us, end_us):
            return
        score = node.score + taken(self._cost, self._slice(worked_us, work_us), start_us + lost_us)
        if resumes:
            score += taken(self._cost, ((restart_us, self._pausing.restart_mw),), start_us)
            score += self._pausing.restart_cost
        restarts = node.restarts + resumes
        if resumes or node.runs.start == node.runs.end:
            before = node.runs if resumes else None
            runs = _Runs(before, index, index + steps)
        else:
            runs = _Runs(node.runs.before, node.runs.start, index + steps)
        if worked_us + work_us == self._length_us:
            late_us = end_us - self._window.earliest_us - self._length_us
            self._finish(score + self._delay_cost * late_us, restarts, node.first, runs, end_us)
        elif index + steps <= self._steps:
            self._keep(
                running[index + steps], done + steps, _Node(score, restarts, node.first, runs)
            )

    def _finish(self, score: int, restarts: int, first: int, runs: _Runs, end_us: int) -> None:
        found = (score, first, restarts)
        if self._best is None or found < self._best[:3]:
            self._best = (*found, runs, end_us)

    def _wait(self, running: _Open, paused: _Open, index: int) -> _Open:
        """Return the ways that are paused from this grid point to the next."""
        waiting: _Open = {}
        idle_mw = self._pausing.idle_mw
        start_us = self._window.earliest_us + index * self._pausing.step_us
        end_us = start_us + self._pausing.step_us
        if idle_mw and not self._cost.is_known(start_us, end_us):
            return waiting
        idle = taken(self._cost, ((end_us - start_us, idle_mw),), start_us) if idle_mw else 0
        for nodes_by_work in (paused, running):
            for done, nodes in nodes_by_work.items():
                for node in nodes:
                    kept = _Node(node.score + idle, node.restarts, node.first, node.runs)
                    self._keep(waiting, done, kept)
        return waiting

    def _keep(self, nodes_by_work: _Open, done: int, node: _Node) -> None:
        """Keep a way if no other beats it, and drop those that it beats."""
        nodes = nodes_by_work.setdefault(done, [])
        if any(other.beats(node, by_work=self._by_work) for other in nodes):
            return
        nodes[:] = [other for other in nodes if not node.beats(other, by_work=self._by_work)]
        nodes.append(node)

    def _slice(self, worked_us: int, work_us: int) -> Profile:
        """Return the power along a part of the work."""
        if len(self._profile) == 1:
            return ((work_us, self._profile[0][1]),)
        key = worked_us, work_us
        if key not in self._slices:
            self._slices[key] = tuple(_part(self._profile, worked_us, work_us))
        return self._slices[key]

    def _intervals(self, runs: _Runs, end_us: int) -> Intervals:
        found: list[tuple[int, int]] = []
        link: _Runs | None = runs
        step_us, earliest_us = self._pausing.step_us, self._window.earliest_us
        while link is not None:
            found.append((earliest_us + link.start * step_us, earliest_us + link.end * step_us))
            link = link.before
        found[0] = found[0][0], end_us
        return tuple(reversed(found))


def _part(profile: Profile, worked_us: int, work_us: int) -> Iterator[tuple[int, int]]:
    """Yield the pieces of a profile from some work on, for so much work."""
    begin, end = 0, worked_us + work_us
    for length_us, power_mw in profile:
        inside = min(begin + length_us, end) - max(begin, worked_us)
        if inside > 0:
            yield inside, power_mw
        begin += length_us


def _join(intervals: list[tuple[int, int]]) -> Intervals:
    """Return sorted intervals with those that touch made one."""
    joined: list[tuple[int, int]] = []
    for start, end in intervals:
        if joined and joined[-1][1] == start:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return tuple(joined)
