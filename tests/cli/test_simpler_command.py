"""Comparisons of models from the command line: their progress, and going on after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

MODELS = """
import os, time
HERE = os.path.dirname(__file__)

def data():
    inputs = list(range(300))
    return inputs, [n % 2 for n in inputs], inputs, [n % 2 for n in inputs]

class Model:
    def fit(self, inputs, answers):
        made = os.path.join(HERE, "made")
        with open(made, "a") as file:
            file.write("x")
        hold = os.path.exists(os.path.join(HERE, "hold")) and os.path.getsize(made) == 4
        time.sleep(60 if hold else 0)
        sum(i * i for i in range(200_000))
    def predict(self, inputs):
        return [n % 2 for n in inputs]

def model():
    return Model()
"""
CONFIG = """
data = "models:data"
repeats = 3
least_s = 0.01
[[candidate]]
name = "large"
model = "models:model"
[[candidate]]
name = "small"
model = "models:model"
"""


def test_killed_it_goes_on_and_loses_no_more_than_the_training_it_was_at(brizna, tmp_path):
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "case.toml").write_text(CONFIG, encoding="utf-8")
    hold, made = tmp_path / "hold", tmp_path / "made"
    hold.touch()
    words = ("improve", "simpler", "case.toml", "--view", "fair-share")
    with subprocess.Popen(
        [sys.executable, "-m", "brizna", *words],
        cwd=tmp_path,
        env={**os.environ, "BRIZNA_STORE": str(tmp_path / "store")},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as comparison:
        while not (made.exists() and made.stat().st_size == 4):
            assert comparison.poll() is None
            time.sleep(0.02)
        os.killpg(comparison.pid, signal.SIGKILL)
    hold.unlink()
    done = brizna(*words, "--resume", "--json")
    assert done.returncode in (0, 4), done.stderr
    found = json.loads(done.stdout)
    assert [len(one["runs"]) for one in found["models"]] == [3, 3]
    assert made.stat().st_size == 7  # six, and the one that was lost
    progress = [line.split()[0] for line in done.stderr.splitlines() if "score" in line]
    assert progress == ["4/6", "5/6", "6/6"]
    again = brizna(*words, "--resume", "--lang", "es")
    assert again.returncode == 2
    assert "No se interrumpió" in again.stderr
