"""From one boundary to another, in steps that each name their factor.

Two figures of one prompt, 0.10 Wh and 0.24 Wh, differ by what they hold [1]. They compare only once
one of them is converted, and the conversion widens its interval by what the sources disagree.

====================  ==========================================================================
level                 what the energy holds
====================  ==========================================================================
``benchmark``         accelerators that are always busy
``accelerators``      accelerators as they serve, waiting included
``components``        with processors and memory: what meters inside a machine read
``node``              with power supplies, fans, board, drives: what the socket gives
``fleet``             with machines kept in reserve: all IT
``facility``          with cooling and the building's losses (PUE)
``life-cycle``        the facility's energy; its carbon with the making of the hardware
====================  ==========================================================================

References:
    [1] Elsworth et al., Measuring the environmental impact of delivering AI at Google Scale, 2025.
"""

from __future__ import annotations

from itertools import pairwise

from brizna.account._factors import ROOM, pue
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import estimate_of
from brizna.core.factors import Factor, factor, nearest
from brizna.core.quantities import Carbon, Energy, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import ClassVar

    from brizna.account._boundary import Bound
    from brizna.account._footprint import Footprint
    from brizna.core.estimate import Estimate

_FACILITY, _LIFE_CYCLE = "facility", "life-cycle"
_OF_IT = ("benchmark", "accelerators", "components", "node", "fleet")
LEVELS = (*_OF_IT, _FACILITY, _LIFE_CYCLE)
"""Boundaries from the narrowest to the widest."""
DECLARED_LEVELS = LEVELS[:-1]
"""Those that a case may say its energy has."""

_PARTS = {
    "benchmark": ("gpu",),
    "accelerators": ("gpu",),
    "components": ("gpu", "cpu", "memory"),
    "node": ("gpu", "cpu", "memory", "storage", "network", "host"),
}


class ConversionStep(Record):
    """One step between neighbouring boundaries.

    Attributes:
        before: One of `LEVELS`; ``after`` is its neighbour.
        factor: Id of the factor, or ``assumptions.pue``.
        ratio: What the energy was multiplied by, or divided by where the step is inwards.
        energy_j: After the step.
    """

    before: str
    after: str
    factor: str
    ratio: Estimate
    energy_j: Estimate

    _forms: ClassVar = {"ratio": estimate_of(Ratio), "energy_j": estimate_of(Energy)}


class Conversion(Record):
    """What a footprint comes to within another boundary.

    Attributes:
        subject_id: Id of the run, or name of the case.
        before: One of `LEVELS`: what its energy holds.
        after: One of `LEVELS`: what it was converted to.
        energy_before_j: As it was accounted for.
        energy_j: Within the other boundary.
        carbon_g: Of that energy by the place's intensity; with the making of the hardware for
            ``life-cycle``. None where either is not known, with ``reason``.
        steps: From one to the other; empty where they are the same.
        factors: The published numbers behind the steps.
        reason: Why the carbon is not known.
    """

    schema: ClassVar = "brizna.conversion/1"

    subject_id: str | None
    before: str
    after: str
    energy_before_j: Estimate
    energy_j: Estimate
    carbon_g: Estimate | None
    steps: tuple[ConversionStep, ...]
    factors: tuple[Factor, ...] = ()
    reason: str | None = None

    _forms: ClassVar = {
        "energy_before_j": estimate_of(Energy),
        "energy_j": estimate_of(Energy),
        "carbon_g": estimate_of(Carbon),
        "steps": each(ConversionStep.from_json),
        "factors": each(Factor.from_json),
    }


def check_level(level: str) -> str:
    """Return a level if it is one.

    Raises:
        InputError: If it is none; names the nearest.
    """
    if level not in LEVELS:
        raise InputError(
            "{level!r} is no boundary.{hint} From the narrowest to the widest: {known}.",
            level=level,
            hint=nearest(level, LEVELS),
            known=", ".join(LEVELS),
        )
    return level


def parts_of_level(level: str) -> dict[str, str]:
    """Return what energy of a level holds, by item of a boundary."""
    held = _PARTS.get(level, _PARTS["node"])
    states = {item: "in" if item in held else "out" for item in _PARTS["node"]}
    idle = {"benchmark": "out", "fleet": "in", _FACILITY: "in"}.get(level, "partly")
    return {**states, "idle": idle}


def level_of(bounds: Iterable[Bound]) -> str | None:
    """Return the level of a boundary; None where it does not say enough.

    A machine's own idle power does not make a fleet: only who declares the machines in reserve to
    be in has one.
    """
    found = {bound.item: bound for bound in bounds}
    holds = {item for item, bound in found.items() if bound.state in ("in", "partly")}
    idle = found.get("idle")
    if "host" in holds:
        has_reserve = idle is not None and (idle.state, idle.reason) == ("in", "declared")
        return "fleet" if has_reserve else "node"
    if holds & {"cpu", "memory"}:
        return "components"
    if "gpu" in holds:
        return "benchmark" if idle is not None and idle.state == "out" else "accelerators"
    return None


def convert(
    footprint: Footprint,
    level: str,
    *,
    use: Callable[[Factor], Estimate],
    before: str | None = None,
) -> Conversion:
    """Return what a footprint's energy and carbon come to within another boundary.

    Energies of declared storage and transfers are not converted: they are no part of the machine.

    Args:
        footprint: The footprint.
        level: One of `LEVELS`.
        use: What turns a shipped factor into the estimate in force, and lists it.
        before: What its energy holds, where it was declared; as its boundary says if None.

    Raises:
        InputError: If the level is none.
        CoverageError: If what the energy holds, or the energy, is not known.
    """
    check_level(level)
    before = before or level_of(footprint.boundary)
    energy = footprint.energy_j
    if before is None or energy is None:
        raise CoverageError(
            "What the energy of {subject} holds is not known, so it has no other boundary: declare "
            'it, such as "boundary": "node", or measure again.',
            subject=footprint.subject_id or "-",
        )
    steps: list[ConversionStep] = []
    for one, other in _way(before, level):
        step = _step(footprint, one, other, energy, use)
        energy = step.energy_j
        steps.append(step)
    carbon, reason = _carbon(footprint, level, energy)
    return Conversion(
        subject_id=footprint.subject_id,
        before=before,
        after=level,
        energy_before_j=footprint.energy_j or energy,
        energy_j=energy,
        carbon_g=carbon,
        steps=tuple(steps),
        reason=reason,
    )


def _way(before: str, after: str) -> Sequence[tuple[str, str]]:
    """Return the neighbouring levels from one to the other; making hardware takes no energy."""
    first, last = (min(LEVELS.index(one), len(LEVELS) - 2) for one in (before, after))
    inner, outer = sorted((first, last))
    way = list(pairwise(LEVELS[inner : outer + 1]))
    return way if first <= last else [(other, one) for one, other in reversed(way)]


def _step(
    footprint: Footprint,
    before: str,
    after: str,
    energy: Estimate,
    use: Callable[[Factor], Estimate],
) -> ConversionStep:
    outwards = LEVELS.index(before) < LEVELS.index(after)
    inner, outer = (before, after) if outwards else (after, before)
    if outer == _FACILITY:
        own = footprint.assumptions.pue
        is_within = not outwards  # the energy holds the facility: its PUE was not declared apart
        name, ratio = ("pue/default", use(pue())) if is_within else ("assumptions.pue", own)
    else:
        name = f"boundary/{inner}-{outer}"
        ratio = use(factor(ROOM, "boundary", name))
    return ConversionStep(
        before=before,
        after=after,
        factor=name,
        ratio=ratio,
        energy_j=energy * ratio if outwards else energy / ratio,
    )


def _carbon(
    footprint: Footprint, level: str, energy: Estimate
) -> tuple[Estimate | None, str | None]:
    """Return the carbon of an energy, or why it is not known."""
    assumptions = footprint.assumptions
    intensity = assumptions.intensity_g_per_kwh
    if intensity is None:
        return None, assumptions.reasons.get("intensity_g_per_kwh")
    operational = energy * intensity
    if level != _LIFE_CYCLE:
        return operational, None
    if footprint.carbon_embodied_g is None:
        return None, footprint.reasons.get("carbon_embodied_g")
    return operational + footprint.carbon_embodied_g, None
