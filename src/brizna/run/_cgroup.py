"""Processor time by a control group of the command's own: exact, and cheap to read.

The group is made below the one that this process lives in, so every limit that holds here holds
there. It is not made where that would change how the command is scheduled: where the group above
shares out processors among its members (version 2), or where what counts processor time also
shares it out (version 1 with ``cpu`` and ``cpuacct`` in one hierarchy, as most systems mount
them), the command would become one of those members.
"""

from __future__ import annotations

import os

from brizna.run._hierarchy import hierarchies, members, own_group, read, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._hierarchy import Hierarchy
    from brizna.run._outcome import Roots

_PREFIX = "brizna-"
_LEAK_US = 10_000
"""Two clock ticks and the time between fork and joining are no sign of a process that left."""
_LEAK_SHARE = 0.01
_METHODS = {1: "cgroup-v1", 2: "cgroup"}


class CgroupTime:
    """Counts the processor time of a control group that lasts as long as the command.

    Blind to processes that leave for another group (``systemd-run``, a container engine's); what
    the command's own process waited for tells when that happened.

    Attributes:
        method: ``cgroup`` for version 2, ``cgroup-v1`` for version 1.
        why: Why the time is a lower bound; None where it is exact.
    """

    def __init__(self, directory: str, pid: int, *, version: int = 2) -> None:
        """Make the group and move a process into it.

        Raises:
            OSError: If the group cannot be made, read or joined; then nothing is left of it.
        """
        self._directory = directory
        self._pids = {pid}
        self._used_us = 0
        self._waited_us = 0
        self.method = _METHODS[version]
        self.why: str | None = None
        self._counter = GroupCounter(directory, version)
        os.mkdir(directory)
        try:
            self._counter.read_us()
            self._take(pid)
        except OSError:
            self.close()
            raise

    def _take(self, pid: int) -> None:
        _write(f"{self._directory}/cgroup.procs", b"%d" % pid)

    def join(self, pid: int) -> None:
        """Count one more process, such as the command started again; say so where it cannot be."""
        try:
            self._take(pid)
        except OSError:
            self.why = "a process could not join the command's control group"
            return
        self._pids.add(pid)

    def ignore(self, pid: int) -> None:
        """Do nothing: a process of ours is not in the group."""

    def now_us(self) -> int | None:
        """Return the microseconds used so far; None where they cannot be read now."""
        try:
            self._used_us = self._counter.read_us()
        except OSError:
            return None
        return self._used_us

    def before_reaping(self, pid: int) -> None:
        """Do nothing: the group remembers what its dead members used."""

    def reaped(self, pid: int, used_us: int) -> None:
        """Take note of what the command's process and those that it waited for used."""
        if pid in self._pids:
            self._waited_us += used_us

    def total_us(self) -> int | None:
        """Return what was used until now, after the command has ended."""
        self.now_us()
        if self._waited_us - self._used_us > max(_LEAK_US, _LEAK_SHARE * self._used_us):
            self._used_us = self._waited_us
            self.why = "processes left the command's control group"
        return self._used_us

    def living(self) -> tuple[int, ...]:
        """Return the processes in the group."""
        return members(self._directory)

    def close(self) -> None:
        """Remove the group, with the empty ones that the command left in it.

        One that still has processes stays: the next command that is measured here removes it.
        """
        self._counter.close()
        _remove(self._directory)


class GroupCounter:
    """The processor time that a control group and those inside it have used since it was made."""

    def __init__(self, directory: str, version: int) -> None:
        """Say which group; its file is opened when it is first read."""
        self._path = f"{directory}/{'cpu.stat' if version == 2 else 'cpuacct.usage'}"
        self._file = -1

    def read_us(self) -> int:
        """Return microseconds, rounded down.

        Raises:
            OSError: If the file cannot be read, or does not hold what it should.
        """
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        line = os.pread(self._file, 64, 0).partition(b"\n")[0]
        if line.startswith(b"usage_usec "):
            return int(line[11:])
        if line.isdigit():
            return int(line) // 1000  # version 1 counts nanoseconds
        raise OSError(f"{self._path} begins with {line!r}: expected processor time.")

    def close(self) -> None:
        """Close the file; a later read opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def open_cgroup(pid: int, *, roots: Roots) -> CgroupTime | None:
    """Return a new control group with this process in it; None where none can be made."""
    try:
        places = hierarchies(roots)
    except (OSError, ValueError):
        return None  # a system that shows no mounts: time is counted otherwise
    for hierarchy in places:
        try:
            own = own_group(hierarchy, roots=roots)
            if own is None or _would_be_scheduled(own, hierarchy):
                continue
            _sweep(own, roots)
            directory = f"{own}/{_PREFIX}{os.getpid()}"
            return CgroupTime(directory, pid, version=hierarchy.version)
        except (OSError, ValueError):
            continue  # no permission, read-only, threaded: the next, or time is counted otherwise
    return None


def _would_be_scheduled(own: str, hierarchy: Hierarchy) -> bool:
    """Tell whether a group below this one would get a share of the processors as a whole."""
    if hierarchy.version == 1:
        return "cpuacct" not in hierarchy.controllers or "cpu" in hierarchy.controllers
    return b"cpu" in read(f"{own}/cgroup.subtree_control").split()


def _sweep(own: str, roots: Roots) -> None:
    """Remove what is left of commands whose recorder was killed, once their processes are gone."""
    for name in os.listdir(own):
        pid = name.removeprefix(_PREFIX)
        if pid != name and not os.path.exists(f"{roots.proc_root}/{pid}"):
            _remove(f"{own}/{name}")


def _remove(directory: str) -> None:
    """Remove a group and those inside it, as far as they are empty."""
    for inner in reversed(list(tree(directory))):
        try:
            os.rmdir(inner)
        except OSError:
            return  # processes live there


def _write(path: str, content: bytes) -> None:
    """Write a kernel file by a single write."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, content)
    finally:
        os.close(file)
