"""Estimates of inference: the law, what was measured, and the intervals around it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import (
    Answer,
    Deployment,
    ImageModel,
    LanguageModel,
    Picture,
    estimate_answer,
    estimate_inference,
    estimate_picture,
    find_accelerator,
    find_image_model,
    find_model,
    known_models,
    measured_models,
    prompt_tokens,
)
from brizna.account._inference import law, predicted_j, setting_of
from brizna.account._roofline import step
from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError
from brizna.core.factors import factor

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("BRIZNA_SHARED", ROOT.parent / "shared")) / "data/inference"
H100 = Deployment(gpu="H100", gpus=1, batch=32)


def answer(
    model: LanguageModel, server: Deployment = H100, *, read: float = 300, written: float = 400
) -> Answer:
    return estimate_answer(model, server, tokens_in=read, tokens_out=written)


def known(name: str) -> LanguageModel:
    model = find_model(name)
    assert model is not None
    return model


# ------------------------------------------------------------------------------ the tables


@pytest.fixture(scope="module")
def fitting():
    """Return the tool that fits the law, where there is what it is fitted to."""
    if not (SHARED / "llm.csv").exists():
        pytest.skip(f"nothing to fit the law to: {SHARED} is not there")
    sys.path.insert(0, str(ROOT / "tools"))
    import fit_inference

    return fit_inference


def rows_of(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines() if not line.startswith("#")][1:]


def same(told: str, kept: str) -> bool:
    try:
        return float(told) == pytest.approx(float(kept), rel=2e-2)
    except ValueError:
        return told == kept


@pytest.mark.usefixtures("fitting")
def test_the_tables_are_what_the_tools_derive_from_the_measurements(fitting, tmp_path):
    fitting.main(SHARED / "llm.csv", tmp_path)
    for name in ("inference_law", "inference"):
        kept = ROOT / "src/brizna/account/tables" / f"{name}.csv"
        made = rows_of((tmp_path / f"{name}.csv").read_text(encoding="utf-8"))
        for derived, row in zip(made, rows_of(kept.read_text(encoding="utf-8")), strict=True):
            assert derived[0] == row[0]
            assert all(map(same, derived[1:4], row[1:4])), (derived, row)


@pytest.mark.usefixtures("fitting")
def test_the_table_of_images_is_what_the_tool_derives(capsys):
    import fit_diffusion

    fit_diffusion.main(SHARED / "diffusion.csv")
    kept = (ROOT / "src/brizna/account/tables/diffusion.csv").read_text(encoding="utf-8")
    for derived, row in zip(rows_of(capsys.readouterr().out), rows_of(kept), strict=True):
        assert derived[0] == row[0]
        assert all(map(same, derived[1:4], row[1:4])), (derived, row)


def test_every_model_is_found_by_its_names_and_can_be_estimated():
    for cells in load("brizna.account", "models").rows:
        name = cells["id"].removeprefix("model/")
        model = known(name)
        assert model == known(name.rpartition("/")[2].upper())
        assert model.is_built_as_known
        assert answer(model, Deployment()).energy_j.best.value > 0
    assert len(known_models()) == len(load("brizna.account", "models").rows)


def test_measured_models_are_among_the_known():
    assert set(measured_models()) <= set(known_models())
    assert len(measured_models()) == 24


# ------------------------------------------------------------------------------ the law


def test_one_request_is_bound_by_reading_the_weights_once_a_token():
    """A dense model of 70e9 16-bit weights on eight H100: 140 GB at 8 x 3350 GB/s."""
    setting = setting_of(
        known("llama-3.1-70b"),
        find_accelerator("H100"),
        Deployment(gpu="H100", gpus=8, batch=1),
        tokens_in=1,
        tokens_out=1,
    )
    taken = step(law(), setting)
    assert taken.memory_s == pytest.approx(140 / (8 * 3350) / law()["memory"], rel=1e-3)
    assert taken.compute_s < taken.memory_s / 50


def test_experts_are_touched_as_the_batch_grows():
    """128 experts of which a token visits 8: two tokens touch 1 - (120/128)^2 of them."""
    model = LanguageModel(
        name="sparse", total_b=100, active_b=10, experts_used=8 / 128, expert_layers=1
    )
    card = find_accelerator("H100")
    gb = []
    for batch in (1, 2, 100_000):
        server = Deployment(gpu="H100", gpus=1, batch=batch)
        x = setting_of(model, card, server, tokens_in=0, tokens_out=1e-9)
        gb.append(x.dense_b + (x.total_b - x.dense_b) * (1 - (1 - x.used) ** x.batch))
    assert gb[0] == pytest.approx(10)
    assert gb[1] == pytest.approx(4 + 96 * (1 - (120 / 128) ** 2))
    assert gb[2] == pytest.approx(100)


@given(
    total=st.floats(0.5, 1000),
    share=st.floats(0.02, 1),
    batch=st.floats(1, 4000),
    gpus=st.sampled_from([1.0, 2.0, 8.0]),
)
def test_more_work_never_takes_less(total, share, batch, gpus):
    server = Deployment(gpu="B200", gpus=gpus, batch=batch)

    def joules(model, read, written):
        card = find_accelerator("B200")
        return predicted_j(setting_of(model, card, server, tokens_in=read, tokens_out=written))

    model = LanguageModel(name="any", total_b=total, active_b=total * share)
    small = joules(model, 300, 400)
    assert small < joules(model, 3000, 400)
    assert small < joules(model.replace(total_b=2 * total, active_b=2 * total * share), 300, 400)
    wider = joules(model.replace(weight_bits=32), 300, 400)
    assert small <= wider


def test_a_larger_batch_costs_less_a_token():
    model = known("qwen3-32b")
    few, many = (
        answer(model, H100.replace(gpus=2, batch=batch)).energy_j.best.value for batch in (4, 64)
    )
    assert many < few / 3


# ------------------------------------------------------------------------------ what is told


def test_the_less_is_known_the_wider_the_interval():
    model = known("gpt-oss-120b")  # not among those measured
    knowing = (H100.replace(gpus=2), Deployment(gpu="H100"), Deployment())
    told = [answer(model, server).energy_j for server in knowing]
    widths = [one.high.value / one.low.value for one in told]
    assert widths[0] < 3 < widths[1] <= 1.2 * widths[2]
    assert [answer(model, server).known for server in knowing] == ["server", "place", "any"]
    blind = LanguageModel(name="of that size", total_b=117, active_b=5.1, weight_bits=4.25)
    guessed = answer(blind, knowing[0]).energy_j
    assert guessed.high.value / guessed.low.value > widths[0]


def test_two_ways_of_serving_one_model_share_the_doubt_about_the_model():
    model = known("llama-3.3-70b")
    one, two = (answer(model, H100.replace(gpus=4, batch=b)).energy_j for b in (8, 64))
    assert set(one.doubts) & set(two.doubts) == {f"model:inference/{model.name}"}
    ratio = one / two
    alone = one.high.value / one.low.value * two.high.value / two.low.value
    assert ratio.high.value / ratio.low.value < alone


def test_a_measured_model_is_told_by_its_own_misses():
    told = answer(known("Qwen/Qwen3-32B"), H100.replace(gpus=2)).energy_j
    other = answer(known("Qwen/QwQ-32B"), H100.replace(gpus=2)).energy_j
    assert told.high.value / told.low.value < other.high.value / other.low.value
    assert "factor:inference/measured/server/Qwen/Qwen3-32B" in told.references


def test_the_servers_around_take_more_than_the_accelerators():
    made = answer(known("qwen3-8b"))
    host = factor("brizna.account", "inference", "inference-host").value
    assert made.server_j.best.value == pytest.approx(host * made.energy_j.best.value)
    assert made.energy_j.basis == "modelled"


def test_an_answer_of_no_token_is_the_prompt_alone():
    model, four = known("llama-3.3-70b"), H100.replace(gpus=4)
    prompt = answer(model, four, written=0).energy_j.best.value
    assert 0 < prompt < answer(model, four, written=1).energy_j.best.value
    assert answer(model, four, read=600, written=0).energy_j.best.value == pytest.approx(
        2 * prompt, rel=0.05
    )


def test_the_seam_of_the_client_knows_models_by_name_or_size():
    full = estimate_inference("Qwen/Qwen3-32B", tokens_in=0, tokens_out=1)
    assert full == estimate_inference("qwen3-32b", tokens_in=0, tokens_out=1)
    assert estimate_inference("somebody/closed", tokens_in=10, tokens_out=10) is None
    sized = estimate_inference("somebody/closed", tokens_in=10, tokens_out=10, params_b=70)
    assert sized.high.value / sized.low.value > 6
    assert estimate_inference("qwen3-32b", tokens_in=0, tokens_out=0).best.value < 1e-9


@pytest.mark.parametrize(
    "wrong",
    [{"tokens_in": -1}, {"tokens_out": -1}, {"params_b": 0}, {"params_b": 1, "active_b": 0}],
)
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        estimate_inference("x", **{"tokens_in": 1, "tokens_out": 1, **wrong})


def test_what_is_not_known_is_refused_with_what_is_near():
    with pytest.raises(CoverageError, match="h100"):
        find_accelerator("H1000")
    with pytest.raises(InputError, match="2026"):
        Deployment(stack="2025")
    with pytest.raises(InputError, match="batch is 0"):
        Deployment(batch=0)
    with pytest.raises(InputError, match="code"):
        prompt_tokens("coda")
    with pytest.raises(InputError, match="active"):
        LanguageModel(name="x", total_b=1, active_b=2)
    with pytest.raises(InputError, match="bits"):
        LanguageModel(name="x", total_b=1, active_b=1, weight_bits=0)


# ------------------------------------------------------------------------------ images, video


def picture(model, server=H100, **what):
    accelerators, servers = estimate_picture(model, server, Picture(**what))
    assert servers.best.value > accelerators.best.value
    return accelerators


def test_an_image_of_sdxl_is_near_the_published_one():
    """Luccioni et al. 2024: SDXL 1.594 g an image at 297.6 g/kWh: 5.4 Wh on an A100 of 80 GB."""
    sdxl = find_image_model("sdxl")
    alone = Deployment(gpu="A100", gpus=1, batch=1, stack="2024")
    told = picture(sdxl, alone, width=1024, height=1024, steps=50)
    assert told.best.value == pytest.approx(5.4 * 3600, rel=0.9)


@pytest.mark.parametrize(
    ("gpu", "batch", "measured_j"), [("H100", 8, 756.3), ("H100", 1, 969.4), ("A100 40GB", 4, 1029)]
)
def test_an_image_of_a_measured_model_is_told_by_its_own_misses(gpu, batch, measured_j):
    """ML.ENERGY Benchmark v2, 2024: Stable Diffusion XL, 25 steps, 1024 x 1024."""
    server = Deployment(gpu=gpu, gpus=1, batch=batch, stack="2024")
    told = picture(find_image_model("sdxl"), server, steps=25)
    assert told.low.value < measured_j < told.high.value
    assert told.best.value == pytest.approx(measured_j, rel=0.2)
    assert any("diffusion/measured/server" in name for name in told.references)
    other = find_image_model("sdxl").replace(total_b=3.0)
    assert not any("/measured/" in name for name in picture(other, server).references)


def test_more_steps_and_more_pixels_take_more():
    model = find_image_model("sd-3.5-large")
    one = picture(model).best.value
    assert picture(model, steps=56).best.value == pytest.approx(2 * one)
    assert picture(model, width=2048).best.value > 1.5 * one
    assert picture(find_image_model("wan2.1-1.3b"), frames=81).best.value > 10 * one


def test_an_unknown_build_has_a_wider_interval():
    model = find_image_model("sd-3.5-large")
    told, guessed = picture(model), picture(ImageModel(name="other", total_b=8.1))
    assert guessed.high.value / guessed.low.value > told.high.value / told.low.value
    assert find_image_model("nobody/knows") is None
    with pytest.raises(InputError, match="2023"):
        picture(model, Deployment(stack="2023"))
    with pytest.raises(InputError, match="steps is 0"):
        Picture(steps=0)
