"""Estimates of inference on measured energies: what was kept is on its page, within its bars."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH), str(ROOT / "tools")]  # scripts, not packages

import estimates  # noqa: E402 - found by the line above

KEPT = json.loads((BENCH / "results" / "estimates.json").read_text(encoding="utf-8"))
PAGE = ROOT / "docs" / "explanation" / "estimates-before-running.md"
PLOT = ROOT / "docs" / "images" / "estimates-calibration.svg"


def test_the_page_shows_what_was_kept():
    assert estimates.markdown(KEPT) in PAGE.read_text(encoding="utf-8")
    assert estimates.trainings() in PAGE.read_text(encoding="utf-8")


def test_the_plot_shows_what_was_kept():
    assert estimates.svg(KEPT) == PLOT.read_text(encoding="utf-8")


def test_what_was_kept_meets_its_bars():
    assert estimates.misses_of_bars(KEPT) == []


def test_a_missed_bar_is_told():
    worse = json.loads(json.dumps(KEPT))
    worse["summary"]["server/known"]["median"] = 1.26
    worse["summary"]["place/known"]["held"]["0.9"] = 0.84
    assert len(estimates.misses_of_bars(worse)) == 2


def test_the_peer_is_farther_off_in_its_own_mode():
    peer = KEPT["ecologits"]["with batch and accelerators as they were, 2026"]
    assert peer["median"] > 1.5 * KEPT["summary"]["server/known, 2026"]["median"]


def test_nothing_measured_is_kept():
    assert set(KEPT) == {"schema", "rows", "models", "summary", "models_off", "ecologits"}
    assert all(
        set(one) == {"model", "ways", "measured_over_predicted", "p90"}
        for one in KEPT["models_off"]
    )
