"""Every checkable figure of the reference documents, computed again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brizna.account import claims
from brizna.account._claims import VERDICTS
from brizna.core._tables import load
from brizna.core.errors import CoverageError
from brizna.core.estimate import Estimate

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = {row["id"]: row["expected"] for row in load("brizna.account", "claims").rows}
CLAIMS = {claim.id: claim for claim in claims()}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_has_the_verdict_that_was_found_when_it_was_entered(name):
    claim = CLAIMS[name]
    assert claim.verdict in VERDICTS
    assert claim.verdict == EXPECTED[name]
    assert (claim.recomputed is None) == (claim.verdict == "cannot-tell")


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_told_in_two_languages_and_says_why_where_it_does_not_close(name):
    claim = CLAIMS[name]
    assert set(claim.said) == set(claim.conclusion) == {"en", "es"}
    assert all(claim.said.values())
    assert bool(claim.conclusion["en"]) == bool(claim.conclusion["es"])
    assert claim.conclusion["en"] or claim.verdict == "closes"


def test_every_input_is_used_and_says_where_it_comes_from():
    used = {one.id for claim in CLAIMS.values() for one in claim.inputs.values()}
    given = [row["id"] for row in load("brizna.account", "claims_inputs").rows]
    assert sorted(used) == sorted(given)
    assert all(one.source for claim in CLAIMS.values() for one in claim.inputs.values())


@pytest.mark.parametrize(
    ("name", "unit", "recomputed", "off_by"),
    [
        # The worked example: 10 h x 4 x 0.3 kW, PUE 1.5, 450 g/kWh.
        ("002/example-energy", "kWh", 12, 1),
        ("002/example-facility", "kWh", 18, 1),
        ("002/example-carbon", "kg", 8.1, 1),
        # GPT-3: 10,000 V100 x 14.8 days x 330 W x 1.10 (Patterson et al. 2021, table 4).
        ("002/gpt3-point", "GWh", 1.289, 1),
        ("002/gpt3-comma", "GWh", 1.289, 998),
        ("002/gpt3-homes", "1", 120, 1),
        # The architecture search, and what it really took: 88 times less (same paper, section 4).
        ("002/nas-carbon", "lb", 626_155, 1),
        ("002/nas-carbon-real", "lb", 7_096, 88),
        ("002/sdxl", "kg", 1.594, 1),
        ("004/s3-month", "1", 2.3, 1000),
        ("004/techniques-stack", "1", 8156, 1.226),
    ],
)
def test_the_known_ones_come_to_what_their_sources_say(name, unit, recomputed, off_by):
    claim = CLAIMS[f"claim/{name}"]
    assert claim.recomputed.best.to(unit) == pytest.approx(recomputed, rel=2e-3)
    assert claim.off_by == pytest.approx(off_by, rel=1e-2)


def test_forty_per_cent_of_cooling_needs_a_pue_of_five_thirds():
    assert 1 / (1 - CLAIMS["claim/003/cooling"].value) == pytest.approx(5 / 3)
    assert CLAIMS["claim/003/cooling"].recomputed.high.value < 0.4


def test_four_to_eight_nodes_for_a_quarter_of_the_time_save_no_node_hours():
    saved = CLAIMS["claim/004/nodes-time"].recomputed
    assert isinstance(saved, Estimate)
    assert saved.best.value == 0
    assert saved.low.value == -1


def test_one_document_can_be_asked_for_and_an_unknown_one_is_refused():
    assert {claim.document for claim in claims("003")} == {"003"}
    with pytest.raises(CoverageError, match="No claim is from document '005'"):
        claims("005")


def test_the_page_says_what_the_tables_say():
    written = subprocess.run(
        [sys.executable, "tools/write_claims.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (ROOT / "docs/explanation/claims.md").read_text(encoding="utf-8") == written
