"""A run against its own history: whether its energy, or its mean power, is unlike the runs before.

Alike are runs of one name (or, without names, one command) that ended well on one machine, read
by the same methods at the same interval. The middle of their logarithms and their median absolute
deviation say what is usual, so that one odd run among them changes little. Where there are fewer
than five, nothing is said; nor of a run of less than a second among others as short.
"""

from __future__ import annotations

from functools import cache
from math import exp, log

from brizna.core._tables import positions
from brizna.core.errors import BriznaError
from brizna.core.factors import factor
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, ClassVar

    from brizna.store import RunSummary, Store

_ROOM, _TABLE = "brizna.verbs", "history"
_NORMAL = 1.4826
"""Times the median absolute deviation: the standard deviation of values that are normal."""


class Unlike(Record):
    """One figure that is unlike before.

    Attributes:
        figure: ``energy_j`` or ``power_w`` (energy by time).
        value: What it is in this run.
        usual: The middle of the earlier runs.
        low: From here up it would be usual.
        high: Up to here.
    """

    figure: str
    value: float
    usual: float
    low: float
    high: float


class History(Record):
    """What a run's earlier likes say of it.

    Attributes:
        runs: How many there are, those that count at most.
        unlike: The figures that are unlike before; empty where none is.
        reason: Why it was not compared; None if it was.
    """

    runs: int
    unlike: tuple[Unlike, ...] = ()
    reason: str | None = None

    _forms: ClassVar = {"unlike": each(Unlike.from_json)}


def history_of(store: Store, run_id: str) -> History | None:
    """Return what the runs before say of a finished run; None of one that has no likes by nature.

    Raises:
        UnavailableError: If the store cannot be read.
    """
    looked_at = int(_number("looked-at"))
    recent = store.recent(run_id, limit=looked_at + 1)
    if not recent or recent[-1].id != run_id or _kind_of(recent[-1]) is None:
        return None
    kind = _kind_of(recent[-1])
    return compare(recent[-1], [other for other in recent[:-1] if _kind_of(other) == kind])


def tell_history(store: Store, run_id: str) -> dict[str, Any] | None:
    """Return `history_of` as JSON; None also where the store cannot tell."""
    try:
        found = history_of(store, run_id)
    except BriznaError:  # a store that cannot be read: the run itself can be told all the same
        return None
    return None if found is None else found.to_json()


def unlike_runs(summaries: Iterable[RunSummary]) -> dict[str, History]:
    """Return, of runs from the oldest to the newest, those that are unlike the runs before."""
    kinds: dict[tuple[object, ...], list[RunSummary]] = {}
    found: dict[str, History] = {}
    for run in summaries:
        kind = _kind_of(run)
        if kind is not None:
            before = kinds.setdefault(kind, [])
            told = compare(run, before)
            if told.unlike:
                found[run.id] = told
            before.append(run)
    return found


def compare(run: RunSummary, before: Sequence[RunSummary]) -> History:
    """Return what earlier runs of its kind, from the oldest to the newest, say of a run."""
    before = before[-int(_number("most-runs")) :]
    least = min(_spreads_by_count())
    if len(before) < least:
        reason = "fewer than five earlier runs of its kind"
        return History(runs=len(before), reason=reason)
    usual_s = median(other.duration_s or 0.0 for other in before)
    if max(run.duration_s or 0.0, usual_s) < _number("least-duration"):
        return History(runs=len(before), reason="runs of less than a second")
    mine, theirs = _figures(run), [_figures(other) for other in before]
    unlike = [
        found
        for figure, value in mine.items()
        if (found := judge(figure, value, [other[figure] for other in theirs])) is not None
    ]
    return History(runs=len(before), unlike=tuple(unlike))


def judge(figure: str, value: float, before: Sequence[float]) -> Unlike | None:
    """Return a figure that lies outside what is usual; None if it lies inside.

    Args:
        figure: Its name.
        value: Its value; above 0.
        before: Its values in the earlier runs, five or more, each above 0.
    """
    logs = [log(one) for one in before]
    middle = median(logs)
    spread = _NORMAL * median(abs(one - middle) for one in logs)
    by_count = _spreads_by_count()
    spreads = by_count[max(count for count in by_count if count <= len(before))]
    reach = max(spreads * spread, log(_number("least-change")))
    if abs(log(value) - middle) <= reach:
        return None
    return Unlike(
        figure=figure,
        value=value,
        usual=exp(middle),
        low=exp(middle - reach),
        high=exp(middle + reach),
    )


def median(values: Iterable[float]) -> float:
    """Return the middle value. The library's loads fractions and decimals, at every run's end."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _figures(run: RunSummary) -> dict[str, float]:
    energy_j = (run.energy_j or {})["best"]
    return {"energy_j": energy_j, "power_w": energy_j / (run.duration_s or 1.0)}


def _kind_of(run: RunSummary) -> tuple[object, ...] | None:
    """Return what alike runs share; None for a run that is compared with none."""
    called = run.name or run.command
    energy_j = 0.0 if run.energy_j is None else run.energy_j["best"]
    ended_well = run.state == "finished" and run.exit_code in (0, None)
    if not called or not ended_well or energy_j <= 0 or not run.duration_s:
        return None
    return (called, run.machine, run.interval_s, run.methods)


def _number(name: str) -> float:
    return factor(_ROOM, _TABLE, f"history/{name}").value


@cache
def _spreads_by_count() -> dict[int, float]:
    """Return, by number of earlier runs, how many spreads from the middle are still usual."""
    start = "history/spreads/"
    names = [name for name in positions(_ROOM, _TABLE) if name.startswith(start)]
    return {int(name.removeprefix(start)): factor(_ROOM, _TABLE, name).value for name in names}
