"""brizna improve: from a configuration to a chosen model, killed and resumed, in real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib

import pytest

from brizna.cli import main
from brizna.improve._artefact import to_toml
from brizna.testing import fake_config


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Work in a folder with a configuration and a store of its own."""
    config = fake_config(transforms=["fold", "round"], repeats=2)
    config["quality"]["margin"] = 0.05
    (tmp_path / "improve.toml").write_text(to_toml(config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    return tmp_path


def test_a_study_chooses_hands_over_speaks_spanish_and_is_made_again(place, capsys):
    assert main(["improve", "improve.toml", "--json", "--html", "front.html", "--out", "out"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chosen"] == "fold + round(bits=8) + fake fp32"
    assert found["spent_j"] is None or found["spent_j"]["best"] > 0
    page = (place / "front.html").read_text(encoding="utf-8")
    assert 'href="#row-1"' in page
    assert sorted(os.listdir(place / "out")) == [
        *("README.md", "fake.json", "loader.py", "model.json", "recipe.toml", "serving.json"),
    ]
    recipe = tomllib.loads((place / "out" / "recipe.toml").read_text(encoding="utf-8"))
    assert [step["name"] for step in recipe["steps"]] == ["fold", "round"]

    assert main(["improve", "improve.toml", "--resume", "--out", "out", "--lang", "es"]) == 0
    said = capsys.readouterr().out
    assert "fold + round(bits=8) + fake fp32" in said
    assert "To take" not in said

    code = main(["improve", "replay", "out/recipe.toml", "--json"])
    again = json.loads(capsys.readouterr().out)
    assert again["has_same_bytes"]
    assert again["quality"] == pytest.approx(again["expected_quality"])
    assert code == (0 if again["is_alike"] else 1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--out", "/dev/null/nope"], "cannot be written"),
        (["--out", "."], "did not put there"),
        (["--html", "nowhere/front.html"], "cannot be written"),
        (["--html", "."], "cannot be written"),
        (["--resume"], "no study of this to go on with"),
    ],
)
def test_what_could_not_end_well_is_told_before_it_begins(place, capsys, more, said):
    assert main(["improve", "improve.toml", *more]) == 2
    assert said in capsys.readouterr().err
    assert not (place / "store" / "improve").exists()


def test_a_store_is_where_it_was_named_from(place, monkeypatch, capsys):
    monkeypatch.delenv("BRIZNA_STORE")
    (place / "inner").mkdir()
    (place / "improve.toml").rename(place / "inner" / "improve.toml")
    monkeypatch.setenv("BRIZNA_VIEW", "machine")
    code = main(["improve", "inner/improve.toml", "--store", "here", "--resume"])
    assert code == 2
    assert str(place / "here") in capsys.readouterr().err


def test_whoever_stops_it_is_told_how_it_goes_on(place):
    command = [sys.executable, "-m", "brizna", "improve", "improve.toml", "--store", "my store"]
    stopped = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=place
    )
    for line in stopped.stderr:
        if line.startswith("tried"):
            break
    stopped.send_signal(signal.SIGINT)
    said = stopped.stderr.read()
    assert stopped.wait() == 128 + signal.SIGINT
    stopped.stderr.close()
    assert "brizna improve improve.toml --store 'my store' --resume" in said


def test_killed_at_any_moment_it_goes_on_where_it_was(place, capsys):
    command = [sys.executable, "-m", "brizna", "improve", "improve.toml"]
    killed = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    for line in killed.stderr:
        if line.startswith("tried"):
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stderr.close()
    journal = next((place / "store" / "improve").glob("*/journal.jsonl"))
    before = journal.read_bytes().splitlines()
    while any(_is_worker_of(place)):  # the process that was left alone ends its job
        time.sleep(0.05)
    assert main(["improve", "improve.toml", "--resume", "--json"]) == 0
    after = journal.read_bytes().splitlines()
    assert after[: len(before)] == before
    assert json.loads(capsys.readouterr().out)["chosen"] is not None


def _is_worker_of(place):
    """Yield whether each process of this machine works for the study in a folder."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                yield str(place).encode() in file.read()
        except OSError:
            yield False


@pytest.mark.parametrize(
    "words", [["improve", "none.toml"], ["improve", "replay", "none.toml"], ["improve"]]
)
@pytest.mark.usefixtures("place")
def test_what_cannot_be_read_is_wrong_use(words, capsys):
    assert main(words) == 2
    assert "none.toml" in capsys.readouterr().err or words == ["improve"]
