"""Jobs that need room, one by one or as columns: a million objects cost more than planning."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    Floats = NDArray[float64]
    Whole = NDArray[int64]


class FleetJob(Record):
    """A job of whole slots that needs room.

    Attributes:
        arrival: The slot from which it may run.
        length: How many slots it works.
        deadline: The slot before which it has ended.
        size: How much of the capacity it takes while it runs: watts, or machines.
        can_pause: Whether it may use any slots of one zone, or must use ones in a row.
        zones: Indices of the zones where it may run; None for all.
    """

    arrival: int
    length: int
    deadline: int
    size: float = 1.0
    can_pause: bool = True
    zones: tuple[int, ...] | None = None

    def _check(self) -> None:
        fits = self.arrival >= 0 and 1 <= self.length <= self.deadline - self.arrival
        if not fits or self.size <= 0:
            raise _no_room(self.length, self.size, self.arrival, self.deadline)


def _no_room(length: int, size: float, arrival: int, deadline: int) -> InputError:
    return InputError(
        "A job of {length} slots and size {size} arrives in slot {arrival} and has until "
        "slot {deadline}: expected a size above 0 and room for its length.",
        length=length,
        size=size,
        arrival=arrival,
        deadline=deadline,
    )


class Fleet(Record):
    """Jobs as columns, each of shape (jobs,); the fields of `FleetJob`.

    Attributes:
        arrival: As there.
        length: As there.
        deadline: As there.
        size: As there.
        can_pause: As there.
        allowed: Which of ``zone_sets`` each job may run in.
        zone_sets: Indices of zones; None for all.
    """

    arrival: Whole
    length: Whole
    deadline: Whole
    size: Floats
    can_pause: NDArray[bool_]
    allowed: Whole
    zone_sets: tuple[tuple[int, ...] | None, ...] = (None,)

    def _check(self) -> None:
        wrong = (self.arrival < 0) | (self.length < 1) | ~(self.size > 0)
        wrong |= self.length > self.deadline - self.arrival
        if wrong.any():
            job = int(wrong.argmax())
            raise _no_room(
                int(self.length[job]),
                float(self.size[job]),
                int(self.arrival[job]),
                int(self.deadline[job]),
            )

    def __len__(self) -> int:
        return len(self.arrival)

    @classmethod
    def of(cls, jobs: Sequence[FleetJob]) -> Fleet:
        """Return jobs as columns."""
        import numpy as np

        sets: dict[tuple[int, ...] | None, int] = {}
        allowed = [sets.setdefault(job.zones, len(sets)) for job in jobs]
        return cls(
            arrival=np.array([job.arrival for job in jobs], dtype=np.int64),
            length=np.array([job.length for job in jobs], dtype=np.int64),
            deadline=np.array([job.deadline for job in jobs], dtype=np.int64),
            size=np.array([job.size for job in jobs], dtype=np.float64),
            can_pause=np.array([job.can_pause for job in jobs], dtype=bool),
            allowed=np.array(allowed, dtype=np.int64),
            zone_sets=tuple(sets) or (None,),
        )

    def some(self, rows: Whole) -> Fleet:
        """Return the jobs of some rows."""
        return Fleet(
            arrival=self.arrival[rows],
            length=self.length[rows],
            deadline=self.deadline[rows],
            size=self.size[rows],
            can_pause=self.can_pause[rows],
            allowed=self.allowed[rows],
            zone_sets=self.zone_sets,
        )

    def job(self, row: int) -> FleetJob:
        """Return one job."""
        return FleetJob(
            arrival=int(self.arrival[row]),
            length=int(self.length[row]),
            deadline=int(self.deadline[row]),
            size=float(self.size[row]),
            can_pause=bool(self.can_pause[row]),
            zones=self.zone_sets[int(self.allowed[row])],
        )

    def kinds(self) -> tuple[Fleet, Whole, Whole]:
        """Return one job of each kind, how many there are of it, and the kind of each job."""
        import numpy as np

        columns: tuple[NDArray[Any], ...] = (
            self.size,
            self.deadline,
            self.length,
            self.arrival,
            self.can_pause,
            self.allowed,
        )
        order, firsts = _grouped(columns)
        counts = np.diff(np.append(firsts, len(order)))
        kind_of = np.empty(len(order), dtype=np.int64)
        kind_of[order] = np.repeat(np.arange(len(firsts)), counts)
        return self.some(order[firsts]), counts, kind_of


def groups_of(columns: Sequence[NDArray[Any]], rows: Whole | None = None) -> list[Whole]:
    """Return the rows that have equal cells in all columns, group by group.

    Args:
        columns: The columns.
        rows: Which of their rows; all if None.
    """
    import numpy as np

    order, firsts = _grouped(columns if rows is None else _at(columns, rows))
    ordered: Whole = order if rows is None else rows[order]
    return np.split(ordered, firsts[1:]) if len(ordered) else []


def _at(columns: Sequence[NDArray[Any]], rows: Whole) -> list[NDArray[Any]]:
    return [column[rows] for column in columns]


def _grouped(columns: Sequence[NDArray[Any]]) -> tuple[Whole, Whole]:
    """Return rows in an order that puts equal ones together, and where in it each group begins."""
    import numpy as np

    order: Whole = np.lexsort(columns)
    begins = np.zeros(len(order), dtype=bool)
    begins[:1] = True
    for column in columns:
        ordered = column[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(begins)
