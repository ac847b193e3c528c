"""What the runs of a store spent: for budgets, and to charge failures and idle time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum

from brizna.account import (
    WARN_AT,
    Budget,
    BudgetState,
    Charges,
    Footprint,
    Spent,
    charge,
    judge_budget,
)
from brizna.core.errors import InputError
from brizna.core.nesting import outermost
from brizna.core.quantities import Carbon, Energy, Water
from brizna.core.records import Record
from brizna.verbs._account import account_case
from brizna.verbs._views import view_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.book import Book
    from brizna.core.estimate import Estimate
    from brizna.core.quantities import Quantity
    from brizna.store import RunSummary, Store
    from brizna.verbs._settings import Settings

_UNITS: tuple[tuple[str, type[Quantity]], ...] = (
    ("energy_j", Energy),
    ("carbon_g", Carbon),
    ("water_l", Water),
)
_BUDGET_FIELDS = ("name", "limit", "from", "to", "tags", "warn_at")


class Asked(Record):
    """Which runs count.

    Attributes:
        tags: Only those that have all of these.
        start: Only those begun from here on, aware; ``end`` before here.
        seen_as: Whose energy: one of `brizna.core.measurement.VIEWS`; as accounted for if None.
    """

    tags: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    seen_as: str | None = None


def spent_by(store: Store, asked: Asked) -> tuple[list[Spent], list[str]]:
    """Return what the runs that count spent, none inside another, and those that overlapped.

    A run overlapped if another of its machine went on meanwhile, and both are accounted for with
    all that the machine drew.
    """
    spent: list[Spent] = []
    whole: list[RunSummary] = []
    for run in counted(store, asked):
        footprint = Footprint.from_json(view_of(store, run.id, seen_as=asked.seen_as)["footprint"])
        spent.append(_spent(run, footprint))
        if footprint.view == "machine":
            whole.append(run)
    return spent, at_once(whole)


def counted(store: Store, asked: Asked) -> list[RunSummary]:
    """Return the runs that count and have ended, none inside another."""
    found = [run for run in store.runs() if _counts(run, asked)]
    outer = set(outermost(found))
    return [run for run in found if run.id in outer]


def _counts(run: RunSummary, asked: Asked) -> bool:
    if run.state in ("running", "unreadable") or run.started is None:
        return False
    if not set(asked.tags) <= set(run.tags):
        return False
    began = datetime.fromisoformat(run.started)
    return (asked.start is None or began >= asked.start) and (
        asked.end is None or began < asked.end
    )


def _spent(run: RunSummary, footprint: Footprint) -> Spent:
    figures: dict[str, Estimate | None] = {
        "energy_j": footprint.energy_j,
        "carbon_g": footprint.carbon_g,
        "water_l": footprint.water_l,
    }
    if footprint.cost is not None:
        figures[f"cost/{footprint.currency}"] = footprint.cost
    return Spent(
        id=run.id,
        kind=run.name or " ".join(run.command or ()) or run.id,
        started=run.started or "",
        duration_s=run.duration_s or 0.0,
        succeeded=run.state == "finished" and run.exit_code in (0, None),
        figures={name: value for name, value in figures.items() if value is not None},
    )


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
    store: Store, asked: Asked, *, reserved: Reserved | None = None, book: Book
) -> Charges:
    """Return what was spent for each run that succeeded, failed runs and idle time included.

    Args:
        store: Where the runs are.
        asked: Which of them count.
        reserved: The time whose idle part is charged too; none if None.
        book: The factors in force.

    Raises:
        InputError: If the reserved time is empty or its facts cannot be.
    """
    if reserved is not None:
        asked = asked.replace(start=reserved.start, end=reserved.end)
    spent, overlapping = spent_by(store, asked)
    idle = None if reserved is None else _idle(spent, reserved, book)
    return charge(spent, idle=idle, at_once=overlapping)


def _idle(spent: Sequence[Spent], reserved: Reserved, book: Book) -> dict[str, Estimate] | None:
    """Return what a reserved machine spent while no run went on; None where it never waited."""
    if reserved.end <= reserved.start or not reserved.idle_w > 0:
        raise InputError(
            "The reserved time from {start} to {end} at {idle_w:g} W: expected a time that is not "
            "empty, and idle power above 0.",
            start=reserved.start.isoformat(),
            end=reserved.end.isoformat(),
            idle_w=reserved.idle_w,
        )
    busy = sorted(
        (began, min(began + timedelta(seconds=run.duration_s), reserved.end))
        for run in spent
        if (began := datetime.fromisoformat(run.started)) < reserved.end
    )
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
    figures = {
        "energy_j": footprint.energy_j,
        "carbon_g": footprint.carbon_g,
        "water_l": footprint.water_l,
    }
    if footprint.cost is not None:
        figures[f"cost/{footprint.currency}"] = footprint.cost
    return {name: value for name, value in figures.items() if value is not None}


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
    return Budget(
        name=given.get("name") or str(given["limit"]),
        figure=figure,
        limit=limit,
        start=_day(given["from"], where).isoformat(),
        end=(_day(given["to"], where) + timedelta(days=1)).isoformat(),
        tags=tuple(given.get("tags") or ()),
        warn_at=given.get("warn_at") or WARN_AT,
    )


def _limit(text: str, where: str) -> tuple[str, float]:
    number, _, unit = text.strip().partition(" ")
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
        spent, overlapping = spent_by(store, asked)
        states.append(judge_budget(budget, spent, at=at, at_once=overlapping))
    return states
