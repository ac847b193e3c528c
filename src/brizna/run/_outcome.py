"""What goes into a supervised run and what comes out of it: plain records."""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.core.records import Record

MEASURING = Said("Measuring")
AFTER_THE_START = Said("What follows the start")
"""What the caller does while the command runs."""


class Roots(Record):
    """Where the kernel shows its processes and control groups.

    Attributes:
        proc_root: Directory of the process file system.
        cgroup_root: Only control groups mounted here or below are used; a directory without any
            leaves them out.
        stat_file: Where the kernel counts what its processors do; ``schedstat`` is looked for
            beside it.
    """

    proc_root: str = "/proc"
    cgroup_root: str = "/sys/fs/cgroup"
    stat_file: str = "/proc/stat"


class Pace(Record):
    """When to tick.

    Attributes:
        interval_s: Seconds from one tick to the next.
        mark_directory: Each write to a file in this directory makes a tick at once, where the
            system can tell; None watches nothing.
    """

    interval_s: float = 1.0
    mark_directory: str | None = None


class Outcome(Record):
    """How a command ended, and what its processes used.

    Attributes:
        exit_code: The command's own; 128 + n where signal n ended it; 127 where it was not found,
            126 where it could not be executed, 125 where no process could be made for it.
        signal: Number of the signal that ended the command; None where it ended by itself.
        started: Whether the command ran at all.
        errno: Why it did not start, as the system's number.
        reason: Why it did not start, as a sentence.
        pid: The process of the command; None where it did not start.
        cpu_time_us: Microseconds of processor time of the command and of everything that it
            started, until the command ended; None where nothing could be read.
        cpu_coverage: ``exact``, or ``at-least`` where processes can have been missed.
        cpu_method: ``cgroup`` (version 2), ``cgroup-v1``, ``rusage+procfs``, or ``rusage`` where
            there is no procfs.
        cpu_why: Why the coverage is not exact, as a sentence.
        left_running: Processes of the command that were alive when it ended.
        forwarded: Names of the signals that were handed on, in the order of their first arrival.
        shared: Names of the signals that came to the command and to us alike, as from a terminal.
        notes: What a reader of the record should know, as sentences.
    """

    exit_code: int
    signal: int | None = None
    started: bool = True
    errno: int | None = None
    reason: str | None = None
    pid: int | None = None
    cpu_time_us: int | None = None
    cpu_coverage: str | None = None
    cpu_method: str | None = None
    cpu_why: str | None = None
    left_running: tuple[int, ...] = ()
    forwarded: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def failed(what: Said, error: Exception) -> str:
    """Return the note that something of the caller's raised; the command goes on."""
    kind = type(error).__name__
    return str(Said("{what} failed: {kind}: {error}", what=what, kind=kind, error=error))
