"""``brizna gate`` where something goes wrong: it tells its verdict, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from brizna.check import Drift, Floor, Gate, judge_quality, verify_gate
from brizna.cli import main
from brizna.report import gate_lines
from brizna.store import Store
from brizna.verbs._gate import _kept
from brizna.verbs._gate_trees import trees

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")
NAN, INF = float("nan"), float("inf")
FLOOR = Floor(name="accuracy", least=0.5)


@pytest.mark.parametrize(
    ("heads", "verdict", "median"),
    [
        ([NAN, NAN, NAN], "fail", None),
        ([INF, -INF], "fail", None),
        ([0.9, NAN, 0.9], "cannot-tell", 0.9),
        ([0.9, None, NAN, NAN], "fail", None),
        ([0.9, 0.8], "pass", pytest.approx(0.85)),
    ],
)
def test_a_quality_that_is_no_number_reaches_no_floor(heads, verdict, median):
    found = judge_quality(FLOOR, heads)
    assert (found.verdict, found.median) == (verdict, median)
    assert (found.reason is None) == (verdict == "pass")
    assert (found.worst is None) == (verdict != "pass")
    json.dumps(found.to_json(), allow_nan=False)


def test_a_base_that_went_astray_tells_nothing_of_the_head():
    floor = Floor(name="accuracy", least=-0.01, over_base=True)
    assert judge_quality(floor, [0.9, 0.9], [NAN, 0.9]).verdict == "cannot-tell"
    assert judge_quality(floor, [NAN, NAN], [0.9, 0.9]).verdict == "fail"


@pytest.mark.parametrize("said", ["nan", "inf"])
def test_a_gate_on_a_training_that_went_astray_fails_and_is_kept(brizna, said):
    words = ("--by", "cpu", "--executions", "1", "--quality", "a>=0.5", "--json", "--lang", "en")
    done = brizna("gate", *words, "--", "echo", f"a={said}")
    assert done.returncode == 1, done.stderr
    [quality] = json.loads(done.stdout)["quality"]
    assert (quality["verdict"], quality["median"]) == ("fail", None)
    assert "5 executions said what is no finite number" in quality["reason"]


def made(**rest):
    known = {"command": ["true"], "figure": "cpu", "method": "rusage", "executions": 1}
    return Gate.from_json({**GATE, **known, **rest})


GATE = {
    "schema": Gate.schema,
    "base": None,
    "base_commit": None,
    "head_commit": None,
    "is_changed": False,
    "allow": 0.0,
    "notice": 0.05,
    "blocks": [],
    "change": None,
    "budget": None,
    "quality": [],
    "drift": None,
    "energy_j": None,
    "reason": "no meter",
    "duration_s": 1.0,
    "run": None,
    "notes": [],
}


def test_what_was_found_is_told_where_it_cannot_be_kept(tmp_path):
    (tmp_path / "store").write_text("no folder\n")
    found = _kept(made(run="20261122T023501Z-7f3a9c"), Store(str(tmp_path / "store")))
    assert found.notes[0].startswith("What the gate found is not kept: ")


def test_a_creep_is_a_warning_where_it_is_shown_as_in_the_verdict():
    drift = Drift(verdict="fail", points=9, creep=0.2, limit=0.05, scatter=0.01)
    found = made(drift=drift.to_json())
    [row] = [
        line
        for line in gate_lines(found.to_json(), lang="en", width=100, color=False)
        if "creep of the base" in line
    ]
    assert "a warning" in row
    assert "FAIL" not in row
    assert verify_gate(found).outcome() != "fail"


@pytest.mark.parametrize(
    ("option", "said"),
    [("--blocks", "--blocks is 5: expected 11 to 40."), ("--executions", "--executions is 0")],
)
def test_a_number_that_cannot_be_is_named_alone(option, said, capsys):
    number = "5" if option == "--blocks" else "0"
    words = ["gate", "--max", "10s", option, number, "--lang", "en", "--", "true"]
    assert main(words) == 2
    assert said in capsys.readouterr().err


GATE_WORDS = [sys.executable, "-m", "brizna", "gate", "--base", "HEAD", "--by", "cpu", "--"]


def test_work_trees_of_gates_that_were_killed_are_removed_by_the_next(tmp_path, tmp_path_factory):
    project = tmp_path / "project"
    project.mkdir()
    person = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    for words in (("init", "-q"), (*person, "commit", "-q", "--allow-empty", "-m", "first")):
        subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)
    began = tmp_path / "began"
    os.mkfifo(began)
    gate = subprocess.Popen(
        [*GATE_WORDS, "sh", "-c", f"echo $$ > '{began}'; exec sleep 60"],
        cwd=project,
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store"), "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    child = int(began.read_text())
    try:
        listed = work_trees(project)
        assert len(listed) == 2
        with beside(project, tmp_path_factory):
            assert set(listed) < set(work_trees(project)), "one that is at work stays"
        gate.send_signal(signal.SIGKILL)
        gate.wait(timeout=30)
        with beside(project, tmp_path_factory):
            assert listed[1] not in work_trees(project)
        assert not os.path.exists(os.path.dirname(listed[1]))
    finally:
        os.kill(child, signal.SIGKILL)
        gate.kill()


def beside(project, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    return trees("HEAD", directory=str(project), folder=str(folder), environ=os.environ)


def work_trees(project):
    """Return the folders of the work trees that git knows of, the project's own first."""
    done = subprocess.run(
        ["git", "worktree", "list", "--porcelain"],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    return [one.removeprefix("worktree ") for one in lines if one.startswith("worktree ")]
