"""Signed ranks: the exact distribution, and intervals that hold their level."""

from __future__ import annotations

import random
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.check._signed_rank import _rank, _ways, hodges_lehmann, shift_interval, walsh

numbers = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=25)


@pytest.mark.parametrize(("count", "rank"), [(10, 8), (15, 25), (20, 52)])
def test_critical_values_are_those_of_the_published_table(count, rank):
    """Two-sided 5 %: Conover, Practical Nonparametric Statistics, 3rd edition, table A12."""
    assert _rank(count, 0.025) == rank


@given(st.integers(1, 40))
def test_every_choice_of_signs_is_counted_once(count):
    ways = _ways(count)
    assert sum(ways) == 2**count
    assert ways == ways[::-1]
    assert len(ways) == count * (count + 1) // 2 + 1


@given(numbers, st.floats(-100, 100))
def test_what_is_shifted_is_estimated_so_much_higher(differences, shift):
    low, high = shift_interval(differences, below=0.05, above=0.05)
    moved = [one + shift for one in differences]
    assert hodges_lehmann(moved) == pytest.approx(hodges_lehmann(differences) + shift, abs=1e-9)
    assert shift_interval(moved, below=0.05, above=0.05) == pytest.approx(
        (low + shift, high + shift), abs=1e-9
    )
    assert low <= hodges_lehmann(differences) <= high
    assert len(walsh(differences)) == len(differences) * (len(differences) + 1) / 2


def test_four_pairs_bound_nothing_at_five_per_cent_and_five_do():
    assert shift_interval([1, 2, 3, 4], below=0.05, above=0.05) == (-inf, inf)
    assert shift_interval([1, 2, 3, 4, 5], below=0.05, above=0.05) == (1, 5)


def test_one_wild_pair_hardly_moves_the_estimate():
    assert hodges_lehmann([1, 2, 3, 4, 1000]) < 4


def test_intervals_miss_as_seldom_as_they_say():
    chance = random.Random(1)
    missed = 0
    for _ in range(2000):
        low, _ = shift_interval([chance.gauss(0, 1) for _ in range(12)], below=0.05, above=0.05)
        missed += low > 0
    assert missed < 130  # 5 % of 2,000 and three times the spread of that
