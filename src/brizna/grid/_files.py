"""Series from files: CSV or Parquet, one column a zone or one row a zone and time."""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import pairwise

from brizna.core.errors import InputError, UnavailableError
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.records import Record
from brizna.core.signal import Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity

    _Columns = dict[str, list[Any]]
    _Row = tuple[datetime, float | None]

_TIMES = ("utc", "time", "timestamp", "datetime", "start", "from", "target_utc", "datetime_utc")
_ZONES = ("zone", "region", "bidding_zone")
_ISSUES = ("issue_utc", "issued_at", "generated_at")
_VALUES = ("value", "carbon_intensity", "intensity_g_per_kwh", "lifecycle", "ci")
_STATED = ("kind", "scope", "basis")
"""Columns in which a long table says what its numbers are, one value for a zone."""
_ASIDE = ("source", "estimated", "estimation_method", "lead_h")


class About(Record):
    """What the numbers of a file are: a file seldom says.

    Attributes:
        quantity: The type of the values.
        unit: Their unit, as `Quantity.of` knows it; the base unit if None.
        kind: As in `Signal`.
        scope: As in `Signal`.
        basis: As in `Signal`.
        origin: As in `Signal`.
        source: Where they come from; the file's name if None.
    """

    quantity: type[Quantity] = CarbonIntensity
    unit: str | None = None
    kind: str | None = "average"
    scope: str | None = None
    basis: str | None = None
    origin: str = "observed"
    source: str | None = None


def read_signals(
    path: str,
    about: About | None = None,
    *,
    column: str | None = None,
    zone: str | None = None,
    known_at: datetime | None = None,
) -> dict[str, Signal]:
    """Return the series of a file by zone.

    A table with a column ``zone`` has one row for a zone and time (long), and its values in the
    column asked for, or in one of a usual name; any other table has one column for a zone (wide).
    Times are instants: ISO 8601 with an offset, or, in a column whose name contains ``utc``,
    without. A missing row or an empty cell is a slot without a value. A long table may say what
    its numbers are, in columns ``kind``, ``scope`` and ``basis``.

    Args:
        path: A ``.csv`` file (also gzipped, ``.csv.gz``) or a ``.parquet`` one.
        about: What the numbers are; average carbon intensity in gCO2e/kWh if None.
        column: Column of the values of a long table, or the one to take of a wide one.
        zone: What to call the one series of a file that names no zone.
        known_at: Of a file of forecasts that were issued one after another, only those that were
            out by then; all if None.

    Raises:
        InputError: If the file is not such a table, says two things of one slot, or says that its
            numbers are of another kind than was asked for.
        UnavailableError: If it cannot be read, or Parquet is asked for without pyarrow.
    """
    about = about or About()
    source = about.source or os.path.basename(path)
    columns = read_table(path)
    times = _column(columns, _TIMES, path=path, needed="a column of times")
    instants = _instants(columns[times], is_utc="utc" in times, path=path)
    by_zone = _find(columns, _ZONES)
    issued: dict[str, datetime] = {}
    stated: dict[str, dict[str, str]] = {}
    if by_zone is None:
        wide = {column: columns[column]} if column in columns else _wide(columns, times)
        if zone is not None and len(wide) == 1:
            wide = {zone: next(iter(wide.values()))}
        parts = {
            name: list(zip(instants, map(_number, cells), strict=True))
            for name, cells in wide.items()
        }
    else:
        values = column or _column(columns, _VALUES, path=path, needed="a column of values")
        if values not in columns:
            raise InputError(
                "{path} has no column {column!r}; it has {known}.",
                path=path,
                column=values,
                known=", ".join(columns),
            )
        keep = _latest(columns, path, known_at)
        parts = _long(columns[by_zone], instants, columns[values], keep)
        stated = _stated(columns, by_zone, path=path)
        if keep is not None:
            issued = _issued(columns, keep, path)
            about = about.replace(origin="forecast")
    if not parts or not any(parts.values()):
        raise InputError("{path} holds no series: expected times and values.", path=path)
    found: dict[str, Signal] = {}
    for name, rows in parts.items():
        named = _told(about.replace(source=source), stated.get(name, {}), zone=name)
        _must_be_possible(rows, named, zone=name)
        found[name] = signal_of(rows, named, zone=name).replace(issued_at=issued.get(name))
    return found


def read_issues(
    path: str, about: About | None = None, *, column: str | None = None
) -> dict[str, list[Signal]]:
    """Return all forecasts of a file by zone, in the order in which they were issued.

    Args:
        path: A CSV or Parquet file with columns for the zone, the time of issue (``issue_utc``,
            ``issued_at``), the time forecast, and the value.
        about: What the numbers are; average carbon intensity in gCO2e/kWh if None.
        column: Column of the values, if it has no usual name.

    Raises:
        InputError: If the file is not such a table.
        UnavailableError: If it cannot be read.
    """
    about = (about or About()).replace(origin="forecast")
    about = about.replace(source=about.source or os.path.basename(path))
    columns = read_table(path)
    issues = _column(columns, _ISSUES, path=path, needed="a column of issues")
    times = _column(columns, _TIMES, path=path, needed="a column of times")
    zones = _column(columns, _ZONES, path=path, needed="a column of zones")
    values = column or _column(columns, _VALUES, path=path, needed="a column of values")
    if values not in columns:
        raise InputError(
            "{path} has no column {column!r}; it has {known}.",
            path=path,
            column=values,
            known=", ".join(columns),
        )
    parts: dict[str, dict[datetime, list[tuple[datetime, float | None]]]] = {}
    for zone, issue, time, cell in zip(
        columns[zones],
        _instants(columns[issues], is_utc="utc" in issues, path=path),
        _instants(columns[times], is_utc="utc" in times, path=path),
        columns[values],
        strict=True,
    ):
        parts.setdefault(str(zone), {}).setdefault(issue, []).append((time, _number(cell)))
    for zone, told in parts.items():
        for rows in told.values():
            _must_be_possible(rows, about, zone=zone)
    return {
        zone: [
            signal_of(rows, about, zone=zone).replace(issued_at=issue)
            for issue, rows in sorted(told.items())
        ]
        for zone, told in parts.items()
    }


def signal_of(
    rows: Sequence[_Row], about: About, *, zone: str, step: timedelta | None = None
) -> Signal:
    """Return the series of one zone from the beginnings of its slots and their values.

    Args:
        rows: Beginnings and values, in any order; at least one.
        about: What the values are, and where they come from.
        zone: The zone.
        step: How long a slot lasts; the usual time between two rows if None.

    Raises:
        InputError: If two rows say two things of one slot.
    """
    source = about.source or zone
    ordered = sorted(rows, key=lambda row: row[0])
    known: list[_Row] = []
    for instant, value in ordered:
        if known and known[-1][0] == instant:
            if known[-1][1] != value:
                raise InputError(
                    "{source} says {one} and {other} of {zone} at {instant}. Keep one row for a "
                    "zone and time; local times without an offset do this when clocks change.",
                    source=source,
                    one=known[-1][1],
                    other=value,
                    zone=zone,
                    instant=instant.isoformat(),
                )
            continue
        known.append((instant, value))
    step = step or _usual_step([instant for instant, _ in known])
    edges, values = [known[0][0]], list[float | None]()
    size = 1.0 if about.unit is None else about.quantity.of(1.0, about.unit).value
    for (instant, value), after in zip(known, [*(i for i, _ in known[1:]), None], strict=True):
        values.append(None if value is None else value * size)
        end = instant + step if after is None or after - instant > step * 1.5 else after
        edges.append(end)
        if after is not None and end < after:
            values.append(None)
            edges.append(after)
    return Signal(
        quantity=about.quantity,
        edges=tuple(edges),
        values=tuple(values),
        kind=about.kind,
        scope=about.scope,
        basis=about.basis,
        origin=about.origin,
        source=source,
        zone=zone,
    )


def _must_be_possible(rows: Iterable[_Row], about: About, *, zone: str) -> None:
    """Check that no share lies outside 0 to 1, and no average intensity below 0.

    A marginal intensity may be negative (more demand can let a cleaner plant in), and so may a
    price.
    """
    is_share = about.quantity is Ratio and about.unit in (None, "1")
    is_average = about.quantity is CarbonIntensity and about.kind != "marginal"
    for instant, value in rows:
        if value is None or not (is_share or is_average):
            continue
        if is_share and not 0 <= value <= 1:
            raise InputError(
                "{source} gives a share of {value} for {zone} at {instant}: expected 0 to 1. If "
                "these are percentages, divide them by 100.",
                source=about.source,
                value=value,
                zone=zone,
                instant=instant.isoformat(),
            )
        if is_average and value < 0:
            raise InputError(
                "{source} gives {value} for the average intensity of {zone} at {instant}: expected "
                "0 or more. Leave the cell empty if it is not known; only a marginal intensity may "
                "be negative (--signal marginal={source}).",
                source=about.source,
                value=value,
                zone=zone,
                instant=instant.isoformat(),
            )


def _usual_step(instants: Sequence[datetime]) -> timedelta:
    """Return the most frequent time between two rows: how long the last slot lasts."""
    steps = Counter(late - early for early, late in pairwise(instants))
    return steps.most_common(1)[0][0] if steps else timedelta(hours=1)


def _long(
    zones: Sequence[Any],
    instants: Sequence[datetime],
    cells: Sequence[Any],
    keep: Sequence[bool] | None,
) -> dict[str, list[_Row]]:
    parts: dict[str, list[_Row]] = {}
    for row, (zone, instant, cell) in enumerate(zip(zones, instants, cells, strict=True)):
        if keep is None or keep[row]:
            parts.setdefault(str(zone), []).append((instant, _number(cell)))
    return parts


def _stated(columns: _Columns, by_zone: str, *, path: str) -> dict[str, dict[str, str]]:
    """Return what a table says of each zone's numbers, by field.

    Raises:
        InputError: If it says two things of one zone.
    """
    told: dict[str, dict[str, str]] = {}
    for field in _STATED:
        for zone, cell in zip(columns[by_zone], columns.get(field, ()), strict=False):
            if not cell:
                continue
            first = told.setdefault(str(zone), {}).setdefault(field, str(cell))
            if first != str(cell):
                raise InputError(
                    "{path} says of {zone} that its {field} is {one} and {other}: give each its "
                    "own file, or its own name.",
                    path=path,
                    zone=zone,
                    field=field,
                    one=first,
                    other=cell,
                )
    return told


def _told(about: About, stated: Mapping[str, str], *, zone: str) -> About:
    """Return what a zone's numbers are, by what was asked and what the file states.

    Raises:
        InputError: If the two differ.
    """
    for field, said in stated.items():
        asked = getattr(about, field)
        if asked is not None and asked != said:
            raise InputError(
                "{source} says that the {field} of {zone} is {said}, but {asked} was asked for. "
                "Name it for what it is, such as --signal marginal={source}, or take another file.",
                source=about.source,
                field=field,
                zone=zone,
                said=said,
                asked=asked,
            )
    return about.replace(**stated)


def _latest(columns: _Columns, path: str, known_at: datetime | None) -> list[bool] | None:
    """Tell which rows no later forecast replaces that was out; None where nothing was issued."""
    issues = _find(columns, _ISSUES)
    if issues is None:
        return None
    times = _column(columns, _TIMES, path=path, needed="a column of times")
    zones = columns[_column(columns, _ZONES, path=path, needed="a column of zones")]
    issued = _instants(columns[issues], is_utc="utc" in issues, path=path)
    is_out = [known_at is None or one <= known_at for one in issued]
    keys = list(zip(zones, columns[times], strict=True))
    newest: dict[Any, datetime] = {}
    for key, one, out in zip(keys, issued, is_out, strict=True):
        if out and (key not in newest or one > newest[key]):
            newest[key] = one
    return [newest.get(key) == one for key, one in zip(keys, issued, strict=True)]


def _issued(columns: _Columns, keep: Sequence[bool], path: str) -> dict[str, datetime]:
    """Return when the newest forecast was issued that is kept, by zone."""
    issues = _column(columns, _ISSUES, path=path, needed="a column of issues")
    zones = columns[_column(columns, _ZONES, path=path, needed="a column of zones")]
    found: dict[str, datetime] = {}
    for zone, one, kept in zip(
        zones, _instants(columns[issues], is_utc="utc" in issues, path=path), keep, strict=True
    ):
        if kept and (str(zone) not in found or one > found[str(zone)]):
            found[str(zone)] = one
    return found


def _wide(columns: _Columns, times: str) -> _Columns:
    aside = {times, *_ASIDE, *_ISSUES}
    return {name: cells for name, cells in columns.items() if name.casefold() not in aside}


def _find(columns: Mapping[str, object], names: Iterable[str]) -> str | None:
    folded = {name.casefold(): name for name in columns}
    return next((folded[name] for name in names if name in folded), None)


def _column(columns: _Columns, names: Sequence[str], *, path: str, needed: str) -> str:
    found = _find(columns, names)
    if found is None:
        raise InputError(
            "{path} has the columns {known}: expected {needed}, called {names}.",
            path=path,
            known=", ".join(columns),
            needed=needed,
            names=", ".join(names),
        )
    return found


def _instants(cells: Sequence[Any], *, is_utc: bool, path: str) -> list[datetime]:
    return [_instant(cell, is_utc=is_utc, path=path) for cell in cells]


def _instant(cell: Any, *, is_utc: bool, path: str) -> datetime:
    try:
        instant = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell).strip())
    except ValueError:
        raise InputError(
            "{path} holds {cell!r} where a time should be: expected ISO 8601, such as "
            "2026-03-29T00:00Z.",
            path=path,
            cell=cell,
        ) from None
    if instant.tzinfo is not None:
        return instant.astimezone(UTC)
    if not is_utc:
        raise InputError(
            "{path} holds the time {cell} without an offset, which happens twice or never when "
            "clocks change. Write it with its offset, or in UTC in a column named utc.",
            path=path,
            cell=str(cell),
        )
    return instant.replace(tzinfo=UTC)


def _number(cell: Any) -> float | None:
    """Return a cell's number; None where it is empty or not a number."""
    if cell is None or cell == "":
        return None
    try:
        number = float(cell)
    except ValueError:
        raise InputError(
            "{cell!r} stands where a number should be: write the number, or leave the cell empty.",
            cell=cell,
        ) from None
    return number if number == number and abs(number) != float("inf") else None  # noqa: PLR0124


def read_table(path: str) -> _Columns:
    """Return the columns of a CSV or Parquet file, by name; what CSV holds is text.

    Raises:
        InputError: If the file is no such table.
        UnavailableError: If it cannot be read, or Parquet is asked for without pyarrow.
    """
    try:
        return _read_parquet(path) if path.endswith(".parquet") else _read_csv(path)
    except OSError as error:
        raise UnavailableError(
            "{path} cannot be read: {reason}. Name a CSV or Parquet file.",
            path=path,
            reason=error.strerror or str(error),
        ) from error
    except (UnicodeDecodeError, EOFError, csv.Error) as error:
        raise InputError(
            "{path} is no table of text in UTF-8: {error}. Save it as CSV in UTF-8, or give it as "
            "Parquet.",
            path=path,
            error=error,
        ) from error


def _read_csv(path: str) -> _Columns:
    import gzip

    opener: Any = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    if len(rows) < 2:
        raise InputError("{path} holds no rows: expected a head and at least one row.", path=path)
    head, *body = rows
    for number, row in enumerate(body, 2):
        if len(row) != len(head):
            raise InputError(
                "Line {number} of {path} has {cells} cells, but the head names {columns} columns.",
                number=number,
                path=path,
                cells=len(row),
                columns=len(head),
            )
    return {name.strip(): [row[index] for row in body] for index, name in enumerate(head)}


def _read_parquet(path: str) -> _Columns:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise UnavailableError(
            "{path} is a Parquet file, and pyarrow is not installed: pip install "
            "'brizna[parquet]'. Or give the series as CSV.",
            path=path,
        ) from None
    try:
        table: Any = parquet.read_table(path)
    except ValueError as error:  # of which pyarrow's own errors are a kind
        raise InputError("{path} is no Parquet file: {error}.", path=path, error=error) from error
    names: list[str] = table.column_names
    return {name: table.column(name).to_pylist() for name in names}
