"""Quantities: a number whose unit is its type.

A quantity is a plain float in the base unit of its type (see ``unit``). Sums keep the type;
products and quotients exist only where physics or bookkeeping gives them a meaning, so that
``Power + Energy`` is a TypeError and ``Power * Duration`` is an Energy. NaN and infinities are
refused: what is unknown is absent, not a number.
"""

from __future__ import annotations

from math import isfinite

from brizna.core.errors import InputError, Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar, Self


class Quantity:
    """A finite number in the base unit of its type.

    Attributes:
        value: The number, in ``unit``.
        noun: What a number of this kind is called, in the messages of errors.
    """

    __slots__ = ("value",)

    value: float
    noun: ClassVar[Said] = Said("number")
    unit: ClassVar[str] = "1"
    units: ClassVar[Mapping[str, float]] = {"1": 1.0}
    """Every unit that `of` and `to` understand, with its size in the base unit."""

    def __init__(self, value: float) -> None:
        number = float(value)
        if not isfinite(number):
            raise InputError(
                "{value!r} is no {kind}: expected a finite number of {unit}. Leave out what is "
                "unknown instead of writing NaN or infinity.",
                value=value,
                kind=self.noun,
                unit=self.unit,
            )
        object.__setattr__(self, "value", number)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: make a new one.")

    @classmethod
    def of(cls, value: float, unit: str) -> Self:
        """Return ``value`` given in ``unit``, for example ``Energy.of(12, "kWh")``.

        Raises:
            InputError: If the type has no such unit.
        """
        return cls(value * cls._size(unit))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quantity written in ``text``, for example ``"450 Wh"`` or ``"0.45kWh"``.

        A number without a unit is in the base unit.

        Raises:
            InputError: If the text is not a number, followed by a unit of this type or nothing.
        """
        words = text.strip()
        for unit in ("", *sorted(cls.units, key=len, reverse=True)):
            try:
                value = float(words.removesuffix(unit))
            except ValueError:  # another unit, or none
                continue
            return cls.of(value, unit or cls.unit)
        raise InputError(
            "{text!r} is no {kind}: expected a number and a unit out of {known}, for example '1.5 "
            "{unit}'.",
            text=text,
            kind=cls.noun,
            known=", ".join(cls.units),
            unit=cls.unit,
        )

    def to(self, unit: str) -> float:
        """Return the number in ``unit``."""
        return self.value / self._size(unit)

    @classmethod
    def _size(cls, unit: str) -> float:
        try:
            return cls.units[unit]
        except KeyError:
            raise InputError(
                "{unit!r} is not a unit of {kind}; known units: {known}.",
                unit=unit,
                kind=cls.noun,
                known=", ".join(cls.units),
            ) from None

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def __lt__(self, other: Self) -> bool:
        return self.value < self._same(other, "<").value

    def __le__(self, other: Self) -> bool:
        return self.value <= self._same(other, "<=").value

    def __gt__(self, other: Self) -> bool:
        return self.value > self._same(other, ">").value

    def __ge__(self, other: Self) -> bool:
        return self.value >= self._same(other, ">=").value

    def _same(self, other: object, operator: str) -> Self:
        if type(other) is not type(self):
            raise TypeError(
                f"{type(self).__name__} {operator} {type(other).__name__} has no meaning: "
                "both sides must be of the same kind."
            )
        return other

    def __add__(self, other: Self) -> Self:
        return type(self)(self.value + self._same(other, "+").value)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.value - self._same(other, "-").value)

    def __neg__(self) -> Self:
        return type(self)(-self.value)

    def __mul__(self, other: Quantity | float) -> Quantity:
        if isinstance(other, (int, float)):
            return type(self)(self.value * other)
        kind, scale = product_kind(type(self), type(other))
        return kind(self.value * other.value / scale)

    def __rmul__(self, other: float) -> Self:
        return type(self)(other * self.value)

    def __truediv__(self, other: Quantity | float) -> Quantity:
        if isinstance(other, (int, float)):
            return type(self)(self.value / other)
        kind, scale = quotient_kind(type(self), type(other))
        return kind(self.value / other.value * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.value!r})"

    def __str__(self) -> str:
        return f"{self.value:g} {self.unit}".strip()


class Ratio(Quantity):
    """A pure number: a share, a PUE, a count per count."""

    __slots__ = ()
    noun = Said("ratio")


class Energy(Quantity):
    """Energy, in joules."""

    __slots__ = ()
    noun = Said("energy")
    unit = "J"
    units = {
        "J": 1.0,
        "uJ": 1e-6,
        "mJ": 1e-3,
        "kJ": 1e3,
        "MJ": 1e6,
        "GJ": 1e9,
        "mWh": 3.6,
        "Wh": 3.6e3,
        "kWh": 3.6e6,
        "MWh": 3.6e9,
        "GWh": 3.6e12,
        "TWh": 3.6e15,
    }


class Power(Quantity):
    """Power, in watts."""

    __slots__ = ()
    noun = Said("power")
    unit = "W"
    units = {"W": 1.0, "mW": 1e-3, "kW": 1e3, "MW": 1e6}


class Duration(Quantity):
    """A length of time, in seconds, from a monotonic clock."""

    __slots__ = ()
    noun = Said("duration")
    unit = "s"
    units = {
        "s": 1.0,
        "us": 1e-6,
        "ms": 1e-3,
        "min": 60.0,
        "h": 3600.0,
        "d": 86400.0,
        "y": 365.25 * 86400.0,
    }


class Carbon(Quantity):
    """Mass of greenhouse gases, in grams of CO2 equivalent (GWP100)."""

    __slots__ = ()
    noun = Said("carbon")
    unit = "gCO2e"
    units = {"gCO2e": 1.0, "mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6, "kt": 1e9, "lb": 453.59237}


class CarbonIntensity(Quantity):
    """Carbon per electrical energy, in grams of CO2 equivalent per kWh."""

    __slots__ = ()
    noun = Said("carbon intensity")
    unit = "gCO2e/kWh"
    units = {
        "gCO2e/kWh": 1.0,
        "g/kWh": 1.0,
        "kg/kWh": 1e3,
        "t/MWh": 1e3,
        "lb/MWh": 0.45359237,
    }


class Water(Quantity):
    """Water consumed, in litres."""

    __slots__ = ()
    noun = Said("water")
    unit = "L"
    units = {"L": 1.0, "mL": 1e-3, "m3": 1e3}


class WaterIntensity(Quantity):
    """Water per energy, in litres per kWh."""

    __slots__ = ()
    noun = Said("water intensity")
    unit = "L/kWh"
    units = {"L/kWh": 1.0, "m3/MWh": 1.0}


class Money(Quantity):
    """An amount of one currency; the currency's code stands beside it in the record."""

    __slots__ = ()
    noun = Said("money")
    unit = "¤"
    units = {"¤": 1.0}


class Tariff(Quantity):
    """Money per energy, per kWh, in the currency that stands beside it in the record."""

    __slots__ = ()
    noun = Said("tariff")
    unit = "¤/kWh"
    units = {"¤/kWh": 1.0, "¤/MWh": 1e-3}


_TRIPLES: tuple[tuple[type[Quantity], type[Quantity], type[Quantity], float], ...] = (
    (Power, Duration, Energy, 1.0),
    (Energy, CarbonIntensity, Carbon, 3.6e6),
    (Energy, WaterIntensity, Water, 3.6e6),
    (Energy, Tariff, Money, 3.6e6),
)
"""``a * b = c`` for these kinds, the product of base units divided by the last number."""

_PRODUCTS: dict[tuple[type[Quantity], type[Quantity]], tuple[type[Quantity], float]] = {}
_QUOTIENTS: dict[tuple[type[Quantity], type[Quantity]], tuple[type[Quantity], float]] = {}
for _a, _b, _c, _scale in _TRIPLES:
    _PRODUCTS[_a, _b] = _PRODUCTS[_b, _a] = (_c, _scale)
    _QUOTIENTS[_c, _a] = (_b, _scale)
    _QUOTIENTS[_c, _b] = (_a, _scale)


def product_kind(left: type[Quantity], right: type[Quantity]) -> tuple[type[Quantity], float]:
    """Return the kind of ``left * right`` and what the product of base units is divided by.

    Raises:
        TypeError: If the product has no meaning here.
    """
    if right is Ratio:
        return left, 1.0
    if left is Ratio:
        return right, 1.0
    found = _PRODUCTS.get((left, right))
    if found is None:
        raise TypeError(f"{left.__name__} * {right.__name__} has no meaning here.")
    return found


def quotient_kind(left: type[Quantity], right: type[Quantity]) -> tuple[type[Quantity], float]:
    """Return the kind of ``left / right`` and what the quotient of base units is multiplied by.

    Raises:
        TypeError: If the quotient has no meaning here.
    """
    if right is Ratio:
        return left, 1.0
    if left is right:
        return Ratio, 1.0
    found = _QUOTIENTS.get((left, right))
    if found is None:
        raise TypeError(f"{left.__name__} / {right.__name__} has no meaning here.")
    return found
