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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._outcome import Roots

_SCAN_SHARE = 5e-5
"""Of one processor. What ended is known without looking: a large tree is looked at less often."""
_FULL_SCAN_EVERY = 16
_SUBREAPER, _IS_SUBREAPER = 36, 37
"""PR_SET_CHILD_SUBREAPER and PR_GET_CHILD_SUBREAPER of linux/prctl.h."""

_IGNORES_CHILDREN = "a process ignored SIGCHLD: nobody was told what its children used"
_LOSES_ORPHANS = "this system does not hand orphans to us: what they used is not known"
_SEES_NO_LIVING = "this system shows no procfs: only what ended and was waited for is known"


class _Stat:
    """What ``/proc/<pid>/stat`` says of one process."""

    __slots__ = ("is_dead", "parent", "start", "ticks")

    def __init__(self, content: bytes) -> None:
        # The name in parentheses may hold anything, blanks and parentheses included.
        fields = content[content.rindex(b")") + 2 :].split()
        self.is_dead = fields[0] in {b"Z", b"X"}
        self.parent = int(fields[1])
        self.start = int(fields[19])
        self.ticks = sum(map(int, fields[11:15]))


class ProcessTree:
    """Counts the processor time of all descendants of this process, but for those it had before.

    Attributes:
        method: ``rusage+procfs``, or ``rusage`` where there is no procfs.
        why: Why the time is a lower bound; None where it is exact.
    """

    def __init__(self, pid: int, *, roots: Roots) -> None:
        """Become the one to whom the orphans go, and know one's own children from older ones."""
        self._proc = roots.proc_root
        self._self = os.getpid()
        self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
        self._allowance = Allowance(_SCAN_SHARE)
        self._older = self._children() - {pid}
        self._members: dict[int, int] = {}
        """Start time by pid, ancestors before their descendants."""
        self._strangers: set[int] = set()
        self._scans = 0
        self._reaped_us = 0
        self._used_us = 0
        self._was_subreaper = _become_subreaper()
        sees_living = os.path.exists(f"{self._proc}/{pid}/stat")
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

    def before_reaping(self, pid: int) -> None:
        """Look at a dead process while its signal settings can still be read."""
        if self.why is None and self._ignores_children(pid):
            self.why = _IGNORES_CHILDREN

    def reaped(self, pid: int, used_us: int) -> None:
        """Add what a process that we reaped, and those that it waited for, used."""
        if pid not in self._older:
            self._reaped_us += used_us
        self._members.pop(pid, None)

    def total_us(self) -> int | None:
        """Return what was used until now, after the command has ended."""
        if self.method == "rusage" or not _has_children():
            self._members.clear()
            self._used_us = max(self._used_us, self._reaped_us)
            return self._used_us
        self._strangers.clear()
        return self._look()

    def living(self) -> tuple[int, ...]:
        """Return those processes seen at the last look that are alive now."""
        found: list[int] = []
        for pid, start in self._members.items():
            stat = self._stat(pid)
            if stat is not None and stat.start == start and not stat.is_dead:
                found.append(pid)
        return tuple(sorted(found))

    def close(self) -> None:
        """Take no more orphans."""
        if self._was_subreaper is False:
            _set_subreaper(0)

    def _look(self) -> int:
        """Return what the reaped and the living used; never less than before.

        Parents are read before their children: a child that is reaped in between is missed for
        now, and never counted twice.
        """
        self._find_members()
        ticks = 0
        for pid, start in list(self._members.items()):
            stat = self._stat(pid)
            if stat is None or stat.start != start:
                del self._members[pid]
                continue
            ticks += stat.ticks
            self.before_reaping(pid)
        self._used_us = max(self._used_us, self._reaped_us + ticks * self._tick_us)
        return self._used_us

    def _find_members(self) -> None:
        """Take in each process whose parent is in the tree.

        Strangers stay strangers, so only new pids are looked at; now and then all of them, as
        the number of a dead stranger can come back as one of ours.
        """
        if self._scans % _FULL_SCAN_EVERY == 0:
            self._strangers.clear()
        self._scans += 1
        living = {int(name) for name in os.listdir(self._proc) if name.isdigit()}
        for pid in self._members.keys() - living:
            del self._members[pid]
        new: dict[int, _Stat] = {}
        for pid in sorted(living - self._members.keys() - self._strangers - self._older):
            stat = self._stat(pid)
            if stat is not None and pid != self._self:
                new[pid] = stat
        found = True
        while found:
            found = [pid for pid, stat in new.items() if self._belongs(stat.parent)]
            for pid in found:
                self._members[pid] = new.pop(pid).start
        self._strangers = (self._strangers & living) | new.keys()

    def _belongs(self, parent: int) -> bool:
        return parent == self._self or parent in self._members

    def _stat(self, pid: int) -> _Stat | None:
        content = self._read(f"{pid}/stat")
        return _Stat(content) if content else None

    def _ignores_children(self, pid: int) -> bool:
        for line in self._read(f"{pid}/status").splitlines():
            if line.startswith(b"SigIgn:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGCHLD - 1) & 1)
        return False

    def _children(self) -> set[int]:
        """Return the children of this process, dead ones included."""
        listed = self._read(f"self/task/{self._self}/children")
        return {int(pid) for pid in listed.split()}

    def _read(self, name: str) -> bytes:
        """Return a small file of procfs; nothing where the process is gone."""
        try:
            file = os.open(f"{self._proc}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            return os.read(file, 8192)
        except OSError:
            return b""
        finally:
            os.close(file)


def _has_children() -> bool:
    """Return whether this process has any child, dead or alive."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


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
