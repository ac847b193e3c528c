"""Trials in turn: orders, paired ratios, and intervals that cover what they promise."""

from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.estimate import CHANCE, Estimate, exactly
from brizna.core.quantities import Energy
from brizna.core.trials import WARM_UP, front, paired, student, turns, typical, within_student

ARMS = st.lists(st.text("abc", min_size=1), min_size=1, max_size=5, unique=True)


def joules(*values):
    """Return exact energies."""
    return [exactly(Energy(value), "metered") for value in values]


def blocks(*values):
    """Return exact energies by block."""
    return dict(enumerate(joules(*values)))


@given(ARMS, st.integers(1, 6), st.integers(), st.integers(0, 2))
def test_every_block_holds_every_arm_once_after_the_warm_ups(arms, repeats, seed, warm_ups):
    made = turns(arms, repeats=repeats, seed=seed, warm_ups=warm_ups)
    assert [turn.arm for turn in made[:warm_ups]] == [arms[0]] * warm_ups
    assert [turn.counts for turn in made] == [False] * warm_ups + [True] * (len(arms) * repeats)
    for block in range(repeats):
        assert sorted(turn.arm for turn in made if turn.block == block) == sorted(arms)
    assert all(turn.block == WARM_UP for turn in made[:warm_ups])


def test_the_order_changes_from_block_to_block_and_with_the_seed_only():
    one = turns("abcd", repeats=20, seed=7)
    assert one == turns("abcd", repeats=20, seed=7)
    assert one != turns("abcd", repeats=20, seed=8)
    orders = {tuple(t.arm for t in one if t.block == block) for block in range(20)}
    assert len(orders) > 10
    assert (
        one == turns("abcd", repeats=30, seed=7)[: len(one)]
    )  # more repeats change no earlier one


def test_an_arm_that_stands_twice_is_refused():
    with pytest.raises(InputError, match="each once"):
        turns(["a", "a"], repeats=2, seed=1)
    with pytest.raises(InputError, match="at least 1"):
        turns(["a"], repeats=0, seed=1)


@pytest.mark.parametrize(
    ("freedom", "value"), [(1, 6.314), (2, 2.920), (4, 2.132), (9, 1.833), (30, 1.697)]
)
def test_student_gives_the_printed_values(freedom, value):
    # Abramowitz and Stegun (1964), table 26.10, A(t|n) = 0.9
    assert student(0.9, freedom) == pytest.approx(value, abs=6e-4)
    assert within_student(value, freedom) == pytest.approx(0.9, abs=1e-4)


def test_the_mean_ratio_is_that_of_a_worked_example():
    # Ratios 1.1, 1.2, 1.3: mean log 0.17997, sd 0.08357, t(2) = 2.920: half width 0.14089
    found = paired(blocks(11, 24, 39), blocks(10, 20, 30))
    assert found.pairs == 3
    assert found.ratio.best.value == pytest.approx((1.1 * 1.2 * 1.3) ** (1 / 3))
    assert log(found.ratio.high.value / found.ratio.best.value) == pytest.approx(0.14089, abs=2e-4)
    assert found.is_told_apart
    assert found.ratio.basis == "metered"


def test_a_drift_that_a_block_shares_does_not_blur_the_ratio():
    drift = [1.0, 1.5, 2.25]
    found = paired(blocks(*(8 * x for x in drift)), blocks(*(10 * x for x in drift)))
    assert found.ratio.low.value == pytest.approx(0.8)
    assert found.ratio.high.value == pytest.approx(0.8)


def test_a_doubt_that_both_arms_share_cancels_and_one_of_its_own_stays():
    def doubted(value, name):
        return exactly(Energy(value), "metered").doubted_by(name, 0.5, 2.0)

    same = paired(
        {0: doubted(12, "meter:a"), 1: doubted(13, "meter:a")},
        {0: doubted(10, "meter:a"), 1: doubted(11, "meter:a")},
    )
    assert same.ratio.doubts["meter:a"][0] == pytest.approx(same.ratio.best.value)
    own = paired({0: doubted(12, "x"), 1: doubted(13, "x")}, blocks(10, 11))
    assert own.ratio.doubts["x"][1] == pytest.approx(2 * own.ratio.best.value)
    assert not own.is_told_apart


def test_one_pair_says_nothing_of_chance_and_tells_nothing_apart():
    found = paired(blocks(20), blocks(10))
    assert found.ratio.best.value == pytest.approx(2)
    assert CHANCE not in found.ratio.doubts
    assert (found.scatter_is_known, found.is_told_apart) == (False, False)


def test_arms_without_a_block_in_common_have_no_ratio():
    found = paired({0: joules(1)[0]}, {1: joules(1)[0]})
    assert (found.pairs, found.ratio, found.is_told_apart) == (0, None, False)


def test_an_energy_that_may_be_nothing_has_no_ratio():
    nothing = Estimate(Energy(1), doubts={"x": (Energy(0), Energy(2))}, basis="modelled")
    assert paired(blocks(1, 1), {0: nothing, 1: nothing}).ratio is None
    with pytest.raises(InputError, match="above 0"):
        typical([nothing])


@given(st.lists(st.floats(0.1, 1e6), min_size=2, max_size=8), st.floats(0.1, 10))
def test_scaling_all_figures_scales_the_mean_and_both_ends(values, factor):
    one = typical(joules(*values))
    other = typical([value.scaled(factor) for value in joules(*values)])
    for end in ("low", "best", "high"):
        scaled = getattr(one, end).value * factor
        assert getattr(other, end).value == pytest.approx(scaled, rel=1e-9)


@given(st.dictionaries(st.text(), st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=8))
def test_whatever_is_not_on_the_front_is_beaten_by_something_that_is(points):
    kept = front(points)
    for name, (x, y) in points.items():
        better = [o for o in kept if points[o][0] <= x and points[o][1] <= y]
        assert better, name
    for one in kept:
        for other in kept:
            assert one == other or not all(
                a <= b for a, b in zip(points[one], points[other], strict=True)
            )
