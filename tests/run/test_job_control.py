"""At a terminal the command is a foreground job like any other."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
from pathlib import Path

import pytest

DRIVER = str(Path(__file__).with_name("supervised.py"))
END = b"~~~"
ASK = """
import os
with open("/dev/tty", "rb", buffering=0) as terminal:
    os.write(1, b"name?" + b"~~~")
    os.write(1, b"hello " + terminal.read(100) + b"~~~")
"""
COUNT_KEYS = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1})
os.write(1, b"ready~~~")
got = {signal.SIGINT: 0, signal.SIGQUIT: 0}
while (number := signal.sigwait([*got, signal.SIGUSR1])) != signal.SIGUSR1:
    got[number] += 1
    os.write(1, b"key~~~")
os.write(1, b"%d %d~~~" % tuple(got.values()))
"""
JOB_CONTROL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
_, status = os.waitpid(job, os.WUNTRACED)
os.write(1, b"stopped by %d~~~" % (os.WSTOPSIG(status) if os.WIFSTOPPED(status) else -1))
os.tcsetpgrp(0, job)
os.killpg(job, signal.SIGCONT)
_, status = os.waitpid(job, os.WUNTRACED)
os.write(1, b"ended with %d~~~" % os.waitstatus_to_exitcode(status))
"""
"""What a shell does on Ctrl-Z and then ``fg``."""


class Terminal:
    """A session of its own, with a terminal whose keys we press."""

    def __init__(self, arguments):
        self.pid, self.keys = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
        self.has_ended = False
        self._seen = b""

    def read(self):
        """Return what was written up to the next end mark."""
        while END not in self._seen:
            self._seen += os.read(self.keys, 4096)
        said, _, self._seen = self._seen.partition(END)
        return said

    def press(self, keys):
        os.write(self.keys, keys)

    def close(self):
        os.close(self.keys)
        if not self.has_ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(tmp_path):
    """Open a session whose first process is the driver, or something that starts it."""
    opened = []

    def start(*command, before=(), **settings):
        settings = {
            "cgroup_root": "/nonexistent",
            "report": str(tmp_path / "report.json"),
            **settings,
        }
        opened.append(Terminal([*before, DRIVER, json.dumps(settings), *command]))
        return opened[-1]

    yield start
    for session in opened:
        session.close()


def outcome(session, tmp_path):
    """Wait for the session's first process and return the outcome."""
    try:
        while os.read(session.keys, 4096):
            continue
    except OSError:  # everybody closed the terminal
        pass
    os.waitpid(session.pid, 0)
    session.has_ended = True
    return json.loads((tmp_path / "report.json").read_text())


@pytest.fixture(autouse=True)
def _limit():
    """End a test that waits for a terminal in vain."""
    signal.alarm(60)
    yield
    signal.alarm(0)


def test_the_command_reads_the_terminal(terminal, python):
    session = terminal(*python(ASK))
    assert session.read() == b"name?"
    session.press(b"brizna\n")
    assert session.read().replace(b"\r\n", b"\n").endswith(b"hello brizna\n")


@pytest.mark.parametrize("caught", [False, True])
def test_a_key_of_the_terminal_is_delivered_once(terminal, python, tmp_path, caught):
    session = terminal(*python(COUNT_KEYS), announce=True, caught=caught, interval_s=0.05)
    assert session.read().endswith(b"ready")
    for key in (b"\x03", b"\x1c", b"\x03"):
        session.press(key)
        assert session.read().endswith(b"key")
    # The next ticks come after the loop has served the keys.
    os.kill(session.pid, signal.SIGUSR1)
    assert session.read().endswith(b"2 1")
    told = outcome(session, tmp_path)
    assert told["exit_code"] == 0
    assert told["forwarded"] == ["SIGUSR1"]


def test_the_key_that_ends_the_command_leaves_us_to_write_the_record(terminal, python, tmp_path):
    session = terminal(*python("import os, signal; os.write(1, b'ready~~~'); signal.pause()"))
    assert session.read().endswith(b"ready")
    session.press(b"\x03")
    told = outcome(session, tmp_path)
    assert (told["exit_code"], told["signal"]) == (130, signal.SIGINT)
    assert told["forwarded"] == []


def test_a_terminal_that_goes_away_leaves_us_to_write_the_record(terminal, python, tmp_path):
    session = terminal(*python("import os, signal; os.write(1, b'ready~~~'); signal.pause()"))
    assert session.read().endswith(b"ready")
    os.close(session.keys)
    session.keys = os.open(os.devnull, os.O_RDWR)
    told = outcome(session, tmp_path)
    assert (told["exit_code"], told["signal"]) == (129, signal.SIGHUP)
    assert told["forwarded"] == ["SIGHUP"]  # the kernel tells the session's leader alone


def test_we_stop_with_the_command_and_go_on_with_it(terminal, python, tmp_path):
    session = terminal(*python(ASK), before=("-c", JOB_CONTROL))
    assert session.read().endswith(b"name?")
    session.press(b"\x1a")
    assert session.read().endswith(b"stopped by %d" % signal.SIGTSTP)
    session.press(b"again\n")
    assert session.read().replace(b"\r\n", b"\n").endswith(b"hello again\n")
    assert session.read().endswith(b"ended with 0")
    assert outcome(session, tmp_path)["exit_code"] == 0
