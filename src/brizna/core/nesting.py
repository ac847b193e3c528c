"""Which runs happened inside others: their energies are not to be added.

A run inside another one saw the same machine at the same time. It is known by its parent (what
``brizna run`` told its command, or the block around a block of one process), and without one by
its processes: those above it are the other's, on one boot of one machine, while both went on.
Blocks side by side in one process are not inside one another: they share its time among them.
"""

from __future__ import annotations

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
    return [run.id for run in runs if not any(lies_inside(run, other) for other in runs)]


def nested(runs: Sequence[Placed]) -> dict[str, int]:
    """Return how deep each run lies inside others of these, 0 for those inside none.

    In the order of the runs, but each that lies inside others comes below the innermost of them.
    """
    around = {run.id: [each.id for each in runs if lies_inside(run, each)] for run in runs}
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


def lies_inside(inner: Placed, outer: Placed) -> bool:
    """Tell whether one run happened inside another."""
    if inner.id == outer.id:
        return False
    if inner.parent == outer.id:
        return True
    one, other = inner.process, outer.process
    if not one or not other or _where(one) != _where(other) or None in _where(one):
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


def _where(process: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the machine, its boot and the namespace in which process numbers mean something."""
    return process.get("host"), process.get("boot"), process.get("ns")


def _span(process: Mapping[str, Any], run: Placed) -> tuple[float, float]:
    """Return from when to when a run lasted, in seconds on the clock of its boot."""
    begun_s = process["boot_us"] / 1e6
    return begun_s, begun_s + (run.duration_s or 0.0)
