"""Who used the energy: each channel's energy shared among its users, so that the parts sum to it.

Between two readings of a channel each user gets the share ``s = du / max(dM, sum of du)``, where
``du`` is what it used meanwhile and ``dM`` what the whole machine used: CPU time for processors
and whole machines, resident memory for memory, busy time for graphics processors. What the known
users leave of ``dM`` is that of the ``others``; where nobody used anything, or nobody can tell
who used a channel, its energy is ``unattributed``. For a channel that covers one container,
``dM`` is what that container used. Two views follow::

    fair share  F = sum of s E                 everybody carries idle power by use
    above idle  A = sum of s (E - P_idle dt)   nobody carries idle power; never clipped

Over all users, others and unattributed, ``F`` sums to the machine's energy and ``A`` to that minus
idle, at best and at each end of each doubt, because shares sum to 1 in each of them.

A meter of the whole machine may read less than those inside it together: meters contradict one
another. What is left of it is then below 0 over the run, which nobody used: it is ``unattributed``
and users have their parts of what the inner meters read. That is decided once for the whole run,
so that windows that meet go on summing to the window around them.

One doubt more than the machine's: a user's watts for the same use may be ``r`` times the others'.
At its ends all shares are computed anew with that weight. Who used all or nothing has no such
doubt; whoever has one has a part that is modelled at best, even of a metered channel.
"""

from __future__ import annotations

from brizna.core.estimate import Estimate, exactly, total
from brizna.core.quantities import Duration
from brizna.core.shares import CONTAINER, Splitter, Weights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from brizna.core.series import Series
    from brizna.core.shares import Use

    class Energies(Protocol):
        """Tells a channel's energy in a window; None where its readings do not span it."""

        def __call__(
            self, series: Series, start_us: int, end_us: int, *, whole: bool
        ) -> Estimate | None:
            """Return it; ``whole`` says that the window is all of the run."""
            ...


_DRIVERS = {"node": "cpu", "cpu": "cpu", "core": "cpu", "uncore": "cpu", "memory": "mem"}
"""What drives the energy of each kind of channel; that of a graphics processor is its own."""


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
        self._lefts: dict[str, Estimate | None] = {}
        self._nobodys = Weights((*(0.0 for _ in (*names, "others")), 1.0), {})
        self.untold = [
            name for name in counted if uses.get(self._driver(self._series[name])) is None
        ]

    def roots(self) -> list[str]:
        """Return the channels that a total sums."""
        return [name for name, each in self._series.items() if each.channel.parent is None]

    def contradicted(self, energy: Energies) -> dict[str, Estimate]:
        """Return the roots that read less than the channels inside them, with what is left: < 0.

        Args:
            energy: Tells a channel's energy.
        """
        lefts = {root: self._left(root, energy) for root in self.roots() if self._inner[root]}
        return {root: left for root, left in lefts.items() if left and left.best.value < 0}

    def _left(self, root: str, energy: Energies) -> Estimate | None:
        """Return what the channels inside a root leave of it over the whole run."""
        if root not in self._lefts:
            left = self._energy(root, energy, None)
            for name in self._inner[root]:
                inside = self._energy(name, energy, None)
                left = left if left is None or inside is None else left - inside
            self._lefts[root] = left
        return self._lefts[root]

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
        use = _DRIVERS.get(channel.kind, "")
        return {"machine": use, "container": CONTAINER + use}.get(channel.scope, "")

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
        idle[root] = rest_idle
        pieces = [
            self._piece(name, part, None if missing else idle[name], missing, window)
            for name, part in inner.items()
        ]
        rest_idle = None if missing else rest_idle
        if inner and root in self.contradicted(energy):
            nobodys = None if rest_idle is None else self._nobodys.part(rest_idle)
            return [*pieces, _Piece(self._nobodys.part(rest), nobodys, missing)]
        return [*pieces, self._piece(root, rest, rest_idle, missing, window)]

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
