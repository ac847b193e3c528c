"""Which setting to try next: by chance, or by what the trials so far say.

A sampler is asked for settings by number and told what became of them. Asked again for a number,
it gives the same setting, so that a search that was cut short goes on as it would have.
"""

from __future__ import annotations

import os
from importlib import import_module
from math import exp, log
from typing import Protocol

from brizna.core.errors import InputError, UnavailableError
from brizna.core.tune import CHOICE, WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.core.tune import Parameter, TunePlan

JOURNAL = "optuna.log"
"""File of Optuna's journal, beside the search: other programs of Optuna can open it."""


class Sampler(Protocol):
    """Chooses settings."""

    def ask(self, number: int) -> dict[str, str]:
        """Return the setting of this number, counted from 0 on without gaps."""
        ...

    def tell(self, number: int, result: tuple[float, float] | None) -> None:
        """Take what a setting came to: quality and joules; None where it failed."""
        ...


def open_sampler(plan: TunePlan, folder: str) -> Sampler:
    """Return the sampler of a search.

    Args:
        plan: The search.
        folder: Where it may keep what it needs to go on.

    Raises:
        InputError: If there is none of that name.
        UnavailableError: If its library is not installed.
    """
    made = SAMPLERS.get(plan.sampler)
    if made is None:
        raise InputError(
            "There is no sampler {name!r}: expected one of {known}.",
            name=plan.sampler,
            known=", ".join(SAMPLERS),
        )
    return made(plan, folder)


class RandomSampler:
    """Draws every setting by itself; needs no library, and forgets what it is told."""

    def __init__(self, plan: TunePlan, folder: str) -> None:
        """Take what may be set; the folder is not used."""
        del folder
        self._plan = plan

    def ask(self, number: int) -> dict[str, str]:
        """Return the setting of this number."""
        from random import Random

        if number < len(self._plan.starts):
            return dict(self._plan.starts[number])
        rng = Random(f"{self._plan.seed}/{number}")  # noqa: S311 - a search, no secret
        return {one.name: one.said(_drawn(one, rng)) for one in self._plan.parameters}

    def tell(self, number: int, result: tuple[float, float] | None) -> None:
        """Learn nothing."""


def _drawn(parameter: Parameter, rng: Any) -> float | str:
    if parameter.kind == CHOICE:
        return rng.choice(parameter.levels)
    low, high = _ends(parameter)
    if parameter.kind == WHOLE and not parameter.log:
        return rng.randint(round(low), round(high))
    if parameter.log:
        return min(max(exp(rng.uniform(log(low), log(high))), low), high)
    return rng.uniform(low, high)


def _ends(parameter: Parameter) -> tuple[float, float]:
    assert parameter.low is not None, "a range has both ends"
    assert parameter.high is not None, "a range has both ends"
    return parameter.low, parameter.high


class OptunaSampler:
    """Optuna's tree-structured Parzen estimator on both objectives, with its journal in a file.

    Optuna ends trials early on one objective only; who goes on is decided by
    `brizna.improve._tuning`, which tells this sampler what a setting came to in the end.
    """

    def __init__(self, plan: TunePlan, folder: str) -> None:
        """Open the study, or make it.

        Raises:
            UnavailableError: If Optuna is not installed.
        """
        try:
            optuna: Any = import_module("optuna")
        except ImportError as error:
            raise UnavailableError(
                "This search needs Optuna, which is not installed. Install it with pip install "
                "'brizna[tune]', or draw settings by chance with --sampler random."
            ) from error
        self._optuna = optuna
        self._plan = plan
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        journal = optuna.storages.journal
        path = os.path.join(folder, JOURNAL)
        lock = journal.JournalFileOpenLock(path)
        storage = optuna.storages.JournalStorage(journal.JournalFileBackend(path, lock_obj=lock))
        better = "maximize" if plan.more_is_better else "minimize"
        self._study: Any = optuna.create_study(
            storage=storage,
            study_name="tune",
            directions=[better, "minimize"],
            load_if_exists=True,
        )
        known = len(self._study.trials)
        self._study.sampler = optuna.samplers.TPESampler(seed=(plan.seed + known) % 2**32)
        self._open: dict[int, Any] = {}

    def ask(self, number: int) -> dict[str, str]:
        """Return the setting of this number."""
        trials = self._study.trials
        if number < len(trials) and len(trials[number].params) == len(self._plan.parameters):
            params: Mapping[str, Any] = trials[number].params
            return {one.name: one.said(params[one.name]) for one in self._plan.parameters}
        if number < len(self._plan.starts) and number >= len(trials):
            self._study.enqueue_trial(self._typed(self._plan.starts[number]))
        trial = self._open[number] if number in self._open else self._study.ask()
        return {one.name: one.said(self._suggest(trial, one)) for one in self._plan.parameters}

    def tell(self, number: int, result: tuple[float, float] | None) -> None:
        """Take what a setting came to."""
        if self._study.trials[number].state.is_finished():
            return
        states = self._optuna.trial.TrialState
        if result is None:
            self._study.tell(number, state=states.FAIL)
        else:
            self._study.tell(number, list(result))

    def _suggest(self, trial: Any, one: Parameter) -> Any:
        if one.kind == CHOICE:
            return trial.suggest_categorical(one.name, list(one.levels))
        low, high = _ends(one)
        if one.kind == WHOLE:
            return trial.suggest_int(one.name, round(low), round(high), log=one.log)
        return trial.suggest_float(one.name, low, high, log=one.log)

    def _typed(self, levels: Mapping[str, str]) -> dict[str, Any]:
        kinds: dict[str, Callable[[str], Any]] = {CHOICE: str, WHOLE: _whole}
        return {
            one.name: kinds.get(one.kind, float)(levels[one.name]) for one in self._plan.parameters
        }


def _whole(text: str) -> int:
    return round(float(text))


SAMPLERS: dict[str, Callable[[TunePlan, str], Sampler]] = {
    "tpe": OptunaSampler,
    "random": RandomSampler,
}
"""What there is to choose settings by."""
