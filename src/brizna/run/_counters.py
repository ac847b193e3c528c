"""What one execution of a command takes: processor seconds, and instructions where countable.

Instructions hardly move with what else the machine does, so that a single pair of runs can tell
half a per cent. Two programs count them: ``perf``, where the processor's counters can be had, at
no cost; and valgrind's ``callgrind`` anywhere on Linux, which makes a command 20 to 50 times as
slow, runs its threads one after the other and sees no GPU.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from subprocess import Popen
    from typing import IO, Any

PERF, CALLGRIND = "perf", "callgrind"
COUNTERS = (PERF, CALLGRIND)
"""Programs that count instructions, the cheapest first."""
_FILE = "counted"
_NAMED = (b"summary:", b"totals:")
_PATIENCE_S = 5.0
"""How long a command has to end after SIGTERM before it is killed."""


class Execution(Record):
    """What one execution of a command took.

    Attributes:
        exit_code: Its own; 128 + n where signal n ended it.
        cpu_s: Processor seconds of it and of all descendants that were waited for.
        duration_s: From its start to its end.
        instructions: How many were executed, in user mode; None where they were not counted.
    """

    exit_code: int
    cpu_s: float
    duration_s: float
    instructions: int | None = None


def find_counter(environ: Mapping[str, str], *, folder: str) -> tuple[str | None, str]:
    """Return the cheapest program here that counts instructions, or None, and why not another.

    Args:
        environ: Its PATH is looked through.
        folder: Where a trial may write.
    """
    from shutil import which

    path = environ.get("PATH")
    why: list[str] = []
    if which(PERF, path=path) is None:
        why.append(str(Said("perf is not installed")))
    else:
        try:
            done = execute([sys.executable, "-I", "-S", "-c", ""], environ, folder, counter=PERF)
        except UnavailableError:
            done = None
        if done is not None and done.instructions:
            return PERF, ""
        why.append(str(Said("the processor's counters are not to be had here")))
    if which("valgrind", path=path) is not None:
        return CALLGRIND, "; ".join(why)
    return None, "; ".join([*why, str(Said("valgrind is not installed"))])


def execute(
    command: Sequence[str],
    environ: Mapping[str, str],
    folder: str,
    *,
    counter: str | None = None,
    directory: str | None = None,
    output: str = os.devnull,
) -> Execution:
    """Run a command to its end, in a session of its own, and return what it took.

    Args:
        command: The program and its arguments.
        environ: Its whole environment.
        folder: Where a counter may write; what an earlier one wrote there is removed.
        counter: One of `COUNTERS`; None to count no instructions.
        directory: Where it runs; here if None.
        output: File that gets what it prints.

    Raises:
        InputError: If it cannot be started.
        UnavailableError: On a system without ``wait4``; or if the counter counted nothing.
    """
    if not hasattr(os, "wait4"):
        raise UnavailableError(
            "This system does not tell what a child process used: run the gate on Linux or macOS."
        )
    if counter is not None:
        _clear(folder)
    words = [*_prefix(counter, folder), *command]
    with open(output, "wb") as file:
        code, used, duration_s = _finish(words, environ, directory, file)
    counted = None if counter is None or code else _counted(counter, folder)
    return Execution(exit_code=code, cpu_s=used, duration_s=duration_s, instructions=counted)


def _finish(
    words: Sequence[str], environ: Mapping[str, str], directory: str | None, file: IO[bytes]
) -> tuple[int, float, float]:
    """Start a command, wait for it; return its exit code, processor seconds and seconds."""
    from time import perf_counter

    begun = perf_counter()
    child: Popen[bytes] | None = None
    try:
        with _handlers_later():
            child = _start(words, environ, directory, file)
        _, status, used = os.wait4(child.pid, 0)
    except BaseException:  # a signal to us: the command ends too, then the signal is carried out
        if child is not None:
            _end(child)
        raise
    code = os.waitstatus_to_exitcode(status)
    child.returncode = code  # it was reaped here
    return (
        128 - code if code < 0 else code,
        used.ru_utime + used.ru_stime,
        perf_counter() - begun,
    )


def _start(
    words: Sequence[str], environ: Mapping[str, str], directory: str | None, file: IO[bytes]
) -> Popen[bytes]:
    import subprocess

    try:
        return subprocess.Popen(
            words,
            env=dict(environ),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(
            "{program!r} cannot be started ({reason}): expected a program. Put the command after "
            "--, such as -- python train.py.",
            program=words[0],
            reason=error.strerror or error,
        ) from error


@contextmanager
def _handlers_later() -> Generator[None]:
    """Carry out what handlers do about signals after the block, not within it.

    A handler that raises could otherwise end a constructor whose process has begun and that nobody
    holds yet. Blocking the signals would not do: a child inherits that, and another thread of ours
    may take a signal whose handler then runs here all the same. On another thread than the main one
    there is nothing to put off, since Python runs handlers on that alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    handlers: dict[int, Any] = {}
    try:
        for number in signal.valid_signals():
            if callable(handler := signal.getsignal(number)):
                handlers[number] = handler
                signal.signal(number, lambda number, _: arrived.append(number))
        yield
    finally:
        try:
            _put_back(handlers)
        finally:  # the first one that is back may have raised
            _put_back(handlers)
    for number in dict.fromkeys(arrived):
        signal.raise_signal(number)


def _put_back(handlers: dict[int, Any]) -> None:
    for number in list(handlers):
        signal.signal(number, handlers[number])
        del handlers[number]


def _end(child: Popen[bytes]) -> None:
    """End a command with all of its session, gently at first."""
    from subprocess import TimeoutExpired

    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(_PATIENCE_S)
    except TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _prefix(counter: str | None, folder: str) -> list[str]:
    file = os.path.join(folder, _FILE)
    if counter == PERF:
        return ["perf", "stat", "-x", ",", "-e", "instructions:u", "-o", file, "--"]
    if counter == CALLGRIND:
        return [
            *("valgrind", "-q", "--tool=callgrind", "--trace-children=yes"),
            f"--callgrind-out-file={file}.%p",
        ]
    return []


def _clear(folder: str) -> None:
    for name in os.listdir(folder):
        if name.startswith(_FILE):
            os.unlink(os.path.join(folder, name))


def _counted(counter: str, folder: str) -> int:
    """Return what a counter wrote: the sum over all processes.

    Raises:
        UnavailableError: If it wrote nothing that can be read.
    """
    total = 0
    for name in sorted(os.listdir(folder)):
        if name.startswith(_FILE):
            with open(os.path.join(folder, name), "rb") as file:
                total += read_perf(file.read()) if counter == PERF else read_callgrind(file)
    if not total:
        raise UnavailableError(
            "{counter} counted no instructions: expected a number above 0. Compare processor "
            "seconds instead: --by cpu.",
            counter=counter,
        )
    return total


def read_perf(data: bytes) -> int:
    """Return the instructions that ``perf stat -x ,`` tells; 0 where it could not count."""
    for line in data.splitlines():
        number, _, rest = line.partition(b",")
        if b"instructions" in rest and number.isdigit():
            return int(number)
    return 0


def read_callgrind(lines: IO[bytes]) -> int:
    """Return the instructions that one file of callgrind tells; 0 where it tells none."""
    for line in lines:
        if line.startswith(_NAMED):
            return int(line.split()[1])
    return 0
