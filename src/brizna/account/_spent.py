"""What runs spent together: failed runs and idle time charged to what succeeded, and budgets.

What an experiment cost is not what its last run cost. The runs that failed before it, the search
that chose its settings and the hours for which the machine waited were spent for it too: of BLOOM's
training, idle power came to 59 % on top of the rest [1]. `charge` puts failed runs on the next run
of their kind that succeeds, and idle time on all that succeeded by their length. Nothing is lost
and nothing counts twice: what is charged, and what nothing succeeded for yet, sums to the whole.

References:
    [1] Luccioni, Viguier, Ligozat, Estimating the carbon footprint of BLOOM, 2023, table 3.
"""

from __future__ import annotations

from math import fsum

from brizna.core.estimate import Estimate, total
from brizna.core.quantities import Carbon, Energy, Money, Quantity, Water
from brizna.core.records import Record, each

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    Figures = Mapping[str, Estimate]

_KINDS: Mapping[str, type[Quantity]] = {"energy_j": Energy, "carbon_g": Carbon, "water_l": Water}


def kind_of_figure(name: str) -> type[Quantity]:
    """Return the kind of ``energy_j``, ``carbon_g``, ``water_l`` or ``cost/EUR``."""
    return _KINDS.get(name, Money)


def _figures(data: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: Estimate.from_json(kind_of_figure(name), value) for name, value in data.items()}


class Spent(Record):
    """What one run spent.

    Attributes:
        id: The run.
        kind: What it is a try of: its name, else its command; failures are charged within one.
        started: ISO 8601 in UTC.
        duration_s: How long it took.
        succeeded: Whether it ended well.
        figures: ``energy_j``, ``carbon_g``, ``water_l``, ``cost/EUR``, as far as they are known.
    """

    id: str
    kind: str
    started: str
    duration_s: float
    succeeded: bool
    figures: dict[str, Estimate]

    _forms: ClassVar = {"figures": _figures}


class Charged(Record):
    """A run that succeeded, with what was spent for it.

    Attributes:
        id: The run.
        kind: As in `Spent`.
        failed_runs: Those before it that are charged to it.
        own: What it spent itself.
        failed: What those spent.
        idle: Its part of the idle time.
        together: The sum.
    """

    id: str
    kind: str
    failed_runs: tuple[str, ...]
    own: dict[str, Estimate]
    failed: dict[str, Estimate]
    idle: dict[str, Estimate]
    together: dict[str, Estimate]

    _forms: ClassVar = {
        "failed_runs": tuple,
        "own": _figures,
        "failed": _figures,
        "idle": _figures,
        "together": _figures,
    }


class Charges(Record):
    """All that runs spent, by what succeeded.

    Attributes:
        runs: Those that succeeded, in their order.
        waiting: Failed runs of whose kind none has succeeded since.
        uncharged: What they spent, and the idle time where nothing succeeded at all.
        whole: All of it.
        unknown: By figure, the runs in whose sums it is missing: there it is at least.
        at_once: Runs that overlapped another on one machine: whole-machine energy counts twice.
        unreadable: Runs and packs that cannot be read, and why: what they spent is missing.
    """

    schema: ClassVar = "brizna.charges/1"

    runs: tuple[Charged, ...]
    waiting: tuple[str, ...]
    uncharged: dict[str, Estimate]
    whole: dict[str, Estimate]
    unknown: dict[str, tuple[str, ...]]
    at_once: tuple[str, ...] = ()
    unreadable: dict[str, str] = {}

    _forms: ClassVar = {
        "runs": each(Charged.from_json),
        "waiting": tuple,
        "uncharged": _figures,
        "whole": _figures,
        "unknown": lambda unknown: {name: tuple(ids) for name, ids in unknown.items()},
        "at_once": tuple,
    }


def charge(
    spent: Sequence[Spent], *, idle: Figures | None = None, at_once: Sequence[str] = ()
) -> Charges:
    """Return what was spent for each run that succeeded.

    Args:
        spent: The runs, none inside another.
        idle: What the idle time between them spent; none is charged if None.
        at_once: Those that overlapped, to be told.
    """
    ordered = sorted(spent, key=lambda run: (run.started, run.id))
    waiting: dict[str, list[Spent]] = {}
    tries: list[tuple[Spent, list[Spent]]] = []
    for run in ordered:
        if run.succeeded:
            tries.append((run, waiting.pop(run.kind, [])))
        else:
            waiting.setdefault(run.kind, []).append(run)
    left = [run for runs in waiting.values() for run in runs]
    whole_s = fsum(run.duration_s for run, _ in tries)
    rest = [dict(idle)] if idle and not whole_s > 0 else []
    return Charges(
        runs=tuple(
            _charged(run, failed, _part(idle or {}, run.duration_s, whole_s))
            for run, failed in tries
        ),
        waiting=tuple(run.id for run in left),
        uncharged=summed([*(run.figures for run in left), *rest]),
        whole=summed([*(run.figures for run in ordered), *([idle] if idle else [])]),
        unknown=_unknown(ordered),
        at_once=tuple(at_once),
    )


def _charged(run: Spent, failed: Sequence[Spent], idle: dict[str, Estimate]) -> Charged:
    lost = summed(one.figures for one in failed)
    return Charged(
        id=run.id,
        kind=run.kind,
        failed_runs=tuple(one.id for one in failed),
        own=run.figures,
        failed=lost,
        idle=idle,
        together=summed([run.figures, lost, idle]),
    )


def _part(idle: Figures, held_s: float, whole_s: float) -> dict[str, Estimate]:
    if not whole_s > 0:
        return {}
    return {name: value.scaled(held_s / whole_s) for name, value in idle.items()}


def summed(parts: Iterable[Figures]) -> dict[str, Estimate]:
    """Return the sums of figures by name, each over the parts that have it."""
    found: dict[str, list[Estimate]] = {}
    for part in parts:
        for name, value in part.items():
            found.setdefault(name, []).append(value)
    return {name: total(values) for name, values in sorted(found.items())}


def _unknown(spent: Sequence[Spent]) -> dict[str, tuple[str, ...]]:
    names = sorted({name for run in spent for name in run.figures} | {"energy_j", "carbon_g"})
    lacking = {
        name: tuple(run.id for run in spent if name not in run.figures)
        for name in names
        if not name.startswith("cost/")
    }
    return {name: ids for name, ids in lacking.items() if ids}
