"""How far two figures lie apart, and whether another unit explains it."""

from __future__ import annotations

from math import log

from brizna.core.factors import factor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

J_PER_KWH = 3.6e6
_SIZES: Mapping[str, Mapping[str, float]] = {
    "energy": {"kWh": 3.6e6, "Wh": 3.6e3, "J": 1.0, "MWh": 3.6e9, "kJ": 1e3, "MJ": 1e6},
    "carbon": {"g": 1.0, "kg": 1e3, "t": 1e6, "mg": 1e-3},
    "time": {"s": 1.0, "h": 3600.0, "min": 60.0, "ms": 1e-3},
    "intensity": {"g/kWh": 1.0, "kg/kWh": 1e3, "kg/MWh": 1.0, "g/MWh": 1e-3},
}
"""The units that people write instead of another, with their size in the base unit."""


_RARE = ("kJ", "MJ")
"""Units of energy in which hardly anybody writes it."""


def limit(name: str) -> float:
    """Return a limit of the table, by its name."""
    return factor("brizna.check", "limits", f"limit/{name}").value


def other_unit(
    kind: str, unit: str, low: float, high: float | None = None, *, rare: bool = False
) -> tuple[str, float] | None:
    """Return the unit in which a figure must have been written, and by how much it is too high.

    The ratio of what is written to what is expected lies between two ends; where several units
    explain it, the one nearest to its middle is returned.

    Args:
        kind: ``energy``, ``carbon``, ``time`` or ``intensity``.
        unit: The unit of the field.
        low: The least that the ratio can be; above 0.
        high: The most; as ``low`` if None.
        rare: Whether kJ and MJ are thought of too, where no other unit explains the ratio.
    """
    high = low if high is None else high
    slack = 1 + limit("rounding")
    sizes = _SIZES[kind]
    ratios = {other: sizes[unit] / size for other, size in sizes.items() if size != sizes[unit]}
    near = {o: ratio for o, ratio in ratios.items() if low / slack <= ratio <= high * slack}
    common = {o: ratio for o, ratio in near.items() if o not in _RARE}
    near = common or (near if rare else common)
    if not near:
        return None
    middle = (log(low) + log(high)) / 2
    found = min(near, key=lambda other: abs(log(near[other]) - middle))
    return found, near[found]


def agree(one: float, other: float, *, within: float | None = None) -> bool:
    """Tell whether two figures are the same but for rounding, or within a ratio.

    Args:
        one: Above 0, and so is the other.
        other: The other.
        within: A ratio above 1; one plus the limit of rounding if None.
    """
    most = 1 + limit("rounding") if within is None else within
    return 1 / most <= one / other <= most
