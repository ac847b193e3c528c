"""A model's whole life, and which way to a model takes least."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import Life, Option, choose, lifecycle
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Energy


def energy(joules: float) -> Estimate:
    return exactly(Energy(joules))


def doubted(joules: float, name: str, low: float, high: float) -> Estimate:
    return energy(joules).doubted_by(name, low, high)


def test_queries_that_grow_by_half_a_year():
    """1000 a day, doubling each year: 365 250 x (2^3 - 1) / ln 2 in three years."""
    life = Life(years=3, queries_per_day=1000, growth=1)
    assert life.queries(3) == pytest.approx(365_250 * 7 / 0.693147, rel=1e-5)
    steady = life.replace(growth=0)
    assert steady.queries(3) == pytest.approx(3 * 365_250)


@given(growth=st.floats(-0.5, 3), years=st.floats(0.1, 10))
def test_when_so_many_were_asked_is_the_inverse_of_how_many_were(growth, years):
    life = Life(years=years, queries_per_day=50, growth=growth)
    assert life.years_until(life.queries(years)) == pytest.approx(years, rel=1e-4)


def test_queries_that_fade_may_never_reach_it():
    fading = Life(years=1, queries_per_day=1, growth=-0.5)
    assert fading.years_until(1e9) is None
    assert Life(years=1).years_until(1) is None


def test_use_breaks_even_with_training():
    """GPT-3: 1287 MWh to train; at 0.3 Wh a query 4.29e9 queries."""
    life = Life(years=2, queries_per_day=1e7)
    lived = lifecycle(
        life,
        training=energy(1287 * 3.6e9),
        adaptation=energy(0),
        query=energy(0.3 * 3600),
    )
    assert lived.break_even_queries.best.value == pytest.approx(4.29e9)
    assert lived.break_even_years == pytest.approx(4.29e9 / (1e7 * 365.25))


@given(
    years=st.floats(0.2, 8),
    adaptations=st.floats(0, 12),
    queries=st.floats(0, 1e6),
    growth=st.floats(-0.5, 2),
)
def test_the_years_sum_to_the_whole(years, adaptations, queries, growth):
    life = Life(years=years, adaptations=adaptations, queries_per_day=queries, growth=growth)
    lived = lifecycle(
        life, training=energy(1e9), adaptation=energy(1e7), query=doubted(10, "model:x", 0.5, 2)
    )
    summed = sum(one.best.value for year in lived.by_year for one in year.values())
    assert summed == pytest.approx(lived.energy_j.best.value, rel=1e-6)


def test_what_cannot_be_is_refused():
    for wrong in ({"years": 0}, {"years": 1, "adaptations": -1}, {"years": 1, "growth": -1}):
        with pytest.raises(InputError):
            Life(**wrong)
    with pytest.raises(InputError):
        choose([], queries=1)
    with pytest.raises(InputError):
        choose([Option(name="a", once_j=energy(0), query_j=energy(1))] * 2, queries=1)
    with pytest.raises(InputError):
        choose([Option(name="a", once_j=energy(0), query_j=energy(1))], queries=-1)


def test_the_dear_option_pays_after_its_break_even():
    """100 J more at first, 2 J less a query: after 50 queries."""
    options = [
        Option(name="reuse", once_j=energy(0), query_j=energy(3)),
        Option(name="tune", once_j=energy(100), query_j=energy(1)),
    ]
    few, many = choose(options, queries=49), choose(options, queries=51)
    assert (few.order[0], many.order[0]) == ("reuse", "tune")
    [pair] = few.break_even
    assert (pair.dear, pair.cheap) == ("tune", "reuse")
    assert pair.queries.best.value == pytest.approx(50)
    assert few.surely
    assert many.surely


def test_what_is_not_sure_is_said_to_be_so():
    options = [
        Option(name="a", once_j=energy(0), query_j=doubted(3, "model:a", 0.2, 5)),
        Option(name="b", once_j=energy(100), query_j=doubted(1, "model:b", 0.2, 5)),
        Option(name="c", once_j=energy(200), query_j=doubted(5, "model:c", 0.9, 1.1)),
    ]
    chosen = choose(options, queries=100)
    assert not chosen.surely
    pairs = {(pair.dear, pair.cheap): pair for pair in chosen.break_even}
    assert pairs["b", "a"].queries is None
    assert pairs["b", "a"].best == pytest.approx(50)
    assert pairs["c", "b"].best is None
    assert "never" in pairs["c", "b"].reason


def test_a_doubt_that_two_options_share_does_not_make_them_alike():
    options = [
        Option(name="large", once_j=energy(0), query_j=doubted(10, "model:x", 0.1, 10)),
        Option(name="small", once_j=energy(0), query_j=doubted(1, "model:x", 0.1, 10)),
    ]
    assert choose(options, queries=1).surely
