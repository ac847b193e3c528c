"""What trials of commands have in common: where they are kept, and how they are ended.

A signal that is meant for the terminal's job ends a series of trials in order, so that what it
changed is put back and it can go on later.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.run import TrialFailedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Any

    from brizna.run import Outcome
    from brizna.store import Store
    from brizna.verbs._run import Finished
    from brizna.verbs._settings import Settings

_ENDING = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
_INPUT, _OUTPUT, _TALK = 0, 1, 2


class SweepStoppedError(Exception):
    """A signal has ended a sweep; what it changed is back, and it can go on later.

    Attributes:
        signal: Number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


class Ground:
    """Where trials are made and kept."""

    __slots__ = ("directory", "environ", "settings", "store")

    def __init__(
        self, store: Store, settings: Settings, environ: Mapping[str, str], directory: str
    ) -> None:
        self.store = store
        self.settings = settings
        self.environ = environ
        self.directory = directory


def kept_run(finished: Finished) -> str:
    """Return the id of a trial's run.

    Raises:
        InputError: If the command could not be started.
        TrialFailedError: If it failed.
        UnavailableError: If it was not measured or kept.
    """
    outcome = finished.outcome
    if not outcome.started:
        raise InputError("The command cannot be tried: {reason}", reason=outcome.reason or "?")
    if finished.view is None or finished.directory is None:
        raise UnavailableError(
            "A trial could not be kept, and without it nothing can be compared: {trouble}",
            trouble=" ".join(finished.trouble),
        )
    run_id: str = finished.view["id"]
    if outcome.exit_code:
        said = Said(
            "its command ended with the exit code {code} (run {run})",
            code=outcome.exit_code,
            run=run_id,
        )
        raise TrialFailedError(str(said))
    return run_id


def stop_if_told(outcome: Outcome) -> None:
    """End the sweep if the command was sent a signal that ends what a terminal runs."""
    told = {*outcome.forwarded, *outcome.shared}
    for name in _ENDING:
        if name in told:
            raise SweepStoppedError(int(getattr(signal, name)))


@contextmanager
def stoppable() -> Generator[None]:
    """Turn the first signal to end into an error, so that what was changed is put back."""
    has_come = False

    def stop(number: int, _frame: object) -> None:
        nonlocal has_come
        if not has_come:  # a second one must not end the putting back
            has_come = True
            raise SweepStoppedError(number)

    before: dict[int, Any] = {}
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def aside(*, shows_output: bool, into: str | None = None) -> Generator[None]:
    """Keep our standard output for our data: what commands print goes to stderr or nowhere.

    Args:
        shows_output: Whether it goes to stderr.
        into: File that it is written to instead; its former content goes.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    nothing = os.open(os.devnull, os.O_RDWR)
    file = None if into is None else os.open(into, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    printed = nothing if file is None else file
    kept = {_INPUT: nothing, _OUTPUT: _TALK if shows_output else printed}
    saved: dict[int, int] = {}
    try:
        for stream, instead in kept.items():
            with suppress(OSError):  # it was closed before we were started
                saved[stream] = os.dup(stream)
            os.dup2(instead, stream)
        yield
    finally:
        for stream in kept:
            if stream in saved:
                os.dup2(saved[stream], stream)
                os.close(saved[stream])
            else:
                os.close(stream)
        os.close(nothing)
        if file is not None:
            os.close(file)


def now() -> str:
    """Return this instant, as records hold it."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
