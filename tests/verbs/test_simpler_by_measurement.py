"""Complex and simple models, trained and used in turn in processes of their own."""

from __future__ import annotations

import json
import os
import sys

import pytest

from brizna.check._simpler_study import SimplerStudy
from brizna.core.errors import InputError
from brizna.report import simpler_lines
from brizna.verbs import read_settings
from brizna.verbs._candidate import try_candidate
from brizna.verbs._simpler import compare_simpler, read_simpler_plan

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

    def call(more="", config=BRIEF, **manner):
        path.write_text(config + more, encoding="utf-8")
        settings = read_settings(
            {"store": str(tmp_path / "store"), "view": "fair-share"},
            environ={},
            directory=str(tmp_path),
        )
        plan = read_simpler_plan(str(path))
        return compare_simpler(plan, settings, environ=dict(os.environ), **manner)

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


def test_cut_short_it_goes_on_and_trains_again_only_what_it_was_at(compare):
    """A stop in the middle is the same as a kill: what had ended is in the store."""
    config = CONFIG + '[[candidate]]\nname = "broken"\nmodel = "models:broken"\n'
    seen = []

    def stop(progress):
        seen.append(progress.note)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(config=config, tell=stop)
    told = []
    found = compare(config=config, resume=True, tell=told.append)
    first = {(one.name, one.block) for one in seen}
    second = {(one.note.name, one.note.block) for one in told}
    assert not first & second
    assert first | second == {
        *((name, block) for name in ("network", "lines") for block in range(3)),
        ("broken", 0),
    }
    assert [one.done for one in told] == [5, 6, 7]
    assert told[-1].total == 7
    assert told[-1].left_s == 0
    assert {one.name: len(one.runs) for one in found.models} == {
        "network": 3,
        "lines": 3,
        "broken": 0,
    }
    with pytest.raises(InputError, match="was cut short"):
        compare(config=config, resume=True)


def test_another_comparison_does_not_go_on_with_this_one(compare):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(tell=stop)
    with pytest.raises(InputError, match="was cut short"):
        compare(config=BRIEF.replace("points = 5", "points = 6"), resume=True)


def test_a_comparison_that_could_not_be_begun_is_not_gone_on_with(compare):
    lost = BRIEF.replace('model = "models:network"', 'command = ["/no/such/program"]')
    for resume in (False, True):
        with pytest.raises(InputError):
            compare(config=lost.replace("lines", "network", 1), resume=resume)


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
        read_simpler_plan(str(tmp_path / "none.toml"))


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
