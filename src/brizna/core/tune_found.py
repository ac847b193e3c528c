"""What the trials of a search, or of an experiment, say."""

from __future__ import annotations

from math import fsum, sqrt

from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.fronts import area, bend, ranks
from brizna.core.quantities import Duration
from brizna.core.trials import LEVEL, paired, student, typical
from brizna.core.tune import Tune, Tuned, TunePlan, TuneTrial, setting_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Point = tuple[float, float]


def conclude(plan: TunePlan, digest: str, trials: Iterable[TuneTrial], *, ended: str) -> Tune:
    """Return what trials say.

    Args:
        plan: What was to be done.
        digest: Digest of the plan.
        trials: What was done, in any order; warm-ups cost energy and count for nothing else.
        ended: Why no more were made: ``trials``, ``budget`` or ``levels``.
    """
    made = sorted(trials, key=lambda one: one.note.order)
    counted = [one for one in whole_trainings(made) if one.note.block >= 0]
    groups: dict[tuple[int, int | None], list[TuneTrial]] = {}
    for one in counted:
        groups.setdefault((one.note.number, one.note.amount), []).append(one)
    if plan.is_experiment:  # its base first, however chance ordered the first block
        groups = dict(sorted(groups.items(), key=lambda one: one[0][0]))
    settings = [_setting(plan, group) for group in groups.values()]
    reference = settings[0].name if plan.is_experiment and settings else None
    if plan.is_experiment and settings:
        first, *others = groups.values()
        compared = [
            _beside(setting, group, first, len(others))
            for setting, group in zip(settings[1:], others, strict=True)
        ]
        settings = [settings[0], *compared]
    settings = _with_front(plan, settings)
    chosen = _chosen(plan, settings)
    return Tune(
        plan=digest,
        command=plan.command,
        quality=plan.quality,
        more_is_better=plan.more_is_better,
        target=plan.target,
        resource=None if plan.resource is None else plan.resource.name,
        seed=plan.seed,
        repeats=plan.repeats,
        budget_j=plan.budget_j,
        reference=reference,
        settings=tuple(settings),
        best=chosen["best"],
        cheapest=chosen["cheapest"],
        recommended=chosen["recommended"],
        spent_j=spent(made),
        spent_s=fsum(one.duration_s for one in made),
        curve=_curve(plan, made, counted),
        ended=ended,
        notes=tuple(_notes(plan, counted, settings)),
    )


def spent(trials: Iterable[TuneTrial]) -> Estimate | None:
    """Return the energy of trials together; None where that of one is not known, or of none."""
    energies = [one.energy_j for one in trials]
    known = [energy for energy in energies if energy is not None]
    return total(known) if known and len(known) == len(energies) else None


def whole_trainings(trials: Iterable[TuneTrial]) -> list[TuneTrial]:
    """Return trials in their order, each with what its training took since its beginning.

    A trial that went on from a checkpoint took only the last part of its training; what went
    before is that of an earlier trial of the same setting.
    """
    whole: dict[tuple[int, int | None], TuneTrial] = {}
    made: list[TuneTrial] = []
    for one in sorted(trials, key=lambda trial: trial.note.order):
        note, trial = one.note, one
        if note.continued is not None:
            before = whole[note.number, note.continued]
            energies = (before.energy_j, one.energy_j)
            known = [energy for energy in energies if energy is not None]
            trial = one.replace(
                energy_j=total(known) if len(known) == len(energies) else None,
                duration_s=before.duration_s + one.duration_s,
            )
        if note.block == 0:
            whole[note.number, note.amount] = trial
        made.append(trial)
    return made


def cost_of(plan: TunePlan, quality: float) -> float:
    """Return a quality such that less is better."""
    return -quality if plan.more_is_better else quality


def reaches(plan: TunePlan, quality: float) -> bool:
    """Return whether a quality is enough."""
    return plan.target is None or cost_of(plan, quality) <= cost_of(plan, plan.target)


def _setting(plan: TunePlan, group: Sequence[TuneTrial]) -> Tuned:
    note, good = group[0].note, [one for one in group if one.counts]
    levels = {one.name: note.levels[one.name] for one in plan.parameters}  # a record sorts them
    if plan.resource is not None and note.amount is not None:
        levels = {**levels, plan.resource.name: str(note.amount)}
    name = list(plan.arms())[note.number] if plan.is_experiment else setting_name(levels)
    bare = Tuned(name=name, number=note.number, levels=levels, amount=note.amount)
    if len(good) < len(group):
        lost = next(one for one in group if not one.counts)
        return bare.replace(failed=lost.note.failed or lost.reason or str(UNKNOWN))
    qualities = [one.note.quality for one in good if one.note.quality is not None]
    mean, low, high = mean_within(qualities)
    return bare.replace(
        runs=tuple(one.run for one in good),
        energy_j=_mean(_energies(good)),
        duration_s=_mean(_durations(good)),
        quality=mean,
        quality_low=low,
        quality_high=high,
        reached=None
        if plan.target is None
        else sum(reaches(plan, quality) for quality in qualities) / len(qualities),
    )


def _beside(
    setting: Tuned,
    group: Sequence[TuneTrial],
    first: Sequence[TuneTrial],
    comparisons: int,
) -> Tuned:
    """Return an arm with how it compares with the first one, block by block."""
    if setting.failed is not None or not all(one.counts for one in first):
        return setting
    energy = paired(_energies(group), _energies(first), comparisons=comparisons)
    time = paired(_durations(group), _durations(first), comparisons=comparisons)
    base = {one.note.block: one.note.quality for one in first}
    changes = [
        one.note.quality - was
        for one in group
        if one.note.quality is not None and (was := base.get(one.note.block)) is not None
    ]
    mean, low, high = mean_within(changes) if changes else (None, None, None)
    return setting.replace(
        energy_ratio=energy.ratio,
        duration_ratio=time.ratio,
        quality_change=mean,
        change_low=low,
        change_high=high,
    )


def _energies(group: Iterable[TuneTrial]) -> dict[int, Estimate]:
    return {one.note.block: one.energy_j for one in group if one.energy_j is not None}


def _durations(group: Iterable[TuneTrial]) -> dict[int, Estimate]:
    return {one.note.block: exactly(Duration(one.duration_s), "metered") for one in group}


def _mean(values: Mapping[int, Estimate]) -> Estimate | None:
    try:
        return typical(values.values())
    except InputError:  # an energy that may be 0 has no geometric mean
        return None


def mean_within(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    """Return a mean with the ends of its 90 % interval by Student's t; None of a single value."""
    mean = fsum(values) / len(values)
    if len(values) < 2:
        return mean, None, None
    scatter = sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    reach = student(LEVEL, len(values) - 1) * scatter / sqrt(len(values))
    return mean, mean - reach, mean + reach


# ------------------------------------------------------------------------------------------- fronts


def _points(plan: TunePlan, settings: Sequence[Tuned]) -> dict[int, Point]:
    """Return cost and energy of the settings that have both, by their place."""
    return {
        place: (cost_of(plan, one.quality), one.energy_j.best.value)
        for place, one in enumerate(settings)
        if one.quality is not None and one.energy_j is not None
    }


def _with_front(plan: TunePlan, settings: Sequence[Tuned]) -> list[Tuned]:
    points = _points(plan, settings)
    first = {
        place for place, rank in zip(points, ranks(list(points.values())), strict=True) if not rank
    }
    return [one.replace(is_on_front=place in first) for place, one in enumerate(settings)]


def ends_of(plan: TunePlan, settings: Sequence[Tuned]) -> list[Tuned]:
    """Return the settings on the front that are worth repeating: its ends and its bend."""
    chosen = _chosen(plan, settings)
    names = list(dict.fromkeys(name for name in chosen.values() if name is not None))
    return [one for name in names for one in settings if one.name == name]


def _chosen(plan: TunePlan, settings: Sequence[Tuned]) -> dict[str, str | None]:
    """Return the names of the best setting, the cheapest one, and the one to take."""
    points = _points(plan, settings)
    front = sorted(
        (place for place in points if settings[place].is_on_front),
        key=lambda place: points[place][::-1],
    )
    if not front:
        return {"best": None, "cheapest": None, "recommended": None}
    enough = front
    if plan.target is not None:
        enough = [place for place in front if (settings[place].reached or 0.0) > _MOSTLY]
    taken = None
    if plan.target is not None and enough:
        taken = enough[0]
    elif plan.target is None:
        taken = front[bend([points[place] for place in front])]
    return {
        "best": settings[front[-1]].name,
        "cheapest": settings[front[0]].name,
        "recommended": None if taken is None else settings[taken].name,
    }


def _curve(
    plan: TunePlan, made: Sequence[TuneTrial], trainings: Sequence[TuneTrial]
) -> tuple[tuple[float, float], ...]:
    """Return how the front grew: joules spent, and the share of the whole area it covers.

    Args:
        plan: What was to be done.
        made: Trials with what they took themselves; warm-ups are left out.
        trainings: The same with what their trainings took since their beginning.
    """
    trials = [one for one in made if one.note.block >= 0]
    points = [_point(plan, one) for one in trainings]
    known = [point for point in points if point is not None]
    if len(known) < 2 or spent(trials) is None:
        return ()
    corner = (max(cost for cost, _ in known), max(energy for _, energy in known))
    whole = (corner[0] - min(cost for cost, _ in known)) * corner[1]
    curve: list[tuple[float, float]] = []
    seen: list[Point] = []
    used = 0.0
    for one, point in zip(trials, points, strict=True):
        used += 0.0 if one.energy_j is None else one.energy_j.best.value
        if point is not None:
            seen.append(point)
        curve.append((used, area(seen, corner) / whole if whole else 0.0))
    return tuple(curve)


def _point(plan: TunePlan, one: TuneTrial) -> Point | None:
    if not one.counts or one.note.quality is None or one.energy_j is None:
        return None
    return cost_of(plan, one.note.quality), one.energy_j.best.value


def _notes(plan: TunePlan, trials: Sequence[TuneTrial], settings: Sequence[Tuned]) -> list[str]:
    made: list[str] = []
    if any(one.modelled for one in trials):
        made.append(str(MODELLED))
    once = [one for one in settings if one.is_on_front and len(one.runs) == 1]
    if once and plan.repeats > 1:
        made.append(str(ONCE))
    if plan.target is not None and not any(one.reached for one in settings):
        made.append(str(NONE_ENOUGH))
    return made


MODELLED = Said(
    "No meter can be read here, so the energy is computed from processor time: it ranks trainings "
    "by how long they compute, not by what the processor draws for it."
)
ONCE = Said(
    "Settings of the front that were trained once may owe their place to chance: their qualities "
    "have no interval."
)
UNKNOWN = Said("its energy is not known")
NONE_ENOUGH = Said("No setting reached the target: search longer, or lower it.")
_MOSTLY = 0.5
"""A setting reaches the target if more than this share of its trainings do."""
