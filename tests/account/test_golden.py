"""Worked examples that others published come to the same numbers here, or are known to be wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = json.loads((ROOT / "tests/assets/worked-examples.json").read_text(encoding="utf-8"))
EXAMPLES = {example["id"]: example for example in DATA["examples"]}


@pytest.fixture(scope="module")
def examples():
    sys.path.insert(0, str(ROOT / "tools"))
    import write_worked_examples

    return write_worked_examples


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_closes_unless_it_is_known_to_be_wrong(examples, name):
    for one in examples.compare(EXAMPLES[name]):
        assert one.closes == one.expected, one


def test_there_are_sixty_examples_and_each_says_where_it_stands():
    assert len(EXAMPLES) == len(DATA["examples"]) >= 60
    for example in EXAMPLES.values():
        assert example["where"]
        assert example["what"]
        assert example["stated"]
        assert sum(way in example for way in ("cases", "formula", "server")) == 1
        assert DATA["documents"][example["document"]]["url"].startswith("https://")


def test_what_does_not_close_and_what_is_given_slack_says_why():
    for name, example in EXAMPLES.items():
        assert bool(example.get("slack")) == bool(example.get("because")), name
        assert example.get("slack", 0) <= 0.04, name
        wrong = any(stated.get("verdict") == "off" for stated in example["stated"])
        assert not wrong or example["note"], name


def test_slack_is_given_only_where_rounding_is_not_enough(examples):
    for name, example in EXAMPLES.items():
        if "slack" in example:
            strict = {key: value for key, value in example.items() if key != "slack"}
            assert not all(one.closes for one in examples.compare(strict)), name


def test_a_figure_closes_only_if_it_rounds_to_what_is_printed(examples):
    def closes(value: str) -> bool:
        stated = [{"figure": "energy_j", "value": value, "unit": "kWh"}]
        case = {"duration_h": 10, "devices": [{"count": 4, "power_w": 300}]}
        [one] = examples.compare({"cases": [case], "stated": stated})
        assert one.recomputed == pytest.approx(12)
        assert one.printed == Decimal(value)
        return one.closes

    assert closes("12.0")
    assert closes("1.2e1")
    assert not closes("12.1")
    assert not closes("11.9")


def test_the_page_says_what_the_examples_say():
    written = subprocess.run(
        [sys.executable, "tools/write_worked_examples.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    page = (ROOT / "docs/explanation/worked-examples.md").read_text(encoding="utf-8")
    assert page == written
