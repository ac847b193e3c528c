"""What a study found, as a record: a row for each variant, the front, and what to take."""

from __future__ import annotations

from math import hypot

from brizna.check import Guard
from brizna.core.estimate import CHANCE, Estimate, estimate_of, exactly
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.core.records import Record, each
from brizna.core.trials import front
from brizna.improve._arms import PER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.improve._arms import Arm
    from brizna.improve._machine import Machine
    from brizna.improve._race import Race
    from brizna.improve._search import Search
    from brizna.improve._study import Study
    from brizna.improve._workshop import Workshop

MEASURED, DROPPED, FAILED, DECLINED = "measured", "dropped", "failed", "declined"
"""States of a row: still in the race at its end, out of it, not working, not built."""


class Row(Record):
    """One variant, or a composition that failed or was declined.

    Attributes:
        name: What it is called.
        state: One of the states above.
        why: Why it is out, or not there; None where it is neither.
        steps: The steps that make its model. ``serving``: how it is run.
        kind: Form of its model. ``precision``: of its weights; ``size_bytes``: of its files.
        trials: How often it was tried.
        ratio: Its cost as a part of the base's, compared within blocks; None where unknown. In
            JSON its ``low`` and ``high`` are null where one trial tells it, and so its scatter is
            not known; likewise of ``cpu_s`` and ``energy_j``.
        cpu_s: Processor seconds for a thousand inferences. ``energy_j``: joules for them, where
            they were measured or modelled.
        latency_s: Median wall time of a request. ``latency_p95_s``: the same for all but 5 %.
        quality: What the items that choose say. ``confirmed``: what the others say. ``verdict``:
            the last word of both.
        cost_s: Processor seconds that its steps took. ``cost_j``: joules, where known.
        break_even: Inferences after which its steps have paid, against the base, by the ratio of
            their processor time within blocks; None where they never do. ``break_even_ends``: at
            both ends of that ratio, the second None where they may never; None where its scatter
            is not known.
        break_even_lossless: Against the best variant that changes nothing.
            ``break_even_lossless_ends``: likewise.
        is_lossless: Whether all of its steps are meant to change nothing that counts.
        is_on_front: Whether no other is both cheaper and better.
        used: What the runtime really used: precision, threads, version.
        hit_share: Share of requests that were answered from memory; None without a cache.
    """

    name: str
    state: str
    why: str | None = None
    steps: tuple[Any, ...] = ()
    serving: dict[str, Any] | None = None
    kind: str | None = None
    precision: str | None = None
    size_bytes: int | None = None
    trials: int = 0
    ratio: Estimate | None = None
    cpu_s: Estimate | None = None
    energy_j: Estimate | None = None
    latency_s: float | None = None
    latency_p95_s: float | None = None
    quality: Guard | None = None
    confirmed: Guard | None = None
    verdict: str | None = None
    cost_s: float | None = None
    cost_j: Estimate | None = None
    break_even: float | None = None
    break_even_ends: tuple[float | None, ...] | None = None
    break_even_lossless: float | None = None
    break_even_lossless_ends: tuple[float | None, ...] | None = None
    is_lossless: bool = False
    is_on_front: bool = False
    used: dict[str, Any] | None = None
    hit_share: float | None = None

    _forms: ClassVar = {
        "steps": tuple,
        "ratio": estimate_of(Ratio),
        "cpu_s": estimate_of(Duration),
        "energy_j": estimate_of(Energy),
        "cost_j": estimate_of(Energy),
        "quality": Guard.from_json,
        "confirmed": Guard.from_json,
        "break_even_ends": tuple,
        "break_even_lossless_ends": tuple,
    }

    def to_json(self) -> dict[str, Any]:
        """Return the row's JSON value, in which what one trial tells has no interval."""
        data = super().to_json()
        for name in ("ratio", "cpu_s", "energy_j"):
            told: Estimate | None = getattr(self, name)
            if told is not None and CHANCE not in told.doubts:
                data[name] = {**data[name], "low": None, "high": None}
        return data


class Improvement(Record):
    """What a study found.

    Attributes:
        study: What was to be done. ``key``: its name in the workshop.
        machine: What it was found on.
        is_proxy: Whether costs are processor seconds, as no counter told joules.
        base: Name of the row of the model as it came. ``base_quality``: its quality.
        rows: The variants, the cheapest first, then what failed and what was declined.
        chosen: The cheapest that passes and is confirmed; None if there is none.
        knee: The row of the front after which more quality costs most.
        lossless: The best row that changes nothing and passes; what breaks even is held against.
        spent_s: Processor seconds of the whole study. ``spent_j``: joules, where known.
        notes: What else to know, in sentences.
        yearly: What the choice comes to in a year, beside the base, as accounted for; None where
            no volume was given, or no energy is known.
        built: Folders of the models, by name of the row, in the workshop.
        artefact: Folder of the chosen model with its loader, which was loaded and scored again.
    """

    schema: ClassVar = "brizna.improvement/1"

    study: dict[str, Any]
    key: str
    machine: dict[str, Any]
    is_proxy: bool
    base: str
    base_quality: float | None
    rows: tuple[Row, ...]
    chosen: str | None
    knee: str | None
    lossless: str | None
    spent_s: float
    spent_j: Estimate | None
    notes: tuple[str, ...] = ()
    yearly: dict[str, Any] | None = None
    built: dict[str, str] = {}
    artefact: str | None = None

    _forms: ClassVar = {
        "rows": each(Row.from_json),
        "spent_j": estimate_of(Energy),
        "notes": tuple,
    }

    def row(self, name: str) -> Row:
        """Return the row of a name."""
        return next(row for row in self.rows if row.name == name)


def outcome_of(
    search: Search, study: Study, workshop: Workshop, machine: Machine, *, key: str
) -> Improvement:
    """Return what a search found.

    Args:
        search: That has run.
        study: What was to be done.
        workshop: Where.
        machine: On what.
        key: Name of the study.
    """
    race = search.race
    arms = sorted(race.arms.values(), key=_order(search))
    kept = {arm.name for arm in arms if arm.is_running}
    base_quality, qualities = _qualities(search)
    points = {
        arm.name: (ratio, -qualities[arm.name])
        for arm in arms
        if arm.name in kept and arm.name in qualities and (ratio := race.ratio(arm)) is not None
    }
    on_front = front(points)
    lossless = _best_lossless(search, arms)
    rows = [
        _row(search, workshop, arm, lossless).replace(is_on_front=arm.name in on_front)
        for arm in arms
    ]
    rows += [
        Row(name=one.name, state=FAILED, why=one.why, cost_s=one.cpu_s)
        for one in search.graph.failed
    ]
    rows += [
        Row(name=f"{one.model} + {one.step}", state=DECLINED, why=one.why)
        for one in search.graph.declined.values()
    ]
    return Improvement(
        study=study.to_json(),
        key=key,
        machine=machine.to_json(),
        is_proxy=not race.by_energy,
        base=race.base.name,
        base_quality=base_quality,
        rows=tuple(rows),
        chosen=None if search.chosen is None else search.chosen.name,
        knee=knee({name: points[name] for name in on_front}),
        lossless=None if lossless is None else lossless.name,
        spent_s=workshop.spent_s,
        spent_j=workshop.spent_j,
        notes=tuple(search.notes),
        built={arm.name: arm.model.folder for arm in arms},
    )


def knee(points: Mapping[str, tuple[float, float]]) -> str | None:
    """Return the point of a front that lies farthest below the line between its ends.

    Args:
        points: By name, two figures of which less is better; none beaten by another.

    Returns:
        None for fewer than three points: there is no bend.
    """
    if len(points) < 3:
        return None
    ordered = sorted(points.items(), key=lambda one: one[1])
    (left, high), (right, low) = ordered[0][1], ordered[-1][1]
    wide, tall = right - left, high - low
    if wide <= 0 or tall <= 0:
        return None

    def below(point: tuple[float, float]) -> float:
        across, up = (point[0] - left) / wide, (point[1] - low) / tall
        return (1 - across - up) / hypot(1, 1)

    name, point = max(ordered[1:-1], key=lambda one: below(one[1]))
    return name if below(point) > 0 else None


def break_even(cost: float, *, before: float | None, after: float | None) -> float | None:
    """Return after how many inferences a cost has been saved; None where it never is.

    Args:
        cost: Of the change, once.
        before: Of a thousand inferences without it, in the same unit.
        after: Of a thousand inferences with it.
    """
    if before is None or after is None or after >= before:
        return None
    return cost / (before - after) * PER


def _order(search: Search) -> Any:
    def order(arm: Arm) -> tuple[bool, float]:
        ratio = search.race.ratio(arm)
        return arm.is_failed, float("inf") if ratio is None else ratio

    return order


def _qualities(search: Search) -> tuple[float | None, dict[str, float]]:
    """Return the quality of the base, and of each variant as the same items tell it.

    Variants that were judged by fewer items are told by their difference from the base.
    """
    guards = {name: arm.guard for name, arm in search.race.arms.items() if arm.guard is not None}
    if not guards:
        return None, {}
    most = max(guard.items for guard in guards.values())
    base = next(guard.base for guard in guards.values() if guard.items == most)
    told = {name: base + guard.difference for name, guard in guards.items()}
    return base, {search.race.base.name: base, **told}


def _best_lossless(search: Search, arms: Sequence[Arm]) -> Arm | None:
    """Return the cheapest variant that changes nothing and passes; the base where none does."""
    race = search.race
    able = [arm for arm in arms if arm.is_lossless and arm.is_running and not arm.is_failed]
    able = [arm for arm in able if arm is race.base or arm.is_passed]
    return race.best(able)


def _row(search: Search, workshop: Workshop, arm: Arm, lossless: Arm | None) -> Row:
    race = search.race
    spent_s, spent_j = workshop.spent_on(arm.keys)
    if not arm.keys:
        spent_s, spent_j = 0.0, None
    latest = next(reversed(arm.trials.values()), None)
    requests = sum(trial.requests for trial in arm.trials.values())
    hits = sum(trial.cache_hits for trial in arm.trials.values())
    paid, paid_ends = _pays(spent_s, race, race.base, arm)
    beside, beside_ends = _pays(spent_s, race, lossless, arm)
    last = arm.confirmed or arm.guard
    state = FAILED if arm.is_failed else MEASURED if arm.is_running else DROPPED
    return Row(
        name=arm.name,
        state=state,
        why=arm.why,
        steps=arm.variant.steps,
        serving=arm.variant.serving.to_json(),
        kind=arm.model.kind,
        precision=arm.model.precision,
        size_bytes=arm.model.size_bytes,
        trials=len(arm.trials),
        ratio=race.told(arm),
        cpu_s=arm.cost(by_energy=False),
        energy_j=_energy(arm),
        latency_s=None if latest is None else latest.latency_s,
        latency_p95_s=None if latest is None else latest.latency_p95_s,
        quality=arm.guard,
        confirmed=arm.confirmed,
        verdict=None if last is None else last.verdict,
        cost_s=spent_s,
        cost_j=spent_j,
        break_even=paid,
        break_even_ends=paid_ends,
        break_even_lossless=beside,
        break_even_lossless_ends=beside_ends,
        is_lossless=arm.is_lossless,
        used=None if latest is None else latest.used,
        hit_share=hits / requests if arm.variant.serving.cache and requests else None,
    )


def _energy(arm: Arm) -> Estimate | None:
    """Return joules for a thousand inferences, if every trial has them."""
    if len(arm.costs(by_energy=True)) < len(arm.trials):
        return None
    return arm.cost(by_energy=True)


def _pays(
    spent_s: float, race: Race, other: Arm | None, arm: Arm
) -> tuple[float | None, tuple[float | None, ...] | None]:
    """Return after how many inferences the steps of a variant pay, in processor seconds.

    Both sides are counted in the same unit; steps are rarely long enough for a counter to tell
    their joules apart from what else the machine did. What an inference saves is a part of what
    the other one takes, as trials beside each other tell it: means of trials that were made at
    other times would count what the machine did in between.

    Returns:
        The number, and that at both ends of the part; None for the ends where they are not known.
    """
    if other is None or other is arm:
        return None, None
    cost, ratio = other.cost(by_energy=False), race.between(arm, other, by_energy=False)
    if cost is None or ratio is None:
        return None, None
    before = cost.best.value

    def at(part: float) -> float | None:
        return break_even(spent_s, before=before, after=before * part)

    ends = (at(ratio.low.value), at(ratio.high.value)) if CHANCE in ratio.doubts else None
    return at(ratio.best.value), ends


def yearly_energies(
    base: Row, chosen: Row, *, yearly: float, is_proxy: bool
) -> dict[str, Estimate] | None:
    """Return joules of a year with the base, with the choice, and what lies between.

    The choice takes a part of what the base takes, as trials beside each other tell it.

    Args:
        base: The model as it came.
        chosen: What is taken instead.
        yearly: Inferences of a year.
        is_proxy: Whether the part is one of processor time: joules are then taken to follow it.
    """
    if base.energy_j is None or chosen.ratio is None:
        return None
    whole = base.energy_j.scaled(yearly / PER)
    follows = whole.based("modelled") if is_proxy else whole
    return {
        "base": whole,
        "chosen": follows * chosen.ratio,
        "saved": follows * (exactly(Ratio(1.0), "metered") - chosen.ratio),
    }
