"""Arms: variants in the race, what their trials and scores came to, and what is told of them."""

from __future__ import annotations

from math import isclose

from brizna.check._noninferiority import PASS, Guard
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Duration, Energy
from brizna.core.records import Record
from brizna.core.trials import paired, typical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.improve._model import Model
    from brizna.improve._transform import Variant

PER = 1000
"""Costs are told for so many inferences."""
_METERED = "metered"


class Trial(Record):
    """One trial: what answering the requests took.

    Attributes:
        inferences: How many.
        cpu_s: Processor seconds of all threads.
        energy_j: In the meantime, of the machine or of the process as the settings say; None
            where nobody measured.
        latency_s: Median wall time of a request; ``latency_p95_s`` the same for all but 5 %.
        requests: How many requests, of which ``cache_hits`` were answered from memory.
        used: What the runtime really used.
    """

    inferences: int
    cpu_s: float
    energy_j: Estimate | None
    latency_s: float
    latency_p95_s: float
    requests: int
    cache_hits: int
    used: dict[str, Any]

    @property
    def is_elsewhere(self) -> bool:
        """Whether a card did the work: processor seconds say nothing of it."""
        return self.used.get("device", "cpu") != "cpu"


def trial_of(answer: Mapping[str, Any]) -> Trial:
    """Return a trial from a worker's answer."""
    energy = answer.get("measured_j")
    return Trial(
        energy_j=None if energy is None else Estimate.from_json(Energy, energy),
        **{name: answer[name] for name in Trial.fields() if name != "energy_j"},
    )


class Arm:
    """One variant in the race.

    Attributes:
        variant: What it is.
        model: Its model.
        keys: What the steps that made its model are known by in the journal.
        is_lossless: Whether all of its steps are meant to change nothing that counts.
        trials: By number of the block.
        trial_s: Processor seconds of the process of the latest one, from its start to its end.
        scores: By number of the item.
        guard: What the items that choose say of its quality.
        confirmed: What the others say.
        why: Why it is out of the race; None while it is in.
        behind: The variant that took much less, where that is why; None otherwise.
        is_failed: Whether it could not be run.
    """

    def __init__(
        self, variant: Variant, model: Model, keys: Sequence[str], *, is_lossless: bool
    ) -> None:
        """Enter the race."""
        self.variant = variant
        self.model = model
        self.keys = tuple(keys)
        self.is_lossless = is_lossless
        self.trials: dict[int, Trial] = {}
        self.trial_s = 0.0
        self.scores: dict[int, Any] = {}
        self.guard: Guard | None = None
        self.confirmed: Guard | None = None
        self.why: str | None = None
        self.behind: Arm | None = None
        self.is_failed = False

    @property
    def name(self) -> str:
        """What it is called."""
        return self.variant.name

    @property
    def is_running(self) -> bool:
        """Whether it is still in the race."""
        return self.why is None

    @property
    def is_passed(self) -> bool:
        """Whether its quality is good enough, as far as it was judged."""
        return self.guard is not None and self.guard.verdict == PASS

    @property
    def is_doubtful(self) -> bool:
        """Whether its quality fell by more than the margin, though that may be by chance."""
        return self.guard is not None and self.guard.difference < -self.guard.margin

    def costs(self, *, by_energy: bool) -> dict[int, Estimate]:
        """Return what a thousand inferences took, by block: joules, or processor seconds."""
        found: dict[int, Estimate] = {}
        for block, trial in self.trials.items():
            if by_energy and trial.energy_j is not None:
                found[block] = trial.energy_j.scaled(PER / trial.inferences)
            elif not by_energy and not trial.is_elsewhere:
                seconds = Duration(trial.cpu_s / trial.inferences * PER)
                found[block] = exactly(seconds, _METERED)
        return found

    def cost(self, *, by_energy: bool) -> Estimate | None:
        """Return what a thousand inferences take, over all trials; None where it is not known."""
        costs = list(self.costs(by_energy=by_energy).values())
        return typical(costs) if costs else None

    def ratio_to(self, base: Arm, *, by_energy: bool, comparisons: int = 1) -> Estimate | None:
        """Return its cost as a part of another's, compared within blocks."""
        both = (self.costs(by_energy=by_energy), base.costs(by_energy=by_energy))
        return paired(*both, comparisons=comparisons).ratio


def counts_energy(base: Arm) -> bool:
    """Return whether all trials of an arm have an energy that a counter saw."""
    return bool(base.trials) and all(
        trial.energy_j is not None and trial.energy_j.basis == _METERED
        for trial in base.trials.values()
    )


def is_close(one: Any, other: Any, *, within: float) -> bool:
    """Return whether two scores, numbers or lists of them, are the same but for rounding.

    Args:
        one: A score.
        other: Of the same item.
        within: By how much, or by which part of it, a number may differ.
    """
    if hasattr(one, "__len__") or hasattr(other, "__len__"):
        return len(one) == len(other) and all(
            is_close(*pair, within=within) for pair in zip(one, other, strict=True)
        )
    return isclose(one, other, rel_tol=within, abs_tol=within)
