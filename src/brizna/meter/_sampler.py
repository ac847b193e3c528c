"""The sampler: reads all meters at one time and tells the journal what was counted."""

from __future__ import annotations

import os
from _thread import RLock

from brizna.core.errors import InputError
from brizna.meter._counter import Tally
from brizna.meter._nap import Nap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from threading import Thread
    from typing import Any, Protocol, Self

    from brizna.core.measurement import Channel
    from brizna.meter._protocol import Meter

    _Read = tuple[Sequence[int | None], Mapping[str, str], int]
    """What one meter said: its raw numbers, by channel why some are missing, and how many
    microseconds after its time the reading was over at the latest."""
    _Moment = tuple[int, int, list[_Read]]
    """The time since the start, how much of it the machine slept, what each meter said."""
    _Beside = Callable[[], Mapping[str, Any] | None]

    class Clock(Protocol):
        """What tells the time: `BootClock`, or a fake one in tests."""

        def now_us(self) -> int: ...
        def asleep_us(self) -> int: ...


_REREAD_US = 200_000
"""At the edge of a window a model is not computed again so soon after the last time: its load
would be that of a few clock ticks. The energy there lies on the line between two samples."""
_NAP_US = 100_000
"""Shorter sleeps of the machine are the noise between two clocks: nothing is written of them."""
_DOZE_US = 50_000
"""Sleep of the machine that is too short to be looked for."""
_GLANCE = "glance"
"""What a reading is called that is told to those who listen, and not written."""
_QUEUE = 4096
"""Window edges that wait for the next sample at most."""


class Sampler:
    """All meters of a run, read together.

    Samples, windows and gaps become events in the form that `brizna.core.replay` reads. One lock
    makes it safe to use from several threads. A handle that was inherited by a forked child does
    nothing at all: the parent's run stays the parent's.

    Attributes:
        start_us: The clock at the run's time 0.
        trouble: The first error that ``write`` or a meter raised, as text; None if all was well.
    """

    def __init__(
        self, meters: Sequence[Meter], *, clock: Clock, write: Callable[[dict[str, Any]], object]
    ) -> None:
        """Take the meters over: they are closed with the sampler.

        Args:
            meters: Open meters, as `open_meters` gives them.
            clock: Tells the time.
            write: Takes each event; where it raises, sampling goes on and `trouble` says so.

        Raises:
            InputError: If two meters claim the same channel.
        """
        self._meters = list(meters)
        self._clock = clock
        self._write = write
        self._hearers: tuple[Callable[[dict[str, Any]], object], ...] = ()
        self._pid = os.getpid()
        self._lock = RLock()
        self._waiting: list[tuple[_Moment, dict[str, Any]]] = []
        self._windows = 0
        self._closed = False
        self._nap: Nap | None = None
        self._thread: Thread | None = None
        self.trouble: str | None = None
        self.start_us = clock.now_us()
        self._asleep_at_start_us = clock.asleep_us()
        self._now_us = self._asleep_us = 0
        self._sources = [source for meter in self._meters if (source := self._source(meter))]
        ids = [channel.id for source in self._sources for channel in source.channels]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise InputError(
                "Two meters claim one channel: {names}. Name each meter once, and give different "
                "devices different names, such as #name=left.",
                names=", ".join(twice),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """What is read, in the order in which samples list it."""
        return tuple(channel for source in self._sources for channel in source.channels)

    def now_us(self) -> int:
        """Return microseconds since the start."""
        return self._clock.now_us() - self.start_us

    def listen(self, hear: Callable[[dict[str, Any]], object]) -> None:
        """Have a function called with each event from now on, after it was written.

        Args:
            hear: Called in the thread that samples, or that closes a window, which must not wait.
        """
        with self._lock:
            self._hearers = (*self._hearers, hear)

    def at_once(self, do: Callable[[], object]) -> bool:
        """Call a function that begins or ends windows, or glances, if none of that has to wait.

        Where the thread that samples is writing, nothing is called: what serves others cannot wait
        for a disk.

        Returns:
            Whether it was called.
        """
        if os.getpid() != self._pid or self._closed or not self._lock.acquire(blocking=False):
            return False
        try:
            do()
        finally:
            self._lock.release()
        return True

    def glance(self, number: int) -> None:
        """Read the counters now for those who listen; nothing of it is written.

        Args:
            number: The event's ``w``; it is told as ``glance``, with ``t`` and ``c``, before the
                next sample.
        """
        if os.getpid() == self._pid and not self._closed:
            with self._lock:
                self._edge({"e": _GLANCE, "w": number})

    def start(self, beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Tell which channels there are and what no meter sees; return the first sample.

        Args:
            beside: As for `sample`.
        """
        with self._lock:
            moment = self._read(edge=False)
            for source, read in zip(self._sources, moment[2], strict=True):
                for channel in source.at_start(read):
                    self._tell({"e": "channel", **channel.to_json()})
            seen = {channel.kind for source in self._sources for channel in source.channels}
            for source in self._sources:
                for component, reason in source.unseen.items():
                    if component not in seen:
                        self._tell({"e": "unseen", "component": component, "reason": reason})
            return self._keep(moment, beside or {})

    def sample(self, beside: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Read all meters, write what was seen since the last time, and return the sample.

        Args:
            beside: What else is known at this moment, in the form in which `brizna.core.replay`
                reads it beside a sample's ``t`` and ``c``: who used what (``cpu``, ``mem``,
                ``gpu``), gauges (``g``).

        Returns:
            The event; None in a forked child, or once the sampler is closed.
        """
        if os.getpid() != self._pid or self._closed:
            return None
        return self._take(beside)

    def begin(self, name: str, beside: Mapping[str, Any] | None = None) -> int | None:
        """Open a window now and return its number; None in a forked child or once closed.

        The counters are read at once; the event is written with the next sample.

        Args:
            name: What to call it.
            beside: As for `sample`; here the work done so far (``work``).
        """
        if os.getpid() != self._pid or self._closed:
            return None
        with self._lock:
            self._windows += 1
            window = self._windows
            self._edge({"e": "begin", "w": window, "name": name, **(beside or {})})
            return window

    def finish(self, window: int | None, beside: Mapping[str, Any] | None = None) -> None:
        """Close a window now; nothing happens in a forked child or once closed.

        Args:
            window: Its number.
            beside: As for `begin`.
        """
        if window is None or os.getpid() != self._pid or self._closed:
            return
        with self._lock:
            self._edge({"e": "finish", "w": window, **(beside or {})})

    def run_thread(self, interval_s: float, beside: _Beside | None = None) -> None:
        """Start the one thread that samples at an interval, until `close`.

        Args:
            interval_s: Seconds from one sample to the next.
            beside: Called before each sample for what `sample` takes; where it raises, the sample
                stands alone and `trouble` says why.

        Raises:
            InputError: If the interval is not positive, or the thread runs already.
        """
        import threading

        if interval_s <= 0:
            raise InputError(
                "The interval is {interval_s} s: expected more than 0.", interval_s=interval_s
            )
        if self._thread is not None:
            raise InputError("This sampler has its thread already: close it before another.")
        self._nap = Nap()
        self._thread = threading.Thread(
            target=self._tick,
            args=(self._nap, interval_s, beside),
            name="brizna-sampler",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, write what waits, close the meters; a second call does nothing."""
        if os.getpid() != self._pid or self._closed:
            return
        if self._nap is not None and self._thread is not None:
            self._nap.end()
            self._thread.join()
            self._nap.close()
        with self._lock:
            self._flush()
            self._closed = True
            for meter in self._meters:
                try:
                    meter.close()
                except Exception as error:  # noqa: BLE001  (anyone's meter; `trouble` says so)
                    self._note(error)

    def _source(self, meter: Meter) -> _Source | None:
        try:
            return _Source(meter, self._tell, self.now_us)
        except Exception as error:  # noqa: BLE001  (anyone's meter: the run goes on without it)
            self._note(error)
            return None

    def _tick(self, nap: Nap, interval_s: float, beside: _Beside | None) -> None:
        """Sample at whole intervals since the start, so that lateness does not add up."""
        interval_us = interval_s * 1e6
        while True:
            elapsed_us = self._clock.now_us() - self.start_us
            rest_us = interval_us - elapsed_us % interval_us
            if nap.ended_within(rest_us * 1e-6):
                return
            known = None if beside is None else self._beside(beside)
            self._take(known, due_us=elapsed_us + rest_us)

    def _beside(self, beside: _Beside) -> Mapping[str, Any] | None:
        try:
            return beside()
        except Exception as error:  # noqa: BLE001  (anyone's reader: the sample goes on without it)
            self._note(error)
            return None

    def _take(self, beside: Mapping[str, Any] | None, *, due_us: float = 0.0) -> dict[str, Any]:
        """Sample, in the process whose run it is.

        Args:
            beside: As for `sample`.
            due_us: As for `_now`.
        """
        self._lock.acquire()  # `with` would take three times as long, once a second
        try:
            t_us, asleep_us = self._now(due_us)
            if self._waiting:  # edges come first: what is read now is counted after them
                reads = [source.read(t_us, edge=False) for source in self._sources]
                self._flush()
                return self._keep((t_us, asleep_us, reads), beside or {})
            counted: list[int | None] = []
            for source in self._sources:
                source.take(t_us, asleep_us, counted)
            event = {"t": t_us, "c": counted}
            if beside:
                event.update(beside)
            self._tell(event)
            return event
        finally:
            self._lock.release()

    def _now(self, due_us: float = 0.0) -> tuple[int, int]:
        """Return the time since the start, and how much of it the machine slept.

        It cannot have slept between two looks that lie close together, nor while we waited for
        a time that has only just come: such waits stand still with the machine.

        Args:
            due_us: Until when we waited, if we did.
        """
        t_us = self._clock.now_us() - self.start_us
        if t_us > due_us + _DOZE_US and t_us > self._now_us + _DOZE_US:
            asleep_us = self._clock.asleep_us() - self._asleep_at_start_us
            slept_us = asleep_us - self._asleep_us
            if slept_us >= _NAP_US:  # shorter ones are the noise between two clocks
                self._tell({"e": "asleep", "from": t_us - slept_us, "to": t_us})
            self._asleep_us = asleep_us
        self._now_us = t_us
        return t_us, self._asleep_us

    def _read(self, *, edge: bool) -> _Moment:
        t_us, asleep_us = self._now()
        return t_us, asleep_us, [source.read(t_us, edge=edge) for source in self._sources]

    def _edge(self, event: dict[str, Any]) -> None:
        self._waiting.append((self._read(edge=True), event))
        if len(self._waiting) >= _QUEUE:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for moment, event in waiting:
            self._keep(moment, event)

    def _keep(self, moment: _Moment, event: Mapping[str, Any]) -> dict[str, Any]:
        """Count what was read, and write the event that it belongs to."""
        t_us, asleep_us, reads = moment
        counted: list[int | None] = []
        for source, read in zip(self._sources, reads, strict=True):
            counted += source.count(t_us, read, asleep_us)
        event = {**event, "t": t_us, "c": counted}
        self._tell(event)
        return event

    def _tell(self, event: dict[str, Any]) -> None:
        try:
            if event.get("e") != _GLANCE:
                self._write(event)
            for hear in self._hearers:
                hear(event)
        except Exception as error:  # noqa: BLE001  (the run's end shows `trouble`; the job goes on)
            self._note(error)

    def _note(self, error: Exception) -> None:
        if self.trouble is None:
            self.trouble = f"{type(error).__name__}: {error}"


class _Source:
    """One meter with the tallies of its channels."""

    __slots__ = (
        *("_blanks", "_is_model", "_now_us", "_read_us", "_tallies"),
        *("channels", "meter", "unseen"),
    )

    def __init__(
        self, meter: Meter, report: Callable[[dict[str, Any]], None], now_us: Callable[[], int]
    ) -> None:
        ranges = meter.ranges()
        self.meter = meter
        self._now_us = now_us
        self.channels = tuple(meter.channels())
        self.unseen = dict(meter.unseen())
        self._tallies = [
            Tally(channel, wrap_uj=ranges.get(channel.id), report=report)
            for channel in self.channels
        ]
        self._blanks: tuple[None, ...] = (None,) * len(self.channels)
        self._is_model = all(channel.counted_by == "reader" for channel in self.channels)
        self._read_us: int | None = None

    def at_start(self, read: _Read) -> list[Channel]:
        """Return the channels, with the first raw number where it tells mirrored counters apart."""
        return [
            channel if channel.mirror_group is None else channel.replace(raw_start=raw)
            for channel, raw in zip(self.channels, read[0], strict=True)
        ]

    def read(self, t_us: int, *, edge: bool) -> _Read:
        """Return the raw numbers, why some are missing, and how late they may be."""
        if self._is_model:
            if edge and self._read_us is not None and t_us - self._read_us < _REREAD_US:
                return self._blanks, {}, 0
            self._read_us = t_us
        try:
            raws = self.meter.read(t_us)
            if len(raws) != len(self.channels):
                reason = f"{len(raws)} numbers for {len(self.channels)} channels"
                return self._blanks, {channel.id: reason for channel in self.channels}, 0
            trouble: Mapping[str, str] = self.meter.trouble() if None in raws else {}
        except Exception as error:  # noqa: BLE001  (anyone's meter: its channels get a gap that says so)
            reason = f"{type(error).__name__}: {error}"
            return self._blanks, {channel.id: reason for channel in self.channels}, 0
        return raws, trouble, self._now_us() - t_us

    def take(self, t_us: int, asleep_us: int, counted: list[int | None]) -> None:
        """Read now, and append what each channel has counted since the start."""
        raws, trouble, late_us = read = self.read(t_us, edge=False)
        if trouble:
            counted += self.count(t_us, read, asleep_us)
            return
        for place, raw in enumerate(raws):
            tally = self._tallies[place]
            counted.append(tally.take(t_us, raw, asleep_us=asleep_us, late_us=late_us))

    def count(self, t_us: int, read: _Read, asleep_us: int) -> list[int | None]:
        """Return what each channel has counted since the start."""
        raws, trouble, late_us = read
        return [
            tally.take(
                t_us,
                raw,
                reason=trouble.get(tally.channel.id),
                asleep_us=asleep_us,
                late_us=late_us,
            )
            for tally, raw in zip(self._tallies, raws, strict=True)
        ]
