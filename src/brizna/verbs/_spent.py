"""What the runs of a store spent: for budgets, and to charge failures and idle time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum, inf

from brizna.account import (
    WARN_AT,
    Budget,
    BudgetState,
    Charges,
    Footprint,
    Spent,
    SpentTogether,
    charge,
    judge_budget,
)
from brizna.core.errors import InputError
from brizna.core.nesting import outermost
from brizna.core.quantities import Carbon, Energy, Water
from brizna.core.records import Record
from brizna.store import KINDS, Wanted, estimates_of, sum_runs, unknown_runs, without_collector
from brizna.verbs._account import account_case
from brizna.verbs._views import view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.quantities import Quantity
    from brizna.store import Index, RunSummary, Store
    from brizna.verbs._settings import Settings

_UNITS: tuple[tuple[str, type[Quantity]], ...] = (
    ("energy_j", Energy),
    ("carbon_g", Carbon),
    ("water_l", Water),
)
_TOLD = ("energy_j", "carbon_g", "water_l")
"""Figures of what a run spent; and each cost."""
_MEASURED = ("energy_j",)
"""What is known of a run that nobody has accounted for."""
_BUDGET_FIELDS = ("name", "limit", "from", "to", "tags", "warn_at")


class Asked(Record):
    """Which runs count.

    Attributes:
        tags: Only those that have all of these.
        start: Only those begun from here on, aware; ``end`` before here.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`; as accounted for if None.
        machine: Only those of this machine.
    """

    tags: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    seen_as: str | None = None
    machine: str | None = None


def spent_by(store: Store, asked: Asked) -> tuple[list[Spent], list[str]]:
    """Return what the runs that count spent, none inside another, and those that overlapped.

    A run overlapped if another of its machine went on meanwhile, and both are accounted for with
    all that the machine drew. The figures come from the index; of runs that nobody has accounted
    for, or where another view is asked for, from their records.
    """
    runs = counted(store, asked)
    known = {} if asked.seen_as else _accounted(store, [run.id for run in runs])
    spent: list[Spent] = []
    whole: list[RunSummary] = []
    for run in runs:
        if run.id in known:
            view, figures = known[run.id]
        else:
            shown = view_of(store, run.id, seen_as=asked.seen_as)["footprint"]
            footprint = Footprint.from_json(shown)
            view, figures = footprint.view, _figures(footprint)
        spent.append(_spent(run, figures))
        if view == "machine":
            whole.append(run)
    return spent, at_once(whole)


def _accounted(store: Store, ids: Sequence[str]) -> dict[str, tuple[str, dict[str, Estimate]]]:
    """Return the view and the figures of those of these runs that were accounted for."""

    def ask(index: Index) -> dict[str, tuple[str, dict[str, Estimate]]]:
        rows = index.figures_of(ids)
        return {
            run_id: (view, estimates_of(layout, row, index.doubt))
            for run_id, (view, layout, row) in rows.items()
            if any(figure.name not in _MEASURED for figure in layout)
        }

    found, _left = store.through_index(ask)
    return {
        run_id: (view, {name: value for name, value in figures.items() if _is_told(name)})
        for run_id, (view, figures) in found.items()
    }


def _is_told(figure: str) -> bool:
    return figure in _TOLD or figure.startswith("cost/")


def counted(store: Store, asked: Asked) -> list[RunSummary]:
    """Return the runs that count and have ended, none inside another."""
    found = [run for run in store.runs() if _counts(run, asked)]
    outer = set(outermost(found))
    return [run for run in found if run.id in outer]


def unreadable(found: Sequence[RunSummary], asked: Asked) -> dict[str, str]:
    """Return why runs and packs that count, as far as anybody can tell, cannot be read."""
    return {
        run.id: run.reason or ""
        for run in found
        if run.state == "unreadable"
        and (run.started is None or _is_asked_for(run.replace(machine=asked.machine), asked))
    }


def _counts(run: RunSummary, asked: Asked) -> bool:
    return run.state not in ("running", "unreadable") and _is_asked_for(run, asked)


def _is_asked_for(run: RunSummary, asked: Asked) -> bool:
    if run.started is None:
        return False
    if not set(asked.tags) <= set(run.tags) or asked.machine not in (None, run.machine):
        return False
    began = datetime.fromisoformat(run.started)
    return (asked.start is None or began >= asked.start) and (
        asked.end is None or began < asked.end
    )


def _spent(run: RunSummary, figures: dict[str, Estimate]) -> Spent:
    return Spent(
        id=run.id,
        kind=run.name or " ".join(run.command or ()) or run.id,
        started=run.started or "",
        duration_s=run.duration_s or 0.0,
        succeeded=run.outcome == "succeeded",
        figures=figures,
    )


def _figures(footprint: Footprint) -> dict[str, Estimate]:
    """Return what a footprint says was spent, as far as that is known."""
    figures: dict[str, Estimate | None] = {name: getattr(footprint, name) for name in _TOLD}
    if footprint.cost is not None:
        figures[f"cost/{footprint.currency}"] = footprint.cost
    return {name: value for name, value in figures.items() if value is not None}


def at_once(runs: Sequence[RunSummary]) -> list[str]:
    """Return the runs that began before an earlier one of their machine had ended."""
    ends: dict[str | None, datetime] = {}
    found: list[str] = []
    for run in sorted(runs, key=lambda one: one.started or ""):
        began = datetime.fromisoformat(run.started or "")
        ended = began + timedelta(seconds=run.duration_s or 0.0)
        before = ends.get(run.machine)
        if before is not None and began < before:
            found.append(run.id)
        ends[run.machine] = ended if before is None else max(before, ended)
    return found


# ------------------------------------------------------------------------------------------ charge


class Reserved(Record):
    """A time for which a machine was reserved, and what it draws while it waits.

    Attributes:
        start: First instant, aware; ``end`` the first after it.
        idle_w: Its idle power, in watts.
        facts: Of the place, as of a case: ``zone``, ``pue``, ``machine`` ...
    """

    start: datetime
    end: datetime
    idle_w: float
    facts: Mapping[str, Any] = {}


def charge_runs(
    store: Store,
    asked: Asked,
    *,
    reserved: Reserved | None = None,
    at: datetime,
    book: Book,
) -> Charges:
    """Return what was spent for each run that succeeded, failed runs and idle time included.

    A machine waits while none of its runs goes on, whether they count or not. What it draws then
    falls on all that succeeded on it, by their length; those that count get their part.

    Args:
        store: Where the runs are.
        asked: Which of them count.
        reserved: The time whose idle part is charged too; none if None.
        at: The present, aware: no time to come can be charged.
        book: The factors in force.

    Raises:
        InputError: If the reserved time is empty, is not over, or its facts cannot be; or if runs
            of several machines lie in it and nobody said which one was reserved.
    """
    if reserved is not None:
        _check(reserved, at)
        asked = asked.replace(start=reserved.start, end=reserved.end)
    charges = _charges(store, asked, reserved, at=at, book=book)
    return charges.replace(unreadable=unreadable(store.runs(), asked))


def _charges(
    store: Store, asked: Asked, reserved: Reserved | None, *, at: datetime, book: Book
) -> Charges:
    """Return the charges of the runs that can be read."""
    if reserved is None:
        spent, overlapping = spent_by(store, asked)
        return charge(spent, at_once=overlapping)
    here = _busy(store, reserved, asked.machine, at)
    spent, overlapping = spent_by(store, asked)
    idle = _idle(here, reserved, book)
    if idle is not None and asked.tags:
        everybody = counted(store, asked.replace(tags=()))
        whole_s = fsum(run.duration_s or 0.0 for run in everybody if run.outcome == "succeeded")
        if whole_s > 0:
            own_s = fsum(run.duration_s for run in spent if run.succeeded)
            idle = {name: value.scaled(own_s / whole_s) for name, value in idle.items()}
    return charge(spent, idle=idle, at_once=overlapping)


def _check(reserved: Reserved, at: datetime) -> None:
    if reserved.end <= reserved.start or not 0 < reserved.idle_w < inf:
        raise InputError(
            "The reserved time from {start} to {end} at {idle_w:g} W: expected a time that is not "
            "empty, and idle power above 0.",
            start=reserved.start.isoformat(),
            end=reserved.end.isoformat(),
            idle_w=reserved.idle_w,
        )
    if reserved.end > at:
        raise InputError(
            "The reserved time ends on {end}, which is still to come: expected a time that is over "
            "by {at}. Charge it up to now, and the rest when it is over.",
            end=reserved.end.isoformat(),
            at=at.isoformat(timespec="seconds"),
        )


def _busy(
    store: Store, reserved: Reserved, machine: str | None, at: datetime
) -> list[tuple[datetime, datetime]]:
    """Return when the reserved machine ran something, in the order of the beginnings.

    Raises:
        InputError: If runs of several machines lie in the time, and none was named.
    """
    found: list[tuple[datetime, datetime]] = []
    machines: set[str] = set()
    for run in store.runs():
        if run.started is None or machine not in (None, run.machine):
            continue
        began = datetime.fromisoformat(run.started)
        goes_on = run.state == "running" or run.duration_s is None
        ended = at if goes_on else began + timedelta(seconds=run.duration_s or 0.0)
        if began < reserved.end and ended > reserved.start:
            found.append((max(began, reserved.start), min(ended, reserved.end)))
            machines.add(run.machine or "-")
    if len(machines) > 1:
        raise InputError(
            "Runs of {count} machines lie in the reserved time ({machines}): expected those of the "
            "one that was reserved. Name it with --on.",
            count=len(machines),
            machines=", ".join(sorted(machines)),
        )
    return sorted(found)


def _idle(
    busy: Sequence[tuple[datetime, datetime]], reserved: Reserved, book: Book
) -> dict[str, Estimate] | None:
    """Return what a reserved machine spent while no run went on; None where it never waited."""
    held_s: list[float] = []
    free = reserved.start
    for began, ended in busy:
        if began > free:
            held_s.append((began - free).total_seconds())
        free = max(free, ended)
    if reserved.end > free:
        held_s.append((reserved.end - free).total_seconds())
    idle_s = fsum(held_s)
    if not idle_s > 0:
        return None
    facts = {
        **reserved.facts,
        "name": "idle",
        "duration_s": idle_s,
        "devices": [{"power_w": reserved.idle_w}],
    }
    _case, footprint = account_case(facts, book=book)
    return _figures(footprint)


# ------------------------------------------------------------------------------------------ budget


def read_budgets(path: str) -> list[Budget]:
    """Return the budgets of a TOML file: tables ``[[budget]]``.

    Raises:
        InputError: If it cannot be read, or a budget lacks something or cannot be.
    """
    import tomllib

    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        raise InputError(
            "The budgets {path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error
    except ValueError as error:
        raise InputError(
            "{path!r} is no TOML file ({error}): expected tables [[budget]].",
            path=path,
            error=error,
        ) from error
    tables = found.get("budget")
    if not isinstance(tables, list) or set(found) != {"budget"}:
        raise InputError(
            "{path!r} holds {keys}: expected tables [[budget]] alone.",
            path=path,
            keys=", ".join(found) or "-",
        )
    return [read_budget(table, where=path) for table in tables]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def read_budget(given: Mapping[str, Any], *, where: str) -> Budget:
    """Return the budget that a table or the command line gives.

    Args:
        given: ``limit`` such as ``500 kg``, ``from`` and ``to`` (days, both in the period), and
            perhaps ``name``, ``tags`` and ``warn_at``.
        where: What to call its place in messages.

    Raises:
        InputError: If a field is unknown or missing, or cannot be.
    """
    for field in given:
        if field not in _BUDGET_FIELDS:
            raise InputError(
                "{where}: a budget has no {field!r}: expected {known}.",
                where=where,
                field=field,
                known=", ".join(_BUDGET_FIELDS),
            )
    missing = [field for field in ("limit", "from", "to") if given.get(field) is None]
    if missing:
        raise InputError(
            "{where}: a budget lacks {missing}: give a limit such as '500 kg', and the first and "
            "the last day.",
            where=where,
            missing=", ".join(missing),
        )
    figure, limit = _limit(str(given["limit"]), where)
    first, last = _day(given["from"], where), _day(given["to"], where)
    if last < first:
        raise InputError(
            "{where}: the budget runs from {first} to {last}: expected a first day that is not "
            "after the last, which is in it.",
            where=where,
            first=f"{first:%Y-%m-%d}",
            last=f"{last:%Y-%m-%d}",
        )
    return Budget(
        name=given.get("name") or str(given["limit"]),
        figure=figure,
        limit=limit,
        start=first.isoformat(),
        end=(last + timedelta(days=1)).isoformat(),
        tags=tuple(given.get("tags") or ()),
        warn_at=given.get("warn_at") or WARN_AT,
    )


_GROUP = 3
"""Digits after a comma that may part thousands."""


def _limit(text: str, where: str) -> tuple[str, float]:
    number, _, unit = text.strip().partition(" ")
    whole, _, rest = number.partition(",")
    if whole == "0" or len(rest) != _GROUP:  # 2,500 may be either: it is refused
        number = number.replace(",", ".", 1)
    try:
        value = float(number)
    except ValueError:
        value = None
    for figure, kind in _UNITS:
        if value is not None and unit in kind.units:
            return figure, kind.of(value, unit).value
    if value is not None and len(unit) == 3 and unit.isascii() and unit.isupper():
        return f"cost/{unit}", value
    raise InputError(
        "{where}: the limit is {text!r}: expected a number and a unit of energy, carbon or water, "
        "or a currency, such as '500 kg', '2 MWh', '3 m3' or '800 EUR'.",
        where=where,
        text=text,
    )


def _day(value: Any, where: str) -> datetime:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(
            "{where}: {value!r} is not a day: expected one such as 2026-01-31.",
            where=where,
            value=str(value),
        ) from error


def judge_budgets(
    store: Store, budgets: Sequence[Budget], *, at: datetime, settings: Settings
) -> list[BudgetState]:
    """Return how each budget stands at an instant, by the runs that a store holds."""
    seen_as = None if settings.origins["view"] == "default" else settings["view"]
    states: list[BudgetState] = []
    for budget in budgets:
        asked = Asked(
            tags=budget.tags,
            start=datetime.fromisoformat(budget.start),
            end=min(datetime.fromisoformat(budget.end), at + timedelta(seconds=1)),
            seen_as=seen_as,
        )
        states.append(judge_budget(budget, _together(store, budget.figure, asked), at=at))
    return states


def _together(store: Store, figure: str, asked: Asked) -> SpentTogether:
    """Return what the runs that count spent of a figure, by the index where it knows."""
    if asked.seen_as is not None:
        spent, overlapping = spent_by(store, asked)
        found = SpentTogether.of(figure, spent, overlapping)
        return found.replace(unreadable=unreadable(store.runs(), asked))
    start, end = (
        None if one is None else f"{one:%Y-%m-%dT%H:%M:%S}" for one in (asked.start, asked.end)
    )
    wanted = Wanted(tags=asked.tags, start=start, end=end)
    _account_all(store, wanted)

    def ask(index: Index) -> SpentTogether:
        sums = sum_runs(index, _all, by=(), figures=(figure,), wanted=wanted)
        group = sums.groups.get(None)
        return SpentTogether(
            amount=None if group is None else group.figures.get(figure, (None, 0))[0],
            runs=0 if group is None else group.runs,
            unknown=tuple(unknown_runs(index, figure, wanted=wanted, inside=sums.inside)),
            at_once=sums.at_once,
        )

    with without_collector():
        together, left = store.through_index(ask)
    return together.replace(unreadable=unreadable(left, asked))


def _account_all(store: Store, wanted: Wanted) -> None:
    """Account for runs that nobody has accounted for, so that the index knows their figures."""
    figures = [name for name in KINDS if name not in _MEASURED]
    found, _left = store.through_index(lambda index: index.without(figures, wanted.period))
    for run_id, tags in found:
        if wanted.holds(tags):
            view_of(store, run_id)


def _all(_row: object) -> None:
    """Put all runs into one group."""
