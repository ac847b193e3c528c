"""Sweeps of limits that are files: set while the command runs, and back afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brizna.core.sweep import Sweep
from brizna.testing import FakeLimitFiles

DRIVER = """
import json, os, sys

from brizna.verbs import Bench, plan_sweep, read_dimension, read_settings, sweep

root, goal, levels, *command = sys.argv[1:]
settings = read_settings({}, environ=os.environ, directory=os.getcwd())
plan = plan_sweep(
    command,
    [read_dimension("cpu-freq", levels), read_dimension("gpu-limit", "now,120W")],
    most=64, repeats=2, warm_ups=1, seed=4, goal=goal, settle_s=0.25,
)
waited = []
made = sweep(
    plan, settings, environ=os.environ, directory=os.getcwd(),
    bench=Bench(sys_root=root, wait=waited.append),
)
print(json.dumps({"sweep": made.to_json(), "waited": waited}))
"""


@pytest.fixture
def swept(tmp_path):
    """Sweep clocks and cards of a simulated machine with a command; return what was found."""
    files = FakeLimitFiles(tmp_path / "sys")

    def run(goal, levels, *command):
        done = subprocess.run(
            [sys.executable, "-c", DRIVER, str(files.root), goal, levels, *command],
            cwd=tmp_path,
            env={
                **os.environ,
                "BRIZNA_STORE": str(tmp_path / "store"),
                "XDG_STATE_HOME": str(tmp_path / "state"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return files, run


def test_each_setting_is_in_force_while_its_command_runs_and_gone_afterwards(swept, tmp_path):
    files, run = swept
    seen = tmp_path / "seen"
    script = f'cat {files.clock(1)} {files.card(0)} | tr "\\n" " " >> {seen}; echo >> {seen}'
    found = run("time", "now,1.2GHz", "sh", "-c", script)
    lines = Path(seen).read_text().splitlines()
    settings = {"3600000 250000000", "3600000 120000000", "1200000 250000000", "1200000 120000000"}
    assert {line.strip() for line in lines[1:5]} == settings
    assert {line.strip() for line in lines[5:9]} == settings
    assert len(lines) == 9
    assert [files.clock(at).read_text() for at in (0, 1)] == ["3600000\n"] * 2
    assert files.card(0).read_text() == "250000000\n"
    assert found["waited"] == [0.25] * 8  # the pause comes before every trial but the first
    assert list((tmp_path / "state/brizna").iterdir()) == []


def test_a_modelled_processor_gives_no_energy_for_its_clocks(swept):
    _, run = swept
    found = Sweep.from_json(run("energy", "now,1.2GHz", "true")["sweep"])
    if not any("says nothing of cpu-freq" in note for note in found.notes):
        pytest.skip("this machine meters its processor")
    assert found.recommended is None
    assert all(one.duration_s is not None for one in found.settings)
