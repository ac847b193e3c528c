"""Totals of a store's runs by tag, period and whatever else tells them apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from math import fsum

from brizna.core.errors import InputError
from brizna.core.estimate import CHANCE, Estimate, total
from brizna.core.factors import nearest
from brizna.core.records import Record, each
from brizna.store import KINDS, Wanted, sum_runs, without_collector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.store import Store, Summed

    Row = Mapping[str, Any]

FIGURES = ("energy_j", "carbon_g", "water_l", "cost")
"""What is summed where nobody says."""

_PERIODS: dict[str, Callable[[str], str]] = {
    "year": lambda started: started[:4],
    "quarter": lambda started: f"{started[:4]}-Q{(int(started[5:7]) + 2) // 3}",
    "month": lambda started: started[:7],
    "week": lambda started: "{}-W{:02}".format(*_day(started).isocalendar()),
    "day": lambda started: started[:10],
}
_FIELDS = ("name", "machine", "zone", "state", "outcome")
_STAGE = "stage"
_TAG = "tag:"


class Total(Record):
    """The sum of one figure over a group of runs.

    Attributes:
        figure: Such as ``carbon_g``; a cost with its currency, ``cost/EUR``.
        value: The sum over the runs of which it is known.
        runs: How many these are.
    """

    figure: str
    value: Estimate
    runs: int

    def to_json(self) -> dict[str, Any]:
        """Return the record's JSON value."""
        return {"figure": self.figure, "value": self.value.to_json(), "runs": self.runs}

    def without_doubts(self) -> Total:
        """Return the total with its interval as one doubt: its many doubts left out."""
        value = self.value
        ends = {CHANCE: (value.low.value, value.high.value)}
        return self.replace(
            value=Estimate.of(value.best, ends, basis=value.basis, references=value.references)
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Total:
        """Return the total that `to_json` wrote."""
        kind = KINDS[data["figure"].partition("/")[0]]
        value = Estimate.from_json(kind, data["value"])
        return cls(figure=data["figure"], value=value, runs=data["runs"])


class Group(Record):
    """Runs that are summed together.

    Attributes:
        key: For each thing that groups are told apart by, what these runs have; None where they
            have none. Several tags of one key are named together, so that no run counts twice.
        view: Whose energy it is, one of `brizna.core.measurement.VIEWS`.
        runs: How many.
        duration_s: For how long together.
        totals: The sums.
    """

    key: dict[str, str | None]
    view: str
    runs: int
    duration_s: float
    totals: tuple[Total, ...]

    _forms: ClassVar = {"totals": each(Total.from_json)}

    def without_doubts(self) -> Group:
        """Return the group with totals that leave their many doubts out."""
        return self.replace(totals=tuple(one.without_doubts() for one in self.totals))


class RunTotals(Record):
    """What the runs of a store come to. Every run is in one group: the groups sum to the whole.

    Attributes:
        by: What the groups are told apart by.
        groups: In the order of their keys.
        whole: All groups together; None of one group, or where their energy is seen differently.
        inside: How many runs were left out, for they lie inside others, which hold their energy.
        at_once: How many overlapped another on one machine: whole-machine energy counts twice.
        going_on: How many still go on: they are not summed.
        unreadable: Those that cannot be read, and why.
    """

    schema: ClassVar = "brizna.totals/1"

    by: tuple[str, ...]
    groups: tuple[Group, ...]
    whole: Group | None = None
    inside: int = 0
    at_once: int = 0
    going_on: int = 0
    unreadable: dict[str, str] = {}

    _forms: ClassVar = {"by": tuple, "groups": each(Group.from_json), "whole": Group.from_json}

    def without_doubts(self) -> RunTotals:
        """Return the sums with their intervals, but not what these come from: enough to show.

        A sum of many runs has as many doubts as there are hours and machines in it.
        """
        whole = None if self.whole is None else self.whole.without_doubts()
        groups = tuple(group.without_doubts() for group in self.groups)
        return self.replace(groups=groups, whole=whole)


def total_runs(
    store: Store,
    *,
    by: Sequence[str] = (),
    figures: Sequence[str] = FIGURES,
    wanted: Wanted | None = None,
) -> RunTotals:
    """Return what the runs of a store come to, from its index: a million in seconds.

    Doubts that runs share, such as the intensity of a grid, move all of them together; those of
    one run alone are summed in quadrature.

    Args:
        store: The store.
        by: ``tag:KEY`` (the value of tags such as ``team:vision``), ``stage`` (of an AI system's
            life, as ``tag:stage``), ``name``, ``machine``, ``zone``, ``state``, ``outcome``
            (``succeeded`` or ``failed``), ``year``, ``quarter``, ``month``, ``week``, ``day`` (in
            UTC).
        figures: Which figures, of `brizna.store.KINDS`.
        wanted: Which runs; all if None.

    Raises:
        InputError: If something to group by, or a figure, is not known.
    """
    for figure in figures:
        if figure not in KINDS:
            raise InputError(
                "{figure!r} is not a figure that can be summed.{hint} Known: {names}.",
                figure=figure,
                hint=nearest(figure, KINDS),
                names=", ".join(KINDS),
            )
    with without_collector():
        return _totals(store, tuple(by), figures, wanted or Wanted())


def _totals(store: Store, by: tuple[str, ...], figures: Sequence[str], wanted: Wanted) -> RunTotals:
    ways = [_way(one) for one in by]
    columns = sorted({"view", *(column for column, _ in ways)})

    def key(row: Row) -> tuple[str, tuple[str | None, ...]]:
        return row["view"], tuple(read(row[column]) for column, read in ways)

    found, left = store.through_index(
        lambda index: sum_runs(index, key, by=columns, figures=figures, wanted=wanted)
    )
    groups = [_group(by, key, found.groups[key]) for key in sorted(found.groups, key=_sort)]
    return RunTotals(
        by=by,
        groups=tuple(groups),
        whole=_whole(groups) if len({group.view for group in groups}) == 1 < len(groups) else None,
        inside=len(found.inside),
        at_once=len(found.at_once),
        going_on=sum(run.state == "running" for run in left),
        unreadable={run.id: run.reason or "" for run in left if run.state == "unreadable"},
    )


def _sort(key: Any) -> list[tuple[bool, str]]:
    """Sort keys by their parts, those without one last."""
    view, parts = key
    return [*((part is None, part or "") for part in parts), (False, view)]


def _group(by: Sequence[str], key: Any, sums: Summed) -> Group:
    view, parts = key
    return Group(
        key=dict(zip(by, parts, strict=True)),
        view=view,
        runs=sums.runs,
        duration_s=sums.duration_s,
        totals=tuple(
            Total(figure=figure, value=value, runs=runs)
            for figure, (value, runs) in sums.figures.items()
        ),
    )


def _whole(groups: Sequence[Group]) -> Group:
    parts: dict[str, list[Total]] = {}
    for one in (one for group in groups for one in group.totals):
        parts.setdefault(one.figure, []).append(one)
    return Group(
        key=dict.fromkeys(groups[0].key),
        view=groups[0].view,
        runs=sum(group.runs for group in groups),
        duration_s=fsum(group.duration_s for group in groups),
        totals=tuple(
            Total(
                figure=figure,
                value=total([one.value for one in found]),
                runs=sum(one.runs for one in found),
            )
            for figure, found in sorted(parts.items())
        ),
    )


def _way(by: str) -> tuple[str, Callable[[Any], str | None]]:
    """Return the column of the index that a way to group reads, and how it reads it."""
    if by in _PERIODS:
        period = _PERIODS[by]
        return "started", lambda started: period(started) if started else None
    if by in _FIELDS:
        return by, lambda value: value
    if by == _STAGE:
        by = f"{_TAG}{_STAGE}"
    if by.startswith(_TAG) and len(by) > len(_TAG):
        start = f"{by.removeprefix(_TAG)}:"
        return "tags", lambda tags: _values(tags, start)
    known = [f"{_TAG}KEY", _STAGE, *_FIELDS, *_PERIODS]
    raise InputError(
        "{by!r} is nothing to group runs by.{hint} Known: {names}.",
        by=by,
        hint=nearest(by, known),
        names=", ".join(known),
    )


def _values(tags: str | None, start: str) -> str | None:
    found = [tag.removeprefix(start) for tag in json.loads(tags or "[]") if tag.startswith(start)]
    return " + ".join(sorted(set(found))) or None


def _day(started: str) -> datetime:
    return datetime.fromisoformat(started[:10]).replace(tzinfo=UTC)
