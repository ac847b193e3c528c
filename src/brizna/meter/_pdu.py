"""Power at the wall: plugs and power distribution units, each family in a file of its own.

A family says what to ask for some outlets and how to read the answers; asking is the same for all.
"""

from __future__ import annotations

from importlib import import_module

from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from brizna.meter._http import JsonDevice
    from brizna.meter._remote import Answer

FAMILIES = ("shelly", "netio", "gude")
EVERY_S = 1.0
ACCURACY = "pdu"


class PduDevice:
    """Some outlets of one unit, which feed this machine: their powers are summed."""

    def __init__(self, family: str, http: JsonDevice, *, outlets: tuple[int, ...] = ()) -> None:
        """Take which outlets feed the machine; the family's first if none are named.

        Raises:
            InputError: If there is no such family.
        """
        self._family = _family(family)
        self._http = http
        self._outlets: tuple[int, ...] = outlets or self._family.OUTLETS
        self._pages: tuple[str, ...] = self._family.pages(self._outlets)

    def ask(self) -> Answer:
        """Return the power of the outlets, and their energy where it is counted finely.

        Raises:
            UnavailableError: If the unit cannot be reached, refuses, or answers something else.
        """
        answers: tuple[dict[str, Any], ...] = tuple(self._http.get(page) for page in self._pages)
        return self._family.read(answers, self._outlets)

    def interrupt(self) -> None:
        """End a question that is being asked."""
        self._http.interrupt()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def _family(name: str) -> ModuleType:
    if name not in FAMILIES:
        from brizna.core.factors import nearest

        raise InputError(
            "{name!r} is not a family of plugs that brizna knows.{hint} Known: {known}.",
            name=name,
            hint=nearest(name, FAMILIES),
            known=", ".join(FAMILIES),
        )
    return import_module(f"brizna.meter._pdu_{name}")
