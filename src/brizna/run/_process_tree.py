"""Processor time of a process tree without a control group.

What has ended is known exactly: the kernel hands a process's time, and that of all it waited
for, to whoever reaps it, and orphans come to us (we become a subreaper). What still runs is read
from procfs, in clock ticks. Blind to what nobody reaps: the children of a process that ignores
SIGCHLD. That is looked for in every process seen alive and in each that we reap; one that comes
and goes below another between two looks is missed.
"""

from __future__ import annotations

import os
import signal
import time

from brizna.run._allowance import Allowance
from brizna.run._descendants import Descendants, children_of_this_process, has_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._outcome import Roots

_SCAN_SHARE = 5e-5
"""Of one processor. What ended is known without looking: a large tree is looked at less often."""
_SUBREAPER, _IS_SUBREAPER = 36, 37
"""PR_SET_CHILD_SUBREAPER and PR_GET_CHILD_SUBREAPER of linux/prctl.h."""

_IGNORES_CHILDREN = "a process ignored SIGCHLD: nobody was told what its children used"
_LOSES_ORPHANS = "this system does not hand orphans to us: what they used is not known"
_SEES_NO_LIVING = "this system shows no procfs: only what ended and was waited for is known"


class ProcessTree:
    """Counts the processor time of all descendants of this process, but for those it had before.

    Attributes:
        method: ``rusage+procfs``, or ``rusage`` where there is no procfs.
        why: Why the time is a lower bound; None where it is exact.
    """

    def __init__(self, pid: int, *, roots: Roots) -> None:
        """Become the one to whom the orphans go, and know one's own children from older ones."""
        proc = roots.proc_root
        self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
        self._allowance = Allowance(_SCAN_SHARE)
        self._older = children_of_this_process(proc) - {pid}
        self._tree = Descendants(os.getpid(), proc_root=proc, older=self._older, with_root=False)
        self._reaped_us = 0
        self._used_us = 0
        self._was_subreaper = _become_subreaper()
        sees_living = os.path.exists(f"{proc}/{pid}/stat")
        self.method = "rusage+procfs" if sees_living else "rusage"
        self.why: str | None = None
        if not sees_living:
            self.why = _SEES_NO_LIVING
        elif self._was_subreaper is None:
            self.why = _LOSES_ORPHANS

    def now_us(self) -> int | None:
        """Return the microseconds used so far; None where looking now would cost too much."""
        if self.method == "rusage" or not self._allowance.permits():
            return None
        begun = time.process_time()
        used_us = self._look()
        self._allowance.spend(time.process_time() - begun)
        return used_us

    def join(self, pid: int) -> None:
        """Count one more process, such as the command started again: it is below us already."""
        self._older -= {pid}

    def ignore(self, pid: int) -> None:
        """Count nothing of a child of ours that is none of the command's."""
        self._older |= {pid}
        self._tree.ignore(pid)

    def before_reaping(self, pid: int) -> None:
        """Look at a dead process while its signal settings can still be read."""
        if self.why is None and self._ignores_children(pid):
            self.why = _IGNORES_CHILDREN

    def reaped(self, pid: int, used_us: int) -> None:
        """Add what a process that we reaped, and those that it waited for, used."""
        if pid not in self._older:
            self._reaped_us += used_us
        self._tree.drop(pid)

    def total_us(self) -> int | None:
        """Return what was used until now, after the command has ended."""
        if self.method == "rusage" or not has_children():
            self._tree.clear()
            self._used_us = max(self._used_us, self._reaped_us)
            return self._used_us
        self._tree.look_at_all()
        return self._look()

    def living(self) -> tuple[int, ...]:
        """Return those processes seen at the last look that are alive now."""
        return self._tree.living()

    def close(self) -> None:
        """Take no more orphans."""
        if self._was_subreaper is False:
            _set_subreaper(0)

    def _look(self) -> int:
        """Return what the reaped and the living used; never less than before."""
        ticks = self._tree.look()
        for pid in ticks:
            self.before_reaping(pid)
        used_us = self._reaped_us + sum(ticks.values()) * self._tick_us
        self._used_us = max(self._used_us, used_us)
        return self._used_us

    def _ignores_children(self, pid: int) -> bool:
        for line in self._tree.read(f"{pid}/status").splitlines():
            if line.startswith(b"SigIgn:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGCHLD - 1) & 1)
        return False


def _become_subreaper() -> bool | None:
    """Ask for orphans; return whether we were their reaper before, None where it is refused."""
    import ctypes  # milliseconds that only this way of counting has to pay

    try:
        prctl = ctypes.CDLL(None).prctl
    except (AttributeError, OSError):
        return None
    was = ctypes.c_int(0)
    if prctl(_IS_SUBREAPER, ctypes.byref(was), 0, 0, 0) or prctl(_SUBREAPER, 1, 0, 0, 0):
        return None
    return bool(was.value)


def _set_subreaper(value: int) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_SUBREAPER, value, 0, 0, 0)
