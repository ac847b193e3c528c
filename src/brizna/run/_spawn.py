"""Start a command the way a shell would, but for the shell.

By hand, with fork and exec: the child must join a control group before its first instruction,
and may keep no signal that Python blocked or ignored. Its arguments, environment, standard
streams, process group and session are untouched; of our own files it inherits none (Python opens
all of them close-on-exec), while those that a caller handed down through us stay open.
"""

from __future__ import annotations

import errno
import os
import signal
import time

from brizna.core.errors import Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brizna.run._signals import Dispositions

_KEPT_IF_IGNORED = frozenset(
    int(number)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT")
    if (number := getattr(signal, name, None)) is not None
)
"""Whoever ignores these means the command: ``nohup`` the first, ``&`` in a script the others."""


class Spawned:
    """A child process that has become the command, or could not.

    Attributes:
        pid: The child; where it could not become the command it has ended and waits to be reaped.
        errno: Why not; None where it could.
        used_us: Microseconds of processor time that it had used when it became the command.
    """

    __slots__ = ("errno", "pid", "used_us")

    def __init__(self, pid: int, said: bytes) -> None:
        used_us, _, number = said.partition(b"\n")
        self.pid = pid
        self.errno = int(number) if number else None
        self.used_us = int(used_us or b"0")


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    dispositions: Dispositions,
    before: Callable[[int], object],
) -> Spawned:
    """Start a command and return once it runs, or is known not to.

    Args:
        command: The program and its arguments.
        environ: The child's whole environment; its PATH finds the program.
        dispositions: What this process does about signals.
        before: Called with the child's pid before the command begins.

    Raises:
        OSError: If no process could be made.
    """
    files = _candidates(command[0], environ)
    arguments = [os.fsencode(argument) for argument in command]
    gate, gate_opener = os.pipe()
    report, reporter = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            os.close(gate_opener)
            _become(lambda: _execute(files, arguments, environ), dispositions, gate, reporter)
        os.close(gate)
        os.close(reporter)
        gate = reporter = -1
        before(pid)
        try:
            os.write(gate_opener, b".")
        except BrokenPipeError:
            return Spawned(pid, b"")  # a signal to the whole group has ended it already
        said = b""
        while part := os.read(report, 64):
            said += part
    finally:
        for end in (gate, gate_opener, report, reporter):
            if end >= 0:
                os.close(end)
    return Spawned(pid, said)


def exit_code(number: int) -> int:
    """Return the exit code for a command that could not be executed, as ``env`` gives it."""
    return 127 if number == errno.ENOENT else 126


def explain(name: str, number: int, *, environ: Mapping[str, str]) -> Said:
    """Return the sentence that says why a program could not be executed."""
    if number == errno.ENOENT:
        if any(os.path.lexists(file) for file in _candidates(name, environ)):
            return Said(
                "{name!r} needs a program that is not there: see its first line, or its link.",
                name=name,
            )
        if "/" in name:
            return Said("There is no file {name!r}.", name=name)
        return Said("The command {name!r} was not found in the directories of PATH.", name=name)
    if number == errno.ENOEXEC:
        return Said(
            "{name!r} is not a program for this machine: a script needs a first line such as "
            "'#!/bin/sh', or its interpreter before it on the command line.",
            name=name,
        )
    if number == errno.EACCES and os.path.isdir(name):
        return Said("{name!r} is a directory.", name=name)
    if number == errno.EACCES:
        return Said(
            "{name!r} may not be executed: check its mode (chmod +x) and its file system.",
            name=name,
        )
    return Said("{name!r} could not be executed: {reason}.", name=name, reason=os.strerror(number))


def _candidates(name: str, environ: Mapping[str, str]) -> list[bytes]:
    """Return the files to try for a program; more than one where PATH decides."""
    if not name:
        return []
    if "/" in name:
        return [os.fsencode(name)]
    path = environ.get("PATH", os.defpath)
    return [os.fsencode(os.path.join(directory, name)) for directory in path.split(os.pathsep)]


def _become(
    execute: Callable[[], int], dispositions: Dispositions, gate: int, reporter: int
) -> None:
    """Turn this new process into the command; never returns."""
    try:
        _restore_signals(dispositions)
        if os.read(gate, 1):
            os.write(reporter, b"%d\n" % (time.process_time_ns() // 1000))
            os.write(reporter, b"%d" % execute())
    finally:
        os._exit(125)


def _restore_signals(dispositions: Dispositions) -> None:
    """Give each signal its default again, but for those that stay ignored; block none."""
    for number in dispositions.caught:
        signal.signal(number, signal.SIG_DFL)
    for number in dispositions.ignored:
        stays = number in _KEPT_IF_IGNORED
        signal.signal(number, signal.SIG_IGN if stays else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _execute(files: Sequence[bytes], arguments: list[bytes], environ: Mapping[str, str]) -> int:
    """Execute the first file that can be; return why none could, preferring "is there, but"."""
    found = errno.ENOENT
    for file in files:
        try:
            os.execve(file, arguments, environ)  # noqa: S606 - no shell: that is the point
        except OSError as error:
            absent = error.errno == errno.ENOENT or (
                error.errno == errno.ENOTDIR and len(files) > 1
            )
            if not absent and found == errno.ENOENT:
                found = error.errno or errno.ENOEXEC
        except ValueError:  # a name in the environment that no system accepts
            return errno.EINVAL
    return found
