"""Where a system has no fork (Windows) the standard library starts the command."""

from __future__ import annotations

import errno
import os
import signal

from brizna.run._no_fork import run_without_fork
from brizna.run._signals import ConsoleSignals

ENVIRON = dict(os.environ)


def test_the_exit_code_and_the_ticks_are_the_same(python):
    ticks, started = [], []
    outcome = run_without_fork(
        python("import sys, threading; threading.Event().wait(0.1); sys.exit(7)"),
        ENVIRON,
        ticks.append,
        started.append,
        0.01,
    )
    assert (outcome.exit_code, outcome.started) == (7, True)
    assert started == [outcome.pid]
    assert ticks[0] == (0, None)
    assert len(ticks) > 3
    assert set(ticks[1:]) == {(None, None)}
    assert outcome.cpu_time_us is None
    assert outcome.cpu_why is not None


def test_what_cannot_start_says_why(tmp_path):
    outcome = run_without_fork(["no-such-command-anywhere"], ENVIRON, lambda _: None, None, 1.0)
    assert (outcome.exit_code, outcome.errno) == (127, errno.ENOENT)
    outcome = run_without_fork([str(tmp_path)], ENVIRON, lambda _: None, None, 1.0)
    assert (outcome.exit_code, outcome.errno) == (126, errno.EACCES)


def test_trouble_with_ticks_is_noted_once(python):
    def tick(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    outcome = run_without_fork(python("pass"), ENVIRON, tick, None, 0.001)
    assert outcome.exit_code == 0
    assert len(outcome.notes) == 1


def test_keys_of_the_console_do_not_end_us():
    before = signal.getsignal(signal.SIGINT)
    with ConsoleSignals() as signals:
        signal.raise_signal(signal.SIGINT)
        assert signals.wait(0.0) is None
        assert signals.pending() == frozenset()
    assert signal.getsignal(signal.SIGINT) is before
