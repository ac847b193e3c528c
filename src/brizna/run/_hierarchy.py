"""Where the kernel shows its control groups: hierarchies of both versions, our place in them."""

from __future__ import annotations

import os

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.run._outcome import Roots


class Hierarchy(Record):
    """One mounted tree of control groups.

    Attributes:
        version: 1 or 2.
        point: Where it is mounted.
        root: Which of its groups the mount shows as its top.
        controllers: What a hierarchy of version 1 controls or counts, e.g. ``cpuacct``.
    """

    version: int
    point: str
    root: str = "/"
    controllers: tuple[str, ...] = ()


def hierarchies(roots: Roots) -> list[Hierarchy]:
    """Return the hierarchies mounted below the root asked for; version 2 first.

    Raises:
        OSError: If the kernel does not show what is mounted.
    """
    top = roots.cgroup_root.rstrip("/") + "/"
    found: list[Hierarchy] = []
    for line in read(f"{roots.proc_root}/self/mountinfo").splitlines():
        place, _, rest = line.partition(b" - ")
        kind, _, options = rest.partition(b" ")
        version = {b"cgroup": 1, b"cgroup2": 2}.get(kind)
        if version is None:
            continue
        root, point = (os.fsdecode(_unescape(field)) for field in place.split()[3:5])
        if not (point + "/").startswith(top) or root.startswith("/.."):
            continue
        controls = os.fsdecode(options.rpartition(b" ")[2]).split(",") if version == 1 else ()
        found.append(
            Hierarchy(version=version, point=point, root=root, controllers=tuple(controls))
        )
    return sorted(found, key=lambda hierarchy: -hierarchy.version)


def path_of(hierarchy: Hierarchy, *, pid: int | str = "self", roots: Roots) -> str | None:
    """Return which group of a hierarchy a process is in, as the kernel writes it; None if none.

    Raises:
        OSError: If the kernel does not show the process's groups.
    """
    for line in read(f"{roots.proc_root}/{pid}/cgroup").splitlines():
        _, _, rest = line.partition(b":")
        controllers, _, path = rest.partition(b":")
        named = tuple(os.fsdecode(controllers).split(",")) if controllers else ()
        if (hierarchy.version == 2) == (not named) and set(named) <= set(hierarchy.controllers):
            return os.fsdecode(path)
    return None


def directory_of(hierarchy: Hierarchy, path: str) -> str | None:
    """Return the directory that shows a group; None where the mount does not reach it."""
    inside = os.path.relpath(path, hierarchy.root)
    if inside.startswith(".."):
        return None
    return os.path.normpath(os.path.join(hierarchy.point, inside))


def own_group(hierarchy: Hierarchy, *, roots: Roots) -> str | None:
    """Return the directory of the group that this process lives in; None where it is not shown.

    Raises:
        OSError: If the kernel does not show it.
    """
    path = path_of(hierarchy, roots=roots)
    directory = None if path is None else directory_of(hierarchy, path)
    if directory is None:
        return None
    # Seen from another cgroup namespace the same path can name another group.
    is_ours = b"%d" % os.getpid() in read(f"{directory}/cgroup.procs").split()
    return directory if is_ours else None


def tree(directory: str) -> Iterator[str]:
    """Yield the directories of a group and of those inside it, outer ones first."""
    yield directory
    try:
        with os.scandir(directory) as entries:
            inner = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return  # removed by its owner meanwhile
    for path in inner:
        yield from tree(path)


def members(directory: str) -> tuple[int, ...]:
    """Return the processes in a group and in those inside it."""
    pids: list[int] = []
    for group in tree(directory):
        try:
            pids += [int(pid) for pid in read(f"{group}/cgroup.procs").split()]
        except OSError:
            continue  # a group that its owner removed meanwhile has no processes
    return tuple(sorted(pids))


def read(path: str) -> bytes:
    """Return the bytes of a small kernel file.

    Raises:
        OSError: If it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _unescape(field: bytes) -> bytes:
    """Return a field of mountinfo with its octal escapes (of blanks and backslashes) undone."""
    head, *tail = field.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in tail)
