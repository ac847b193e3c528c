"""The example whose table stands in the docs: a real network, one of its switches tried."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("mlxtend")

pytestmark = pytest.mark.heavy

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tune" / "digits.py"
SWITCHES = {"adapt": "full,lora"}


def test_a_switch_of_the_example_is_compared_with_what_it_does_today(tmp_path):
    shutil.copy(EXAMPLE, tmp_path)
    environ = {**os.environ, "BRIZNA_STORE": str(tmp_path / "store"), "OMP_NUM_THREADS": "1"}

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert float(run("digits.py", "--prepare", "--epochs", "1").partition("=")[2]) > 0.7
    vary = [word for name, levels in SWITCHES.items() for word in ("--vary", f"{name}={levels}")]
    given = [word for name in SWITCHES for word in (f"--{name}", f"{{{name}}}")]
    said = run(
        *("-m", "brizna", "tune", "--alone", *vary, "--quality", "accuracy", "--target", "0.5"),
        *("--repeats", "1", "--seed", "1", "--view", "fair-share", "--json"),
        *("--", sys.executable, "digits.py", "--epochs", "1", *given),
    )
    found = json.loads(said)
    arms = {one["name"]: one for one in found["settings"]}
    assert list(arms) == ["adapt=full", "adapt=lora"]
    assert found["reference"] == "adapt=full"
    for arm in arms.values():
        assert arm["failed"] is None
        assert arm["quality"] > 0.2
        assert arm["energy_j"]["best"] > 0
