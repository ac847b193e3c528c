"""What a gate asks beside the change: counts that repeat, budgets, qualities, creep."""

from __future__ import annotations

import random
from math import exp

import pytest

from brizna.check import (
    Block,
    Floor,
    judge_budget,
    judge_counts,
    judge_drift,
    judge_quality,
)
from brizna.check._gate_limits import COUNTED, CREEP_POINTS, REPEATS, counts_repeat
from brizna.core.errors import InputError


def counts(change, *, blocks=COUNTED, scatter=1):
    """Return blocks of counts that differ by a few instructions from one another."""
    made = []
    for at in range(blocks):
        base = 1_000_000 + at * scatter
        made.append(Block(base=base, again=base + scatter, head=base * (1 + change)))
    return made


# ----------------------------------------------------------------------------------------- counts


@pytest.mark.parametrize(
    ("change", "verdict"), [(0.0, "pass"), (0.01, "regressed"), (-0.01, "improved")]
)
def test_three_blocks_of_counts_decide(change, verdict):
    found = judge_counts(counts(change))
    assert (found.verdict, found.blocks, found.is_final) == (verdict, 3, True)
    assert found.low <= found.change <= found.high


def test_a_change_within_what_paths_move_is_none():
    assert judge_counts(counts(REPEATS / 2)).verdict == "pass"
    assert judge_counts(counts(-REPEATS / 2)).verdict == "pass"


def test_what_is_allowed_of_counts_is_no_regression():
    assert judge_counts(counts(0.03), allow=0.04, notice=0.1).verdict == "pass"


def test_fewer_blocks_of_counts_say_nothing_yet():
    found = judge_counts(counts(0.5, blocks=2))
    assert (found.verdict, found.is_final) == ("cannot-tell", False)


def test_counts_that_scatter_do_not_repeat():
    assert counts_repeat(counts(0.2))
    assert not counts_repeat(counts(0.0, scatter=10_000))


def test_no_counts_are_refused():
    with pytest.raises(InputError, match="no blocks"):
        judge_counts([])


# ----------------------------------------------------------------------------------------- budget


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((8, 9, 10), "pass"),
        ((8, 9, 10.1), "cannot-tell"),
        ((10.1, 11, 12), "fail"),
        (None, "cannot-tell"),
    ],
)
def test_a_budget_is_kept_only_by_the_end_of_the_interval(ends, verdict):
    found = judge_budget(ends, most=10, unit="J", executions=5)
    assert found.verdict == verdict
    assert found.best == (None if ends is None else ends[1])


@pytest.mark.parametrize("most", [0, -1, float("nan")])
def test_a_budget_of_nothing_is_refused(most):
    with pytest.raises(InputError, match="--max"):
        judge_budget(None, most=most, unit="J", executions=0)


# ---------------------------------------------------------------------------------------- quality


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("accuracy>=0.9", Floor(name="accuracy", least=0.9)),
        ("f1 >= base - 0.01", Floor(name="f1", least=-0.01, over_base=True)),
        ("f1>=base", Floor(name="f1", least=0.0, over_base=True)),
        ("loss_gain>=-2", Floor(name="loss_gain", least=-2.0)),
    ],
)
def test_a_floor_is_read_from_its_text(text, floor):
    assert Floor.read(text) == floor


@pytest.mark.parametrize("text", ["accuracy", ">=1", "a b>=1", "a>=much", "a>=nan", "a>=base-x"])
def test_what_is_no_floor_is_refused(text):
    with pytest.raises(InputError, match="expected a name"):
        Floor.read(text)


@pytest.mark.parametrize(
    ("heads", "verdict"),
    [
        ([0.9, 0.95], "pass"),
        ([0.9, 0.95, 0.89], "cannot-tell"),
        ([0.8, 0.89, 0.95], "fail"),
        ([0.95, None], "cannot-tell"),
        ([None], "cannot-tell"),
    ],
)
def test_every_execution_has_to_reach_the_floor(heads, verdict):
    assert judge_quality(Floor(name="a", least=0.9), heads).verdict == verdict


def test_beside_the_base_a_margin_may_be_lost_and_rounding_is_no_loss():
    floor = Floor(name="a", least=-0.1, over_base=True)
    assert judge_quality(floor, [0.8, 0.7], [0.9, 0.8]).verdict == "pass"
    assert judge_quality(floor, [0.7, 0.7], [0.9, 0.9]).verdict == "fail"
    assert judge_quality(floor, [0.7], [None]).verdict == "cannot-tell"


# ------------------------------------------------------------------------------------------ drift


def test_ten_steps_of_one_per_cent_are_a_creep_though_none_would_be_stopped():
    found = judge_drift([100 * 1.01**at for at in range(10)])
    assert found.verdict == "fail"
    assert found.creep == pytest.approx(1.01**9 - 1)


def test_a_creep_is_found_from_the_lowest_on():
    figures = [100, 100, 80, 80, 82, 84, 86, 88]
    assert judge_drift(figures).creep == pytest.approx(0.1, abs=0.02)


def test_noise_of_single_figures_does_not_add_up():
    chance = random.Random(3)
    false = 0
    for _ in range(100):
        figures = [exp(chance.gauss(0, 0.03)) for _ in range(60)]
        false += judge_drift(figures).verdict == "fail"
    assert false <= 5


def test_a_short_history_says_nothing():
    found = judge_drift([1.0, 2.0, 3.0][: CREEP_POINTS - 1])
    assert (found.verdict, found.creep) == ("cannot-tell", None)
