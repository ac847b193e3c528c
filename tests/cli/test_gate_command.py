"""``brizna gate`` as a person types it: two versions in git, budgets, qualities, files, history."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from brizna.cli import main
from brizna.core.errors import InputError, UnavailableError
from brizna.store import Store
from brizna.verbs._gate import file_of, read_budget
from brizna.verbs._gate_trees import scrubbed, trees

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")

PYTHON = [sys.executable, "-I", "-S"]
WORK = "sum(at * at for at in range({count}))\nprint('accuracy={accuracy}')\n"
PERSON = ["-c", "user.name=me", "-c", "user.email=me@example.org"]


def git(folder, *words):
    """Run git and return what it printed."""
    done = subprocess.run(
        ["git", *PERSON, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def write(folder, count, accuracy=0.9):
    """Write the program that is gated."""
    (folder / "work.py").write_text(WORK.format(count=count, accuracy=accuracy))


@pytest.fixture
def project(tmp_path):
    """A project in git whose last commit does a certain amount of work."""
    git(tmp_path, "init", "-q")
    write(tmp_path, 200_000)
    git(tmp_path, "add", "work.py")
    git(tmp_path, "commit", "-qm", "as it was")
    return tmp_path


def gated(brizna, *options, json_too=True):
    """Run a gate on processor time, quickly, and return how it ended and its record.

    The control of one gate in a hundred is not null though nothing moved it: then it is run again.
    """
    more = ["--json"] if json_too else []
    quick = ("--by", "cpu", "--executions", "1", *more)
    for _ in range(3):
        done = brizna("gate", *quick, *options, "--", *PYTHON, "work.py")
        assert done.stdout or done.returncode > 4, done.stderr
        found = json.loads(done.stdout) if json_too else None
        if found is None or found["change"] is None or found["change"]["is_null"]:
            break
    return done, found


def test_much_more_work_is_a_regression_at_the_first_look(brizna, project):
    write(project, 600_000)
    done, found = gated(brizna, "--base", "HEAD", "--junit", "j.xml", "--sarif", "s.json")
    assert done.returncode == 1, done.stderr
    assert found["change"]["verdict"] == "regressed"
    assert found["change"]["blocks"] == 11
    assert found["is_changed"]
    assert found["base_commit"] == found["head_commit"] == git(project, "rev-parse", "HEAD")
    assert 'failures="1"' in (project / "j.xml").read_text()
    assert "BRZ-G001" in (project / "s.json").read_text()
    assert git(project, "worktree", "list").count("\n") == 0


def test_much_less_work_is_an_improvement_unless_it_does_less(brizna, project):
    write(project, 400, accuracy=0.7)
    done, found = gated(
        brizna, "--base", "HEAD", "--quality", "accuracy>=base-0.1", "--markdown", "table.md"
    )
    assert done.returncode == 1, done.stderr
    assert found["change"]["verdict"] == "improved"
    assert found["quality"][0]["median"] == pytest.approx(-0.2)
    assert "| accuracy |" in (project / "table.md").read_text()


@pytest.mark.usefixtures("project")
def test_the_gate_is_a_run_with_a_phase_for_each_execution_and_tells_its_joules(brizna):
    done, found = gated(brizna, "--max", "1min", "--quality", "accuracy>=0.9")
    assert done.returncode == 0, done.stderr
    assert found["budget"]["executions"] == 5
    assert found["energy_j"]["best"] > 0
    view = json.loads(brizna("show", found["run"], "--json").stdout)
    phases = [phase["name"] for phase in view["measurement"]["phases"]]
    assert (phases.count("head"), phases.count("warm-up")) == (5, 1)


def test_what_is_compared_and_what_the_budget_is_of_may_differ(brizna, project):
    write(project, 400)
    options = ("--base", "HEAD", "--max", "1kWh", "--quality", "accuracy>=base")
    done, found = gated(brizna, *options, "--html", "gate.html")
    assert done.returncode == 0, done.stderr
    assert (found["figure"], found["method"]) == ("cpu", "rusage")
    assert found["change"]["verdict"] == "improved"
    assert (found["budget"]["unit"], found["budget_method"]) == ("J", "meters")
    assert found["budget"]["executions"] == 5
    assert 0 < found["budget"]["low"] <= found["budget"]["best"] <= found["budget"]["high"]
    assert found["quality"][0]["verdict"] == "pass"
    page = (project / "gate.html").read_text()
    assert page.count('class="head"') == len(found["blocks"])


@pytest.mark.usefixtures("project")
def test_exit_codes_tell_over_the_budget_from_nobody_knows(brizna):
    assert gated(brizna, "--max", "1us")[0].returncode == 1
    assert gated(brizna, "--max", "1min", "--quality", "f1>=0")[0].returncode == 4
    assert gated(brizna, "--max", "1min", "--quality", "f1>=0", "--strict")[0].returncode == 1


@pytest.mark.usefixtures("project")
def test_it_speaks_spanish(brizna):
    done, _ = gated(brizna, "--max", "1min", "--lang", "es", json_too=False)
    assert "presupuesto de tiempo de procesador" in done.stdout
    assert "La propia puerta" in done.stdout


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Nothing is asked"),
        (("--max", "3 apples"), "450Wh"),
        (("--max", "0s"), "more than 0"),
        (("--base", "no-such-branch"), "no commit here"),
        (("--max", "1min", "--allow", "little"), "no share"),
        (("--base", "HEAD", "--notice", "0%"), "--notice"),
        (("--max", "1min", "--env", "PATH"), "NAME=VALUE"),
        (("--max", "1min", "--blocks", "5"), "11 to 40"),
        (("--max", "1min", "--quality", "f1>=base"), "--base"),
        (("--max", "5Wh"), "the same of both"),
        (("--max", "1min", "--setup", "false"), "exit code 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(brizna, options, said):
    done = brizna("gate", "--by", "cpu", *options, "--", *PYTHON, "work.py")
    assert done.returncode == 2
    assert said in done.stderr


def test_without_a_command_it_says_where_to_put_one(brizna):
    done = brizna("gate", "--max", "1s")
    assert done.returncode == 2
    assert "after --" in done.stderr


@pytest.mark.parametrize("option", ["--html", "--markdown", "--junit", "--sarif"])
def test_a_file_that_cannot_be_written_is_told_before_anything_runs(brizna, project, option):
    command = ["sh", "-c", "echo > ran"]
    done = brizna("gate", "--max", "1s", option, "nowhere/file", "--", *command)
    assert done.returncode == 3
    assert "nowhere/file" in done.stderr
    assert not (project / "ran").exists()


def test_without_what_writes_pages_that_is_told_before_anything_runs(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    command = ["sh", "-c", "echo > ran"]
    assert main(["gate", "--max", "1s", "--html", "page.html", "--", *command]) == 3
    assert "brizna[report]" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


def test_a_command_that_fails_is_told_with_its_last_words(brizna, project):
    (project / "work.py").write_text("raise SystemExit('no data here')")
    done = brizna("gate", "--max", "1s", "--", *PYTHON, "work.py")
    assert done.returncode == 2
    assert "no data here" in done.stderr


def test_outside_git_there_is_no_base(brizna, tmp_path):
    write(tmp_path, 10)
    done = brizna("gate", "--base", "main", "--", *PYTHON, "work.py")
    assert done.returncode == 3
    assert "work tree" in done.stderr


def test_each_version_is_set_up_and_gets_its_own_variables(brizna, project):
    write(project, 0)
    script = 'cat made; test $KEPT = yes; test -z "$DROPPED"; echo accuracy=$PYTHONHASHSEED'
    done = brizna(
        *("gate", "--by", "cpu", "--executions", "1", "--base", "HEAD", "--json"),
        *("--setup", "touch made", "--keep", "KEPT", "--quality", "accuracy>=0"),
        *("--notice", "900%", "--", "sh", "-ec", script),
        environ={"KEPT": "yes", "DROPPED": "yes"},
    )
    assert done.returncode in (0, 1, 4), done.stderr
    assert json.loads(done.stdout)["quality"][0]["median"] == 0


def test_a_creep_of_the_base_is_seen_over_the_gates_of_a_store(brizna, project):
    write(project, 400)  # so that the gate itself passes
    _, found = gated(brizna, "--base", "HEAD")
    assert found["drift"] is not None
    assert found["drift"]["points"] == 1
    store = Store.find(str(project / "store"), cwd=str(project), environ={})
    for at, share in enumerate((0.7, 0.6, 0.8, 0.9)):  # two gates of one commit: the first counts
        blocks = [
            {arm: figure * share for arm, figure in block.items()} for block in found["blocks"]
        ]
        past = {**found, "base_commit": f"{min(at, 2)}" * 40, "blocks": blocks}
        assert brizna("run", "--tag", "gate", "--", "true").returncode == 0
        store.put(past, run_id=store.runs()[-1].id)
    done, found = gated(brizna, "--base", "HEAD")
    assert found["drift"]["points"] == 4
    assert done.returncode == 0  # a warning


def test_a_name_keeps_the_history_of_a_command_that_changes(brizna, project):
    write(project, 400)
    _, found = gated(brizna, "--base", "HEAD", "--name", "work")
    assert found["name"] == "work"
    store = Store.find(str(project / "store"), cwd=str(project), environ={})
    for at, name in enumerate(("work", "work", "work", "other", None)):
        past = {**found, "base_commit": f"{at}" * 40, "command": ["an", "older", "one"]}
        assert brizna("run", "--tag", "gate", "--", "true").returncode == 0
        store.put({**past, "name": name}, run_id=store.runs()[-1].id)
    assert gated(brizna, "--base", "HEAD", "--name", "work")[1]["drift"]["points"] == 4
    assert gated(brizna, "--base", "HEAD")[1]["drift"]["points"] == 1


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions_tell_two_per_cent_in_three_blocks(brizna, project):
    loop = "i=0; while [ $i -lt {count} ]; do i=$((i+1)); done\n"
    work = project / "work.sh"
    work.write_text(loop.format(count=5000))
    git(project, "add", "work.sh")
    git(project, "commit", "-qm", "a loop")
    work.write_text(loop.format(count=5200))
    options = ("--base", "HEAD", "--by", "instructions", "--json")
    done = brizna("gate", *options, "--", "sh", "work.sh")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["change"]["blocks"] == len(found["blocks"]) == 3
    assert 0.02 < found["change"]["low"] <= found["change"]["high"] < 0.05


@pytest.mark.heavy
@pytest.mark.usefixtures("project")
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_joules_of_a_budget_are_not_those_of_the_counter(brizna):
    options = ("--base", "HEAD", "--by", "instructions", "--max", "1kWh", "--json")
    done = brizna("gate", *options, "--", "sh", "-c", "exit 0")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["figure"], found["budget_method"]) == ("instructions", "meters")
    view = json.loads(brizna("show", found["run"], "--json").stdout)
    heads = [one for one in view["measurement"]["phases"] if one["name"] == "head"]
    took = [one["end_s"] - one["start_s"] for one in heads]
    counted, plain = took[: found["change"]["blocks"]], took[found["change"]["blocks"] :]
    assert len(plain) == found["budget"]["executions"]
    assert sorted(plain)[len(plain) // 2] < min(counted)


@pytest.mark.usefixtures("project")
def test_joules_are_compared_where_that_is_asked(brizna):
    limits = ("--allow", "300%", "--notice", "900%")
    done = brizna(
        *("gate", "--base", "HEAD", "--by", "energy", *limits, "--json", "--executions", "1"),
        *("--", *PYTHON, "work.py"),
    )
    assert done.returncode in (0, 4), done.stderr
    found = json.loads(done.stdout)
    assert (found["figure"], found["method"], found["drift"]) == ("energy", "meters", None)
    heads = sum(block["head"] for block in found["blocks"])
    assert 0 < heads < found["energy_j"]["best"]


def test_a_signal_ends_the_gate_with_its_command_and_leaves_no_work_tree(project):
    has_begun = project / "has-begun"
    os.mkfifo(has_begun)
    command = ["sh", "-c", f"echo yes > '{has_begun}'; sleep 60"]
    gate = subprocess.Popen(
        [sys.executable, "-m", "brizna", "gate", "--base", "HEAD", "--by", "cpu", "--", *command],
        cwd=project,
        env={**os.environ, "BRIZNA_STORE": str(project / "store")},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert has_begun.read_text() == "yes\n"
    assert git(project, "worktree", "list").count("\n") == 1
    gate.send_signal(signal.SIGTERM)
    _, said = gate.communicate(timeout=30)
    assert gate.returncode == 143, said
    assert git(project, "worktree", "list").count("\n") == 0


# ---------------------------------------------------------------------------------------- the parts


def test_variables_that_change_the_work_are_left_out_and_threads_are_one():
    environ = {"PATH": "/bin", "SECRET": "x", "OMP_NUM_THREADS": "8", "LD_PRELOAD": "y", "A": "1"}
    found = scrubbed(environ, added={"B": "2"}, keep=["A"], counts=False)
    assert {"SECRET", "LD_PRELOAD", "GLIBC_TUNABLES"}.isdisjoint(found)
    assert found | {"PATH": "/bin", "OMP_NUM_THREADS": "1", "A": "1", "B": "2"} == found
    assert "GLIBC_TUNABLES" in scrubbed(environ, added={}, keep=[], counts=True)
    assert (
        scrubbed({}, added={"PYTHONHASHSEED": "7"}, keep=[], counts=True)["PYTHONHASHSEED"] == "7"
    )


@pytest.mark.parametrize(
    ("text", "figure", "value"),
    [("450Wh", "energy", 1.62e6), ("30s", "cpu", 30.0), ("2e9", "instructions", 2e9)],
)
def test_a_budget_names_its_figure_by_its_unit(text, figure, value):
    assert read_budget(text) == (figure, pytest.approx(value))


def test_a_base_in_a_hook_of_gits_leaves_the_hooks_index_alone(project, tmp_path_factory):
    index = str(project / ".git" / "index.hook")
    folder = tmp_path_factory.mktemp("base")
    environ = {**os.environ, "GIT_INDEX_FILE": index, "GIT_DIR": "/nowhere"}
    (project / "inner").mkdir()
    with trees("HEAD", directory=str(project), folder=str(folder), environ=environ) as both:
        assert (folder / "base" / "work.py").exists()
        assert both.base == str(folder / "base")
    assert not os.path.exists(index)
    with (
        pytest.raises(InputError, match="no directory"),
        trees("HEAD", directory=str(project / "inner"), folder=str(folder), environ=os.environ),
    ):
        pass
    assert git(project, "worktree", "list").count("\n") == 0


def test_without_git_it_says_so(project, tmp_path):
    environ = {"PATH": str(tmp_path / "nothing")}
    with (
        pytest.raises(UnavailableError, match="--base"),
        trees("HEAD", directory=str(project), folder=str(tmp_path), environ=environ),
    ):
        pass


def test_a_verdict_is_shown_beside_the_file_that_the_command_names(project):
    outside = os.path.abspath(sys.executable)
    assert file_of([outside, "work.py"], str(project)) == "work.py"
    assert file_of([outside, "-c", "pass"], str(project)) is None
