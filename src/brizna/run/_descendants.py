"""The living processes below one process, found in procfs, and the clock ticks that they used."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FULL_SCAN_EVERY = 16


class Stat:
    """What ``/proc/<pid>/stat`` says of one process.

    Attributes:
        is_dead: Whether it waits to be reaped.
        parent: Its parent's pid.
        start: When it started, in clock ticks since the machine did.
        ticks: Clock ticks that it and the children that it waited for have used.
    """

    __slots__ = ("is_dead", "parent", "start", "ticks")

    def __init__(self, content: bytes) -> None:
        # The name in parentheses may hold anything, blanks and parentheses included.
        fields = content[content.rindex(b")") + 2 :].split()
        self.is_dead = fields[0] in {b"Z", b"X"}
        self.parent = int(fields[1])
        self.start = int(fields[19])
        self.ticks = sum(map(int, fields[11:15]))


class Descendants:
    """Finds the processes below one process, again and again.

    A process that is handed to another parent stays: what was once seen below is followed.
    """

    def __init__(
        self, root: int, *, proc_root: str, older: frozenset[int] = frozenset(), with_root: bool
    ) -> None:
        """Say below which process to look.

        Args:
            root: Its pid.
            proc_root: Directory of the process file system.
            older: Children of it that do not count.
            with_root: Whether it counts itself.
        """
        self._root = root
        self._proc = proc_root
        self._older = older
        self._members: dict[int, int] = {}
        """Start time by pid, ancestors before their descendants."""
        self._strangers: set[int] = set()
        self._scans = 0
        if with_root:
            stat = self.stat(root)
            self._members = {} if stat is None else {root: stat.start}

    def look(self) -> dict[int, int]:
        """Return the ticks used by each that lives or waits to be reaped, parents before children.

        So a child that is reaped in between is missed for now, and never counted twice.
        """
        self._find()
        ticks: dict[int, int] = {}
        for pid, start in list(self._members.items()):
            stat = self.stat(pid)
            if stat is None or stat.start != start:
                del self._members[pid]
            else:
                ticks[pid] = stat.ticks
        return ticks

    def living(self) -> tuple[int, ...]:
        """Return those seen at the last look that are alive now."""
        found: list[int] = []
        for pid, start in self._members.items():
            stat = self.stat(pid)
            if stat is not None and stat.start == start and not stat.is_dead:
                found.append(pid)
        return tuple(sorted(found))

    def drop(self, pid: int) -> None:
        """Forget a process that was reaped."""
        self._members.pop(pid, None)

    def ignore(self, pid: int) -> None:
        """Count a child of the root no more."""
        self._older |= {pid}
        self.drop(pid)

    def clear(self) -> None:
        """Forget all of them: there are none left."""
        self._members.clear()

    def look_at_all(self) -> None:
        """Take no process for a stranger at the next look because it was one before."""
        self._strangers.clear()

    def stat(self, pid: int) -> Stat | None:
        """Return what is known of a process; None where it is gone or hidden."""
        content = self.read(f"{pid}/stat")
        return Stat(content) if content else None

    def read(self, name: str) -> bytes:
        """Return a small file of procfs; nothing where the process is gone or hidden."""
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

    def _find(self) -> None:
        """Take in each process whose parent is in the tree.

        Strangers stay strangers, so only new pids are looked at; now and then all of them, as
        the number of a dead stranger can come back as one of ours.
        """
        if self._scans % _FULL_SCAN_EVERY == 0:
            self._strangers.clear()
        self._scans += 1
        try:
            living = {int(name) for name in os.listdir(self._proc) if name.isdigit()}
        except OSError:
            return  # no procfs (any more): nothing is seen
        for pid in self._members.keys() - living:
            del self._members[pid]
        new: dict[int, Stat] = {}
        for pid in sorted(living - self._members.keys() - self._strangers - self._older):
            stat = self.stat(pid)
            if stat is not None and pid != self._root:
                new[pid] = stat
        found = True
        while found:
            found = [pid for pid, stat in new.items() if self._belongs(stat.parent)]
            for pid in found:
                self._members[pid] = new.pop(pid).start
        self._strangers = (self._strangers & living) | new.keys()

    def _belongs(self, parent: int) -> bool:
        return parent == self._root or parent in self._members


class Growing:
    """A count that never goes back, though what it is made of may be lost.

    Attributes:
        lost: What went missing so far: counted when it was seen, and not again.
    """

    __slots__ = ("_latest", "lost")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.lost = 0
        self._latest = 0

    def take(self, read: Callable[[], int]) -> int:
        """Read the count, and return it with what was lost from it.

        What seems to be missing may only have changed hands while it was read: it is read again.
        """
        count = read() + self.lost
        if count < self._latest:
            count = read() + self.lost
        if count < self._latest:
            self.lost += self._latest - count
            count = self._latest
        self._latest = count
        return count


def children_of_this_process(proc_root: str) -> frozenset[int]:
    """Return the children of this process's main thread, dead ones included."""
    try:
        with open(f"{proc_root}/self/task/{os.getpid()}/children", "rb") as file:
            return frozenset(int(pid) for pid in file.read().split())
    except OSError:
        return frozenset()


def has_children() -> bool:
    """Return whether this process has any child, dead or alive; True where that is not known."""
    if not hasattr(os, "waitid"):
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def ancestors(proc_root: str = "/proc") -> list[list[int]]:
    """Return pid and start time of each process above this one, its parent first.

    At most 32; fewer where procfs does not show them. The start time is in clock ticks.
    """
    found: list[list[int]] = []
    pid = os.getppid()
    reader = Descendants(pid, proc_root=proc_root, with_root=False)
    while pid > 0 and len(found) < 32:
        stat = reader.stat(pid)
        if stat is None:
            break
        found.append([pid, stat.start])
        pid = stat.parent
    return found
