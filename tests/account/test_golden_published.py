"""What is published of models follows from its own stated inputs, or the page says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brizna.core._tables import load
from brizna.core.quantities import Carbon, Energy, Water

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def published():
    sys.path.insert(0, str(ROOT / "tools"))
    import write_published_models

    return write_published_models


@pytest.fixture(scope="module")
def figures(published):
    return published.figures()


def test_every_figure_of_the_table_closes_or_says_what_is_missing(figures):
    rows = load("brizna.account", "published_models").rows
    stated = [row[name] for row in rows for name in ("value", "carbon", "water_m3") if row[name]]
    assert len(figures) == len(stated)
    for one in figures:
        assert (one.recomputed is None) == bool(one.missing), one
        assert one.recomputed is None or one.closes, one


def test_most_trainings_can_be_computed_again(figures):
    told = dict.fromkeys((Energy, Carbon, Water), 0)
    for one in figures:
        told[one.kind] += one.recomputed is not None
    assert told[Energy] >= 19
    assert told[Carbon] >= 29
    assert told[Water] >= 2


def test_known_trainings_come_to_what_their_papers_print(figures):
    known = {
        (one.row["name"], one.row["source"][:8], one.unit): one.recomputed
        for one in figures
        if one.recomputed is not None
    }
    # Patterson et al. 2021, table 4: 10,000 V100 for 14.8 days at 330 W, PUE 1.10, 0.429 kg/kWh.
    assert known["GPT-3 175B", "Patterso", "MWh"] == pytest.approx(1287, rel=3e-3)
    assert known["GPT-3 175B", "Patterso", "t"] == pytest.approx(552.1, rel=1e-4)
    # Touvron et al. 2023, table 15: 400 W, PUE 1.1, 0.385 kg/kWh.
    assert known["LLaMA-65B", "Touvron ", "MWh"] == pytest.approx(449, rel=3e-3)
    # Strubell et al. 2019, table 3: a whole machine, PUE 1.58, 0.954 lb/kWh.
    assert known["NAS (Transformer big search)", "Strubell", "MWh"] == pytest.approx(656.347)
    # OLMo 2: litres per kWh of the facility.
    assert known["OLMo 2 13B", "OLMo 2 p", "m3"] == pytest.approx(892, rel=1e-3)


def test_the_page_says_what_the_table_says():
    written = subprocess.run(
        [sys.executable, "tools/write_published_models.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    page = (ROOT / "docs/explanation/published-models.md").read_text(encoding="utf-8")
    assert page == written
