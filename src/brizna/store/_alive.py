"""Whether the process that writes a run, or the command it measures, is still there.

No lock decides it. A process is known by host, boot, pid namespace, pid and start time, so that a
number that was given out again is not mistaken for it. From elsewhere (another host or
namespace) a run is alive while its journal grows.
"""

from __future__ import annotations

import os
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Identity = Mapping[str, Any]

PROC = "/proc"
RECENT_S = 60.0
"""A journal that grew within this time, or within three intervals, has a living writer."""

_HIDDEN = -1
"""Instead of a start time: the system does not show us this process."""
_DEAD_STATES = ("Z", "X", "x")


def writer_identity(*, host: str | None = None, proc_root: str = PROC) -> dict[str, Any]:
    """Return who writes, for the journal's start event.

    Args:
        host: A name for this host; without one, a checksum of its node name, which tells hosts
            apart without spelling them out (who guesses the name can confirm the guess).
        proc_root: Where process information is mounted.

    Returns:
        ``host``, ``boot`` and ``ns`` (None where the system has no such thing), ``pid`` and
        ``start``, the start time in the system's own unit (None where unknown).
    """
    pid = os.getpid()
    start = process_start(pid, proc_root=proc_root)
    return {**_here(host, proc_root), "pid": pid, "start": None if start == _HIDDEN else start}


def process_start(pid: int, *, proc_root: str = PROC) -> int | None:
    """Return when a process started, in clock ticks since boot (elsewhere than Linux, in ms).

    None if there is no such process, or only its remains; -1 if the system does not show it.
    """
    try:
        with open(os.path.join(proc_root, str(pid), "stat"), "rb") as file:
            line = file.read()
    except FileNotFoundError:
        if os.path.isdir(os.path.join(proc_root, "self")):
            # With hidepid=2 the processes of others, such as the first, seem not to exist.
            return None if os.path.isdir(os.path.join(proc_root, "1")) else _HIDDEN
        return _portable_start(pid)
    except ProcessLookupError:  # it ended while we looked
        return None
    except PermissionError:  # hidepid=1
        return _HIDDEN
    fields = line[line.rindex(b")") + 1 :].split()  # the name before it may hold anything
    return None if fields[0].decode() in _DEAD_STATES else int(fields[19])


def liveness(
    writer: Identity,
    *,
    silent_s: float,
    interval_s: float | None,
    host: str | None = None,
    proc_root: str = PROC,
) -> str:
    """Return ``alive``, ``dead``, or ``silent``: from elsewhere, and not heard of for long.

    Args:
        writer: What `writer_identity` returned when the run started.
        silent_s: Seconds since the last line of the journal; negative if clocks disagree.
        interval_s: Seconds between two samples; None if unknown.
        host: The name for this host, as given to `writer_identity`.
        proc_root: Where process information is mounted.
    """
    is_recent = silent_s <= max(RECENT_S, 3 * (interval_s or 0.0))
    here = _here(host, proc_root)
    if all(writer.get(name) == value for name, value in here.items()):
        seen = process_start(writer["pid"], proc_root=proc_root)
        if seen is None:
            return "dead"
        if seen != _HIDDEN and writer.get("start") is not None:
            return "alive" if seen == writer["start"] else "dead"
    elif not is_recent and _has_rebooted(writer, here):
        return "dead"
    return "alive" if is_recent else "silent"


def command_runs(
    child: Identity, writer: Identity, *, host: str | None = None, proc_root: str = PROC
) -> bool | None:
    """Tell whether the measured command still runs; None where it cannot be known from here.

    Args:
        child: The journal's child event: ``pid`` and ``start_ticks``.
        writer: The writer of the run, on whose host the command was started.
        host: The name for this host, as given to `writer_identity`.
        proc_root: Where process information is mounted.
    """
    here = _here(host, proc_root)
    if not all(writer.get(name) == value for name, value in here.items()):
        return False if _has_rebooted(writer, here) else None
    seen = process_start(child["pid"], proc_root=proc_root)
    if seen is None:
        return False
    if seen == _HIDDEN or child.get("start_ticks") is None:
        return None
    return seen == child["start_ticks"]


def _here(host: str | None, proc_root: str) -> dict[str, Any]:
    if host is None:
        name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        host = f"{crc32(name.encode(errors='surrogateescape')):08x}"
    return {
        "host": host,
        "boot": _first_line(os.path.join(proc_root, "sys/kernel/random/boot_id")),
        "ns": _link(os.path.join(proc_root, "self/ns/pid")),
    }


def _has_rebooted(writer: Identity, here: Identity) -> bool:
    """Tell whether a writer's host is this one, which has started anew since."""
    known = writer.get("boot") is not None and here["boot"] is not None
    return known and writer.get("host") == here["host"] and writer["boot"] != here["boot"]


def _first_line(path: str) -> str | None:
    try:
        with open(path, encoding="ascii") as file:
            return file.readline().strip()
    except OSError:
        return None


def _link(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _portable_start(pid: int) -> int | None:
    """Return a process's start in milliseconds since 1970 where there is no /proc; None if gone."""
    from importlib import import_module

    psutil: Any = import_module("psutil")
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return round(process.create_time() * 1000)
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return _HIDDEN
