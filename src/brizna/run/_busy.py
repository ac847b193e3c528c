"""How long the processors of the whole machine have worked."""

from __future__ import annotations

import os
import time

from brizna.run._allowance import Allowance
from brizna.run._cgroup import GroupCounter
from brizna.run._hierarchy import hierarchies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.run._outcome import Roots

_SHARE = 2e-5
"""Of one processor. A read takes 60 µs on a small machine with cold caches, more on a large one."""
_BUSY_FIELDS = (1, 2, 3, 6, 7)
"""user, nice, system, irq, softirq of proc_stat(5); guests are in user, steal is not ours."""
_STOLEN_FIELD = 8
_LONGEST = 16_384
"""Bytes of a ``/proc/schedstat`` that is worth reading again and again: of a dozen processors."""
_RUNNING_FIELD = 7
"""Of a processor's line in schedstat: nanoseconds in which tasks ran there [1].

[1] Linux, Documentation/scheduler/sched-stats.rst.
"""


class MachineTime:
    """Reads the busy time of all processors; on a large machine less often, as that is dearer.

    What the kernel tells best is used. The topmost group of a version 1 hierarchy counts to the
    nanosecond. Else clock ticks are counted, which miss what is shorter than a tick: those of the
    topmost group of version 2, which are cheap to read, else those of ``/proc/stat``. Where there
    is a ``/proc/schedstat`` that is not too long, which is exact but knows of a task only once it
    has paused (and counts stolen time, which is taken off), the one that moved further counts.

    Attributes:
        source: ``cpuacct``, ``stat+schedstat``, ``cgroup``, ``stat``, or None where nothing can
            be read.
    """

    def __init__(self, roots: Roots) -> None:
        """Open what the kernel tells of its processors, if anything."""
        self._allowance = Allowance(_SHARE)
        self._counter: GroupCounter | _Ticks | None = None
        self._tick_us = 0
        self._stat = self._sched = -1
        self._first: tuple[int, int] | None = None
        self.source: str | None = None
        tops = _topmost(roots)
        if 1 in tops:
            self.source, self._counter = "cpuacct", tops.pop(1)
        elif self._open_statistics(roots):
            self.source = "stat+schedstat"
        elif 2 in tops:
            self.source, self._counter = "cgroup", tops.pop(2)
        elif self._stat >= 0:
            self.source = "stat"
        for counter in tops.values():
            counter.close()

    def _open_statistics(self, roots: Roots) -> bool:
        """Open what procfs tells; return whether that includes exact run times."""
        try:
            self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
            self._stat = os.open(roots.stat_file, os.O_RDONLY | os.O_CLOEXEC)
            file = f"{os.path.dirname(roots.stat_file)}/schedstat"
            self._sched = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        except (AttributeError, OSError, ValueError):
            return False  # a system without procfs, or a kernel built without schedstat
        if sum(map(len, self._schedstat())) <= _LONGEST:
            return True
        os.close(self._sched)
        self._sched = -1
        return False

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
        return sum(
            int(line.split()[_RUNNING_FIELD]) // 1000
            for line in b"".join(self._schedstat()).split(b"\n")
            if line.startswith(b"cpu")
        )

    def _schedstat(self) -> Iterator[bytes]:
        """Yield the blocks of schedstat, of which the kernel hands out a page at a time."""
        offset = 0
        while offset <= _LONGEST and (block := os.pread(self._sched, 65536, offset)):
            offset += len(block)
            yield block


class _Ticks:
    """Busy time in a group's ``cpu.stat``: of user and system; its usage includes stolen time."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read_us(self) -> int:
        _, user, system = os.pread(self._file, 256, 0).split(b"\n")[:3]
        return int(user.removeprefix(b"user_usec ")) + int(system.removeprefix(b"system_usec "))

    def close(self) -> None:
        os.close(self._file)


def _topmost(roots: Roots) -> dict[int, GroupCounter | _Ticks]:
    """Return, by version, what the group that holds all of the machine counts, if it is shown.

    A container's own group, mounted as if it were the top, is not mistaken for it: the kernel
    gives only the topmost of a hierarchy of version 1 a ``release_agent``, and all but the
    topmost of version 2 ``cgroup.events``.
    """
    found: dict[int, GroupCounter | _Ticks] = {}
    try:
        for hierarchy in hierarchies(roots):
            point = hierarchy.point
            if "cpuacct" in hierarchy.controllers and os.path.exists(f"{point}/release_agent"):
                found[1] = GroupCounter(point, 1)
            elif hierarchy.version == 2 and not os.path.exists(f"{point}/cgroup.events"):
                found[2] = _Ticks(f"{point}/cpu.stat")
    except (OSError, ValueError):
        return found
    for version, counter in list(found.items()):
        try:
            counter.read_us()
        except (OSError, ValueError):
            found.pop(version).close()
    return found
