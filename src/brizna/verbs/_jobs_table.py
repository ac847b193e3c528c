"""A table of jobs: read as columns, and its answer written as columns."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module

from brizna.core.errors import InputError, UnavailableError
from brizna.core.quantities import Duration
from brizna.core.records import Record
from brizna.grid import read_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, overload

    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    Floats = NDArray[float64]
    Whole = NDArray[int64]

COLUMNS = ("job", "zone", "start", "end", "hours", "carbon_g", "carbon_now_g", "reason")
"""Of the answer: ``hours`` lists the intervals it runs in, ``reason`` says why it cannot run."""

_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = Duration.of(1.0, "h").value * 1e6
_MOST_HOURS = 1e6
"""A century and more: no series is as long."""
_YES, _NO = ("1", "true", "yes", "y", "si", "sí"), ("", "0", "false", "no", "n")
_HEAD = 2
"""The line of the first job: above it stands the head."""


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


class JobsTable(Record):
    """All lines of a table of jobs, as columns of shape (jobs,); see `TableJob`.

    Attributes:
        names: What they are called.
        zone_sets: Where jobs may run, the first choice first: each set of zones once.
        allowed: Which of them each job may run in.
        strange: For each of the sets, the zones in it that nothing is known of, between commas;
            None where there are none. Such a set is empty: the job cannot run.
        arrival_us: As there.
        length_us: As there.
        latest_us: As there.
        power_w: As there.
        can_pause: As there.
        overhead_us: As there.
    """

    names: Sequence[str]
    zone_sets: tuple[tuple[str, ...], ...]
    allowed: Whole
    arrival_us: Whole
    length_us: Whole
    latest_us: Whole
    power_w: Floats
    can_pause: NDArray[bool_]
    overhead_us: Whole
    strange: tuple[str | None, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def why_not(self, row: int) -> str | None:
        """Return the zones that a job names and nothing is known of; None if it names none."""
        return self.strange[int(self.allowed[row])]

    def job(self, row: int) -> TableJob:
        """Return one line."""
        return TableJob(
            name=self.names[row],
            line=row + _HEAD,
            zones=self.zone_sets[int(self.allowed[row])],
            arrival_us=int(self.arrival_us[row]),
            length_us=int(self.length_us[row]),
            latest_us=int(self.latest_us[row]),
            power_w=float(self.power_w[row]),
            can_pause=bool(self.can_pause[row]),
            overhead_us=int(self.overhead_us[row]),
        )


class Rows(Sequence["Mapping[str, Any]"]):
    """The lines of an answer, kept as columns: a million small mappings would fill memory."""

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Take columns of one length, at least one."""
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int) -> Mapping[str, Any]: ...
        @overload
        def __getitem__(self, index: slice) -> Sequence[Mapping[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return one line by the names of the columns, or some lines."""
        if isinstance(index, slice):
            return Rows({name: column[index] for name, column in self.columns.items()})
        return {name: column[index] for name, column in self.columns.items()}


def read_jobs(path: str, zones: Sequence[str]) -> JobsTable:
    """Return the jobs of a CSV or Parquet file.

    Args:
        path: The file.
        zones: The zones there are: all of them where a job names none.

    Raises:
        InputError: If the file is not such a table; names the line.
    """
    import numpy as np

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
    arrival_us = _each(columns.pop("arrival"), _instant)
    length_us = _hours(columns.pop("length_h"), "length_h")
    power_w = _numbers(columns.pop("power_w"), "power_w")
    if not (length_us.all() and power_w.all()):
        row = int(((length_us == 0) | (power_w == 0)).argmax())
        raise InputError(
            "Line {line}: the job takes {length_h} h at {power_w} W: expected more than 0.",
            line=row + _HEAD,
            length_h=float(length_us[row]) / _HOUR_US,
            power_w=float(power_w[row]),
        )
    sets: dict[tuple[tuple[str, ...], str | None], int] = {}
    known = dict.fromkeys(zones)

    def allowed(cell: Any, _line: int) -> int:
        return sets.setdefault(_zones(cell, known), len(sets))

    none = np.zeros(len(arrival_us), dtype=np.int64)
    pausable, overhead = columns.get("pausable"), columns.get("overhead_h")
    return JobsTable(
        names=list(map(str, columns["job"])),
        allowed=_each(columns[zone], allowed),
        zone_sets=tuple(zones for zones, _ in sets),
        strange=tuple(strange for _, strange in sets),
        arrival_us=arrival_us,
        length_us=length_us,
        latest_us=_latest(columns, arrival_us + length_us),
        power_w=power_w,
        can_pause=(none if pausable is None else _each(pausable, _is_yes)) > 0,
        overhead_us=none if overhead is None else _hours(_or_none(overhead), "overhead_h"),
    )


def _latest(columns: Mapping[str, Sequence[Any]], earliest_us: Whole) -> Whole:
    """Return by when each job has ended: its deadline, or its slack after its earliest end."""
    import numpy as np

    cells = columns.get("deadline")
    if cells is None:
        return earliest_us + _hours(columns["slack_h"], "slack_h")
    stated = np.array([bool(cell) for cell in cells])
    latest_us = _each(cells, lambda cell, line: _instant(cell, line) if cell else 0)
    if stated.all():
        return latest_us
    slack = columns.get("slack_h") or [None] * len(cells)
    wanted = [0 if says else cell for says, cell in zip(stated.tolist(), slack, strict=True)]
    return np.where(stated, latest_us, earliest_us + _hours(wanted, "slack_h"))


def _zones(cell: Any, known: Mapping[str, None]) -> tuple[tuple[str, ...], str | None]:
    """Return the zones that a cell names, and those of them that are not known."""
    named = [name.strip() for name in str(cell or "").split("|") if name.strip()]
    unknown = [name for name in named if name not in known]
    if unknown:
        return (), ", ".join(unknown)
    return tuple(named) or tuple(known), None


def _each(cells: Sequence[Any], read: Callable[[Any, int], int]) -> Whole:
    """Return the number that each cell stands for; equal cells are read once."""
    import numpy as np

    found: dict[Any, int] = {}
    for line, cell in enumerate(cells, _HEAD):
        if cell not in found:
            found[cell] = read(cell, line)
    return np.fromiter(map(found.__getitem__, cells), dtype=np.int64, count=len(cells))


def _numbers(cells: Sequence[Any], name: str) -> Floats:
    """Return a column of numbers of 0 or more."""
    import numpy as np

    try:
        numbers = np.array(cells, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])  # which line is no number is told below
    if np.isfinite(numbers).all() and (numbers >= 0).all():
        return numbers
    return np.array([_number(cell, name, line) for line, cell in enumerate(cells, _HEAD)])


def _hours(cells: Sequence[Any], name: str) -> Whole:
    """Return a column of hours in microseconds."""
    import numpy as np

    hours = _numbers(cells, name)
    if (hours > _MOST_HOURS).any():
        row = int((hours > _MOST_HOURS).argmax())
        raise InputError(
            "Line {line}: {name} is {hours} h: expected at most {most}.",
            line=row + _HEAD,
            name=name,
            hours=f"{hours[row]:g}",
            most=f"{_MOST_HOURS:g}",
        )
    return np.rint(hours * _HOUR_US).astype(np.int64)


def _or_none(cells: Sequence[Any]) -> Sequence[Any]:
    return [cell or 0 for cell in cells]


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
    found = rows.columns if isinstance(rows, Rows) else None
    kept = {name: [row[name] for row in rows] if found is None else found[name] for name in columns}
    try:
        if path.endswith(".parquet"):
            arrow: Any = import_module("pyarrow")
            parquet: Any = import_module("pyarrow.parquet")
            table = arrow.table(kept)
            parquet.write_table(table, part)
        else:
            with open(part, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(columns)
                writer.writerows(zip(*kept.values(), strict=True))
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


def _number(cell: Any, name: str, line: int) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise InputError(
            "Line {line}: {name} is {cell!r}: expected a number of 0 or more.",
            line=line,
            name=name,
            cell=str(cell),
        )
    return number


def _is_yes(cell: Any, line: int) -> int:
    word = str("" if cell is None else cell).strip().casefold()
    if word not in (*_YES, *_NO):
        raise InputError(
            "Line {line}: pausable is {cell!r}: expected yes or no.", line=line, cell=str(cell)
        )
    return int(word in _YES)
