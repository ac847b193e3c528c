"""Numbers in the answers of devices: whole microjoules, watts, or a refusal."""

from __future__ import annotations

from decimal import Decimal

from brizna.core.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_UJ = {"J": 10**6, "Wh": 3600 * 10**6, "kWh": 3600 * 10**9}
"""Microjoules in each unit in which devices count energy."""


def number(value: Any) -> float:
    """Return a number of JSON.

    Raises:
        UnavailableError: If it is none.
    """
    return float(_decimal(value))


def counted(value: Any, unit: str) -> int:
    """Return an energy counter in microjoules.

    Args:
        value: A number of JSON, read as an integer or a Decimal.
        unit: ``J``, ``Wh`` or ``kWh``.

    Raises:
        UnavailableError: If it is no number.
    """
    return int(_decimal(value) * _UJ[unit])


def part(answer: Any, *path: str | int) -> Any:
    """Return what stands in an answer at a path of names and places.

    Raises:
        UnavailableError: If there is nothing; says where.
    """
    for name in path:
        try:
            answer = answer[name]
        except (LookupError, TypeError) as error:
            raise UnavailableError("its answer lacks {name}", name=name) from error
    return answer


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise UnavailableError("it says {value!r:.40}, where a number was expected", value=value)
    return Decimal(value)
