"""A provider's bill against what was measured: matched, idle, and what no run explains.

The hours of a rented machine that a bill states are laid beside the time of the runs that were
measured on it. What the runs used of a line is theirs, by time, shared alike where they overlap;
the rest of the line was paid for nobody. All parts sum to the bill.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from math import fsum

from brizna.account._charges import Exchange
from brizna.core.errors import InputError
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import ClassVar

KINDS = ("compute", "storage", "requests", "transfer", "tax", "credit", "other")
"""Of a bill's lines."""
PARTS = ("runs", "idle", "machines", *KINDS[1:])
"""Of a bill: what runs used, what machines with runs idled, machines without a run, the rest."""


class BillLine(Record):
    """One line of a bill.

    Attributes:
        line: Where it stands in the file, counted from 1.
        kind: One of `KINDS`.
        name: What was charged for.
        resource: The provider's id of the machine, bucket ...; None where the line names none.
        start: Of the time that it is for, ISO 8601 in UTC; ``end`` its end.
        billed_s: Time of a machine that was charged, in seconds; None where it is none.
        cost: In ``currency``; below 0 for a credit.
        currency: ISO 4217 code.
    """

    line: int
    kind: str
    name: str
    resource: str | None
    start: str
    end: str
    billed_s: float | None
    cost: float
    currency: str


class RunTime(Record):
    """When a run held a machine.

    Attributes:
        run: Its id.
        start: ISO 8601 in UTC; ``end`` its end.
        resource: The provider's id of the machine; None where nobody said.
    """

    run: str
    start: str
    end: str
    resource: str | None


class RunPaid(Record):
    """What a run cost by the bill.

    Attributes:
        run: Its id.
        resource: The machine; None where nobody said which.
        measured_s: How long it ran.
        matched_s: Of that, the part that lines of the machine speak about.
        cost: What it used of them; None where none speaks about it.
    """

    run: str
    resource: str | None
    measured_s: float
    matched_s: float
    cost: float | None


class MachinePaid(Record):
    """What a machine cost by the bill.

    Attributes:
        resource: Its id.
        name: What it is.
        billed_s: Time that was charged.
        used_s: Of that, in which a run was measured.
        idle_s: The rest.
        unbilled_s: Time of runs beyond what was charged: the clocks or the bill are not whole.
        cost: Of all its hours; ``idle_cost`` the part that no run used.
    """

    resource: str | None
    name: str
    billed_s: float
    used_s: float
    idle_s: float
    unbilled_s: float
    cost: float
    idle_cost: float


class Reconciliation(Record):
    """A bill beside the runs.

    Attributes:
        source: The file's name.
        form: ``FOCUS``, ``CUR`` or ``CUR 2``.
        currency: What all costs here are in.
        exchanges: The stated rates by which lines in other currencies were converted.
        cost: Of the whole bill: the sum of ``parts``.
        parts: By `PARTS`.
        machines: Each machine with its hours, the dearest first.
        runs: Each run with its cost.
        unmatched: Ids of the runs that no line speaks about.
        lines: How many lines the bill has.
        supposed: Ids of the runs that name no machine, and were taken to be on the bill's only one.
        unreadable: Runs and packs that cannot be read, and why: what they used counts as idle.
    """

    schema: ClassVar = "brizna.bill/1"

    source: str
    form: str
    currency: str
    exchanges: tuple[Exchange, ...]
    cost: float
    parts: dict[str, float]
    machines: tuple[MachinePaid, ...]
    runs: tuple[RunPaid, ...]
    unmatched: tuple[str, ...]
    lines: int
    supposed: tuple[str, ...] = ()
    unreadable: dict[str, str] = {}

    _forms: ClassVar = {
        "exchanges": each(Exchange.from_json),
        "machines": each(MachinePaid.from_json),
        "runs": each(RunPaid.from_json),
        "unmatched": tuple,
        "supposed": tuple,
    }


class Bill(Record):
    """A bill as it was read.

    Attributes:
        source: The file's name.
        form: ``FOCUS``, ``CUR`` or ``CUR 2``.
        lines: Its lines.
    """

    source: str
    form: str
    lines: tuple[BillLine, ...]


def reconcile(
    bill: Bill,
    runs: Sequence[RunTime],
    *,
    currency: str | None = None,
    exchanges: Sequence[Exchange] = (),
) -> Reconciliation:
    """Return a bill beside the runs.

    Args:
        bill: The bill.
        runs: The runs, each with its machine; one without is matched by nothing.
        currency: What the costs are to be in; that of the bill if None.
        exchanges: Rates of the bill's other currencies into it.

    Raises:
        InputError: If lines are in another currency and nobody stated a rate.
    """
    lines, into = _converted(bill.lines, currency, exchanges)
    on: dict[str, list[RunTime]] = {}
    for run in runs:
        if run.resource is not None:
            on.setdefault(run.resource, []).append(run)
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    machines: dict[str | None, list[_Used]] = {}
    for line in lines:
        if line.kind != "compute":
            parts[line.kind].append(line.cost)
            continue
        here = on.get(line.resource or "", [])
        used = _use(line, here)
        machines.setdefault(line.resource, []).append(used)
        parts["runs"].append(used.cost)
        parts["idle" if here else "machines"].append(line.cost - used.cost)
    found = [_machine(resource, uses) for resource, uses in machines.items()]
    paid = [_paid(run, machines.get(run.resource, [])) for run in runs]
    return Reconciliation(
        source=bill.source,
        form=bill.form,
        currency=into,
        exchanges=tuple(one for one in exchanges if one.into == into),
        cost=fsum(line.cost for line in lines),
        parts={name: fsum(costs) for name, costs in parts.items()},
        machines=tuple(sorted(found, key=lambda one: -one.cost)),
        runs=tuple(paid),
        unmatched=tuple(one.run for one in paid if one.cost is None),
        lines=len(lines),
    )


def _converted(
    lines: Sequence[BillLine], wanted: str | None, exchanges: Sequence[Exchange]
) -> tuple[list[BillLine], str]:
    """Return the lines in one currency, by stated rates alone."""
    known = list(dict.fromkeys(line.currency for line in lines))
    if wanted is None and len(known) != 1:
        raise InputError(
            "The bill is in {currencies}: say which the costs are to be in, with --in, and "
            "the rate of the others, with --rate.",
            currencies=", ".join(known) or "-",
        )
    into = wanted or known[0]
    rates = {one.currency: one.rate.best.value for one in exchanges if one.into == into}
    rates[into] = 1.0
    missing = [code for code in known if code not in rates]
    if missing:
        raise InputError(
            "The bill has lines in {missing}, and nobody stated a rate into {into}: give one, such "
            "as --rate USD=0.92 --rate-source 'ECB 2026-11-20'.",
            missing=", ".join(missing),
            into=into,
        )
    return [one.replace(cost=one.cost * rates[one.currency], currency=into) for one in lines], into


class _Used:
    """What runs used of one line: seconds and cost by run, and what was charged."""

    __slots__ = ("billed_s", "by_run", "cost", "line", "measured_s")

    def __init__(
        self, line: BillLine, billed_s: float, measured_s: float, by_run: Mapping[str, float]
    ) -> None:
        self.line = line
        self.billed_s = billed_s
        self.measured_s = measured_s
        self.by_run = by_run
        part = 1.0 if measured_s >= billed_s else measured_s / billed_s
        self.cost = line.cost * part if by_run else 0.0

    def cost_of(self, run: str) -> float:
        """Return what a run used of the line."""
        return self.cost * self.by_run.get(run, 0.0) / self.measured_s


def _use(line: BillLine, runs: Iterable[RunTime]) -> _Used:
    """Return how much of a line's time each run held, shared alike where they overlap."""
    start, end = _seconds(line.start), _seconds(line.end)
    billed_s = end - start if line.billed_s is None else line.billed_s
    held = [(run.run, _seconds(run.start), _seconds(run.end)) for run in runs]
    inside = [(run, max(start, a), min(end, b)) for run, a, b in held if a < end and b > start]
    edges = sorted({edge for _, a, b in inside for edge in (a, b)})
    by_run: dict[str, list[float]] = {}
    lengths: list[float] = []
    for a, b in pairwise(edges):
        there = [run for run, begin, stop in inside if begin <= a and b <= stop]
        if there:
            lengths.append(b - a)
        for run in there:
            by_run.setdefault(run, []).append((b - a) / len(there))
    return _Used(
        line, billed_s, fsum(lengths), {run: fsum(pieces) for run, pieces in by_run.items()}
    )


def _machine(resource: str | None, uses: Sequence[_Used]) -> MachinePaid:
    cost = fsum(one.line.cost for one in uses)
    billed_s = fsum(one.billed_s for one in uses)
    used_s = fsum(min(one.billed_s, one.measured_s) for one in uses)
    over = (one.measured_s - one.billed_s for one in uses if one.measured_s > one.billed_s)
    return MachinePaid(
        resource=resource,
        name=uses[0].line.name,
        billed_s=billed_s,
        used_s=used_s,
        idle_s=billed_s - used_s,
        unbilled_s=fsum(over),
        cost=cost,
        idle_cost=cost - fsum(one.cost for one in uses),
    )


def _paid(run: RunTime, uses: Sequence[_Used]) -> RunPaid:
    """Return what a run cost; its matched time counts each overlapping run in full."""
    mine = [one for one in uses if run.run in one.by_run]
    begin, stop = _seconds(run.start), _seconds(run.end)
    spans = {(_seconds(one.line.start), _seconds(one.line.end)) for one in mine}
    return RunPaid(
        run=run.run,
        resource=run.resource,
        measured_s=stop - begin,
        matched_s=fsum(min(stop, b) - max(begin, a) for a, b in spans),
        cost=fsum(one.cost_of(run.run) for one in mine) if mine else None,
    )


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
