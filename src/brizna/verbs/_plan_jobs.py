"""Plan many jobs from a table: each where and when it is cleanest, or all within a capacity."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta
from importlib import import_module
from math import fsum

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.quantities import Duration
from brizna.core.records import Record
from brizna.grid import read_signals, read_table
from brizna.plan import (
    Board,
    BulkJob,
    FleetJob,
    Pausing,
    Rate,
    Window,
    best_pauses,
    best_start,
    cheapest_moments,
    plan_fleet,
    taken,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.plan import FleetPlan

    Progress = Callable[[int, int], object]

COLUMNS = ("job", "zone", "start", "end", "hours", "carbon_g", "carbon_now_g", "reason")
"""Of the answer: ``hours`` lists the intervals it runs in, ``reason`` says why it cannot run."""

_FINE = 1_000_000
"""Micrograms in a gram: planning counts whole ones, so that equal hours are equal."""
_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = 3_600_000_000
_YES, _NO = ("1", "true", "yes", "y", "si", "sí"), ("", "0", "false", "no", "n")


class TableJob(Record):
    """One line of a table of jobs.

    Attributes:
        name: What it is called.
        line: Where it stands in the table.
        zones: Where it may run, the first choice first.
        arrival_us: From when on, in microseconds since the epoch.
        length_us: How long it works.
        latest_us: When it has ended at the latest.
        power_w: What it draws.
        can_pause: Whether it may pause.
        overhead_us: How long it takes to come back from a pause, at the same power.
    """

    name: str
    line: int
    zones: tuple[str, ...]
    arrival_us: int
    length_us: int
    latest_us: int
    power_w: float
    can_pause: bool
    overhead_us: int


class JobsPlan(Record):
    """The answer for a table of jobs.

    Attributes:
        rows: One for each job, by the names in `COLUMNS`; None where there is nothing to say.
        carbon_g: Of all jobs that can run.
        carbon_now_g: Of the same jobs, at once and where they would run first; None where that is
            not known for some.
        bound_g: With a capacity, what no plan of all jobs can go below.
        without: How many jobs cannot run.
        crowds: Why jobs have no place, by name: who shares the full hours.
    """

    rows: tuple[Mapping[str, Any], ...]
    carbon_g: float
    carbon_now_g: float | None
    bound_g: float | None = None
    without: int = 0
    crowds: tuple[Mapping[str, Any], ...] = ()

    def summary(self) -> dict[str, Any]:
        """Return everything but the rows."""
        return {
            "jobs": len(self.rows),
            "without": self.without,
            "carbon_g": self.carbon_g,
            "carbon_now_g": self.carbon_now_g,
            "saving": (
                None
                if self.carbon_now_g is None or self.carbon_now_g <= 0
                else 1 - self.carbon_g / self.carbon_now_g
            ),
            "bound_g": self.bound_g,
            "gap": (
                None
                if self.bound_g is None or self.bound_g <= 0 or self.without
                else self.carbon_g / self.bound_g - 1
            ),
            "crowds": list(self.crowds),
        }


def plan_jobs(
    jobs: str, signal: str, *, capacity: str | None = None, progress: Progress | None = None
) -> JobsPlan:
    """Return when and where each job of a table runs with the least carbon.

    Args:
        jobs: A CSV or Parquet file with the columns ``job``, ``zone`` or ``zones`` (several
            between ``|``; all of the signal's if empty), ``arrival`` (an instant), ``length_h``,
            ``slack_h`` or ``deadline``, ``power_w``, and where wanted ``pausable`` and
            ``overhead_h``.
        signal: Carbon intensity by zone, as `read_signals` reads it.
        capacity: Watts that all jobs may draw in one zone at a time: a number for each zone, or a
            table with the columns ``zone`` and ``capacity_w``.
        progress: Called with how many jobs are planned, and how many there are.

    Raises:
        InputError: If a file is not such a table; names the line.
    """
    grid = _Grid(read_signals(signal))
    listed = _read_jobs(jobs, grid)
    if capacity is not None:
        return _within(capacity, listed, grid)
    rows: list[dict[str, Any]] = []
    for number, job in enumerate(listed, 1):
        rows.append(_alone(job, grid))
        if progress is not None and (number % 1000 == 0 or number == len(listed)):
            progress(number, len(listed))
    return _summed(rows)


def write_rows(
    path: str, rows: Sequence[Mapping[str, Any]], *, columns: Sequence[str] = COLUMNS
) -> None:
    """Write the answer as CSV or Parquet, by the file's name; all of it or nothing.

    Args:
        path: The file.
        rows: The answer.
        columns: What is written of each row, in this order.

    Raises:
        UnavailableError: If it cannot be written.
    """
    part = f"{path}.{os.getpid()}.part"
    try:
        if path.endswith(".parquet"):
            arrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
            table = arrow.table({name: [row[name] for row in rows] for name in columns})
            parquet.write_table(table, part)
        else:
            with open(part, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows([row[name] for name in columns] for row in rows)
        os.replace(part, path)
    except OSError as error:
        raise UnavailableError(
            "{path} cannot be written: {reason}. Name another file with --out.",
            path=path,
            reason=error.strerror or str(error),
        ) from error
    finally:
        if os.path.exists(part):
            os.unlink(part)


class _Grid:
    """The intensities of all zones, on slots that they have in common."""

    def __init__(self, signals: Mapping[str, Signal]) -> None:
        import numpy as np

        self.zones = tuple(signals)
        self.index = {zone: number for number, zone in enumerate(self.zones)}
        self.rates = [_rate(signal) for signal in signals.values()]
        lengths = {late - early for rate in self.rates for early, late in _slots(rate)}
        self.step_us = min(lengths)
        self.start_us = min(rate.edges[0] for rate in self.rates)
        self.end_us = max(rate.edges[-1] for rate in self.rates)
        aligned = all(
            (edge - self.start_us) % self.step_us == 0 for rate in self.rates for edge in rate.edges
        )
        count = (self.end_us - self.start_us) // self.step_us if aligned else 0
        self.values = np.zeros((len(self.zones), count), dtype=np.int64)
        self.known = np.zeros((len(self.zones), count), dtype=np.int64)
        for row, rate in enumerate(self.rates if aligned else ()):
            for value, (early, late) in zip(rate.values, _slots(rate), strict=True):
                if value is not None:
                    place = slice(self.slot(early), self.slot(late))
                    self.values[row, place], self.known[row, place] = value, 1
        self.is_even = aligned
        self.board = Board(self.values, self.known) if aligned else None

    def slot(self, t_us: int) -> int:
        """Return the slot that begins at a time."""
        return (t_us - self.start_us) // self.step_us

    def edge(self, slot: int) -> int:
        """Return when a slot begins."""
        return self.start_us + slot * self.step_us

    def is_whole(self, job: TableJob) -> bool:
        """Tell whether a job arrives with a slot, takes whole ones, and its slack is whole."""
        return (
            self.is_even
            and job.arrival_us >= self.start_us
            and (job.arrival_us - self.start_us) % self.step_us == 0
            and job.length_us % self.step_us == 0
            and (job.latest_us - job.arrival_us) % self.step_us == 0
        )


def _slots(rate: Rate) -> list[tuple[int, int]]:
    return list(zip(rate.edges, rate.edges[1:], strict=False))


def _rate(signal: Signal) -> Rate:
    return Rate(
        [(edge - _EPOCH) // _US for edge in signal.edges],
        [None if value is None else round(value * _FINE) for value in signal.values],
    )


def _alone(job: TableJob, grid: _Grid) -> dict[str, Any]:
    """Return the answer for a job that shares nothing."""
    rows = tuple(grid.index[zone] for zone in job.zones)
    now = _now(job, grid.rates[rows[0]])
    found = _by_slots(job, rows, grid) if grid.is_whole(job) and not job.overhead_us else None
    if found is None:
        found = _exactly(job, rows, grid)
    if found is None:
        until = _told(job.latest_us)
        reason = str(Said("no known hours hold it between its arrival and {until}", until=until))
        return _row(job, None, (), None, now) | {"reason": reason}
    zone, intervals, cost = found
    return _row(job, grid.zones[zone], intervals, cost, now)


def _by_slots(
    job: TableJob, rows: tuple[int, ...], grid: _Grid
) -> tuple[int, Sequence[tuple[int, int]], int] | None:
    assert grid.board is not None, "the grid is even"
    length = job.length_us // grid.step_us
    slack = (job.latest_us - job.arrival_us) // grid.step_us - length
    arrival = grid.slot(job.arrival_us)
    if slack < 0 or arrival >= grid.values.shape[1]:
        return None
    asked = BulkJob(
        arrival=arrival,
        length=length,
        slack=slack,
        can_pause=job.can_pause,
        zones=None if rows == tuple(range(len(grid.zones))) else rows,
    )
    place = grid.board.place(asked)
    if place is None:
        return None
    return place.zone, _intervals(place.slots, grid), place.cost * grid.step_us


def _intervals(slots: Sequence[int], grid: _Grid) -> list[tuple[int, int]]:
    """Return the intervals that slots make together."""
    found: list[tuple[int, int]] = []
    for slot in slots:
        start, end = grid.edge(slot), grid.edge(slot + 1)
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _exactly(
    job: TableJob, rows: tuple[int, ...], grid: _Grid
) -> tuple[int, Sequence[tuple[int, int]], int] | None:
    """Plan a job at any time; among zones of one cost the first choice wins.

    Pausing at no cost bounds what a zone can give: most zones need no closer look.
    """
    bounds: list[tuple[int, int, int, Window]] = []
    for place, row in enumerate(rows):
        rate = grid.rates[row]
        window = Window(
            earliest_us=max(job.arrival_us, rate.edges[0]),
            latest_us=min(job.latest_us, rate.edges[-1]),
        )
        if window.latest_us - window.earliest_us >= job.length_us:
            free = cheapest_moments(rate, job.length_us, 1, window)
            if free is not None:
                bounds.append((free[1], place, row, window))
    best: tuple[int, int, int, Sequence[tuple[int, int]]] | None = None
    for bound, place, row, window in sorted(bounds, key=lambda one: one[:2]):
        if best is not None and bound > best[0]:
            break
        found = _in_zone(job, grid.rates[row], window, grid.step_us)
        if found is not None and (best is None or (found[1], place) < best[:2]):
            best = found[1], place, row, found[0]
    return None if best is None else (best[2], best[3], best[0])


def _in_zone(
    job: TableJob, rate: Rate, window: Window, step_us: int
) -> tuple[Sequence[tuple[int, int]], int] | None:
    profile = ((job.length_us, 1),)
    if not job.can_pause:
        start = best_start(rate, profile, window)
        return start and ([(start[0], start[0] + job.length_us)], start[1])
    if not job.overhead_us:
        return cheapest_moments(rate, job.length_us, 1, window)
    pausing = Pausing(step_us=step_us, restart_us=job.overhead_us, restart_mw=1)
    return best_pauses(rate, profile, window, pausing)


def _now(job: TableJob, rate: Rate) -> int | None:
    """Return the cost of running at once; None where that is not known."""
    if not rate.is_known(job.arrival_us, job.arrival_us + job.length_us):
        return None
    return taken(rate, ((job.length_us, 1),), job.arrival_us)


def _row(
    job: TableJob,
    zone: str | None,
    intervals: Sequence[tuple[int, int]],
    cost: float | None,
    now: float | None,
) -> dict[str, Any]:
    """Return a line of the answer; costs are in micrograms per kilowatt-hour x microseconds."""
    return {
        "job": job.name,
        "zone": zone,
        "start": _told(intervals[0][0]) if intervals else None,
        "end": _told(intervals[-1][1]) if intervals else None,
        "hours": ";".join(f"{_told(a)}/{_told(b)}" for a, b in intervals) or None,
        "carbon_g": _grams(cost, job.power_w),
        "carbon_now_g": _grams(now, job.power_w),
        "reason": None,
    }


def _grams(cost: float | None, power_w: float) -> float | None:
    return None if cost is None else cost * power_w / (_FINE * _HOUR_US * 1000)


def _told(t_us: int) -> str:
    instant = (_EPOCH + t_us * _US).isoformat()
    return instant.replace("+00:00", "Z")


def _summed(
    rows: Sequence[dict[str, Any]],
    *,
    bound_g: float | None = None,
    crowds: Sequence[Mapping[str, Any]] = (),
) -> JobsPlan:
    placed = [row for row in rows if row["carbon_g"] is not None]
    now = [row["carbon_now_g"] for row in placed]
    return JobsPlan(
        rows=tuple(rows),
        carbon_g=fsum(row["carbon_g"] for row in placed),
        carbon_now_g=None if None in now else fsum(now),
        bound_g=bound_g,
        without=len(rows) - len(placed),
        crowds=tuple(crowds),
    )


def _within(capacity: str, jobs: Sequence[TableJob], grid: _Grid) -> JobsPlan:
    """Plan jobs that share what the zones can feed."""
    import numpy as np

    for job in jobs:
        if not grid.is_whole(job) or job.overhead_us or job.latest_us > grid.end_us:
            raise InputError(
                "Line {line}: with a capacity, jobs arrive, work and end at whole slots of the "
                "signal ({step_h} h), without overhead and inside the series. Round job {name!r}, "
                "or leave the capacity out.",
                line=job.line,
                step_h=grid.step_us / _HOUR_US,
                name=job.name,
            )
    step_h = grid.step_us / _HOUR_US
    room = _capacity(capacity, grid)
    room = np.where(grid.known != 0, room[:, None], 0.0)
    fleet = [
        FleetJob(
            arrival=grid.slot(job.arrival_us),
            length=job.length_us // grid.step_us,
            deadline=grid.slot(job.latest_us),
            size=job.power_w,
            can_pause=job.can_pause,
            zones=tuple(grid.index[zone] for zone in job.zones),
        )
        for job in jobs
    ]
    plan = plan_fleet(grid.values / _FINE * step_h / 1000, room, fleet)
    rows: list[dict[str, Any]] = []
    for job, place in zip(jobs, plan.places, strict=True):
        now = _now(job, grid.rates[grid.index[job.zones[0]]])
        if place is None:
            rows.append(
                _row(job, None, (), None, now) | {"reason": str(Said("the capacity is used up"))}
            )
            continue
        zone, slots = place
        cost = int(grid.values[zone, list(slots)].sum()) * grid.step_us
        rows.append(_row(job, grid.zones[zone], _intervals(slots, grid), cost, now))
    return _summed(rows, bound_g=plan.bound, crowds=_crowds(plan, jobs, fleet, grid))


def _crowds(
    plan: FleetPlan, jobs: Sequence[TableJob], fleet: Sequence[FleetJob], grid: _Grid
) -> list[dict[str, Any]]:
    """Return, for each job without a place, the hours that are full and who shares them."""
    names: dict[FleetJob, list[str]] = {}
    for job, asked in zip(jobs, fleet, strict=True):
        names.setdefault(asked, []).append(job.name)
    without = [job.name for job, place in zip(jobs, plan.places, strict=True) if place is None]
    return [
        {
            "job": name,
            "zone": grid.zones[crowd.zone],
            "full": [_told(grid.edge(slot)) for slot in crowd.slots],
            "shared_with": sorted({one for user, _ in crowd.users for one in names[user]}),
            "is_proof": crowd.is_proof,
        }
        for name, crowd in zip(without, plan.crowds, strict=True)
    ]


def _capacity(text: str, grid: _Grid) -> Any:
    """Return the watts of each zone."""
    import numpy as np

    try:
        return np.full(len(grid.zones), _positive(float(text)))
    except ValueError:
        columns = read_table(text)
    if not {"zone", "capacity_w"} <= columns.keys():
        raise InputError(
            "{path} has the columns {known}: expected zone and capacity_w.",
            path=text,
            known=", ".join(columns),
        ) from None
    stated = dict(zip(columns["zone"], columns["capacity_w"], strict=True))
    missing = [zone for zone in grid.zones if zone not in stated]
    if missing:
        raise InputError(
            "{path} says nothing of {zones}: state the capacity of each zone, 0 for none.",
            path=text,
            zones=", ".join(missing),
        )
    return np.array([float(stated[zone]) for zone in grid.zones])


def _positive(watts: float) -> float:
    if not watts > 0:
        raise InputError("The capacity is {watts} W: expected more than 0.", watts=watts)
    return watts


def _read_jobs(path: str, grid: _Grid) -> list[TableJob]:
    columns = read_table(path)
    zone = "zones" if "zones" in columns else "zone"
    needed = ("job", zone, "arrival", "length_h", "power_w")
    missing = [name for name in needed if name not in columns]
    if not {"slack_h", "deadline"} & columns.keys():
        missing.append("slack_h")
    if missing:
        raise InputError(
            "{path} lacks the columns {missing}; it has {known}. Expected job, zone or zones, "
            "arrival, length_h, slack_h or deadline, power_w, and where wanted pausable and "
            "overhead_h.",
            path=path,
            missing=", ".join(missing),
            known=", ".join(columns),
        )
    names = list(columns)
    return [
        _job(dict(zip(names, cells, strict=True)), line, zone, grid)
        for line, cells in enumerate(zip(*columns.values(), strict=True), 2)
    ]


def _job(row: Mapping[str, Any], line: int, zone: str, grid: _Grid) -> TableJob:
    arrival_us = _instant(row["arrival"], line)
    length_us = _hours(row, "length_h", line)
    if row.get("deadline"):
        latest_us = _instant(row["deadline"], line)
    else:
        latest_us = arrival_us + length_us + _hours(row, "slack_h", line)
    power_w = _number(row, "power_w", line)
    if length_us <= 0 or power_w <= 0:
        raise InputError(
            "Line {line}: the job takes {length_h} h at {power_w} W: expected more than 0.",
            line=line,
            length_h=row["length_h"],
            power_w=row["power_w"],
        )
    named = [name.strip() for name in str(row[zone] or "").split("|") if name.strip()]
    unknown = [name for name in named if name not in grid.index]
    if unknown:
        raise InputError(
            "Line {line}: the signal has no zone {zone}; it has {known}.",
            line=line,
            zone=", ".join(unknown),
            known=", ".join(grid.zones),
        )
    return TableJob(
        name=str(row["job"]),
        line=line,
        zones=tuple(named) or grid.zones,
        arrival_us=arrival_us,
        length_us=length_us,
        latest_us=latest_us,
        power_w=power_w,
        can_pause=_is_yes(row.get("pausable"), line),
        overhead_us=_hours(row, "overhead_h", line) if row.get("overhead_h") else 0,
    )


def _instant(cell: Any, line: int) -> int:
    try:
        instant = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell).strip())
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InputError(
            "Line {line}: {cell!r} is no instant: expected ISO 8601 with its offset, such as "
            "2026-03-29T00:00Z.",
            line=line,
            cell=str(cell),
        )
    return (instant - _EPOCH) // _US


def _hours(row: Mapping[str, Any], name: str, line: int) -> int:
    return round(Duration.of(_number(row, name, line), "h").value * 1e6)


def _number(row: Mapping[str, Any], name: str, line: int) -> float:
    try:
        number = float(row[name])
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise InputError(
            "Line {line}: {name} is {cell!r}: expected a number of 0 or more.",
            line=line,
            name=name,
            cell=str(row[name]),
        )
    return number


def _is_yes(cell: Any, line: int) -> bool:
    word = str("" if cell is None else cell).strip().casefold()
    if word not in (*_YES, *_NO):
        raise InputError(
            "Line {line}: pausable is {cell!r}: expected yes or no.", line=line, cell=str(cell)
        )
    return word in _YES
