"""Power of processors and memory where no counter shows it: computed from load and size.

Processors: a published curve of power over load, times the processor's design power or the watts
of one virtual processor. Memory: watts per gibibyte. Both say ``modelled``, both have wide
intervals, and a processor that no table knows has the interval of the whole table.
"""

from __future__ import annotations

import os

from brizna.meter._host import KeptFile, read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from brizna.core.measurement import Channel
    from brizna.meter._host import CpuLimit, Roots
    from brizna.meter._power_facts import LoadCurve

    class Load(Protocol):
        """Where the load of processors is read."""

        @property
        def file(self) -> str: ...
        def read(self, t_us: int) -> tuple[float, float] | None: ...
        def present(self) -> float: ...
        def close(self) -> None: ...


_TICK_US = 1_000_000 // (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
_HEAD = 512
"""Bytes that hold the first line of ``/proc/stat``, and all of what a control group says."""
_MISSING_SHARE = 0.1
"""Of the time that passed: what the kernel counts in ticks never lacks so much."""
_STILL_US = 1_000_000
"""A kernel that counts no time at all for so long shows us no load (some sandboxes)."""
_ASLEEP_US = 1_000_000
"""So much more elapsed than the kernel counted as awake: the machine slept meanwhile."""


_BLINK_US = 100_000
"""Less sleep than this is the noise between two clocks."""


_BEGIN = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""What a model that read nothing yet keeps; until the kernel's clock ticks, we are running."""


class Sleep:
    """How long the machine has slept: what is asleep draws little, and nobody knows how much."""

    def __init__(self, asleep_us: Callable[[], int] | None = None) -> None:
        """Look for the first time.

        Args:
            asleep_us: Returns for how many microseconds the machine has slept since it started;
                the system's clocks if None.
        """
        if asleep_us is None:
            from brizna.meter._clock import BootClock

            asleep_us = BootClock().asleep_us
        self._look = asleep_us
        self._seen_us = asleep_us()

    def so_far_us(self) -> int:
        """Return microseconds since the machine started: never less than the time before."""
        now_us = self._look()
        if now_us - self._seen_us >= _BLINK_US:
            self._seen_us = now_us
        return self._seen_us


class LoadMeter:
    """The power of processors by their load, integrated from one reading to the next.

    The kernel counts load in ticks, so between two ticks the load before goes on.
    """

    def __init__(self, channel: Channel, curve: LoadCurve, load: Load) -> None:
        """Start without a reading.

        Args:
            channel: What the energy is counted for.
            curve: Watts over load, for all processors together.
            load: Where the load is read.
        """
        self._channel = channel
        self._curve = curve
        self._load = load
        self._before: tuple[float, float] | None = None
        self._moved_us = self._read_us = 0
        self._share = 1.0  # until the kernel's clock first ticks: we are running
        self._counted_uj = 0.0
        self._trouble: dict[str, str] = {}

    def channels(self) -> Sequence[Channel]:
        """Return the one channel."""
        return (self._channel,)

    def ranges(self) -> Mapping[str, int]:
        """Return nothing: there is no device that could start again."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return nothing: what this model should see it sees."""
        return {}

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return the microjoules integrated so far; None while the load cannot be read."""
        now = self._load.read(t_us)
        if now is None:
            return self._unknown(f"{self._load.file} cannot be read")
        elapsed_us = t_us - self._read_us
        if self._before is None:
            self._before, self._moved_us = now, t_us
        else:
            busy_us, awake_us = now[0] - self._before[0], now[1] - self._before[1]
            if busy_us < 0 or awake_us < 0:  # a processor that goes can take its idle time along
                self._before, self._read_us = now, t_us
                return self._unknown(f"{self._load.file} went backwards")
            if awake_us > 0:
                self._share = busy_us / awake_us
                if elapsed_us - awake_us > _MISSING_SHARE * elapsed_us:
                    elapsed_us = self._without_sleep(busy_us, awake_us, elapsed_us)
                self._before, self._moved_us = now, t_us
            elif t_us - self._moved_us > _STILL_US:
                return self._unknown(f"{self._load.file} stands still")
            self._counted_uj += self._curve.power_w(self._share) * elapsed_us
        self._read_us = t_us
        return (round(self._counted_uj),)

    def keep(self) -> list[float]:
        """Return what another process needs to go on where this one is; see `resume`."""
        busy_us, awake_us = self._before or (0.0, 0.0)
        has_read = float(self._before is not None)
        times = (self._moved_us, self._read_us)
        return [has_read, busy_us, awake_us, *times, self._share, self._counted_uj]

    def resume(self, kept: Sequence[float] | None) -> None:
        """Go on where a process was that kept this; begin anew with None.

        Times are those that `read` is given: both must count from the same moment.
        """
        has_read, busy_us, awake_us, moved_us, read_us, share, counted_uj = kept or _BEGIN
        self._before = (busy_us, awake_us) if has_read else None
        self._moved_us, self._read_us = round(moved_us), round(read_us)
        self._share, self._counted_uj = share, counted_uj

    def _without_sleep(self, busy_us: float, awake_us: float, elapsed_us: float) -> float:
        """Return how long the machine was awake, where the kernel counted less time than passed.

        Processors that were taken away count no time either, and are not busy: the share is of all.
        """
        here = self._load.present()
        asleep_us = elapsed_us - awake_us / here
        if here < 1.0:
            self._share = busy_us / awake_us * here
        return elapsed_us - asleep_us if asleep_us > _ASLEEP_US else elapsed_us

    def _unknown(self, reason: str) -> Sequence[None]:
        self._trouble = {self._channel.id: reason}
        return (None,)

    def trouble(self) -> Mapping[str, str]:
        """Return why the load could not be read."""
        return self._trouble

    def close(self) -> None:
        """Close where the load is read."""
        self._load.close()


class MemoryMeter:
    """The power of memory by its size: constant, counted by the clock while the machine is awake.

    Memory that keeps its content through a sleep refreshes itself. What that takes is far less,
    and no table here tells it: it is not counted.
    """

    def __init__(self, channel: Channel, power_w: float, sleep: Sleep) -> None:
        """Take what the memory draws, in watts, and what tells of the machine's sleep."""
        self._channel = channel
        self._power_w = power_w
        self._sleep = sleep
        self._before: tuple[float, float] | None = None
        self._counted_uj = 0.0

    def channels(self) -> Sequence[Channel]:
        """Return the one channel."""
        return (self._channel,)

    def ranges(self) -> Mapping[str, int]:
        """Return nothing: there is no device that could start again."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return nothing: what this model should see it sees."""
        return {}

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return the microjoules since the first reading."""
        slept_us = self._sleep.so_far_us()
        if self._before is not None:
            elapsed_us = t_us - self._before[0]
            asleep_us = min(slept_us - self._before[1], elapsed_us)
            self._counted_uj += self._power_w * (elapsed_us - asleep_us)
        self._before = t_us, slept_us
        return (round(self._counted_uj),)

    def trouble(self) -> Mapping[str, str]:
        """Return nothing: a clock has no trouble."""
        return {}

    def keep(self) -> list[float]:
        """Return what another process needs to go on where this one is; see `resume`."""
        return [] if self._before is None else [*self._before, self._counted_uj]

    def resume(self, kept: Sequence[float] | None) -> None:
        """Go on where a process was that kept this; begin anew with None."""
        read_us, slept_us, self._counted_uj = kept or (0.0, 0.0, 0.0)
        self._before = (read_us, slept_us) if kept else None

    def close(self) -> None:
        """Do nothing: nothing is held."""


class MachineLoad:
    """Time that the processors of the whole machine were busy, from ``/proc/stat``.

    Time stolen by other machines on the same host is time in which these processors were not
    busy: somebody else's work is not counted here.
    """

    def __init__(self, roots: Roots, threads: int) -> None:
        """Take where procfs is, and how many processors share the sums."""
        self.file = f"{roots.proc}/stat"
        self._online = f"{roots.sys}/devices/system/cpu/online"
        self._threads = threads
        self._kept = KeptFile(self.file)
        self._us = _TICK_US / threads

    def read(self, t_us: int) -> tuple[float, float] | None:
        """Return microseconds busy and awake, on average over the processors; None if unreadable.

        Args:
            t_us: Not needed: the kernel counts the time too, without that asleep.
        """
        del t_us
        try:
            head = self._kept.read(_HEAD).partition(b"\n")[0].split()
        except OSError:
            return None
        if len(head) < 5 or head[0] != b"cpu":
            return None
        ticks = [int(text) for text in head[1:9]]
        return self._us * (sum(ticks) - sum(ticks[3:5]) - sum(ticks[7:8])), self._us * sum(ticks)

    def present(self) -> float:
        """Return the share of the processors that are there now, of those at the start; at most 1.

        Linux writes them as ``0-3,6``.
        """
        count = 0
        for part in (read_text(self._online) or "").strip().split(","):
            first, _, last = part.partition("-")
            if first.isdecimal():
                count += int(last or first) - int(first) + 1
        return min(count or self._threads, self._threads) / self._threads

    def close(self) -> None:
        """Close the file."""
        self._kept.close()


class GroupLoad:
    """Time that a container kept its share of the processors busy, from its control group."""

    def __init__(self, limit: CpuLimit, sleep: Sleep | None = None) -> None:
        """Take the container's limit, which says where its CPU time is counted.

        Args:
            limit: The limit.
            sleep: Tells of the machine's sleep, which is no time of the container's; None where
                only its use is asked for.
        """
        self._sleep = sleep
        self.file = limit.usage_file
        self._kept = KeptFile(self.file)
        self._limit = limit

    def read(self, t_us: int) -> tuple[float, float] | None:
        """Return microseconds busy per processor of the share, and awake; None if unreadable."""
        used_us = self.used_us()
        slept_us = 0 if self._sleep is None else self._sleep.so_far_us()
        return None if used_us is None else (used_us / self._limit.cpus, float(t_us - slept_us))

    def used_us(self) -> float | None:
        """Return the microseconds of processor time used so far; None if unreadable."""
        try:
            words = self._kept.read(_HEAD).split()
        except OSError:
            return None
        if self._limit.usage_us is not None:
            return int(words[0]) * self._limit.usage_us
        if b"usage_usec" not in words:
            return None
        return float(int(words[words.index(b"usage_usec") + 1]))

    def present(self) -> float:
        """Return 1: a share of time does not change with the number of processors."""
        return 1.0

    def close(self) -> None:
        """Close the file."""
        self._kept.close()


class PortableLoad:
    """Time that the processors were busy, where there is no procfs."""

    file = "the system's processor times"

    def __init__(self, threads: int, times: Callable[[], Any] | None = None) -> None:
        """Take how many processors share the sums.

        Args:
            threads: How many.
            times: Returns seconds ``user``, ``system`` and ``idle`` of all of them; the system's
                if None.
        """
        if times is None:
            import psutil  # pyright: ignore[reportMissingModuleSource]  (not on Linux, where this is checked)

            times = psutil.cpu_times
        self._times = times
        self._us = 1e6 / threads

    def read(self, t_us: int) -> tuple[float, float]:
        """Return microseconds busy and awake, on average over the processors."""
        del t_us
        times = self._times()
        busy_s = times.user + times.system
        return self._us * busy_s, self._us * (busy_s + times.idle)

    def present(self) -> float:
        """Return 1: nobody tells of processors that come or go."""
        return 1.0

    def close(self) -> None:
        """Do nothing: nothing is held."""
