"""What is spent once pays after so many units; checkpoints waste the least energy."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InfeasibleError, InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Carbon, Money
from brizna.plan import best_checkpoints, break_even


def test_a_machine_pays_after_the_hours_that_its_price_buys():
    hours = break_even(exactly(Money(12_000.0)), own=exactly(Money(0.2)), other=exactly(Money(2.2)))
    assert hours is not None
    assert hours.best.value == pytest.approx(6_000.0)


def test_a_chip_that_does_no_better_never_pays():
    assert (
        break_even(exactly(Carbon(164e3)), own=exactly(Carbon(2.0)), other=exactly(Carbon(2.0)))
        is None
    )


def test_a_gain_inside_its_doubt_is_refused():
    own = exactly(Carbon(2.0)).doubted_by("model:work", 0.5, 2.0)
    with pytest.raises(InputError, match="may be 0"):
        break_even(exactly(Carbon(164e3)), own=own, other=exactly(Carbon(2.2)))


def test_at_the_same_power_it_is_youngs_interval():
    """Young 1974: sqrt(2 C M), for a checkpoint of 60 s and a failure a day."""
    found = best_checkpoints(60.0 * 300, power_w=300.0, between_failures_s=86_400.0)
    assert found.interval_s == pytest.approx(sqrt(2 * 60 * 86_400))
    assert found.overhead == pytest.approx(sqrt(2 * 60 / 86_400))


@given(st.floats(1.0, 1e5), st.floats(10.0, 1e4), st.floats(1e4, 1e6), st.floats(0.2, 5.0))
def test_no_other_interval_wastes_less(energy_j, power_w, between_s, times):
    try:
        found = best_checkpoints(energy_j, power_w=power_w, between_failures_s=between_s)
    except InfeasibleError:
        return
    interval_s = found.interval_s * times
    waste = energy_j / (interval_s * power_w) + interval_s / 2 / between_s
    assert waste >= found.overhead * (1 - 1e-12)


def test_machines_that_never_stay_are_refused():
    with pytest.raises(InfeasibleError, match="wastes more than it works"):
        best_checkpoints(300.0 * 600, power_w=300.0, between_failures_s=600.0)


@pytest.mark.parametrize(
    "wrong", [{"energy_j": 0.0}, {"power_w": -1.0}, {"between_failures_s": 0.0}, {"restart_s": -1}]
)
def test_what_cannot_be_is_named(wrong):
    numbers = {"energy_j": 1.0, "power_w": 1.0, "between_failures_s": 1e6} | wrong
    with pytest.raises(InputError, match=next(iter(wrong))):
        best_checkpoints(numbers.pop("energy_j"), **numbers)
