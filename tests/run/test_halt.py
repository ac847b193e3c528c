"""A command is stopped and continued with everything below it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from brizna.run import Halt

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's procfs")

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"end")
"""


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


@pytest.fixture
def tree():
    """Return a process and its child, both waiting."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield parent, int(parent.stdout.readline())
    with parent:
        parent.send_signal(signal.SIGCONT)
        with suppress(BrokenPipeError):  # a test has ended it
            parent.communicate("end\n")


def until(holds):
    """Look again and again: the kernel takes a moment to stop a process."""
    return any(holds() for _ in range(100_000))


def test_a_whole_tree_is_stopped_and_continued(tree):
    parent, child = tree
    halt = Halt(parent.pid)
    halt.stop()
    assert until(lambda: {state(parent.pid), state(child)} == {"T"})
    assert halt.is_stopped
    halt.resume()
    assert until(lambda: "T" not in {state(parent.pid), state(child)})
    assert not halt.is_stopped


def test_a_stopped_command_that_is_asked_to_end_is_noticed(tree):
    parent, _ = tree
    halt = Halt(parent.pid)
    assert not halt.is_asked_to_end()
    halt.stop()
    parent.send_signal(signal.SIGTERM)
    assert until(halt.is_asked_to_end)
    halt.resume()
    assert parent.wait(timeout=30) == -signal.SIGTERM


def test_a_process_that_has_ended_or_is_another_users_is_no_trouble(tree):
    def refuse(_pid, _number):
        raise PermissionError

    halt = Halt(tree[0].pid, send=refuse)
    halt.stop()
    halt.resume()
