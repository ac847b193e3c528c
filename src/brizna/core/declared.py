"""Facts of a declared case: numbers with their unit in the name of the field."""

from __future__ import annotations

from math import isfinite

from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.factors import nearest
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.quantities import Quantity

    Facts = Mapping[str, tuple[type[Quantity], str, str]]
    """Field of a case: as which quantity and in which unit it is read, and what it may be."""

ANY, POSITIVE, SHARE = "any", "positive", "share"
"""What a number may be: 0 or more, more than 0, in [0, 1]."""


class CaseInput(Record):
    """A number that an answer was computed from.

    Attributes:
        option: The way or the chip that it is a fact of.
        field: What it is.
        low: The low end of its interval; ``best`` and ``high`` the other two.
        unit: Of the three.
        factor: The id of the factor; None where it was declared.
        source: Who says so.
        year: Of what year it is; None where the source does not say.
    """

    option: str
    field: str
    low: float
    best: float
    high: float
    unit: str
    factor: str | None
    source: str
    year: int | None


def read_fact(where: str, field: str, value: Any, facts: Facts) -> Estimate:
    """Return a declared number, or ``[low, best, high]``, as an estimate.

    Its doubt has the name ``declared:<where>/<field>``: a fact that several options share, because
    it was declared for all of them, is one unknown.

    Args:
        where: What it is a fact of.
        field: One of ``facts``.
        value: As it was given.
        facts: What the case may hold.

    Raises:
        InputError: If it is no number or three, or one that cannot be.
    """
    kind, unit, rule = facts[field]
    numbers = _numbers(value)
    if not numbers or numbers != sorted(numbers) or numbers[0] < 0:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected a number of 0 or more, or [low, best, "
            "high] from small to large.",
            where=where,
            field=field,
            value=value,
        )
    if rule == POSITIVE and not numbers[0] > 0:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected more than 0.",
            where=where,
            field=field,
            value=value,
        )
    if rule == SHARE and numbers[-1] > 1:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected a share in [0, 1].",
            where=where,
            field=field,
            value=value,
        )
    best = exactly(kind.of(numbers[len(numbers) // 2], unit))
    if numbers[0] == numbers[-1]:
        return best
    name = f"declared:{where}/{field}"
    return best.doubted(name, kind.of(numbers[0], unit), kind.of(numbers[-1], unit))


def read_number(where: str, given: Mapping[str, Any], field: str, default: float) -> float:
    """Return an exact number of an object, above 0.

    Raises:
        InputError: If it is none.
    """
    value = given.get(field, default)
    numbers = _numbers(value)
    if len(numbers) != 1 or not numbers[0] > 0:
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected more than 0.",
            where=where,
            field=field,
            value=value,
        )
    return numbers[0]


def read_text(where: str, given: Mapping[str, Any], field: str) -> str | None:
    """Return a text of an object; None if it has none.

    Raises:
        InputError: If it is no text.
    """
    value = given.get(field)
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise InputError(
            "{where}: {field} is {value!r:.80}: expected a text.",
            where=where,
            field=field,
            value=value,
        )
    return value


def read_objects(given: Mapping[str, Any], field: str, least: int) -> list[dict[str, Any]]:
    """Return the objects in a list of an object, each with a name of its own.

    Raises:
        InputError: If there are fewer, or two have one name.
    """
    found: Any = given.get(field)
    objects: list[Any] = found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]
    names: list[Any] = [one.get("name") if hasattr(one, "items") else None for one in objects]
    texts = [name for name in names if isinstance(name, str) and name.strip()]
    if len(texts) < max(least, len(objects)) or len(set(texts)) < len(texts):
        raise InputError(
            "The case has {field} with the names {names}: expected {least} or more, each with a "
            "name of its own, as in [[{field}]] and name = ...",
            field=field,
            names=", ".join(map(repr, texts)) or "-",
            least=least,
        )
    return objects


def must_know(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Check that an object has known fields alone.

    Raises:
        InputError: If it has another one; names the nearest.
    """
    names = tuple(known)
    for name in given:
        if name not in names:
            raise InputError(
                "{where} has a field {field!r} that brizna does not know.{hint} Known: {known}.",
                where=where,
                field=name,
                hint=nearest(name, names),
                known=", ".join(sorted(names)),
            )


def _numbers(value: Any) -> list[float]:
    """Return the one or three numbers that a value is, or none."""
    parts: list[Any] = [*value] if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    numbers = [
        float(part)
        for part in parts
        if isinstance(part, (int, float)) and not isinstance(part, bool) and isfinite(part)
    ]
    return numbers if len(numbers) == len(parts) and len(parts) in (1, 3) else []
