"""The gate: whether a change takes more than what it replaces, told as soon as it can be.

Each block runs the base twice and the head once, in an order of its own. The head is held against
the mean of the two; the two against each other are the control, which must come out as nothing:
where it does not, something else than the change moved the figures, and no verdict is given.

After fixed numbers of blocks there is a look. Each may be wrong with a small chance, and these sum
to `ERROR` at most, so that stopping at the first look that decides keeps it, however the looks
hang together. It is spent by the square of the share of the blocks that were run [1]: little at
early looks, which decide where a change is large, most at the last one.

References:
    [1] K. Kim and D. L. DeMets, Design and analysis of group sequential tests based on the type I
        error spending rate function, Biometrika 74(1), 1987.
"""

from __future__ import annotations

from math import exp, inf, log

from brizna.check._signed_rank import hodges_lehmann, shift_interval
from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKS = (11, 15, 20, 28, 40)
"""After how many blocks the gate looks."""
ERROR = 0.015
"""Chance, over all looks, to call a change worse that is not, or better, or small enough."""
CONTROL = 0.01
"""Chance that the control is not null though nothing moved it."""


class Block(Record):
    """One block of the gate: the same figure of three runs, in any unit.

    Attributes:
        base: Of the base.
        again: Of the base again.
        head: Of the head.
    """

    base: float
    again: float
    head: float

    def _check(self) -> None:
        if not min(self.base, self.again, self.head) > 0:
            raise InputError(
                "A block holds {base:g}, {again:g} and {head:g}: expected figures above 0. Compare "
                "another figure, or let the command work for longer.",
                base=self.base,
                again=self.again,
                head=self.head,
            )


class GateVerdict(Record):
    """What a gate says.

    Attributes:
        verdict: ``pass`` (the head takes less than `notice` more), ``regressed`` (more than
            `allow` more), ``improved`` (less than the base) or ``cannot-tell``.
        blocks: How many were looked at.
        change: The head over the base, less 1: the Hodges-Lehmann estimate; 0.05 is 5 % more.
        low: Lower end of its interval; None where so few blocks cannot bound it.
        high: Upper end.
        control: The base over the base again, less 1, with ``control_low`` and ``control_high``.
        control_low: Lower end of that.
        control_high: Upper end.
        is_null: Whether the control holds 0.
        is_final: Whether no further block would be run.
    """

    verdict: str
    blocks: int
    change: float
    low: float | None
    high: float | None
    control: float
    control_low: float | None
    control_high: float | None
    is_null: bool
    is_final: bool


def judge_gate(blocks: Sequence[Block], *, allow: float = 0.0, notice: float = 0.05) -> GateVerdict:
    """Return what the blocks say, by the looks up to the last one.

    Args:
        blocks: In the order in which they were run.
        allow: A larger change than this is a regression, as a share: 0.01 is 1 % more.
        notice: The smallest change that matters; the gate passes once the change is shown to be
            smaller. More than ``allow``.

    Raises:
        InputError: If there are no blocks, or ``notice`` is not above ``allow`` and 0.
    """
    if not blocks:
        raise InputError("The gate has no blocks: expected at least one. Run the commands.")
    check_limits(allow=allow, notice=notice)
    found = None
    for look in looks(len(blocks)):
        found = _look(blocks[:look], allow=allow, notice=notice)
        if found.is_final:
            return found
    return found or _look(blocks, allow=allow, notice=notice, spends=False)


def check_limits(*, allow: float, notice: float) -> None:
    """Refuse limits of a change that cannot be.

    Raises:
        InputError: If ``notice`` is not above ``allow`` and 0.
    """
    if not -1 < allow < notice or not notice > 0:
        raise InputError(
            "--allow is {allow:g} and --notice {notice:g}: expected shares such as 0.01, the "
            "second above the first and above 0.",
            allow=allow,
            notice=notice,
        )


def looks(count: int) -> tuple[int, ...]:
    """Return after how many blocks there was a look, of so many."""
    return tuple(look for look in LOOKS if look <= count)


def chance_at(look: int) -> float:
    """Return what one look may spend of `ERROR`."""
    at = LOOKS.index(look)
    return _spent(look) - (_spent(LOOKS[at - 1]) if at else 0.0)


def _spent(look: int) -> float:
    return ERROR * (look / LOOKS[-1]) ** 2


def _look(
    blocks: Sequence[Block], *, allow: float, notice: float, spends: bool = True
) -> GateVerdict:
    count = len(blocks)
    changes = [log(one.head) - (log(one.base) + log(one.again)) / 2 for one in blocks]
    controls = [log(one.again) - log(one.base) for one in blocks]
    chance = chance_at(count) if spends else 0.0
    low, high = shift_interval(changes, below=chance, above=chance)
    control_low, control_high = shift_interval(controls, below=CONTROL / 2, above=CONTROL / 2)
    is_null = control_low <= 0 <= control_high
    verdict = "cannot-tell"
    if low > log(1 + allow):
        verdict = "regressed"
    elif high < 0:
        verdict = "improved"
    elif high < log(1 + notice):
        verdict = "pass"
    return GateVerdict(
        verdict=verdict if is_null else "cannot-tell",
        blocks=count,
        change=exp(hodges_lehmann(changes)) - 1,
        low=_share(low),
        high=_share(high),
        control=exp(hodges_lehmann(controls)) - 1,
        control_low=_share(control_low),
        control_high=_share(control_high),
        is_null=is_null,
        is_final=count == LOOKS[-1] or verdict != "cannot-tell",
    )


def _share(shift: float) -> float | None:
    return None if abs(shift) == inf else exp(shift) - 1
