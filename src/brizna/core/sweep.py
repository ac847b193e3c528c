"""Sweeps: one command under several settings, and which of them to take.

The settings are all combinations of the levels of some dimensions: a power limit, a number of
threads, a batch size. The first is the one that the others are compared with. Where the trials
say what work they did, all figures are for one unit of it, so that settings that do different
work compare.
"""

from __future__ import annotations

from itertools import product
from math import fsum

from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, estimate_of, exactly
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.core.records import Record, each
from brizna.core.trials import WARM_UP, front, paired, typical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import ClassVar

    Levels = Mapping[str, str]

KINDS = (
    *("gpu-limit", "gpu-clock", "cpu-limit", "cpu-freq", "cpu-perf"),
    *("threads", "processes", "vary"),
)
"""What can be swept."""
OF_THE_PROCESSOR = ("cpu-limit", "cpu-freq", "cpu-perf")
"""Those that change what the processor draws at the same load."""
UNCHANGED = "now"
"""The level that leaves a device as it is."""
MOST_SETTINGS = 64
"""More settings than these are a slip of the hand, or want a search instead of a grid."""
SAME_WORK = 0.001
"""Settings whose work differs by less than this share of it did the same."""


class Dimension(Record):
    """One thing that is changed.

    Attributes:
        kind: One of `KINDS`.
        name: What it is called in a setting; for ``vary`` the name of the variable.
        levels: What it is set to, as text with its unit.
    """

    kind: str
    name: str
    levels: tuple[str, ...]

    _forms: ClassVar = {"levels": tuple}

    def _check(self) -> None:
        if not self.levels or len(set(self.levels)) < len(self.levels):
            raise InputError(
                "{name} has the levels {levels}: expected at least one, and each once.",
                name=self.name,
                levels=", ".join(self.levels) or "-",
            )


class Goal(Record):
    """What the best setting has the least of.

    Attributes:
        name: ``energy``, ``time``, or ``edp``: energy times time.
        within: By which share the other figure may exceed its least; None for any.
        bound: The other figure, ``time`` or ``energy``.
    """

    name: str = "energy"
    within: float | None = None
    bound: str | None = None

    @classmethod
    def read(cls, text: str) -> Goal:
        """Return the goal in a text such as ``energy within 5% time``.

        Raises:
            InputError: If it is none.
        """
        words = text.replace("%", " % ").split()
        if words in (["energy"], ["time"], ["edp"]):
            return cls(name=words[0])
        if len(words) == 5 and (words[0], words[1], words[3]) == (words[0], "within", "%"):
            share = _number(words[2])
            if {words[0], words[4]} == {"energy", "time"} and share is not None and share >= 0:
                return cls(name=words[0], within=share / 100, bound=words[4])
        raise InputError(
            "The goal is {text!r}: expected energy, time, edp, or a bound such as 'energy within "
            "5% time'.",
            text=text,
        )


class SweepPlan(Record):
    """What a sweep is to do; its digest is the sweep's name.

    Attributes:
        made: When, ISO 8601 in UTC.
        command: The command; what stands in braces and is the name of a dimension is replaced by
            the level. As it is kept, without secrets.
        is_cut: Whether something was cut from the command, so that it has to be given again.
        dimensions: What is changed.
        repeats: How often each setting is tried.
        warm_ups: How many trials go before, uncounted.
        seed: Decides the order.
        goal: As `Goal.read` takes it.
        per: The work that figures are for one unit of; None to take what all trials count.
        settle_s: Pause before each trial.
        pin: Whether each copy of the command is bound to as many processors as it has threads.
        gpus: Numbers or UUIDs of the cards whose limit is changed; all if empty.
        machine: Where: trials of two machines are never compared.
    """

    schema: ClassVar = "brizna.sweep-plan/1"

    made: str
    command: tuple[str, ...]
    is_cut: bool = False
    dimensions: tuple[Dimension, ...]
    repeats: int
    warm_ups: int = 1
    seed: int
    goal: str = "energy"
    per: str | None = None
    settle_s: float = 0.0
    pin: bool = False
    gpus: tuple[str, ...] = ()
    machine: str

    _forms: ClassVar = {"command": tuple, "gpus": tuple, "dimensions": each(Dimension.from_json)}

    def settings(self, *, most: int = MOST_SETTINGS) -> dict[str, dict[str, str]]:
        """Return the settings by name, each with its levels; the first is compared with.

        Raises:
            InputError: If there are none, or more than ``most``.
        """
        if not self.dimensions:
            raise InputError(
                "Nothing is to be changed: name what to sweep, such as --threads 1,2 or --vary "
                "batch=32,64."
            )
        names = [dimension.name for dimension in self.dimensions]
        if len(set(names)) < len(names):
            raise InputError(
                "The dimensions are {names}: expected each name once.", names=", ".join(names)
            )
        every = [dimension.levels for dimension in self.dimensions]
        count = 1
        for levels in every:
            count *= len(levels)
        if count > most:
            raise InputError(
                "This sweep has {count} settings ({product}): expected at most {most}. Leave out "
                "levels, or raise the bound with --most.",
                count=count,
                product=" x ".join(str(len(levels)) for levels in every),
                most=most,
            )
        made = [dict(zip(names, levels, strict=True)) for levels in product(*every)]
        return {setting_name(levels): levels for levels in made}


def setting_name(levels: Levels) -> str:
    """Return what a setting is called: ``threads=2, batch=32``."""
    return ", ".join(f"{name}={level}" for name, level in levels.items())


class TrialNote(Record):
    """What is kept beside the run of a trial, of what the run does not say.

    Attributes:
        sweep: Digest of the sweep's plan.
        arm: The setting's name.
        block: The trial's block; `WARM_UP` where it does not count.
        place: Its place in the block.
        levels: What was set, by dimension.
        switches_voluntary: How often its processes gave the processor up to wait; None if unknown.
        switches_involuntary: How often it was taken from them.
    """

    schema: ClassVar = "brizna.trial/1"

    sweep: str
    arm: str
    block: int
    place: int
    levels: dict[str, str]
    switches_voluntary: int | None = None
    switches_involuntary: int | None = None


class TrialFacts(Record):
    """What one trial came to.

    Attributes:
        arm: The setting's name.
        block: The trial's block; `WARM_UP` where it does not count.
        run: Id of its run.
        energy_j: Of its run; None with a reason.
        reason: Why the energy is not known.
        duration_s: Of its run.
        work: What it counted, by name.
        switches_voluntary: How often its processes gave the processor up to wait; None if unknown.
        switches_involuntary: How often it was taken from them.
        modelled: Kinds of channel whose energy was computed from load.
    """

    arm: str
    block: int
    run: str
    energy_j: Estimate | None
    reason: str | None = None
    duration_s: float
    work: dict[str, float] = {}
    switches_voluntary: int | None = None
    switches_involuntary: int | None = None
    modelled: tuple[str, ...] = ()

    _forms: ClassVar = {"energy_j": estimate_of(Energy), "modelled": tuple}


class Setting(Record):
    """What a setting came to: means of its trials, or of one unit of work where ``per`` is set.

    Attributes:
        name: What it is called.
        levels: What was set, by dimension.
        runs: Ids of the runs that count.
        energy_j: Of a trial, or of one unit of work.
        duration_s: Of a trial, or of one unit of work.
        energy_ratio: Its energy divided by the reference's; None where it cannot be told.
        duration_ratio: Its time divided by the reference's.
        edp_ratio: Its energy times its time, divided by the reference's.
        work: What a trial counted, by name, on average.
        switches_voluntary: Context switches of a trial, on average.
        switches_involuntary: Context switches of a trial, on average.
        is_on_front: Whether no other setting takes less of both energy and time.
        failed: Why it was given up; None if it was not.
    """

    name: str
    levels: dict[str, str]
    runs: tuple[str, ...] = ()
    energy_j: Estimate | None = None
    duration_s: Estimate | None = None
    energy_ratio: Estimate | None = None
    duration_ratio: Estimate | None = None
    edp_ratio: Estimate | None = None
    work: dict[str, float] = {}
    switches_voluntary: float | None = None
    switches_involuntary: float | None = None
    is_on_front: bool = False
    failed: str | None = None

    _forms: ClassVar = {
        "runs": tuple,
        "energy_j": estimate_of(Energy),
        "duration_s": estimate_of(Duration),
        "energy_ratio": estimate_of(Ratio),
        "duration_ratio": estimate_of(Ratio),
        "edp_ratio": estimate_of(Ratio),
    }


class Sweep(Record):
    """What a sweep found.

    Attributes:
        plan: Digest of its `SweepPlan`.
        command: As in the plan.
        repeats: As in the plan.
        seed: As in the plan.
        goal: As in the plan.
        per: The work that figures are for one unit of; None where they are for a whole trial.
        reference: The setting that the ratios are to.
        settings: All settings, in the order of the plan.
        recommended: The setting with the least of the goal; None where it cannot be told.
        alike: Settings that cannot be told apart from it.
        notes: What a reader should know, a sentence each.
    """

    schema: ClassVar = "brizna.sweep/1"

    plan: str
    command: tuple[str, ...]
    repeats: int
    seed: int
    goal: str
    per: str | None
    reference: str
    settings: tuple[Setting, ...]
    recommended: str | None
    alike: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    _forms: ClassVar = {
        "command": tuple,
        "settings": each(Setting.from_json),
        "alike": tuple,
        "notes": tuple,
    }


def conclude(
    plan: SweepPlan,
    digest: str,
    trials: Iterable[TrialFacts],
    *,
    failed: Mapping[str, str] | None = None,
) -> Sweep:
    """Return what the trials of a sweep say.

    Args:
        plan: What was to be done.
        digest: Digest of the plan.
        trials: What was done, in any order; warm-ups count for nothing.
        failed: By setting, why it was given up.

    Raises:
        InputError: If ``plan.per`` names work that a trial did not count.
    """
    counted = [trial for trial in trials if trial.block != WARM_UP]
    names = plan.settings(most=max(MOST_SETTINGS, len(counted) + len(failed or ())))
    failed = dict(failed or {})
    per, notes = _unit(plan.per, counted)
    table = _Table([trial for trial in counted if trial.arm not in failed], per)
    reference = next(iter(names))
    whys = _blind(plan, counted)
    points = {
        name: (table.middle("time", name), table.middle("energy", name))
        for name in table.arms
        if not whys
    }
    kept = front({name: (x, y) for name, (x, y) in points.items() if x and y})
    settings = tuple(
        _setting(name, levels, table, reference).replace(
            is_on_front=name in kept, failed=failed.get(name)
        )
        for name, levels in names.items()
    )
    goal = Goal.read(plan.goal)
    recommended, alike, more = _recommend(goal, table, whys)
    return Sweep(
        plan=digest,
        command=plan.command,
        repeats=plan.repeats,
        seed=plan.seed,
        goal=plan.goal,
        per=per,
        reference=reference,
        settings=settings,
        recommended=recommended,
        alike=alike,
        notes=(*notes, *map(str, whys), *_modelled(counted, whys), *more),
    )


class _Table:
    """Figures of the trials by setting and block, for one unit of work where there is one."""

    def __init__(self, trials: Sequence[TrialFacts], per: str | None) -> None:
        self.trials = trials
        self.arms = list(dict.fromkeys(trial.arm for trial in trials))
        self._per = per

    def of(self, arm: str) -> list[TrialFacts]:
        """Return the trials of a setting."""
        return [trial for trial in self.trials if trial.arm == arm]

    def blocks(self, figure: str, arm: str) -> dict[int, Estimate]:
        """Return a figure of a setting by block: ``energy``, ``time`` or ``edp``."""
        read = _FIGURES[figure]
        found: dict[int, Estimate] = {}
        for trial in self.of(arm):
            amount = 1.0 if self._per is None else trial.work[self._per]
            value = read(trial, amount)
            if value is not None:
                found[trial.block] = value
        return found

    def mean(self, figure: str, arm: str) -> Estimate | None:
        """Return the mean of a figure; None where it is not known in every trial."""
        values = self.blocks(figure, arm)
        if not values or len(values) < len(self.of(arm)):
            return None
        try:
            return typical(values.values())
        except InputError:  # an energy that may be 0 has no geometric mean
            return None

    def middle(self, figure: str, arm: str) -> float | None:
        """Return the best value of a mean."""
        mean = self.mean(figure, arm)
        return None if mean is None else mean.best.value


def _energy(trial: TrialFacts, amount: float) -> Estimate | None:
    return None if trial.energy_j is None else trial.energy_j.scaled(1 / amount)


def _time(trial: TrialFacts, amount: float) -> Estimate | None:
    return exactly(Duration(trial.duration_s / amount), "metered")


def _edp(trial: TrialFacts, amount: float) -> Estimate | None:
    energy = _energy(trial, amount)
    return None if energy is None else energy.scaled(trial.duration_s / amount)


_FIGURES: dict[str, Callable[[TrialFacts, float], Estimate | None]] = {
    "energy": _energy,
    "time": _time,
    "edp": _edp,
}


def _setting(name: str, levels: dict[str, str], table: _Table, reference: str) -> Setting:
    trials = table.of(name)
    if not trials:
        return Setting(name=name, levels=levels)
    same = exactly(Ratio(1.0)) if name == reference else None
    ratios = {
        figure: same or paired(table.blocks(figure, name), table.blocks(figure, reference)).ratio
        for figure in _FIGURES
    }
    works = {work for trial in trials for work in trial.work}
    return Setting(
        name=name,
        levels=levels,
        runs=tuple(trial.run for trial in trials),
        energy_j=table.mean("energy", name),
        duration_s=table.mean("time", name),
        energy_ratio=ratios["energy"],
        duration_ratio=ratios["time"],
        edp_ratio=ratios["edp"],
        work={work: _mean([t.work.get(work, 0.0) for t in trials]) or 0.0 for work in works},
        switches_voluntary=_mean([t.switches_voluntary for t in trials]),
        switches_involuntary=_mean([t.switches_involuntary for t in trials]),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known and len(known) == len(values) else None


def _unit(asked: str | None, trials: Sequence[TrialFacts]) -> tuple[str | None, list[str]]:
    """Return the work that figures are for one unit of, and what to say of the work."""
    if asked is not None:
        lacking = next((trial for trial in trials if not trial.work.get(asked)), None)
        if lacking is not None:
            raise InputError(
                "--per names {per!r}, but the run {run} counted {counted}: count it with brizna "
                "mark --count {per}=N, or leave --per out.",
                per=asked,
                run=lacking.run,
                counted=", ".join(lacking.work) or Said("nothing"),
            )
    names = [asked] if asked else _counted_by_all(trials)
    if not names:
        said = Said(
            "No work was counted in every trial: each is taken to have done the same. Where a "
            "setting changes what is done (two copies that each do all of it, say), count it with "
            "brizna mark --count NAME=N."
        )
        return None, [str(said)]
    uneven = [name for name in names if _differs([trial.work[name] for trial in trials])]
    if len(names) > 1:
        if not uneven:
            return None, []
        said = Said(
            "The settings did different amounts of {names}, and figures are for whole trials: name "
            "the work to compare by with --per.",
            names=", ".join(uneven),
        )
        return None, [str(said)]
    if not uneven:
        return names[0], []
    said = Said(
        "The settings did different amounts of {name}: all figures are for one of it.",
        name=names[0],
    )
    return names[0], [str(said)]


def _counted_by_all(trials: Sequence[TrialFacts]) -> list[str]:
    shared = set[str].intersection(*(set(trial.work) for trial in trials)) if trials else set[str]()
    return sorted(shared)


def _differs(amounts: Sequence[float]) -> bool:
    return max(amounts) - min(amounts) > SAME_WORK * max(amounts)


def _blind(plan: SweepPlan, trials: Sequence[TrialFacts]) -> list[Said]:
    """Return why energy cannot be compared: the meter does not see what was changed."""
    changed = [one.name for one in plan.dimensions if one.kind in OF_THE_PROCESSOR]
    if changed and any("cpu" in trial.modelled for trial in trials):
        return [
            Said(
                "The processor's energy is computed from its load here, which says nothing of "
                "{names}: only times are compared. Let a meter be read; brizna doctor says how.",
                names=", ".join(changed),
            )
        ]
    return []


def _modelled(trials: Sequence[TrialFacts], whys: Sequence[Said]) -> list[str]:
    kinds = sorted({kind for trial in trials for kind in trial.modelled})
    if whys or not kinds:
        return []
    said = Said(
        "The energy of {kinds} is computed from load, not metered: what differs between settings "
        "is what the model makes of their load and time.",
        kinds=", ".join(kinds),
    )
    return [str(said)]


def _recommend(
    goal: Goal, table: _Table, whys: Sequence[Said]
) -> tuple[str | None, tuple[str, ...], list[str]]:
    """Return the setting with the least of the goal, those like it, and what to say of them."""
    needed = {goal.name, goal.bound or goal.name}
    if whys and needed != {"time"}:
        return None, (), []
    means = {
        name: {figure: table.middle(figure, name) for figure in _FIGURES} for name in table.arms
    }
    known = [name for name in means if all(means[name][figure] is not None for figure in needed)]
    if not known:
        said = Said("No setting has a known figure in every trial: nothing is recommended.")
        return None, (), [str(said)]
    allowed = _within(goal, {name: means[name][goal.bound or goal.name] or 0.0 for name in known})
    best = min(allowed, key=lambda name: means[name][goal.name] or 0.0)
    own = table.blocks(goal.name, best)
    others = [name for name in allowed if name != best]
    beside = {
        name: paired(table.blocks(goal.name, name), own, comparisons=len(others)) for name in others
    }
    alike = tuple(name for name, one in beside.items() if not one.is_told_apart)
    few = any(not beside[name].scatter_is_known for name in alike)
    notes = [Said("One repeat does not tell what chance does: repeat each setting.")] if few else []
    return best, alike, [str(note) for note in (*notes, *_near_the_bound(goal, table, best))]


def _near_the_bound(goal: Goal, table: _Table, best: str) -> list[Said]:
    """Return the note that a setting may not keep the goal's bound; nothing if it surely does."""
    if goal.within is None or goal.bound is None:
        return []
    bounded = {name: table.middle(goal.bound, name) for name in table.arms}
    least = min((name for name in bounded if bounded[name]), key=lambda name: bounded[name] or 0.0)
    ratio = paired(table.blocks(goal.bound, best), table.blocks(goal.bound, least)).ratio
    if best == least or (ratio is not None and ratio.high.value <= 1 + goal.within):
        return []
    return [
        Said(
            "Whether {name} keeps the bound is not certain: its interval reaches beyond. Repeat "
            "more often.",
            name=best,
        )
    ]


def _within(goal: Goal, bounded: Mapping[str, float]) -> list[str]:
    if goal.within is None:
        return list(bounded)
    most = min(bounded.values()) * (1 + goal.within)
    return [name for name, value in bounded.items() if value <= most]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def digest_name(digest: str) -> str:
    """Return the short name of a sweep, from the digest of its plan."""
    return digest.removeprefix("sha256:")[:12]
