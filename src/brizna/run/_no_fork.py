"""Windows: a command through the standard library's subprocess, without its processor time."""

from __future__ import annotations

import subprocess
import time

from brizna.core.errors import Said
from brizna.run._outcome import AFTER_THE_START, MEASURING, Outcome, failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Tick = Callable[[tuple[int | None, int | None]], object]


def run_without_fork(
    command: Sequence[str],
    environ: Mapping[str, str],
    tick: Tick,
    on_start: Callable[[int], object] | None,
    interval_s: float,
) -> Outcome:
    """Run a command and tick until it ends.

    No processor time is counted (it stays None), and no mark makes a tick. Ctrl-C reaches the
    command through the console.
    """
    notes: dict[str, None] = {}

    def guard(what: Said, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the caller's: a note; the command goes on
            notes[failed(what, error)] = None

    guard(MEASURING, lambda: tick((0, None)))
    due_s = time.monotonic() + interval_s
    try:
        process = subprocess.Popen(command, env=dict(environ))
    except FileNotFoundError as error:
        reason = Said("The command {name!r} was not found.", name=command[0])
        return Outcome(exit_code=127, started=False, errno=error.errno, reason=str(reason))
    except OSError as error:
        reason = Said(
            "{name!r} could not be executed: {reason}.", name=command[0], reason=error.strerror
        )
        return Outcome(exit_code=126, started=False, errno=error.errno, reason=str(reason))
    if on_start is not None:
        guard(AFTER_THE_START, lambda: on_start(process.pid))
    while process.poll() is None:
        now_s = time.monotonic()
        try:
            process.wait(due_s - now_s if due_s > now_s else 0.0)
        except subprocess.TimeoutExpired:
            guard(MEASURING, lambda: tick((None, None)))
            due_s += interval_s * ((time.monotonic() - due_s) // interval_s + 1)
    guard(MEASURING, lambda: tick((None, None)))
    return Outcome(
        exit_code=process.returncode,
        pid=process.pid,
        cpu_why="this system does not tell a process's descendants",
        notes=tuple(notes),
    )
