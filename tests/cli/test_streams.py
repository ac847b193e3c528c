"""Streams that are closed, full or abandoned: the exit code still tells the truth."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
def shell(tmp_path):
    """Run a line of shell in which ``brizna`` is the command line."""

    def call(line):
        done = subprocess.run(
            ["sh", "-c", f'brizna() {{ "{sys.executable}" -m brizna "$@"; }}\n{line}'],
            cwd=tmp_path,
            env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return call


@needs_full
def test_data_that_cannot_be_written_is_said_and_fails(shell):
    done = shell("brizna doctor > /dev/full")
    assert done.returncode == 3
    assert "The output cannot be written" in done.stderr


def test_reader_that_has_seen_enough_is_no_error(shell):
    assert shell("brizna doctor | true").stderr == ""


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_change_no_exit_code(shell, closed):
    assert shell(f"brizna run --zone ES -- sh -c 'exit 7' {closed}").returncode == 7
    assert shell(f"brizna runs list {closed}").returncode == 0
    assert shell(f"brizna show nothing {closed}").returncode == 2
    assert shell(f"brizna mark phase {closed}").returncode == 3


@needs_full
def test_talk_that_cannot_be_written_changes_no_exit_code(shell):
    assert shell("brizna run --zone ES -- sh -c 'exit 7' 2> /dev/full").returncode == 7
    assert shell("brizna show nothing 2> /dev/full").returncode == 2


def test_error_shows_what_a_name_would_do_to_the_terminal(shell):
    for _ in range(2):
        shell("brizna run --zone ES --quiet --name \"$(printf 'red\\033[31m')\" -- true")
    done = shell("brizna show 2")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "red" in done.stderr
