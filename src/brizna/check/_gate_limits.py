"""What a gate asks beside the change: counts that repeat, a budget, a quality, a slow creep."""

from __future__ import annotations

from itertools import pairwise
from math import exp, inf, isfinite, log
from statistics import median

from brizna.check._gate import GateVerdict
from brizna.core.errors import InputError, Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from brizna.check._gate import Block

REPEATS = 0.005
"""Counts of equal work that lie within this share of one another repeat."""
COUNTED = 3
"""So many blocks of counts are enough where they repeat."""
STEADY = 6.0
"""A creep stands out where it is beyond so many standard deviations of single figures."""
CREEP_POINTS = 4
"""Fewer figures than these have no history."""
_NORMAL_MAD = 1.4826
"""Standard deviations of a normal distribution in one median absolute deviation."""


def counts_repeat(blocks: Sequence[Block]) -> bool:
    """Tell whether each arm's counts lie so near together that they can be held side by side."""
    arms = ([one.base for one in blocks] + [b.again for b in blocks], [b.head for b in blocks])
    return all(max(arm) <= min(arm) * (1 + REPEATS) for arm in arms)


def judge_counts(
    blocks: Sequence[Block], *, allow: float = 0.0, notice: float = 0.05
) -> GateVerdict:
    """Return what counts say that repeat: no statistics, but all that was seen, end to end.

    The interval reaches from the least head over the greatest base to the greatest head over the
    least base. The control is the base again over the base, in the same way. Less than `REPEATS`
    is no change: where a version lies on the disk, and so how long its paths are, moves counts too.

    Args:
        blocks: At least one.
        allow: A larger change than this is a regression, as a share.
        notice: The smallest change that matters; more than ``allow``.

    Raises:
        InputError: If there are no blocks.
    """
    if not blocks:
        raise InputError("The gate has no blocks: expected at least one. Run the commands.")
    bases = [one.base for one in blocks]
    repeats = [one.again for one in blocks]
    heads = [one.head for one in blocks]
    every = bases + repeats
    low, high = min(heads) / max(every) - 1, max(heads) / min(every) - 1
    is_enough = len(blocks) >= COUNTED
    verdict = "cannot-tell"
    if not is_enough:
        pass
    elif low > max(allow, REPEATS):
        verdict = "regressed"
    elif high < -REPEATS:
        verdict = "improved"
    elif high < notice:
        verdict = "pass"
    return GateVerdict(
        verdict=verdict,
        blocks=len(blocks),
        change=median(heads) / median(every) - 1,
        low=low,
        high=high,
        control=median(repeats) / median(bases) - 1,
        control_low=min(repeats) / max(bases) - 1,
        control_high=max(repeats) / min(bases) - 1,
        is_null=True,
        is_final=is_enough,
    )


class Limit(Record):
    """A budget, and what is held against it.

    Attributes:
        verdict: ``pass`` where the whole interval is at most ``most``, ``fail`` where all of it is
            above, ``cannot-tell`` between and where nothing is known.
        most: The budget, in ``unit``.
        unit: ``J``, ``s`` or ``1``.
        best: What it takes, in ``unit``; None where it is not known.
        low: Lower end of its interval.
        high: Upper end: a budget is kept only if this is within it.
        executions: How many it rests on.
    """

    verdict: str
    most: float
    unit: str
    best: float | None
    low: float | None
    high: float | None
    executions: int


def judge_budget(
    ends: tuple[float, float, float] | None, *, most: float, unit: str, executions: int
) -> Limit:
    """Hold what a command takes against a budget, on the interval's end.

    Args:
        ends: Low, best and high, in ``unit``; None where it is not known.
        most: The budget.
        unit: Of both.
        executions: How many the interval rests on.

    Raises:
        InputError: If the budget is not above 0.
    """
    check_budget(most)
    low, best, high = ends or (None, None, None)
    verdict = "cannot-tell"
    if high is not None and high <= most:
        verdict = "pass"
    elif low is not None and low > most:
        verdict = "fail"
    return Limit(
        verdict=verdict,
        most=most,
        unit=unit,
        best=best,
        low=low,
        high=high,
        executions=executions,
    )


def check_budget(most: float) -> None:
    """Refuse a budget that is not above 0.

    Raises:
        InputError: If it is not.
    """
    if not most > 0:
        raise InputError(
            "The budget is {most:g}: expected more than 0, such as --max 450Wh.", most=most
        )


class Floor(Record):
    """A quality that must not be given up for energy.

    Attributes:
        name: What the command calls it.
        least: What it must be at least; where ``over_base`` less of the base's own.
        over_base: Whether ``least`` is what the head has more than the base of the same block.
    """

    name: str
    least: float
    over_base: bool = False

    @classmethod
    def read(cls, text: str) -> Floor:
        """Return the floor in a text such as ``accuracy>=0.9`` or ``accuracy>=base-0.01``.

        Raises:
            InputError: If it is none.
        """
        name, sign, bound = (part.strip() for part in text.partition(">="))
        over_base = bound.startswith("base")
        rest = bound.removeprefix("base").replace(" ", "")
        try:
            least = float(rest or "0") if over_base else float(bound)
        except ValueError:
            least = None
        if not sign or not name.isidentifier() or least is None or not isfinite(least):
            raise InputError(
                "The quality is {text!r}: expected a name and what it must be at least, such as "
                "'accuracy>=0.9', or 'accuracy>=base-0.01' beside the base.",
                text=text,
            )
        return cls(name=name, least=least, over_base=over_base)


class Quality(Record):
    """A quality, and how it stands to its floor.

    Attributes:
        verdict: ``pass`` where every execution reached the floor, ``fail`` where most did not,
            ``cannot-tell`` between, or where one did not say it.
        floor: What was asked.
        median: Of the head's; over the base's where the floor is. None where it is no number.
        worst: The least of them; None where one is no number.
        executions: How many said it.
        reason: Why one of them is not known though the command said something.
    """

    verdict: str
    floor: Floor
    median: float | None
    worst: float | None
    executions: int
    reason: str | None = None

    _forms: ClassVar = {"floor": Floor.from_json}


def judge_quality(
    floor: Floor, heads: Sequence[float | None], bases: Sequence[float | None] = ()
) -> Quality:
    """Hold the quality that the head reached against its floor.

    What is no finite number, as the loss of a training that went astray, reaches no floor.

    Args:
        floor: What it must be.
        heads: What each execution of the head said, None where it said nothing.
        bases: What the base of the same block said, if the floor is over the base.
    """
    reached = [one if one is None or isfinite(one) else -inf for one in heads]
    if floor.over_base:
        pairs = zip(reached, bases, strict=True)
        seen = [None if h is None or b is None or not isfinite(b) else h - b for h, b in pairs]
    else:
        seen = reached
    known = [one for one in seen if one is not None]
    slack = 1e-12 * max([abs(floor.least), *(abs(one) for one in known if isfinite(one))])
    verdict = "cannot-tell"
    if known and median(known) < floor.least - slack:
        verdict = "fail"
    elif known and len(known) == len(seen) and min(known) >= floor.least - slack:
        verdict = "pass"
    astray = sum(one is not None and not isfinite(one) for one in (*heads, *bases))
    why = Said("{count} executions said what is no finite number", count=astray)
    return Quality(
        verdict=verdict,
        floor=floor,
        median=_finite(median(known)) if known else None,
        worst=_finite(min(known)) if known else None,
        executions=len(known),
        reason=str(why) if astray else None,
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


class Drift(Record):
    """Whether the base has crept upwards over time, by steps that no single gate would stop.

    Attributes:
        verdict: ``pass``, ``fail`` where it has, or ``cannot-tell`` where the history is short.
        points: How many figures of the base there are, one a commit.
        creep: How far the last one stands above what it has been at its lowest, as a share, after
            the slack of each step; the one-sided cumulative sum.
        limit: From where on that is a creep: the smallest change that matters, or more where the
            figures scatter.
        scatter: Of one figure, as a share.
    """

    verdict: str
    points: int
    creep: float | None
    limit: float | None
    scatter: float | None


def judge_drift(figures: Sequence[float], *, notice: float = 0.05) -> Drift:
    """Look for a creep in the figures of the base, by a cumulative sum of their steps.

    ``S = max(0, S + step - slack)`` over the logarithms' steps, as in a one-sided CUSUM [1], with
    a slack of a tenth of the scatter: the sum of steps is the distance from where they began, so
    that noise of single figures does not add up.

    Args:
        figures: One for each commit of the base, in the order of time, all above 0.
        notice: The smallest change that matters.

    References:
        [1] E. S. Page, Continuous inspection schemes, Biometrika 41(1/2), 1954.
    """
    if len(figures) < CREEP_POINTS:
        return Drift(
            verdict="cannot-tell", points=len(figures), creep=None, limit=None, scatter=None
        )
    logs = [log(one) for one in figures]
    steps = [later - earlier for earlier, later in pairwise(logs)]
    middle = median(steps)
    scatter = _NORMAL_MAD * median(abs(step - middle) for step in steps) / 2**0.5
    total = 0.0
    for step in steps:
        total = max(0.0, total + step - scatter / 10)
    limit = max(log(1 + notice), STEADY * scatter)
    return Drift(
        verdict="fail" if total > limit else "pass",
        points=len(figures),
        creep=exp(total) - 1,
        limit=exp(limit) - 1,
        scatter=scatter,
    )
