"""Completion in the shells themselves, and the man page: both out of the commands' own parsers."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brizna.cli._completion import FORMS
from brizna.cli._describe import describe
from brizna.cli._dispatch import COMMANDS
from brizna.store import Store

ROOT = Path(__file__).resolve().parents[2]
CASES = [
    ("brizna ru", {"run", "runs"}),
    ("brizna runs l", {"list"}),
    ("brizna runs list --l", {"--lang", "--limit"}),
    ("brizna run --pu", {"--pue"}),
    ("brizna runs export --as ", {"archive", "codecarbon"}),
    ("brizna show --lang ", {"en", "es"}),
    ("brizna completion z", {"zsh"}),
    ("brizna run --name x -- no-such-prog", {"no-such-program"}),
    ("brizna show la", {"last"}),
    ("brizna runs import some", {"some.csv"}),
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Go where a store, a file and a program are, with brizna on the path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, line in {
        "brizna": f'exec "{sys.executable}" -m brizna "$@"',
        "no-such-program": "exit 0",
    }.items():
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    (here / "some.csv").touch()
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(here)
    Store(str(tmp_path / "store")).create_run()
    return tmp_path


def script(place, form):
    """Write what a shell reads and return its path."""
    made = subprocess.run(
        [sys.executable, "-m", "brizna", "completion", form],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    path = place / f"completion.{form}"
    path.write_text(made.stdout)
    return path


def needs(shell):
    """Skip where a shell is not installed."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


def said_by(words):
    """Return what a command prints."""
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def test_bash_completes(place):
    path = script(place, "bash")
    calls = "\n".join(f"complete_line {line!r}" for line, _ in CASES)
    program = f"""
source {path}
complete_line() {{
    read -ra COMP_WORDS <<< "$1"; [[ $1 == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _brizna; echo "${{COMPREPLY[@]}}"
}}
{calls}
"""
    answers = said_by(["bash", "--norc", "-c", program]).splitlines()
    for (line, expected), answer in zip(CASES, answers, strict=True):
        assert set(answer.split()) >= expected, line
        assert all(word.startswith(line.split(" ")[-1]) for word in answer.split()), line


def test_fish_completes(place):
    needs("fish")
    path = script(place, "fish")
    for line, expected in CASES:
        said = said_by(["fish", "-N", "-c", f"source {path}; complete -C {line!r}"])
        found = {answer.split("\t")[0] for answer in said.splitlines()}
        assert found >= expected, line


def test_zsh_completes(place):
    needs("zsh")
    path = script(place, "zsh")
    child, terminal = pty.fork()
    if not child:
        os.environ |= {"TERM": "dumb", "PS1": "> ", "COLUMNS": "300"}
        os.execvp("zsh", ["zsh", "-f", "-i"])  # noqa: S606 - a shell is what is tested
    try:
        tell(terminal, f"autoload -Uz compinit; compinit -u -D; source {path}; print re''ady\n")
        hear(terminal, "ready")
        for line, expected in CASES:
            is_only = len(expected) == 1
            tell(terminal, f"{line}\t" if is_only else f"{line}\t\t")  # the second shows the list
            typed = line.split(" ")[-1]
            whole = [f"{line}{word.removeprefix(typed)}" for word in expected]
            hear(terminal, *(whole if is_only else expected))
            tell(terminal, "\x15")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def tell(terminal, text):
    os.write(terminal, text.encode())


def hear(terminal, *expected):
    """Read until all of these have come; escape codes aside."""
    heard, until = "", time.monotonic() + 30
    while not all(text in heard for text in expected):
        left = until - time.monotonic()
        assert left > 0, f"{expected!r} did not come: {heard!r}"
        if select.select([terminal], [], [], left)[0]:
            heard += os.read(terminal, 4096).decode(errors="replace")
            heard = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", heard)


def test_every_command_is_described_and_no_other():
    described = {" ".join(command.words) for command in describe("en")[0]}
    text = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    titles = set(re.findall(r"^## brizna (.+)$", text, re.MULTILINE))
    assert titles <= described
    assert {name.split()[0] for name in described} == set(COMMANDS) == set(describe("en")[1])


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_man_page_is_well_formed_and_has_every_option(place, lang):
    page = said_by([sys.executable, "-m", "brizna", "--lang", lang, "completion", "man"])
    assert page.startswith(".TH BRIZNA 1 ")
    for command in describe(lang)[0]:
        for option in command.options:
            assert option.flags[-1].replace("-", "\\-") in page
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    (place / "brizna.1").write_text(page, encoding="utf-8")
    done = subprocess.run(
        ["groff", "-ww", "-man", "-K", "utf8", "-T", "utf8", str(place / "brizna.1")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert "--pue" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout).replace("‐", "-")


def test_help_texts_with_quotes_and_brackets_do_not_break_a_shell(place):
    for form in sorted({"bash", "zsh", "fish"} & set(FORMS)):
        if shutil.which(form):
            path = script(place, form)
            subprocess.run([form, "-n", str(path)], check=True, timeout=60)
