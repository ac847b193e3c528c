"""Trainings before they run: published ones computed again, and what nobody says."""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import fmean, stdev

import pytest

from brizna.account import Training, estimate_training, published_trainings
from brizna.core.errors import CoverageError, InputError
from brizna.core.factors import factor

STUDENT_13 = 1.7709
"""95th percentile of Student's t with 13 degrees of freedom."""


def test_gpt_3_from_operations_reached_and_watts():
    """Patterson et al. 2021, table 4: 24.6 TFLOP/s, 330 W a chip, PUE 1.10: 1287 MWh."""
    made = estimate_training(
        Training(params_b=175, tokens_b=300, gpu="V100", tflops=24.6, power_w=330, host=1)
    )
    assert made.flop == pytest.approx(3.15e23)
    assert made.energy_j.best.to("MWh") * 1.10 == pytest.approx(1287, rel=0.01)
    assert made.energy_j.low == made.energy_j.high  # everything was given


@pytest.mark.parametrize("known", published_trainings(), ids=lambda one: one.name)
def test_a_published_training_is_computed_again_from_its_share_of_the_peak(known):
    made = estimate_training(
        known.training.replace(mfu=known.reached, power_w=known.power_w, host=1)
    )
    assert made.device_s.best.value == pytest.approx(known.device_s)
    if known.energy_j is not None:
        told = made.energy_j.best.value * known.facility_pue
        assert told == pytest.approx(known.energy_j, rel=0.01)


def interval_of(shares):
    """Return the geometric mean of shares and where one more of them would lie in 90 %."""
    logs = [log(share) for share in shares]
    reach = STUDENT_13 * stdev(logs) * sqrt(1 + 1 / len(logs))
    return exp(fmean(logs)), exp(fmean(logs) - reach), exp(fmean(logs) + reach)


def test_the_share_of_the_peak_is_that_of_published_trainings():
    made = factor("brizna.account", "training", "training/mfu")
    shares = [one.reached for one in published_trainings()]
    assert (made.value, made.low, made.high) == pytest.approx(interval_of(shares), rel=1e-3)


def test_published_hours_lie_within_what_the_others_let_expect():
    trainings = published_trainings()
    held, errors = [], []
    for one in trainings:
        best, low, high = interval_of([other.reached for other in trainings if other is not one])
        held.append(low <= one.reached <= high)
        errors.append(abs(log(best / one.reached)))
    assert sum(held) / len(held) >= 0.85
    assert exp(fmean(errors)) < 1.5


def test_llama_3_1_405b_lies_within_its_estimate_without_being_told_anything():
    """Model card: 30.84 million H100 hours at 700 W."""
    made = estimate_training(Training(params_b=405, tokens_b=15600, gpu="H100"))
    assert made.device_s.low.to("h") < 30.84e6 < made.device_s.high.to("h")
    assert made.accelerators_j.low.value < 30.84e6 * 3600 * 700 < made.accelerators_j.high.value


def test_a_sparse_model_computes_with_its_active_parameters():
    """DeepSeek-V3, arXiv 2412.19437: 37e9 of 671e9 active, 14.8e12 tokens: 3.3e24 operations."""
    made = estimate_training(Training(params_b=671, active_b=37, tokens_b=14800, gpu="H800"))
    assert made.flop == pytest.approx(3.29e24, rel=0.01)


def test_frozen_weights_save_at_most_a_third():
    whole = estimate_training(Training(params_b=7, tokens_b=1))
    few = estimate_training(Training(params_b=7, tokens_b=1, peft=True))
    saved = few.energy_j / whole.energy_j
    assert (saved.low.value, saved.high.value) == pytest.approx((2 / 3, 1), rel=0.01)


def test_more_accelerators_take_less_time_and_as_much_energy():
    one, many = (estimate_training(Training(flop=1e21, gpus=count)) for count in (1, 64))
    assert many.duration_s.best.value == pytest.approx(one.duration_s.best.value / 64)
    assert many.energy_j == one.energy_j


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"params_b": 1},
        {"flop": 0},
        {"flop": 1, "mfu": 1.5},
        {"flop": 1, "gpus": 0},
        {"flop": 1, "host": 0.5},
    ],
)
def test_numbers_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError):
        Training(**wrong)
    with pytest.raises(CoverageError):
        estimate_training(Training(flop=1, gpu="abacus"))
