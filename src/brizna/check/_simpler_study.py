"""Records of a comparison of a complex model with simple ones: what is to be done, and found."""

from __future__ import annotations

from brizna.check._simpler import Simpler, SimplerRule
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Energy
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class Candidate(Record):
    """One model that is compared.

    Attributes:
        name: What it is called.
        model: ``module:function`` that returns it; None with a command of its own.
        command: What trains and uses it; None with a function.
    """

    name: str
    model: str | None = None
    command: tuple[str, ...] | None = None

    _forms: ClassVar = {"command": tuple}


class SimplerPlan(Record):
    """What is to be compared; its digest is the comparison's name.

    Attributes:
        made: When, ISO 8601 in UTC.
        machine: Where: trials of two machines are never compared.
        candidates: The models, the complex one first; as they are kept, without secrets.
        data: ``module:function`` that returns training inputs and answers, unseen ones and theirs.
        score: ``module:function`` of answers and what was told; None for right or wrong.
        rule: When the complex model is not worth it.
        repeats: How often each is trained and used.
        seed: Decides the order.
        least_s: Processor seconds that a use lasts at least.
        folder: Where the functions are.
    """

    schema: ClassVar = "brizna.simpler-plan/1"

    made: str
    machine: str
    candidates: tuple[Candidate, ...]
    data: str | None
    score: str | None
    rule: SimplerRule
    repeats: int
    seed: int
    least_s: float
    folder: str

    _forms: ClassVar = {
        "candidates": each(Candidate.from_json),
        "rule": SimplerRule.from_json,
    }


class SimplerNote(Record):
    """What is kept beside the run of a trial, of what the run does not say.

    Attributes:
        plan: Digest of the plan.
        name: The candidate.
        block: How often all were tried before.
        scores: Of each unseen item; empty where it failed.
        failed: Why it counts for nothing; None if it does count.
    """

    schema: ClassVar = "brizna.simpler-trial/1"

    plan: str
    name: str
    block: int
    scores: tuple[float, ...] = ()
    failed: str | None = None

    _forms: ClassVar = {"scores": tuple}


class Compared(Record):
    """What one model came to.

    Attributes:
        name: What it is called.
        score: Mean over the unseen items.
        training_j: Of one training; None where it is not known.
        inference_j: Of 1,000 inferences; None where it is not known.
        runs: Ids of its runs.
        failed: Why it was given up; None if it was not.
    """

    name: str
    score: float | None = None
    training_j: Estimate | None = None
    inference_j: Estimate | None = None
    runs: tuple[str, ...] = ()
    failed: str | None = None

    _forms: ClassVar = {
        "training_j": estimate_of(Energy),
        "inference_j": estimate_of(Energy),
        "runs": tuple,
    }


class SimplerStudy(Record):
    """What a comparison found.

    Attributes:
        complex: Name of the complex model.
        points: Of the rule.
        ratio: Of the rule.
        inferences: Of the rule.
        models: What each came to, the complex one first.
        verdicts: One for each simple model that did not fail.
        recommended: The model to take: of those that pass the one with the least energy, else the
            complex one; None where none passes and one is undecided.
        notes: What a reader should know, a sentence each.
        plan: Digest of its `SimplerPlan`; None in older records.
    """

    schema: ClassVar = "brizna.simpler/1"

    complex: str
    points: float
    ratio: float
    inferences: float | None
    models: tuple[Compared, ...]
    verdicts: tuple[Simpler, ...]
    recommended: str | None
    notes: tuple[str, ...] = ()
    plan: str | None = None

    _later: ClassVar = ("plan",)
    _forms: ClassVar = {
        "models": each(Compared.from_json),
        "verdicts": each(Simpler.from_json),
        "notes": tuple,
    }
