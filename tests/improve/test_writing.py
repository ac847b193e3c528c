"""Graphs and modules that write token by token: which steps and runtimes take them."""

from __future__ import annotations

import pytest

from brizna.improve import Machine, Model, Serving, distributions_of, runtime_named
from brizna.improve._transforms._past import KeepInFewerBits

HERE = Machine(isa=("avx512_bf16",), processors=1, libraries={})
WRITING = {"inputs": ["input_ids", "beam_idx"], "operators": {"ReadValue": 2}}


def graph(**facts):
    return Model(kind="openvino", folder="-", digest="-", size_bytes=1, facts=facts)


def module(**facts):
    return Model(kind="torch", folder="-", digest="-", size_bytes=1, facts=facts)


def test_how_keys_and_values_are_kept_is_always_asked_for_and_plainly_first():
    servings = runtime_named("openvino-writing").servings(graph(**WRITING), HERE)
    kept = [(one.precision, one.options["KV_CACHE_PRECISION"]) for one in servings]
    assert kept[0] == ("fp32", "f32")
    assert kept[3] == ("bf16", "bf16")
    assert {name for _, name in kept} == {"f32", "bf16", "u8", "u4"}


def test_a_graph_that_writes_is_led_step_by_step_and_no_other_is():
    led, plain = runtime_named("openvino-writing"), runtime_named("openvino")
    one, other = Serving(runtime="openvino-writing"), Serving(runtime="openvino")
    assert led.refuses(graph(**WRITING), one, HERE) is None
    assert "openvino-writing" in plain.refuses(graph(**WRITING), other, HERE)
    for facts in ({}, {**WRITING, "operators": {}}, {**WRITING, "inputs": ["x"]}):
        assert "does not write" in led.refuses(graph(**facts), one, HERE)
        assert plain.refuses(graph(**facts), other, HERE) is None
    assert "not in int8" in led.refuses(graph(**WRITING), one.replace(precision="int8"), HERE)


def test_a_module_that_writes_nothing_keeps_nothing():
    assert "keeps nothing" in KeepInFewerBits().applies(module(), HERE)
    assert KeepInFewerBits().applies(module(kept=["plain"]), HERE) is None


def test_four_bits_need_a_library_that_is_named():
    step = KeepInFewerBits(to="int4")
    assert "pip install 'optimum-quanto'" in step.applies(module(kept=["plain"]), HERE)
    assert "optimum-quanto" in distributions_of()
    found = HERE.replace(libraries={"optimum-quanto": "0.2.7"})
    assert step.applies(module(kept=["plain"]), found) is None


@pytest.mark.parametrize("bits", ["fp8", "int4"])
def test_rounding_what_is_kept_is_never_called_lossless(bits):
    assert not KeepInFewerBits(to=bits).lossless
