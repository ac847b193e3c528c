"""Totals of the runs of a store, from its index: nothing counted twice."""

from __future__ import annotations

import json

from brizna.core.nesting import outermost
from brizna.core.records import Record
from brizna.store._figures import Sums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.store._index import Index

COLUMNS = ("name", "state", "started", "machine", "tags", "zone", "view")
"""What runs can be told apart by: columns of the index, ``tags`` as a JSON list or None."""
ASKED = ("started", "tags")
"""Those by which runs are chosen."""
_BUFFERED = 50_000
"""So many runs are held before they are added up: some 50 MB."""


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
    together = set(index.at_once())
    inner = _inside(index, together, is_wanted)
    groups: dict[Hashable, Sums] = {}
    keys: dict[tuple[Any, ...], Hashable | None] = {}
    inside = at_once = 0
    named = tuple(dict.fromkeys((*by, "view", *(ASKED if is_wanted else ()))))
    view = named.index("view")
    columns = ("duration_s", "layout", "doubts", "figures", *named)
    for number, row in enumerate(index.rows(columns), 1):
        run_id, duration_s, layout, doubts, numbers, *rest = row
        values = tuple(rest)
        if values not in keys:
            told = dict(zip(named, values, strict=True))
            keys[values] = key(told) if is_wanted is None or is_wanted(told) else None
        found = keys[values]
        if found is None:
            continue
        if run_id in inner:
            inside += 1
            continue
        at_once += run_id in together and rest[view] == "machine"
        if found not in groups:
            groups[found] = Sums(figures, index.doubt)
        groups[found].add((run_id, duration_s, doubts, numbers), index.layout(layout))
        if number % _BUFFERED == 0:
            for sums in groups.values():
                sums.add_up()
    summed: dict[Hashable, Summed] = {
        found: Summed(runs=sums.runs, duration_s=sums.duration_s, figures=sums.result())
        for found, sums in groups.items()
    }
    return Totals(groups=summed, inside=inside, at_once=at_once)


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
