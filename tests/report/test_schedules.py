"""A plan in another scheduler's form starts what it should when it should, by that one's rules.

Checked by the tool itself where it is installed (systemd-analyze, at), else by reading it back.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from brizna.core.errors import InputError
from brizna.report import FORMS, Launch, schedule

DIGEST = "sha256:" + "0123456789ab" * 5 + "cdef"
COMMAND = ["python", "train.py", "--name", "it's 5 %, $HOME"]
PLAN = {
    "issued": "2026-11-22T12:00:00+00:00",
    "workload": {"name": "train; one, two"},
    "intervals": [
        {"start": "2026-11-23T05:07:00+00:00", "end": "2026-11-23T07:00:00+00:00", "site": "ES"}
    ],
}
TWICE = {
    **PLAN,
    "intervals": [
        *PLAN["intervals"],
        {"start": "2026-11-23T09:00:00+00:00", "end": "2026-11-23T10:00:00+00:00", "site": "ES"},
    ],
}
FOLLOWED = ["brizna", "run", "--plan", "0123456789ab", "--", *COMMAND]


def export(form, plan=PLAN, command=COMMAND, image="python:3.11"):
    return schedule(plan, form, digest=DIGEST, command=command, image=image)


def test_at_gets_the_command_at_the_minute_in_utc():
    words = shlex.split(export("at"))
    assert shlex.split(words[1]) == FOLLOWED
    assert words[2:] == ["|", "TZ=UTC", "at", "-t", "202611230507.00"]


def test_cron_starts_it_at_its_minute_in_utc_wherever_the_machine_is():
    *fields, command = export("cron").removesuffix("\n").split(" ", 5)
    assert fields == ["7,22,37,52", "*", "22,23,24", "11", "*"]
    assert not re.search(r"(?<!\\)%", command), "cron takes a bare percent sign for a newline"
    test, _, run = command.replace("\\%", "%").partition(" && ")
    assert test == '[ "$(date -u +%Y%m%d%H%M)" = 202611230507 ]'
    assert shlex.split(run) == FOLLOWED


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Kathmandu", "Pacific/Niue"])
def test_cron_looks_at_that_minute_in_every_time_zone(zone):
    new_year = {"start": "2027-01-01T00:40:00+00:00", "end": "2027-01-01T07:00:00+00:00"}
    plan = {**PLAN, "intervals": [{**new_year, "site": "ES"}]}
    minutes, _, days, months, _, _ = export("cron", plan).split(" ", 5)
    local = datetime.fromisoformat(new_year["start"]).astimezone(ZoneInfo(zone))
    assert str(local.minute) in minutes.split(",")
    assert str(local.day) in days.split(",")
    assert str(local.month) in months.split(",")


def units():
    """Return the timer and the service."""
    _, timer, service = re.split(r"^# \S+\n", export("systemd"), flags=re.MULTILINE)
    return timer, service


def test_systemd_has_a_timer_in_utc_and_a_service():
    timer, service = units()
    assert "OnCalendar=2026-11-23 05:07:00 UTC\n" in timer
    start = re.search(r"^ExecStart=(.*)$", service, re.MULTILINE)[1]
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(start)]
    assert words == ["/usr/bin/env", *FOLLOWED]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_itself_accepts_both(tmp_path):
    timer, service = units()
    (tmp_path / "brizna-test.timer").write_text(timer)
    (tmp_path / "brizna-test.service").write_text(service)
    when = re.search(r"OnCalendar=(.*)", timer)[1]
    done = subprocess.run(["systemd-analyze", "calendar", when], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    files = [str(tmp_path / f"brizna-test.{kind}") for kind in ("timer", "service")]
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *files], capture_output=True, text=True, check=False
    )
    assert "brizna-test" not in done.stderr


@pytest.mark.parametrize("form", ["at", "cron", "systemd"])
def test_what_knows_nothing_of_this_shell_is_told_where_and_by_which_brizna(form):
    launch = Launch(program=("/opt/a b/brizna",), store="/data/50 %/.brizna", directory="/my work")
    made = schedule(PLAN, form, digest=DIGEST, command=COMMAND, launch=launch)
    words = [launch.program[0], "run", "--plan", DIGEST[7:19], "--store", launch.store, "--"]
    if form == "systemd":
        assert "\nWorkingDirectory=/my work\n" in made
        start = re.search(r"^ExecStart=(.*)$", made, re.MULTILINE)[1]
        found = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(start)][1:]
    else:
        line = shlex.split(made)[1] if form == "at" else made.replace("\\%", "%")
        there, _, line = line.rpartition("cd '/my work' && ")
        assert there is not line
        found = shlex.split(line)
    assert found == [*words, *COMMAND]


def test_a_script_for_slurm_is_a_script():
    script = export("slurm")
    assert script.startswith("#!/bin/sh\n")
    assert "date -d 2026-11-23T05:07:00Z" in script
    assert shlex.split(script.splitlines()[-1]) == ["srun", *COMMAND]
    assert "113 min" in script
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0


def test_kubernetes_gets_a_cron_job_with_the_fields_of_its_schema():
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed")
    made = yaml.safe_load(export("kubernetes"))
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "CronJob")
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", made["metadata"]["name"])
    assert (made["spec"]["schedule"], made["spec"]["timeZone"]) == ("7 5 23 11 *", "Etc/UTC")
    pod = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["command"] == COMMAND
    with pytest.raises(InputError, match="image"):
        export("kubernetes", image=None)


def test_github_gets_a_workflow_that_runs_in_that_year_only():
    made = export("github")
    assert '    - cron: "7 5 23 11 *"\n' in made
    assert "[ $(date -u +%Y) != 2026 ] || python train.py" in made
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed")
    read = yaml.safe_load(made)
    assert shlex.split(read["jobs"]["job"]["steps"][1]["run"])[-4:] == COMMAND


def test_a_calendar_has_an_event_for_each_interval():
    made = export("ical", TWICE)
    lines = made.replace("\r\n ", "").split("\r\n")
    assert all(len(line.encode()) <= 75 for line in made.split("\r\n"))
    assert "\n" not in made.replace("\r\n", "")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert "DTSTART:20261123T050700Z" in lines
    assert "DTEND:20261123T100000Z" in lines
    assert "SUMMARY:train\\; one\\, two" in lines
    assert len({line for line in lines if line.startswith("UID:")}) == 2


@pytest.mark.parametrize("form", ["slurm", "kubernetes", "github"])
def test_a_form_that_cannot_pause_refuses_a_plan_that_does(form):
    with pytest.raises(InputError, match="pauses"):
        export(form, TWICE)


def test_what_is_missing_is_said():
    with pytest.raises(InputError, match="after --"):
        export("at", command=[])
    with pytest.raises(InputError, match="ical"):
        export("outlook")
    assert set(FORMS) == {"at", "cron", "systemd", "slurm", "kubernetes", "github", "ical"}
