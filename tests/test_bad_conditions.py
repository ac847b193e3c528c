"""Runs that are very long or busy, and clocks that are set while they last."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from brizna.core.replay import replay
from brizna.store import read_events

ROOT = Path(__file__).resolve().parent.parent
KIB = 1024


def long_run():
    """Return the bench's simulation of a long run."""
    found = importlib.util.spec_from_file_location("long_run", ROOT / "bench" / "long_run.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("windows", [0, 8000])
def test_a_run_that_outgrows_its_journal_many_times_stays_small_and_exact(tmp_path, windows):
    told = long_run().live(str(tmp_path), days=0.25, windows=windows, thin_beyond=256 * KIB)
    assert (
        told["largest_bytes"] < (600 if windows else 300) * KIB
    )  # a thousand are kept as they are
    events, damaged = read_events(str(tmp_path / "journal.jsonl"))
    measurement = replay(events).measurement
    assert damaged == 0
    assert measurement.energy_j.best.value == pytest.approx(told["true_j"], rel=1e-9)
    assert sum(phase.count for phase in measurement.phases) == windows
    assert not any(channel.gaps for channel in measurement.channels)


def test_no_duration_and_no_order_comes_from_a_clock_that_can_be_set():
    rooms = [*(ROOT / "src/brizna").glob("meter/*.py"), *(ROOT / "src/brizna").glob("run/*.py")]
    rooms += [ROOT / f"src/brizna/store/_{name}.py" for name in ("journal", "tail", "thinning")]
    asked = {
        f"{path.name}: {node.attr}"
        for path in rooms
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("time", "time_ns", "now", "utcnow", "CLOCK_REALTIME")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("time", "datetime")
    }
    assert asked == set()
