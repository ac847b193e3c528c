"""The process that feeds the sinks of a ``brizna run``.

What trackers need (libraries that take seconds to load, threads, connections) stays out of the
process that measures. It reads the run's journal as that grows, so it holds nothing up and loses
nothing; when the other end of its pipe is closed, by the run's end or by a SIGKILL, it reads the
record and finishes. It belongs to no terminal and is no child of the measuring process, so that it
is neither waited for nor counted as the command's.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from time import sleep

from brizna.core.errors import BriznaError, Said
from brizna.verbs._sinks import Feed, check_names, open_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.verbs._recorder import Recorder

_WORDS = (sys.executable, "-P", "-m", "brizna.verbs._feeder")
"""With -P, so that a file of the person's that is called like a library is not taken for it."""
_PATIENCE_S = 20.0
"""How long the end of a run waits at most: a library may still be loading when a short one ends."""
_LAST_S = 60
_GOING, _GONE_S = 40, 0.05
"""How often, and how many seconds apart, it is looked whether a killed process is gone."""
_PIPE_BYTES = 65536
_NOT_FED = Said("The sinks were not fed: there is no journal of this run to read.")
_NO_ANSWER = Said("The process that feeds the sinks did not answer: what they got is not known.")


class Feeder:
    """The measuring process's end of it."""

    def __init__(self, specs: Sequence[str], *, environ: Mapping[str, str]) -> None:
        """Start it; it loads what the sinks need while the run begins.

        Args:
            specs: The sinks, as `open_sinks` takes them.
            environ: Its environment variables.

        Raises:
            InputError: If there is no sink of a name.
            UnavailableError: If a library that one needs is not installed.
        """
        check_names(specs)
        self._specs = list(specs)
        self._is_told = False
        their_in, self._to = os.pipe()
        self._from, their_out = os.pipe()
        _start_aside(their_in, their_out, environ)
        os.close(their_in)
        os.close(their_out)

    def tell(self, recorder: Recorder) -> None:
        """Say which run it is."""
        if recorder.directory is None:
            return
        job = {
            "specs": self._specs,
            "run": recorder.id,
            "name": recorder.job.name or recorder.id,
            "directory": recorder.directory,
            "seen_as": recorder.settings["view"],
        }
        with suppress(BrokenPipeError):  # it died: its answer is missing too
            os.write(self._to, json.dumps(job).encode() + b"\n")
        self._is_told = True

    def finish(self) -> list[str]:
        """Say that the run has ended; wait for what went wrong, in sentences, not for ever."""
        os.close(self._to)
        try:
            if not self._is_told:
                return [str(_NOT_FED)]
            return self._answer()
        finally:
            os.close(self._from)

    def _answer(self) -> list[str]:
        from time import monotonic

        answer, until_s = b"", monotonic() + _PATIENCE_S
        while self._speaks_within(until_s - monotonic()):
            part = os.read(self._from, _PIPE_BYTES)
            if not part:
                break
            answer += part
        try:
            return list(map(str, json.loads(answer)))
        except ValueError:
            return [str(_NO_ANSWER)]

    def _speaks_within(self, seconds: float) -> bool:
        """Wait until there is something to read, or the end; not for ever where that can be had."""
        if os.name == "nt":  # select knows sockets only there: the feeder's own patience bounds it
            return True
        from select import select

        return bool(select([self._from], [], [], max(seconds, 0.0))[0])


def _start_aside(their_in: int, their_out: int, environ: Mapping[str, str]) -> None:
    """Start the feeder with these as its standard input and output, as nobody's child."""
    if not hasattr(os, "fork"):
        from subprocess import DEVNULL, Popen

        Popen(_WORDS, stdin=their_in, stdout=their_out, stderr=DEVNULL, env=dict(environ))
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            os.setsid()
            os.dup2(their_in, 0)
            os.dup2(their_out, 1)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            os.execve(_WORDS[0], _WORDS, dict(environ))  # noqa: S606 - no shell: that is the point
    finally:
        os._exit(0)


def main() -> None:
    """Feed the sinks of the run that standard input names, until it is closed.

    The other end waits until this process has ended: what a library still writes when Python
    leaves is then written too. One that never lets go is ended by an alarm.
    """
    answer_to = os.dup(1)
    os.dup2(2, 1)  # what libraries print is nobody's answer
    line = sys.stdin.buffer.readline()
    told = feed(json.loads(line)) if line else []
    os.write(answer_to, json.dumps(told).encode())
    if hasattr(signal, "alarm"):
        signal.alarm(_LAST_S)


def feed(job: Mapping[str, Any]) -> list[str]:
    """Feed a run's sinks until standard input is closed; return what went wrong, in sentences."""
    from brizna.store import JournalFile, Store, Tail
    from brizna.verbs._live import LiveRun
    from brizna.verbs._views import view_of

    sinks, told = open_all(job["specs"], run_name=job["name"])
    directory = job["directory"]
    live = LiveRun(Tail(JournalFile(directory)), directory=directory, seen_as=job["seen_as"])
    feeding = Feed(sinks, live.metrics)
    sys.stdin.buffer.read()
    view = None
    try:
        store = Store(os.path.dirname(os.path.dirname(directory)))
        for _ in range(_GOING):  # who is killed lets go of the pipe a moment before it is gone
            view = view_of(store, job["run"])
            if view["state"] != "running":
                break
            sleep(_GONE_S)
    except BriznaError as error:
        told.append(str(Said("The sinks did not get the end of the run: {error}", error=error)))
    return told + feeding.finish(view)


if __name__ == "__main__":
    main()
