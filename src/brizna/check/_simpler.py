"""Is the complex model worth it, or does a simpler one do?

A complex model that is some points better and takes several times the energy is not worth it: by
the reference documents 3 to 5 points for 2 to 3 times the training. Both figures are uncertain, so
the rule is decided on the ends of their intervals: the simple model is taken only if it surely
loses no more than these points and surely saves that much.
"""

from __future__ import annotations

from brizna.check._noninferiority import FAIL, PASS, UNDECIDED, Guard, holm, non_inferior
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Ratio
from brizna.core.records import Record
from brizna.core.trials import paired, typical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import ClassVar

POINTS, RATIO = 3.0, 2.0
"""Defaults: the strict ends of what the reference documents say (3-5 points, 2-3 times)."""
_HUNDRED = 100


class Contender(Record):
    """A model that was trained and used, several times.

    Attributes:
        name: What it is called.
        scores: Of each unseen item, more is better; points are hundredths of them.
        training_j: Energy of a training, by block.
        inference_j: Energy of one inference, by block.
    """

    name: str
    scores: tuple[float, ...]
    training_j: dict[int, Estimate]
    inference_j: dict[int, Estimate]


class SimplerRule(Record):
    """When a complex model is not worth it.

    Attributes:
        points: It is at most so many points better.
        ratio: It takes at least so many times the energy.
        inferences: How often a model is used over its life; None if nobody knows.
    """

    points: float = POINTS
    ratio: float = RATIO
    inferences: float | None = None

    def _check(self) -> None:
        if (
            self.points < 0
            or self.ratio < 1
            or (self.inferences is not None and self.inferences < 0)
        ):
            raise InputError(
                "The rule has {points} points, {ratio} times the energy and {inferences} "
                "inferences: expected at least 0, 1 and 0.",
                points=self.points,
                ratio=self.ratio,
                inferences="-" if self.inferences is None else self.inferences,
            )


class Simpler(Record):
    """What the rule says of one simple model beside the complex one.

    Attributes:
        name: The simple model.
        verdict: `PASS`: take it; `FAIL`: it does not do; `UNDECIDED`.
        why: In a sentence.
        guard: How its scores compare.
        gain: By how many points the complex model is better.
        gain_low: Lower end of that.
        gain_high: Upper end.
        training_ratio: Energy of training the complex model over that of the simple one.
        inference_ratio: The same of one inference.
        life_ratio: The same of training and all inferences; None where their number is not known.
        break_even: After so many inferences both have taken the same; None where one is ahead
            from the start and stays so.
    """

    name: str
    verdict: str
    why: str
    guard: Guard
    gain: float
    gain_low: float
    gain_high: float
    training_ratio: Estimate | None
    inference_ratio: Estimate | None
    life_ratio: Estimate | None
    break_even: float | None

    _forms: ClassVar = {
        "guard": Guard.from_json,
        "training_ratio": estimate_of(Ratio),
        "inference_ratio": estimate_of(Ratio),
        "life_ratio": estimate_of(Ratio),
    }


def simpler(
    complex_one: Contender, others: Sequence[Contender], *, rule: SimplerRule
) -> list[Simpler]:
    """Return what the rule says of simple models.

    The complex model is the base of the quality guard, with the points as its margin; several
    simple models share its chance of error. Energies are compared block by block.

    Args:
        complex_one: The complex model.
        others: Simple models, scored on the same items.
        rule: When the complex model is not worth it.

    Raises:
        InputError: If models were scored on different items, or on fewer than two.
    """
    guards = holm(
        {
            other.name: non_inferior(
                complex_one.scores, other.scores, margin=rule.points / _HUNDRED
            )
            for other in others
        }
    )
    return [_judged(complex_one, other, guards[other.name], rule) for other in others]


def _judged(one: Contender, other: Contender, guard: Guard, rule: SimplerRule) -> Simpler:
    training = paired(one.training_j, other.training_j).ratio
    inference = paired(one.inference_j, other.inference_j).ratio
    life = None
    if rule.inferences is not None:
        life = paired(_life(one, rule.inferences), _life(other, rule.inferences)).ratio
    ratios = [training, inference] if rule.inferences is None else [life]
    even = _break_even(one, other)
    verdict, why = _verdict(guard, ratios, rule, even)
    return Simpler(
        name=other.name,
        verdict=verdict,
        why=str(why),
        guard=guard,
        gain=-guard.difference * _HUNDRED,
        gain_low=-guard.high * _HUNDRED,
        gain_high=-guard.low * _HUNDRED,
        training_ratio=training,
        inference_ratio=inference,
        life_ratio=life,
        break_even=even,
    )


def _verdict(
    guard: Guard, ratios: Sequence[Estimate | None], rule: SimplerRule, even: float | None
) -> tuple[str, Said]:
    known = [ratio for ratio in ratios if ratio is not None]
    if guard.verdict == FAIL:
        return FAIL, Said("it loses more than {points:g} points", points=rule.points)
    if len(known) < len(ratios):
        return UNDECIDED, Said("its energy beside the complex model's is not known")
    if all(ratio.high.value < rule.ratio for ratio in known):
        return FAIL, Said("it saves less than a factor of {ratio:g}", ratio=rule.ratio)
    if guard.verdict == UNDECIDED:
        if guard.needed is None:
            return UNDECIDED, Said("these items cannot tell what it loses")
        return UNDECIDED, Said("about {items} items would tell what it loses", items=guard.needed)
    if any(ratio.high.value < 1 for ratio in known):
        return UNDECIDED, Said(
            "it takes less for one of training and use and more for the other: both have taken "
            "the same after about {count:.2g} inferences, so say how many there will be",
            count=even or 0.0,
        )
    if any(ratio.low.value >= rule.ratio for ratio in known) and all(
        ratio.low.value >= 1 for ratio in known
    ):
        return PASS, Said(
            "it surely loses no more than {points:g} points and saves a factor of {ratio:g}",
            points=rule.points,
            ratio=rule.ratio,
        )
    return UNDECIDED, Said("more repeats would tell what it saves")


def _life(one: Contender, inferences: float) -> dict[int, Estimate]:
    return {
        block: one.training_j[block] + one.inference_j[block].scaled(inferences)
        for block in sorted(set(one.training_j) & set(one.inference_j))
    }


def _break_even(one: Contender, other: Contender) -> float | None:
    """Return after how many inferences two models have taken the same energy."""
    trainings, uses = (
        [_middle(contender.training_j) for contender in (one, other)],
        [_middle(contender.inference_j) for contender in (one, other)],
    )
    if None in trainings or None in uses:
        return None
    before = (trainings[0] or 0.0) - (trainings[1] or 0.0)
    each = (uses[1] or 0.0) - (uses[0] or 0.0)
    return before / each if each and before / each > 0 else None


def _middle(energies: Mapping[int, Estimate]) -> float | None:
    try:
        return typical(energies.values()).best.value
    except InputError:  # none, or one that may be 0
        return None
