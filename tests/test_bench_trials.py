"""Intervals of few trials hold the truth as often as their page says."""

from __future__ import annotations

import json
import sys
from math import sqrt
from pathlib import Path

import pytest

from brizna.core.sweep import Sweep
from brizna.report import sweep_lines

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH)]  # scripts, not packages

import trials  # noqa: E402 - found by the line above

KEPT = json.loads((BENCH / "results" / "trials.json").read_text(encoding="utf-8"))
THREADS = json.loads((BENCH / "results" / "threads.json").read_text(encoding="utf-8"))
EXPERIMENTS = 1200


def test_the_page_shows_what_was_kept():
    page = (ROOT / "docs" / "reference" / "trials.md").read_text(encoding="utf-8")
    assert trials.markdown(KEPT) in page


def test_the_page_of_the_threads_shows_the_sweep_that_was_kept():
    page = (ROOT / "docs" / "explanation" / "threads-and-energy.md").read_text(encoding="utf-8")
    table = sweep_lines(THREADS["sweep"], lang="en", width=200)[:3]
    assert "\n".join(f"    {line}" for line in table) in page
    assert Sweep.from_json(THREADS["sweep"]).recommended == "threads=1"
    one, two = (THREADS["cpu_time_s"][f"threads={count}"] for count in (1, 2))
    ends = [f"{end:.1f}" for times in (one, two) for end in (min(times), max(times))]
    said = "{} to {} s with one thread, {} to {} s with two".format(*ends)
    assert said in page


@pytest.mark.parametrize("scatter", trials.SCATTERS)
def test_what_was_kept_holds_the_truth_nine_times_in_ten(scatter):
    row = KEPT["rows"][scatter]
    assert all(0.88 <= share <= 0.95 for share in row["coverage"])
    assert all(share <= 0.12 for share in row["false_alarms"])


@pytest.mark.parametrize("pairs", trials.PAIRS)
@pytest.mark.parametrize("scatter", trials.SCATTERS)
def test_drawn_anew_the_intervals_hold_it_as_often(scatter, pairs):
    kept = KEPT["rows"][scatter]["coverage"][trials.PAIRS.index(pairs)]
    found = trials.coverage(trials.SCATTERS[scatter], pairs, EXPERIMENTS, seed=pairs)
    assert abs(found - kept) <= 4 * sqrt(0.9 * 0.1 / EXPERIMENTS)


def test_equal_arms_are_rarely_called_different():
    found = trials.false_alarms(trials.normal, 5, 300, seed=1)
    assert found <= 0.1 + 3 * sqrt(0.09 / 300)
