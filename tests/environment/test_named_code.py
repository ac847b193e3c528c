"""Code that a command runs and that git does not know is in no commit, and is told so."""

from __future__ import annotations

import subprocess

import pytest

from brizna.environment import code


@pytest.fixture
def tree(tmp_path):
    """Return a work tree with one file that git knows."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "known.py").write_text("import json\n")
    subprocess.run(["git", "add", "known.py"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("python", "un.py"),
        ("python", "-u", "un.py", "--steps", "3"),
        ("./un.py",),
        ("sh", "-c", "cd . && python 'un.py'; true"),
        ("python", "-m", "un"),
    ],
)
def test_a_script_that_git_does_not_know_counts_as_changed(tree, command):
    (tree / "un.py").write_text("print(1)\n")
    found = code(str(tree), command=command)
    assert found["changed"] == 1
    (tree / "un.py").write_text("print(2)\n")
    assert code(str(tree), command=command)["changes"] != found["changes"]


def test_what_a_known_script_imports_from_beside_it_counts_too(tree):
    (tree / "known.py").write_text("import json, helper\nfrom pack import part\n")
    subprocess.run(["git", "add", "known.py"], cwd=tree, check=True, capture_output=True)
    (tree / "helper.py").write_text("")
    (tree / "pack").mkdir()
    (tree / "pack" / "__init__.py").write_text("from . import other\n")
    (tree / "pack" / "part.py").write_text("import helper\n")
    (tree / "pack" / "other.py").write_text("")
    (tree / "unused.py").write_text("")
    assert code(str(tree), command=("python", "known.py"))["changed"] == 4


def test_data_environments_and_files_elsewhere_are_no_code_of_the_tree(tree, tmp_path_factory):
    (tree / "data.csv").write_text("1\n")
    (tree / ".venv" / "bin").mkdir(parents=True)
    (tree / ".venv" / "pyvenv.cfg").write_text("")
    (tree / ".venv" / "bin" / "python").write_text("#!\n")
    outside = tmp_path_factory.mktemp("outside") / "x.py"
    outside.write_text("")
    command = (".venv/bin/python", "known.py", "data.csv", str(outside))
    assert code(str(tree), command=command)["changed"] == 0
