"""Sinks: trackers and monitors that are told of a run while it goes on, and at its end.

Promises: nobody who measures waits for a sink. Each sink has a thread of its own and a short
queue; where it is too slow the oldest numbers are dropped and counted. One that fails gets nothing
more, and is told of once, at the end. Numbers are those of the table of metrics; what is an
estimate comes with its interval.
"""

from __future__ import annotations

import os
from collections import deque
from threading import Condition, Event, Thread
from time import monotonic
from typing import Protocol, runtime_checkable

from brizna.core.errors import BriznaError, InputError, Said, UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics
    from brizna.verbs._recorder import Recorder
    from brizna.verbs._views import View

    Look = Callable[[], tuple[Metrics, datetime] | None]

GROUP = "brizna.sinks"
"""The entry points of sinks; each makes one, called with its target and the run's name."""
_OURS = "brizna.integrations."
EVERY_S = 10.0
"""Seconds from one look to the next: trackers draw curves, not each reading."""
PATIENCE_S = 10.0
"""How long the end of a run waits for its sinks, all together."""
_QUEUE = 64


@runtime_checkable
class Sink(Protocol):
    """What takes the numbers of a run: a tracker, a monitor.

    Both are called in a thread of its own, one at a time; what they raise ends it and is told at
    the end of the run.
    """

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Take what is known now.

        Args:
            metrics: Numbers by key, in the units of the table of metrics; ``metrics.readings`` has
                the same with labels.
            step: How many looks there were before.
            at: When it was so, aware.
        """
        ...

    def finish(self, view: Mapping[str, Any]) -> None:
        """Take the run's record with its footprint, after the last numbers, and let go.

        Args:
            view: As ``brizna show --json`` prints it.
        """
        ...


def open_sinks(specs: Sequence[str | Sink], *, run_name: str) -> list[tuple[str, Sink]]:
    """Return the sinks that are asked for, each with what to call it.

    Args:
        specs: ``NAME`` or ``NAME=TARGET``, such as ``mlflow=sqlite:///runs.db``; or sinks.
        run_name: What a sink may call the run.

    Raises:
        InputError: If there is no sink of a name.
        UnavailableError: If one cannot be loaded or opened.
    """
    return [
        _opened(spec, run_name) if isinstance(spec, str) else (type(spec).__name__, spec)
        for spec in specs
    ]


def open_all(
    specs: Sequence[str | Sink], *, run_name: str
) -> tuple[list[tuple[str, Sink]], list[str]]:
    """Return the sinks that can be opened, and in sentences what cannot: no job waits for it.

    Args:
        specs: As for `open_sinks`.
        run_name: What a sink may call the run.
    """
    sinks: list[tuple[str, Sink]] = []
    told: list[str] = []
    for spec in specs:
        try:
            sinks += open_sinks([spec], run_name=run_name)
        except BriznaError as error:
            told.append(str(error))
    return sinks, told


def check_names(specs: Sequence[str]) -> None:
    """Refuse what cannot be fed, before a job begins; no library is loaded for it.

    Raises:
        InputError: If there is no sink of a name; names the nearest.
        UnavailableError: If the library that one of ours feeds, whose name it has, is not here.
    """
    from importlib.util import find_spec

    for spec in specs:
        name = spec.partition("=")[0]
        if _point(name).module.startswith(_OURS) and find_spec(name) is None:
            raise UnavailableError(
                "The sink {name!r} needs the library {name!r}, which is not installed here. "
                "Install it beside brizna: pip install {name}.",
                name=name,
            )


def _opened(spec: str, run_name: str) -> tuple[str, Sink]:
    name, _, target = spec.partition("=")
    try:
        made: object = _point(name).load()(target or None, name=run_name)
    except BriznaError:
        raise
    except Exception as error:  # anybody's sink: whoever asked for it is told what it says
        raise UnavailableError(
            "The sink {name!r} cannot be opened: {kind}: {error}. Install what it needs, or "
            "correct what stands after '='.",
            name=name,
            kind=type(error).__name__,
            error=error,
        ) from error
    if not isinstance(made, Sink):
        raise UnavailableError(
            "{name!r} is offered as a sink and is none: it lacks log or finish.", name=name
        )
    return name, made


def _point(name: str) -> Any:
    from importlib.metadata import entry_points

    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name in offered:
        return offered[name]
    from brizna.core.factors import nearest

    raise InputError(
        "{name!r} is no sink.{hint} Sinks: {known}.",
        name=name,
        hint=nearest(name, offered),
        known=", ".join(sorted(offered)),
    )


def feed_recorder(sinks: Sequence[tuple[str, Sink]], recorder: Recorder) -> Feed:
    """Begin to feed sinks with what a recorder of this process records."""
    from brizna.verbs._live import LiveRun

    seen_as = recorder.settings["view"]
    live = LiveRun(recorder.tail(), directory=recorder.directory, seen_as=seen_as)
    return Feed(sinks, live.metrics)


class Feed:
    """Feeds sinks with what a run has used, until it ends.

    In a forked child it does nothing: its threads stay with the parent.
    """

    def __init__(
        self,
        sinks: Sequence[tuple[str, Sink]],
        look: Look,
        *,
        every_s: float = EVERY_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Begin at once.

        Args:
            sinks: What to feed, each with what to call it.
            look: Tells what is known now; None where nothing is yet.
            every_s: Seconds from one look to the next.
            patience_s: Seconds that `finish` waits at most.
        """
        self._look = look
        self._every_s = every_s
        self._patience_s = patience_s
        self._pid = os.getpid()
        self._over = Event()
        self._step = 0
        self._trouble: str | None = None
        self._lanes = [_Lane(name, sink) for name, sink in sinks]
        self._thread = Thread(target=self._feed, name="brizna-sinks", daemon=True)
        self._thread.start()

    def finish(self, view: View | None) -> list[str]:
        """Hand over the last numbers and the record; return what went wrong, in sentences.

        Args:
            view: The run with its footprint; None where it could not be told.
        """
        if os.getpid() != self._pid:
            return []
        until_s = monotonic() + self._patience_s
        self._over.set()
        self._thread.join(self._patience_s)
        if view is not None:
            self._offer(_last(view))
        for lane in self._lanes:
            lane.close(view)
        for lane in self._lanes:
            lane.thread.join(max(until_s - monotonic(), 0.0))
        told = [] if self._trouble is None else [self._trouble]
        return [*told, *(text for lane in self._lanes for text in lane.troubles())]

    def _feed(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                seen = self._look()
            except Exception as error:  # noqa: BLE001 - `finish` tells it; the record is untouched
                failed = Said("The sinks got only the end: {error}", error=error)
                self._trouble = str(failed)
                return
            if seen is not None:
                self._offer(seen)

    def _offer(self, seen: tuple[Metrics, datetime]) -> None:
        metrics, at = seen
        for lane in self._lanes:
            lane.put(metrics, self._step, at)
        self._step += 1


class _Lane:
    """One sink with its thread and what waits for it."""

    def __init__(self, name: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._waiting: deque[tuple[Metrics, int, datetime]] = deque(maxlen=_QUEUE)
        self._change = Condition()
        self._is_closed = False
        self._view: View | None = None
        self._dropped = 0
        self._failure: str | None = None
        self.thread = Thread(target=self._work, name=f"brizna-sink-{name}", daemon=True)
        self.thread.start()

    def put(self, metrics: Metrics, step: int, at: datetime) -> None:
        """Let numbers wait for the sink; the oldest go where too many do."""
        with self._change:
            self._dropped += len(self._waiting) == _QUEUE
            self._waiting.append((metrics, step, at))
            self._change.notify()

    def close(self, view: View | None) -> None:
        """Say that nothing more comes but the record."""
        with self._change:
            self._view, self._is_closed = view, True
            self._change.notify()

    def troubles(self) -> list[str]:
        """Return what went wrong, in sentences."""
        if self._failure is not None:
            return [self._failure]
        told: list[str] = []
        if self._dropped:
            many = Said(
                "The sink {name} was too slow: {count} of its points were dropped.",
                name=self._name,
                count=self._dropped,
            )
            told.append(str(many))
        if self.thread.is_alive():
            slow = Said("The sink {name} had not finished when the run had.", name=self._name)
            told.append(str(slow))
        return told

    def _work(self) -> None:
        try:
            while (taken := self._next()) is not None:
                metrics, step, at = taken
                self._sink.log(metrics, step=step, at=at)
            if self._view is not None:
                self._sink.finish(self._view)
        except Exception as error:  # noqa: BLE001 - anybody's sink: `finish` tells it, the job goes on
            failed = Said(
                "The sink {name} failed and was left out from then on: {kind}: {error}.",
                name=self._name,
                kind=type(error).__name__,
                error=str(error).rstrip("."),
            )
            self._failure = str(failed)

    def _next(self) -> tuple[Metrics, int, datetime] | None:
        """Wait for the next numbers; None once there are no more."""
        with self._change:
            while not self._waiting and not self._is_closed:
                self._change.wait()
            return self._waiting.popleft() if self._waiting else None


def _last(view: View) -> tuple[Metrics, datetime]:
    """Return the numbers of a run that has ended, and when it had."""
    from brizna.account import Footprint
    from brizna.core.measurement import Run
    from brizna.report._metrics import Metrics, readings_of
    from brizna.verbs._live import instant_of

    names = ("schema", *Run.fields())
    run = Run.from_json({name: view[name] for name in names if name in view})
    footprint = None if view["footprint"] is None else Footprint.from_json(view["footprint"])
    return Metrics(readings_of(run, footprint)), instant_of(run)
