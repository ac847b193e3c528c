"""A quantity is a number whose unit is its type."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Money,
    Power,
    Quantity,
    Ratio,
    Tariff,
    Water,
    WaterIntensity,
)

numbers = st.floats(-1e12, 1e12, allow_nan=False)


def test_power_times_duration_is_energy() -> None:
    assert Power(300) * Duration.of(10, "h") == Energy.of(3, "kWh")
    assert Duration(10) * Power(300) == Energy(3000)


def test_energy_divides_back_into_power_and_duration() -> None:
    assert Energy(3000) / Duration(10) == Power(300)
    assert Energy(3000) / Power(300) == Duration(10)


def test_energy_times_intensity_is_carbon() -> None:
    assert Energy.of(18, "kWh") * CarbonIntensity(450) == Carbon.of(8.1, "kg")
    assert Energy.of(2, "kWh") * WaterIntensity(3) == Water(6)
    assert Energy.of(2, "kWh") * Tariff(0.25) == Money(0.5)


def test_a_ratio_keeps_the_kind() -> None:
    assert Energy(10) * Ratio(1.5) == Energy(15)
    assert Ratio(1.5) * Energy(10) == Energy(15)
    assert Energy(15) / Energy(10) == Ratio(1.5)
    assert Energy(15) / Ratio(1.5) == Energy(10)


@pytest.mark.parametrize("wrong", [Energy(1), Duration(1), 1.0])
def test_sums_of_unlike_things_are_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        Power(1) + wrong  # pyright: ignore[reportOperatorIssue]


def test_products_without_meaning_are_refused() -> None:
    with pytest.raises(TypeError, match="no meaning"):
        Power(1) * Carbon(1)
    with pytest.raises(TypeError, match="no meaning"):
        Carbon(1) / Power(1)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        Energy(value)


def test_text_with_a_unit_is_parsed() -> None:
    assert Energy.parse("450 Wh") == Energy.of(450, "Wh")
    assert Energy.parse("0.45kWh") == Energy.of(0.45, "kWh")
    assert Energy.parse("7") == Energy(7)
    assert CarbonIntensity.parse("930 lb/MWh").value == pytest.approx(421.84, abs=0.01)
    assert Ratio.parse("1.1") == Ratio(1.1)


@pytest.mark.parametrize(
    ("kind", "unit"), [(kind, unit) for kind in Quantity.__subclasses__() for unit in kind.units]
)
def test_every_unit_is_parsed(kind: type[Quantity], unit: str) -> None:
    assert kind.parse(f"4.5 {unit}") == kind.of(4.5, unit)
    if unit[0].isalpha():
        assert kind.parse(f"4e1{unit}") == kind.of(40, unit)


@pytest.mark.parametrize("text", ["", "kWh", "12 apples", "1,5 kWh"])
def test_text_that_is_no_quantity_names_the_units(text: str) -> None:
    with pytest.raises(InputError, match=r"kWh|unit"):
        Energy.parse(text)


@given(numbers, st.sampled_from(sorted(Energy.units)))
def test_units_convert_back(value: float, unit: str) -> None:
    assert Energy.of(value, unit).to(unit) == pytest.approx(value, rel=1e-12)


def test_a_quantity_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="frozen"):
        Energy(1).value = 2  # pyright: ignore[reportAttributeAccessIssue]


def test_order_and_equality_need_one_kind() -> None:
    assert Energy(1) < Energy(2) <= Energy(2) < Energy(3)
    assert Energy(1) != Power(1)
    with pytest.raises(TypeError):
        Energy(1) < Power(2)  # noqa: B015  # pyright: ignore[reportOperatorIssue]
