"""A plan in another scheduler's form passes that scheduler's own schema or parser."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from brizna.report import schedule

pytestmark = pytest.mark.heavy

DIGEST = "sha256:" + "0123456789ab" * 5 + "cdef"
COMMAND = ["python", "train.py", "--name", "it's 5 %, $HOME", "ñ"]
PLAN = {
    "issued": "2026-11-22T12:00:00+00:00",
    "workload": {"name": "train; one, two\nthree \\ " + "ñ" * 60},
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


def export(form, plan=PLAN):
    return schedule(plan, form, digest=DIGEST, command=COMMAND, image="python:3.11")


def test_github_accepts_the_workflow_by_its_own_schema(tmp_path):
    pytest.importorskip("check_jsonschema", reason="check-jsonschema is not installed")
    path = tmp_path / "workflow.yml"

    def check(text):
        path.write_text(text, encoding="utf-8")
        words = ["-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
        return subprocess.run(
            [sys.executable, *words, str(path)], capture_output=True, text=True, check=False
        )

    done = check(export("github"))
    assert done.returncode == 0, done.stdout
    assert check(export("github").replace("runs-on", "runs-where")).returncode != 0


@pytest.mark.parametrize("version", ["1.27.0", "latest"])
def test_kubernetes_accepts_the_cron_job_by_its_own_schema_without_a_field_too_many(version):
    kubernetes = pytest.importorskip("kubernetes_validate", reason="is not installed")
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed")
    made = yaml.safe_load(export("kubernetes"))
    wanted = kubernetes.latest_version() if version == "latest" else version
    kubernetes.validate(made, wanted, strict=True)
    container = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert container["command"] == COMMAND
    container["comand"] = container.pop("command")
    with pytest.raises(kubernetes.ValidationError):
        kubernetes.validate(made, wanted, strict=True)


def test_a_calendar_is_read_back_with_every_text_as_it_was():
    icalendar = pytest.importorskip("icalendar", reason="is not installed")
    calendar = icalendar.Calendar.from_ical(export("ical", TWICE))
    assert calendar["version"] == "2.0"
    assert calendar["prodid"]
    events = calendar.walk("VEVENT")
    assert not [error for event in events for error in event.errors]
    assert [event.decoded("dtstart").isoformat() for event in events] == [
        one["start"] for one in TWICE["intervals"]
    ]
    assert [event.decoded("dtend").isoformat() for event in events] == [
        one["end"] for one in TWICE["intervals"]
    ]
    assert {str(event["summary"]) for event in events} == {PLAN["workload"]["name"]}
    assert {str(event["location"]) for event in events} == {"ES"}
    assert len({str(event["uid"]) for event in events}) == 2


def test_cron_accepts_its_line():
    crontab = shutil.which("crontab")
    if crontab is None:
        pytest.skip("cron is not installed")
    words = [crontab, "-n", "-"]
    if subprocess.run(words, input="", text=True, capture_output=True, check=False).returncode:
        pytest.skip("this crontab has no dry run")
    good, bad = export("cron"), export("cron").replace(" 11 ", " 25 ", 1)
    assert good != bad
    assert subprocess.run(words, input=good, text=True, check=False).returncode == 0
    assert subprocess.run(words, input=bad, text=True, check=False).returncode != 0


def test_slurm_reads_the_options_of_its_script(tmp_path):
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        pytest.skip("SLURM's client is not installed")
    (tmp_path / "slurm.conf").write_text(
        "ClusterName=nowhere\nSlurmctldHost=localhost\nMessageTimeout=2\n"
        "NodeName=n CPUs=1\nPartitionName=p Nodes=n\n"
    )
    environ = {"SLURM_CONF": str(tmp_path / "slurm.conf"), **os.environ}
    path = tmp_path / "job.sh"

    def says(text):
        path.write_text(text, encoding="utf-8")
        words = [sbatch, "--test-only", str(path)]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
        return done.stderr

    made = export("slurm")
    assert "unrecognized option" in says(made.replace("#SBATCH --comment", "#SBATCH --komment"))
    assert "unrecognized option" not in says(made)
