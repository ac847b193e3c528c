"""Whether the fields of a record hold what they can.

A record that somebody changed decodes as long as its fields have the right names; a time that is
a list would only stop whoever computes with it. So each field is held to its own annotation.
"""

from __future__ import annotations

from math import isfinite

from brizna.check._rules import FORM, RECOMPUTED, failed
from brizna.core.errors import Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from brizna.check._verdict import Place, Verdict


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


READABLE = Said("a record that brizna can read")
UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What computing with a record that was changed by hand can end in."""
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "None": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "float": _is_number,
    "int": lambda value: _is_number(value) and float(value).is_integer(),
    "str": lambda value: isinstance(value, str),
    "tuple": lambda value: isinstance(value, (tuple, list)),
    "list": lambda value: isinstance(value, (tuple, list)),
    "dict": lambda value: isinstance(value, dict),
    "Mapping": lambda value: isinstance(value, dict),
    "Any": lambda _: True,
}


def misshapen(record: Record, place: Place) -> list[Verdict]:
    """Return a finding for each field of a record that holds what it cannot.

    Args:
        record: As it was decoded.
        place: Where it stands.
    """
    found: list[Verdict] = []
    for field, value in _wrong(record):
        seen = Said("{text!r:.60}", text=value)
        found.append(failed(FORM, place.replace(field=field), seen, READABLE))
    return found


def unreadable(place: Place, error: Exception) -> Verdict:
    """Return the verdict on a record whose fields fit and that no rule can compute with."""
    seen = Said("{error}", error=f"{type(error).__name__}: {error}")
    return failed(FORM, place, seen, READABLE)


def own_ends(data: Any, record: Record, place: Place) -> list[Verdict]:
    """Return a finding for each interval whose ends, which nothing reads back, are not its own.

    Args:
        data: The record as it is written.
        record: As it was decoded.
        place: Where it stands.
    """
    found: list[Verdict] = []
    for field in _other_ends(data, record.to_json(), ""):
        seen = Said("its interval is not the one that its doubts give")
        expected = Said("the same bytes as were stored")
        found.append(failed(RECOMPUTED, place.replace(field=field), seen, expected))
    return found


def _other_ends(data: Any, plain: Any, path: str) -> Iterator[str]:
    """Yield the paths of estimates that are written otherwise than they are computed."""
    if isinstance(data, dict) and isinstance(plain, dict):
        if "doubts" in data and data != plain:
            yield path
            return
        for name, one in data.items():  # pyright: ignore[reportUnknownVariableType]
            below = f"{path}.{name}" if path else f"{name}"
            yield from _other_ends(one, plain.get(name), below)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    elif isinstance(data, list) and isinstance(plain, list):
        for at, (one, other) in enumerate(zip(data, plain, strict=False)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _other_ends(one, other, f"{path}[{at}]")


def _wrong(record: Record, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields below a record, with their path, whose value does not fit."""
    kinds: dict[str, str] = {}
    for base in reversed(type(record).__mro__):
        kinds |= getattr(base, "__annotations__", {})
    for name in record.fields():
        yield from _unfit(getattr(record, name), kinds[name], f"{path}{name}")


def _unfit(value: Any, kind: str, path: str) -> Iterator[tuple[str, Any]]:
    fitting = [one for one in _parted(kind, "|") if _fits(value, one)]
    if not fitting:
        yield path, value
        return
    inner = _parted(fitting[0].partition("[")[2].removesuffix("]"), ",")
    if isinstance(value, Record):
        yield from _wrong(value, f"{path}.")
    elif isinstance(value, dict) and len(inner) == 2:
        for name, one in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _unfit(one, inner[1], f"{path}.{name}")
    elif isinstance(value, (tuple, list)) and inner:
        for at, one in enumerate(value):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _unfit(
                one, inner[at % len(inner)] if "..." not in inner else inner[0], f"{path}[{at}]"
            )


def _fits(value: Any, kind: str) -> bool:
    """Tell whether a value is of one kind; what it holds is not looked at."""
    test = _PLAIN.get(kind.partition("[")[0])
    if test is not None:
        return test(value)
    return type(value).__module__ != "builtins"  # of a class of ours: its own form made it


def _parted(kind: str, mark: str) -> list[str]:
    """Return the parts of an annotation between marks that stand in no brackets."""
    parts, depth = [""], 0
    for letter in kind:
        depth += (letter == "[") - (letter == "]")
        if letter == mark and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
