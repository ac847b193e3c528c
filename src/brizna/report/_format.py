"""Numbers as people read them: scaled units, digits that the interval allows, and the language.

A figure never shows more digits than its doubt leaves: its interval decides, and never more than
three. ``0.000049 kg`` is written ``49 mg``. What is unknown is a word with its reason, never 0.
"""

from __future__ import annotations

from math import floor, log10

from brizna.core.estimate import Estimate
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
from brizna.report._said import stored
from brizna.report._texts import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MARKS = {
    "en": {"decimal": ".", "group": ",", "group_from": 4, "percent": "%"},
    "es": {"decimal": ",", "group": "\u202f", "group_from": 5, "percent": "\u00a0%"},
}
"""Decimal mark, mark between groups of three digits, digits from which a whole number is grouped,
and the percent sign, as CLDR has them; Spanish groups by thin spaces (ISO 80000-1, and the Real
Academia: "separar con espacio, no con punto")."""

_DIGITS = 3

_LONG_S = 90 * 86400.0
"""A longer duration with an interval is written in years: it is a service life, not a wait."""


class _Years(Duration):
    """A duration that is written in years."""

    __slots__ = ()


class Joules(Energy):
    """An energy that is written in joules: that of one unit of work."""

    __slots__ = ()


class PerJoule(Ratio):
    """Floating-point operations that one joule pays for."""

    __slots__ = ()


_LADDERS: dict[type[Quantity], tuple[tuple[str, float], ...]] = {
    Energy: (
        ("µWh", 3.6e-3),
        ("mWh", 3.6),
        ("Wh", 3.6e3),
        ("kWh", 3.6e6),
        ("MWh", 3.6e9),
        ("GWh", 3.6e12),
        ("TWh", 3.6e15),
    ),
    Power: (("µW", 1e-6), ("mW", 1e-3), ("W", 1.0), ("kW", 1e3), ("MW", 1e6), ("GW", 1e9)),
    Carbon: (
        ("µg CO2e", 1e-6),
        ("mg CO2e", 1e-3),
        ("g CO2e", 1.0),
        ("kg CO2e", 1e3),
        ("t CO2e", 1e6),
        ("kt CO2e", 1e9),
        ("Mt CO2e", 1e12),
    ),
    Water: (("µL", 1e-6), ("mL", 1e-3), ("L", 1.0), ("m³", 1e3)),
    CarbonIntensity: (("g CO2e/kWh", 1.0),),
    WaterIntensity: (("L/kWh", 1.0),),
    Ratio: (("", 1.0),),
    Joules: (
        ("pJ", 1e-12),
        ("nJ", 1e-9),
        ("µJ", 1e-6),
        ("mJ", 1e-3),
        ("J", 1.0),
        ("kJ", 1e3),
        ("MJ", 1e6),
    ),
    PerJoule: (
        ("FLOP/J", 1.0),
        ("kFLOP/J", 1e3),
        ("MFLOP/J", 1e6),
        ("GFLOP/J", 1e9),
        ("TFLOP/J", 1e12),
    ),
    _Years: (("years", Duration.units["y"]),),
}
"""For each kind its units, smallest first, with their size in the base unit."""


class Format:
    """How one language writes numbers in one medium.

    Attributes:
        lang: One of `LANGUAGES`.
        rich: Whether typographic marks may be used (a page) or plain ones that can be searched
            for and typed (a terminal).
    """

    __slots__ = ("_marks", "dash", "lang", "minus", "rich", "say", "space")

    def __init__(self, lang: str, *, rich: bool = False) -> None:
        self.lang = lang
        self.rich = rich
        self.space = "\u00a0" if rich else " "
        self.dash = "\u2013" if rich else "-"
        self.minus = "\u2212" if rich else "-"
        self.say = texts(lang).gettext
        self._marks: dict[str, Any] = MARKS[lang]

    def stored(self, text: str | None) -> str:
        """Return a text that a record holds in English, in this language where it is known."""
        return stored(text or "", self.lang)

    def number(self, value: float, *, step: float | None = None) -> str:
        """Return a number rounded to a step, or to three significant digits without one.

        Args:
            value: The number.
            step: A power of ten: the place of the last digit. Zeros at its end are kept, because
                they are known; without a step they are dropped.
        """
        places = _places(_step_of(value, _DIGITS) if step is None else step)
        rounded = round(value, places)
        text = f"{abs(rounded):.{max(places, 0)}f}"
        if step is None and "." in text:
            text = text.rstrip("0").rstrip(".")
        sign = self.minus if rounded < 0 else ""
        return sign + self._marked(text)

    def exactly(self, value: float) -> str:
        """Return a number with all the digits it was written with, as a source states it."""
        text = f"{abs(value):.12g}"
        if "e" in text:
            text = f"{abs(value):.20f}".rstrip("0").rstrip(".")
        return (self.minus if value < 0 else "") + self._marked(text)

    def power_of_ten(self, value: float) -> str:
        """Return a large number as three digits and its power of ten: ``4.8e+21``."""
        return f"{value:.3g}".replace(".", self._marks["decimal"])

    def count(self, value: int) -> str:
        """Return a whole number, all its digits."""
        return self.number(value, step=1)

    def percent(self, share: float) -> str:
        """Return a share as a percentage: 0.153 is 15 %; digits after the mark only below 10 %."""
        if 0 < share < 0.0005:
            text = "<" + self.number(0.1)
        else:
            text = self.number(share * 100, step=1 if abs(share) >= 0.0995 else 0.1)
        return text + self._gap(self._marks["percent"])

    def share(self, share: Estimate) -> str:
        """Return an estimated share with its interval, as percentages: ``37 % (31 %-44 %)``."""
        best, low, high = (self.percent(end.value) for end in (share.best, share.low, share.high))
        if low == high:
            return best
        return f"{best} ({self._between(share.low.value).join((low, high))})"

    def quantity(self, quantity: Quantity, *, currency: str | None = None) -> str:
        """Return a quantity in the unit that suits its size, for example ``12 kWh``."""
        if isinstance(quantity, Duration):
            return self.duration(quantity.value)
        unit, size = unit_for(type(quantity), quantity.value, currency)
        return self._with_unit(self.number(quantity.value / size), unit)

    def power(self, power_w: float) -> str:
        """Return a power given in watts, for example ``262 W``."""
        return self.quantity(Power(power_w))

    def estimate(
        self,
        kind: type[Quantity],
        estimate: Mapping[str, Any] | Estimate | None,
        *,
        reason: str | None = None,
        currency: str | None = None,
    ) -> str:
        """Return an estimate with its interval: ``412 Wh (380-455)``.

        Args:
            kind: What it is an estimate of.
            estimate: The estimate, or its record form with low, best and high, of which low and
                high are null where they are not known; None if unknown.
            reason: Why it is unknown.
            currency: Of an amount of money.
        """
        best, ends = self.parts(kind, estimate, reason=reason, currency=currency)
        return f"{best} ({ends})" if ends else best

    def parts(
        self,
        kind: type[Quantity],
        estimate: Mapping[str, Any] | Estimate | None,
        *,
        reason: str | None = None,
        currency: str | None = None,
        unit: str | None = None,
    ) -> tuple[str, str]:
        """Return the best value with its unit, and the interval; no interval if it is exact.

        Args:
            kind: As for `estimate`.
            estimate: As for `estimate`.
            reason: As for `estimate`.
            currency: As for `estimate`.
            unit: The unit of its kind to write it in; the one that suits its size if None.
        """
        if estimate is None:
            return self.unknown(reason), ""
        data = estimate.to_json() if isinstance(estimate, Estimate) else estimate
        ends = (data[name] for name in ("low", "best", "high"))
        low, best, high = (float(data["best"] if end is None else end) for end in ends)
        if unit is not None:
            return self._in_unit(low, best, high, unit, kind.units[unit])
        if kind is Duration and best > _LONG_S:
            kind = _Years
        if kind is Duration:
            spread = "" if low == high else f"{self.duration(low)}{self.dash}{self.duration(high)}"
            return self.duration(best), spread
        return self._in_unit(low, best, high, *unit_for(kind, best or high, currency))

    def _in_unit(
        self, low: float, best: float, high: float, unit: str, size: float
    ) -> tuple[str, str]:
        low, best, high = low / size, best / size, high / size
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            return self._with_unit(self.number(best), unit), ""
        step = _step_for(low, best, high)
        text = self._with_unit(self.number(best, step=step), unit)
        return text, self._ends(low, best, high, step)

    def unknown(self, reason: str | None) -> str:
        """Return the word for what is not known, with its reason."""
        _ = self.say
        word = _("unknown")
        return f"{word}: {self.stored(reason)}" if reason else word

    def duration(self, seconds: float) -> str:
        """Return a duration: ``420 ms``, ``4.2 s``, ``18 min 04 s``, ``2 h 05 min``."""
        if seconds < 0:
            return self.minus + self.duration(-seconds)
        if 0 < seconds < 0.9995:
            rung = 1e-6 if seconds < 0.9995e-3 else 1e-3
            return self._with_unit(self.number(seconds / rung), "µs" if rung < 1e-3 else "ms")
        if seconds < 59.95:
            return self._with_unit(self.number(seconds), "s")
        whole = round(seconds)
        for big, small, size, part in (
            ("d", "h", 86400, 3600),
            ("h", "min", 3600, 60),
            ("min", "s", 60, 1),
        ):
            if whole >= size:
                first, rest = divmod(round(whole / part) * part, size)
                tail = f"{rest // part:02d}" if big != "d" else str(rest // part)
                return self.space.join(
                    (self._with_unit(self.count(first), big), self._with_unit(tail, small))
                )
        return self._with_unit(str(whole), "s")

    def phase(self, phase: Mapping[str, Any]) -> tuple[str, float]:
        """Return a phase's name, with how many it stands for, and how many seconds it took."""
        _ = self.say
        count, name = phase.get("count", 1), phase["name"]
        if count > 1:
            times = "\u00d7" if self.rich else "x"
            return f"{name} {times} {self.count(count)}", phase["inside_s"]
        if phase["open"]:
            name = f"{name} ({_('until the end')})"
        return name, phase["end_s"] - phase["start_s"]

    def _ends(self, low: float, best: float, high: float, step: float) -> str:
        """Return both ends with the best value's digits, more only where an end would become 0."""
        shown = [self.number(end, step=min(step, _step_of(end, 1))) for end in (low, high)]
        if best and set(shown) == {self.number(best, step=step)}:
            half = (high - low) / 2 / abs(best)
            return f"±{self.number(half * 100, step=_step_of(half * 100, 2))}" + self._gap(
                self._marks["percent"]
            )
        return self._between(low).join(shown)

    def _between(self, low: float) -> str:
        """Return what stands between two ends: a dash, unless it could be taken for a minus."""
        _ = self.say
        return self.dash if low >= 0 else " " + _("to") + " "

    def _marked(self, text: str) -> str:
        whole, _, fraction = text.partition(".")
        if len(whole) >= self._marks["group_from"]:
            head = len(whole) % 3
            groups = [whole[:head]] if head else []
            groups += [whole[at : at + 3] for at in range(head, len(whole), 3)]
            whole = self._marks["group"].join(groups)
        return whole + (self._marks["decimal"] + fraction if fraction else "")

    def _with_unit(self, number: str, unit: str) -> str:
        _ = self.say
        if unit == "years":
            unit = _("years")
        if self.rich:
            unit = unit.replace("CO2", "CO₂").replace(" ", self.space)
        return f"{number}{self.space}{unit}" if unit else number

    def _gap(self, sign: str) -> str:
        return sign if self.rich else sign.replace("\u00a0", " ")


def unit_for(kind: type[Quantity], value: float, currency: str | None = None) -> tuple[str, float]:
    """Return the unit that leaves one to three digits before the mark, and its size."""
    if kind is Money:
        return currency or "¤", 1.0
    if kind is Tariff:
        return f"{currency or '¤'}/kWh", 1.0
    ladder = _LADDERS[kind]
    if not value:
        return min(ladder, key=lambda rung: abs(log10(rung[1] / _base_size(kind))))
    fitting = [rung for rung in ladder if abs(value) >= 0.9995 * rung[1]]
    return fitting[-1] if fitting else ladder[0]


def _base_size(kind: type[Quantity]) -> float:
    return 3.6e3 if kind is Energy else 1.0


def _step_for(low: float, best: float, high: float) -> float:
    """Return the place of the last digit: two or three digits, 5 to 50 steps a half interval."""
    half = (high - low) / 2
    wanted = 10.0 ** floor(log10(half / 5))
    largest = max(abs(low), abs(high)) if not best else abs(best)
    return min(max(wanted, _step_of(largest, _DIGITS)), _step_of(largest, 2))


def _step_of(value: float, digits: int) -> float:
    """Return the place of the last of so many significant digits."""
    if not value:
        return 1.0
    exponent = floor(log10(abs(value))) - digits + 1
    if round(abs(value) / 10.0**exponent) >= 10**digits:
        exponent += 1
    return 10.0**exponent


def _places(step: float) -> int:
    return -round(log10(step))
