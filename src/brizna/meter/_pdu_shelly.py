"""Plugs and relays of Shelly, second generation and later, over their local HTTP API.

``GET /rpc/Switch.GetStatus?id=N`` (shelly-api-docs.shelly.cloud, Gen2, component Switch, read
2026-11): ``apower`` in watts, ``aenergy.total`` in watt-hours with three decimals. ``PM1`` and
``EM1`` are asked in the same way; ``EM1`` names its power ``act_power`` and tells no energy.
"""

from __future__ import annotations

from brizna.meter._quantity import counted, number, part
from brizna.meter._remote import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTLETS = (0,)
"""Asked where no outlet is named; they are counted from 0."""


def pages(outlets: tuple[int, ...]) -> tuple[str, ...]:
    """Return what to ask for these outlets."""
    return tuple(f"/rpc/Switch.GetStatus?id={outlet}" for outlet in outlets)


def read(answers: tuple[dict[str, Any], ...], outlets: tuple[int, ...]) -> Answer:
    """Return the power and the energy of all these outlets together."""
    del outlets
    power_w = sum(number(part(answer, "apower")) for answer in answers)
    if not all("aenergy" in answer for answer in answers):
        return Answer(power_w=power_w)
    energy_uj = sum(counted(part(answer, "aenergy", "total"), "Wh") for answer in answers)
    return Answer(power_w=power_w, energy_uj=energy_uj)
