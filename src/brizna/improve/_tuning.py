"""A search for settings of good quality and little energy, and an experiment with levels.

The search is successive halving with two objectives [1]: all settings of a bracket are trained
for a little, the better ones for more. Which are better is said by the front on which they lie,
and on one front by the room that they have to themselves. A training that can goes on from its
checkpoint; its energy is then that of all its parts, so that it is always that of one training.

References:
    [1] K. Jamieson, A. Talwalkar, Non-stochastic best arm identification and hyperparameter
    optimization, AISTATS 2016, extended from one figure to non-dominated fronts.
"""

from __future__ import annotations

from math import fsum

from brizna.core.fronts import best_of
from brizna.core.records import Record
from brizna.core.trials import WARM_UP
from brizna.core.tune_found import conclude, cost_of, ends_of, whole_trainings
from brizna.run import TrialFailedError, trials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from brizna.core.trials import Turn
    from brizna.core.tune import Tuned, TunePlan, TuneTrial
    from brizna.improve._samplers import Sampler

TRIALS, BUDGET, LEVELS = "trials", "budget", "levels"
"""Why a search ended."""
_WARM_UPS = 1


class Try(Record):
    """One trial that is to be made.

    Attributes:
        number: Of the setting.
        levels: What to set.
        amount: How much of the resource it gets; None where there is none.
        block: 0 in the search; -1 for a warm-up.
        order: How many trials go before.
        before: How much of the resource its setting had in the search before; None where nothing.
    """

    number: int
    levels: dict[str, str]
    amount: int | None
    block: int
    order: int
    before: int | None = None


class _SpentError(Exception):
    """The budget is used up."""


class Tuning:
    """Carries out a plan.

    Attributes:
        made: The trials so far, in order.
    """

    def __init__(
        self,
        plan: TunePlan,
        sampler: Sampler,
        measure: Callable[[Try], TuneTrial],
        *,
        done: Iterable[TuneTrial] = (),
        forget: Callable[[int, int | None], object] = lambda _number, _amount: None,
    ) -> None:
        """Take what to do, who chooses settings, what makes a trial, and what was made before.

        Args:
            plan: What to do.
            sampler: Chooses settings.
            measure: Makes a trial.
            done: What was made before.
            forget: Called with each setting, and how much it had, that is trained no further.
        """
        self._plan = plan
        self._sampler = sampler
        self._measure = measure
        self._forget = forget
        before = list(done)
        self._done = {
            (one.note.number, one.note.amount, one.note.block): one
            for one in before
            if one.note.block != WARM_UP
        }
        self._levels: dict[int, dict[str, str]] = {}
        self.made = [one for one in before if one.note.block == WARM_UP]

    def run(self) -> str:
        """Make all trials, or what is missing of them, and return why there are no more."""
        try:
            if self._plan.is_experiment:
                self._experiment()
                return LEVELS
            ended = self._search()
            self._repeat()
        except _SpentError:
            return BUDGET
        return ended

    def _experiment(self) -> None:
        self._levels = dict(enumerate(self._plan.arms().values()))
        self._turns(range(len(self._levels)), None, repeats=self._plan.repeats, warms_up=True)

    def _search(self) -> str:
        plan, size = self._plan, 1
        if plan.resource is not None:
            size = plan.resource.factor ** (len(plan.resource.rungs()) - 1)
        begun = 0
        while begun < plan.trials:
            count = min(size, plan.trials - begun)
            try:
                self._bracket(range(begun, begun + count))
            except _SpentError:
                return BUDGET
            begun += count
        return TRIALS

    def _bracket(self, numbers: Sequence[int]) -> None:
        """Train settings for a little, and the best of them for more and more."""
        resource = self._plan.resource
        rungs = (None,) if resource is None else resource.rungs()
        twins = {number: self._asked(number) for number in numbers}
        going = list(dict.fromkeys(twins.values()))
        last: dict[int, TuneTrial | None] = {}
        before: int | None = None
        for place, amount in enumerate(rungs, 1):
            found = self._whole(self._turns(going, amount, before=before))
            last |= {number: found.get(number) for number in going}
            good = [number for number in going if number in found]
            factor = 1 if resource is None else resource.factor**place
            better = self._best(good, found, max(len(numbers) // factor, 1))
            if amount != rungs[-1]:
                for number in going:
                    if number not in better:
                        self._forget(number, amount)
            going, before = better, amount
            if not going:
                break
        for number, twin in twins.items():
            trial = last.get(twin)
            self._sampler.tell(number, None if trial is None else _result(trial))

    def _whole(self, found: Mapping[int, TuneTrial]) -> dict[int, TuneTrial]:
        """Return trials with what their trainings took since their beginning."""
        whole = {
            (one.note.number, one.note.amount, one.note.block): one
            for one in whole_trainings(self.made)
        }
        return {
            number: whole[number, trial.note.amount, trial.note.block]
            for number, trial in found.items()
        }

    def _asked(self, number: int) -> int:
        """Ask for a setting; return the number under which the very same one was asked before."""
        levels = self._sampler.ask(number)
        for known, before in self._levels.items():
            if before == levels:
                return known
        self._levels[number] = levels
        return number

    def _best(
        self, numbers: Sequence[int], found: Mapping[int, TuneTrial], count: int
    ) -> list[int]:
        points: list[tuple[float, float]] = []
        for number in numbers:
            quality, energy_j = _result(found[number])
            points.append((cost_of(self._plan, quality), energy_j))
        return [numbers[place] for place in best_of(points, count)]

    def _repeat(self) -> None:
        """Train the ends of the front and its bend again, each time with another seed."""
        if self._plan.repeats < 2:
            return
        by_amount: dict[int | None, list[int]] = {}
        for setting in self._ends():
            by_amount.setdefault(setting.amount, []).append(setting.number)
        for amount, numbers in by_amount.items():
            self._turns(numbers, amount, repeats=self._plan.repeats)

    def _ends(self) -> list[Tuned]:
        found = conclude(self._plan, "", self.made, ended="")
        return ends_of(self._plan, found.settings)

    # ------------------------------------------------------------------------------------ trials

    def _turns(
        self,
        numbers: Sequence[int],
        amount: int | None,
        *,
        before: int | None = None,
        repeats: int = 1,
        warms_up: bool = False,
    ) -> dict[int, TuneTrial]:
        """Make the trials of settings in turn; return the last one of each that did not fail."""
        earlier = [
            one for one in self.made if one.note.amount == amount and one.note.block != WARM_UP
        ]
        known = {(one.note.block, str(one.note.number)): one for one in earlier}
        lost = {one.note.number for one in earlier if not one.counts}
        arms = [str(number) for number in numbers if number not in lost]
        if not arms:
            return {}
        found = trials(
            arms,
            repeats=repeats,
            seed=self._plan.seed,
            run_one=lambda turn: self._one(turn, amount, before),
            warm_ups=_WARM_UPS if warms_up else 0,
            done=known,
        )
        return {int(arm): blocks[max(blocks)] for arm, blocks in found.counted().items() if blocks}

    def _one(self, turn: Turn, amount: int | None, before: int | None) -> TuneTrial:
        number = int(turn.arm)
        known = self._done.get((number, amount, turn.block))
        if known is None or not turn.counts:
            self._stop_if_spent(is_search=turn.block == 0 and not self._plan.is_experiment)
            known = self._measure(
                Try(
                    number=number,
                    levels=self._levels[number],
                    amount=amount,
                    block=turn.block,
                    order=len(self.made),
                    before=before,
                )
            )
        self.made.append(known)
        if turn.counts and not known.counts:
            raise TrialFailedError(known.note.failed or known.reason or "")
        return known

    def _stop_if_spent(self, *, is_search: bool) -> None:
        plan = self._plan
        again = self._ends() if is_search and plan.repeats > 1 and self.made else []
        kept_j = (plan.repeats - 1) * fsum(_joules(one) for one in again)
        kept_s = (plan.repeats - 1) * fsum(
            one.duration_s.best.value for one in again if one.duration_s
        )
        used_j = fsum(one.energy_j.best.value for one in self.made if one.energy_j is not None)
        used_s = fsum(one.duration_s for one in self.made)
        for budget, used in ((plan.budget_j, used_j + kept_j), (plan.budget_s, used_s + kept_s)):
            if budget is not None and used >= budget:
                raise _SpentError


def _joules(setting: Tuned) -> float:
    return 0.0 if setting.energy_j is None else setting.energy_j.best.value


def _result(trial: TuneTrial) -> tuple[float, float]:
    assert trial.note.quality is not None, "only of trials that count"
    assert trial.energy_j is not None, "only of trials that count"
    return trial.note.quality, trial.energy_j.best.value
