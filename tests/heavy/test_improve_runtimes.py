"""A small network through torch, ONNX Runtime and OpenVINO: found, handed over, and the same."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

from brizna.cli import main

pytestmark = pytest.mark.heavy

MODEL = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4)
        )

    def forward(self, x):
        return self.layers(x)


def load():
    torch.manual_seed(0)
    return Net()
"""
DATA = """
import numpy as np

CHANCE = np.random.default_rng(0)


def inputs():
    return [CHANCE.normal(size=(32, 16)).astype(np.float32) for _ in range(4)]


def items():
    return list(np.random.default_rng(1).normal(size=(300, 16)).astype(np.float32))


def score(predict, items):
    # how near the first output is to what the network gave in fp32: its sign
    return [float(predict(item[None])[0][0, 0] > 0) for item in items]
"""
CONFIG = """
[model]
load = "net:load"
[quality]
items = "data:items"
score = "data:score"
margin = 0.05
[data]
inputs = "data:inputs"
[search]
repeats = 2
window = "50ms"
transforms = ["export-onnx", "convert-openvino"]
runtimes = ["torch", "onnxruntime", "openvino"]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Work in a folder with a small network and what it is judged by."""
    for name, text in {"net.py": MODEL, "data.py": DATA, "improve.toml": CONFIG}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    return tmp_path


@pytest.mark.usefixtures("place")
def test_each_runtime_gives_the_same_answers_and_the_chosen_one_loads_by_itself(capsys):
    assert main(["improve", "improve.toml", "--json"]) in (0, 4)
    found = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in found["rows"] if row["trials"]}
    runtimes = {row["serving"]["runtime"] for row in rows.values()}
    assert runtimes == {"torch", "onnxruntime", "openvino"}
    assert not [row for row in found["rows"] if row["state"] == "failed"]
    exact = [row for row in rows.values() if row["used"]["precision"] == "fp32"]
    judged = [row["quality"]["difference"] for row in exact if row["quality"]]
    assert judged == [0.0] * len(judged)
    assert {row["used"]["threads"] for row in rows.values()} == {1}
    if found["chosen"] is not None:
        assert found["artefact"] is not None
