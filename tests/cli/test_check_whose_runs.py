"""Only a project's own runs are evidence for it; one that was changed is told loudly."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from brizna.cli import main
from brizna.core.codec import digest_of_bytes
from brizna.store import Store, keep_plan
from brizna.testing import sample_run

PLAN = {"schema": "brizna.plan/1", "workload": {"name": "night"}, "alternatives": [{}]}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Return the project's folder, with nothing in it; the person's data are beside it."""
    folder = tmp_path / "lab"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BRIZNA_STORE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return folder


@pytest.fixture
def shared(tmp_path):
    return Store(str(tmp_path / "data" / "brizna"))


def keep(store, commit=None):
    """Keep a run of a commit in a store and return where it lies."""
    directory = Path(store.create_run())
    run = sample_run()
    around = {**run.environment, "git_revision": commit}
    store.finish(run.replace(id=directory.name, environment=around))
    return directory


def checked(capsys, *words):
    code = main(["check", "--json", "--lang", "en", *words])
    told = json.loads(capsys.readouterr().out)
    return code, {one["rule"]: one["result"] for one in told["verdicts"]}, told


def committed(folder):
    """Make the folder a repository with a commit, and return it."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), (*who, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.usefixtures("place")
def test_runs_and_plans_of_other_projects_are_no_evidence(shared, capsys):
    keep(shared)
    keep(shared, "c" * 40)
    keep_plan(shared, PLAN)
    code, results, told = checked(capsys)
    assert code == 4
    assert "pass" not in results.values()
    assert any("2 runs" in one and "mkdir .brizna" in one for one in told["skipped"])
    assert any("1 plans" in one for one in told["skipped"])


def test_runs_of_a_commit_of_the_project_are_its_own(place, shared, capsys):
    ours = keep(shared, committed(place)).name
    keep(shared, "c" * 40)
    _, results, told = checked(capsys, "--select", "BRZ-P040")
    assert results == {"BRZ-P040": "pass"}
    assert told["verdicts"][0]["place"]["file"] == ours
    assert any("1 runs" in one for one in told["skipped"])


def test_a_store_that_is_named_counts_but_for_runs_of_other_commits(place, shared, capsys):
    keep(shared)
    keep_plan(shared, PLAN)
    words = ("--store", shared.path, "--select", "BRZ-P040", "--select", "BRZ-P061")
    assert checked(capsys, *words)[0] == 0
    committed(place)
    keep(shared, "c" * 40)
    code, _, told = checked(capsys, *words)
    assert code == 0
    assert any("1 runs" in one for one in told["skipped"])


def test_a_store_in_the_project_is_its_own_and_one_above_it_is_not(place, tmp_path, capsys):
    keep(Store(str(tmp_path / ".brizna")))
    assert checked(capsys, "--select", "BRZ-P040")[0] == 4
    keep(Store(str(place / ".brizna")), "c" * 40)
    assert checked(capsys, "--select", "BRZ-P040")[0] == 0


def test_a_changed_record_is_told_loudly_and_fails_whatever_is_asked(place, capsys):
    store = Store(str(place / ".brizna"))
    keep(store)
    record = keep(store) / "run.json"
    witness = {"schema": "brizna.footprint/1", "subject": digest_of_bytes(record.read_bytes())}
    store.put(witness, run_id=record.parent.name)
    record.write_bytes(record.read_bytes().replace(b'"exit_code":0', b'"exit_code":1'))
    code, results, told = checked(capsys, "--select", "BRZ-P040", "--select", "BRZ-P045")
    assert (code, results["BRZ-P045"]) == (1, "fail")
    assert record.parent.name in told["broken"][0]
    assert main(["check", "--select", "BRZ-P040", "--lang", "en"]) == 1
    first, _, third, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith("a record was changed")
    assert third.startswith("  CHANGED since it was written:")
