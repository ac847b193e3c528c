"""How long the processors of the whole machine have worked."""

from __future__ import annotations

import os
import time

from brizna.run._allowance import Allowance
from brizna.run._cgroup import GroupCounter
from brizna.run._hierarchy import hierarchies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._outcome import Roots

_SHARE = 2e-5
"""Of one processor. A read takes 60 µs on a small machine with cold caches, more on a large one."""
_BUSY_FIELDS = (1, 2, 3, 6, 7)
"""user, nice, system, irq, softirq of proc_stat(5); guests are in user, steal is not ours."""
_STOLEN_FIELD = 8
_RUNNING_FIELD = 7
"""Of a processor's line in schedstat: nanoseconds in which tasks ran there [1].

[1] Linux, Documentation/scheduler/sched-stats.rst.
"""


class MachineTime:
    """Reads the busy time of all processors; on a large machine less often, as that is dearer.

    What the kernel tells best is used. The topmost group of a version 1 hierarchy counts to the
    nanosecond. Else the clock ticks of ``/proc/stat`` are counted, which miss what is shorter
    than a tick; where there is ``/proc/schedstat``, which is exact but knows of a task only once
    it has paused (and counts stolen time, which is taken off), the one that moved further counts.

    Attributes:
        source: ``cpuacct``, ``stat+schedstat``, ``stat``, or None where nothing can be read.
    """

    def __init__(self, roots: Roots) -> None:
        """Open what the kernel tells of its processors, if anything."""
        self._allowance = Allowance(_SHARE)
        self._counter = _topmost(roots)
        self._tick_us = 0
        self._stat = self._sched = -1
        self._first: tuple[int, int] | None = None
        self.source: str | None = None
        if self._counter is not None:
            self.source = "cpuacct"
            return
        try:
            self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
            self._stat = os.open(roots.stat_file, os.O_RDONLY | os.O_CLOEXEC)
        except (AttributeError, OSError, ValueError):
            return  # a system without procfs: unknown
        self.source = "stat"
        try:
            file = f"{os.path.dirname(roots.stat_file)}/schedstat"
            self._sched = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # a kernel built without it
        self.source = "stat+schedstat"

    def busy_us(self, *, at_any_cost: bool = False) -> int | None:
        """Return microseconds since the machine started, summed over its processors.

        None where that is unknown, or would cost too much just now.
        """
        if self.source is None or not (at_any_cost or self._allowance.permits()):
            return None
        begun = time.process_time()
        try:
            busy_us = self._read_us()
        except (OSError, ValueError, IndexError):
            return None
        self._allowance.spend(time.process_time() - begun)
        return busy_us

    def close(self) -> None:
        """Give the files back."""
        self.source = None
        if self._counter is not None:
            self._counter.close()
        for file in (self._stat, self._sched):
            if file >= 0:
                os.close(file)
        self._stat = self._sched = -1

    def _read_us(self) -> int:
        if self._counter is not None:
            return self._counter.read_us()
        fields = os.pread(self._stat, 512, 0).split(b"\n", 1)[0].split()
        ticks_us = sum(int(fields[field]) for field in _BUSY_FIELDS) * self._tick_us
        if self._sched < 0:
            return ticks_us
        ran_us = self._ran_us() - int(fields[_STOLEN_FIELD]) * self._tick_us
        if self._first is None:
            self._first = ticks_us, ran_us
        return self._first[0] + max(ticks_us - self._first[0], ran_us - self._first[1])

    def _ran_us(self) -> int:
        """Return the microseconds in which tasks ran on some processor."""
        ran_ns = offset = 0
        rest = b""
        while block := os.pread(self._sched, 65536, offset):
            offset += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if line.startswith(b"cpu"):
                    ran_ns += int(line.split()[_RUNNING_FIELD])
        return ran_ns // 1000


def _topmost(roots: Roots) -> GroupCounter | None:
    """Return the counter of the group that holds all processes of the machine; None if not shown.

    The kernel gives only the topmost group of a hierarchy of version 1 a ``release_agent``, so a
    container's own group, mounted as if it were the top, is not mistaken for it.
    """
    try:
        for hierarchy in hierarchies(roots):
            if "cpuacct" in hierarchy.controllers and os.path.exists(
                f"{hierarchy.point}/release_agent"
            ):
                counter = GroupCounter(hierarchy.point, 1)
                counter.read_us()
                return counter
    except (OSError, ValueError):
        return None
    return None
