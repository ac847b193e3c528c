"""Doubts are signed, named and stored; the interval is derived from them."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from brizna.core.errors import InputError, SchemaError
from brizna.core.estimate import BASES, Estimate, exactly, interval, total, weakest
from brizna.core.quantities import Carbon, CarbonIntensity, Energy, Quantity, Ratio

names = st.sampled_from(
    ["factor:grid/ES/2022", "meter:rapl/package-0@m", "model:cpu-load", "chance"]
)
positive = st.floats(0.01, 1e6)
factors = st.floats(0.2, 5.0)


@st.composite
def estimates(draw: st.DrawFn, kind: type[Quantity] = Energy) -> Estimate:
    best = draw(positive)
    doubts = draw(st.dictionaries(names, st.tuples(factors, factors), max_size=4))
    ends = {name: (kind(best * low), kind(best * high)) for name, (low, high) in doubts.items()}
    return Estimate(kind(best), doubts=ends, basis=draw(st.sampled_from(BASES)))


def close(one: Estimate, other: Estimate) -> None:
    assert one.best.value == pytest.approx(other.best.value, rel=1e-9)
    assert set(one.doubts) == set(other.doubts)
    for name, ends in one.doubts.items():
        assert ends == pytest.approx(other.doubts[name], rel=1e-9)
    assert one.basis == other.basis


def test_the_interval_of_one_doubt_is_its_ends() -> None:
    energy = Estimate(Energy(100), doubts={"model:cpu-load": (Energy(50), Energy(180))})
    assert (energy.low.value, energy.high.value) == pytest.approx((50, 180))


def test_independent_doubts_add_in_quadrature_of_logarithms() -> None:
    low, high = interval(100.0, {"a": (50.0, 200.0), "b": (50.0, 200.0)})
    assert high == pytest.approx(100 * math.exp(math.sqrt(2) * math.log(2)))
    assert low == pytest.approx(100 * math.exp(-math.sqrt(2) * math.log(2)))


def test_an_end_that_is_not_positive_makes_the_distances_differences() -> None:
    low, high = interval(10.0, {"a": (-2.0, 13.0), "b": (6.0, 14.0)})
    assert low == pytest.approx(10 - math.sqrt(12**2 + 4**2))
    assert high == pytest.approx(10 + math.sqrt(3**2 + 4**2))


def test_a_signed_doubt_may_lower_the_figure_at_its_high_end() -> None:
    per_item = exactly(Energy(100)) / Estimate(
        Ratio(10), doubts={"model:items": (Ratio(8), Ratio(12))}
    )
    low, high = per_item.doubts["model:items"]
    assert low == pytest.approx(12.5)
    assert high == pytest.approx(100 / 12)


@given(estimates())
def test_a_figure_less_itself_is_exactly_nothing(x: Estimate) -> None:
    nothing = x - x
    assert nothing.best.value == 0
    assert all(ends == (0, 0) for ends in nothing.doubts.values())
    assert (nothing.low.value, nothing.high.value) == (0, 0)


@given(estimates(), st.lists(st.floats(0.01, 1.0), min_size=1, max_size=6))
def test_splitting_and_summing_changes_nothing(x: Estimate, weights: list[float]) -> None:
    assume("chance" not in x.doubts)  # noise of its own in each part is not noise of the whole
    shares = [weight / math.fsum(weights) for weight in weights]
    close(total(x.scaled(share) for share in shares), x)


@given(estimates(), estimates(), estimates())
def test_the_order_of_a_sum_does_not_matter(x: Estimate, y: Estimate, z: Estimate) -> None:
    close((x + y) + z, x + (y + z))
    close(total([x, y, z]), z + y + x)


@given(st.lists(estimates(), min_size=1, max_size=9))
def test_each_end_of_a_total_is_the_sum_rounded_once(parts: list[Estimate]) -> None:
    summed = total(parts)
    assert summed.best.value == math.fsum(part.best.value for part in parts)
    for name in set(summed.doubts) - {"chance"}:
        pairs = [part.doubts.get(name, (part.best.value, part.best.value)) for part in parts]
        assert summed.doubts[name] == tuple(map(math.fsum, zip(*pairs, strict=True)))


def test_many_parts_with_doubts_of_their_own_are_summed_in_a_moment() -> None:
    parts = [
        Estimate(Energy(1), doubts={f"edge:{place}": (Energy(0.9), Energy(1.1))})
        for place in range(20_000)
    ]
    summed = total(parts)
    assert summed.high.value == pytest.approx(20_000 * math.exp(math.sqrt(20_000) * 0.1 / 20_000))


@given(estimates(), estimates(Ratio), estimates(Ratio))
def test_the_order_of_a_product_does_not_matter(x: Estimate, p: Estimate, q: Estimate) -> None:
    close((x * p) * q, x * (p * q))


@given(estimates(), factors, factors)
def test_a_new_name_never_narrows(x: Estimate, low: float, high: float) -> None:
    wider = x.doubted_by("model:new", low, high)
    assert wider.low.value <= x.low.value * (1 + 1e-12)
    assert wider.high.value >= x.high.value * (1 - 1e-12)


@given(estimates(), estimates())
def test_shared_doubts_cancel_in_a_ratio(x: Estimate, y: Estimate) -> None:
    grid = Estimate(
        CarbonIntensity(180),
        doubts={"factor:grid/ES/2022": (CarbonIntensity(90), CarbonIntensity(300))},
    )
    assume("factor:grid/ES/2022" not in {**x.doubts, **y.doubts})
    ratio = (x * grid) / (y * grid)
    low, high = ratio.doubts["factor:grid/ES/2022"]
    assert low == pytest.approx(ratio.best.value)
    assert high == pytest.approx(ratio.best.value)


def test_a_saving_under_one_grid_factor_is_not_drowned_by_that_factor() -> None:
    grid = Estimate(
        CarbonIntensity(200),
        doubts={"factor:grid/ES/2022": (CarbonIntensity(100), CarbonIntensity(400))},
    )
    before = exactly(Energy.of(10, "kWh")) * grid
    after = exactly(Energy.of(9, "kWh")) * grid
    saved = before - after
    assert saved.kind is Carbon
    assert (saved.low.value, saved.best.value, saved.high.value) == pytest.approx((100, 200, 400))
    share = after / before
    assert (share.low.value, share.high.value) == pytest.approx((0.9, 0.9))


def test_noise_adds_in_quadrature() -> None:
    x = Estimate(Energy(100), doubts={"chance": (Energy(97), Energy(103))})
    y = Estimate(Energy(100), doubts={"chance": (Energy(96), Energy(104))})
    for both in (x + y, total([x, y])):
        assert both.doubts["chance"] == pytest.approx((195, 205))
    assert (x - y).doubts["chance"] == pytest.approx((-5, 5))


@pytest.mark.parametrize("ends", [(-1.0, 3.0), (0.0, 2.0)])
def test_dividing_by_what_may_be_nothing_is_an_error(ends: tuple[float, float]) -> None:
    divisor = Estimate(Ratio(1), doubts={"a": (Ratio(ends[0]), Ratio(ends[1]))})
    with pytest.raises(InputError, match="may be 0"):
        exactly(Energy(1)) / divisor
    with pytest.raises(InputError, match="may be 0"):
        exactly(Energy(1)) / 0


def test_a_result_is_as_weak_as_its_weakest_part() -> None:
    assert weakest("metered", "modelled", "published") == "modelled"
    metered, default = exactly(Energy(1), "metered"), exactly(Ratio(1.2), "default")
    assert (metered * default).basis == "default"
    with pytest.raises(InputError, match="not a basis"):
        exactly(Energy(1), "guessed")


def test_an_empty_sum_is_refused() -> None:
    with pytest.raises(InputError, match="Nothing to sum"):
        total([])


@given(estimates())
def test_an_estimate_survives_its_record(x: Estimate) -> None:
    assert Estimate.from_json(Energy, x.to_json()) == x


def test_low_and_high_are_written_with_nine_digits() -> None:
    record = Estimate(Energy(100), doubts={"a": (Energy(200 / 3), Energy(1000 / 7))}).to_json()
    assert record["low"] == 66.6666667
    assert record["high"] == 142.857143
    assert record["doubts"] == {"a": [200 / 3, 1000 / 7]}


def test_a_record_that_is_no_estimate_is_refused() -> None:
    with pytest.raises(SchemaError, match="not an estimate"):
        Estimate.from_json(Energy, {"best": 1})


def test_ends_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match="one kind"):
        Estimate(Energy(1), doubts={"a": (Ratio(1), Energy(2))})


# Each shape draws its unknowns so that the ends of each doubt bound its central 90 %.
_Z90 = 1.6448536269514722


def _lognormal(rng: random.Random, factor: float) -> float:
    return math.exp(rng.gauss(0.0, math.log(factor) / _Z90))


SHAPES = {
    "product of three": (lambda a, b, c: a * b * c, (1.5, 1.3, 2.0)),
    "sum of a shared and own part": (lambda a, b, c: 3 * a * b + 2 * a * c, (1.4, 1.5, 1.2)),
    "ratio": (lambda a, b, c: a * b / c, (1.5, 1.2, 1.6)),
    "saving": (lambda a, b, c: 10 * a * b - 3 * a * c, (1.3, 1.2, 1.4)),
    "saving that may be a loss": (lambda a, b, c: 10 * b - 9 * c + 0 * a, (1.1, 1.2, 1.2)),
    "dominant doubt": (lambda a, b, c: a * b + c, (3.0, 1.05, 1.05)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_intervals_cover_ninety_percent_of_monte_carlo(shape: str) -> None:
    f, spreads = SHAPES[shape]
    inputs = [
        exactly(Ratio(1)).doubted_by(name, 1 / spread, spread)
        for name, spread in zip("abc", spreads, strict=True)
    ]
    figure = f(*inputs)
    rng = random.Random(20261122)
    draws = 20_000
    inside = 0
    for _ in range(draws):
        value = f(*(_lognormal(rng, spread) for spread in spreads))
        inside += figure.low.value <= value <= figure.high.value
    assert 0.85 <= inside / draws <= 0.95
