"""Plan many jobs from a table: each where and when it is cleanest, or all within a capacity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum

from brizna.core.errors import InputError, Said
from brizna.core.records import Record
from brizna.grid import read_signals, read_table
from brizna.plan import (
    Board,
    BulkJob,
    Fleet,
    Pausing,
    Rate,
    Window,
    best_pauses,
    best_start,
    cheapest_moments,
    plan_fleet,
    taken,
)
from brizna.verbs._jobs_table import JobsTable, Rows, read_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.signal import Signal
    from brizna.plan import FleetJob, FleetPlan
    from brizna.plan._roster import Roster
    from brizna.verbs._jobs_table import TableJob

    Progress = Callable[[int, int], object]

_FINE = 1_000_000
"""Micrograms in a gram: planning counts whole ones, so that equal hours are equal."""
_LEAST_W, _MOST_W = 1e-3, 1e15
"""A capacity below or above is a slip: mankind uses some 2e13 W."""
_MOST_NAMES = 1000
"""Of jobs that share full hours, in the summary."""
_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = 3_600_000_000


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

    rows: Rows
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
    table = read_jobs(jobs, grid.zones)
    if not any(table.zone_sets):
        raise InputError(
            "The signal has no zone of any job: they name {zones}; it has {known}.",
            zones=", ".join(sorted(filter(None, table.strange))),
            known=", ".join(grid.zones),
        )
    if capacity is not None:
        return _within(capacity, table, grid)
    answers: dict[tuple[object, ...], _Answer] = {}
    which: list[_Answer] = []
    for number in range(len(table)):
        job = table.job(number)
        asked = (job.arrival_us, job.length_us, job.latest_us, job.can_pause, job.overhead_us)
        key = (*asked, int(table.allowed[number]))
        if key not in answers:
            strange = table.why_not(number)
            answers[key] = _alone(job, grid) if strange is None else _unknown(strange)
        which.append(answers[key])
        if progress is not None and ((number + 1) % 1000 == 0 or number + 1 == len(table)):
            progress(number + 1, len(table))
    return _summed(table, which)


class _Answer(Record):
    """Where and when a job of some power runs; costs in micrograms per kWh x microseconds."""

    zone: str | None = None
    start: str | None = None
    end: str | None = None
    hours: str | None = None
    cost: float | None = None
    now: float | None = None
    reason: str | None = None


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


def _unknown(strange: str) -> _Answer:
    """Return the answer for a job that names zones of which nothing is known."""
    return _Answer(reason=str(Said("the signal has no zone {zone}", zone=strange)))


def _alone(job: TableJob, grid: _Grid) -> _Answer:
    """Return the answer for a job that shares nothing."""
    rows = tuple(grid.index[zone] for zone in job.zones)
    now = _now(job, grid.rates[rows[0]])
    found = _by_slots(job, rows, grid) if grid.is_whole(job) and not job.overhead_us else None
    if found is None:
        found = _exactly(job, rows, grid)
    if found is None:
        until = _told(job.latest_us)
        reason = str(Said("no known hours hold it between its arrival and {until}", until=until))
        return _Answer(now=now, reason=reason)
    zone, intervals, cost = found
    told = [(_told(start), _told(end)) for start, end in intervals]
    return _answer(grid.zones[zone], told, cost, now)


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
    intervals = [(grid.edge(start), grid.edge(end)) for start, end in _runs(place.slots)]
    return place.zone, intervals, place.cost * grid.step_us


def _runs(slots: Sequence[int]) -> list[tuple[int, int]]:
    """Return first slots of runs of slots in a row, each with the slot behind its last one."""
    found: list[tuple[int, int]] = []
    start = behind = slots[0]
    for slot in slots:
        if slot != behind:
            found.append((start, behind))
            start = slot
        behind = slot + 1
    return [*found, (start, behind)]


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


def _answer(
    zone: str, intervals: Sequence[tuple[str, str]], cost: float, now: float | None
) -> _Answer:
    return _Answer(
        zone=zone,
        start=intervals[0][0],
        end=intervals[-1][1],
        hours=";".join(f"{start}/{end}" for start, end in intervals),
        cost=cost,
        now=now,
    )


def _grams(cost: float | None, power_w: float) -> float | None:
    return None if cost is None else cost * power_w / (_FINE * _HOUR_US * 1000)


def _told(t_us: int) -> str:
    instant = (_EPOCH + t_us * _US).isoformat()
    return instant.replace("+00:00", "Z")


def _summed(
    table: JobsTable,
    which: Sequence[_Answer],
    *,
    now: Sequence[float | None] | None = None,
    bound_g: float | None = None,
    crowds: Sequence[Mapping[str, Any]] = (),
) -> JobsPlan:
    """Return the answers of all jobs.

    Args:
        table: The jobs.
        which: The answer of each.
        now: The cost of running each at once, where its answer does not say.
        bound_g: As in `JobsPlan`.
        crowds: As in `JobsPlan`.
    """
    power_w: list[float] = table.power_w.tolist()
    carbon_g = [_grams(one.cost, power) for one, power in zip(which, power_w, strict=True)]
    at_once = [one.now for one in which] if now is None else now
    now_g = [_grams(cost, power) for cost, power in zip(at_once, power_w, strict=True)]
    placed_now = [mine for mine, grams in zip(now_g, carbon_g, strict=True) if grams is not None]
    known = [grams for grams in placed_now if grams is not None]
    placed = [grams for grams in carbon_g if grams is not None]
    return JobsPlan(
        rows=Rows(
            {
                "job": table.names,
                "zone": [one.zone for one in which],
                "start": [one.start for one in which],
                "end": [one.end for one in which],
                "hours": [one.hours for one in which],
                "carbon_g": carbon_g,
                "carbon_now_g": now_g,
                "reason": [one.reason for one in which],
            }
        ),
        carbon_g=fsum(placed),
        carbon_now_g=fsum(known) if len(known) == len(placed) else None,
        bound_g=bound_g,
        without=len(which) - len(placed),
        crowds=tuple(crowds),
    )


def _within(capacity: str, table: JobsTable, grid: _Grid) -> JobsPlan:
    """Plan jobs that share what the zones can feed."""
    import numpy as np

    step_h = grid.step_us / _HOUR_US
    for row in range(len(table)) if any(table.strange) else ():
        if (strange := table.why_not(row)) is not None:
            raise InputError(
                "Line {line}: the signal has no zone {zone}; it has {known}. With a capacity all "
                "jobs are planned together: mend the line, or leave it out.",
                line=table.job(row).line,
                zone=strange,
                known=", ".join(grid.zones),
            )
    begins = table.arrival_us - grid.start_us
    broken = (begins < 0) | (table.overhead_us > 0) | (table.latest_us > grid.end_us)
    for times in (begins, table.length_us, table.latest_us - table.arrival_us):
        broken |= times % grid.step_us != 0
    broken |= table.latest_us - table.arrival_us < table.length_us
    if broken.any() or not grid.is_even:
        row = int(broken.argmax())
        raise InputError(
            "Line {line}: with a capacity, jobs arrive, work and end at whole slots of the "
            "signal ({step_h} h), without overhead and inside the series. Round job {name!r}, "
            "or leave the capacity out.",
            line=table.job(row).line,
            step_h=step_h,
            name=table.names[row],
        )
    room = np.where(grid.known != 0, _capacity(capacity, grid)[:, None], 0.0)
    fleet = Fleet(
        arrival=begins // grid.step_us,
        length=table.length_us // grid.step_us,
        deadline=(table.latest_us - grid.start_us) // grid.step_us,
        size=table.power_w,
        can_pause=table.can_pause,
        allowed=table.allowed,
        zone_sets=tuple(tuple(grid.index[zone] for zone in one) for one in table.zone_sets),
    )
    plan = plan_fleet(grid.values / _FINE * step_h / 1000, room, fleet)
    answers = _of_parties(plan.roster, grid)
    answers.append(_Answer(reason=str(Said("the capacity is used up"))))
    party_of: list[int] = plan.party_of.tolist()
    which = [answers[party] for party in party_of]
    crowds = _crowds(plan, table, fleet, grid)
    return _summed(table, which, now=_at_once(fleet, grid), bound_g=plan.bound, crowds=crowds)


def _of_parties(roster: Roster, grid: _Grid) -> list[_Answer]:
    """Return the answer for each party, but for what it costs to run at once."""
    import numpy as np

    first: list[int] = roster.first.tolist()
    slots: list[int] = roster.slots.tolist()
    values = grid.values[roster.zone[roster.entries()], roster.slots]
    sums = np.append(0, np.cumsum(values))
    costs: list[int] = (sums[roster.first[1:]] - sums[roster.first[:-1]]).tolist()
    edges = [_told(grid.edge(slot)) for slot in range(grid.values.shape[1] + 1)]
    zones: list[int] = roster.zone.tolist()
    return [
        _answer(
            grid.zones[zone],
            [(edges[start], edges[end]) for start, end in _runs(slots[begin:after])],
            cost * grid.step_us,
            None,
        )
        for zone, begin, after, cost in zip(zones, first[:-1], first[1:], costs, strict=True)
    ]


def _at_once(fleet: Fleet, grid: _Grid) -> list[float | None]:
    """Return the cost of running each job at once where it would run first; None if unknown."""
    import numpy as np

    zone = np.array([zones[0] if zones else 0 for zones in fleet.zone_sets])[fleet.allowed]
    begin, end = fleet.arrival, fleet.arrival + fleet.length
    sums, known = (
        np.pad(np.cumsum(table, axis=1), ((0, 0), (1, 0))) for table in (grid.values, grid.known)
    )
    cost: list[int] = (sums[zone, end] - sums[zone, begin]).tolist()
    whole: list[bool] = (known[zone, end] - known[zone, begin] == fleet.length).tolist()
    return [
        mine * grid.step_us if is_known else None
        for mine, is_known in zip(cost, whole, strict=True)
    ]


def _crowds(plan: FleetPlan, table: JobsTable, fleet: Fleet, grid: _Grid) -> list[dict[str, Any]]:
    """Return why jobs have no place: the hours that are full and who shares them."""
    if not plan.without:
        return []
    without: dict[FleetJob, list[str]] = {}
    for row in (plan.party_of < 0).nonzero()[0].tolist():
        without.setdefault(fleet.job(row), []).append(table.names[row])
    asked = {job for crowd in plan.crowds for job, _ in crowd.users}
    sharing: dict[FleetJob, list[str]] = {}
    for row in range(len(fleet)):
        job = fleet.job(row)
        if job in asked:
            sharing.setdefault(job, []).append(table.names[row])
    told: list[dict[str, Any]] = []
    for crowd in plan.crowds:
        names = sorted({one for user, _ in crowd.users for one in sharing[user]})
        told.append(
            {
                "job": None if crowd.job is None else without[crowd.job].pop(0),
                "zone": "|".join(grid.zones[zone] for zone in crowd.zones),
                "full": [_told(grid.edge(slot)) for slot in crowd.slots],
                "shared_with": names[:_MOST_NAMES],
                "sharing": len(names),
                "is_proof": crowd.is_proof,
            }
        )
    return told


def _capacity(text: str, grid: _Grid) -> Any:
    """Return the watts of each zone."""
    import numpy as np

    try:
        watts = float(text)
    except ValueError:  # a file
        columns = read_table(text)
    else:
        return np.full(len(grid.zones), _watts(watts, least=_LEAST_W))
    if not {"zone", "capacity_w"} <= columns.keys():
        raise InputError(
            "{path} has the columns {known}: expected zone and capacity_w.",
            path=text,
            known=", ".join(columns),
        )
    stated = dict(zip(columns["zone"], columns["capacity_w"], strict=True))
    missing = [zone for zone in grid.zones if zone not in stated]
    if missing:
        raise InputError(
            "{path} says nothing of {zones}: state the capacity of each zone, 0 for none.",
            path=text,
            zones=", ".join(missing),
        )
    return np.array([_watts(stated[zone], least=0.0) for zone in grid.zones])


def _watts(stated: Any, *, least: float) -> float:
    """Return a capacity.

    Raises:
        InputError: If it is no number that a place can feed.
    """
    try:
        watts = float(stated)
    except (TypeError, ValueError):
        watts = -1.0
    if not least <= watts <= _MOST_W:
        raise InputError(
            "The capacity is {stated!r} W: expected a number from {least} to {most}.",
            stated=stated,
            least=f"{least:g}",
            most=f"{_MOST_W:g}",
        )
    return watts
