"""Run copies of a command at once and wait for all: ``python _copies.py JSON -- command``.

A sweep over processes starts this in place of the command, as a program by itself that loads
nothing of brizna. Each copy gets its number in BRIZNA_PROCESS, the count in BRIZNA_PROCESSES and in
the command in place of ``{process}``, and the processors that are its. The exit code is that of
the first copy, in their order, that did not end with 0.
"""

from __future__ import annotations

import json
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COPY, COPIES = "BRIZNA_PROCESS", "BRIZNA_PROCESSES"
"""Variables that tell a copy its number, from 0 on, and how many there are."""
PLACE = "{process}"
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def copies_command(
    command: Sequence[str], *, count: int, processors: Sequence[Sequence[int]] = ()
) -> list[str]:
    """Return the command that runs so many copies of a command.

    Args:
        command: The program and its arguments.
        count: How many.
        processors: For each copy the numbers of its processors; empty to leave that to the system.
    """
    said = json.dumps({"count": count, "processors": [list(own) for own in processors]})
    return [sys.executable, "-I", "-S", os.path.abspath(__file__), said, "--", *command]


def share_processors(available: Sequence[int], *, count: int, each: int) -> list[list[int]]:
    """Return the processors of each copy: its own while they last, then from the first on again.

    Args:
        available: Numbers of the processors that may be used.
        count: How many copies.
        each: Processors of one copy; at most all are given.
    """
    each = min(each, len(available))
    wide = [available[at % len(available)] for at in range(count * each)]
    return [wide[copy * each : (copy + 1) * each] for copy in range(count)]


def main(words: Sequence[str]) -> int:
    """Run the copies and return the exit code."""
    told, command = json.loads(words[0]), words[2:]
    environ = {**os.environ, COPIES: str(told["count"])}
    own: list[int] = []

    def hand_on(number: int, _frame: object) -> None:
        for pid in own:
            os.kill(pid, number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, hand_on)
    for copy in range(told["count"]):
        processors = told["processors"][copy] if told["processors"] else ()
        own.append(_start(command, {**environ, COPY: str(copy)}, copy, processors))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the copies by itself
    codes: list[int] = []
    for pid in list(own):
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        own.remove(pid)
    first = next((code for code in codes if code), 0)
    return first if first >= 0 else 128 - first


def _start(
    command: Sequence[str], environ: dict[str, str], copy: int, processors: Sequence[int]
) -> int:
    pid = os.fork()
    if pid:
        return pid
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    words = [word.replace(PLACE, str(copy)) for word in command]
    try:
        if processors:
            os.sched_setaffinity(0, processors)
        os.execvpe(words[0], words, environ)  # noqa: S606 - no shell reads them
    except OSError as error:
        sys.stderr.write(f"brizna: {words[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
