"""brizna improve cache: a trace, and what answers take, measured or declared."""

from __future__ import annotations

import json

import pytest

from brizna.cli import main
from brizna.core.errors import InputError
from brizna.improve._artefact import to_toml
from brizna.testing import fake_config
from brizna.verbs._cache import CacheCase


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Work in a folder with a trace, a study and a store of its own."""
    keys = [n * n % 37 for n in range(1000)]
    lines = ["time,key", *(f"{at},{key}" for at, key in enumerate(keys))]
    (tmp_path / "trace.csv").write_text("\n".join(lines), encoding="utf-8")
    config = fake_config(transforms=["fold"], repeats=2)
    (tmp_path / "improve.toml").write_text(to_toml(config))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    return tmp_path


def found_by(capsys, *words):
    code = main(["improve", "cache", "trace.csv", "--json", *words])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("place")
def test_what_is_declared_is_judged_without_measuring(capsys):
    costs = ["--computed", "2J", "--remembered", "0.2J", "--answer-bytes", "1000"]
    code, found = found_by(capsys, *costs, "--sizes", "5,19")
    assert (code, found["verdict"], found["recommended"]) == (0, "pays", 19)
    share = 1 - 19 / 1000
    held_j = found["sizes"][1]["memory_w"]["best"] * 999 / 1000
    ratio = share * 0.1 + (1 - share) * 1.1 + held_j / 2
    assert found["sizes"][1]["ratio"]["best"] == pytest.approx(ratio)
    assert found["computed_j"]["best"] == 2000
    assert found["computed_j"]["basis"] == "declared"


@pytest.mark.usefixtures("place")
def test_the_model_of_a_study_is_measured_beside_memory(capsys):
    code, found = found_by(capsys, "--like", "improve.toml", "--repeats", "2")
    assert (code, found["verdict"], found["model"]) == (0, "pays", "fake fp32")
    assert found["computed_cpu_s"]["best"] == pytest.approx(1.0, rel=0.5)
    assert 0 < found["remembered"]["best"] < 0.1
    assert found["answer_bytes"] > 0


@pytest.mark.usefixtures("place")
def test_without_costs_hits_are_told_in_both_languages(capsys):
    assert main(["improve", "cache", "trace.csv"]) == 0
    said = capsys.readouterr().out
    assert "1,000 requests, 19 of them different." in said
    assert "verdict" not in said
    assert main(["improve", "cache", "trace.csv", "--lang", "es"]) == 0
    assert "peticiones" in capsys.readouterr().out


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [
        ["--computed", "2J", "--remembered", "3s"],
        ["--computed", "0J"],
        ["--computed", "2J", "--like", "improve.toml"],
        ["--computed", "much"],
        ["--like", "improve.toml", "--row", "fold"],
        ["--repeats", "1"],
        ["--sizes", "1,two"],
    ],
)
def test_what_cannot_be_judged_is_wrong_use(capsys, words):
    assert main(["improve", "cache", "trace.csv", *words]) == 2
    assert capsys.readouterr().err


def test_a_case_has_at_least_two_repeats():
    with pytest.raises(InputError, match="at least 2"):
        CacheCase(trace="t", repeats=1)
