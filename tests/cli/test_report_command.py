"""``brizna report`` as a person types it: which runs, which form, where it goes, what it lacks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from brizna.cli import main
from brizna.core.errors import CoverageError, InputError
from brizna.report import RENDERERS, Selection
from brizna.store import Store
from brizna.verbs import dossier_of, facts_of, read_period

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Brizna = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    store = tmp_path_factory.mktemp("made") / "store"
    for name, team in (("one", "vision"), ("two", "vision"), ("three", "speech")):
        words = ["run", "--quiet", "--zone", "ES", "--name", name, "--tag", f"team:{team}"]
        assert main([*words, "--store", str(store), "--", "true"]) == 0
    return store


@pytest.fixture
def three_runs(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "store")


def ids(done) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [run["name"] for run in json.loads(done.stdout)["runs"]]


@pytest.mark.usefixtures("three_runs")
def test_a_report_is_about_one_run_or_all_that_a_tag_and_a_period_select(brizna):
    assert ids(brizna("report", "two", "--as", "json")) == ["two"]
    assert ids(brizna("report", "--as", "json")) == ["three"]
    assert ids(brizna("report", "--team", "vision", "--as", "json")) == ["one", "two"]
    assert ids(brizna("report", "--tag", "team:speech", "--as", "json")) == ["three"]
    every = brizna("report", "--period", "2020..2099", "--as", "json")
    assert ids(every) == ["one", "two", "three"]
    told = json.loads(every.stdout)
    parts = [run["figures"]["energy_j"]["best"] for run in told["runs"]]
    assert told["figures"]["energy_j"]["best"] == pytest.approx(sum(parts))


@pytest.mark.usefixtures("three_runs")
def test_a_selection_without_runs_says_what_was_looked_for(brizna):
    done = brizna("report", "--period", "1999", "--as", "json")
    assert done.returncode == 3
    assert "1999" in done.stderr
    assert "brizna runs list" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "two"), "--as"),
        (("report", "--as", "jsno"), "json"),
        (("report", "two", "--tag", "x", "--as", "json"), "one run"),
        (("report", "--period", "2026-13", "--as", "json"), "2026-13"),
        (("report", "--period", "2026..2025", "--as", "json"), "ends before"),
        (("report", "--as", "json", "--diff"), "--into"),
        (("report", "--as", "json", "--into", "x.md"), "--as"),
        (("report", "--as", "json", "--facts", "none.toml"), "none.toml"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("three_runs")
def test_wrong_use_says_what_to_do(brizna, words, says):
    done = brizna(*words)
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.usefixtures("three_runs")
def test_a_form_goes_to_a_file_or_a_pipe_whole(brizna, tmp_path):
    assert brizna("report", "one", "--as", "xlsx", "-o", "r.xlsx").returncode == 0
    path = next(tmp_path.rglob("r.xlsx"))
    assert zipfile.ZipFile(path).testzip() is None
    assert list(path.parent.glob("r.xlsx.*")) == []
    assert brizna("report", "one", "--as", "csv").stdout.startswith("run,digest,name")


@pytest.mark.usefixtures("three_runs")
def test_a_file_that_cannot_be_written_is_said(brizna):
    done = brizna("report", "one", "--as", "csv", "-o", "no/such/place.csv")
    assert done.returncode == 3
    assert "place.csv" in done.stderr


@pytest.mark.usefixtures("three_runs")
def test_figures_are_listed_with_the_command_that_explains_each(brizna):
    done = brizna("report", "one", "--as", "markdown", "--figures")
    lines = done.stdout.splitlines()
    assert lines[2].startswith("Energy: ")
    command = lines[3].split()
    assert command[:2] == ["brizna", "explain"]
    told = brizna(*command[1:])
    assert told.returncode == 0
    assert lines[2].removeprefix("Energy: ") in told.stdout
    told = json.loads(brizna("report", "--team", "vision", "--as", "markdown", "--json").stdout)
    (energy,) = [figure for figure in told["figures"] if figure["path"] == "energy_j"]
    assert len(energy["explain"]) == len(told["runs"]) == 2
    assert told["digest"].startswith("sha256:")


@pytest.mark.usefixtures("three_runs")
def test_what_is_lacking_is_said_with_the_fact_that_helps(brizna):
    done = brizna("report", "one", "--as", "boamps")
    assert "task.taskFamily: nobody declared it. Declare task with --facts." in done.stderr
    spanish = brizna("report", "one", "--as", "boamps", "--lang", "es").stderr
    assert "task.taskFamily: nadie lo ha declarado. Declare task con --facts." in spanish


@pytest.mark.usefixtures("three_runs")
def test_facts_of_a_file_win_over_those_of_the_project(brizna, tmp_path):
    (tmp_path / "facts.toml").write_text('model = "mine"\n', encoding="utf-8")
    (tmp_path / "brizna.toml").write_text(
        '[report]\nmodel = "ours"\ntask = "sorting"\n', encoding="utf-8"
    )
    done = brizna("report", "one", "--as", "json", "--facts", str(tmp_path / "facts.toml"))
    facts = json.loads(done.stdout)["facts"]
    assert facts["model"] == "mine"


def test_facts_of_the_project_are_found_upwards(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.brizna.report]\nmodel = "ours"\n', encoding="utf-8"
    )
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    facts = facts_of(None, directory=str(inner))
    assert facts["model"] == "ours"
    assert facts["task"] is None
    assert "pyproject.toml" in facts.origins["model"]


@pytest.mark.parametrize(
    ("text", "says"),
    [("modle = 'x'", "model"), ("model = 3", "a text"), ("model =", "TOML")],
)
def test_facts_that_cannot_be_are_refused(tmp_path, text, says):
    file = tmp_path / "facts.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        facts_of(str(file), directory=str(tmp_path))


def test_a_project_whose_report_is_no_table_is_refused(tmp_path):
    (tmp_path / "brizna.toml").write_text("report = 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="table"):
        facts_of(None, directory=str(tmp_path))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-W01", "2025-12-29", "2026-01-05"),
        ("2026-11-22", "2026-11-22", "2026-11-23"),
        ("2026-01..2026-03", "2026-01-01", "2026-04-01"),
        ("2025..2026-02-03", "2025-01-01", "2026-02-04"),
    ],
)
def test_a_period_is_half_open(text, start, end):
    assert read_period(text) == (f"{start}T00:00:00Z", f"{end}T00:00:00Z")


@pytest.mark.parametrize("text", ["", "26", "2026-Q5", "2026-00", "2026-W60", "x..y", "9999"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(InputError, match="is no period"):
        read_period(text)


@pytest.mark.usefixtures("three_runs")
def test_each_form_is_listed_and_says_what_it_is(brizna):
    told = json.loads(brizna("report", "--list", "--json").stdout)
    assert list(RENDERERS) == [form["form"] for form in told][: len(RENDERERS)]
    assert all(form["about"] and form["suffix"].startswith(".") for form in told)
    assert "libro" in brizna("report", "--list", "--lang", "es").stdout


def test_no_run_at_all_is_no_report(tmp_path):
    store = Store(str(tmp_path / "empty"))
    with pytest.raises(CoverageError, match="No run that has ended"):
        dossier_of(store, Selection(period="2026", start="2026-01-01T00:00:00Z"))


@pytest.mark.usefixtures("three_runs")
def test_a_stage_that_a_tag_contradicts_is_refused(brizna, tmp_path):
    words = ["run", "--quiet", "--zone", "ES", "--tag", "stage:inference"]
    assert main([*words, "--store", str(tmp_path / "store"), "--", "true"]) == 0
    (tmp_path / "facts.toml").write_text('stage = "training"\n')
    done = brizna("report", "last", "--as", "mdf", "--facts", "facts.toml")
    assert done.returncode == 2
    assert "stage is training" in done.stderr
    assert "stage:inference" in done.stderr


@pytest.mark.parametrize(
    ("words", "says", "not_said"),
    [
        (["--team", "nobody"], "has the tags team:nobody", "began in"),
        (["--period", "1999"], "began in 1999", "the tags"),
    ],
)
@pytest.mark.usefixtures("three_runs")
def test_an_empty_selection_is_named_by_what_was_asked(brizna, words, says, not_said):
    done = brizna("report", *words, "--as", "json")
    assert done.returncode == 3
    assert says in done.stderr
    assert not_said not in done.stderr


def test_runs_at_once_are_told_with_every_form(brizna, tmp_path):
    words = [sys.executable, "-m", "brizna", "run", "--quiet", "--zone", "ES", "--name", "outer"]
    reads = [sys.executable, "-c", "import sys; print('.', flush=True); sys.stdin.read()"]
    both = [
        subprocess.Popen(
            [*words, "--tag", "team:x", "--store", str(tmp_path / "store"), "--", *reads],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        process.stdout.readline()
    for process in both:
        process.communicate()
    done = brizna("report", "--team", "x", "--as", "csv")
    assert done.returncode == 0
    assert "of the runs overlapped another on their machine" in done.stderr
