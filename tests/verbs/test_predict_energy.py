"""Predictions of energy: from facts to a footprint, and what is refused."""

from __future__ import annotations

import json

import pytest

from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.site import Site
from brizna.store import Store
from brizna.testing import sample_run
from brizna.verbs import predict_energy, reuse

SITE = Site(pue=exactly(Ratio(1.1)), intensity_g_per_kwh=exactly(CarbonIntensity(400)))
ANSWERS = {"model": "llama-3.1-8b", "gpu": "H100", "gpus": 1, "batch": 64, "tokens_out": 300}
LIFE = {
    "training": {"params_b": 8, "tokens_b": 15000, "gpus": 1024},
    "inference": ANSWERS,
    "years": 2,
    "queries_per_day": 1e6,
    "adaptations_per_year": 4,
}


def predict(kind, given):
    return predict_energy(kind, given, site=SITE)


def test_gpt_3_has_its_published_footprint():
    """Patterson et al. 2021: 1287 MWh with PUE 1.10, at 429 g/kWh 552 t."""
    given = {
        "params_b": 175,
        "tokens_b": 300,
        "gpu": "V100",
        "gpus": 10000,
        "tflops": 24.6,
        "power_w": 330,
        "host": 1,
    }
    site = SITE.replace(intensity_g_per_kwh=exactly(CarbonIntensity(429)))
    made = predict_energy("training", given, site=site)
    assert made.footprint.facility_energy_j.best.to("MWh") == pytest.approx(1287, rel=0.01)
    assert made.footprint.carbon_operational_g.best.to("t") == pytest.approx(552, rel=0.01)
    assert made.footprint.duration_s.best.to("d") == pytest.approx(14.8, rel=0.01)


def test_the_making_of_the_machines_of_a_training_is_told():
    given = {"params_b": 8, "tokens_b": 100, "gpu": "H100"}
    few, many = (predict("training", {**given, "gpus": n}).footprint for n in (8, 64))
    assert few.carbon_embodied_g.best.value > 0
    assert many.carbon_embodied_g.best.value == pytest.approx(few.carbon_embodied_g.best.value)
    assert predict("training", {**given, "gpus": 10_000}).footprint.carbon_embodied_g is None


def test_requests_are_the_functional_unit_and_scale_the_energy():
    one, many = (predict("inference", {**ANSWERS, "requests": n}) for n in (1, 1000))
    assert many.energy_j.best.value == pytest.approx(1000 * one.energy_j.best.value)
    assert many.figures["request_j"] == one.figures["request_j"]
    assert many.footprint.functional_unit.count == 1000


def test_prompts_are_as_usual_for_the_task_where_nobody_says():
    chat = predict("inference", ANSWERS)
    code = predict("inference", {**ANSWERS, "task": "code"})
    assert code.energy_j.best.value > chat.energy_j.best.value
    assert any("prompts of" in note for note in chat.notes)
    assert not any(
        "prompts of" in note for note in predict("inference", {**ANSWERS, "tokens_in": 9}).notes
    )


def test_a_hosted_model_has_a_wide_interval_and_an_undisclosed_one_none():
    hosted = predict("api", {"model": "deepseek-r1", "tokens_in": 100, "tokens_out": 500})
    assert hosted.energy_j.high.value / hosted.energy_j.low.value > 5
    with pytest.raises(InputError, match="params_b"):
        predict("api", {"model": "gpt-5", "tokens_out": 500})
    guessed = predict("api", {"model": "gpt-5", "params_b": 300, "tokens_out": 500})
    assert guessed.facts["params_b"] == 300


def test_an_image_is_predicted_by_its_steps():
    given = {"task": "image", "model": "sdxl", "gpu": "H100", "gpus": 1, "batch": 1}
    few, many = (predict("inference", {**given, "steps": n}) for n in (20, 40))
    assert many.energy_j.best.value == pytest.approx(2 * few.energy_j.best.value)


def test_a_life_is_the_sum_of_its_parts():
    sft = {**LIFE, "adaptation": {"kind": "sft", "tokens_b": 0.5}}
    made = predict("lifecycle", sft)
    parts = [made.figures[name].best.value for name in ("training_j", "adaptation_j", "use_j")]
    assert sum(parts) == pytest.approx(made.energy_j.best.value)
    assert made.facts["queries"] == pytest.approx(2 * 365.25e6)
    assert len(made.years) == 2


def test_learning_from_people_is_generating_judging_and_updating():
    rlhf = {"kind": "rlhf", "samples": 1e5, "tokens_in": 200, "tokens_out": 400, "epochs": 2}
    made = predict("lifecycle", {**LIFE, "adaptation": rlhf})
    parts = [made.figures[name].best.value for name in ("generation_j", "reward_j", "update_j")]
    assert made.figures["adaptation_j"].best.value == pytest.approx(8 * sum(parts))
    judged, learnt = parts[1:]
    assert learnt / judged == pytest.approx(2 * 6 / 4)  # two passes forward, six operations twice


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("training", {"params_b": 1, "tokens": 1}, "tokens_b"),
        ("training", {"params_b": "many"}, "a number"),
        ("inference", {"model": 3}, "a text"),
        ("inference", {"tokens_out": 5}, "Which model"),
        ("inference", {"model": "qwen3-8b"}, "tokens_out"),
        ("inference", {**ANSWERS, "requests": 0}, "requests"),
        ("inference", {"task": "image", "model": "unheard-of"}, "params_b"),
        ("lifecycle", {"training": {"params_b": 1, "tokens_b": 1}}, "needs inference"),
        ("lifecycle", {**LIFE, "training": 5}, "an object"),
        ("lifecycle", {**LIFE, "adaptation": {"kind": "magic"}}, "sft or rlhf"),
        ("lifecycle", {**LIFE, "adaptation": {"kind": "sft"}}, "tokens_b"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_what_is_missing(kind, given, said):
    with pytest.raises(InputError, match=said):
        predict(kind, given)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("training", {"active_b": 80}, "no more than there are"),
        ("training", {"tflops": 5000}, "H100.* computes at most"),
        ("training", {"power_w": 5000}, "draws at most 700 W"),
        ("training", {"power_w": 5000, "host": 1}, "1000 W more"),
        ("training", {"gpus": 1.5}, "a whole number"),
        ("training", {"flop": 1e21}, "the other follows"),
        ("training", {"mfu": 0.4, "tflops": 400}, "Leave one out"),
        ("inference", {"gpus": 1.5}, "a whole number"),
        ("inference", {"batch": 100_000}, r"at most \d+ requests, or at least \d+ accelerators"),
        ("inference", {"tokens_out": 1e9}, "no model's context"),
        ("inference", {"tokens_in": 5e6}, "at most 0 requests"),
        ("api", {"tokens_out": 1e9}, "no model's context"),
    ],
)
def test_what_cannot_be_is_refused(kind, change, said):
    sound = {
        "training": {"params_b": 8, "tokens_b": 100, "gpus": 8},
        "inference": ANSWERS,
        "api": {"model": "llama-3.1-8b", "tokens_out": 300},
    }[kind]
    assert predict(kind, sound).energy_j.best.value > 0
    with pytest.raises(InputError, match=said):
        predict(kind, {**sound, **change})


def test_weights_that_do_not_fit_are_refused_with_the_fewest_that_hold_them():
    """Of 405e9 parameters 810 GB at 16 bits: eleven H100 of 80 GB, or six at 8, or three at 4."""
    given = {**ANSWERS, "model": "llama-3.1-405b"}
    with pytest.raises(InputError, match="at least 11 at 16 bits, 6 at 8 or 3 at 4"):
        predict("inference", given)
    assert predict("inference", {**given, "gpus": 3, "weight_bits": 4, "batch": 1})
    with pytest.raises(InputError, match="GB of weights"):
        predict("inference", {"task": "image", "params_b": 100, "gpu": "H100", "gpus": 1})


def test_what_was_not_measured_is_told_and_widens_the_interval():
    def spread(made):
        return made.energy_j.high.value / made.energy_j.low.value

    usual, few = (predict("inference", {**ANSWERS, "batch": n}) for n in (64, 1))
    assert not any("not measured" in note for note in usual.notes)
    assert "a batch of 1 was not measured (7 to 4095): the interval is wider" in few.notes
    assert spread(few) > 1.1 * spread(usual)
    short = predict("inference", {**ANSWERS, "tokens_out": 6})
    assert any("answers of 6 tokens" in note for note in short.notes)
    small = predict("inference", {"params_b": 0.2, "gpu": "H100", "gpus": 1, "tokens_out": 99})
    assert any("models of 0.2 (1e9)" in note for note in small.notes)
    long = predict("inference", {**ANSWERS, "tokens_in": 20_000, "batch": 8})
    assert any("prompts of 20000 tokens" in note for note in long.notes)


def test_how_long_a_training_takes_is_told_where_its_accelerators_are():
    given = {"params_b": 8, "tokens_b": 100}
    made = predict("training", {**given, "gpus": 64})
    assert made.figures["duration_s"].best.value == pytest.approx(
        made.figures["device_s"].best.value / 64
    )
    assert "duration_s" not in predict("training", given).figures


def test_a_prediction_is_a_record_that_json_holds():
    made = predict("lifecycle", LIFE)
    assert json.loads(json.dumps(made.to_json()))["schema"] == "brizna.prediction/1"


# ------------------------------------------------------------------------------ reuse

WAYS = {
    "queries": 1e7,
    "tokens_in": 300,
    "tokens_out": 20,
    "prompt_tokens": 1500,
    "large": {"model": "llama-3.3-70b"},
    "small": {"model": "Qwen3-4B"},
    "peft": {"tokens_b": 0.01},
    "fine_tune": {"tokens_b": 0.01},
    "scratch": {"tokens_b": 400},
}


def test_few_queries_reuse_and_many_tune():
    few, many = (reuse({**WAYS, "queries": n}).chosen.order[0] for n in (10, 1e7))
    assert (few, many) == ("reuse", "peft")
    assert set(reuse(WAYS).options) == {"reuse", "prompt", "peft", "fine-tune", "scratch"}


def test_training_anew_pays_later_than_tuning():
    pairs = {(one.dear, one.cheap): one for one in reuse(WAYS).chosen.break_even}
    tuned, anew = pairs["peft", "reuse"].queries, pairs["scratch", "reuse"].queries
    assert anew.best.value > 1000 * tuned.best.value


def test_runs_are_found_in_several_stores_by_name_tag_or_command(tmp_path):
    stores = [Store(str(tmp_path / place)) for place in ("mine", "team")]
    for store, name in zip(stores, ("sentiment-es", "other"), strict=True):
        run_id = store.create_run().rpartition("/")[2]
        store.finish(sample_run().replace(id=run_id, name=name, tags=("Spanish",)))
    found = reuse(None, words=["spanish"], stores=stores).kept
    assert [one.name for one in found] == ["sentiment-es", "other"]
    assert all(one.energy_j.best.value > 0 for one in found)
    assert [one.name for one in reuse(None, words=["sentiment"], stores=stores).kept] == [
        "sentiment-es"
    ]


def test_checkpoints_are_found_by_their_path(tmp_path):
    (tmp_path / "models/sentiment-es").mkdir(parents=True)
    (tmp_path / "models/sentiment-es/model.safetensors").write_bytes(b"")
    (tmp_path / "models/sentiment-es/notes.txt").write_bytes(b"")
    found = reuse(None, words=["Sentiment"], folders=[str(tmp_path / "models")])
    assert [one.name for one in found.kept] == ["model.safetensors"]
    assert found.chosen is None
    assert not reuse(None, words=["other"], folders=[str(tmp_path / "models")]).kept


def test_what_to_choose_from_must_be_given():
    for wrong in ({}, {"queries": 1}, {"queries": 1, "smal": {}}, {"queries": 1, "large": {}}):
        with pytest.raises(InputError):
            reuse(wrong)


def test_a_training_on_an_unnamed_accelerator_says_which_was_taken_and_is_wide():
    """That the doubt matters: an H100 is told 20 times as fast as a slow one of the table."""
    asked = {"params_b": 8, "tokens_b": 100}
    told, named = predict("training", asked), predict("training", {**asked, "gpu": "H100"})
    assert told.energy_j.best == named.energy_j.best
    wide, narrow = (
        one.figures["device_s"].high.value / one.figures["device_s"].low.value
        for one in (told, named)
    )
    assert wide > 10 * narrow
    assert any(note.startswith("taken: H100") for note in told.notes)
    assert not any(note.startswith("taken: H100") for note in named.notes)


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"gpu": "T4", "gpus": 1}, None),  # 810 GB of weights on 16 GB
        ({"gpu": "H100", "gpus": 11}, False),  # 880 GB hold them, and no gradient
        ({"gpu": "H100", "gpus": 128}, True),
        ({"gpus": 1}, True),  # nobody says of what memory
    ],
)
def test_a_training_must_fit_its_accelerators(given, fits):
    asked = {"params_b": 405, "tokens_b": 1, **given}
    if fits is None:
        with pytest.raises(InputError, match="at least 51 accelerators"):
            predict("training", asked)
        return
    notes = " ".join(predict("training", asked).notes)
    assert ("lies elsewhere" in notes) is not fits


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"task": "image", "model": "sdxl", "tokens_out": 5}, "tokens_out"),
        ({"task": "video", "model": "wan2.1-1.3b", "layers": 5}, "layers"),
        ({**ANSWERS, "steps": 5}, "steps"),
        ({"task": "image"}, "Which model"),
    ],
)
def test_facts_of_another_task_are_refused_and_not_ignored(given, named):
    with pytest.raises(InputError, match=named):
        predict("inference", given)


@pytest.mark.parametrize(("changes", "said"), [({"growth": -0.9}, "ever less"), ({}, "nobody")])
def test_use_that_never_takes_what_training_took_is_told_so(changes, said):
    rarely = {**LIFE, "queries_per_day": 10 if changes else 0, **changes}
    assert said in predict("lifecycle", rarely).facts["break_even_years"]
