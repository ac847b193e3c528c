"""Complex and simple models, trained and used in turn in processes of their own."""

from __future__ import annotations

import json
import os
import sys

import pytest

from brizna.core.errors import InputError
from brizna.report import simpler_lines
from brizna.verbs import read_settings
from brizna.verbs._candidate import try_candidate
from brizna.verbs._simpler import SimplerStudy, compare_simpler, read_simpler_case

MODELS = """
def data():
    inputs = list(range(400))
    return inputs, [n % 3 == 0 for n in inputs], inputs, [n % 3 == 0 for n in inputs]

class Model:
    def __init__(self, work, wrong):
        self.work, self.wrong = work, wrong
    def fit(self, inputs, answers):
        sum(i * i for i in range(self.work * 20))
    def predict(self, inputs):
        sum(i * i for i in range(self.work))
        return [(n % 3 == 0) != (n < self.wrong) for n in inputs]

def network():
    return Model(50_000, 0)

def lines():
    return Model(500, 1)

def coin():
    return Model(1_000, 200)

def broken():
    raise ValueError("no such layer")

def nothing():
    return object()
"""
CONFIG = """
data = "models:data"
repeats = 3
least_s = 0.05
points = 5
[[candidate]]
name = "lines"
model = "models:lines"
[[candidate]]
name = "network"
model = "models:network"
complex = true
"""
BRIEF = CONFIG.replace("repeats = 3", "repeats = 1")


@pytest.fixture
def compare(tmp_path):
    """Return what compares the models of a configuration."""
    (tmp_path / "models.py").write_text(MODELS, encoding="utf-8")
    path = tmp_path / "simpler.toml"

    def call(more="", config=BRIEF):
        path.write_text(config + more, encoding="utf-8")
        settings = read_settings(
            {"store": str(tmp_path / "store"), "view": "fair-share"},
            environ={},
            directory=str(tmp_path),
        )
        return compare_simpler(read_simpler_case(str(path)), settings, environ=dict(os.environ))

    return call


def test_a_simple_model_that_does_is_recommended(compare):
    found = compare('[[candidate]]\nname = "coin"\nmodel = "models:coin"\n', CONFIG)
    assert found.complex == "network"
    assert [one.name for one in found.models] == ["network", "lines", "coin"]
    verdicts = {one.name: one.verdict for one in found.verdicts}
    assert verdicts == {"lines": "pass", "coin": "fail"}
    assert found.recommended == "lines"
    assert all(len(one.runs) == 3 and one.training_j is not None for one in found.models)
    assert SimplerStudy.from_json(found.to_json()) == found
    told = "\n".join(simpler_lines(found.to_json(), lang="en", width=120))
    assert "simpler is enough" in told
    assert "keep the complex one" in told
    assert "To take: lines." in told
    dicho = "\n".join(simpler_lines(found.to_json(), lang="es", width=120))
    assert "Conviene: lines." in dicho


def test_a_model_that_fails_is_a_row_and_the_complex_one_is_kept(compare):
    found = compare(config=BRIEF.replace("models:lines", "models:broken"))
    lost = next(one for one in found.models if one.name == "lines")
    assert "exit code 1" in lost.failed
    assert found.verdicts == ()
    assert found.recommended == "network"
    assert "given up" in "\n".join(simpler_lines(found.to_json(), lang="en"))


def test_without_the_complex_model_nothing_is_compared(compare):
    with pytest.raises(InputError, match="network"):
        compare(config=CONFIG.replace("models:network", "models:broken"))


def test_a_command_that_marks_and_scores_is_a_model_too(compare, tmp_path):
    (tmp_path / "own.py").write_text(
        "import json, os, brizna\n"
        "brizna.mark('train'); sum(range(1000)); brizna.mark('infer'); sum(range(1000))\n"
        "brizna.mark(ends=True, count={'inferences': 400})\n"
        "json.dump({'scores': [1] * 400}, open(os.environ['BRIZNA_RESULT'], 'w'))\n",
        encoding="utf-8",
    )
    command = json.dumps([sys.executable, str(tmp_path / "own.py")])
    found = compare(f'[[candidate]]\nname = "own"\ncommand = {command}\n')
    own = next(one for one in found.models if one.name == "own")
    assert own.failed is None
    assert own.score == 1


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("print('quality=1')", "no list of scores"),
        ("import json, os; json.dump({'scores': [1, 2]}, open(os.environ['BRIZNA_RESULT'], 'w'))",
         "did not mark"),
        ("import os; open(os.environ['BRIZNA_RESULT'], 'w').write('{\"scores\": [1, NaN]}')",
         "no finite number"),
    ],
)  # fmt: skip
def test_a_command_that_does_not_say_what_it_should_is_told_so(compare, program, why):
    command = json.dumps([sys.executable, "-c", program])
    found = compare(f'[[candidate]]\nname = "own"\ncommand = {command}\n')
    assert why in next(one.failed for one in found.models if one.name == "own")


@pytest.mark.parametrize(
    "config",
    [
        "data = [",
        CONFIG.replace("repeats = 3", "repeat = 3"),
        CONFIG.replace("repeats = 3", "repeats = 'two'"),
        CONFIG.replace('model = "models:lines"', ""),
        CONFIG.replace('name = "lines"', 'name = "network"'),
        CONFIG.replace("points = 5", "points = -5"),
        'data = "models:data"\n[[candidate]]\nname = "one"\nmodel = "models:lines"\n',
    ],
)
def test_a_configuration_that_cannot_be_is_refused(compare, config):
    with pytest.raises(InputError):
        compare(config=config)


def test_a_configuration_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_simpler_case(str(tmp_path / "none.toml"))


def test_a_model_is_used_until_it_can_be_measured(tmp_path, monkeypatch):
    (tmp_path / "models_of_test.py").write_text(MODELS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    marks, ticks = [], iter(range(100))
    wanted = {"data": "models_of_test:data", "model": "models_of_test:lines", "least_s": 3}
    said = try_candidate(
        wanted, lambda *names, **more: marks.append((*names, more)), clock=lambda: next(ticks)
    )
    assert said["scores"].count(0.0) == 1
    assert marks == [
        ("train", {}),
        ({"ends": True},),
        ("infer", {}),
        ({"ends": True, "count": {"inferences": 3 * 400}},),
    ]
    with pytest.raises(InputError, match="fit"):
        try_candidate({**wanted, "model": "models_of_test:nothing"}, lambda *_, **__: None)
    with pytest.raises(InputError, match="no function"):
        try_candidate({**wanted, "model": "models_of_test:none"}, lambda *_, **__: None)
    with pytest.raises(InputError, match="cannot be imported"):
        try_candidate({**wanted, "model": "no_such_module:none"}, lambda *_, **__: None)
