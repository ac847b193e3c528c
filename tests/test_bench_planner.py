"""The page on what planning costs says what the kept results say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results" / "planner.json"
PAGE = ROOT / "docs" / "explanation" / "planning-cost.md"


def test_the_page_shows_the_kept_results():
    pytest.importorskip("numpy", reason="numpy is not installed")
    command = [sys.executable, ROOT / "bench" / "planner.py", "--from", RESULTS, "--markdown"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told in PAGE.read_text(encoding="utf-8")


def test_the_bars_are_met():
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    in_a_row, pausing = results["bulk"]
    assert in_a_row["brizna_s"] <= 0.4
    assert pausing["brizna_s"] <= 2
    assert results["memory_mb"] < 1000
    for row in results["fleets"]:
        assert row["without"] == 0
        assert row["gap"] <= (0.02 if row["jobs"] > 100_000 else 0.01)
        assert row["cpu_s"] <= 30
    million = results["files"]
    assert (million["jobs"], million["without"]) == (1_000_000, 0)
    assert million["gap"] <= 0.02
    assert million["cpu_s"] <= 120
    assert million["memory_mb"] < 1000
