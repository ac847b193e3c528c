"""Tuning: a program's parameters searched for good quality at little energy.

A trial is one training: it costs energy and ends with a quality. Neither alone says which setting
to take; what can be told is the front, the settings that no other one beats in both. A short
training counts as a setting of its own, so that what was stopped early may stand on the front.
"""

from __future__ import annotations

from math import isfinite

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Duration, Energy, Ratio
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar

CHOICE, WHOLE, REAL = "choice", "whole", "real"
_FACTOR = 3
_RANGE = ".."


class Parameter(Record):
    """One thing that a search may set.

    Attributes:
        name: What it is called; ``{name}`` in the command stands for it.
        kind: `CHOICE`, `WHOLE` or `REAL`.
        levels: What there is to choose from, as text; of a choice only.
        low: The least value; of numbers only.
        high: The greatest value; of numbers only.
        log: Whether equal ratios are alike, not equal differences.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    _forms: ClassVar = {"levels": tuple}

    @classmethod
    def read(cls, text: str) -> Parameter:
        """Return the parameter in a text: ``batch=16,32``, ``depth=1..4``, ``lr=1e-4..0.1:log``.

        Raises:
            InputError: If it is none.
        """
        name, _, given = text.partition("=")
        name, given = name.strip(), given.strip()
        if not name.isidentifier() or not given:
            raise InputError(
                "{text!r} is no parameter: expected a name and its values, such as batch=16,32 or "
                "lr=1e-4..0.1:log.",
                text=text,
            )
        if _RANGE in given:
            return cls._range(name, given, text)
        levels = tuple(level.strip() for level in given.split(","))
        if not all(levels) or len(set(levels)) < len(levels):
            raise InputError(
                "{name} has the levels {levels}: expected at least one, and each once.",
                name=name,
                levels=", ".join(levels) or "-",
            )
        return cls(name=name, kind=CHOICE, levels=levels)

    @classmethod
    def _range(cls, name: str, given: str, text: str) -> Parameter:
        span, _, scale = given.partition(":")
        ends = [end.strip() for end in span.split(_RANGE)]
        values = [_number(end) for end in ends]
        low, high = values if len(values) == 2 else (None, None)
        if low is None or high is None or low >= high or scale not in ("", "log"):
            raise InputError(
                "{text!r} is no range: expected two numbers, the lesser first, such as depth=1..4 "
                "or lr=1e-4..0.1:log.",
                text=text,
            )
        if scale and low <= 0:
            raise InputError(
                "{text!r} starts at 0 or below, where equal ratios end: begin above 0, or leave "
                ":log out.",
                text=text,
            )
        whole = all(end.lstrip("+-").isdecimal() for end in ends)
        kind = WHOLE if whole else REAL
        return cls(name=name, kind=kind, low=low, high=high, log=bool(scale))

    def said(self, value: float | str) -> str:
        """Return a value as the command gets it."""
        if self.kind == WHOLE:
            return str(round(float(value)))
        return f"{float(value):.6g}" if self.kind == REAL else str(value)

    def holds(self, value: str) -> bool:
        """Return whether a text is a value that it may have."""
        number = _number(value)
        if self.kind == CHOICE:
            return value in self.levels
        if number is None or self.low is None or self.high is None:
            return False
        return self.low <= number <= self.high and (self.kind == REAL or number == round(number))


class Resource(Record):
    """How long a training may take, in a unit of its own, such as epochs.

    Attributes:
        name: What it is called; ``{name}`` in the command stands for it.
        least: What every setting gets.
        most: What the best ones get.
        factor: By how much it grows from one rung to the next, and by how much settings get fewer.
    """

    name: str
    least: int
    most: int
    factor: int = _FACTOR

    def _check(self) -> None:
        if not 0 < self.least < self.most or self.factor < 2:
            raise InputError(
                "{name} grows from {least} to {most} by a factor of {factor}: expected numbers "
                "above 0, the lesser first, and a factor of at least 2.",
                name=self.name,
                least=self.least,
                most=self.most,
                factor=self.factor,
            )

    @classmethod
    def read(cls, text: str, *, factor: int = _FACTOR) -> Resource:
        """Return the resource in a text such as ``epochs=1..27``.

        Raises:
            InputError: If it is none.
        """
        found = Parameter.read(text)
        if found.kind != WHOLE or found.low is None or found.high is None:
            raise InputError(
                "{text!r} is no resource: expected whole numbers, such as epochs=1..27.", text=text
            )
        return cls(name=found.name, least=round(found.low), most=round(found.high), factor=factor)

    def rungs(self) -> tuple[int, ...]:
        """Return how much there is at each rung, the last one with all."""
        made = [self.least]
        while made[-1] * self.factor < self.most:
            made.append(made[-1] * self.factor)
        return (*made, self.most)


class TunePlan(Record):
    """What a search is to do; its digest is the search's name.

    Attributes:
        made: When, ISO 8601 in UTC.
        command: The command; what stands in braces and is the name of a parameter is replaced.
            As it is kept, without secrets.
        is_cut: Whether something was cut from the command, so that it has to be given again.
        parameters: What may be set.
        starts: Settings that are tried first.
        quality: What the command calls its quality.
        more_is_better: Whether more of it is better.
        target: The quality that is enough; None where there is none.
        trials: How many settings are tried at most.
        budget_j: Energy that all trials together may use; None for any.
        budget_s: Time that all trials together may take; None for any.
        resource: What trainings get little of at first; None where each gets all.
        repeats: How often the ends of the front are trained in all; in an experiment each arm.
        is_experiment: Whether each level is tried alone beside the first levels of all, in turn.
        sampler: ``tpe`` or ``random``.
        seed: Decides all chance.
        machine: Where: trials of two machines are never compared.
        view: In which energies are compared; None in plans that were kept before it was.
    """

    schema: ClassVar = "brizna.tune-plan/1"

    made: str
    command: tuple[str, ...]
    is_cut: bool = False
    parameters: tuple[Parameter, ...]
    starts: tuple[dict[str, str], ...] = ()
    quality: str = "quality"
    more_is_better: bool = True
    target: float | None = None
    trials: int
    budget_j: float | None = None
    budget_s: float | None = None
    resource: Resource | None = None
    repeats: int = 3
    is_experiment: bool = False
    sampler: str = "tpe"
    seed: int
    machine: str
    view: str | None = None

    _later: ClassVar = ("view",)
    _forms: ClassVar = {
        "command": tuple,
        "parameters": each(Parameter.from_json),
        "starts": each(dict),
        "resource": Resource.from_json,
    }

    def _check(self) -> None:
        names = [one.name for one in self.parameters]
        if self.resource is not None:
            names.append(self.resource.name)
        if not self.parameters or len(set(names)) < len(names):
            raise InputError(
                "The parameters are {names}: expected at least one, and each name once.",
                names=", ".join(names) or "-",
            )
        if self.trials < 1 or self.repeats < 1:
            raise InputError(
                "There are {trials} trials and {repeats} repeats: expected at least 1 of both.",
                trials=self.trials,
                repeats=self.repeats,
            )
        for budget in (self.budget_j, self.budget_s):
            if budget is not None and budget <= 0:
                raise InputError(
                    "The budget of all trials is {budget}: expected an energy or a time above 0, "
                    "such as 50kJ or 20min.",
                    budget=budget,
                )
        kinds = {one.kind for one in self.parameters}
        if self.is_experiment and (kinds != {CHOICE} or self.resource is not None):
            raise InputError(
                "An experiment tries levels: expected lists such as precision=fp32,bf16, no "
                "ranges and no resource. Leave --alone out to search."
            )
        for start in self.starts:
            self._check_start(start)

    def _check_start(self, start: Mapping[str, str]) -> None:
        for one in self.parameters:
            if not one.holds(start.get(one.name, "")):
                raise InputError(
                    "A setting to start with has {name} at {value!r}, which the search may not "
                    "try: expected a value in its range or among its levels.",
                    name=one.name,
                    value=start.get(one.name, "-"),
                )

    def arms(self) -> dict[str, dict[str, str]]:
        """Return the arms of an experiment by name, each with its levels; the first is the base."""
        base = {one.name: one.levels[0] for one in self.parameters}
        made = {setting_name(base): base}
        for one in self.parameters:
            for level in one.levels[1:]:
                made[f"{one.name}={level}"] = {**base, one.name: level}
        return made


def setting_name(levels: Mapping[str, str]) -> str:
    """Return what a setting is called: ``lr=0.01, batch=32``."""
    return ", ".join(f"{name}={level}" for name, level in levels.items())


class TuneNote(Record):
    """What is kept beside the run of a trial, of what the run does not say.

    Attributes:
        tune: Digest of the search's plan.
        number: Number of its setting.
        levels: What was set, by parameter.
        amount: How much of the resource it got; None where there is none.
        block: 0 in the search, from 1 on where it was repeated; -1 for a warm-up.
        order: How many trials went before.
        quality: What it ended with; None where it failed.
        failed: Why it counts for nothing; None if it does count.
        continued: How much of the resource its setting had before, where it went on from there;
            None where it began anew.
    """

    schema: ClassVar = "brizna.tune-trial/1"

    tune: str
    number: int
    levels: dict[str, str]
    amount: int | None = None
    block: int = 0
    order: int
    quality: float | None = None
    failed: str | None = None
    continued: int | None = None

    _later: ClassVar = ("continued",)


class TuneTrial(Record):
    """What one trial came to.

    Attributes:
        note: What was tried.
        run: Id of its run.
        energy_j: Of its run; None with a reason.
        reason: Why the energy is not known.
        duration_s: Of its run.
        modelled: Kinds of channel whose energy was computed from load.
    """

    note: TuneNote
    run: str
    energy_j: Estimate | None
    reason: str | None = None
    duration_s: float
    modelled: tuple[str, ...] = ()

    _forms: ClassVar = {
        "note": TuneNote.from_json,
        "energy_j": estimate_of(Energy),
        "modelled": tuple,
    }

    @property
    def counts(self) -> bool:
        """Whether its quality and energy are known."""
        return self.note.failed is None and self.note.quality is not None and bool(self.energy_j)


class Tuned(Record):
    """What one setting came to.

    Attributes:
        name: What it is called.
        number: Its number.
        levels: What was set, by parameter.
        amount: How much of the resource it got; None where there is none.
        runs: Ids of the runs that count.
        energy_j: Of one training.
        duration_s: Of one training.
        quality: Mean of its trainings; None where it failed.
        quality_low: Lower end of the 90 % interval of that mean; None with one training.
        quality_high: Upper end.
        reached: Share of its trainings that reached the target; None where there is none.
        energy_ratio: Its energy divided by the reference's, in an experiment.
        duration_ratio: Its time divided by the reference's, in an experiment.
        quality_change: Its quality less the reference's, in an experiment.
        change_low: Lower end of the 90 % interval of that.
        change_high: Upper end.
        is_on_front: Whether no other one is at least as good and takes less, or the reverse.
        failed: Why it counts for nothing; None if it does count.
    """

    name: str
    number: int
    levels: dict[str, str]
    amount: int | None = None
    runs: tuple[str, ...] = ()
    energy_j: Estimate | None = None
    duration_s: Estimate | None = None
    quality: float | None = None
    quality_low: float | None = None
    quality_high: float | None = None
    reached: float | None = None
    energy_ratio: Estimate | None = None
    duration_ratio: Estimate | None = None
    quality_change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    is_on_front: bool = False
    failed: str | None = None

    _forms: ClassVar = {
        "runs": tuple,
        "energy_j": estimate_of(Energy),
        "duration_s": estimate_of(Duration),
        "energy_ratio": estimate_of(Ratio),
        "duration_ratio": estimate_of(Ratio),
    }


class Tune(Record):
    """What a search found.

    Attributes:
        plan: Digest of its `TunePlan`.
        command: As in the plan.
        quality: As in the plan.
        more_is_better: As in the plan.
        target: As in the plan.
        resource: Name of the resource; None where there is none.
        seed: As in the plan.
        repeats: As in the plan.
        budget_j: As in the plan.
        reference: The arm that the others are compared with; None in a search.
        settings: Those that were tried, in the order in which they were tried first.
        best: The setting with the best quality.
        cheapest: The setting on the front with the least energy.
        recommended: The least energy that reaches the target, else the bend of the front.
        spent_j: Energy of all trials, failed ones too; None where that of one is not known.
        spent_s: Time of all trials.
        curve: After each trial of the search: joules spent, and the share of the area between the
            worst quality, the greatest energy and the best of both that the front so far covers.
        ended: Why the search ended: ``trials``, ``budget`` or ``levels``.
        notes: What a reader should know, a sentence each.
    """

    schema: ClassVar = "brizna.tune/1"

    plan: str
    command: tuple[str, ...]
    quality: str
    more_is_better: bool
    target: float | None
    resource: str | None
    seed: int
    repeats: int
    budget_j: float | None
    reference: str | None
    settings: tuple[Tuned, ...]
    best: str | None
    cheapest: str | None
    recommended: str | None
    spent_j: Estimate | None
    spent_s: float
    curve: tuple[tuple[float, float], ...] = ()
    ended: str
    notes: tuple[str, ...] = ()

    _forms: ClassVar = {
        "command": tuple,
        "settings": each(Tuned.from_json),
        "spent_j": estimate_of(Energy),
        "curve": each(tuple),
        "notes": tuple,
    }


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
