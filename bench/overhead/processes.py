"""Child processes and the processor time that they take."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PATIENCE_S = 300.0


class Unmeasured(Exception):  # noqa: N818 - an outcome that its cell tells, not an error of ours
    """A figure that could not be had; the text says why."""


def cpu_s_of(command: Sequence[str], *, environ: Mapping[str, str], directory: Path) -> float:
    """Run a command and return the processor time that it and the children it waited for took.

    Args:
        command: The command line.
        environ: All of its environment variables.
        directory: Its working directory.

    Raises:
        Unmeasured: If it fails; with the last line that it wrote to stderr.
    """
    with tempfile.TemporaryFile() as talk:
        child = subprocess.Popen(
            command,
            env=environ,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=talk,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            talk.seek(0)
            raise Unmeasured(failure(command, child.returncode, talk.read()))
    return used.ru_utime + used.ru_stime


def cpu_s_until_now(pid: int) -> float:
    """Return the processor time that another process's threads have taken, to the nanosecond.

    Its clock has the number that clock_getcpuclockid(3) would return. Children do not count.
    """
    return time.clock_gettime((~pid << 3) | 2)


@contextmanager
def wrapped(
    command: Sequence[str], *, environ: Mapping[str, str], directory: Path
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a wrapper around a shell that says hello and then waits until the block is left.

    Args:
        command: The wrapper's command line; the shell's is appended.
        environ: All of its environment variables.
        directory: Its working directory.

    Yields:
        The wrapper's process, and what the shell said of ``BRIZNA_RUN``.

    Raises:
        Unmeasured: If the shell never says hello.
    """
    shell = ["sh", "-c", 'echo "hello-from-the-child $BRIZNA_RUN"; read line; exit 0']
    with tempfile.TemporaryFile() as talk:
        process = subprocess.Popen(
            [*command, *shell],
            env=environ,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=talk,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line.startswith(b"hello-from-the-child"):
                    yield process, line.decode().removeprefix("hello-from-the-child").strip()
                    break
            else:
                talk.seek(0)
                raise Unmeasured(failure(command, process.wait(), talk.read()))
        finally:
            finish(process)


def finish(process: subprocess.Popen[bytes]) -> None:
    """Let a process end by closing its input, or end it when it does not."""
    try:
        process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def failure(command: Sequence[str], code: int, talk: bytes) -> str:
    """Say how a command failed, with the last line that it wrote."""
    lines = talk.decode(errors="replace").strip().splitlines()
    return f"{os.path.basename(command[0])} ended with {code}: {lines[-1] if lines else 'silent'}"
