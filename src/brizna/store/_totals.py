"""Totals of the runs of a store, from its index: nothing counted twice."""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from contextlib import contextmanager
from itertools import islice

from brizna.core.nesting import outermost
from brizna.core.records import Record
from brizna.store._figures import Sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Generator,
        Hashable,
        Iterator,
        Mapping,
        Sequence,
    )
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.store._index import Index

COLUMNS = ("name", "state", "started", "machine", "tags", "zone", "view")
"""What runs can be told apart by: columns of the index, ``tags`` as a JSON list or None."""
ASKED = ("started", "tags")
"""Those by which runs are chosen."""
_AT_ONCE = 50_000
"""So many runs are held before they are summed: some 70 MB."""


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
        inside: How many runs were left out: they lie inside others, whose energy holds theirs.
        at_once: How many of the runs summed shared a machine with another at the same time.
    """

    groups: dict[Hashable, Summed]
    inside: int
    at_once: int


def sum_runs(
    index: Index,
    key: Callable[[Mapping[str, Any]], Hashable],
    *,
    by: Sequence[str],
    figures: Collection[str],
    is_wanted: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Totals:
    """Return the sums of the runs that an index knows.

    Args:
        index: The index, up to date.
        key: Returns what to sum a run under, from the values of ``by``. Asked once for all runs
            that share these values.
        by: Some of `COLUMNS`; ``started`` is the day alone.
        figures: Which figures to sum, some of `KINDS`.
        is_wanted: Tells from the values of `ASKED` whether a run belongs in the sums; all do if
            None. A run inside another is left out only where that one is wanted as well.
    """
    with _without_collector():
        return _summed(index, key, by=by, figures=figures, is_wanted=is_wanted)


@contextmanager
def _without_collector() -> Generator[None]:
    """Keep Python's collector of cycles away from many rows, in which there are none to find."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _summed(
    index: Index,
    key: Callable[[Mapping[str, Any]], Hashable],
    *,
    by: Sequence[str],
    figures: Collection[str],
    is_wanted: Callable[[Mapping[str, Any]], bool] | None,
) -> Totals:
    together = set(index.at_once())
    inner = _inside(index, together, is_wanted)
    named = tuple(dict.fromkeys((*by, "view", *(ASKED if is_wanted else ()))))
    groups: defaultdict[Hashable, Sums] = defaultdict(lambda: Sums(figures, index.doubt))
    inside = at_once = 0
    for some in _parts(index, named):
        waiting: defaultdict[tuple[Hashable, int], list[tuple[Any, ...]]] = defaultdict(list)
        for (layout, *values), rows in some.items():
            told = dict(zip(named, values, strict=True))
            if is_wanted is not None and not is_wanted(told):
                continue
            outer = [row for row in rows if row[0] not in inner] if inner else rows
            inside += len(rows) - len(outer)
            if together and told["view"] == "machine":
                at_once += sum(row[0] in together for row in outer)
            waiting[key(told), layout] += outer
        for (found, layout), rows in waiting.items():
            if rows:
                groups[found].add(rows, index.layout(layout))
    summed: dict[Hashable, Summed] = {
        found: Summed(runs=sums.runs, duration_s=sums.duration_s, figures=sums.result())
        for found, sums in groups.items()
    }
    return Totals(groups=summed, inside=inside, at_once=at_once)


def _parts(
    index: Index, named: Sequence[str]
) -> Iterator[dict[tuple[Any, ...], list[tuple[Any, ...]]]]:
    """Give the rows of all runs, a part of them at a time, by their layout and these values."""
    rows = iter(index.rows(("duration_s", "doubts", "figures", "layout", *named)))
    while some := list(islice(rows, _AT_ONCE)):
        alike: defaultdict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
        for row in some:
            alike[row[4:]].append(row)
        yield alike


def _inside(
    index: Index, together: set[str], is_wanted: Callable[[Mapping[str, Any]], bool] | None
) -> set[str]:
    """Return the runs that lie inside others: only runs of one time, or with a parent, can."""
    ids = {*together, *(run_id for pair in index.with_parent() for run_id in pair)}
    runs = [
        run
        for run in index.summaries_of(sorted(ids))
        if is_wanted is None
        or is_wanted(
            {
                "started": (run.started or "")[:10] or None,
                "tags": json.dumps(run.tags) if run.tags else None,
            }
        )
    ]
    return {run.id for run in runs} - set(outermost(runs))
