"""Predict before running: how a job scales, from a few measured points."""

from __future__ import annotations

import csv
from math import isfinite

from brizna.core.errors import InputError, Said
from brizna.core.quantities import Duration
from brizna.core.records import Record
from brizna.plan._count import (
    ScalingGoal,
    ScalingOption,
    recommend,
    scaling_options,
    usual_counts,
)
from brizna.plan._scaling import ScalingLaw, ScalingPoint, scaling_prior

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

_COUNTS = ("accelerators", "count", "gpus")
_TIMES = {"duration_s": "s", "seconds": "s", "minutes": "min", "hours": "h"}
_RATES = ("samples_per_s", "throughput")
_USUAL_NODE = 8
"""Accelerators in a node where neither the points nor the person say: as in most servers."""
_LIKELY, _POSSIBLE = 1.25, 10.0
"""Speed-up over what the accelerators added: above the first it is remarkable (caches, a larger
memory), above the second the points cannot be of one job."""
_SAMPLES = 1e6
"""What a throughput's time is of, where nobody says how many samples there are."""


class ScalingRequest(Record):
    """What is asked of a scaling law.

    Attributes:
        source: A CSV file, or points such as ``8:100,16:190``: accelerators and samples a second.
        kind: One of `KINDS`; None for what the points are: a throughput is of samples, a time is
            to a quality.
        node_size: Accelerators in a machine; None for the points' own, or 8.
        counts: To look at; None for those measured and their doublings up to fourfold.
        samples: How many a throughput has to take; None for a million.
        power_w: Mean power of one accelerator at the fewest measured; None for the table's.
        goal: What to choose for.
    """

    source: str
    kind: str | None = None
    node_size: int | None = None
    counts: tuple[int, ...] | None = None
    samples: float | None = None
    power_w: float | None = None
    goal: ScalingGoal = ScalingGoal()


class ScalingForecast(Record):
    """What a job comes to on each count, and the count to take.

    Attributes:
        kind: One of `KINDS`.
        samples: How many samples a duration is of; None for a time to quality.
        node_size: Accelerators in a machine.
        options: By count.
        goal: What was chosen for.
        recommended: The count to take.
        why: The reason, a sentence.
        notes: What was assumed, and what to be careful about.
    """

    schema: ClassVar[str | None] = "brizna.scaling/1"

    kind: str
    samples: float | None
    node_size: int
    options: tuple[ScalingOption, ...]
    goal: ScalingGoal
    recommended: int
    why: str
    notes: tuple[str, ...]

    _forms: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "options": lambda data: tuple(ScalingOption.from_json(one) for one in data),
        "goal": ScalingGoal.from_json,
        "notes": tuple,
    }


def predict_scaling(asked: ScalingRequest) -> ScalingForecast:
    """Return what a job comes to on more accelerators, and how many to take.

    Raises:
        InputError: If the points cannot be used; names the line.
        InfeasibleError: If no count meets the goal's deadline.
    """
    rows, is_rate = _read(asked.source)
    kind = asked.kind or ("throughput" if is_rate else "quality")
    samples = (asked.samples or _SAMPLES) if is_rate else None
    notes: list[str] = []
    node_size = asked.node_size or _node_size(rows)
    if node_size is None:
        node_size = _USUAL_NODE
        said = Said("taken: {size} accelerators in a node; --node-size says otherwise", size=8)
        notes.append(str(said))
    points = [_point(row, line, node_size, samples) for line, row in rows]
    notes += _too_good(points)
    law = ScalingLaw(_powered(points, asked.power_w), scaling_prior(kind))
    options = scaling_options(
        law,
        asked.counts or usual_counts(law),
        node_size=node_size,
        price_per_hour=asked.goal.price_per_hour,
    )
    best, why = recommend(options, asked.goal)
    return ScalingForecast(
        kind=kind,
        samples=samples,
        node_size=node_size,
        options=tuple(options),
        goal=asked.goal,
        recommended=best.count,
        why=why,
        notes=(*notes, *_cautions(law, options)),
    )


def _too_good(points: Sequence[ScalingPoint]) -> list[str]:
    """Return a caution where more accelerators did more than their number explains.

    Raises:
        InputError: If they did so much more that the points cannot be of one job.
    """
    ordered = sorted(points, key=lambda one: one.count)
    least = ordered[0]
    notes: list[str] = []
    for one in ordered[1:]:
        gain = least.duration_s / one.duration_s * least.count / one.count
        if gain > _POSSIBLE:
            raise InputError(
                "{count} accelerators are {times:.0f} times as fast as {least}, {percent:.0f} % of "
                "what their number explains: expected about 100 % or less. Give both points in one "
                "unit, of one job.",
                count=one.count,
                times=least.duration_s / one.duration_s,
                least=least.count,
                percent=100 * gain,
            )
        if gain > _LIKELY:
            told = Said(
                "{count} accelerators did {percent} % of what their number explains: check that "
                "the points are of one job, in one unit",
                count=one.count,
                percent=round(100 * gain),
            )
            notes.append(str(told))
    return notes


def _cautions(law: ScalingLaw, options: Sequence[ScalingOption]) -> list[str]:
    found: list[str] = []
    if len(law.points) == 1:
        said = Said("one point says nothing of how this job scales: its losses are those of others")
        found.append(str(said))
    if all(one.power_w is None for one in law.points):
        found.append(str(Said("no power was given: energy is told against the fewest only")))
    if all(option.count > law.points[-1].count for option in options):
        found.append(str(Said("no count that was measured is among those looked at")))
    return found


def _powered(points: list[ScalingPoint], power_w: float | None) -> list[ScalingPoint]:
    """Give the fewest accelerators the power that was declared for each."""
    if power_w is None:
        return points
    least = min(points, key=lambda one: one.count)
    return [one.replace(power_w=power_w * one.count) if one is least else one for one in points]


def _node_size(rows: Sequence[tuple[int, Mapping[str, str]]]) -> int | None:
    sizes = [
        _whole(row, _count_column(row), line) // _whole(row, "nodes", line)
        for line, row in rows
        if row.get("nodes")
    ]
    return max(1, *sizes) if sizes else None


def _point(
    row: Mapping[str, str], line: int, node_size: int, samples: float | None
) -> ScalingPoint:
    count = _whole(row, _count_column(row), line)
    nodes = _whole(row, "nodes", line) if row.get("nodes") else -(-count // node_size)
    if samples is not None:
        duration_s = samples / _number(row, _first(row, _RATES), line)
    else:
        column = _first(row, tuple(_TIMES))
        duration_s = Duration.of(_number(row, column, line), _TIMES[column]).value
    power_w = None
    if row.get("power_w"):
        power_w = _number(row, "power_w", line)
    elif row.get("energy_j"):
        power_w = _number(row, "energy_j", line) / duration_s
    return ScalingPoint(count=count, nodes=nodes, duration_s=duration_s, power_w=power_w)


def _read(source: str) -> tuple[list[tuple[int, Mapping[str, str]]], bool]:
    """Return the rows of a table or of points, with their lines, and whether they are rates."""
    if ":" in source and not source.lower().endswith(".csv"):
        pairs = [part.partition(":") for part in source.split(",")]
        rows: list[tuple[int, Mapping[str, str]]] = [
            (place, {"count": count.strip(), "throughput": rate.strip()})
            for place, (count, _, rate) in enumerate(pairs, 1)
        ]
        return rows, True
    try:
        with open(source, encoding="utf-8", newline="") as file:
            table: list[tuple[int, Mapping[str, str]]] = [
                (line, {name: cell or "" for name, cell in row.items() if name})
                for line, row in enumerate(csv.DictReader(file), 2)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            "{source!r} cannot be read as a table ({reason}). Give a CSV file, or points such as "
            "8:100,16:190.",
            source=source,
            reason=reason,
        ) from error
    if not table:
        raise InputError("{source!r} has no row: give at least one point.", source=source)
    columns = table[0][1]
    is_rate = any(name in columns for name in _RATES)
    if not is_rate and not any(name in columns for name in _TIMES):
        raise InputError(
            "{source!r} has neither a throughput nor a time: expected a column samples_per_s, or "
            "one of {times}.",
            source=source,
            times=", ".join(_TIMES),
        )
    return table, is_rate


def _count_column(row: Mapping[str, Any]) -> str:
    return _first(row, _COUNTS)


def _first(row: Mapping[str, Any], names: Sequence[str]) -> str:
    for name in names:
        if name in row:
            return name
    raise InputError("The table has none of the columns {names}: add one.", names=", ".join(names))


def _whole(row: Mapping[str, str], column: str, line: int) -> int:
    value = _number(row, column, line)
    if not value.is_integer():
        raise InputError(
            "Point {line}: {column} is {cell}: expected a whole number; nobody has part of one.",
            line=line,
            column=column,
            cell=row[column],
        )
    return int(value)


def _number(row: Mapping[str, str], column: str, line: int) -> float:
    cell = row.get(column) or ""
    try:
        value = float(cell)
    except ValueError:
        value = 0.0
    if not (isfinite(value) and value > 0):
        raise InputError(
            "Point {line}: {column} is {cell!r}: expected a number above 0.",
            line=line,
            column=column,
            cell=cell,
        )
    return value
