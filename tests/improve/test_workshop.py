"""Models as folders, requests, recipes in TOML, and what the child process answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.improve import (
    Launched,
    Made,
    Material,
    Model,
    Workshop,
    open_model,
    run_plainly,
    seal,
    study_of,
)
from brizna.improve._artefact import to_toml
from brizna.improve._graph import Graph
from brizna.improve._material import resolve
from brizna.improve._outcome import break_even, knee
from brizna.improve._serving import Serving
from brizna.improve._worker import main, reason_of
from brizna.improve._workshop import StepFailedError
from brizna.testing import FakeBench, FakeModel, fake_config, transform_conformance
from brizna.testing._improve import FakeBroken, FakeFold, FakePrune, FakeRefused, FakeRound


@pytest.fixture
def model(tmp_path):
    """Return a fake model in a folder."""
    folder = tmp_path / "model"
    folder.mkdir()
    return seal(str(folder), FakeModel().write_into(str(folder)))


def test_a_model_is_what_its_files_are_wherever_it_stands(model, tmp_path):
    (tmp_path / "model").rename(tmp_path / "moved")
    moved = open_model(str(tmp_path / "moved"), is_checked=True)
    assert (moved.digest, moved.size_bytes) == (model.digest, model.size_bytes)


def test_a_model_whose_files_were_changed_is_refused(model):
    with open(model.file("fake.json"), "ab") as file:
        file.write(b" ")
    with pytest.raises(IntegrityError, match="not those that its card names"):
        open_model(model.folder, is_checked=True)


@pytest.mark.parametrize("transform", [FakeFold(), FakeRound(bits=2), FakePrune(), FakeRefused()])
def test_fake_steps_keep_their_promises(transform, model, tmp_path):
    (tmp_path / "made").mkdir()
    assert transform_conformance(transform, model, Material(), str(tmp_path / "made")) == []


class Meddling(FakeFold):
    """Changes the model that it was given."""

    def apply(self, model, material, folder):
        FakeModel(cost_s=1.0).write_into(model.folder)
        return super().apply(model, material, folder)


class Odd(FakeFold):
    """Breaks what can be broken without being applied."""

    name = " odd"
    stage = 0
    needs = ("luck",)

    @classmethod
    def choices(cls):
        return ()

    def applies(self, model, machine):  # noqa: ARG002 - the protocol's
        return " "

    def cost_hint_s(self, model):  # noqa: ARG002 - the protocol's
        return float("nan")


def test_the_suite_says_which_promise_a_step_breaks(model, tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    told = transform_conformance(Odd(), model, Material(), str(folder))
    assert len(told) == 6
    assert (
        "raised RuntimeError"
        in transform_conformance(FakeBroken(), model, Material(), str(folder))[0]
    )
    told = transform_conformance(Meddling(), model, Material(), str(folder))
    assert told == ["apply() changed the files of the model that it was given"]


def test_a_process_that_dies_says_how_and_its_last_words(tmp_path):
    def dies(command, _name):
        job = json.loads(Path(command[-1]).read_text(encoding="utf-8"))
        with open(job["log"], "w", encoding="utf-8") as log:
            log.write("terminate called\n")
        return Launched(exit_code=-9)

    study = study_of(fake_config(), directory=str(tmp_path))
    workshop = Workshop(str(tmp_path / "study"), study, dies)
    with pytest.raises(StepFailedError, match="ended by signal 9 terminate called"):
        workshop.once("model/x", "take", model={})
    workshop.close()


def test_a_workshop_that_cannot_be_written_any_more_is_told(tmp_path):
    study = study_of(fake_config(), directory=str(tmp_path))
    workshop = Workshop(str(tmp_path / "study"), study, FakeBench())
    shutil.rmtree(tmp_path / "study" / "jobs")
    with pytest.raises(UnavailableError, match="cannot be written: No such file"):
        workshop.once("model/source", "take", model=study.source)
    shutil.rmtree(tmp_path / "study" / "models")
    (tmp_path / "study" / "models").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written: Not a directory"):
        workshop.build("model/source", "take", model=study.source)
    workshop.close()


SPINNING = """
from brizna.testing._improve import FakeFold


class Spinning(FakeFold):
    name = "spinning"

    def apply(self, model, material, folder):
        while True:
            pass
"""


def test_a_step_that_is_at_work_when_the_budget_ends_is_ended_and_may_be_tried_again(tmp_path):
    (tmp_path / "spinning.py").write_text(SPINNING)
    study = study_of(fake_config(), directory=str(tmp_path))
    study = study.replace(budget_s=1.2, plugins=(*study.plugins, "spinning:Spinning"))
    workshop = Workshop(str(tmp_path / "study"), study, run_plainly)
    model, _ = workshop.build("model/source", "take", model=study.source)
    before_s = workshop.spent_s
    with pytest.raises(StepFailedError) as ended:
        workshop.build("model/spun", "apply", model=model.folder, step={"name": "spinning"})
    assert ended.value.is_cut
    assert not workshop.knows("model/spun")
    assert workshop.spent_s >= before_s + 1
    workshop.close()


def test_two_processes_do_not_work_on_one_study(tmp_path):
    study = study_of(fake_config(), directory=str(tmp_path))
    first = Workshop(str(tmp_path / "study"), study, FakeBench())
    with pytest.raises(InputError, match="Another process works on this study"):
        Workshop(str(tmp_path / "study"), study, FakeBench())
    first.close()
    Workshop(str(tmp_path / "study"), study, FakeBench()).close()


def test_a_study_begun_anew_forgets_what_was_found(tmp_path):
    study = study_of(fake_config(), directory=str(tmp_path))
    for anew, known in ((False, False), (False, True), (True, False)):
        workshop = Workshop(str(tmp_path / "study"), study, FakeBench(), anew=anew)
        assert workshop.knows("model/source") is known
        workshop.build("model/source", "take", model=study.source)
        workshop.close()


def test_the_child_process_answers_with_a_reason_instead_of_dying(tmp_path, capfd):
    answer = tmp_path / "answer.json"
    job = {
        "task": "take",
        "model": {"path": str(tmp_path / "none.onnx")},
        "material": Material().to_json(),
        "folder": str(tmp_path),
        "result": str(answer),
        "log": str(tmp_path / "log"),
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    with capfd.disabled():
        command = [sys.executable, "-m", "brizna.improve._worker", str(tmp_path / "job.json")]
        ended = subprocess.run(command, check=False)
    assert ended.returncode == 1
    assert "There is no model at" in json.loads(answer.read_text())["failed"]


def test_a_long_reason_is_cut_and_an_unknown_one_named_by_its_kind():
    assert reason_of(ValueError("x\n  y")) == "ValueError: x y"
    assert reason_of(KeyError()) == "KeyError: no message"
    assert len(reason_of(ValueError("x" * 9999))) == 400
    assert callable(main)


@pytest.mark.parametrize("reference", ["nowhere", "nowhere:at_all", "json:at_all", ":x"])
def test_a_reference_that_leads_nowhere_is_refused(reference):
    with pytest.raises(InputError, match="expected module:function"):
        resolve(reference)


def test_a_serving_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="expected at least 1"):
        Serving(runtime="x", threads=0)


def test_the_graph_refuses_a_model_that_cannot_be_taken(tmp_path):
    config = fake_config()
    config["model"] = {"load": "json:dumps"}
    study = study_of(config, directory=str(tmp_path))
    workshop = Workshop(str(tmp_path / "study"), study, FakeBench())
    with pytest.raises(StepFailedError):
        Graph(study, workshop, None)
    workshop.close()


VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), VALUES, max_size=5))
def test_a_recipe_written_as_toml_is_read_as_it_was(value):
    assert tomllib.loads(to_toml(value)) == value


def test_the_knee_is_the_point_farthest_below_the_line_between_the_ends():
    points = {"a": (0.0, 1.0), "b": (0.1, 0.2), "c": (0.5, 0.1), "d": (1.0, 0.0)}
    assert knee(points) == "b"
    assert knee({"a": (0.0, 1.0), "d": (1.0, 0.0)}) is None
    assert knee({"a": (0.0, 1.0), "b": (0.5, 0.9), "d": (1.0, 0.0)}) is None


def test_a_change_that_saves_nothing_never_pays():
    assert break_even(10.0, before=1.0, after=1.0) is None
    assert break_even(10.0, before=2.0, after=1.0) == 10_000


def test_facts_of_a_made_model_are_kept(tmp_path):
    made = Made(kind="x", precision="int8", facts={"operators": {"Gemm": 2}})
    (tmp_path / "w.bin").write_bytes(b"1")
    sealed = seal(str(tmp_path), made)
    assert open_model(str(tmp_path)) == sealed
    assert Model.from_json(sealed.to_json()) == sealed
