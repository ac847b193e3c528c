"""The comparison with what is true: what it derives, and what its page shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from brizna.meter._rapl import find_zones
from brizna.testing import FakeClock, FakePowercap

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
INSIDE = BENCH / "over_true" / "inside"
sys.path[:0] = [str(BENCH), str(INSIDE)]  # scripts, not packages

import feed  # noqa: E402 - found by the line above
import trial  # noqa: E402
from over_true import tables  # noqa: E402
from over_true.contestants import LACKS, TOOLS  # noqa: E402
from over_true.machine import Truth  # noqa: E402
from over_true.results import flags, is_right  # noqa: E402
from over_true.rows import BY_KEY, ROWS, Zone  # noqa: E402
from overhead.processes import Unmeasured  # noqa: E402

KEPT = BENCH / "results" / "truth.json"
PAGE = ROOT / "docs" / "explanation" / "truth.md"


def results_of(rows):
    """Return results with some rows, as a run would keep them."""
    machine = {"python": "3.11", "system": "Linux", "processors": 2, "load_1_min": 0.5}
    versions = {"brizna": "1.0", "zeus": "0.1"}
    return {"versions": versions, "machine": machine, "started": "2026-01-01", "rows": rows}


RESET = {
    "plain": {"brizna": {"ratio": 1.001, "said": []}, "zeus": {"ratio": 1.0, "said": ["odd 7 W"]}},
    "reset": {
        "brizna": {"ratio": 0.97, "said": ["gap: it restarted"]},
        "zeus": {"ratio": 219.0, "said": ["odd 8 W"]},
    },
    "killed": {"brizna": {"ratio": 1.0, "said": []}, "zeus": {"outcome": "lost", "orphans": 3}},
}


@pytest.fixture
def kept():
    """The results that the page shows."""
    return json.loads(KEPT.read_text(encoding="utf-8"))


def test_what_a_tool_always_says_is_no_flag():
    results = results_of(RESET)
    assert flags(results, "reset", "zeus") == []
    assert flags(results, "reset", "brizna") == ["gap: it restarted"]


def test_a_figure_is_right_within_a_hundredth_or_where_its_tool_says_that_it_may_not_be():
    results = results_of(RESET)
    assert is_right(results, "plain", "brizna")
    assert is_right(results, "reset", "brizna")
    assert not is_right(results, "reset", "zeus")
    assert not is_right(results, "killed", "zeus")


def test_a_table_tells_flags_and_losses():
    shown = tables.markdown(results_of(RESET))
    assert "| 0.97 flagged | 219 |" in shown
    assert "| 1.00 | lost |" in shown
    assert "3 of its processes went on after the kill" in tables.notes(results_of(RESET))
    assert "said: gap: it restarted" in tables.text(results_of(RESET))


def test_the_truth_is_read_between_two_moves_of_the_counters(tmp_path):
    log = tmp_path / "truth.log"
    log.write_text("10.0 0 0 0\n11.0 100 60 20\n12.0 200 120 40\n13.0 30")
    truth = Truth(BY_KEY["plain"], log)
    assert truth.joules(["cpu", "memory"], 10.5, 11.5) == pytest.approx(120)
    assert truth.joules(["core"], 10.5, 11.0) == pytest.approx(30)
    with pytest.raises(Unmeasured, match="do not cover"):
        truth.joules(["cpu"], 11.5, 12.5)


def test_simulated_zones_stand_in_the_class_folder_as_the_kernel_shows_them(tmp_path):
    zones = [vars(zone) for zone in BY_KEY["plain"].zones]
    FakePowercap(tmp_path, FakeClock(), [feed.zone_of(zone) for zone in zones], is_flat=False)
    feed.link(tmp_path)
    assert (tmp_path / "intel-rapl" / "subsystem" / "intel-rapl:0" / "energy_uj").exists()
    assert (tmp_path / "intel-rapl:0" / "intel-rapl:0:1" / "name").read_text() == "dram\n"
    assert [zone.name for zone in find_zones(str(tmp_path))] == ["package-0", "core", "dram"]


def test_a_wrapping_zone_has_the_span_that_its_power_fills():
    zone = Zone(label="intel-rapl:0", name="package-0", kind="cpu", power_w=100, span_s=3.5)
    assert feed.zone_of(vars(zone)).span_uj == 350_000_000
    assert feed.zone_of(vars(zone) | {"span_s": None}).span_uj == feed.SPAN_UJ


@pytest.mark.skipif(sys.platform != "linux", reason="it asks Linux's own clocks")
def test_a_trial_tells_when_its_block_began_and_ended(tmp_path, monkeypatch):
    output = tmp_path / "answer.json"
    spec = {"way": "block", "work": "sleep", "duration_s": 0.01, "interval_s": 1.0}
    monkeypatch.syspath_prepend(str(INSIDE))
    trial.main("none", json.dumps(spec), str(output))
    answer = json.loads(output.read_text())
    begin, end, _ = answer["spans"][0]
    assert end - begin >= 0.01
    assert float((tmp_path / "answer.json.begun").read_text()) == begin


@pytest.mark.parametrize("tool", TOOLS, ids=lambda one: one.name)
def test_every_tool_can_be_put_under_every_condition_that_it_does_not_lack(tool):
    code = (INSIDE / f"under_{tool.name}.py").read_text()
    for door in ("track", "windows", "left"):
        assert f"def {door}(" in code
    assert set(LACKS.get(tool.name, {})) <= set(BY_KEY)


def test_perun_is_pinned_and_brings_no_torch():
    lines = (BENCH / "requirements" / "perun.txt").read_text().splitlines()
    pins = [line for line in lines if not line.lstrip().startswith(("#", "--hash="))]
    assert all("==" in pin for pin in pins)
    assert any(pin.startswith("perun==1.0.0") for pin in pins)
    assert not any(pin.startswith("torch") for pin in pins)


def test_a_page_shows_what_the_kept_results_give(kept):
    page = PAGE.read_text(encoding="utf-8")
    assert tables.setting(kept).strip() in page
    assert tables.markdown(kept) in page
    assert tables.notes(kept) in page


def test_kept_results_are_of_every_row_and_tool(kept):
    assert list(kept["rows"]) == [row.key for row in ROWS]
    for cells in kept["rows"].values():
        assert list(cells) == [tool.name for tool in TOOLS]


@pytest.mark.parametrize("row", ROWS, ids=lambda one: one.key)
def test_brizna_is_right_or_says_so(kept, row):
    assert is_right(kept, row.key, "brizna")
