"""The workshop from Python: `brizna.improve`, which is a package too, and `brizna.tune`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import brizna
from brizna.testing import fake_config

TRAIN = """
def objective(rate, epochs=1, checkpoint=None):
    return {"accuracy": 1 - abs(rate - 0.5)}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a module to train."""
    (tmp_path / "training.py").write_text(TRAIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "before",
    [
        "import brizna",
        "import brizna.improve",
        "from brizna.improve import Transform; import brizna",
    ],
)
def test_improve_can_be_called_however_it_was_imported(before):
    code = f"{before}; print(callable(brizna.improve), brizna.improve.Transform.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "Transform"], done.stderr


def test_improve_is_the_study_of_the_command_line(place):
    with pytest.raises(brizna.InputError, match="cannot be read"):
        brizna.improve("none.toml")
    with pytest.raises(brizna.InputError, match="nothing"):
        brizna.improve({**fake_config(), "nothing": {}}, store=str(place / "store"))


def test_tune_searches_with_a_function_and_tells_of_each_trial(place):
    told = []
    found = brizna.tune(
        "training:objective",
        vary={"rate": [0.1, 0.4, 0.9]},
        quality="accuracy",
        trials=6,
        repeats=1,
        sampler="random",
        seed=2,
        tell=told.append,
        store=str(place / "store"),
    )
    assert found.best == "rate=0.4"
    assert [one.done for one in told] == list(range(1, len(told) + 1))


def test_tune_takes_a_function_itself_and_texts_as_the_command_line_has_them(place, monkeypatch):
    monkeypatch.syspath_prepend(str(place))
    import training

    found = brizna.tune(
        training.objective,
        vary=["rate=0.0..1.0"],
        quality="accuracy",
        budget="1h",
        trials=2,
        repeats=1,
        resource="epochs=1..2",
        sampler="random",
        store=str(place / "store"),
    )
    assert {one.amount for one in found.settings} == {1, 2}
    with pytest.raises(brizna.InputError, match="Nothing was cut short"):
        brizna.tune(training.objective, vary=(), resume=True, store=str(place / "store"))


@pytest.mark.parametrize(
    ("what", "more", "says"),
    [
        (lambda rate: rate, {}, "top of a module"),
        ("training", {}, "module:function"),
        ("training:objective", {"qualty": "accuracy"}, "qualty"),
        ("training:objective", {"budget": "0J"}, "above 0"),
        ("training:objective", {"budget": "much"}, "much"),
    ],
)
def test_what_cannot_be_searched_is_refused(place, what, more, says):
    with pytest.raises(brizna.InputError, match=says):
        brizna.tune(what, vary=["rate=1,2"], sampler="random", store=str(place / "s"), **more)
