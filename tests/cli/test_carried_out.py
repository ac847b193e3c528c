"""A plan is waited for and followed, and what it promised stands beside what became of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from brizna.store import Store, keep_plan

JOB = """
name = "short"
power_w = 100
duration_s = {seconds}
deadline = "2026-11-23T06:00Z"
[pausing]
step_s = 0.1
most = 1
"""
WORK = "import time\nfor _ in range(40): time.sleep(0.05)"


@pytest.fixture
def plan(brizna, tmp_path):
    """Keep a plan that runs for 1.5 s, pauses for half a second, and runs again."""
    (tmp_path / "job.toml").write_text(JOB.format(seconds=0.2))
    lines = ["time,ES"]
    clean = {0: 100, 1: 300, 2: 300, 7: 100, 8: 300}
    lines += [f"2026-11-23T00:00:00.{tenth}00+00:00,{value}" for tenth, value in clean.items()]
    (tmp_path / "series.csv").write_text("\n".join(lines))
    words = ("--zones", "ES", "--now", "2026-11-23", "--signal", "series.csv")
    made = brizna("plan", "job.toml", *words, "--json")
    assert made.returncode == 0, made.stderr
    plan = json.loads(made.stdout)
    times = ("00.000000", "01.500000"), ("02.000000", "09.000000")  # what starting takes is little
    plan["intervals"] = [
        {**one, **{
            edge: f"2026-11-23T00:00:{time}+00:00"
            for edge, time in zip(("start", "end"), pair, strict=True)
        }}
        for one, pair in zip(plan["intervals"], times, strict=True)
    ]  # fmt: skip
    keep_plan(Store(str(tmp_path / "store")), plan)
    return plan


def test_waiting_ends_when_the_plan_begins(brizna, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(seconds=3600).partition("[pausing]")[0])
    done = brizna("wait", "job.toml", "--zone", "ES", "--now", "2026-11-22T23:00", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["start"] > "2026-11-22T23:00"
    assert brizna("wait", "--plan", told["plan"][7:], "--now", "2026-11-22T23:00").returncode == 0
    assert brizna("wait").returncode == 2


def test_a_command_pauses_by_its_plan_inside_one_run(brizna, shown, plan):
    assert len(plan["intervals"]) == 2
    words = ("run", "--plan", "short", "--now", "2026-11-23", "--interval", "0.02")
    done = brizna(*words, "--", sys.executable, "-c", WORK)
    assert done.returncode == 0, done.stderr
    assert "the plan promised" in done.stderr
    run = shown("show", "last")
    phases = [(one["name"], one["end_s"] - one["start_s"]) for one in run["measurement"]["phases"]]
    names = [name for name, _ in phases]
    assert names == ["running", "paused", "running"]
    assert 0.3 < phases[1][1] < 5


@pytest.mark.usefixtures("plan")
def test_a_command_that_ends_before_its_pause_ends_the_run(brizna, shown):
    done = brizna("run", "--plan", "short", "--now", "2026-11-23", "--", "true")
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in shown("show", "last")["measurement"]["phases"]] == ["running"]


@pytest.mark.usefixtures("plan")
def test_a_run_is_at_the_site_of_its_plan_and_shows_what_became_of_it(brizna, shown):
    words = ("run", "--plan", "short", "--now", "2026-11-23", "--quiet")
    done = brizna(*words, "--", "true", environ={"TZ": "Asia/Tokyo"})
    assert done.stderr == ""
    run = shown("show", "last")
    assert (run["site"]["zone"], run["site"]["zone_origin"]) == ("ES", "plan")
    assert run["followed"]["promised_saving_g"] is not None
    assert (run["followed"]["reason"] is None) is (run["followed"]["saving_g"] is not None)
    assert "Followed plan" in brizna("show", "last").stdout
    brizna(*words, "--zone", "FR", "--", "true")
    assert shown("show", "last")["site"]["zone"] == "FR"


@pytest.mark.usefixtures("plan")
def test_a_plan_whose_hours_are_over_is_warned_of(brizna):
    done = brizna("run", "--plan", "short", "--now", "2026-11-25", "--", "true")
    assert done.returncode == 0
    assert "were over" in done.stderr


def test_an_exported_line_says_where_and_by_which_brizna(brizna, plan, tmp_path):
    digest = keep_plan(Store(str(tmp_path / "store")), {**plan, "issued": "2026-11-24T00:00:00Z"})
    done = brizna("plan", "export", digest[7:], "--as", "cron", "--", "sh", "-c", "true")
    assert f"--store {tmp_path / 'store'}" in done.stdout
    assert f"cd {tmp_path} && {sys.executable} -m brizna run" in done.stdout
    assert "-- /" in done.stdout, "sh by its place"


def test_waiting_at_a_speed_takes_its_time(brizna, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(seconds=3600).partition("[pausing]")[0])
    words = ("wait", "job.toml", "--zone", "ES", "--now", "2026-11-22T23:00")
    assert brizna(*words, "--speed", "1e7").returncode == 0
    for speed in ("0", "-1", "nan", "inf"):
        done = brizna(*words, f"--speed={speed}")
        assert (done.returncode, "above 0" in done.stderr) == (2, True)


def test_a_paused_command_that_is_told_to_end_ends(plan, tmp_path):
    late = [
        {**plan["intervals"][0], "end": "2026-11-23T00:00:00.050000+00:00"},
        {"start": "2026-11-23T05:00:00+00:00", "end": "2026-11-23T05:00:01+00:00", "site": "ES",
         "count": 1},
    ]  # fmt: skip
    digest = keep_plan(Store(str(tmp_path / "store")), {**plan, "intervals": late})
    command = [sys.executable, "-m", "brizna", "run", "--plan", digest[7:], "--now", "2026-11-23"]
    process = subprocess.Popen(
        [*command, "--interval", "0.02", "--", "cat"],
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    states = (tmp_path / "store" / "runs").glob

    def is_paused():
        return any('"paused"' in path.read_text() for path in states("*/plan.json"))

    assert any(is_paused() for _ in range(2_000_000))
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, said


def test_a_deadline_alone_is_refused_with_what_is_missing(brizna):
    done = brizna("run", "--deadline", "24h", "--zone", "ES", "--", "true")
    assert done.returncode == 125
    assert "--like" in done.stderr


def test_nothing_is_taken_over_of_a_run_without_a_plan(brizna):
    assert brizna("run", "--", "true").returncode == 0
    done = brizna("wait", "--run", "last")
    assert done.returncode == 3
    assert "follows no plan" in done.stderr
