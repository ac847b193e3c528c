"""Many independent jobs at once, on one grid of slots: the exact best hours and zone of each.

Intensities are whole numbers here too (micrograms per kilowatt-hour, say), so that windows of one
cost are equal and the earliest wins; among zones of one cost the first named wins.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

    Whole = NDArray[int64]


class BulkJob(Record):
    """A job of whole slots.

    Attributes:
        arrival: The slot from which it may run.
        length: How many slots it works; 1 at least.
        slack: How many slots later than at once it may end.
        can_pause: Whether it may use any slots, or must use ones in a row.
        zones: Indices of the zones where it may run, in the order of preference; None for all.
    """

    arrival: int
    length: int
    slack: int
    can_pause: bool = False
    zones: tuple[int, ...] | None = None

    def _check(self) -> None:
        if self.arrival < 0 or self.length < 1 or self.slack < 0:
            raise InputError(
                "A job arrives in slot {arrival}, takes {length} slots and has {slack} slots of "
                "slack: expected an arrival and a slack of 0 or more, and a length of 1 or more.",
                arrival=self.arrival,
                length=self.length,
                slack=self.slack,
            )


class Placement(Record):
    """Where and when a job runs best.

    Attributes:
        zone: Index of the zone.
        slots: The slots it runs in, in order.
        cost: Sum of their values.
        cost_now: The same for running at once in the zone of its first choice; None where that
            is not known.
    """

    zone: int
    slots: tuple[int, ...]
    cost: int
    cost_now: int | None


class Board:
    """Values by zone and slot, ready to be searched by many jobs.

    A window reaches from a job's arrival over its length and slack, and ends with the board.
    """

    def __init__(self, values: Whole, known: NDArray[int64] | None = None) -> None:
        """Sum the values up once.

        Args:
            values: Whole numbers, shape (zones, slots).
            known: 1 where a value is known and 0 where not, same shape; all are if None.
        """
        import numpy as np

        slots = values.shape[1]
        self._values = values
        self._sums = _summed(values)
        self._missing: Whole | None = None
        self._dear = 4 * (int(np.abs(values).max(initial=0)) * slots + 1)
        """A slot that is not known costs so much that no other slots make up for half of it."""
        if known is not None and not known.all():
            self._values = np.where(known != 0, values, self._dear)
            self._missing = _summed((known == 0).astype(np.int64))

    def place(self, job: BulkJob) -> Placement | None:
        """Return where and when a job runs best; None if no window of known slots holds it."""
        slots = len(self._sums) - 1
        end = min(job.arrival + job.length + job.slack, slots)
        if end - job.arrival < job.length:
            return None
        found = self._pausing(job, end) if job.can_pause else self._in_a_row(job, end)
        if found is None:
            return None
        zone, chosen, cost = found
        return Placement(zone=zone, slots=chosen, cost=cost, cost_now=self._now(job))

    def _in_a_row(self, job: BulkJob, end: int) -> tuple[int, tuple[int, ...], int] | None:
        import numpy as np

        starts = end - job.arrival - job.length + 1
        cost = self._windows(self._sums, job, starts)
        if self._missing is not None:
            cost = cost + self._dear * (self._windows(self._missing, job, starts) > 0)
        by_zone = np.minimum.reduce(cost, axis=0)
        row = int(by_zone.argmin())
        least = int(by_zone[row])
        if self._missing is not None and least > self._dear // 2:
            return None
        first = job.arrival + int(cost[:, row].argmin())
        return self._zone(job, row), tuple(range(first, first + job.length)), least

    def _windows(self, sums: Whole, job: BulkJob, starts: int) -> Whole:
        """Return the sum of each window by start and zone."""
        early = sums[job.arrival : job.arrival + starts]
        late = sums[job.arrival + job.length : job.arrival + job.length + starts]
        if job.zones is None:
            return late - early
        rows = list(job.zones)
        return late[:, rows] - early[:, rows]

    def _pausing(self, job: BulkJob, end: int) -> tuple[int, tuple[int, ...], int] | None:
        import numpy as np

        block = self._values[:, job.arrival : end]
        if job.zones is not None:
            block = block[list(job.zones)]
        if job.length < block.shape[1]:
            cheapest = np.partition(block, job.length - 1, axis=1)[:, : job.length]
        else:
            cheapest = block
        cost = cheapest.sum(axis=1)
        row = int(cost.argmin())
        least = int(cost[row])
        if self._missing is not None and least > self._dear // 2:
            return None
        order = np.argsort(block[row], kind="stable")[: job.length]
        slots = tuple(int(slot) + job.arrival for slot in np.sort(order))
        return self._zone(job, row), slots, least

    def _now(self, job: BulkJob) -> int | None:
        zone = 0 if job.zones is None else job.zones[0]
        end = job.arrival + job.length
        if (
            self._missing is not None
            and self._missing[end, zone] > self._missing[job.arrival, zone]
        ):
            return None
        return int(self._sums[end, zone] - self._sums[job.arrival, zone])

    def _zone(self, job: BulkJob, row: int) -> int:
        return row if job.zones is None else job.zones[row]


def _summed(values: Whole) -> Whole:
    """Return what stands before each slot, shape (slots + 1, zones).

    A window of all zones then lies in one piece of memory, which halves the time.
    """
    import numpy as np

    zones, slots = values.shape
    sums = np.zeros((slots + 1, zones), dtype=np.int64)
    np.cumsum(values.T, axis=0, out=sums[1:])
    return sums
