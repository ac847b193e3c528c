"""Devices that are asked over a wire: one thread for each, never on the sampler's tick.

A device answers in milliseconds or in seconds, or not at all, so a thread of its own asks it at
its own pace, and a reading takes what was answered last. While a device is silent its channel has
a gap that says why; when it answers again the channel goes on.

A power that is told holds until the next answer. Where the device counts energy too, the counter
says what was drawn, also while nobody asked, and the power only what came since the counter last
moved: many count in whole watt-hours, or once a minute.
"""

from __future__ import annotations

from _thread import allocate_lock

from brizna.core.errors import Said, UnavailableError
from brizna.core.records import Record
from brizna.meter._clock import BootClock
from brizna.meter._sensors import SensorMeter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from brizna.core.measurement import Channel

    class Clock(Protocol):
        """What tells the time: `BootClock`, or a fake one in tests."""

        def now_us(self) -> int: ...
        def asleep_us(self) -> int: ...

    class Device(Protocol):
        """What is asked."""

        def ask(self) -> Answer:
            """Return what the device says; OSError or UnavailableError where it does not."""
            ...

        def interrupt(self) -> None:
            """Make a question that another thread asks end soon; no more will be asked."""
            ...

        def close(self) -> None:
            """Give the connection back; a second call does nothing."""
            ...

    Begin = Callable[[Callable[[], object], float], Callable[[], bool]]
    """Has a function called every so many seconds, until the function that it returns is: that one
    says whether no call is under way any more."""

_MISSED = 3
"""Answers that may be missing one after another before the last one is not believed any more."""
_BUSY_S = 2.0
"""A machine that is busy may ask so much later than it should: the last answer holds meanwhile."""
_PATIENCE_S = 3.0
"""How long closing waits for a thread that is in the middle of asking."""


class Answer(Record):
    """What a device said.

    Attributes:
        power_w: Its power; None if it tells none.
        energy_uj: Its energy counter; None if it has none.
        most_w: The highest power that it says it can deliver; None if it does not.
    """

    power_w: float | None = None
    energy_uj: int | None = None
    most_w: float | None = None


class Wire(Record):
    """How a device is asked, and what its readings are worth.

    Attributes:
        method: How its channel is read, e.g. ``redfish``.
        name: Its name in records, which tells no address.
        every_s: Seconds between two questions.
        accuracy: The row of table ``spreads`` with how far its readings are off.
        machine: The machine's name, for the names of the doubts.
    """

    method: str
    name: str
    every_s: float
    accuracy: str
    machine: str


def open_remote(
    device: Device, wire: Wire, *, clock: Clock | None = None, begin: Begin | None = None
) -> SensorMeter:
    """Ask a device once and return a meter that goes on asking.

    A device that does not answer now has a channel too, which begins with a gap. Its power is read
    once it answers.

    Args:
        device: What is asked; closed with the meter.
        wire: How.
        clock: What tells the time; the boot-time clock if None.
        begin: Has it asked again and again; a thread if None.
    """
    clock = clock or BootClock()
    try:
        first = device.ask()
        trouble = None
    except (OSError, UnavailableError) as error:
        first, trouble = Answer(), _why(error)
    channel = _channel(first, wire)
    sensor = RemoteSensor(channel, device, wire.every_s, clock=clock, begin=begin or in_thread)
    if trouble is None:
        sensor.hear(first)
    else:
        sensor.miss(trouble)
    return SensorMeter([sensor])


def _channel(first: Answer, wire: Wire) -> Channel:
    from brizna.core.measurement import Channel
    from brizna.meter._power_facts import accuracy, limit_w

    counts = first.energy_uj is not None
    most_w = limit_w("wire") if first.most_w is None else first.most_w * limit_w("margin")
    channel_id = f"{wire.method}/{wire.name}"
    return Channel(
        id=channel_id,
        kind="node",
        method=f"{wire.method}-energy" if counts else f"{wire.method}-power",
        basis="metered",
        counted_by="device" if counts else "reader",
        doubts={f"meter:{channel_id}@{wire.machine}": accuracy(wire.accuracy)},
        max_power_w=most_w,
        update_us=round(wire.every_s * 1e6),
        references=(f"factor:accuracy/{wire.accuracy}",),
    )


class RemoteSensor:
    """One device behind a wire, as a sensor of a `SensorMeter`."""

    def __init__(
        self, channel: Channel, device: Device, every_s: float, *, clock: Clock, begin: Begin
    ) -> None:
        """Take the device over; asking goes on from the first reading.

        Not before it, because a command may be started in between: a process with one thread
        forks most safely.

        Args:
            channel: What is read; ``counted_by`` says whether by counter or by power.
            device: What is asked.
            every_s: Seconds between two questions.
            clock: What tells the time.
            begin: Has it asked again and again.
        """
        self.channel = channel
        self._device = device
        self._every_s = every_s
        self._clock = clock
        self._begin = begin
        self._end: Callable[[], bool] | None = None
        self._has_begun = False
        self._lock = allocate_lock()
        self._answer: Answer | None = None
        self._answered_us = 0
        self._held_us = 0
        self._counted_pj = self._ahead_pj = self._shown_pj = 0
        self._has_moved = False
        self._silence = str(Said("it has not answered yet"))

    def poll(self) -> None:
        """Ask once, and remember the answer or why there is none."""
        try:
            answer = self._device.ask()
        except (OSError, UnavailableError) as error:
            self.miss(_why(error))
        else:
            self.hear(answer)

    def hear(self, answer: Answer) -> None:
        """Take an answer: from now on its power holds, or its counter stands there."""
        wrong = self._wrong(answer)
        if wrong is not None:
            self.miss(wrong)
            return
        with self._lock:
            now_us = self._clock.now_us()
            was_silent = self._answer is None or self._is_stale(now_us)
            if was_silent:
                self._held_us = now_us
            self._hold(now_us)
            self._count(answer, was_silent=was_silent)
            self._answer, self._answered_us = answer, now_us

    def miss(self, reason: str) -> None:
        """Remember why there is no answer; the last one holds for a while."""
        with self._lock:
            self._silence = reason

    def read(self, t_us: int) -> int:
        """Return the microjoules counted by the device, or held so far.

        Raises:
            OSError: If it has been silent for too long.
        """
        del t_us
        if not self._has_begun:
            self._has_begun = True
            self._end = self._begin(self.poll, self._every_s)
        with self._lock:
            now_us = self._clock.now_us()
            if self._answer is None or self._is_stale(now_us):
                raise OSError(self._silence)
            self._hold(now_us)
            self._shown_pj = max(self._shown_pj, self._counted_pj + self._ahead_pj)
            return self._shown_pj // 1_000_000

    def lose(self) -> None:
        """Do nothing: once the device answers again, its power counts from then on."""

    def close(self) -> None:
        """Stop asking and close the device; a second call does nothing."""
        self._device.interrupt()
        end, self._end = self._end, None
        if end is None or end():
            self._device.close()

    def _wrong(self, answer: Answer) -> str | None:
        """Return why an answer is not believed; None if it is."""
        if self.channel.counted_by == "device" and answer.energy_uj is None:
            return str(Said("it tells its energy no more"))
        if answer.power_w is None:
            return None if answer.energy_uj is not None else str(Said("it tells no power"))
        most_w = self.channel.max_power_w
        if answer.power_w <= 0 or (most_w is not None and answer.power_w > most_w):
            power = f"{answer.power_w:g}"
            return str(Said("it says {power} W, which this machine cannot draw", power=power))
        return None

    def _is_stale(self, now_us: int) -> bool:
        return now_us - self._answered_us > max(_MISSED * self._every_s, _BUSY_S) * 1e6

    def _hold(self, now_us: int) -> None:
        """Let the last power go on until now."""
        if self._answer is not None and self._answer.power_w is not None:
            held_us = max(now_us - self._held_us, 0)  # two threads: the other may have been later
            self._ahead_pj += round(self._answer.power_w * 1e6) * held_us
        self._held_us = max(now_us, self._held_us)

    def _count(self, answer: Answer, *, was_silent: bool) -> None:
        """Take over what the counter has counted since it last moved, in place of what was held.

        Nobody knows how long before the first answer it moved last, so at its first move what was
        held counts. A counter that restarted is taken up where it stands: the power went on.
        """
        now_uj = answer.energy_uj
        if self.channel.counted_by == "reader" or now_uj is None:
            return
        before_uj = None if self._answer is None else self._answer.energy_uj
        if before_uj is None:
            self._counted_pj = now_uj * 1_000_000
            self._has_moved = answer.power_w is None
        elif now_uj < before_uj:
            self._has_moved = answer.power_w is None
            if answer.power_w is None:  # what is missing is for the counter engine to judge
                self._counted_pj, self._shown_pj = now_uj * 1_000_000, 0
        elif now_uj > before_uj:
            is_whole = self._has_moved or was_silent
            self._counted_pj += (now_uj - before_uj) * 1_000_000 if is_whole else self._ahead_pj
            self._ahead_pj, self._has_moved = 0, True


def _why(error: OSError | UnavailableError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def in_thread(poll: Callable[[], object], every_s: float) -> Callable[[], bool]:
    """Call a function every so many seconds in a thread, until the returned function is called."""
    from threading import Thread

    going_on = allocate_lock()
    going_on.acquire()

    def follow() -> None:
        while not going_on.acquire(timeout=every_s):
            poll()

    thread = Thread(target=follow, name="brizna-wire", daemon=True)
    thread.start()

    def end() -> bool:
        going_on.release()
        thread.join(_PATIENCE_S)
        return not thread.is_alive()

    return end
