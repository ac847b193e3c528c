"""OpenVINO's further options: a graph for each shape of request, and packed weights widened."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")
pytest.importorskip("openvino")

import numpy as np  # noqa: TID253 - skipped where it is not installed
import openvino as ov
from openvino import opset13 as ops

from brizna.improve import Machine, Made, Material, Serving, runtime_named, seal
from brizna.improve._runtimes._openvino import FIXED, GRAPH, WIDENED, facts_of

pytestmark = pytest.mark.heavy

RUNTIME = runtime_named("openvino")
PLAIN = Machine(isa=(), processors=1, libraries={})
PACKED = np.arange(12, dtype=np.uint8).reshape(3, 4)


def model(folder, *, shape=(-1, -1, 4)):
    """Return a product with weights of 8 bits that are widened each time."""
    request = ops.parameter(list(shape), np.float32, name="x")
    wide = ops.convert(ops.constant(PACKED), "f32")
    scaled = ops.multiply(wide, ops.constant(np.full((3, 1), 0.5, np.float32)))
    graph = ov.Model([ops.matmul(request, scaled, False, True)], [request], "product")
    folder.mkdir()
    ov.save_model(graph, str(folder / GRAPH), compress_to_fp16=False)
    return seal(str(folder), Made(kind="openvino", facts=facts_of(str(folder / GRAPH))))


def session(of, **options):
    return RUNTIME.open(of, Serving(runtime="openvino", options=options), Material())


def requests():
    draw = np.random.default_rng(0)
    return [draw.normal(size=(rows, 2 + rows, 4)).astype(np.float32) for rows in range(1, 8)]


@pytest.mark.parametrize("options", [{}, FIXED, WIDENED, {**FIXED, **WIDENED}])
def test_answers_are_the_same_with_each_option_and_more_shapes_than_are_compiled(tmp_path, options):
    ready = session(model(tmp_path / "model"), **options)
    for request in [*requests(), *requests()[:2]]:
        expected = request @ (PACKED.astype(np.float32) * 0.5).T
        (found,) = ready.predict(request)
        assert found == pytest.approx(expected, abs=1e-3)
    assert ready.used()["precision"] == "fp32"


def test_packed_weights_are_tried_widened_and_free_shapes_fixed(tmp_path):
    packed = model(tmp_path / "packed")
    made = packed.replace(steps=({"name": "shrink-weights-openvino"},))
    assert [one.options for one in RUNTIME.servings(made, PLAIN)] == [WIDENED, {}]
    assert RUNTIME.further(packed) == (FIXED,)
    assert RUNTIME.further(model(tmp_path / "fixed", shape=(2, 3, 4))) == ()


def test_what_came_in_this_form_is_first_run_as_openvino_does_unasked(tmp_path):
    came, casts = model(tmp_path / "came"), PLAIN.replace(isa=("amx_bf16",))
    first = RUNTIME.servings(came, casts)[0]
    assert (first.precision, first.options) == ("bf16", {})
    assert RUNTIME.servings(came, PLAIN)[0].precision == "fp32"
    made = came.replace(steps=({"name": "convert-openvino"},))
    assert RUNTIME.servings(made, casts)[0].precision == "fp32"


def test_what_was_never_asked_still_says_what_it_computes_in(tmp_path):
    assert session(model(tmp_path / "model"), **FIXED).used()["threads"] == 1
