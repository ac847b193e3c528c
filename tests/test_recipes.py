"""Recipes for continuous integration: each is run as its tool would run it, in a project of git.

The tools themselves are not needed: what they would start is taken from their files and started.
Files for GitHub and GitLab are checked against these hosts' schemas in tests/heavy.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GATE = ROOT / "examples" / "gate"
PERSON = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
TOOLS = ("git", "sh", "bash", "cat", "head", "env", "test")
yaml = pytest.importorskip("yaml", reason="PyYAML reads the recipes")


def tool(folder, name, script):
    """Put a program of a name into a folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path):
    """A project whose head does a fifth of the work; and an environment with few programs."""
    place, tools = tmp_path / "project", tmp_path / "tools"
    shutil.copytree(GATE, place)
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed")
        (tools / name).symlink_to(found)
    tool(tools, "python", f'exec "{sys.executable}" "$@"')
    tool(tools, "brizna", f'exec "{sys.executable}" -m brizna "$@"')
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
        subprocess.run(["git", *PERSON, *words], cwd=place, check=True)
    train = place / "train.py"
    train.write_text(train.read_text().replace("STEPS = 400", "STEPS = 80"))
    environ = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG", "TZ")}
    environ |= {"PATH": str(tools), "BRIZNA_STORE": str(tmp_path / "store")}
    return place, environ


def start(words, project, **more):
    """Start what a recipe starts, and return how it ended."""
    place, environ = project
    return subprocess.run(
        words,
        cwd=place,
        env={**environ, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def load(path):
    """Return what a file in YAML says."""
    return yaml.safe_load(path.read_text())


# ----------------------------------------------------------------------------------------- GitHub


def action_step(name):
    """Return what a step of the composite action runs."""
    steps = load(ROOT / "action.yml")["runs"]["steps"]
    return next(step for step in steps if step["name"] == name)


def act(name, project, tmp_path, **environ):
    """Run a step of the action as the runner does."""
    brizna = tmp_path / "brizna" / "bin"
    if not brizna.exists():
        brizna.mkdir(parents=True)
        (brizna / "brizna").symlink_to(Path(project[1]["PATH"]) / "brizna")
    run = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action_step(name)["run"]]
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return start(run, project, RUNNER_TEMP=str(tmp_path), **files, **environ)


NOTHING = dict.fromkeys(
    ("GATE_BASE", "GATE_BRANCH", "GATE_MAX", "GATE_QUALITY", "GATE_SETUP", "GATE_OPTIONS"), ""
)


def test_the_action_gates_and_writes_the_jobs_summary(project, tmp_path):
    asked = {
        **NOTHING,
        "GATE_COMMAND": "python train.py",
        "GATE_BASE": "HEAD",
        "GATE_QUALITY": "accuracy>=0.5",
        "GATE_OPTIONS": "--by cpu --executions 1",
    }
    done = act("Gate", project, tmp_path, **asked)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() in ("exit-code=0\n", "exit-code=4\n")
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("### Energy gate")
    assert "| accuracy |" in summary


def test_the_action_ends_as_the_gate_did(project, tmp_path):
    asked = {**NOTHING, "GATE_COMMAND": "python train.py", "GATE_MAX": "1us"}
    assert act("Gate", project, tmp_path, **asked).returncode == 0
    code = (tmp_path / "GITHUB_OUTPUT").read_text().strip().removeprefix("exit-code=")
    assert code == "1"
    assert act("Verdict", project, tmp_path, GATE_CODE=code).returncode == 1
    assert act("Verdict", project, tmp_path, GATE_CODE="0").returncode == 0
    (tmp_path / "brizna-gate.xml").write_text('<error message="x" type="BRZ-G001">')
    unsure = act("Verdict", project, tmp_path, GATE_CODE="4")
    assert unsure.returncode == 0
    assert "cannot tell" in unsure.stdout


def test_the_action_fails_where_a_quality_could_not_be_told(project, tmp_path):
    asked = {**NOTHING, "GATE_COMMAND": "true", "GATE_QUALITY": "accuracy>=0.5"}
    asked["GATE_OPTIONS"] = "--by cpu --executions 1"
    assert act("Gate", project, tmp_path, **asked).returncode == 0
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "exit-code=4\n"
    done = act("Verdict", project, tmp_path, GATE_CODE="4")
    assert (done.returncode, "::error::" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("known", "method"), [("", "POST repos/me/it/issues/7/comments"), ("41", "PATCH")]
)
def test_the_action_keeps_one_comment(project, tmp_path, known, method):
    tools = Path(project[1]["PATH"])
    tool(tools, "gh", f'[ "$2" = --paginate ] && echo {known} || printf "%s\\n" "$@" > "$SENT"')
    (tmp_path / "brizna-gate.md").write_text("| a table |\n")
    sent = tmp_path / "sent"
    place = {"GATE_PLACE": "repos/me/it/issues", "GATE_NUMBER": "7", "SENT": str(sent)}
    done = act("Comment", project, tmp_path, GH_TOKEN="none", **place)  # noqa: S106 - no password
    assert done.returncode == 0, done.stderr
    words = sent.read_text()
    assert method in words.replace("\n", " ")
    assert "<!-- brizna gate -->" in words
    assert "| a table |" in words


def test_every_input_of_the_action_is_used_and_no_other():
    action = load(ROOT / "action.yml")
    used = set(re.findall(r"inputs\.([\w-]+)", str(action["runs"])))
    assert used == set(action["inputs"])


def test_nothing_that_others_write_is_put_into_a_script():
    """Expressions stand in ``env`` alone: in ``run`` they would be code of whoever wrote them."""
    assert not [step for step in load(ROOT / "action.yml")["runs"]["steps"] if "${{" in step["run"]]


# ------------------------------------------------------------------------------------ other tools


def check_gated(done):
    """Check that a gate of a head that does less was made; noise may leave it untold."""
    assert done.returncode in (0, 4), done.stderr
    assert "change in processor time" in done.stdout


def test_gitlabs_job_gates_and_keeps_its_reports(project):
    job = load(GATE / "gitlab-ci.yml")["energy"]
    [script] = job["script"]
    done = start(["sh", "-ec", script], project, CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD")
    check_gated(done)
    kept = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    assert all((project[0] / path).exists() for path in kept)


def test_the_hook_of_pre_commit_gates(project):
    [hook] = load(ROOT / ".pre-commit-hooks.yaml")
    [repo] = load(GATE / ".pre-commit-config.yaml")["repos"]
    [used] = repo["hooks"]
    assert used["id"] == hook["id"]
    assert not hook["pass_filenames"]
    args = ["HEAD" if word == "origin/HEAD" else word for word in used["args"]]
    index = str(project[0] / ".git" / "index")
    check_gated(start([*shlex.split(hook["entry"]), *args], project, GIT_INDEX_FILE=index))


def test_toxs_environment_gates(project):
    recipe = configparser.ConfigParser(interpolation=None)
    recipe.read(GATE / "tox.ini")
    command = recipe["testenv:energy"]["commands"].replace("{env:GATE_BASE:HEAD}", "HEAD")
    assert "{" not in command
    check_gated(start(shlex.split(command), project))


def test_noxs_session_gates(project):
    nox, ended = types.ModuleType("nox"), []
    nox.session, nox.Session = (lambda function: function), object

    class Session:
        posargs = ()

        def install(self, *names):
            assert names == ("brizna",)

        def run(self, *words, success_codes):
            ended.append(start(words, project))
            assert ended[-1].returncode in success_codes

    names = {"__name__": "noxfile"}
    sys.modules["nox"] = nox
    try:
        exec(compile((GATE / "noxfile.py").read_text(), "noxfile.py", "exec"), names)  # noqa: S102
    finally:
        del sys.modules["nox"]
    names["energy"](Session())
    check_gated(ended[0])
