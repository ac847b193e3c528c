"""Runtimes on a card, with a card that is not there: what is refused, told, copied and counted."""

from __future__ import annotations

import numpy as np  # noqa: TID253 - a test may load it
import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.improve import Machine, Model, Search, Serving, Workshop, runtime_named, study_of
from brizna.improve._machine import this_machine
from brizna.improve._runtimes._onnxruntime_card import OnnxCardSession
from brizna.testing import FakeBench, FakeOnnxRuntime, FakeRuntime, fake_config

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"
CARDS = ("torch-cuda", "onnxruntime-cuda", "onnxruntime-tensorrt")
ASKED = {CUDA: {"device_id": 0, "use_tf32": 0}}
ROWS = np.ones((2, 3), np.float32)


def session(library, asked=None):
    serving = Serving(runtime="onnxruntime-cuda", threads=2)
    return OnnxCardSession("model.onnx", serving, asked or ASKED, library=library)


def model(kind, precision="fp32"):
    return Model(kind=kind, folder="-", digest="-", size_bytes=1, precision=precision)


def machine(*, has_cuda):
    return Machine(isa=(), processors=1, libraries={}, has_cuda=has_cuda)


@pytest.mark.parametrize("name", CARDS)
def test_without_a_driver_nothing_runs_on_a_card(name):
    runtime = runtime_named(name)
    taken = model(runtime.takes[0])
    for serving in runtime.servings(taken, machine(has_cuda=True)):
        assert runtime.refuses(taken, serving, machine(has_cuda=True)) is None
        assert "driver" in runtime.refuses(taken, serving, machine(has_cuda=False))


@pytest.mark.parametrize("name", CARDS)
def test_the_plainest_way_is_the_precision_of_the_model(name):
    runtime = runtime_named(name)
    for precision in ("fp32", "fp16"):
        first = runtime.servings(model(runtime.takes[0], precision), machine(has_cuda=True))[0]
        assert first.precision == precision


def test_a_graph_of_few_bits_is_not_run_in_another_precision():
    runtime = runtime_named("onnxruntime-cuda")
    serving = Serving(runtime="onnxruntime-cuda", precision="tf32")
    assert runtime.refuses(model("onnx", "int8"), serving, machine(has_cuda=True))


def test_either_build_of_onnx_runtime_will_do_on_the_processor():
    runtime = runtime_named("onnxruntime")
    for name in ("onnxruntime", "onnxruntime-gpu"):
        found = Machine(isa=(), processors=1, libraries={name: "1.31.1"})
        assert not found.lacks(runtime.distributions)
    assert machine(has_cuda=False).lacks(runtime.distributions)
    told = this_machine(["no-such-thing|hypothesis"]).libraries
    assert list(told) == ["hypothesis"]


def test_outputs_come_back_and_every_copy_is_counted():
    library = FakeOnnxRuntime(operators={CUDA: ["MatMul"]}, compute=lambda x: x[:, :1] * 2)
    opened = session(library)
    (found,) = opened.predict((ROWS,))
    assert found.tolist() == [[2.0], [2.0]]
    assert library.copied == [((2, 3), "cuda:0")]
    used = opened.used()
    assert used["copied_bytes"] == ROWS.nbytes + 2 * 4
    assert (used["device"], used["threads"]) == ("cuda:0", 2)
    assert library.sessions[0].options.intra_op_num_threads == 2


def test_operators_that_went_to_the_processor_are_told():
    given = {CUDA: ["MatMul", "MatMul"], CPU: ["NonZero", "Loop", "Loop"]}
    used = session(FakeOnnxRuntime(operators=given)).used()
    assert used["operators_on_cpu"] == {"NonZero": 1, "Loop": 2}
    assert session(FakeOnnxRuntime(operators={CUDA: ["Add"]})).used()["operators_on_cpu"] == {}
    assert session(FakeOnnxRuntime()).used()["operators_on_cpu"] is None


def test_tf32_is_off_unless_asked_for_and_tensorrt_falls_back_to_cuda_first():
    library = FakeOnnxRuntime()
    session(library, {TENSORRT: {"trt_fp16_enable": 1}, CUDA: {"use_tf32": 0}})
    assert list(library.sessions[0].asked) == [TENSORRT, CUDA, CPU]
    assert library.sessions[0].asked[CUDA] == {"use_tf32": 0}


@pytest.mark.parametrize(
    ("library", "words"),
    [
        (FakeOnnxRuntime(providers=[CPU]), "This build of ONNX Runtime has CPUExecutionProvider"),
        (FakeOnnxRuntime(lost=[CUDA]), "went on with CPUExecutionProvider alone"),
        (FakeOnnxRuntime(operators={CPU: ["TreeEnsemble"]}), "None of the graph's operators"),
    ],
)
def test_a_card_that_does_nothing_is_not_called_one(library, words):
    with pytest.raises(UnavailableError, match=words):
        session(library)


class CardRuntime(FakeRuntime):
    """Runs fake models on a card."""

    name = "fake-card"


class CardBench(FakeBench):
    """Its card answers in a tenth of the processor's time."""

    def _serve(self, job):
        found = super()._serve(job)
        if job["serving"]["runtime"] == "fake-card":
            found["used"]["device"] = "cuda:0"
            found["cpu_s"] /= 10
        return found


def searched(folder, bench, **more):
    config = fake_config(transforms=["fold"])
    config["search"]["plugins"] = [f"{__name__}:CardRuntime", *config["search"]["plugins"]]
    config["model"]["runtime"] = more.get("runtime", "fake")
    study = study_of(config, directory=str(folder))
    workshop = Workshop(str(folder / "study"), study, bench)
    try:
        search = Search(study, workshop, machine(has_cuda=True))
        search.run()
        return search
    finally:
        workshop.close()


def test_processor_seconds_never_speak_for_a_card(tmp_path):
    search = searched(tmp_path, CardBench())
    arms = search.race.arms.values()
    on_card = [arm for arm in arms if arm.variant.serving.runtime == "fake-card"]
    assert on_card
    for arm in on_card:
        assert "no counter tells joules" in arm.why
        assert search.race.ratio(arm) is None
    assert search.chosen.variant.serving.runtime == "fake"


def test_joules_of_the_machine_compare_a_card_with_the_processor(tmp_path):
    search = searched(tmp_path, CardBench(power_w=20.0))
    assert search.chosen.variant.serving.runtime == "fake-card"
    assert search.race.by_energy


def test_a_model_that_runs_on_a_card_today_is_compared_with_itself_there(tmp_path):
    search = searched(tmp_path, CardBench(power_w=20.0), runtime="fake-card")
    assert search.race.base.variant.serving.runtime == "fake-card"
    with pytest.raises(InputError, match="no counter tells the joules"):
        searched(tmp_path / "uncounted", CardBench(), runtime="fake-card")


def test_a_runtime_that_is_named_but_cannot_run_the_model_is_refused(tmp_path):
    with pytest.raises(InputError, match="run by 'openvino' today"):
        searched(tmp_path, CardBench(), runtime="openvino")
