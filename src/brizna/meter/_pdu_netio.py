"""Power sockets and power distribution units of NETIO, over their JSON interface.

``GET /netio.json`` (wiki.netio-products.com, JSON API; protocol 2.x, read 2026-11): for each entry
of ``Outputs`` its ``ID`` and its ``Load`` in watts. ``Energy`` is counted in whole watt-hours, in
which a short run is lost, so the power is read.
"""

from __future__ import annotations

from brizna.core.errors import UnavailableError
from brizna.meter._quantity import number, part
from brizna.meter._remote import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTLETS = (1,)
"""Asked where no outlet is named; they are counted from 1."""


def pages(outlets: tuple[int, ...]) -> tuple[str, ...]:
    """Return what to ask: one page tells of all outlets."""
    del outlets
    return ("/netio.json",)


def read(answers: tuple[dict[str, Any], ...], outlets: tuple[int, ...]) -> Answer:
    """Return the power of these outlets together."""
    loads = {part(output, "ID"): output.get("Load") for output in part(answers[0], "Outputs")}
    missing = [outlet for outlet in outlets if outlet not in loads]
    if missing:
        raise UnavailableError("it has no outlet {number}", number=missing[0])
    return Answer(power_w=sum(number(loads[outlet]) for outlet in outlets))
