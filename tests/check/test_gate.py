"""The gate: a change is called worse, better or small enough, or nothing is said."""

from __future__ import annotations

import random
from math import exp

import pytest

from brizna.check._gate import ERROR, LOOKS, Block, chance_at, judge_gate
from brizna.core.errors import InputError


def blocks(count, *, change=0.0, spread=0.02, shift=0.0, seed=1):
    """Return blocks whose figures scatter, and drift together from block to block.

    Args:
        count: How many.
        change: The head's true change, as a share.
        spread: Of each run, as a share.
        shift: How much more the second run of the base takes: something else than the change.
        seed: Of the chance.
    """
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        drift = chance.gauss(0, 0.5)
        base, again, head = (exp(drift + chance.gauss(0, spread)) for _ in range(3))
        made.append(Block(base=base, again=again * (1 + shift), head=head * (1 + change)))
    return made


def test_the_looks_spend_the_error_and_no_more():
    assert sum(map(chance_at, LOOKS)) == pytest.approx(ERROR)
    assert all(chance_at(look) >= 2.0**-look for look in LOOKS)  # each look can decide


def test_a_large_regression_is_told_at_the_first_look():
    found = judge_gate(blocks(40, change=0.2))
    assert (found.verdict, found.blocks, found.is_final) == ("regressed", LOOKS[0], True)
    assert found.low < 0.2 < found.high


def test_equal_versions_pass_once_a_change_that_matters_is_ruled_out():
    found = judge_gate(blocks(40))
    assert found.verdict == "pass"
    assert found.high < 0.05


def test_a_saving_is_an_improvement():
    assert judge_gate(blocks(40, change=-0.1)).verdict == "improved"


def test_too_much_noise_says_nothing_and_asks_for_no_more_at_the_cap():
    found = judge_gate(blocks(40, spread=0.5))
    assert (found.verdict, found.blocks, found.is_final) == ("cannot-tell", 40, True)


def test_a_control_that_is_not_null_takes_the_verdict_away():
    found = judge_gate(blocks(40, change=0.2, shift=0.1))
    assert (found.verdict, found.is_null) == ("cannot-tell", False)
    assert found.control_low > 0


def test_before_the_first_look_nothing_is_said():
    found = judge_gate(blocks(5, change=9.0))
    assert (found.verdict, found.is_final, found.low) == ("cannot-tell", False, None)


def test_what_is_allowed_is_no_regression():
    found = judge_gate(blocks(40, change=0.03, spread=0.01), allow=0.05, notice=0.1)
    assert found.verdict == "pass"


@pytest.mark.parametrize(
    ("change", "answer", "least"), [(0.0, "pass", 93), (0.05, "regressed", 93)]
)
def test_nearly_all_gates_are_right_where_runs_scatter_by_five_per_cent(change, answer, least):
    found = [judge_gate(blocks(40, change=change, spread=0.05, seed=at)) for at in range(100)]
    assert sum(one.verdict == answer for one in found) >= least


@pytest.mark.parametrize("limits", [{"allow": 0.1}, {"allow": -2}, {"allow": -0.5, "notice": -0.1}])
def test_limits_that_cannot_be_are_refused(limits):
    with pytest.raises(InputError):
        judge_gate(blocks(1), **limits)


def test_no_blocks_and_figures_of_nothing_are_refused():
    with pytest.raises(InputError):
        judge_gate([])
    with pytest.raises(InputError, match="above 0"):
        Block(base=1, again=1, head=0)
