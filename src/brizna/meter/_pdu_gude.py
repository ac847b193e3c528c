"""Power distribution units of Gude, over their JSON status page.

``GET /status.json?components=81920`` (Gude, HTTP interface of Expert Power Control; 0x4000 are the
values of sensors and 0x10000 their descriptions; read 2026-11): ``sensor_descr`` names the fields
of each group of sensors with their units, ``sensor_values`` holds one row for each sensor. The
active power of a port is the field in ``W``. Energy is counted in whole watt-hours, in which a
short run is lost, so the power is read.
"""

from __future__ import annotations

from brizna.core.errors import UnavailableError
from brizna.meter._quantity import number, part
from brizna.meter._remote import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

OUTLETS = (1,)
"""Asked where no outlet is named: the metered lines, counted from 1."""


def pages(outlets: tuple[int, ...]) -> tuple[str, ...]:
    """Return what to ask: one page tells of all lines."""
    del outlets
    return ("/status.json?components=81920",)


def read(answers: tuple[dict[str, Any], ...], outlets: tuple[int, ...]) -> Answer:
    """Return the power of these lines together."""
    powers = list(_powers(answers[0]))
    missing = [outlet for outlet in outlets if not 1 <= outlet <= len(powers)]
    if missing:
        raise UnavailableError("it has no line {number} that tells W", number=missing[0])
    return Answer(power_w=sum(number(powers[outlet - 1]) for outlet in outlets))


def _powers(answer: dict[str, Any]) -> Iterator[Any]:
    """Yield what each sensor with a field in watts says there."""
    rows_of = {
        part(group, "type"): part(group, "values") for group in part(answer, "sensor_values")
    }
    for described in part(answer, "sensor_descr"):
        units = [field.get("unit") for field in part(described, "fields")]
        if "W" in units:
            for row in rows_of.get(part(described, "type"), ()):
                yield part(row, units.index("W"), "v")
