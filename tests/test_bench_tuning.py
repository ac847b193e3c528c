"""What was measured of trainings and of simpler models is what the pages show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brizna.core.tune import Tune
from brizna.report import simpler_lines, tune_lines
from brizna.verbs._simpler import SimplerStudy

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "bench" / "results"


def kept(name):
    """Return a record that was kept."""
    return json.loads((KEPT / name).read_text(encoding="utf-8"))


def shown(page, lines):
    """Return whether a page of explanations has these lines, each four spaces in."""
    text = (ROOT / "docs" / "explanation" / page).read_text(encoding="utf-8")
    return "\n".join(f"    {line}".rstrip() for line in lines) in text


def test_the_page_shows_the_changes_of_a_training_that_were_measured():
    record = kept("tuning_arms.json")
    lines = tune_lines(record, lang="en", width=200)
    assert shown("how-tuning-decides.md", lines[: len(record["settings"]) + 1])
    assert Tune.from_json(record).reference == record["settings"][0]["name"]


@pytest.mark.parametrize("points", [3, 10])
def test_the_page_shows_the_simpler_models_that_were_measured(points):
    record = kept(f"simpler_mnist_{points}.json")
    lines = simpler_lines(record, lang="en", width=200)
    table = lines[len(record["models"]) + 2 :][: len(record["verdicts"]) + 1]
    assert shown("simpler-models.md", table)
    verdicts = {one.name: one.verdict for one in SimplerStudy.from_json(record).verdicts}
    assert verdicts["logistic regression"] == ("fail" if points == 3 else "pass")
