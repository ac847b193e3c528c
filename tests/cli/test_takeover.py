"""A command that follows a plan is looked after again when its brizna, or the machine, was lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from brizna.store import Store, keep_plan

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's procfs")

ENDS = "import os, sys; print('went on', flush=True); open('done', 'w').close()"
COUNTS = """
import os, signal, sys

def save(*_):
    open("saved", "w").close()
    sys.exit(0)

signal.signal(signal.SIGUSR1, save)
if os.path.exists("saved"):
    print("from where it was")
    sys.exit(5)
signal.pause()
"""


@pytest.fixture
def planned(brizna, tmp_path):
    """Keep a plan with these times from midnight on; return its id."""
    (tmp_path / "series.csv").write_text("time,ES\n2026-11-23T00:00Z,100\n2026-11-23T01:00Z,200")
    (tmp_path / "job.toml").write_text(
        'duration_s = 2\npower_w = 100\ndeadline = "2026-11-23T02:00Z"'
    )
    words = ("plan", "job.toml", "--zones", "ES", "--now", "2026-11-23", "--signal", "series.csv")
    done = brizna(*words, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)

    def keep(*times, day="2026-11-23"):
        made["intervals"] = [
            {"start": f"{day}T{start}+00:00", "end": f"{day}T{end}+00:00", "site": "ES", "count": 1}
            for start, end in times
        ]  # fmt: skip
        return keep_plan(Store(str(tmp_path / "store")), made)[7:]

    return keep


@pytest.fixture
def start(tmp_path):
    """Start ``brizna run`` in the background; whatever is left of it is ended after the test."""
    begun = []

    def call(*words, now=("--now", "2026-11-23")):
        process = subprocess.Popen(
            [sys.executable, "-m", "brizna", "run", *now, *words],
            cwd=tmp_path,
            env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield call
    for process in begun:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(look):
    """Return what a look finds, as soon as it finds something; fail after twenty seconds."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.005)
    return pytest.fail("it did not come to this")


def state(place, **wanted):
    """Wait until the state of a run is like this, and return its file and what it holds."""

    def look():
        for path in place.glob("store/runs/*/plan.json"):
            found = json.loads(path.read_text())
            if all(found[name] == value for name, value in wanted.items()):
                return path, found
        return None

    return until(look)


def is_stopped(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def test_killed_while_it_waits_the_same_words_begin_anew(start, brizna, planned, shown):
    far = planned(("01:00:00", "01:00:02"), day="2126-11-23")
    process = start("--plan", far, "--", "true", now=())
    assert "starts at 2126-11-23T01:00" in process.stderr.readline()
    process.kill()
    process.wait()
    assert shown("runs", "list") == []
    plan = planned(("01:00:00", "01:00:02"), ("01:30:00", "01:30:02"))
    words = ("run", "--plan", plan, "--now")
    done = brizna(*words, "2026-11-23T00:50", "--", "true")
    assert "starts at 2026-11-23T01:00" in done.stderr
    done = brizna(*words, "2026-11-23T01:10", "--", "true")
    assert "starts at 2026-11-23T01:30" in done.stderr
    assert [run["state"] for run in shown("runs", "list")] == ["finished"] * 2


def test_killed_while_paused_the_command_is_continued_by_its_plan(
    start, brizna, shown, planned, tmp_path
):
    plan = planned(("00:00:00", "00:00:00.300000"), ("01:00:00", "01:00:09"))
    code = f"input(); {ENDS}"
    process = start("--plan", plan, "--interval", "0.05", "--", sys.executable, "-c", code)
    _, found = state(tmp_path, phase="paused")
    until(lambda: is_stopped(found["pid"]) or None)
    process.kill()
    process.wait()
    (run,) = shown("runs", "list")
    assert run["state"] == "interrupted"
    assert is_stopped(found["pid"])
    process.stdin.write("\n")
    process.stdin.flush()
    words = ("wait", "--run", "last", "--now", "2026-11-23T01:00", "--json")
    done = brizna(*words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"run": run["id"]}
    assert "waiting until it ends" in done.stderr
    assert (tmp_path / "done").exists()
    again = brizna(*words)
    assert again.returncode == 3
    assert "has ended, or was lost" in again.stderr


def test_killed_while_its_program_is_away_it_is_started_again_and_measured(
    start, brizna, shown, planned, tmp_path
):
    plan = planned(("00:00:00", "00:00:01.500000"), ("01:00:00", "01:00:09"))
    (tmp_path / "count.py").write_text(COUNTS)
    words = ("--plan", plan, "--pause-signal", "USR1", "--interval", "0.05", "--name", "counting")
    words += ("--zone", "FR", "--pue", "1.7", "--tag", "of:it")
    process = start(*words, "--", sys.executable, "count.py")
    state(tmp_path, phase="paused", pid=None)
    process.kill()
    process.wait()
    done = brizna("wait", "--run", "last", "--now", "2026-11-23T00:59")
    assert done.returncode == 5, done.stderr
    assert done.stdout == "from where it was\n"
    assert "starts at 2026-11-23T01:00" in done.stderr
    first, second = sorted(shown("runs", "list"), key=lambda one: one["started"])
    assert (first["state"], second["state"]) == ("interrupted", "finished")
    assert second["name"] == "counting"
    assert second["tags"] == ["of:it", f"continues:{first['id']}"]
    site = shown("show", second["id"])["site"]
    assert (site["zone"], site["pue"]["best"]) == ("FR", 1.7), "as the lost run had it"
    for name in ("counting", first["id"]):
        again = brizna("wait", "--run", name)
        assert again.returncode == 3
        assert f"{second['id']} has ended" in again.stderr, "it went on as that one"


@pytest.mark.parametrize("saves", [True, False])
def test_after_the_machine_was_started_anew_only_a_program_that_saves_goes_on(
    start, brizna, planned, tmp_path, saves
):
    plan = planned(("00:00:00", "01:00:00"))
    (tmp_path / "count.py").write_text(COUNTS)
    hook = ("--pause-signal", "USR1") if saves else ()
    words = ("--plan", plan, *hook, "--interval", "0.05")
    process = start(*words, "--", sys.executable, "count.py")
    path, found = state(tmp_path, phase="running")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (tmp_path / "saved").touch()  # some time before
    writer = {**found["writer"], "boot": "another-boot"}
    path.write_text(json.dumps({**found, "writer": writer}))
    done = brizna("wait", "--run", "last", "--now", "2026-11-23T00:30")
    assert done.returncode == (5 if saves else 3), done.stderr
    assert ("switched off" in done.stderr) is not saves


def test_a_run_that_has_ended_or_is_looked_after_is_not_taken_over(
    start, brizna, planned, tmp_path
):
    plan = planned(("00:00:00", "01:00:00"))
    assert brizna("run", "--plan", plan, "--now", "2026-11-23", "--", "true").returncode == 0
    done = brizna("wait", "--run", "last")
    assert (done.returncode, "has ended" in done.stderr) == (3, True)
    start("--plan", plan, "--interval", "0.05", "--name", "cared", "--", "cat")
    until(lambda: len(list(tmp_path.glob("store/runs/*/plan.json"))) == 2 or None)
    done = brizna("wait", "--run", "cared")
    assert (done.returncode, "looked after" in done.stderr) == (3, True)
