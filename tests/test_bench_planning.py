"""The planner on history: what was kept, what the page shows, and what both must fulfil."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH)]  # scripts, not packages

from on_history import awhile, tables, windows  # noqa: E402 - found by the line above

RESULTS = BENCH / "results" / "planning.json"
WINDOWS = BENCH / "results" / "windows.csv"
PAGE = ROOT / "docs" / "explanation" / "planning-on-history.md"


@pytest.fixture(scope="module")
def kept():
    """The results that the page shows."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_shows_what_was_kept(kept):
    assert tables.markdown(kept) in PAGE.read_text(encoding="utf-8")


def test_the_means_are_those_of_the_table_of_all_zones(kept):
    with WINDOWS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 63 * len(windows.LENGTHS_H) * len(windows.SLACKS_H) * 2
    assert windows.means(rows) == kept["windows"]
    for row in rows:
        sums = int(row["sum_now_ug_per_kwh"]), int(row["sum_best_ug_per_kwh"])
        assert sums[0] >= sums[1]
        assert int(row["starts"]) == 8760 - int(row["length_h"]) + 1


def test_the_published_savings_are_found_again_within_a_quarter_of_a_point(kept):
    for rule, published in awhile.PUBLISHED.items():
        found = kept["awhile"]["rules"][rule]
        for key in ("without_noise", "with_noise"):
            assert found[key] == pytest.approx(published, abs=0.25)


def test_planning_anew_beats_planning_once_on_each_grid(kept):
    rows = {
        (row["zone"], row["length_h"], row["policy"], row["knowledge"]): row["saving"]
        for row in kept["issued"]
    }
    compared = [key for key in rows if key[2:] == ("pause", "one-shot")]
    assert len(compared) == 18
    for key in compared:
        assert rows[(*key[:3], "re-planned")] > rows[key]
        assert rows[(*key[:3], "perfect")] > rows[(*key[:3], "re-planned")]


def test_the_own_forecast_beats_the_last_value_and_the_same_hours_mean_on_each_grid(kept):
    rows = {(row["zone"], row["forecast"]): row for row in kept["forecasts"]}
    zones = {zone for zone, _ in rows}
    assert len(zones) == 6
    for zone in zones:
        own = rows[zone, "brizna"]
        for plain in ("the last value", "the same hour's mean"):
            assert own["all"] < rows[zone, plain]["all"]
            assert own["mean_miss"] < rows[zone, plain]["mean_miss"]
        assert 0.65 < own["inside"] < 0.9
