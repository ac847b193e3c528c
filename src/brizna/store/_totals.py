"""Totals of the runs of a store, from its index: nothing counted twice."""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from contextlib import contextmanager
from itertools import islice

from brizna.core.nesting import outermost
from brizna.core.records import Record
from brizna.store._figures import Sums, common_places, is_wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Generator,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.store._index import Index
    from brizna.store._stored import RunSummary

COLUMNS = ("name", "state", "outcome", "started", "machine", "tags", "zone", "view")
"""What runs can be told apart by: columns of the index, ``tags`` as a JSON list or None."""
_AT_ONCE = 100_000
"""So many runs are held before they are summed: some 140 MB."""
_EXAMPLE = 4096
"""Runs of a layout that are looked at to see which doubts many of them share."""


class Wanted(Record):
    """Which runs are summed.

    Attributes:
        tags: Only those that have all of these.
        start: Only those begun then or later: a day, or an instant without its offset, ISO 8601
            in UTC; ``end`` before then.
    """

    tags: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None

    @property
    def period(self) -> tuple[str | None, str | None]:
        """The start and the end."""
        return self.start, self.end

    def holds(self, tags: str | None) -> bool:
        """Tell whether a run of the period, by the JSON list of its tags, is one of them."""
        return not self.tags or set(self.tags) <= set(json.loads(tags or "[]"))

    def has(self, run: RunSummary) -> bool:
        """Tell whether a run is one of them."""
        started = run.started or ""
        is_in_time = (self.start or "") <= started and (self.end is None or started < self.end)
        return is_in_time and set(self.tags) <= set(run.tags)


class Summed(Record):
    """The sums of one group.

    Attributes:
        runs: How many runs.
        duration_s: For how long together.
        figures: Each with the number of runs in it.
    """

    runs: int
    duration_s: float
    figures: dict[str, tuple[Estimate, int]]


class Totals(Record):
    """What many runs come to.

    Attributes:
        groups: The sums by key.
        inside: The runs that were left out: they lie inside others, whose energy holds theirs.
        at_once: Those of the runs summed that shared a machine with another at the same time, and
            count all that it drew.
    """

    groups: dict[Hashable, Summed]
    inside: frozenset[str]
    at_once: tuple[str, ...]


@contextmanager
def without_collector() -> Generator[None]:
    """Keep Python's collector of cycles away from many rows, in which there are none to find."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def sum_runs(
    index: Index,
    key: Callable[[Mapping[str, Any]], Hashable],
    *,
    by: Sequence[str],
    figures: Collection[str],
    wanted: Wanted,
) -> Totals:
    """Return the sums of the runs that an index knows.

    Args:
        index: The index, up to date.
        key: Returns what to sum a run under, from the values of ``by``. Asked once for all runs
            that share these values.
        by: Some of `COLUMNS`; ``started`` is the day alone.
        figures: Which figures to sum, some of `KINDS`.
        wanted: Which runs. One inside another is left out only where that one is wanted as well.
    """
    together = set(index.at_once())
    inside = _inside(index, together, wanted)
    named = tuple(dict.fromkeys((*by, "view", *(("tags",) if wanted.tags else ()))))
    groups: defaultdict[Hashable, Sums] = defaultdict(lambda: Sums(figures, index.doubt))
    common = _Common(index, figures)
    at_once: list[str] = []
    for some in _parts(index, named, wanted.period):
        waiting: defaultdict[tuple[Hashable, int], list[tuple[Any, ...]]] = defaultdict(list)
        for (layout, *values), rows in some.items():
            told = dict(zip(named, values, strict=True))
            if not wanted.holds(told.get("tags")):
                continue
            outer = [row for row in rows if row[0] not in inside] if inside else rows
            if together and told["view"] == "machine":
                at_once += [row[0] for row in outer if row[0] in together]
            waiting[key(told), layout] += outer
        common.look(waiting)
        for (found, layout), rows in waiting.items():
            if rows:
                groups[found].add(rows, index.layout(layout), common.places(layout))
    summed: dict[Hashable, Summed] = {
        found: Summed(runs=sums.runs, duration_s=sums.duration_s, figures=sums.result())
        for found, sums in groups.items()
    }
    return Totals(groups=summed, inside=inside, at_once=tuple(sorted(at_once)))


def unknown_runs(
    index: Index, figure: str, *, wanted: Wanted, inside: Collection[str]
) -> list[str]:
    """Return the runs, in order, that a sum of a figure lacks.

    Args:
        index: The index, up to date.
        figure: One of `KINDS`, or a cost with its currency.
        wanted: Which runs were summed.
        inside: Those left out, as `sum_runs` tells.
    """
    found = index.without((figure,), wanted.period)
    return [run_id for run_id, tags in found if wanted.holds(tags) and run_id not in inside]


class _Common:
    """Which doubts many runs of a layout share, looked up once for each layout.

    Args:
        index: Knows the layouts.
        figures: Those that are summed.
    """

    def __init__(self, index: Index, figures: Collection[str]) -> None:
        self._index = index
        self._figures = figures
        self._known: dict[int, tuple[int, ...]] = {}

    def look(self, waiting: Mapping[tuple[Any, int], Sequence[tuple[Any, ...]]]) -> None:
        """Look at layouts not seen before, by some of their runs."""
        examples: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for (_, layout), rows in waiting.items():
            if rows and layout not in self._known:
                examples[layout] += rows[: _EXAMPLE - len(examples[layout])]
        for layout, rows in examples.items():
            figures = [
                figure
                for figure in self._index.layout(layout)
                if is_wanted(figure.name, self._figures)
            ]
            self._known[layout] = common_places(rows, figures)

    def places(self, layout: int) -> tuple[int, ...]:
        """Return the places of the doubts that many runs of a layout share."""
        return self._known[layout]


def _parts(
    index: Index, named: Sequence[str], period: tuple[str | None, str | None]
) -> Iterator[dict[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """Give the rows of all runs, a part of them at a time, by their layout and these values."""
    rows = iter(index.rows(("duration_s", "doubts", "figures", "layout", *named), period))
    while some := list(islice(rows, _AT_ONCE)):
        alike: defaultdict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
        for row in some:
            alike[row[4:]].append(row)
        yield alike


def _inside(index: Index, together: Iterable[str], wanted: Wanted) -> frozenset[str]:
    """Return the runs that lie inside others: only runs of one time, or with a parent, can."""
    ids = {*together, *(run_id for pair in index.with_parent() for run_id in pair)}
    runs = [run for run in index.summaries_of(sorted(ids)) if wanted.has(run)]
    return frozenset({run.id for run in runs} - set(outermost(runs)))
