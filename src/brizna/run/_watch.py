"""Others whose use of the machine is watched beside the run's own: groups, containers, processes.

What is watched is named by a kind and a name: ``cgroup:/system.slice/db.service``,
``container:4f5e2a`` (an id of Docker, Podman, containerd, CRI-O or Kubernetes, or its beginning),
``slurm:JOBID``, ``pid:1234`` (a process with all that it starts). Nothing is asked of an engine or
a scheduler: their control groups have names that tell.
"""

from __future__ import annotations

import os

from brizna.core.errors import InputError, UnavailableError
from brizna.run._allowance import Allowance
from brizna.run._cgroup import GroupCounter
from brizna.run._descendants import Descendants, Growing, ancestors
from brizna.run._hierarchy import directory_of, hierarchies, members, path_of, read, tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from brizna.run._hierarchy import Hierarchy
    from brizna.run._outcome import Roots

    class Watched(Protocol):
        """One user of the machine beside the run."""

        @property
        def id(self) -> str: ...
        @property
        def kind(self) -> str: ...
        @property
        def method(self) -> str: ...
        @property
        def why(self) -> str | None: ...
        def used_us(self, *, at_any_cost: bool = False) -> int | None: ...
        def living(self) -> tuple[int, ...]: ...
        def resident_bytes(self) -> int | None: ...
        def close(self) -> None: ...


_KINDS = ("cgroup", "container", "slurm", "pid")
_ENGINES = ("docker-", "libpod-payload-", "libpod-", "cri-containerd-", "crio-", "")
"""What comes before a container's id in the name of its group; nothing where cgroupfs names it."""
_SHORTEST_ID = 6
_MOST_DIGITS = 10
"""Of a process's number: no system has larger ones."""
_MOST_GROUPS = 20_000
"""A machine with more groups than this is not searched to the end."""
_SCAN_SHARE = 5e-5
"""Of one processor, for looking at a foreign process tree."""
_VANISHED = "it ended, or its group was removed; its last count is kept"
_ORPHANS = "what a process leaves behind when it ends is not handed to us"
_ANON_FIELDS = {2: (b"anon", b"shmem"), 1: (b"total_rss", b"total_shmem")}


def watch(spec: str, *, roots: Roots) -> Watched:
    """Return a reader of what another user of the machine uses.

    Args:
        spec: A kind and a name, such as ``cgroup:/system.slice/db.service``.
        roots: Where the kernel shows processes and control groups.

    Raises:
        InputError: If there is no such kind, or if the user contains the run itself.
        UnavailableError: If it is not there, or not shown to us.
    """
    kind, _, name = spec.partition(":")
    if kind not in _KINDS or not name:
        raise InputError(
            "{spec!r} names nothing that can be watched: expected one of cgroup:/PATH, "
            "container:ID, slurm:JOBID, pid:NUMBER.",
            spec=spec,
        )
    if kind == "pid":
        return _process(spec, name, roots)
    return _group(spec, kind, name, roots)


def check_disjoint(watched: Sequence[Watched]) -> None:
    """Refuse users of whom one contains another: their use would count twice.

    Raises:
        InputError: If two of them share a process or a group.
    """
    for index, one in enumerate(watched):
        for other in watched[:index]:
            groups = [user.directory for user in (one, other) if isinstance(user, GroupUse)]
            nested = len(groups) == 2 and (_holds(*groups) or _holds(*reversed(groups)))
            if nested or set(one.living()) & set(other.living()):
                raise InputError(
                    "{one} and {other} share processes: what both use would count twice. Watch "
                    "one of them.",
                    one=one.id,
                    other=other.id,
                )


class GroupUse:
    """What the processes of a control group use, those that have ended included."""

    kind = "cgroup"

    def __init__(self, name: str, directory: str, hierarchy: Hierarchy, memory: str | None) -> None:
        """Take the group's directory, and that of the group that counts the same users' memory."""
        self.id = name
        self.directory = directory
        self.method = "cgroup" if hierarchy.version == 2 else "cgroup-v1"
        self.why: str | None = None
        self._version = hierarchy.version
        self._memory = memory
        self._counter = GroupCounter(directory, hierarchy.version)
        self._used_us: int | None = None

    def used_us(self, *, at_any_cost: bool = False) -> int | None:
        """Return the processor time used since the group was made; the last known if it is gone."""
        del at_any_cost  # it is cheap
        try:
            self._used_us = self._counter.read_us()
        except OSError:
            self.why = _VANISHED
        return self._used_us

    def living(self) -> tuple[int, ...]:
        """Return the processes in the group."""
        return members(self.directory)

    def resident_bytes(self) -> int | None:
        """Return the group's memory that is no file's cache; None where that is not counted."""
        if self._memory is None:
            return None
        try:
            lines = read(f"{self._memory}/memory.stat").splitlines()
        except OSError:
            return None
        known = {name: int(value) for name, _, value in (line.partition(b" ") for line in lines)}
        fields = _ANON_FIELDS[self._version]
        return known[fields[0]] + known.get(fields[1], 0) if fields[0] in known else None

    def close(self) -> None:
        """Close the counter."""
        self._counter.close()


class TreeUse:
    """What a foreign process and those below it use, in clock ticks.

    A lower bound: what a process below leaves behind when it ends is handed to another, who does
    not belong to it.
    """

    kind = "tree"
    method = "procfs"

    def __init__(self, name: str, pid: int, roots: Roots) -> None:
        """Take the process on top."""
        self.id = name
        self.why: str | None = _ORPHANS
        self._tree = Descendants(pid, proc_root=roots.proc_root, with_root=True)
        self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
        self._allowance = Allowance(_SCAN_SHARE)
        self._used = Growing()

    def used_us(self, *, at_any_cost: bool = False) -> int | None:
        """Return the processor time used so far; None where looking would cost too much."""
        return self._allowance.spending(
            lambda: self._used.take(self._look), at_any_cost=at_any_cost
        )

    def _look(self) -> int:
        ticks = self._tree.look()
        if not ticks:
            self.why = _VANISHED
        return sum(ticks.values()) * self._tick_us

    def living(self) -> tuple[int, ...]:
        """Return the processes seen at the last look that are alive."""
        return self._tree.living()

    def resident_bytes(self) -> int | None:
        """Return None: its processes tell their memory one by one."""
        return None

    def close(self) -> None:
        """Do nothing: nothing is held."""


def _process(spec: str, name: str, roots: Roots) -> TreeUse:
    is_number = name.isascii() and name.isdecimal() and len(name) <= _MOST_DIGITS
    pid = int(name) if is_number else 0
    if pid == 0:
        raise InputError(
            "{spec!r:.40} names no process: expected pid: and its number, from 1 up.", spec=spec
        )
    if pid == os.getpid() or any(pid == above for above, _ in ancestors(roots.proc_root)):
        raise _contains_us(spec)
    user = TreeUse(spec, pid, roots)
    user.used_us()
    if not user.living():
        raise UnavailableError(
            "There is no process {pid}, or the system does not show it to us: look with ps, or "
            "watch its control group.",
            pid=pid,
        )
    return user


def _group(spec: str, kind: str, name: str, roots: Roots) -> GroupUse:
    if kind == "cgroup" and ".." in name.split("/"):
        raise InputError(
            "{spec!r} goes up by '..', which can leave the tree of control groups: expected a path "
            "from its top. Write it without '..'.",
            spec=spec,
        )
    try:
        places = hierarchies(roots)
    except OSError:
        places = []
    found: list[tuple[Hierarchy, str]] = []
    for hierarchy in places:
        if hierarchy.version == 1 and "cpuacct" not in hierarchy.controllers:
            continue
        found += [(hierarchy, directory) for directory in _directories(hierarchy, kind, name)]
    if not found:
        raise UnavailableError(
            "No control group for {spec} is shown to us: look with systemd-cgls, and from inside "
            "a container mount /sys/fs/cgroup of the host read-only.",
            spec=spec,
        )
    if kind == "container" and len({os.path.basename(place) for _, place in found}) > 1:
        raise InputError(
            "{spec} is the beginning of {count} containers: give more of its id.",
            spec=spec,
            count=len(found),
        )
    # A process has a group in each hierarchy: the one in which its processes really are counts.
    hierarchy, directory = next((each for each in found if members(each[1])), found[0])
    for place, group in found:
        own = path_of(place, roots=roots)
        ours = None if own is None else directory_of(place, own)
        if ours is not None and _holds(group, ours):
            raise _contains_us(spec)
    return GroupUse(spec, directory, hierarchy, _memory(hierarchy, directory, places))


def _directories(hierarchy: Hierarchy, kind: str, name: str) -> list[str]:
    """Return the groups of a hierarchy that a name means; nested ones only by their outermost."""
    if kind == "cgroup":
        directory = os.path.normpath(f"{hierarchy.point}/{name}")
        return [directory] if os.path.isdir(directory) else []
    means = _means_container if kind == "container" else _means_job
    found: list[str] = []
    for count, directory in enumerate(tree(hierarchy.point)):
        if count > _MOST_GROUPS:
            break
        if means(directory, name) and not any(_holds(outer, directory) for outer in found):
            found.append(directory)
    return found


def _means_container(directory: str, name: str) -> bool:
    last = os.path.basename(directory).removesuffix(".scope")
    is_id = len(name) >= _SHORTEST_ID and set(name) <= set("0123456789abcdef")
    return is_id and any(
        last.startswith(engine + name) and set(last[len(engine) :]) <= set("0123456789abcdef")
        for engine in _ENGINES
    )


def _means_job(directory: str, name: str) -> bool:
    outer, last = os.path.split(directory)
    return last == f"job_{name}" and "slurm" in outer


def _memory(hierarchy: Hierarchy, directory: str, places: Sequence[Hierarchy]) -> str | None:
    """Return the directory that counts the memory of a group's processes; None if none does."""
    if hierarchy.version == 2:
        return directory
    inside = os.path.relpath(directory, hierarchy.point)
    for place in places:
        if "memory" in place.controllers:
            same = os.path.normpath(os.path.join(place.point, inside))
            return same if os.path.isdir(same) else None
    return None


def _holds(outer: str, inner: str) -> bool:
    return (inner + "/").startswith(outer.rstrip("/") + "/")


def _contains_us(spec: str) -> InputError:
    return InputError(
        "{spec} contains this run itself, whose use would count twice. Watch what is beside it.",
        spec=spec,
    )
