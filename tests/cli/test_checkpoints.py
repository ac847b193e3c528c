"""A program that can save its state is asked to before a pause, inside one record."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from brizna.store import Store, keep_plan

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's procfs")

COUNTER = """
import os, signal, sys, time

path, ends = sys.argv[1], int(sys.argv[2])
done = int(open(path).read()) if os.path.exists(path) else 0

def save(*_):
    with open(path, "w") as file:
        file.write(str(done))
    if ends >= 0:
        sys.exit(ends)
    import brizna
    brizna.mark("checkpointed")

if ends != -2:
    signal.signal(signal.SIGUSR1, save)
while done < 40:
    done += 1
    print(done, flush=True)
    time.sleep(0.05)
"""
"""Counts to 40 in two seconds, from where it was saved."""
T0 = "2026-11-23T00:00:"
COUNTED = [str(number) for number in range(1, 41)]


@pytest.fixture
def counter(tmp_path):
    """Keep a plan that runs for 1.2 s, pauses for 0.6 s and runs on, and the program."""
    (tmp_path / "count.py").write_text(COUNTER)
    return keep(tmp_path, [("00.0", "01.2"), ("01.8", "03.8")])


def keep(place, times):
    """Keep a plan with these intervals, and return its id."""
    lines = ["time,ES", "2026-11-23T00:00Z,100", "2026-11-23T01:00Z,200"]
    (place / "series.csv").write_text("\n".join(lines))
    (place / "job.toml").write_text('duration_s = 2\npower_w = 100\ndeadline = "2026-11-23T01:00Z"')
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--signal", "series.csv")
    environ = {**os.environ, "BRIZNA_STORE": str(place / "store")}
    done = subprocess.run(
        [sys.executable, "-m", "brizna", *words, "--json"],
        cwd=place, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    import json

    plan = json.loads(done.stdout)
    plan["intervals"] = [
        {"start": f"{T0}{start}00000+00:00", "end": f"{T0}{end}00000+00:00", "site": "ES",
         "count": 1}
        for start, end in times
    ]  # fmt: skip
    return keep_plan(Store(str(place / "store")), plan)[7:]


def run(brizna, plan, *options, ends):
    words = ("run", "--plan", plan, "--now", "2026-11-23", "--interval", "0.05", *options)
    return brizna(*words, "--", sys.executable, "count.py", "state", str(ends))


def phases(run):
    return [one["name"] for one in run["measurement"]["phases"]]


@pytest.mark.parametrize("ends", [0, 75])
def test_a_program_that_saves_and_ends_is_started_again_within_one_run(
    brizna, shown, counter, ends
):
    done = run(brizna, counter, "--pause-signal", "USR1", ends=ends)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == COUNTED
    found = shown("show", "last")
    assert phases(found) == ["running", "paused", "running"]
    assert any("it is started again" in text for text in found["notes"])
    assert len(shown("runs", "list")) == 1


def test_a_program_that_fails_when_it_should_save_has_failed(brizna, counter):
    done = run(brizna, counter, "--pause-signal", "USR1", ends=3)
    assert done.returncode == 3
    assert len(done.stdout.split()) < 40


def test_a_program_that_says_it_has_saved_is_stopped_then(brizna, shown, counter):
    done = run(brizna, counter, "--pause-signal", "SIGUSR1", ends=-1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == COUNTED
    names = phases(shown("show", "last"))
    assert [name for name in names if name != "checkpointed"] == ["running", "paused", "running"]
    assert "checkpointed" in names


def test_a_program_that_does_not_catch_the_signal_is_stopped_where_it_stands(
    brizna, shown, counter
):
    done = run(brizna, counter, "--pause-signal", "USR1", ends=-2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == COUNTED
    notes = shown("show", "last")["notes"]
    assert any("does not catch the signal" in text for text in notes)


def test_a_command_asks_it_to_save_and_another_starts_it_again(brizna, shown, counter, tmp_path):
    (tmp_path / "again.py").write_text(COUNTER.replace("done += 1", "done += 1; again = 1"))
    asks = "kill -USR1 $BRIZNA_PID; while kill -0 $BRIZNA_PID; do sleep 0.01; done"
    again = f"{sys.executable} again.py state 75"
    done = run(brizna, counter, "--checkpoint", asks, "--resume", again, ends=75)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == COUNTED
    assert phases(shown("show", "last")) == ["running", "paused", "running"]


def test_what_asks_it_to_save_may_fail_or_take_too_long(brizna, shown, counter):
    assert run(brizna, counter, "--checkpoint", "exit 4", ends=-2).returncode == 0
    slow = ("--checkpoint", "sleep 5", "--pause-wait", "0.1s")
    assert run(brizna, counter, *slow, ends=-2).returncode == 0
    first, last = (
        " ".join(shown("show", one["id"])["notes"])
        for one in sorted(shown("runs", "list"), key=lambda one: one["started"])
    )
    assert "ended with 4" in first
    assert "did not say within 0.1 s" in last


def test_a_program_that_cannot_be_started_again_ends_the_run_as_a_shell_would(brizna, counter):
    words = ("--pause-signal", "USR1", "--resume", "nowhere-to-be-found")
    assert run(brizna, counter, *words, ends=0).returncode == 127


def test_a_signal_ends_the_run_while_the_program_is_away(tmp_path):
    (tmp_path / "count.py").write_text(COUNTER)
    plan = keep(tmp_path, [("00.0", "00.8"), ("50.0", "59.0")])
    options = ["--now", "2026-11-23", "--interval", "0.05", "--pause-signal", "USR1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "brizna", "run", "--plan", plan, *options, "--",
         sys.executable, "count.py", "state", "0"],
        cwd=tmp_path, env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    states = Path(tmp_path / "store" / "runs").glob
    assert any(
        '"pid":null' in path.read_text() for _ in range(2_000_000) for path in states("*/plan.json")
    )
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--pause-signal", "USR1"), "no plan says when"),
        (("--plan", "x", "--pause-signal", "KILL"), "no signal that a program can catch"),
        (("--plan", "x", "--resume", "sh"), "say how"),
        (("--plan", "x", "--speed", "60"), "--now"),
    ],
)
def test_options_that_do_not_go_together_are_refused(brizna, counter, options, told):
    done = brizna("run", *(counter if word == "x" else word for word in options), "--", "true")
    assert done.returncode == 125
    assert told in textwrap.fill(done.stderr, 10_000)
