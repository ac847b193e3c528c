"""Plans change while a command waits and runs, when a newer forecast says so."""

from __future__ import annotations

import json
import sys

import pytest

from brizna.store import Store, read_plans

JOB = 'name = "train"\nduration_h = {hours}\npower_w = 100\ndeadline = "2026-11-23T20:00Z"\n'
LATER = 3
"""The hour at which the second forecast comes out."""


@pytest.fixture
def archive(tmp_path):
    """Keep forecasts that were issued one after another: clean hours move from 5 and 6 to 8, 9."""
    rows = ["issue_utc,target_utc,zone,value"]
    for issue, clean in ((0, (0, 5, 6)), (LATER, (8, 9))):
        rows += [
            f"2026-11-23 {issue:02}:00,2026-11-23 {hour:02}:00,ES,{100 if hour in clean else 500}"
            for hour in range(issue, 20)
        ]
    path = tmp_path / "archive.csv"
    path.write_text("\n".join(rows))
    return path


def words(*more):
    told = ("--zone", "ES", "--now", "2026-11-23", "--signal", "archive.csv")
    return (*told, *more)


@pytest.mark.usefixtures("archive")
def test_a_wait_moves_to_the_hours_of_a_newer_forecast(brizna, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(hours=2) + 'earliest = "2026-11-23T01:00Z"\n')
    done = brizna("wait", "job.toml", *words("--json"))
    assert done.returncode == 0, done.stderr
    starts = [line.partition("starts at ")[2][:16] for line in done.stderr.splitlines()]
    assert starts == ["2026-11-23T05:00", "2026-11-23T08:00"]
    assert json.loads(done.stdout)["start"] == "2026-11-23T08:00:00+00:00"
    issues = [
        plan["signals"][0]["issued_at"]
        for plan in read_plans(Store(str(tmp_path / "store"))).values()
    ]
    assert issues == ["2026-11-23T00:00:00+00:00", "2026-11-23T03:00:00+00:00"]
    named = brizna("plan", "show", "train", "--json")
    assert json.loads(named.stdout)["signals"][0]["issued_at"] == issues[0], "what was asked for"
    done = brizna("wait", "job.toml", *words("--replan", "never", "--json"))
    assert json.loads(done.stdout)["start"] == "2026-11-23T05:00:00+00:00"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's procfs")
@pytest.mark.usefixtures("archive")
def test_a_paused_command_goes_on_in_the_hours_of_a_newer_forecast(brizna, shown, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(hours=3) + "[pausing]\nstep_h = 1\nmost = 9\n")
    made = brizna("plan", "job.toml", *words("--save", "--json"))
    assert [one["start"][11:16] for one in json.loads(made.stdout)["intervals"]] == [
        "00:00",
        "05:00",
    ]
    told = words("--plan", "train", "--speed", "7200", "--interval", "0.05")
    done = brizna("run", *told, "--", "sh", "-c", "sleep 0.4; sleep 0.4; sleep 0.4; sleep 0.4")
    assert done.returncode == 0, done.stderr
    run = shown("show", "last")
    phases = run["measurement"]["phases"]
    names = [one["name"] for one in phases]
    assert names[:3] == ["running", "paused", "running"]
    assert phases[2]["start_s"] > 3.2, "half a second is an hour, less what starting took"
    first, *_, summed = [text for text in run["notes"] if "Planned anew" in text]
    assert "archive.csv, issued 2026-11-23T03:00:00+00:00" in first
    times = int(summed.partition("changed its hours ")[2].split()[0])
    assert times >= 1, "a machine that is late meets later forecasts too"
    assert "starts" not in done.stderr
    store = Store(str(tmp_path / "store"))
    (followed,) = store.records(run["id"], schema="brizna.followed/1")
    assert followed["plans"] == list(read_plans(store))
    assert len(followed["plans"]) == times + 1


def test_a_forecast_that_ends_too_early_changes_nothing(brizna, archive, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(hours=2) + 'earliest = "2026-11-23T01:00Z"\n')
    rows = [row for row in archive.read_text().splitlines() if "03:00,2026" not in row]
    archive.write_text("\n".join([*rows, "2026-11-23 03:00,2026-11-23 03:00,ES,100"]))
    done = brizna("wait", "job.toml", *words("--json"))
    assert done.returncode == 0, done.stderr
    assert [line[-22:] for line in done.stderr.splitlines()] == ["2026-11-23T05:00+00:00"]


def test_a_time_between_plans_is_above_nothing(brizna, archive, tmp_path):
    (tmp_path / "job.toml").write_text(JOB.format(hours=2))
    done = brizna("wait", "job.toml", *words("--replan", "0h"))
    assert done.returncode == 2
    assert "--replan" in done.stderr
    assert archive.exists()
