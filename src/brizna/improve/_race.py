"""The race: variants tried in turn with the model as it came, in fresh processes, and scored."""

from __future__ import annotations

from random import Random

from brizna.check import Guard, non_inferior
from brizna.core.errors import InputError, Said
from brizna.core.estimate import CHANCE
from brizna.core.records import Record
from brizna.improve._arms import counts_energy, trial_of
from brizna.improve._workshop import StepFailedError
from brizna.run import TrialFailedError, trials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.trials import Turn
    from brizna.improve._arms import Arm
    from brizna.improve._study import Study
    from brizna.improve._workshop import Workshop

TOO_LOW = str(Said("its quality is too low"))
"""Why a variant is out of the race that the guard fails."""
SPENT = str(Said("the budget is spent"))
"""Why something was not begun any more."""
TOO_LARGE = str(Said("it is larger than the study allows"))
"""Why a variant is not taken whose files have more bytes than ``max_bytes``."""
UNCOUNTED = str(
    Said("its work is on a card, which processor seconds leave out, and no counter tells joules")
)
"""Why a variant is not compared that runs on a card."""
_ROUGHLY, _RESAMPLES = 100, 500
"""Draws of items that tell their scatter, to 7 % while variants race and to 3 % at the end."""
_FINALISTS = 4
"""So many of the cheapest are tried as often as asked; the others are told by one trial."""
_SHOWN = 2
"""Trials beside the base that tell how far they scatter: what stood in for it tells nothing."""
_FAR = 1.5
"""A variant that takes more than this times what the best good one takes leaves the race after one
trial: the scatter of single trials beside each other is less."""
_STANDS_IN = 0.5
"""A variant stands in for the base while racing if its trial takes less than this part of one of
the base's, loading and scoring included."""
_BLOCKS = 1000
"""Blocks of one heat are numbered from a multiple of this on."""


class Progress(Record):
    """How far a study has come.

    Attributes:
        doing: ``build``, told before it is done; ``trial`` or ``score``, told afterwards.
        name: Of what.
        spent_s: Processor seconds spent so far.
        ratio: Cost as a part of the base's, where it was just measured.
        failed: Why it failed, if it did.
    """

    doing: str
    name: str
    spent_s: float
    ratio: float | None = None
    failed: str | None = None


class Parts(Record):
    """Numbers of the items, by what they are for.

    Attributes:
        first: Those on which every variant is scored.
        rest: The others that choose.
        confirm: Those that have no part in the choice.
        groups: Of each item, by its number, where items are not independent. Items with groups on
            both sides of the choice have no part in either.
    """

    first: tuple[int, ...]
    rest: tuple[int, ...]
    confirm: tuple[int, ...]
    groups: tuple[tuple[str, ...], ...] | None = None

    @property
    def choosing(self) -> tuple[int, ...]:
        """All that choose."""
        return self.first + self.rest


def part(count: int, study: Study, groups: Sequence[Sequence[str]] | None = None) -> Parts:
    """Part items by chance, the same way for the same seed; whole groups where they have any.

    Args:
        count: How many items there are.
        study: What is to be done.
        groups: Of each item.

    Raises:
        InputError: If there are too few.
    """
    if groups is None:
        choosing, kept = _parted(list(range(count)), study)
    else:
        names, held = _parted(sorted({name for each in groups for name in each}), study)
        choosing = [number for number, each in enumerate(groups) if set(each) <= set(names)]
        kept = [number for number, each in enumerate(groups) if set(each) <= set(held)]
    if len(choosing) < 2 or (study.confirm and len(kept) < 2):
        raise InputError(
            "There are {count} items to score: expected at least two that choose and two that "
            "confirm. Return more from items, or set confirm = 0.",
            count=count,
        )
    is_whole = study.material.metric is not None or groups is not None
    first = len(choosing) if is_whole else min(study.subset, len(choosing))
    return Parts(
        first=tuple(sorted(choosing[:first])),
        rest=tuple(sorted(choosing[first:])),
        confirm=tuple(sorted(kept)),
        groups=None if groups is None else tuple(map(tuple, groups)),
    )


def _parted(members: list[Any], study: Study) -> tuple[list[Any], list[Any]]:
    """Return by chance those that choose and those that confirm."""
    Random(study.seed).shuffle(members)  # noqa: S311 - no secret depends on it
    cut = len(members) - round(len(members) * study.confirm)
    return members[:cut], members[cut:]


class Race:
    """Tries and scores variants of one study.

    Attributes:
        base: The model as it came.
        arms: All variants that have entered, by name.
        by_energy: Whether costs are joules that a counter saw; else they are processor seconds.
        parts: Which items are for what.
        stand_in: The variant that others are raced beside instead of the base, whose own ratio to
            the base then counts; None where the base's trials are cheap.
    """

    def __init__(
        self,
        base: Arm,
        parts: Parts,
        study: Study,
        workshop: Workshop,
        tell: Callable[[Progress], object],
        *,
        is_spent: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin with the model as it came; nothing new is tried where the budget is spent."""
        self.base = base
        self.parts = parts
        self.arms: dict[str, Arm] = {base.name: base}
        self.by_energy = False
        self.stand_in: Arm | None = None
        self._study = study
        self._workshop = workshop
        self._tell = tell
        self._is_spent = is_spent
        self._heats = 0

    def heat(self, arms: Sequence[Arm]) -> None:
        """Try variants once beside the base, and score them on the first items.

        Those whose scores are too low leave the race, as do those that fail, and those that take
        much more than the best good one. Where the base is slow to load, what was tried beside
        it first stands in for it.
        """
        entered = [arm for arm in arms if arm.name not in self.arms]
        self.arms |= {arm.name: arm for arm in entered}
        if entered or not self.base.trials:
            self._blocks(self.stand_in or self.base, entered, 1)
            self._drop_uncounted(entered)
            self._choose_stand_in(entered)
            self.judge([arm for arm in entered if arm.is_running and self.may_differ(arm)])
            self._drop_far()

    def may_differ(self, arm: Arm) -> bool:
        """Return whether a variant may answer otherwise than the base but for rounding."""
        precision = self.base.variant.serving.precision
        return not arm.is_lossless or arm.variant.serving.precision != precision

    def _choose_stand_in(self, entered: Sequence[Arm]) -> None:
        if self.stand_in is None:
            tried = [arm for arm in entered if arm.trials and not arm.is_failed]
            quickest = min(tried, key=lambda arm: arm.trial_s, default=None)
            if quickest and quickest.trial_s < _STANDS_IN * self.base.trial_s:
                self.stand_in = quickest

    def cheapest(self, count: int) -> list[Arm]:
        """Return the variants that take least of those in the race that are small enough.

        Those whose quality is in doubt come behind all others.
        """
        every = [arm for arm in self.arms.values() if arm is not self.base and self.fits(arm)]
        known = [(ratio, arm) for arm in every if (ratio := self.ratio(arm)) is not None]
        left = [(arm.is_doubtful, ratio, arm) for ratio, arm in known if arm.is_running]
        left.sort(key=lambda one: one[:2])
        return [arm for *_, arm in left[:count]]

    def final(self) -> None:
        """Try the cheapest that are left, and the best that changes nothing, as often as asked.

        Each is scored on all items that choose, where it was not yet.
        """
        left = [arm for arm in self.cheapest(len(self.arms)) if not self.is_tried(arm)]
        free = [arm for arm in left[_FINALISTS:] if arm.is_lossless]
        finalists = [*left[:_FINALISTS], *free[:1]]
        repeats = max(self._study.repeats - 1, 1 if self.stand_in is None else _SHOWN)
        self._blocks(self.base, finalists, repeats, scored=self.parts.choosing)

    @property
    def reserve_s(self) -> float:
        """Processor seconds that trying the finalists again will take, as far as is known."""
        left = self.cheapest(_FINALISTS + 1)
        once_s = self.base.trial_s + sum(arm.trial_s for arm in left)
        return once_s * max(self._study.repeats - 1, 1)

    def trial_s(self, kind: str) -> float:
        """Return about how many processor seconds a trial of a form takes; 0 where none was."""
        known = [arm.trial_s for arm in self.arms.values() if arm.model.kind == kind and arm.trials]
        return sum(known) / len(known) if known else 0.0

    def fits(self, arm: Arm) -> bool:
        """Return whether a variant's files are as small as the study asks; the base always is."""
        most = self._study.max_bytes
        return most is None or arm is self.base or arm.model.size_bytes <= most

    def _blocks(
        self, beside: Arm, arms: Sequence[Arm], repeats: int, *, scored: Sequence[int] = ()
    ) -> None:
        """Make the trials of a heat: in each block each arm once, and what they stand beside."""
        first, self._heats = self._heats * _BLOCKS, self._heats + 1
        both = {arm.name: arm for arm in (beside, *arms)}

        def run_one(turn: Turn) -> object:
            arm = both[turn.arm]
            return self._try(arm, first + turn.block, scored or self._scored(arm))

        found = trials(
            list(both),
            repeats=repeats,
            seed=self._study.seed + first,
            run_one=run_one,
            warm_ups=0,
        )
        if self.base.name in found.failed:
            raise InputError(
                "The model cannot be run as it is: {why}. Expected it to answer the requests and "
                "its items to be scored; nothing can be compared with it otherwise.",
                why=found.failed[self.base.name].rstrip("."),
            )
        for name, why in found.failed.items():
            both[name].is_failed = why != SPENT
            both[name].why = why

    def _scored(self, arm: Arm) -> Sequence[int]:
        """Return the items that a first trial scores: of the base all that are ever compared."""
        if arm is self.base:
            return (*self.parts.choosing, *self.parts.confirm)
        return self.parts.first

    def _try(self, arm: Arm, block: int, scored: Sequence[int]) -> object:
        """Make one trial, and score the variant on the items on which it was not yet."""
        key = f"trial/{block}/{arm.name}"
        if self._is_spent() and not (arm.trials or arm is self.base or self._workshop.knows(key)):
            raise TrialFailedError(SPENT)
        self._share(arm)
        items = [number for number in scored if number not in arm.scores] or None
        try:
            answer = self._serve(key, arm, window_s=self._study.window_s, items=items)
        except StepFailedError as error:
            self._say("trial", arm, failed=str(error))
            raise TrialFailedError(str(error)) from error
        arm.trials[block] = trial_of(answer)
        arm.trial_s = answer["spent_s"]
        if arm is self.base:
            self.by_energy = counts_energy(arm)
        if items is not None:
            arm.scores |= dict(zip(items, answer["scores"], strict=True))
        self._say("trial", arm)
        return arm.trials[block]

    def _serve(
        self, key: str, arm: Arm, *, window_s: float, items: Sequence[int] | None
    ) -> dict[str, Any]:
        return self._workshop.once(
            key,
            "serve",
            model=arm.model.folder,
            serving=arm.variant.serving.to_json(),
            window_s=window_s,
            items=None if items is None else list(items),
        )

    def _share(self, arm: Arm) -> None:
        """Take the scores of a variant that gives the same answers, where there is one."""
        for other in self.arms.values():
            if other is not arm and not arm.scores and other.scores and _answers_alike(arm, other):
                arm.scores = other.scores

    def score(self, arm: Arm, numbers: Sequence[int]) -> bool:
        """Score a variant on items on which it was not yet; return whether that worked."""
        left = [number for number in numbers if number not in arm.scores]
        if not left:
            return True
        key = f"score/{left[0]}-{len(left)}/{arm.name}"
        try:
            answer = self._serve(key, arm, window_s=0, items=left)
        except StepFailedError as error:
            arm.why, arm.is_failed = str(error), True
            self._say("score", arm, failed=str(error))
            return False
        arm.scores |= dict(zip(left, answer["scores"], strict=True))
        self._say("score", arm)
        return True

    # ------------------------------------------------------------------------------------ quality

    def judge(self, arms: Sequence[Arm]) -> None:
        """Judge variants by the first items alone: those that are clearly worse leave the race.

        What is meant to change nothing, and computes in the base's precision, is judged at the end
        only, where it still is in the race.
        """
        for name, guard in self.guards(arms, self.parts.first, resamples=_ROUGHLY).items():
            arm = self.arms[name]
            arm.guard = guard
            if guard.verdict == "fail":
                arm.why = TOO_LOW

    def guards(
        self, arms: Iterable[Arm], numbers: Sequence[int], *, resamples: int = _RESAMPLES
    ) -> dict[str, Guard]:
        """Return what items say of variants that were scored on them, each for itself.

        Args:
            arms: The variants.
            numbers: Of the items.
            resamples: How often items are drawn anew, where quality is no mean of scores.
        """
        judged = [arm for arm in arms if arm is not self.base and set(numbers) <= set(arm.scores)]
        if not judged:
            return {}
        base = [self.base.scores[number] for number in numbers]
        scored = {arm.name: [arm.scores[number] for number in numbers] for arm in judged}
        manner = {"margin": self._study.margin, "worst_fall": self._study.worst_fall}
        groups = self.parts.groups
        if self._study.material.metric is None and groups is None:
            return {
                name: non_inferior(base, scores, **manner)  # pyright: ignore[reportArgumentType]
                for name, scores in scored.items()
            }
        names = "|".join(sorted(scored))
        key = f"judge/{resamples}/{len(numbers)}-{numbers[0]}/{names}"
        try:
            answer = self._workshop.once(
                key,
                "judge",
                base=base,
                variants=scored,
                groups=None if groups is None else [groups[number] for number in numbers],
                seed=self._study.seed,
                resamples=resamples,
                **manner,
            )
        except StepFailedError as error:
            raise InputError(
                "The metric {metric!r} cannot be computed of the scores: {why}. Expected a number "
                "for any list of them, drawn with repeats.",
                metric=self._study.material.metric or "mean",
                why=str(error),
            ) from error
        return {name: Guard.from_json(guard) for name, guard in answer["guards"].items()}

    # ------------------------------------------------------------------------------------- choice

    def ratio(self, arm: Arm) -> float | None:
        """Return a variant's cost as a part of the base's; None where it is not known."""
        found = self.told(arm)
        return None if found is None else found.best.value

    def told(self, arm: Arm) -> Estimate | None:
        """Return it with its interval."""
        return self.between(arm, self.base, by_energy=self.by_energy)

    def between(self, arm: Arm, other: Arm, *, by_energy: bool) -> Estimate | None:
        """Return a variant's cost as a part of another's, compared within blocks.

        Where they never met, both are held against what stood in for the base, if that met both,
        without what the scatter of the other one adds.
        """
        found, middle = arm.ratio_to(other, by_energy=by_energy), self.stand_in
        if found is None and middle is not None and middle not in (arm, other):
            beside = arm.ratio_to(middle, by_energy=by_energy)
            own = middle.ratio_to(other, by_energy=by_energy)
            found = None if beside is None or own is None else beside.scaled(own.best.value)
        return found

    def is_cheaper(self, arm: Arm) -> bool:
        """Return whether trials beside the base show that a variant takes less, by their scatter.

        The interval of its ratio has to lie below 1, and one trial alone has none.
        """
        found = arm.ratio_to(self.base, by_energy=self.by_energy)
        return found is not None and CHANCE in found.doubts and found.high.value < 1

    def best(self, arms: Iterable[Arm] | None = None) -> Arm | None:
        """Return the cheapest, the base included, that is small and, as far as is known, good."""
        every = self.arms.values() if arms is None else arms
        good = [arm for arm in every if arm.is_running and not arm.is_doubtful]
        known = {arm.name: self.ratio(arm) for arm in good if self.fits(arm)}
        told = {name: ratio for name, ratio in known.items() if ratio is not None}
        return self.arms[min(told, key=lambda name: told[name])] if told else None

    def _drop_uncounted(self, entered: Sequence[Arm]) -> None:
        """Let go whose work is on a card, where no counter tells joules of all the machine.

        Raises:
            InputError: If that is so of the model as it came.
        """
        if self.by_energy:
            return
        for arm in (self.base, *entered):
            if any(trial.is_elsewhere for trial in arm.trials.values()):
                arm.why = UNCOUNTED
        if self.base.why is not None:
            raise InputError(
                "The model is run on a card, and no counter tells the joules of the machine: "
                "expected one, as processor seconds say nothing of it. See brizna doctor, or name "
                "another runtime below [model]."
            )

    def least(self) -> float:
        """Return the least ratio of what is good enough for sure, so far; of the base it is 1."""
        sure = [arm for arm in self.arms.values() if arm.is_passed or not self.may_differ(arm)]
        best = self.best(sure)
        found = None if best is None else self.ratio(best)
        return 1.0 if found is None else found

    def _drop_far(self, best: Arm | None = None) -> None:
        """Let go who takes much more than the best; the best that changes nothing stays.

        Args:
            best: The one to be beside; what may be good as far as is known, if None.
        """
        best = best or self.best()
        least = None if best is None else self.ratio(best)
        kept = (self.base, self.best(arm for arm in self.arms.values() if arm.is_lossless))
        for arm in self.arms.values():
            ratio = self.ratio(arm)
            if best is None or least is None or ratio is None or not arm.is_running:
                continue
            if arm in kept:
                continue
            if ratio > _FAR * least:
                text = Said("{name} takes less at a quality that is good enough", name=best.name)
                arm.why, arm.behind = str(text), best

    def is_tried(self, arm: Arm) -> bool:
        """Return whether a variant was tried as often as asked."""
        return len(arm.trials) >= max(self._study.repeats, 2)

    def revive(self) -> bool:
        """Bring back what left the race for variants that did not pass.

        Returns:
            Whether there is anything to try again: what came back and is not too far behind one
            that did pass, or the base; or one that passed and was not tried as often as asked.
        """
        back = [arm for arm in self.arms.values() if arm.behind and not arm.behind.is_passed]
        for arm in back:
            arm.why = arm.behind = None
        passed = [arm for arm in self.arms.values() if arm is self.base or arm.is_passed]
        self._drop_far(self.best(passed))
        early = [arm for arm in passed if arm is not self.base and not self.is_tried(arm)]
        return any(arm.is_running for arm in (*back, *early))

    def _say(self, doing: str, arm: Arm, failed: str | None = None) -> None:
        ratio = self.ratio(arm) if doing == "trial" and failed is None else None
        self._tell(
            Progress(
                doing=doing,
                name=arm.name,
                spent_s=self._workshop.spent_s,
                ratio=ratio,
                failed=failed,
            )
        )


def _answers_alike(arm: Arm, other: Arm) -> bool:
    """Return whether two variants answer by the same computation."""
    one, two = arm.variant.serving, other.variant.serving
    is_same = (one.runtime, one.precision, one.options) == (two.runtime, two.precision, two.options)
    return is_same and arm.model.digest == other.model.digest
