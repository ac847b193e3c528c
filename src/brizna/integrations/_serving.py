"""Energy of single requests: what a server's machine takes, shared among the requests it serves.

The rule is `_split`'s: what was counted while requests were open is theirs, in equal parts or by
their weights; what was counted while none was open is idle. The parts sum to the run. A request
too short for the meters gets no figure of its own; `Serving.mean` has one for many of them.
"""

from __future__ import annotations

import os
from atexit import register, unregister
from collections import deque
from math import hypot
from threading import Lock
from time import monotonic
from warnings import warn

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.estimate import Estimate, total
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.core.work import read_amounts
from brizna.integrations._split import GRAINS, Slice, Split
from brizna.verbs import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Self

    from brizna.core.measurement import ChannelEnergy, Run
    from brizna.integrations._split import Edge
    from brizna.verbs import Followed, Measuring

_UJ = 1e-6
_SOONEST_US = 200
"""The counters are read no sooner after the last time as nobody is left: some take as long."""
_FINEST_US = 20_000
"""Nor more often than this for a request beside others."""
_MOST_TOLD, _TOLD_PER_S = 100.0, 10.0
"""Edges that the journal is told at once, and in a second: it would grow too fast with all."""
_REMEMBERED_S = 3600
_ROOTS_FRESH_S = 10.0
"""How long it is taken for granted which channels a total sums."""
_TOO_DOUBTFUL = 0.5
"""Where the edges may hold more of a request's figure than this, it has none of its own."""
_NEGLIGIBLE = 1e-9
_NOT_MEASURED = Said("nothing is measured here")
_NOT_YET = Said("the meters were not read since it ended: ask a moment later")
_TOO_SHORT = Said("it was too short for the meters: take the mean of many requests")
_NOT_READ = Said("a meter could not be read while it was open")


class Request:
    """One request: a context manager around the work for it.

    Attributes:
        counts: What was counted for it, by name, such as tokens.
        duration_s: How long it was open; None while it is.
    """

    __slots__ = ("_began_s", "_part", "_serving", "counts", "duration_s", "weight")

    def __init__(self, serving: Serving, weight: int) -> None:
        self._serving = serving
        self._part: Slice | None = None
        self._began_s = 0.0
        self.weight = weight
        self.counts: dict[str, float] = {}
        self.duration_s: float | None = None

    def __enter__(self) -> Self:
        self._began_s = monotonic()
        self._part = self._serving.let_in(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.duration_s = monotonic() - self._began_s
        if self._part is not None:
            self._serving.let_out(self._part)

    def count(self, **amounts: float) -> None:
        """Say how much work was done for it: ``request.count(tokens=412)``.

        The run's record has the energy of each unit too.

        Raises:
            InputError: If an amount is not a number above 0.
        """
        read = read_amounts(amounts)
        for name, amount in read.items():
            self.counts[name] = self.counts.get(name, 0.0) + amount
        self._serving.count(read)

    @property
    def energy(self) -> Estimate | None:
        """Its share of the machine's energy, so far or of the whole; None with a `reason`."""
        return self._told()[0]

    @property
    def reason(self) -> str | None:
        """Why it has no energy of its own; None if it has."""
        reason = self._told()[1]
        return None if reason is None else str(reason)

    def _told(self) -> tuple[Estimate | None, Said | None]:
        if self._part is None:
            return None, _NOT_MEASURED
        if self.duration_s is not None and not self._part.is_settled:
            return None, _NOT_YET
        return self._serving.tell(self._part)

    def energy_per(self, name: str) -> Estimate | None:
        """Return its energy divided by what was counted for it under a name, such as tokens."""
        energy, amount = self.energy, self.counts.get(name)
        return None if energy is None or not amount else energy.scaled(1 / amount)


class Shares(Record):
    """Whose the energy of a run was: three parts that sum to it.

    Attributes:
        requests: Of all requests together.
        idle: Of the time in which none was open.
        unknown: Counted, or put in, for times in which a meter could not be read.
    """

    requests: Estimate
    idle: Estimate
    unknown: Estimate


class _Tally:
    """Requests that ended, added up."""

    def __init__(self, channels: int) -> None:
        self.counts: dict[str, float] = {}
        self.grains = [0] * channels
        self.among = ([0.0] * channels, [0.0] * channels, [0.0] * channels)

    def add(self, other: Slice | _Tally, counts: Mapping[str, float]) -> None:
        for name, amount in counts.items():
            self.counts[name] = self.counts.get(name, 0.0) + amount
        fewer, more, stale = other.among
        for place, grains in enumerate(other.grains):
            self.grains[place] += grains
            self.among[0][place] += fewer[place]
            self.among[1][place] += more[place]
            self.among[2][place] = hypot(self.among[2][place], stale[place])


class Serving:
    """Shares a run's energy among the requests that it serves. Safe to use from several threads.

    Example::

        with Serving("chat", zone="ES") as serving:
            with serving.request() as request:
                request.count(tokens=answer())
        print(serving.mean(), serving.shares().idle)

    Attributes:
        phase: What the record calls the time in which requests were open.
        counted: What it calls them.
    """

    phase = "serving"
    counted = "requests"

    def __init__(
        self,
        name: str | None = None,
        *,
        measuring: Measuring | None = None,
        on_request: Callable[[Request], object] | None = None,
        **settings: Any,
    ) -> None:
        """Keep what was asked for; nothing is opened yet.

        Args:
            name: What to call the run; `phase` if None.
            measuring: A measured block that is open already, to use instead of one of its own.
            on_request: Called with each request once the meters were read after it: as the next
                one begins or ends, as something is asked, or at the end. Let it be quick.
            **settings: Any setting of `brizna.measure`, its ``tags``, ``meters`` and ``clock``.
        """
        self._name, self._settings = name or self.phase, settings
        self._on_request = on_request
        self._is_ours = measuring is None
        self._measuring = measuring
        self._followed: Followed | None = None
        self._lock = Lock()
        self._heard: deque[Mapping[str, Any]] = deque()
        self._pid = 0
        self._inside: dict[int, Slice] = {}
        self._window: int | None = None
        self._read_us = -_FINEST_US
        self._told_us = self._glances = 0
        self._room = _MOST_TOLD
        self._waiting: dict[tuple[str, int | None], Edge] = {}
        self._unsettled: dict[int, tuple[Request, Slice]] = {}
        self._settled: list[Request] = []
        self._split = Split(())
        self._all = _Tally(0)
        self._top: frozenset[int] = frozenset()
        self._seconds: deque[tuple[float, _Tally]] = deque()
        self._roots: tuple[float, frozenset[int]] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(kind, raised, trace)

    def start(self) -> None:
        """Begin to measure; does nothing where that has begun.

        Raises:
            InputError: If a setting is wrong.
        """
        with self._lock:
            if self._pid:
                return
            self._pid = os.getpid()
            register(self.close)  # where nobody says when the server ends
            if self._measuring is None:
                self._measuring = measure(self._name, **self._settings).__enter__()
            followed = self._measuring.follow(self._hear)
            if followed is not None and followed.channels:
                self._followed, channels = followed, followed.channels
                self._split = Split(
                    [channel.update_us for channel in channels],
                    [channel.max_power_w for channel in channels],
                )
                self._all = _Tally(len(channels))
                self._top = frozenset(
                    place
                    for place, channel in enumerate(channels)
                    if channel.parent is None and channel.view_of is None
                )

    def close(self, *raised: Any) -> None:
        """Stop measuring; requests that are still open get what was counted until now."""
        if self._measuring is None or os.getpid() != self._pid:
            return
        unregister(self.close)
        with self._lock:
            inside, self._inside = self._inside, {}
            for part in inside.values():
                self._set_time(self._split.close(part))
        if self._is_ours:
            self._measuring.__exit__(*(raised or (None, None, None)))
        self.settle()
        with self._lock:
            self._drain()
            self._roots = None
        self._announce()

    @property
    def run(self) -> Run:
        """The run so far, after `close` the whole; see `brizna.measure`."""
        if self._measuring is None:
            raise UnavailableError("Nothing was served yet: use 'with Serving() as serving:'.")
        return self._measuring.run

    def request(self, *, weight: int = 1) -> Request:
        """Return a context manager around the work for one request.

        Args:
            weight: Its share beside others that are open at the time: a whole number from 1.
        """
        if type(weight) is not int or weight < 1:
            raise InputError(
                "The weight of a request is {weight!r}: expected a whole number from 1.",
                weight=weight,
            )
        return Request(self, weight)

    def mean(self, per: str | None = None, *, seconds: float | None = None) -> Estimate | None:
        """Return the mean energy of a request, or of a unit that was counted for requests.

        Args:
            per: A name that requests counted, such as ``tokens``; None for the requests.
            seconds: Only of requests that ended in so many last seconds, up to an hour; None for
                all since the start.

        Returns:
            None where nothing was measured or no such request ended.
        """
        per = per or self.counted
        with self._lock:
            self._drain()
            tally = self._all if seconds is None else self._recent(seconds)
            amount = tally.counts.get(per)
            if not amount:
                return None
            parts = self._split.limited(tally.grains, self._beside_open(tally))
        found = self._estimate(parts, self._edges_of(seconds))
        return None if found is None else found.scaled(1 / amount)

    def _beside_open(self, tally: _Tally) -> Sequence[Sequence[float]]:
        """Return the doubts of a tally; edges also move energy from and to those still open."""
        fewer, more, stale = map(list, tally.among)
        for _, part in self._unsettled.values():
            for place in range(len(fewer)):
                fewer[place] += part.more[place]
                more[place] += part.fewer[place]
        return fewer, more, stale

    def _edges_of(self, seconds: float | None = None) -> str:
        """Return the name of the doubt about the edges of all requests, or of the last ones."""
        return self.counted if seconds is None else f"{self.counted} of the last {seconds:g} s"

    def shares(self) -> Shares | None:
        """Return whose the run's energy was, so far or, after `close`, of the whole."""
        if self._followed is None or self._measuring is None:
            return None
        self.settle()
        lanes = {
            channel.id: lane
            for channel, lane in zip(self._followed.channels, self._split.lanes, strict=True)
        }
        with self._lock:
            self._drain()
            roots = self._root_energies()
            doubts = [[lane.among[which] for lane in self._split.lanes] for which in range(3)]
            shared = [lane.shared for lane in self._split.lanes]
            _, down, up = self._split.limited(shared, doubts)
        requests: list[Estimate] = []
        idle: list[Estimate] = []
        unknown: list[Estimate] = []
        for channel in roots:
            energy, lane = channel.energy_j, lanes[channel.id]
            if energy is None:
                continue
            whole = energy.best.value / _UJ * GRAINS
            of_requests = lane.shared / whole if whole else 0.0
            of_idle = lane.idle / whole if whole else 1.0
            rest = 1.0 - of_requests - of_idle
            name = self._edge(channel.id, self._edges_of())
            down_j, up_j = (of[lane.place] / GRAINS * _UJ for of in (down, up))
            requests.append(_moved(energy.scaled(of_requests), name, -down_j, up_j))
            idle.append(_moved(energy.scaled(of_idle), name, down_j, -up_j))
            unknown.append(energy.scaled(rest if abs(rest) > _NEGLIGIBLE else 0.0))
        if not requests:
            return None
        return Shares(requests=total(requests), idle=total(idle), unknown=total(unknown))

    def settle(self) -> None:
        """Read the meters now, so that requests that have ended get their energy."""
        if self._followed is not None and self._followed.is_open and os.getpid() == self._pid:
            self._followed.sample()
            with self._lock:
                self._drain()
            self._announce()

    # ------------------------------------------------------------------ what a request calls

    def let_in(self, request: Request) -> Slice | None:
        """Open a request; None where nothing is measured."""
        self.start()
        if self._followed is None or os.getpid() != self._pid or not self._followed.is_open:
            return None
        with self._lock:
            self._drain()
            edge = self._split.open(weight=request.weight)
            self._inside[id(edge.part)] = edge.part
            self._unsettled[id(edge.part)] = request, edge.part
            self._set_time(edge)
        self._announce()
        return edge.part

    def let_out(self, part: Slice) -> None:
        """Close a request."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._inside.pop(id(part), None) is None:
                return  # the run ended before it did
            self.count({self.counted: 1.0})
            self._set_time(self._split.close(part))
            self._drain()
        self._announce()

    def count(self, amounts: Mapping[str, float]) -> None:
        """Count work in the run's record."""
        if self._measuring is not None and self._followed is not None and self._followed.is_open:
            self._measuring.count(**amounts)

    def look(self, request: Request) -> Estimate | None:
        """Read the meters now, and return a request's energy so far."""
        self.settle()
        return request.energy

    def tell(self, part: Slice) -> tuple[Estimate | None, Said | None]:
        """Return a request's energy as far as it is known, or why it is not."""
        followed = self._followed
        if followed is None:
            return None, _NOT_MEASURED
        with self._lock:
            self._drain()
            self._split.so_far(part)
            roots = self._root_places()
            parts = self._split.limited(part.grains, (part.fewer, part.more, part.stale))
            doubt = hypot(*(part.fewer[place] + part.stale[place] for place in roots))
        if part.lost & roots:
            return None, _NOT_READ
        best = sum(parts[0][place] for place in roots)
        if doubt > _TOO_DOUBTFUL * best or not best:
            return None, _TOO_SHORT
        return self._estimate(parts, f"request {id(part)}"), None

    # ------------------------------------------------------------------------- what it hears

    def _set_time(self, edge: Edge) -> None:
        """Say when an edge is: at a reading of its own, or between two."""
        followed = self._followed
        assert followed is not None
        now_us = followed.now_us()
        is_flip = len(self._inside) == (1 if edge.opens else 0)
        soon_us = _SOONEST_US if is_flip else _FINEST_US
        if self._inside and self._window is None:
            soon_us = 0
        if now_us - self._read_us < soon_us or not followed.at_once(lambda: self._look(edge)):
            edge.t_us = now_us
        else:
            self._read_us = now_us

    def _look(self, edge: Edge) -> None:
        """Read the counters for an edge; the journal is told that something was open if it may."""
        followed, measuring = self._followed, self._measuring
        assert followed is not None
        assert measuring is not None
        if bool(self._inside) != (self._window is not None) and self._may_tell(followed.now_us()):
            if self._window is None:
                self._window = measuring.begin(self.phase)
                key = ("begin", self._window)
            else:
                key = ("finish", self._window)
                measuring.finish(self._window)
                self._window = None
        else:
            self._glances += 1
            key = ("glance", self._glances)
            followed.glance(self._glances)
        if key[1] is None:
            edge.t_us = followed.now_us()
        else:
            self._waiting[key] = edge

    def _may_tell(self, now_us: int) -> bool:
        """Tell whether the journal can take one more edge: what begins must be able to end."""
        passed_s, self._told_us = (now_us - self._told_us) * _UJ, now_us
        self._room = min(_MOST_TOLD, self._room + passed_s * _TOLD_PER_S)
        if self._room < (1 if self._window is None else 2):
            return False
        self._room -= 1
        return True

    def _hear(self, event: Mapping[str, Any]) -> None:
        """Take an event of the journal, in the thread that wrote it, which must not wait."""
        self._heard.append(event)
        if self._lock.acquire(blocking=False):
            try:
                self._drain()
            finally:
                self._lock.release()

    def _drain(self) -> None:
        """Take in what was heard; whoever calls holds the lock."""
        while self._heard:
            event = self._heard.popleft()
            kind = event.get("e")
            if kind in ("begin", "finish", "glance"):
                edge = self._waiting.pop((kind, event["w"]), None)
                if edge is not None:
                    edge.t_us = event["t"]
            elif kind is not None:
                continue
            settled = self._split.read(event["t"], event["c"], fails=kind is None)
            for part in settled:
                self._settle(part, event["t"] * _UJ)

    def _settle(self, part: Slice, now_s: float) -> None:
        request, _ = self._unsettled.pop(id(part))
        counts = {**request.counts, self.counted: 1.0}
        if not part.lost & self._top:
            self._all.add(part, counts)
            if not self._seconds or now_s - self._seconds[-1][0] >= 1.0:
                self._seconds.append((now_s, _Tally(len(part.grains))))
            self._seconds[-1][1].add(part, counts)
            while now_s - self._seconds[0][0] > _REMEMBERED_S:
                self._seconds.popleft()
        if self._on_request is not None:
            self._settled.append(request)

    def _announce(self) -> None:
        """Tell of requests that were settled; nobody who calls holds a lock."""
        while self._settled and self._on_request is not None:
            request = self._settled.pop(0)
            try:
                self._on_request(request)
            except Exception as error:  # noqa: BLE001  (the listener's own: the server goes on, without it)
                self._on_request = None
                text = Said(
                    "What was to hear of each request raised {kind}: {error}. It hears of no more "
                    "of them; the energy is measured all the same.",
                    kind=type(error).__name__,
                    error=error,
                )
                warn(f"brizna: {text}", stacklevel=3)

    def _recent(self, seconds: float) -> _Tally:
        tally = _Tally(len(self._all.grains))
        if self._followed is not None:
            since_s = self._followed.now_us() * _UJ - seconds
            for began_s, each in self._seconds:
                if began_s >= since_s:
                    tally.add(each, each.counts)
        return tally

    # -------------------------------------------------------------------------- what it tells

    def _root_energies(self) -> Sequence[ChannelEnergy]:
        assert self._followed is not None
        return self._followed.roots()

    def _root_places(self) -> frozenset[int]:
        """Return the places of the channels that a total sums."""
        assert self._followed is not None
        now_s = self._followed.now_us() * _UJ
        if self._roots is None or now_s - self._roots[0] > _ROOTS_FRESH_S:
            try:
                ids = {channel.id for channel in self._root_energies()}
            except Exception:  # noqa: BLE001  (an unreadable journal: what contains the others counts)
                return self._top
            channels = enumerate(self._followed.channels)
            roots = frozenset(place for place, channel in channels if channel.id in ids)
            self._roots = now_s, roots
        return self._roots[1]

    def _estimate(self, parts: Sequence[Sequence[float]], name: str) -> Estimate | None:
        """Return grains by channel as an estimate, with the doubts of meters and of edges.

        Args:
            parts: Grains, and how many fewer and more they may be, by channel.
            name: Whose edges these are.
        """
        followed = self._followed
        assert followed is not None
        known: list[Estimate] = []
        for place in sorted(self._root_places()):
            channel = followed.channels[place]
            grains, down, up = (part[place] / GRAINS * _UJ for part in parts)
            estimate = Estimate(
                Energy(grains),
                basis=channel.basis,
                references=(channel.id, *channel.references),
            )
            for doubt, (low, high) in channel.doubts.items():
                estimate = estimate.doubted_by(doubt, low, high)
            known.append(_moved(estimate, self._edge(channel.id, name), -down, up))
        return total(known) if known else None

    def _edge(self, channel: str, name: str) -> str:
        """Return the name of the doubt about somebody's edges on a channel."""
        assert self._followed is not None
        return f"edge:{self._followed.id}/{channel}/{name}"


def _moved(energy: Estimate, name: str, at_low_j: float, at_high_j: float) -> Estimate:
    """Return an energy with the doubt that edges move some of it from or to others."""
    best_j = energy.best.value
    if abs(at_low_j) + abs(at_high_j) <= _NEGLIGIBLE * best_j:
        return energy
    return energy.doubted(name, Energy(best_j + at_low_j), Energy(best_j + at_high_j))
