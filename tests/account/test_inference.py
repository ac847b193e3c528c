"""Energy of answers that nobody metered: what was measured for others, with what is not known."""

from __future__ import annotations

import csv
import os
from math import exp, log
from pathlib import Path
from statistics import linear_regression, median, quantiles

import pytest

from brizna.account import estimate_inference, measured_models
from brizna.core._tables import load
from brizna.core.errors import InputError
from brizna.core.factors import factor

SHARED = Path(os.environ.get("BRIZNA_SHARED", Path(__file__).resolve().parents[3] / "shared"))
MEASURED = SHARED / "data/inference/llm.csv"


@pytest.fixture(scope="module")
def measured():
    """Return what was measured for each model: its row of parameters, and joules a token."""
    if not MEASURED.exists():
        pytest.skip(f"no measurements to derive the table from: {MEASURED} is not there")
    return edition("v3-2026-02")


def edition(name):
    """Return the rows of one edition of the benchmark, by model."""
    found = {}
    with MEASURED.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["edition"] == name:
                found.setdefault(row["model_id"], []).append(row)
    return found


def joules(rows):
    """Return the joules a token of rows."""
    return [float(row["energy_per_token_j"]) for row in rows]


def test_each_model_has_the_median_and_the_extremes_of_what_was_measured(measured):
    assert set(measured_models()) == set(measured)
    rows = {row["id"]: row for row in load("brizna.account", "inference").rows}
    for model, each in measured.items():
        made = factor("brizna.account", "inference", f"inference/{model}")
        told, tokens = (made.value, made.low, made.high), joules(each)
        assert told == pytest.approx((median(tokens), min(tokens), max(tokens)), rel=1e-3)
        active = float(rows[made.id]["active_b"])
        assert active == pytest.approx(float(each[0]["active_params_b"]))


def fit(rows):
    """Return scale and exponent of joules a token over parameters, and what 90 % of misses are."""
    sizes = [log(float(row["total_params_b"])) for row in rows]
    energies = [log(e) for e in joules(rows)]
    slope, start = linear_regression(sizes, energies)
    misses = [e - start - slope * size for size, e in zip(sizes, energies, strict=True)]
    cuts = quantiles(misses, n=20, method="inclusive")
    return exp(start), slope, exp(cuts[0]), exp(cuts[-1])


def test_the_fit_over_the_size_is_what_the_measurements_give(measured):
    scale, exponent, low, high = fit([row for rows in measured.values() for row in rows])
    made = factor("brizna.account", "inference", "inference-scale")
    told = (made.value, made.low, made.high)
    assert told == pytest.approx((scale, scale * low, scale * high), rel=2e-3)
    assert factor("brizna.account", "inference", "inference-exponent").value == pytest.approx(
        exponent, rel=1e-3
    )


def test_the_interval_of_a_model_that_nobody_measured_holds_what_it_says(measured):
    covered = []
    for model, rows in measured.items():
        rest = [row for other, each in measured.items() if other != model for row in each]
        scale, exponent, low, high = fit(rest)
        for row in rows:
            best = scale * float(row["total_params_b"]) ** exponent
            covered.append(low <= float(row["energy_per_token_j"]) / best <= high)
    assert 0.85 <= sum(covered) / len(covered) <= 0.95


@pytest.mark.usefixtures("measured")
def test_the_interval_holds_for_other_models_on_the_machines_and_programs_of_two_years_before():
    covered = []
    for model, rows in edition("v2-2024-09").items():
        assert estimate_inference(model, tokens_in=0, tokens_out=1) is None
        size = float(rows[0]["total_params_b"])
        told = estimate_inference(model, tokens_in=0, tokens_out=1, params_b=size)
        low, high = (end.value / 1.571 for end in (told.low, told.high))
        covered += [low <= each <= high for each in joules(rows)]
    assert 0.85 <= sum(covered) / len(covered) <= 0.95


def test_an_answer_takes_what_its_tokens_do():
    """Llama 3.1 70B: 0.4802 J a token, 70e9 parameters; by the rows of the table."""
    energy = estimate_inference("meta-llama/Llama-3.1-70B-Instruct", tokens_in=100, tokens_out=200)
    output = factor("brizna.account", "inference", "inference/meta-llama/Llama-3.1-70B-Instruct")
    expected = 1.571 * (output.value * 200 + 0.003539 * 70 * 100)
    assert energy.best.value == pytest.approx(expected)
    assert energy.low.value < 0.6 * expected
    assert energy.high.value > 6 * expected
    assert energy.basis == "modelled"
    assert {name.partition(":")[0] for name in energy.references} == {"factor"}
    assert output.name in energy.references


def test_a_model_is_known_with_and_without_its_maker():
    full, short = (
        estimate_inference(name, tokens_in=0, tokens_out=1)
        for name in ("Qwen/Qwen3-32B", "qwen3-32b")
    )
    assert full == short


def test_a_model_that_nobody_measured_has_no_figure_unless_its_size_is_given():
    assert estimate_inference("somebody/closed", tokens_in=10, tokens_out=10) is None
    sized = estimate_inference("somebody/closed", tokens_in=10, tokens_out=10, params_b=70)
    assert sized.high.value / sized.low.value > 6
    sparse = estimate_inference("x", tokens_in=10, tokens_out=0, params_b=70, active_b=7)
    dense = estimate_inference("x", tokens_in=10, tokens_out=0, params_b=70)
    assert dense.best.value == pytest.approx(10 * sparse.best.value)


@pytest.mark.parametrize(
    "wrong",
    [{"tokens_in": -1}, {"tokens_out": -1}, {"params_b": 0}, {"params_b": 1, "active_b": 0}],
)
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        estimate_inference("x", **{"tokens_in": 1, "tokens_out": 1, **wrong})
