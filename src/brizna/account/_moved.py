"""Which figures of a footprint move under other factors, and what moved them.

A figure moves because some assumptions moved: the intensity, the PUE, the making of the hardware.
Their parts in the change are Shapley's: the mean, over every order in which the assumptions could
be put in one after the other, of what each changes as it comes. The parts sum to the change, an
assumption that changes nothing has none, and no order is preferred [1].

References:
    [1] Shapley, A value for n-person games, in Contributions to the Theory of Games II, 1953.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial, fsum

from brizna.account._assumptions import ESTIMATED
from brizna.account._explain import BESIDE
from brizna.account._footprint import Footprint, account
from brizna.account._sets import Difference
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import ClassVar

    from brizna.account._assumptions import Assumptions
    from brizna.account._footprint import Subject
    from brizna.core.estimate import Estimate

MOVING = (
    *("facility_energy_j", "carbon_operational_g", "carbon_embodied_g", "carbon_g"),
    *("water_l", "cost", "sci_g_per_unit"),
    *BESIDE,
)
"""The figures that rest on assumptions."""


class Part(Record):
    """What one assumption did to a figure.

    Attributes:
        assumption: A field of the assumptions, such as ``intensity_g_per_kwh``.
        change: Its part in the change of the figure's best value, in the figure's unit.
        before: Its best value before, in its own unit; ``after`` the same after.
    """

    assumption: str
    change: float
    before: float
    after: float


class Moved(Record):
    """A figure that is not what it was.

    Attributes:
        figure: A field of the footprint.
        before: Its best value before, None where it was unknown; ``after`` the same after.
        parts: What moved it, the largest first; empty where one of the two is unknown, or where
            only the interval moved.
    """

    figure: str
    before: float | None
    after: float | None
    parts: tuple[Part, ...]

    _forms: ClassVar = {"parts": each(Part.from_json)}


class Reaccount(Record):
    """A stored footprint beside the same run's under other factors.

    Attributes:
        run: The run's id.
        as_of: The day that the factors are of; None for that of the run.
        before: The stored footprint.
        after: The footprint under the other factors; it is not stored.
        moved: The figures that differ, with what moved them.
        factors: The factors that differ.
    """

    schema: ClassVar = "brizna.reaccount/1"

    run: str
    as_of: str | None
    before: Footprint
    after: Footprint
    moved: tuple[Moved, ...]
    factors: tuple[Difference, ...]

    _forms: ClassVar = {
        "before": Footprint.from_json,
        "after": Footprint.from_json,
        "moved": each(Moved.from_json),
        "factors": each(Difference.from_json),
    }


def moved(subject: Subject, before: Assumptions, after: Assumptions) -> list[Moved]:
    """Return the figures that differ between two sets of assumptions about one subject."""
    first, last = account(subject, before), account(subject, after)
    names = [name for name in ESTIMATED if getattr(before, name) != getattr(after, name)]
    mixed = {
        chosen: account(subject, before.replace(**{name: getattr(after, name) for name in chosen}))
        for size in range(len(names) + 1)
        for chosen in combinations(names, size)
    }
    return [
        Moved(
            figure=figure,
            before=_best(first, figure),
            after=_best(last, figure),
            parts=_parts(figure, mixed, names, (before, after)),
        )
        for figure in MOVING
        if getattr(first, figure) != getattr(last, figure)
    ]


def _parts(
    figure: str,
    mixed: dict[tuple[str, ...], Footprint],
    names: list[str],
    ends: tuple[Assumptions, Assumptions],
) -> tuple[Part, ...]:
    values = {chosen: _best(footprint, figure) for chosen, footprint in mixed.items()}
    if any(value is None for value in values.values()):
        return ()
    known = {chosen: value for chosen, value in values.items() if value is not None}
    parts = [
        Part(
            assumption=name,
            change=change,
            before=_value(getattr(ends[0], name)),
            after=_value(getattr(ends[1], name)),
        )
        for name in names
        if (change := _shapley(name, names, known))
    ]
    return tuple(sorted(parts, key=lambda part: -abs(part.change)))


def _shapley(name: str, names: list[str], values: dict[tuple[str, ...], float]) -> float:
    others = [other for other in names if other != name]
    return fsum(
        factorial(size)
        * factorial(len(others) - size)
        / factorial(len(names))
        * (values[_in_order((*chosen, name), names)] - values[chosen])
        for size in range(len(others) + 1)
        for chosen in combinations(others, size)
    )


def _in_order(chosen: Iterable[str], names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(chosen, key=names.index))


def _best(footprint: Footprint, figure: str) -> float | None:
    value: Estimate | None = getattr(footprint, figure)
    return None if value is None else value.best.value


def _value(estimate: Estimate) -> float:
    return estimate.best.value
