"""SIGKILL at any moment loses no run: the next command finds it, complete to the last interval."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOMENTS = 12
RUN = [sys.executable, "-m", "brizna", "run", "--quiet", "--interval", "0.05", "--"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a run in the background; whatever is left of it is ended after the test."""
    begun: list[subprocess.Popen[str]] = []

    def call(*command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*RUN, *command],
            env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield call
    for process in begun:
        if process.stdout is not None:
            process.stdout.close()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_samples(store: Path, count: int) -> None:
    """Wait until some run has so many samples; fail after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for journal in store.glob("runs/*/journal.jsonl"):
            if journal.read_bytes().count(b'"c":') >= count:
                return
        time.sleep(0.005)
    pytest.fail("the run made no samples")


def test_killed_at_random_moments_no_run_is_lost(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any], tmp_path: Path
) -> None:
    rng = random.Random(20261122)
    for _ in range(MOMENTS):
        process = start("sleep", "30")
        time.sleep(rng.uniform(0.03, 0.35))
        process.kill()
        process.wait()
    directories = list((tmp_path / "store").glob("runs/*"))
    listed = shown("runs", "list")
    journals = (tmp_path / "store").glob("runs/*/journal.jsonl")
    begun = {j.parent.name for j in journals if b'"c":' in j.read_bytes()}
    assert len(listed) == len(directories)
    assert {run["state"] for run in listed if run["id"] in begun} == {"interrupted"}


def test_a_killed_recorder_leaves_the_command_running_and_the_run_says_so(
    start: Callable[..., subprocess.Popen[str]],
    shown: Callable[..., Any],
    brizna: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
) -> None:
    process = start("sh", "-c", "echo $$; exec sleep 30")
    assert process.stdout is not None
    command = int(process.stdout.readline())
    wait_for_samples(tmp_path / "store", 4)
    process.kill()
    process.wait()
    view = shown("show", "last")
    assert view["state"] == "interrupted"
    assert view["command_runs"] is True
    assert view["measurement"]["samples"] >= 4
    assert view["measurement"]["energy_j"]["best"] > 0
    assert "still runs" in brizna("show", "last").stdout
    os.kill(command, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while shown("show", "last")["command_runs"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert shown("show", "last")["command_runs"] is False


def test_a_killed_command_is_told_and_its_code_kept(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any], tmp_path: Path
) -> None:
    process = start("sh", "-c", "echo $$; exec sleep 30")
    assert process.stdout is not None
    command = int(process.stdout.readline())
    wait_for_samples(tmp_path / "store", 3)
    os.kill(command, signal.SIGKILL)
    assert process.wait(10) == 128 + signal.SIGKILL
    view = shown("show", "last")
    assert (view["exit_code"], view["signal"], view["state"]) == (137, 9, "finished")


def test_the_record_is_written_on_term_too(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any], tmp_path: Path
) -> None:
    process = start("sleep", "30")
    wait_for_samples(tmp_path / "store", 3)
    process.terminate()
    process.terminate()
    assert process.wait(10) == 128 + signal.SIGTERM
    assert shown("show", "last")["state"] == "finished"


def test_a_run_that_goes_on_is_shown_as_running(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any], tmp_path: Path
) -> None:
    start("sleep", "30")
    wait_for_samples(tmp_path / "store", 3)
    assert shown("show", "last")["state"] == "running"
    assert [run["state"] for run in shown("runs", "list")] == ["running"]


def test_a_torn_last_line_costs_that_line_only(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any], tmp_path: Path
) -> None:
    process = start("sleep", "30")
    wait_for_samples(tmp_path / "store", 6)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (journal,) = (tmp_path / "store").glob("runs/*/journal.jsonl")
    journal.write_bytes(journal.read_bytes()[:-7])
    view = shown("show", "last")
    assert view["state"] == "interrupted"
    assert view["measurement"]["samples"] >= 5
    assert "damaged" in str(view["notes"])


def test_two_runs_at_once_share_a_store(
    start: Callable[..., subprocess.Popen[str]], shown: Callable[..., Any]
) -> None:
    runs = [start("sh", "-c", f"exit {code}") for code in (3, 4)]
    assert sorted(run.wait(20) for run in runs) == [3, 4]
    assert sorted(run["exit_code"] for run in shown("runs", "list")) == [3, 4]
    assert json.dumps(shown("compare", *(run["id"] for run in shown("runs", "list"))))
