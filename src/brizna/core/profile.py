"""Energy by code: a run's energy shared out among what its program did.

Between two readings the energy is first parted between what would have been drawn anyway (idle)
and the rest. While the command runs on no processor, idle power is that of *waiting*. All else goes
to the code that used the processors, in proportion to processor time. Where the figure is the whole
machine's, what others used above idle is told apart. Parts are shares of the run's energy that sum
to 1, so that all of them together are the run.

A part's doubts are those of the run's energy, and four more:

- how the same processor time of two codes may differ in watts: ``attribution:<part>@<run>``;
- which part of the power is idle power: ``model:idle-share@<run>``;
- looks that came late and may have seen what followed: ``model:late-looks@<run>``;
- chance, as looks are a sample. A part ``p`` of an energy ``E`` that ``n`` looks in each interval
  told has the variance ``p (1 - p) sum(e^2 / n)``, with ``e`` the energy of each interval.

The second moves energy between waiting and work; in each of its ends the parts still sum to the
run. The others are each part's own.
"""

from __future__ import annotations

from itertools import pairwise
from math import fsum, sqrt
from operator import attrgetter

from brizna.core.errors import Said, UnavailableError
from brizna.core.estimate import CHANCE, Estimate, estimate_of
from brizna.core.factors import factor
from brizna.core.hints import Hint, hints_of
from brizna.core.looks import ROOT, Frame, Grid, Looks, Weights
from brizna.core.measurement import VIEWS
from brizna.core.quantities import Energy
from brizna.core.records import Record, each
from brizna.core.replay import series_of
from brizna.core.shares import WEIGHT, uses_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.measurement import Attribution, Run
    from brizna.core.series import Series
    from brizna.core.shares import Use

    Event = Mapping[str, Any]

MOST_PARTS = 200
"""Parts that a profile tells one by one; the smaller ones are told together."""
LEAST_SHARE = 0.0005
"""Share of the energy below which a part, or a branch of the tree, is told with others."""
_LEAST_END = 0.01
"""Of a part, what is left of it where a doubt would take it all: nothing seen was for nothing."""
_ENDS = 1.645
"""Standard deviations from the middle of a normal distribution to the ends of its middle 90 %."""
_WORLDS = ("best", "low", "high")
_PASSIVE = ("waiting", "queued", "others", "outside")
"""Kinds whose energy is not parted by processor time."""


class Part(Record):
    """The energy of one function, or of what else a program spends energy on.

    Attributes:
        kind: As in `Frame`: ``native``, ``waiting`` and ``queued`` are those of the function that
            they name.
        name: The function, process or operator; empty where the kind says all.
        file: The function's file; None for what is no function.
        line: Where it begins in it.
        self_j: Of itself.
        total_j: With all that it called; None where that has no meaning.
        share: Of the run's energy, in [0, 1]; over all parts they sum to 1.
        looks: How many looks saw it; None where it was not looked at.
    """

    kind: str
    name: str = ""
    file: str | None = None
    line: int | None = None
    self_j: Estimate
    total_j: Estimate | None = None
    share: float
    looks: int | None = None

    _forms: ClassVar = {"self_j": estimate_of(Energy), "total_j": estimate_of(Energy)}


class Branch(Record):
    """A place of the tree of calls.

    Attributes:
        above: Number of the branch that called it, in the order of the list; None for a root.
        kind: As in `Frame`.
        name: As in `Frame`.
        file: As in `Frame`.
        line: As in `Frame`.
        self_j: Joules of itself, at best; those of all branches sum to the run's.
        looks: How many looks saw it.
    """

    above: int | None
    kind: str
    name: str = ""
    file: str | None = None
    line: int | None = None
    self_j: float
    looks: int = 0


class Profile(Record):
    """A run's energy by code.

    Attributes:
        subject: Digest of the run's record.
        run: The run's id.
        form: ``functions`` where looks told them apart, ``processes`` where only processes could
            be, ``operators`` where a training library timed its own.
        view: Whose energy, one of `brizna.core.measurement.VIEWS`.
        energy_j: Of the run, or of the window that was looked at.
        parts: The largest first; they sum to ``energy_j``.
        tree: Each place after what called it.
        looks: How many there were.
        processes: How many processes were looked into.
        period_s: Mean time between two looks; None where there were none.
        own_s: Processor time that the looks took.
        seen_s: Processor time that they told of.
        cpu_time_s: Processor time of the command; None where not known.
        late_share: Which part of the energy was told by looks that may have seen what followed.
        waiting_share: In which part of the time the command ran on no processor; None where not
            known.
        processors: Mean number of processors that it used while it did not wait; None likewise.
        hints: What to try first.
        notes: What a reader should know, in plain words.
    """

    schema: ClassVar = "brizna.profile/1"

    subject: str
    run: str
    form: str
    view: str
    energy_j: Estimate
    parts: tuple[Part, ...]
    tree: tuple[Branch, ...] = ()
    looks: int = 0
    processes: int = 0
    period_s: float | None = None
    own_s: float = 0.0
    seen_s: float = 0.0
    cpu_time_s: float | None = None
    late_share: float = 0.0
    waiting_share: float | None = None
    processors: float | None = None
    hints: tuple[Hint, ...] = ()
    notes: tuple[str, ...] = ()

    _forms: ClassVar = {
        "energy_j": estimate_of(Energy),
        "parts": each(Part.from_json),
        "tree": each(Branch.from_json),
        "hints": each(Hint.from_json),
        "notes": tuple,
    }


def profile_of(
    run: Run,
    subject: str,
    *,
    events: Sequence[Event],
    lines: Iterable[Event],
    view: str = "machine",
) -> Profile:
    """Return a run's energy by code.

    Args:
        run: The run.
        subject: Digest of its record.
        events: Its journal.
        lines: What looks into it wrote.
        view: Whose energy, one of `brizna.core.measurement.VIEWS`.

    Raises:
        UnavailableError: If the energy in this view is not known.
    """
    whole, reason = run.measurement.seen_as(view)
    boot_us = next((e.get("boot_us") for e in events if e.get("e") == "start"), None)
    powers = Powers(run, events)
    if whole is None or len(powers.grid) < 1 or not whole.best.value > 0:
        raise UnavailableError(
            "The energy of {run_id} cannot be told by code: {reason}.",
            run_id=run.id,
            reason=reason or "it has no two readings",
        )
    looks = Looks(lines, start_us=boot_us or 0)
    shared = _share_out(looks, powers, view)
    telling = Telling(whole, run.id, shared)
    seen_us = fsum(piece.used_us() for piece in looks.pieces)
    made = Profile(
        subject=subject,
        run=run.id,
        form="functions" if looks.pieces else "processes",
        view=view,
        energy_j=whole,
        parts=telling.parts(looks),
        tree=telling.tree(looks),
        looks=sum(piece.looks for piece in looks.pieces),
        processes=looks.processes,
        period_s=None if looks.period_us is None else looks.period_us * 1e-6,
        own_s=fsum(piece.own_us for piece in looks.pieces) * 1e-6,
        seen_s=seen_us * 1e-6,
        cpu_time_s=run.measurement.cpu_time_s,
        late_share=telling.late_share,
        waiting_share=shared.waiting_share,
        processors=shared.processors,
        notes=tuple(
            str(Said("A process was looked at no more: {reason}.", reason=reason))
            for reason in dict.fromkeys(looks.troubles)
        ),
    )
    return made.replace(hints=hints_of(made))


# ------------------------------------------------------------------------------ a run's power


class Powers:
    """What a run drew between any two of its samples, with what was idle and what was its own.

    Attributes:
        grid: The times of the samples.
        tree_us: By interval, microseconds of processor time of the command; None where not known.
    """

    def __init__(self, run: Run, events: Sequence[Event]) -> None:
        """Take the run and its journal."""
        samples = sorted((e for e in events if "c" in e), key=lambda sample: sample["t"])
        users = max((len(e["users"]) for e in events if e.get("e") == "users"), default=1)
        roots = {channel.id for channel in run.measurement.roots() if channel.energy_j}
        self._roots = [series for series in series_of(events) if series.channel.id in roots]
        told = [sample["t"] for sample in samples if "cpu" in sample]
        self.grid = Grid(sorted(set(told if len(told) > 1 else [s["t"] for s in samples])))
        uses = uses_of(samples, users)
        self._shares = {each.channel.id: self._own(each, uses) for each in self._roots}
        self.tree_us = self._tree_us(uses.get("cpu"))
        found: Attribution | None = run.measurement.attribution
        self._idle_w = {} if found is None else found.idle_w
        unknown = factor("brizna.core", "attribution", "attribution/idle-unknown")
        self._unknown = {"best": unknown.value, "low": unknown.low, "high": unknown.high}

    def drawn(self, at: int, view: str, world: str) -> tuple[float, float, float]:
        """Return joules of an interval: idle, above it, and above it but of others.

        Args:
            at: The interval.
            view: Whose energy.
            world: Of which end of idle power: ``best``, ``low`` or ``high``.
        """
        start_us, end_us = self.grid.times[at], self.grid.times[at + 1]
        idle = above = others = 0.0
        for series in self._roots:
            energy_j = _counted_j(series, end_us) - _counted_j(series, start_us)
            share = self._shares[series.channel.id][at]
            idle_j = min(self._idle_j(series, energy_j, end_us - start_us, world), energy_j)
            above_j = energy_j - idle_j
            if view == "machine":
                idle += idle_j
                above += share * above_j
                others += (1 - share) * above_j
            else:
                idle += share * idle_j if view == "fair-share" else 0.0
                above += share * above_j
        return idle, above, others

    def _idle_j(self, series: Series, energy_j: float, length_us: int, world: str) -> float:
        known = self._idle_w.get(series.channel.id)
        if known is None:
            return energy_j * (self._unknown[world] or 0.0)
        ends = {"best": known.best, "low": known.low, "high": known.high}
        return ends[world].value * length_us * 1e-6

    def _own(self, series: Series, uses: Mapping[str, Use]) -> Sequence[float]:
        """Return, by interval, the run's share in what a channel's users used."""
        channel = series.channel
        use = uses.get(channel.id if channel.kind == "gpu" else "cpu")
        if use is None or use.users[0] is None or channel.scope != "machine":
            return [1.0] * len(self.grid)
        return use.shares(self.grid.times)[0]

    def _tree_us(self, use: Use | None) -> list[float] | None:
        if use is None or use.users[0] is None:
            return None
        counts = use.users[0].at(self.grid.times, pace=use.whole)
        return [after - before for before, after in pairwise(counts)]


def _counted_j(series: Series, t_us: int) -> float:
    """Return the joules that a channel had counted at a time; outside its readings it stands."""
    inside_us = min(max(t_us, series.t_us[0]), series.t_us[-1])
    counted = series.counted(inside_us)
    return 0.0 if counted is None else counted[1] * 1e-6


# --------------------------------------------------------------------------------- sharing it out


class Shared:
    """The energy of each place.

    Attributes:
        joules: By world of idle power and place.
        late: By place, joules that late looks told of.
        looks: By place, how many looks saw it.
        variance: The sum over the intervals of their energy squared by their number of looks.
        waiting_share: As in `Profile`; ``processors`` likewise.
    """

    def __init__(self, places: int) -> None:
        """Begin with nothing."""
        self.joules = {world: [0.0] * places for world in _WORLDS}
        self.late = [0.0] * places
        self.looks = [0.0] * places
        self.variance = 0.0
        self.waiting_share: float | None = None
        self.processors: float | None = None


def _share_out(looks: Looks, powers: Powers, view: str) -> Shared:
    """Return what each place used, in the three worlds of idle power."""
    weights = Weights(looks, powers.grid)
    others = looks.place(ROOT, Frame(kind="others"))
    shared = Shared(len(looks.places))
    waited_us = used_us = 0.0
    for at in range(len(powers.grid)):
        length_us = powers.grid.times[at + 1] - powers.grid.times[at]
        tree_us = None if powers.tree_us is None else powers.tree_us[at]
        cpu_us = weights.complete(at, tree_us)
        waited = weights.waited(at, cpu_us, length_us)
        waited_us, used_us = waited_us + waited * length_us, used_us + cpu_us
        for world in _WORLDS:
            idle_j, above_j, others_j = powers.drawn(at, view, world)
            joules = shared.joules[world]
            joules[others] += others_j
            waiting_j = idle_j * waited if cpu_us else idle_j + above_j
            active_j = idle_j + above_j - waiting_j
            _to_places(joules, weights.waits[at] or {weights.waiting: 1.0}, waiting_j)
            if cpu_us:
                cpu = {place: kept[0] for place, kept in weights.cpu[at].items()}
                _to_places(joules, cpu, active_j)
                if world == "best":
                    _note_looks(shared, weights, at, active_j / cpu_us)
                    if weights.looks[at]:
                        shared.variance += active_j**2 / weights.looks[at]
    length_us = powers.grid.times[-1] - powers.grid.times[0]
    shared.waiting_share = waited_us / length_us
    busy_us = length_us - waited_us
    shared.processors = used_us / busy_us if busy_us > 0 else None
    return shared


def _to_places(joules: list[float], weights: Mapping[int, float], energy_j: float) -> None:
    whole = fsum(weights.values())
    for place, weight in weights.items():
        joules[place] += energy_j * weight / whole


def _note_looks(shared: Shared, weights: Weights, at: int, joules_per_us: float) -> None:
    for place, (_, looks, late_us) in weights.cpu[at].items():
        shared.looks[place] += looks
        shared.late[place] += late_us * joules_per_us


class Telling:
    """Tells shared energy as parts and as a tree.

    Attributes:
        late_share: Which part of the energy late looks told of.
    """

    def __init__(self, whole: Estimate, run_id: str, shared: Shared) -> None:
        """Take the run's energy and how it is shared out."""
        self._whole = whole
        self._run = run_id
        sums = {world: fsum(values) for world, values in shared.joules.items()}
        self._shares = {
            world: [joules / sums[world] for joules in values]
            for world, values in shared.joules.items()
        }
        best = sums["best"]
        self._late = [joules / best for joules in shared.late]
        self._looks = shared.looks
        self._variance = shared.variance / best**2
        self.late_share = fsum(self._late)
        weight = factor("brizna.core", "attribution", WEIGHT.removeprefix("factor:"))
        self._weight = (weight.low or 1.0, weight.high or 1.0)

    def parts(self, looks: Looks) -> tuple[Part, ...]:
        """Return the parts, the largest first; they sum to the whole."""
        own: dict[Frame, list[int]] = {}
        for place in range(1, len(looks.places)):
            own.setdefault(self._whose(looks, place), []).append(place)
        below = _inside(looks, own)
        ordered = sorted(own, key=lambda frame: -self._sum(own[frame]))
        told = [
            frame
            for frame in ordered[:MOST_PARTS]
            if self._sum(own[frame]) >= LEAST_SHARE or frame.kind == "sampler"
        ]
        rest = [place for frame in ordered if frame not in set(told) for place in own[frame]]
        parts = [self._part(frame, own[frame], below.get(frame)) for frame in told]
        if self._sum(rest) > 0:
            parts.append(self._part(Frame(kind="rest"), rest, None))
        parts = [part for part in parts if part.share > 0]
        return tuple(sorted(parts, key=attrgetter("share"), reverse=True))

    def _sum(self, places: Iterable[int], world: str = "best") -> float:
        shares = self._shares[world]
        return fsum(shares[place] for place in places)

    @staticmethod
    def _whose(looks: Looks, place: int) -> Frame:
        """Return which part a place is of: waiting and native threads are those of a function."""
        frame = looks.frame(place)
        above = looks.places[place][0]
        if frame.kind not in ("native", "waiting", "queued") or above == ROOT:
            return frame
        caller = looks.frame(above)
        return Frame(kind=frame.kind, name=caller.name, file=caller.file, line=caller.line)

    def _part(self, frame: Frame, places: Sequence[int], inside: Sequence[int] | None) -> Part:
        seen = fsum(self._looks[place] for place in places)
        is_seen = frame.kind in ("function", "native", "rest")
        return Part(
            kind=frame.kind,
            name=frame.name,
            file=frame.file,
            line=frame.line,
            self_j=self._estimate(frame, places),
            total_j=None if inside is None else self._estimate(frame, inside),
            share=self._sum(places),
            looks=round(seen) if is_seen else None,
        )

    def _estimate(self, frame: Frame, places: Sequence[int]) -> Estimate:
        """Return the energy of some places, with the doubts of how it is shared out."""
        share, run, whole_j = self._sum(places), self._run, self._whole.best.value
        made = self._whole.scaled(share).based("modelled")

        def doubt(name: str, *ends: float) -> None:
            nonlocal made
            if any(end != share for end in ends):
                low, high = (whole_j * max(end, _LEAST_END * share) for end in ends)
                made = made.doubted(name, Energy(low), Energy(high))

        low, high = (self._sum(places, world) for world in ("low", "high"))
        doubt(f"model:idle-share@{run}", low, high)
        if frame.kind in _PASSIVE:
            return made
        if 0 < share < 1:
            ends = (share * weight / (1 + (weight - 1) * share) for weight in self._weight)
            doubt(f"attribution:{frame.kind}/{frame.name}@{run}", *ends)
            if self._variance and frame.kind != "process":
                half = _ENDS * sqrt(share * (1 - share) * self._variance)
                doubt(CHANCE, share * share / (share + half), share + half)
        late = fsum(self._late[place] for place in places)
        if self.late_share:
            doubt(f"model:late-looks@{run}", share - late, share + self.late_share - late)
        return made

    def tree(self, looks: Looks) -> tuple[Branch, ...]:
        """Return the tree of places, each after what called it, small branches together."""
        shares = self._shares["best"]
        sums = list(shares)
        for place in range(len(sums) - 1, 0, -1):
            sums[looks.places[place][0]] += sums[place]
        numbers: dict[int, int] = {}
        small: dict[int, tuple[float, float]] = {}
        branches: list[Branch] = []
        whole_j = self._whole.best.value
        for place in range(1, len(sums)):
            above = looks.places[place][0]
            if above != ROOT and above not in numbers:
                continue
            if sums[place] < LEAST_SHARE:
                joules, seen = small.get(above, (0.0, 0.0))
                small[above] = joules + sums[place] * whole_j, seen + self._looks[place]
                continue
            numbers[place] = len(branches)
            frame = looks.frame(place)
            branches.append(
                Branch(
                    above=numbers.get(above),
                    self_j=shares[place] * whole_j,
                    looks=round(self._looks[place]),
                    **frame.__getstate__(),
                )
            )
        for above, (joules, seen) in small.items():
            if joules > 0:
                branches.append(
                    Branch(above=numbers.get(above), kind="rest", self_j=joules, looks=round(seen))
                )
        return tuple(branches)


def _inside(looks: Looks, own: Mapping[Frame, Sequence[int]]) -> dict[Frame, list[int]]:
    """Return, by function, all places in it or below it, each once whatever calls itself."""
    inside: dict[Frame, list[int]] = {frame: [] for frame in own if frame.kind == "function"}
    above_of: list[frozenset[Frame]] = [frozenset()]
    for place in range(1, len(looks.places)):
        above, number = looks.places[place]
        frame = looks.frames[number]
        around = above_of[above]
        if frame.kind == "function" and frame not in around:
            around = around | {frame}
        above_of.append(around)
        for each_frame in around:
            inside[each_frame].append(place)
    return inside


class Timed(Record):
    """How long the operators of a training library took in a window.

    Attributes:
        host_s: By operator, its own seconds on the processor, those of others that it calls left
            out.
        device_s: By operator, its own seconds on accelerators.
        length_s: Length of the window.
        device_share: Which part of the window's energy was that of accelerators, in [0, 1].
    """

    host_s: dict[str, float]
    device_s: dict[str, float] = {}
    length_s: float
    device_share: float = 0.0


def operators_of(run_id: str, subject: str, window: Estimate, timed: Timed) -> Profile:
    """Return the energy of a window by operator.

    Each operator gets energy in proportion to its own time: the accelerators' by the time on them,
    all other by the time on the processor. What is left of the window was spent outside all
    operators. Where operators ran side by side their times are more than the window, and share it.

    Args:
        run_id: The run.
        subject: Digest of its record.
        window: Energy of the window.
        timed: How long the operators took.
    """
    looks = Looks((), start_us=0)
    shares: dict[int, float] = {}
    outside = looks.place(ROOT, Frame(kind="outside"))
    for times, share in (
        (timed.host_s, 1 - timed.device_share),
        (timed.device_s, timed.device_share),
    ):
        inside_s = fsum(times.values())
        whole_s = max(timed.length_s, inside_s)
        for name, spent_s in times.items():
            place = looks.place(ROOT, Frame(kind="operator", name=name))
            shares[place] = shares.get(place, 0.0) + share * spent_s / whole_s
        shares[outside] = shares.get(outside, 0.0) + share * (1 - inside_s / whole_s)
    shared = Shared(len(looks.places))
    for world in _WORLDS:
        for place, part in shares.items():
            shared.joules[world][place] = part
    telling = Telling(window, run_id, shared)
    made = Profile(
        subject=subject,
        run=run_id,
        form="operators",
        view=VIEWS[0],
        energy_j=window,
        parts=telling.parts(looks),
        tree=telling.tree(looks),
    )
    return made.replace(hints=hints_of(made))
