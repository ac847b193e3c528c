"""Which runs happened inside others: their energies are not to be added.

A run inside another one saw the same machine at the same time. It is known by its parent (what
``brizna run`` told its command, or the block around a block of one process), and without one by
its processes: those above it are the other's, on one boot of one machine, while both went on.
Blocks side by side in one process are not inside one another: they share its time among them.

Each run is only held against those that could be around it: the one that it calls its parent, and
those of its time whose recorder is its own process or one above. So a list of many thousand runs
takes a time that grows with their number, not with its square.
"""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    class Placed(Protocol):
        """A run, or a summary of one: what tells where it happened."""

        @property
        def id(self) -> str:
            """Return its id."""
            ...

        @property
        def parent(self) -> str | None:
            """Return the id of the run around it, where that was told."""
            ...

        @property
        def process(self) -> Mapping[str, Any] | None:
            """Return who recorded it, and when on the clock of that boot."""
            ...

        @property
        def duration_s(self) -> float | None:
            """Return how long it took."""
            ...


def outermost(runs: Sequence[Placed]) -> list[str]:
    """Return the ids of the runs that lie inside no other one of these, in the same order."""
    candidates = _Candidates(runs)
    return [run.id for run in runs if not candidates.around(run)]


def nested(runs: Sequence[Placed]) -> dict[str, int]:
    """Return how deep each run lies inside others of these, 0 for those inside none.

    In the order of the runs, but each that lies inside others comes below the innermost of them.
    """
    candidates = _Candidates(runs)
    around = {run.id: candidates.around(run) for run in runs}
    inner: dict[str | None, list[str]] = {}
    for run in runs:
        innermost = max(
            around[run.id], key=lambda each: (len(around[each]), each == run.parent), default=None
        )
        inner.setdefault(innermost, []).append(run.id)
    depths: dict[str, int] = {}
    for top in [*inner.get(None, ()), *around]:  # damaged records may lie inside each other
        waiting = [(top, 0)]
        while waiting:
            run_id, depth = waiting.pop()
            if run_id not in depths:
                depths[run_id] = depth
                waiting += [(each, depth + 1) for each in reversed(inner.get(run_id, ()))]
    return depths


class _Candidates:
    """Runs by what could make them the run around another: their id, or their recorder.

    Args:
        runs: The runs; told in this order.
    """

    def __init__(self, runs: Sequence[Placed]) -> None:
        self._places = {run.id: place for place, run in enumerate(runs)}
        self._runs = runs
        by_recorder: dict[tuple[Any, ...], list[tuple[float, float, int]]] = {}
        for place, run in enumerate(runs):
            process = run.process
            if process and _is_placed(process):
                recorder = (*_where(process), process["pid"], process["start"])
                by_recorder.setdefault(recorder, []).append((*_span(process, run), place))
        self._by_recorder = {key: _Spans(spans) for key, spans in by_recorder.items()}

    def around(self, inner: Placed) -> list[str]:
        """Return the ids of the runs that this one lies inside, in the order of the runs."""
        places: set[int] = set()
        if inner.parent in self._places:
            places.add(self._places[inner.parent])
        process = inner.process
        if process and _is_placed(process):
            first_s, last_s = _span(process, inner)
            recorders = [(process["pid"], process["start"]), *(process.get("ancestors") or ())]
            for pid, start in recorders:
                spans = self._by_recorder.get((*_where(process), pid, start))
                if spans is not None:
                    places.update(spans.meeting(first_s, last_s))
        found = [self._runs[place] for place in sorted(places)]
        return [outer.id for outer in found if lies_inside(inner, outer)]


class _Spans:
    """Spans of time, found by a time that they meet.

    Args:
        spans: Begin and end in seconds, and the place of the run in a list.
    """

    def __init__(self, spans: list[tuple[float, float, int]]) -> None:
        self._spans = sorted(spans)
        self._begins = [span[0] for span in self._spans]
        self._latest: list[float] = []
        """The latest end up to each span: where it is past, all before it are."""
        for _, end_s, _ in self._spans:
            self._latest.append(max(end_s, self._latest[-1]) if self._latest else end_s)

    def meeting(self, first_s: float, last_s: float) -> list[int]:
        """Return the places of those that begin before the last and end after the first."""
        found: list[int] = []
        for number in range(bisect_left(self._begins, last_s) - 1, -1, -1):
            if self._latest[number] <= first_s:
                break
            if self._spans[number][1] > first_s:
                found.append(self._spans[number][2])
        return found


def lies_inside(inner: Placed, outer: Placed) -> bool:
    """Tell whether one run happened inside another."""
    if inner.id == outer.id:
        return False
    if inner.parent == outer.id:
        return True
    one, other = inner.process, outer.process
    if not one or not other or _where(one) != _where(other):
        return False
    if not (_is_placed(one) and _is_placed(other)):
        return False
    first, last = _span(one, inner), _span(other, outer)
    if first[0] >= last[1] or last[0] >= first[1]:
        return False
    recorder = [other["pid"], other["start"]]
    if recorder in [list(above) for above in one.get("ancestors") or ()]:
        return True
    if [one["pid"], one["start"]] != recorder or inner.parent in {None, outer.parent}:
        return False  # another process, or a block of this one beside the other
    return last[0] <= first[0] and first[1] <= last[1]


def _is_placed(process: Mapping[str, Any]) -> bool:
    """Tell whether it is known where and when a process recorded."""
    return None not in _where(process) and process.get("boot_us") is not None


def _where(process: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the machine, its boot and the namespace in which process numbers mean something."""
    return process.get("host"), process.get("boot"), process.get("ns")


def _span(process: Mapping[str, Any], run: Placed) -> tuple[float, float]:
    """Return from when to when a run lasted, in seconds on the clock of its boot."""
    begun_s = process["boot_us"] / 1e6
    return begun_s, begun_s + (run.duration_s or 0.0)
