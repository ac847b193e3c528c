"""A person asks whether to federate, in both languages."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from brizna.cli import main

CASES = Path(__file__).resolve().parents[2] / "examples" / "cases"
HOSPITAL = os.fspath(CASES / "federate-hospital.toml")


def test_the_verdict_comes_first_and_says_where_it_turns(capsys):
    assert main(["federate", "advise", HOSPITAL, "--lang", "en"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "hospitals: federate: the data must stay, and nothing forbids federating"
    assert lines[1] == "by the numbers alone: cannot tell"
    assert "rounds" in lines[2]
    assert len([line for line in lines if "  4.1 " in line]) == 10


def test_spanish_says_all_of_it(capsys):
    assert main(["federate", "advise", HOSPITAL, "--lang", "es"]) == 0
    out = capsys.readouterr().out
    for english in ("cannot tell", "criterion", "the data", "neither", "updates", "declared"):
        assert english not in out
    assert "0,0624" in out


def test_json_is_the_record(capsys):
    assert main(["federate", "advise", HOSPITAL, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["schema"] == "brizna.federation-advice/1"
    assert made["verdict"] == "federate"


@pytest.mark.parametrize("words", [["advice"], ["advise", "no-such.toml"]])
def test_wrong_words_are_refused(words, capsys):
    assert main(["federate", *words]) == 2
    assert capsys.readouterr().err
