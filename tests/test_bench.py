"""The comparison with the peers: what it derives, and its own column with a tiny budget."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
sys.path[:0] = [str(BENCH), str(BENCH / "overhead" / "inside")]  # scripts, not packages

import act  # noqa: E402 - found by the line above
import with_bare  # noqa: E402
from overhead import measures, tables  # noqa: E402
from overhead.contestants import ALL, BARE, BRIZNA, PEERS  # noqa: E402
from overhead.environments import Environment  # noqa: E402
from overhead.processes import Unmeasured, cpu_s_of  # noqa: E402
from overhead.results import bars, collect, middle, ratio  # noqa: E402
from overhead.rows import BY_KEY, ROWS  # noqa: E402

KEPT = BENCH / "results" / "overhead.json"
PAGE = ROOT / "docs" / "explanation" / "overhead.md"
TINY = measures.Budget(
    rounds=1,
    window_pairs=5,
    window_batches=2,
    settle_s=0.0,
    loop_rounds=1,
    loop_segment_s=0.02,
    loop_pairs=1,
)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the bench asks Linux's own clocks")


def results_of(rows):
    """Return results with some rows, as a run would keep them."""
    machine = {
        "python": "3.11",
        "processors": 2,
        "processor": "a processor",
        "load_1_min": 0.5,
        "has_energy_counters": False,
    }
    versions = {"brizna": "1.0", "zeus": "0.1"}
    return {"versions": versions, "machine": machine, "started": "2026-01-01", "rows": rows}


IMPORTS = {
    "import": {
        "bare": {"samples": [0.01, 0.02, 0.01]},
        "brizna": {"samples": [0.02, 0.04, 0.05]},
        "zeus": {"reason": "not installed: no network"},
    }
}


@pytest.fixture
def stage(tmp_path):
    """A stage on which this very environment stands for those of brizna and of no tool."""
    here = Environment(folder=Path(sys.prefix), scratch=tmp_path)
    counters = str(tmp_path / "powercap")
    return measures.Stage(
        environments={"bare": here, "brizna": here}, budget=TINY, counters=counters
    )


def test_a_ratio_is_taken_round_by_round():
    assert ratio(results_of(IMPORTS), BY_KEY["import"], "brizna") == pytest.approx(2)


def test_a_ratio_needs_the_other_tool_in_as_many_rounds():
    cut = {"import": {**IMPORTS["import"], "bare": {"samples": [0.01]}}}
    assert ratio(results_of(cut), BY_KEY["import"], "brizna") is None
    assert ratio(results_of(IMPORTS), BY_KEY["import"], "zeus") is None


def test_quartiles_lie_around_the_median():
    assert middle([3.0, 1.0, 2.0, 5.0, 4.0]) == (2.0, 3.0, 4.0)
    assert middle([7.0]) == (7.0, 7.0, 7.0)


def test_a_bar_is_held_to_the_ratio_or_to_the_figure():
    rows = {**IMPORTS, "until-child": {"brizna": {"samples": [0.2]}}}
    found = {row.key: (figure, holds) for row, figure, holds in bars(results_of(rows))}
    assert found == {"import": (pytest.approx(2), True), "until-child": (200, False)}


def test_a_tool_that_could_not_be_measured_says_why():
    results = results_of(IMPORTS)
    assert "not installed: no network" in tables.text(results)
    assert tables.reasons(results) == "- zeus, import: not installed: no network.\n"
    assert "| Import the package, CPU ms | 10.0 | 40.0 (2.0x) | – |" in tables.markdown(results)


def test_whoever_wraps_no_command_or_has_no_window_has_a_reason():
    for one in ALL:
        module = (BENCH / "overhead" / "inside" / f"with_{one.name}.py").read_text()
        assert (one.wrapper is None) == ("run-idle" in one.lacks) == ("until-child" in one.lacks)
        assert ("def window(" in module) == ("window" not in one.lacks)


def test_every_row_is_filled_by_one_measure():
    filled = [key for measure in measures.MEASURES for key in measure.rows]
    assert sorted(filled) == sorted(row.key for row in ROWS)


@pytest.mark.parametrize("peer", PEERS, ids=lambda one: one.name)
def test_peers_are_pinned_and_bring_no_torch(peer):
    lines = (BENCH / "requirements" / f"{peer.name}.txt").read_text().splitlines()
    pins = [line for line in lines if not line.lstrip().startswith(("#", "--hash="))]
    assert all("==" in pin for pin in pins)
    assert any(pin.startswith(f"{peer.distribution}==") for pin in pins)
    assert not any(pin.startswith("torch") for pin in pins)


def test_a_page_shows_what_the_kept_results_give():
    results = json.loads(KEPT.read_text(encoding="utf-8"))
    page = PAGE.read_text(encoding="utf-8")
    assert tables.bar_table(results) in page
    assert tables.markdown(results) in page
    assert tables.reasons(results) in page
    assert tables.retaken(results) in page


def test_rows_of_a_later_run_are_named():
    again = {"rows": ["idle"], "started": "2026-01-02", "load_1_min": 0.1, "why": "it changed"}
    shown = tables.text({**results_of(IMPORTS), "retaken": again})
    assert "In a later run (2026-01-02, load 0.1): idle; it changed." in shown


def test_an_idle_program_is_tracked_for_the_time_asked():
    begin = time.monotonic() + 0.5
    answer = act.idle(with_bare.start, with_bare.stop, begin=begin, duration_s=0.02)
    assert answer["duration_s"] >= 0.02
    assert answer["cpu_s"] >= 0


def test_whoever_is_not_ready_in_time_is_not_measured():
    with pytest.raises(SystemExit, match="late"):
        act.idle(lambda _: None, lambda _: None, begin=time.monotonic() - 5, duration_s=0.01)


@on_linux
def test_a_command_that_fails_leaves_its_last_words(tmp_path):
    code = "import sys; sys.exit('no such thing')"
    with pytest.raises(Unmeasured, match="no such thing"):
        cpu_s_of([sys.executable, "-c", code], environ={}, directory=tmp_path)


@on_linux
def test_brizna_column_is_filled_with_a_tiny_budget(stage):
    keys = [
        *("import", "ready", "mark", "until-child", "start-stop", "window", "window-whole"),
        *("window-counters", "window-counters-whole", "loop"),
    ]
    with measures.moving_counters(stage.environments["brizna"], stage.counters):
        rows = collect(stage, [BARE, BRIZNA], keys=keys, say=lambda _: None)
    for key in keys:
        assert rows[key]["brizna"].get("samples"), rows[key]["brizna"]
    assert rows["mark"]["bare"] == {"reason": "not asked"}
    assert rows["import"]["bare"]["samples"][0] > 0
