"""Processor time by a control group (version 2) of the command's own: exact, and cheap to read.

The group is made below the one that this process lives in, so every limit that holds here holds
there. It is not made where that would change how the command is scheduled: where the group above
shares out processors among its members, the command would become one of them.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.run._outcome import Roots

_PREFIX = "brizna-"
_LEAK_US = 10_000
"""Two clock ticks and the time between fork and joining are no sign of a process that left."""
_LEAK_SHARE = 0.01


class CgroupTime:
    """Counts the processor time of a control group that lasts as long as the command.

    Blind to processes that leave for another group (``systemd-run``, a container engine's); what
    the command's own process waited for tells when that happened.
    """

    method = "cgroup"

    def __init__(self, directory: str, pid: int) -> None:
        """Make the group and move a process into it.

        Raises:
            OSError: If the group cannot be made, read or joined; then nothing is left of it.
        """
        self._directory = directory
        self._pid = pid
        self._used_us = 0
        self._waited_us = 0
        self.why: str | None = None
        """Why the time is a lower bound; None where it is exact."""
        os.mkdir(directory)
        self._stat = -1
        try:
            self._stat = os.open(f"{directory}/cpu.stat", os.O_RDONLY | os.O_CLOEXEC)
            self._read_us()
            _write(f"{directory}/cgroup.procs", b"%d" % pid)
        except OSError:
            self.close()
            raise

    def now_us(self) -> int | None:
        """Return the microseconds used so far; None where they cannot be read now."""
        try:
            self._used_us = self._read_us()
        except OSError:
            return None
        return self._used_us

    def before_reaping(self, pid: int) -> None:
        """Do nothing: the group remembers what its dead members used."""

    def reaped(self, pid: int, used_us: int) -> None:
        """Take note of what the command's process and those that it waited for used."""
        if pid == self._pid:
            self._waited_us = used_us

    def total_us(self) -> int | None:
        """Return what was used until now, after the command has ended."""
        self.now_us()
        if self._waited_us - self._used_us > max(_LEAK_US, _LEAK_SHARE * self._used_us):
            self._used_us = self._waited_us
            self.why = "processes left the command's control group"
        return self._used_us

    def living(self) -> tuple[int, ...]:
        """Return the processes in the group."""
        pids: list[int] = []
        for directory in _tree(self._directory):
            try:
                pids += [int(pid) for pid in _read(f"{directory}/cgroup.procs").split()]
            except OSError:
                continue  # a group that its owner removed meanwhile has no processes
        return tuple(sorted(pids))

    def close(self) -> None:
        """Remove the group, with the empty ones that the command left in it.

        One that still has processes stays: the next command that is measured here removes it.
        """
        if self._stat >= 0:
            os.close(self._stat)
            self._stat = -1
        _remove(self._directory)

    def _read_us(self) -> int:
        line = os.pread(self._stat, 64, 0).partition(b"\n")[0]
        if not line.startswith(b"usage_usec "):
            raise OSError(f"{self._directory}/cpu.stat begins with {line!r}, not usage_usec.")
        return int(line[11:])


def open_cgroup(pid: int, *, roots: Roots) -> CgroupTime | None:
    """Return a new control group with this process in it; None where none can be made."""
    try:
        own = _own_group(roots)
        if own is None or b"cpu" in _read(f"{own}/cgroup.subtree_control").split():
            return None
        _sweep(own, roots)
        return CgroupTime(f"{own}/{_PREFIX}{os.getpid()}", pid)
    except (OSError, ValueError):
        return None  # no version 2, no permission, read-only, threaded: time is counted otherwise


def _own_group(roots: Roots) -> str | None:
    """Return the directory of the group that this process lives in."""
    path = None
    for line in _read(f"{roots.proc_root}/self/cgroup").splitlines():
        if line.startswith(b"0::"):
            path = os.fsdecode(line[3:])
    if path is None:
        return None
    for point, root in _mounts(roots):
        inside = os.path.relpath(path, root)
        if root.startswith("/..") or inside.startswith(".."):
            continue
        directory = os.path.normpath(os.path.join(point, inside))
        # Seen from another cgroup namespace the same path can name another group.
        if b"%d" % os.getpid() in _read(f"{directory}/cgroup.procs").split():
            return directory
    return None


def _mounts(roots: Roots) -> Iterator[tuple[str, str]]:
    """Yield mount point and root of each mounted version 2 hierarchy below the root asked for."""
    top = roots.cgroup_root.rstrip("/") + "/"
    for line in _read(f"{roots.proc_root}/self/mountinfo").splitlines():
        place, _, kind = line.partition(b" - ")
        if not kind.startswith(b"cgroup2 "):
            continue
        root, point = (os.fsdecode(_unescape(field)) for field in place.split()[3:5])
        if (point + "/").startswith(top):
            yield point, root


def _unescape(field: bytes) -> bytes:
    """Return a field of mountinfo with its octal escapes (of blanks and backslashes) undone."""
    head, *tail = field.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in tail)


def _sweep(own: str, roots: Roots) -> None:
    """Remove what is left of commands whose recorder was killed, once their processes are gone."""
    for name in os.listdir(own):
        pid = name.removeprefix(_PREFIX)
        if pid != name and not os.path.exists(f"{roots.proc_root}/{pid}"):
            _remove(f"{own}/{name}")


def _remove(directory: str) -> None:
    """Remove a group and those inside it, as far as they are empty."""
    for inner in reversed(list(_tree(directory))):
        try:
            os.rmdir(inner)
        except OSError:
            return  # processes live there


def _tree(directory: str) -> Iterator[str]:
    """Yield a group and those inside it, outer ones first."""
    yield directory
    try:
        with os.scandir(directory) as entries:
            inner = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return  # removed by its owner meanwhile
    for path in inner:
        yield from _tree(path)


def _read(path: str) -> bytes:
    """Return the bytes of a small kernel file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _write(path: str, content: bytes) -> None:
    """Write a kernel file by a single write."""
    file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(file, content)
    finally:
        os.close(file)
