"""How many accelerators suit a goal: every count that may be had, and the one to take."""

from __future__ import annotations

from math import ceil, isfinite

from brizna.core.errors import InfeasibleError, InputError, Said
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Duration, Energy, Money, Power, Ratio
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.quantities import Quantity
    from brizna.plan._scaling import ScalingLaw

GOALS = ("energy", "fastest", "deadline", "money")

_BEYOND = 4
"""Counts are offered up to so many times the largest measured one."""


class ScalingGoal(Record):
    """What the count is chosen for.

    Attributes:
        name: One of `GOALS`: the least energy; the shortest time with at most ``within`` more
            energy than the least; the least energy that surely ends within ``deadline_s``; the
            least money.
        within: Share of the least energy that may be added.
        deadline_s: How long it may take.
        price_per_hour: Of one accelerator.
    """

    name: str = "energy"
    within: float = 0.1
    deadline_s: float | None = None
    price_per_hour: float | None = None

    def _check(self) -> None:
        if self.name not in GOALS:
            raise InputError(
                "{name!r} is no goal: expected one of {goals}.",
                name=self.name,
                goals=", ".join(GOALS),
            )
        for name in ("within", "deadline_s", "price_per_hour"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value >= 0):
                raise InputError(
                    "{name} is {value}: expected a number of 0 or more.", name=name, value=value
                )
        needed = {"deadline": "deadline_s", "money": "price_per_hour"}.get(self.name)
        if needed is not None and getattr(self, needed) is None:
            raise InputError(
                "The goal {goal} needs {needed}: give it too.", goal=self.name, needed=needed
            )


class ScalingOption(Record):
    """What the job comes to on one count of accelerators.

    Attributes:
        count: Accelerators.
        nodes: Machines that hold them.
        duration_s: How long it takes.
        efficiency: Speed-up over the fewest measured, as a share of the ideal.
        relative_energy: Energy over that of the fewest measured.
        energy_j: Its energy; None where no power was measured.
        power_w: Mean power of all accelerators; None where no power was measured.
        cost: Of the accelerators; None without a price.
    """

    count: int
    nodes: int
    duration_s: Estimate
    efficiency: Estimate
    relative_energy: Estimate
    energy_j: Estimate | None = None
    power_w: Estimate | None = None
    cost: Estimate | None = None

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "duration_s": estimate_of(Duration),
        "efficiency": estimate_of(Ratio),
        "relative_energy": estimate_of(Ratio),
        "energy_j": lambda data: _perhaps(Energy, data),
        "power_w": lambda data: _perhaps(Power, data),
        "cost": lambda data: _perhaps(Money, data),
    }


def _perhaps(kind: type[Quantity], data: Mapping[str, Any] | None) -> Estimate | None:
    return None if data is None else Estimate.from_json(kind, data)


def usual_counts(law: ScalingLaw) -> list[int]:
    """Return the counts that were measured, and doublings up to four times the largest."""
    counts = sorted({one.count for one in law.points})
    largest = counts[-1]
    while counts[-1] * 2 <= largest * _BEYOND:
        counts.append(counts[-1] * 2)
    return counts


def scaling_options(
    law: ScalingLaw, counts: Sequence[int], *, node_size: int, price_per_hour: float | None = None
) -> list[ScalingOption]:
    """Return what the job comes to on each count.

    Args:
        law: Of the job.
        counts: Accelerators.
        node_size: Accelerators that one machine holds.
        price_per_hour: Of one accelerator; no cost is told if None.
    """
    measured = {one.count: one.nodes for one in law.points}
    options: list[ScalingOption] = []
    for count in sorted(set(counts)):
        nodes = measured.get(count, ceil(count / node_size))
        cost = None
        if price_per_hour is not None:
            cost = law.cost(count, nodes, per_hour=price_per_hour)
        options.append(
            ScalingOption(
                count=count,
                nodes=nodes,
                duration_s=law.duration(count, nodes),
                efficiency=law.efficiency(count, nodes),
                relative_energy=law.relative_energy(count, nodes),
                energy_j=law.energy(count, nodes),
                power_w=law.power(count, nodes),
                cost=cost,
            )
        )
    return options


def recommend(options: Sequence[ScalingOption], goal: ScalingGoal) -> tuple[ScalingOption, str]:
    """Return the option that suits a goal, and why, as a sentence for a record.

    Among equals the fewest accelerators win.

    Raises:
        InfeasibleError: If none surely ends within the deadline.
    """
    if not options:
        raise InputError("There is no count to choose from: give at least one.")
    return _CHOICES[goal.name](options, goal)


def _energy(option: ScalingOption) -> float:
    return option.relative_energy.best.value


def _thriftiest(options: Sequence[ScalingOption], _goal: ScalingGoal) -> tuple[ScalingOption, str]:
    best = min(options, key=_energy)
    return best, str(
        Said("{count} accelerators use the least energy of these counts", count=best.count)
    )


def _fastest(options: Sequence[ScalingOption], goal: ScalingGoal) -> tuple[ScalingOption, str]:
    least = min(map(_energy, options))
    near = [one for one in options if _energy(one) <= least * (1 + goal.within)]
    best = min(near, key=lambda one: one.duration_s.best.value)
    said = Said(
        "{count} accelerators are the fastest that use at most {within} % more energy than the "
        "least",
        count=best.count,
        within=f"{100 * goal.within:g}",
    )
    return best, str(said)


def _in_time(options: Sequence[ScalingOption], goal: ScalingGoal) -> tuple[ScalingOption, str]:
    assert goal.deadline_s is not None
    sure = [one for one in options if one.duration_s.high.value <= goal.deadline_s]
    if not sure:
        fastest = min(options, key=lambda one: one.duration_s.high.value)
        raise InfeasibleError(
            "No count surely ends within {deadline} s: {count} accelerators, the fastest, take "
            "{low} to {high} s. Give more time, or more counts with --counts.",
            deadline=f"{goal.deadline_s:g}",
            count=fastest.count,
            low=f"{fastest.duration_s.low.value:.4g}",
            high=f"{fastest.duration_s.high.value:.4g}",
        )
    best = min(sure, key=_energy)
    said = Said(
        "{count} accelerators use the least energy of those whose 90 % interval ends in time",
        count=best.count,
    )
    return best, str(said)


def _cheapest(options: Sequence[ScalingOption], _goal: ScalingGoal) -> tuple[ScalingOption, str]:
    priced = [(one.cost.best.value, one) for one in options if one.cost is not None]
    if not priced:
        raise InputError("The goal money needs the price of an accelerator-hour: give it too.")
    best = min(priced, key=lambda pair: pair[0])[1]
    return best, str(Said("{count} accelerators cost the least of these counts", count=best.count))


_CHOICES: dict[str, Callable[[Any, ScalingGoal], tuple[ScalingOption, str]]] = {
    "energy": _thriftiest,
    "fastest": _fastest,
    "deadline": _in_time,
    "money": _cheapest,
}
