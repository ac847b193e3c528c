"""Budgets: what may be spent in a period, what was, and when it will be gone at this pace."""

from __future__ import annotations

from brizna.account._spent import Spent, kind_of_figure
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any, ClassVar

STATES = ("kept", "warned", "cannot-tell", "exceeded")
"""From good to bad."""
WARN_AT = 0.8
"""From which share of the limit on to warn, where nobody says."""


class Budget(Record):
    """What may be spent.

    Attributes:
        name: What to call it.
        figure: ``energy_j``, ``carbon_g``, ``water_l`` or ``cost/EUR``.
        limit: In the figure's base unit; above 0.
        start: First instant of the period, ISO 8601 in UTC; ``end`` the first after it.
        tags: Only runs that have all of these count; all runs if empty.
        warn_at: From which share of the limit on to warn, in (0, 1].
    """

    name: str
    figure: str
    limit: float
    start: str
    end: str
    tags: tuple[str, ...] = ()
    warn_at: float = WARN_AT

    _forms: ClassVar = {"tags": tuple}

    def _check(self) -> None:
        if not self.limit > 0:
            raise InputError(
                "The budget {name!r} is {limit:g}: expected more than 0.",
                name=self.name,
                limit=self.limit,
            )
        if not self.start < self.end:
            raise InputError(
                "The budget {name!r} runs from {start} to {end}: expected a first day that is not "
                "after the last.",
                name=self.name,
                start=self.start,
                end=self.end,
            )
        if not 0 < self.warn_at <= 1:
            raise InputError(
                "The budget {name!r} warns at {warn_at:g}: expected a share above 0 and at most 1.",
                name=self.name,
                warn_at=self.warn_at,
            )


class BudgetState(Record):
    """How a budget stands.

    Attributes:
        budget: The budget.
        at: As of when, ISO 8601 in UTC.
        runs: How many runs count.
        unknown: Those of which the figure is not known: what was spent is at least this.
        spent: By the runs that are known; None where none is.
        share: Of the limit, best value.
        forecast: What will be spent by the end at the pace so far; None before the period or
            where nothing is known.
        gone_by: When the limit will be reached at this pace, if that is before the end; else
            None, as where what was spent has reached it already.
        state: One of `STATES`.
        at_once: Runs that overlapped another on one machine: whole-machine energy counts twice.
        unreadable: Runs and packs that cannot be read, and why: what was spent is at least this.
    """

    schema: ClassVar = "brizna.budget/1"

    budget: Budget
    at: str
    runs: int
    unknown: tuple[str, ...]
    spent: Estimate | None
    share: float | None
    forecast: Estimate | None
    gone_by: str | None
    state: str
    at_once: tuple[str, ...] = ()
    unreadable: dict[str, str] = {}

    _forms: ClassVar = {"budget": Budget.from_json, "unknown": tuple, "at_once": tuple}

    @classmethod
    def from_json(cls, data: Any) -> BudgetState:
        """Return the state that `to_json` wrote; its figures are of the budget's kind."""
        kind = kind_of_figure(data["budget"]["figure"])
        read = {
            name: None if data[name] is None else Estimate.from_json(kind, data[name])
            for name in ("spent", "forecast")
        }
        made = super().from_json({**data, "spent": None, "forecast": None})
        return made.replace(**read)


class SpentTogether(Record):
    """What the runs that count for a budget spent of its figure.

    Attributes:
        amount: By the runs of which it is known; None where it is known of none.
        runs: How many count.
        unknown: Those of which the figure is not known.
        at_once: Those that overlapped another on one machine, to be told.
        unreadable: What cannot be read and may count, and why.
    """

    amount: Estimate | None
    runs: int
    unknown: tuple[str, ...] = ()
    at_once: tuple[str, ...] = ()
    unreadable: dict[str, str] = {}

    @classmethod
    def of(cls, figure: str, spent: Sequence[Spent], at_once: Sequence[str] = ()) -> SpentTogether:
        """Return what these runs spent of a figure."""
        known = [run.figures[figure] for run in spent if figure in run.figures]
        return cls(
            amount=total(known) if known else None,
            runs=len(spent),
            unknown=tuple(run.id for run in spent if figure not in run.figures),
            at_once=tuple(at_once),
        )


def judge_budget(budget: Budget, spent: SpentTogether, *, at: datetime) -> BudgetState:
    """Return how a budget stands.

    It is exceeded where the low end of what was spent lies above the limit, and nobody can tell
    where only the high end does, or where runs are missing from the sum or cannot be
    read. It warns from its share on, and where the pace so far would reach the limit before the
    end.

    Args:
        budget: The budget.
        spent: By the runs that count: begun in the period, with its tags, none inside another.
        at: The present, aware and in UTC.
    """
    from datetime import datetime, timedelta

    amount, lacks = spent.amount, bool(spent.unknown or spent.unreadable)
    if amount is None and not lacks:
        amount = exactly(kind_of_figure(budget.figure)(0.0))
    start, end = datetime.fromisoformat(budget.start), datetime.fromisoformat(budget.end)
    passed_s = (min(at, end) - start).total_seconds()
    forecast, gone_by = None, None
    if amount is not None and passed_s > 0:
        forecast = amount.scaled((end - start).total_seconds() / passed_s)
        if 0 < amount.best.value < budget.limit:
            needed_s = passed_s * budget.limit / amount.best.value
            reached = start + timedelta(seconds=min(needed_s, 1e10))
            gone_by = reached.isoformat() if reached < end else None
    return BudgetState(
        budget=budget,
        at=at.isoformat(),
        runs=spent.runs,
        unknown=spent.unknown,
        spent=amount,
        share=None if amount is None else amount.best.value / budget.limit,
        forecast=forecast,
        gone_by=gone_by,
        state=_state(budget, amount, gone_by, lacks=lacks),
        at_once=spent.at_once,
        unreadable=spent.unreadable,
    )


def _state(budget: Budget, amount: Estimate | None, gone_by: str | None, *, lacks: bool) -> str:
    if amount is None:
        return "cannot-tell"
    if amount.low.value > budget.limit:
        return "exceeded"
    if amount.high.value > budget.limit or lacks:
        return "cannot-tell"
    if gone_by is not None or amount.best.value >= budget.warn_at * budget.limit:
        return "warned"
    return "kept"
