"""The scaling law on published curves: what was kept is on its page, within its bars."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH)]  # scripts, not packages

import scaling  # noqa: E402 - found by the line above

KEPT = json.loads((BENCH / "results" / "scaling.json").read_text(encoding="utf-8"))
PAGE = ROOT / "docs" / "explanation" / "scaling.md"


def test_the_page_shows_what_was_kept():
    assert scaling.markdown(KEPT) in PAGE.read_text(encoding="utf-8")
    assert scaling.summary(KEPT["rows"]) == KEPT["summary"]


def test_what_was_kept_meets_its_bars():
    assert scaling.meets(KEPT)


def test_a_missed_bar_is_told():
    worse = {**KEPT["summary"], "throughput": {**KEPT["summary"]["throughput"], "median": 0.03}}
    assert not scaling.meets({"summary": worse})
    narrow = {**KEPT["summary"], "quality": {**KEPT["summary"]["quality"], "in_80": 0.69}}
    assert not scaling.meets({"summary": narrow})


def test_the_error_is_what_was_predicted_over_what_was_measured():
    for kind in ("quality", "throughput"):
        for row in KEPT["rows"][kind]:
            ratio = row["predicted_s"] / row["measured_s"] - 1
            assert abs(ratio - row["error"]) < 1e-4
