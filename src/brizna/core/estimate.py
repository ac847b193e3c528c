"""Estimates: a best value, and for each thing we doubt, what the value would be at its ends.

A doubt has a name, and a name means one unknown everywhere: ``factor:grid/ES/2022`` is the same
unknown in every figure that it touches. Arithmetic evaluates ``z = f(x, y)`` once at best and
once per end of each name, moving every operand that carries the name together. So a doubt that
two figures share cancels in their difference or ratio, which is what makes the saving between
two runs under one grid factor sharper than either run.

``low`` and ``high`` bound a central 90 % interval. They are derived, never stored as truth.

The name ``chance`` is reserved for noise that nothing else shares: it adds in quadrature, except
that a figure shares its own noise with itself (``x - x`` is exactly 0).
"""

from __future__ import annotations

from math import exp, fsum, isfinite, log, sqrt

from brizna.core.errors import InputError, SchemaError
from brizna.core.quantities import Quantity, Ratio, product_kind, quotient_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

BASES = ("metered", "declared", "published", "modelled", "default")
"""Where a figure comes from, strongest first; a result is as weak as its weakest part."""

CHANCE = "chance"

_DIGITS = 9


class Estimate:
    """A quantity with its doubts.

    Attributes:
        best: The best value, a quantity; every end is of the same kind.
        doubts: For each name, the value if that doubt alone sat at its low or at its high end.
            Signed: where more of the doubt means less of this figure, the first is the larger.
        basis: One of `BASES`.
        references: Ids of the factors, meters and models behind the figure.
    """

    __slots__ = ("_interval", "basis", "best", "doubts", "references")

    best: Quantity
    doubts: Mapping[str, tuple[float, float]]
    basis: str
    references: tuple[str, ...]
    _interval: tuple[float, float]

    def __init__(
        self,
        best: Quantity,
        *,
        doubts: Mapping[str, tuple[Quantity, Quantity]] | None = None,
        basis: str = "declared",
        references: Iterable[str] = (),
    ) -> None:
        ends: dict[str, tuple[float, float]] = {}
        for name, (low, high) in (doubts or {}).items():
            if type(low) is not type(best) or type(high) is not type(best):
                raise InputError(
                    "The doubt {name!r} runs from {low!r} to {high!r}, but the best value is "
                    "{best!r}: ends and best must be of one kind.",
                    name=name,
                    low=low,
                    high=high,
                    best=best,
                )
            ends[name] = (low.value, high.value)
        _fill(self, best, ends, basis, references)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Estimate is frozen: make a new one.")

    @property
    def kind(self) -> type[Quantity]:
        """The type of the quantity."""
        return type(self.best)

    @property
    def low(self) -> Quantity:
        """The low end of the central 90 % interval."""
        return self.kind(self._interval[0])

    @property
    def high(self) -> Quantity:
        """The high end of the central 90 % interval."""
        return self.kind(self._interval[1])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Estimate):
            return NotImplemented
        return (self.best, dict(self.doubts), self.basis, self.references) == (
            other.best,
            dict(other.doubts),
            other.basis,
            other.references,
        )

    def __hash__(self) -> int:
        return hash((self.best, tuple(sorted(self.doubts.items())), self.basis, self.references))

    def __repr__(self) -> str:
        low, high = self._interval
        return f"<{self.kind.__name__} {self.best} [{low:g}, {high:g}] {self.basis}>"

    def __add__(self, other: Estimate) -> Estimate:
        return _combine(self, other, self._same_kind(other, "+"), _plus, relative=False)

    def __sub__(self, other: Estimate) -> Estimate:
        return _combine(self, other, self._same_kind(other, "-"), _minus, relative=False)

    def _same_kind(self, other: Estimate, operator: str) -> type[Quantity]:
        if other.kind is not self.kind:
            raise TypeError(
                f"{self.kind.__name__} {operator} {other.kind.__name__} has no meaning."
            )
        return self.kind

    def __mul__(self, other: Estimate | float) -> Estimate:
        if not isinstance(other, Estimate):
            return self.scaled(other)
        kind, scale = product_kind(self.kind, other.kind)
        return _combine(self, other, kind, lambda x, y: x * y / scale, relative=True)

    def __rmul__(self, other: float) -> Estimate:
        return self.scaled(other)

    def __truediv__(self, other: Estimate | float) -> Estimate:
        """Return the quotient.

        Raises:
            InputError: If the divisor may be 0: its interval, or one of its ends, reaches 0.
        """
        if not isinstance(other, Estimate):
            other = exactly(Ratio(other))
        kind, scale = quotient_kind(self.kind, other.kind)
        values = [
            other.best.value,
            *other._interval,
            *(e for pair in other.doubts.values() for e in pair),
        ]
        if min(values) <= 0 <= max(values):
            raise InputError(
                "Cannot divide by {other!r}: it may be 0. Only figures that are surely positive "
                "or surely negative can be divisors.",
                other=other,
            )
        return _combine(self, other, kind, lambda x, y: x / y * scale, relative=True)

    def scaled(self, factor: float) -> Estimate:
        """Return this estimate times an exact number."""
        ends = {name: (low * factor, high * factor) for name, (low, high) in self.doubts.items()}
        return _build(self.kind(self.best.value * factor), ends, self.basis, self.references)

    def doubted(self, name: str, at_low: Quantity, at_high: Quantity) -> Estimate:
        """Return this estimate with one more doubt: what the value is at the doubt's ends.

        Raises:
            InputError: If the name is taken or an end is of another kind.
        """
        if name in self.doubts:
            raise InputError("This estimate already has a doubt named {name!r}.", name=name)
        if type(at_low) is not self.kind or type(at_high) is not self.kind:
            raise InputError(
                "The ends of {name!r} must be {kind}.", name=name, kind=self.kind.__name__
            )
        ends = {**self.doubts, name: (at_low.value, at_high.value)}
        return _build(self.best, ends, self.basis, self.references)

    def doubted_by(self, name: str, low_factor: float, high_factor: float) -> Estimate:
        """Return this estimate with one more doubt that multiplies it by these factors."""
        best = self.best.value
        return self.doubted(name, self.kind(best * low_factor), self.kind(best * high_factor))

    def based(self, basis: str, *references: str) -> Estimate:
        """Return this estimate with a basis at most as strong as ``basis``, and more references."""
        return _build(
            self.best,
            dict(self.doubts),
            weakest(self.basis, basis),
            (*self.references, *references),
        )

    @classmethod
    def of(
        cls,
        best: Quantity,
        ends: Mapping[str, tuple[float, float]],
        *,
        basis: str,
        references: Iterable[str],
    ) -> Estimate:
        """Return an estimate whose ends are plain numbers in the base unit of its best value."""
        return _build(best, dict(ends), basis, references)

    def to_json(self) -> dict[str, Any]:
        """Return the record form; ``low`` and ``high`` are rounded to 9 significant digits."""
        low, high = self._interval
        return {
            "low": _rounded(low),
            "best": self.best.value,
            "high": _rounded(high),
            "basis": self.basis,
            "doubts": {name: list(ends) for name, ends in sorted(self.doubts.items())},
            "references": list(self.references),
        }

    @classmethod
    def from_json(cls, kind: type[Quantity], data: Mapping[str, Any]) -> Estimate:
        """Return the estimate of a record; low and high are derived anew.

        Raises:
            SchemaError: If a field is missing or of another form.
        """
        try:
            ends = {name: (float(low), float(high)) for name, (low, high) in data["doubts"].items()}
            return _build(kind(data["best"]), ends, data["basis"], data["references"])
        except (KeyError, TypeError, ValueError) as error:
            raise SchemaError(
                "{data!r:.200} is not an estimate of {kind} ({error!r}): expected best, basis, "
                "doubts and references.",
                data=data,
                kind=kind.__name__,
                error=error,
            ) from error


def exactly(quantity: Quantity, basis: str = "declared", *references: str) -> Estimate:
    """Return a quantity as an estimate without doubts: it was declared so."""
    return _build(quantity, {}, basis, references)


def estimate_of(kind: type[Quantity]) -> Callable[[Mapping[str, Any]], Estimate]:
    """Return the function that reads an estimate of this kind back from a record."""
    return lambda data: Estimate.from_json(kind, data)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Return the sum of many estimates of one kind, each name moved in all of them together.

    Raises:
        InputError: If there is nothing to sum: the kind of an empty sum is unknown.
    """
    parts = list(estimates)
    if not parts:
        raise InputError("Nothing to sum: a total needs at least one estimate.")
    kind = parts[0].kind
    for part in parts:
        if part.kind is not kind:
            raise TypeError(f"{kind.__name__} + {part.kind.__name__} has no meaning.")
    whole = exact_sum([part.best.value for part in parts])
    best = fsum(whole)
    moved: dict[str, tuple[list[float], list[float]]] = {}
    for part in parts:
        for name, (low, high) in part.doubts.items():
            lows, highs = moved.setdefault(name, ([], []))
            lows += (low, -part.best.value)
            highs += (high, -part.best.value)
    moved.pop(CHANCE, None)
    ends = {
        name: (fsum([*whole, *lows]), fsum([*whole, *highs]))
        for name, (lows, highs) in moved.items()
    }
    moves = [_chance_moves(part) for part in parts if CHANCE in part.doubts]
    if moves:
        down = sqrt(fsum(move[0] * move[0] for move in moves))
        up = sqrt(fsum(move[1] * move[1] for move in moves))
        ends[CHANCE] = (best - down, best + up)
    references = [name for part in parts for name in part.references]
    return _build(kind(best), ends, weakest(*(part.basis for part in parts)), references)


def exact_sum(values: Sequence[float]) -> list[float]:
    """Return a few numbers whose sum is that of the values without any rounding.

    So that each doubt of a total is rounded as if all parts were summed anew, which would take a
    time that grows with the square of their number.
    """
    parts: list[float] = []
    rest = fsum(values)
    while rest != 0.0:  # exact: what is left after rounding, until nothing is
        parts.append(rest)
        rest = fsum([*values, *(-part for part in parts)])
    return parts


def weakest(*bases: str) -> str:
    """Return the weakest of the bases.

    Raises:
        InputError: If a basis is not one of `BASES`.
    """
    for basis in bases:
        if basis not in BASES:
            raise InputError(
                "{basis!r} is not a basis; known: {known}.", basis=basis, known=", ".join(BASES)
            )
    return max(bases, key=BASES.index)


def interval(best: float, doubts: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Return the central 90 % interval around ``best``.

    Each doubt's two ends bound its own central 90 %; doubts are independent of each other. Where
    best and all ends are positive the distances are ratios (logarithms), else differences. A
    doubt added within one of these two cases never narrows the interval.
    """
    pairs = list(doubts.values())
    bottoms = [min(best, *ends) for ends in pairs]
    tops = [max(best, *ends) for ends in pairs]
    if min([best, *bottoms]) > 0:
        down = sqrt(fsum(log(best / bottom) ** 2 for bottom in bottoms))
        up = sqrt(fsum(log(top / best) ** 2 for top in tops))
        return best * exp(-down), best * exp(up)
    down = sqrt(fsum((best - bottom) ** 2 for bottom in bottoms))
    up = sqrt(fsum((top - best) ** 2 for top in tops))
    return best - down, best + up


def _build(
    best: Quantity, ends: dict[str, tuple[float, float]], basis: str, references: Iterable[str]
) -> Estimate:
    estimate = Estimate.__new__(Estimate)
    _fill(estimate, best, ends, basis, references)
    return estimate


def _fill(
    estimate: Estimate,
    best: Quantity,
    ends: dict[str, tuple[float, float]],
    basis: str,
    references: Iterable[str],
) -> None:
    kind = type(best)
    kept = {
        name: (float(low), float(high))
        if isfinite(low) and isfinite(high)
        else (kind(low).value, kind(high).value)  # which refuses the one that is not
        for name, (low, high) in ends.items()
    }
    keep = object.__setattr__
    keep(estimate, "best", best)
    keep(estimate, "doubts", kept)
    keep(estimate, "basis", weakest(basis))
    keep(estimate, "references", tuple(dict.fromkeys(references)))
    keep(estimate, "_interval", interval(best.value, ends))


def _plus(x: float, y: float) -> float:
    return x + y


def _minus(x: float, y: float) -> float:
    return x - y


def _combine(
    left: Estimate,
    right: Estimate,
    kind: type[Quantity],
    f: Callable[[float, float], float],
    *,
    relative: bool,
) -> Estimate:
    """Evaluate ``f`` at best and at each end of each name in either operand."""
    x, y = left.best.value, right.best.value
    best = f(x, y)
    ends: dict[str, tuple[float, float]] = {}
    for name in sorted({*left.doubts, *right.doubts}):
        if name == CHANCE and left is not right:
            ends[name] = _chance(left, right, f, relative=relative)
            continue
        x_low, x_high = left.doubts.get(name, (x, x))
        y_low, y_high = right.doubts.get(name, (y, y))
        ends[name] = (f(x_low, y_low), f(x_high, y_high))
    return _build(
        kind(best),
        ends,
        weakest(left.basis, right.basis),
        (*left.references, *right.references),
    )


def _chance(
    left: Estimate, right: Estimate, f: Callable[[float, float], float], *, relative: bool
) -> tuple[float, float]:
    """Return the ends of the independent noise of both operands, in quadrature.

    A product adds the relative distances of its factors (as long as all values are positive), a
    sum the distances, so that regrouping changes neither.
    """
    x, y = left.best.value, right.best.value
    best = f(x, y)
    values = [f(end, y) for end in left.doubts.get(CHANCE, (x, x))]
    others = [f(x, end) for end in right.doubts.get(CHANCE, (y, y))]
    bottoms = (min(best, *values), min(best, *others))
    tops = (max(best, *values), max(best, *others))
    if relative and min(bottoms) > 0:
        down = sqrt(fsum((best / bottom - 1) ** 2 for bottom in bottoms))
        up = sqrt(fsum((top / best - 1) ** 2 for top in tops))
        return best / (1 + down), best * (1 + up)
    down = sqrt(fsum((best - bottom) ** 2 for bottom in bottoms))
    up = sqrt(fsum((top - best) ** 2 for top in tops))
    return best - down, best + up


def _chance_moves(estimate: Estimate) -> tuple[float, float]:
    low, high = estimate.doubts[CHANCE]
    best = estimate.best.value
    return best - min(best, low, high), max(best, low, high) - best


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
