"""What making a machine emitted: as it is named, as its parts add up, or as nobody knows."""

from __future__ import annotations

from math import isfinite

from brizna.account import (
    ServerParts,
    embodied,
    embodied_of_device,
    embodied_parts,
    read_server,
)
from brizna.core._tables import load, positions
from brizna.core.errors import InputError
from brizna.core.estimate import exactly, total
from brizna.core.factors import nearest
from brizna.core.quantities import Carbon

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.factors import Factor

_ROOM, _TABLE = "brizna.account", "embodied"
_WHOLE = ("server", "cloud instance", "default")
"""Kinds of items of the table that are machines."""
_WITH_CARDS = ("cloud instance",)
"""Those that hold their graphics cards."""


def making(
    machine: Mapping[str, Any], named: str | None, use: Callable[[Factor], Estimate]
) -> Estimate:
    """Return the carbon of making a machine with its graphics cards.

    Args:
        machine: What was found of it: ``sockets``, ``memory_gb``, ``gpus`` ...
        named: What somebody says that it is: an item of table ``embodied``, kilograms such as
            ``1300kg`` (cards in it), ``server`` with or without its parts; None if nobody does.
        use: What turns a shipped factor into the estimate in force, and lists it.

    Raises:
        InputError: If nothing is known of such a machine.
    """
    cards = [use(embodied_of_device(name or "")) for name in machine.get("gpus") or ()]
    if named is None:
        return total([use(embodied()), *cards])
    if _is_server(named):
        parts = embodied_parts(read_server(named, _found(machine)), use)
        return total([*parts.values(), *cards])
    declared = _kilograms(named)
    if declared is not None:
        return declared
    item = _item(named)
    whole = use(embodied(item))
    row = load(_ROOM, _TABLE).rows[positions(_ROOM, _TABLE)[f"embodied/{item}"][0]]
    return whole if row["kind"] in _WITH_CARDS else total([whole, *cards])


def check_machine(named: str) -> None:
    """Refuse the name of a machine of which nothing is known.

    Raises:
        InputError: If it is no item of the table, no weight and no server.
    """
    if _is_server(named):
        read_server(named, ServerParts())
    elif _kilograms(named) is None:
        _item(named)


def machines() -> list[str]:
    """Return the names of the machines in the table."""
    found = {row["id"]: None for row in load(_ROOM, _TABLE).rows if row["kind"] in _WHOLE}
    return [name.removeprefix("embodied/") for name in found]


def _is_server(named: str) -> bool:
    return named.partition(":")[0] == "server"


def _found(machine: Mapping[str, Any]) -> ServerParts:
    """Return the parts of a server as far as the machine itself tells them."""
    cores = machine.get("cores")
    return ServerParts(
        cpus=machine.get("sockets") or ServerParts().cpus,
        cores=cores,
        memory_gb=machine.get("memory_gb") or 0.0,
    )


def _kilograms(named: str) -> Estimate | None:
    number = named.removesuffix("kg").strip()
    if number == named:
        return None
    try:
        value = float(number)
    except ValueError:
        return None
    if not (isfinite(value) and value > 0):
        raise InputError(
            "The machine is {named!r}: expected its kilograms as a number above 0, such as 1300kg. "
            "Nothing is made without any.",
            named=named,
        )
    return exactly(Carbon.of(value, "kg"), "declared", "declared:machine")


def _item(named: str) -> str:
    name = named.removeprefix("embodied/")
    if name in machines():
        return name
    raise InputError(
        "{named!r} is no machine of the tables.{hint} Name one (brizna factors list embodied), its "
        "kilograms, such as 1300kg, or its parts, such as server:cpus=2,memory_gb=384,ssd_gb=960.",
        named=named,
        hint=nearest(name, machines()),
    )
