"""Copies of a command at once: numbered, bound to processors, ended together."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.run import copies_command, share_processors


def run(*command, count=2, **options):
    """Run copies of a command and return what became of them."""
    return subprocess.run(
        copies_command(command, count=count), capture_output=True, text=True, check=False, **options
    )


@given(st.integers(1, 8), st.integers(1, 9), st.integers(1, 9))
def test_every_copy_has_its_processors_and_shares_them_only_when_they_run_out(have, count, each):
    shared = share_processors(range(have), count=count, each=each)
    assert [len(own) for own in shared] == [min(each, have)] * count
    assert all(len(set(own)) == len(own) for own in shared)
    used = [processor for own in shared for processor in own]
    uses = [used.count(processor) for processor in range(have)]
    assert max(uses) - min(uses) <= 1


def test_the_exit_code_is_that_of_the_first_copy_that_fails():
    assert run("sh", "-c", "exit $((BRIZNA_PROCESS * 3))", count=3).returncode == 3
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    assert run("true").returncode == 0


def test_a_program_that_is_not_there_is_said_once_a_copy():
    done = run("/nowhere/program")
    assert done.returncode == 127
    assert done.stderr.count("No such file") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_reaches_every_copy(number):
    wait = [sys.executable, "-I", "-S", "-c", "print(flush=True); import time; time.sleep(60)"]
    with subprocess.Popen(copies_command(wait, count=2), stdout=subprocess.PIPE) as copies:
        assert copies.stdout is not None
        for _ in range(2):
            copies.stdout.readline()
        copies.send_signal(number)
        assert copies.wait(30) == 128 + number
