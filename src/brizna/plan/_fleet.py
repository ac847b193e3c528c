"""Many jobs that share capacity: a plan, and how far from the best any plan could be.

Each zone has a capacity in each slot, and a price for using it. With the right prices each job can
plan alone: what all of them then cost, less what the capacity is worth at those prices, is a
lower bound of every plan (Lagrangian duality [1]; at the best prices it is the bound of the linear
program whose columns are whole patterns of one job, so no job is split between zones or starts).
The prices climb by deflected subgradient steps [2]. Then the jobs are placed one by one at these
prices into what is left, the tightest first; one that finds no room makes room by shifting others
along a chain of slots; last, each job looks for something better until nobody finds it.

References:
    [1] A. M. Geoffrion, Lagrangean relaxation for integer programming, 1974.
    [2] F. Barahona, R. Anbil, The volume algorithm, Mathematical Programming 87, 2000.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan._squeeze import Crowd, make_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float64, intp
    from numpy.typing import NDArray

    Floats = NDArray[float64]

_NOWHERE = 1e30
"""Cost of a slot that cannot be used."""
_ROUNDS = 3
"""Times that every job looks for something better."""
_SLACK = 1e-9
"""Of a job's power: what rounding may take from the room that is left."""


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
            raise InputError(
                "A job of {length} slots and size {size} arrives in slot {arrival} and has until "
                "slot {deadline}: expected a size above 0 and room for its length.",
                length=self.length,
                size=self.size,
                arrival=self.arrival,
                deadline=self.deadline,
            )


class FleetPlan(Record):
    """A plan for all jobs.

    Attributes:
        places: For each job its zone and slots; None for one that has no place.
        cost: Of all jobs that have a place.
        bound: No plan that places all jobs costs less.
        prices: What a unit of capacity is worth, shape (zones, slots).
        crowds: Why the jobs without a place have none.
    """

    places: tuple[tuple[int, tuple[int, ...]] | None, ...]
    cost: float
    bound: float
    prices: Floats
    crowds: tuple[Crowd, ...] = ()

    @property
    def gap(self) -> float | None:
        """By how much of the bound this plan may miss the best one; None if a job has no place."""
        if self.crowds or self.bound <= 0:
            return None
        return self.cost / self.bound - 1


def plan_fleet(
    values: Floats, capacity: Floats, jobs: Sequence[FleetJob], *, climbs: int = 120
) -> FleetPlan:
    """Return a plan for jobs that share capacity, with a bound.

    Args:
        values: What a unit of size costs in each slot, shape (zones, slots).
        capacity: How much room there is, same shape.
        jobs: The jobs.
        climbs: Steps of the prices.

    Raises:
        InputError: If a job reaches beyond the slots.
    """
    slots = values.shape[1]
    for index, job in enumerate(jobs):
        if job.deadline > slots:
            raise InputError(
                "Job {index} has until slot {deadline}, but there are {slots} slots. Load a longer "
                "series, or cut its deadline.",
                index=index,
                deadline=job.deadline,
                slots=slots,
            )
    capacity = _whole(capacity, jobs)
    kinds: dict[FleetJob, int] = {}
    for job in jobs:
        kinds[job] = kinds.get(job, 0) + 1
    floor = Room(values, capacity, jobs)
    floor.fill(values)
    prices, bound = _climb(values, capacity, kinds, floor.cost(), climbs)
    room = Room(values, capacity, jobs)
    room.fill(values + prices)
    room.settle()
    if floor.is_better_than(room):
        room = floor
        room.settle()
    return FleetPlan(
        places=tuple(room.places),
        cost=room.cost(),
        bound=bound,
        prices=prices,
        crowds=tuple(room.crowds),
    )


def _whole(capacity: Floats, jobs: Sequence[FleetJob]) -> Floats:
    """Return the capacity without what no job could ever use, where all are of one size."""
    import numpy as np

    sizes = {job.size for job in jobs}
    if len(sizes) != 1:
        return capacity
    (size,) = sizes
    return np.floor(capacity / size * (1 + _SLACK)) * size


class _Ask:
    """What a job would take at given costs: the cheapest pattern of slots in one zone."""

    __slots__ = ("job", "rows", "window")

    def __init__(self, job: FleetJob, zones: int) -> None:
        import numpy as np

        self.job = job
        self.rows = np.arange(zones) if job.zones is None else np.array(job.zones)
        self.window = slice(job.arrival, job.deadline)

    def block(self, costs: Floats) -> Floats:
        """Return the costs that concern the job, shape (its zones, its window)."""
        if self.job.zones is None:
            return costs[:, self.window]
        return costs[self.rows, self.window]

    def cheapest(self, block: Floats) -> tuple[int, NDArray[intp], float]:
        """Return the zone, the slots and the cost of a unit of size."""
        import numpy as np

        length = self.job.length
        if not self.job.can_pause:
            sums = np.cumsum(block, axis=1)
            cost = sums[:, length - 1 :].copy()
            cost[:, 1:] -= sums[:, : -length or None]
            row, start = divmod(int(cost.argmin()), cost.shape[1])
            first = self.job.arrival + start
            return int(self.rows[row]), np.arange(first, first + length), float(cost[row, start])
        if length == block.shape[1]:
            picks = np.broadcast_to(np.arange(length), block.shape)
        else:
            picks = np.argpartition(block, length - 1, axis=1)[:, :length]
        cost = np.take_along_axis(block, picks, axis=1).sum(axis=1)
        row = int(cost.argmin())
        return int(self.rows[row]), picks[row] + self.job.arrival, float(cost[row])


def _climb(
    values: Floats, capacity: Floats, kinds: dict[FleetJob, int], target: float, climbs: int
) -> tuple[Floats, float]:
    """Return prices of capacity, and the best lower bound seen.

    Args:
        values: As for `plan_fleet`.
        capacity: As for `plan_fleet`.
        kinds: How many jobs there are of each kind.
        target: Cost of some plan.
        climbs: Steps to take.
    """
    import numpy as np

    asks = [(_Ask(job, len(values)), count * job.size) for job, count in kinds.items()]
    prices = best_prices = np.zeros_like(values)
    best, stride, stuck = -np.inf, 1.0, 0
    direction = np.zeros_like(values)
    for _ in range(climbs):
        used, bound = np.zeros_like(values), 0.0
        costs = values + prices
        for ask, weight in asks:
            zone, slots, cost = ask.cheapest(ask.block(costs))
            used[zone, slots] += weight
            bound += weight * cost
        bound -= float((prices * capacity).sum())
        if bound > best:
            stuck, best, best_prices = 0, bound, prices
        else:
            stuck += 1
            if stuck % 6 == 0:
                stride, prices = stride / 2, best_prices
        excess = used - capacity
        excess[(prices <= 0) & (excess < 0)] = 0
        direction = 0.6 * direction + 0.4 * excess
        square = float((direction * direction).sum())
        if square == 0:
            break
        reach = max(1.02 * target - bound, 1e-3 * abs(target))
        prices = np.maximum(0.0, prices + stride * reach / square * direction)
    return best_prices, best


class Room:
    """Jobs with their places, and the room that is left.

    Attributes:
        jobs: The jobs.
        left: The room that is left, shape (zones, slots).
        places: For each job its zone and slots; None while it has none.
        crowds: Why jobs found no place.
    """

    def __init__(self, values: Floats, capacity: Floats, jobs: Sequence[FleetJob]) -> None:
        self._values = values
        self.left = capacity.copy()
        self.jobs = jobs
        self._asks = [_Ask(job, len(values)) for job in jobs]
        self.places: list[tuple[int, tuple[int, ...]] | None] = [None] * len(jobs)
        self.crowds: list[Crowd] = []

    def cost(self) -> float:
        """Return what all jobs that have a place cost."""
        from math import fsum

        return fsum(self._cost(index) for index in range(len(self.jobs)))

    def is_better_than(self, other: Room) -> bool:
        """Tell whether more jobs have a place here, or as many for less."""
        return (self.places.count(None), self.cost()) < (other.places.count(None), other.cost())

    def fill(self, costs: Floats) -> None:
        """Place all jobs, the tightest first; then make room for those that found none."""
        jobs = self.jobs
        order = sorted(
            range(len(jobs)),
            key=lambda i: (
                jobs[i].deadline - jobs[i].arrival - jobs[i].length,
                -jobs[i].length * jobs[i].size,
            ),
        )
        without = [index for index in order if not self.place(index, costs)]
        for index in without:
            crowd = None if self.place(index, costs) else make_room(self, index)
            if crowd is not None:
                self.crowds.append(crowd)

    def settle(self) -> None:
        """Let each job look for something better, until nobody finds it."""
        for _ in range(_ROUNDS):
            moved = 0
            for index, place in enumerate(self.places):
                if place is None:
                    continue
                before = self._cost(index)
                self.take_out(index)
                self.place(index)
                if self._cost(index) > before:
                    self.take_out(index)
                    self.put(index, *place)
                else:
                    moved += self._cost(index) < before
            if not moved:
                return

    def _cost(self, index: int) -> float:
        place = self.places[index]
        if place is None:
            return 0.0
        zone, slots = place
        return self.jobs[index].size * float(self._values[zone, list(slots)].sum())

    def place(self, index: int, costs: Floats | None = None) -> bool:
        """Put a job where it is cheapest among what is free; tell whether there was room.

        Args:
            index: Which job.
            costs: What is cheap, shape (zones, slots); what it really costs if None.
        """
        import numpy as np

        costs = self._values if costs is None else costs
        ask = self._asks[index]
        need = ask.job.size * (1 - _SLACK)
        block = np.where(ask.block(self.left) >= need, ask.block(costs), _NOWHERE)
        zone, slots, cost = ask.cheapest(block)
        if cost >= _NOWHERE / 2:
            return False
        self.put(index, zone, tuple(sorted(slots.tolist())))
        return True

    def put(self, index: int, zone: int, slots: tuple[int, ...]) -> None:
        """Give a job a place."""
        self.left[zone, list(slots)] -= self.jobs[index].size
        self.places[index] = zone, slots

    def take_out(self, index: int) -> None:
        """Take a job's place from it, if it has one."""
        place = self.places[index]
        if place is not None:
            zone, slots = place
            self.left[zone, list(slots)] += self.jobs[index].size
            self.places[index] = None
