"""The bench of capturing counts the processor time of processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent.parent / "bench" / "capture.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the bench asks Linux's own clocks")
def test_capturing_is_counted_with_and_without_a_cache(tmp_path: Path) -> None:
    to = tmp_path / "capture.json"
    command = [sys.executable, BENCH, "--times", "1", "--to", to]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(to.read_text())
    assert json.loads(told) == found
    assert set(found["cpu_ms"]) == {"loading", "first", "cached"}
    assert all(least > 0 for least, _, _ in found["cpu_ms"].values())
    assert found["distributions"] > 0
