"""Many jobs that share capacity: a plan, and how far from the best any plan could be.

Prices on full slots let each kind of job plan alone, and prove a bound (`_prices`). Jobs are then
placed at these prices into what is left, the tightest kind first; one that finds no room makes
room by shifting others (`_squeeze`). Last, parties of equal jobs look for something better, alone
and along chains of moves (`_chains`), until nobody finds it.
"""

from __future__ import annotations

from math import fsum

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan._squeeze import Crowd, make_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy import float64
    from numpy.typing import NDArray

    Floats = NDArray[float64]

_NOWHERE = 1e30
"""Cost of a slot that cannot be used."""
_ROUNDS = 4
"""Times that every party looks for something better at most."""
_WORTH_IT = 1e-4
"""Of the cost: a round that saves less is the last."""
_VERY_MANY, _CLOSE = 50_000, 0.01
"""So many parties need look no further once they are so near to the bound."""
_SLACK = 1e-9
"""Of a job's size: what rounding may take from the room that is left."""


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
    values: Floats, capacity: Floats, jobs: Sequence[FleetJob], *, climbs: int = 200
) -> FleetPlan:
    """Return a plan for jobs that share capacity, with a bound.

    Args:
        values: What a unit of size costs in each slot, shape (zones, slots).
        capacity: How much room there is, same shape.
        jobs: The jobs.
        climbs: How often the prices move at most.

    Raises:
        InputError: If a job reaches beyond the slots.
    """
    from brizna.plan._prices import prices_of

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
    members: dict[FleetJob, list[int]] = {}
    for index, job in enumerate(jobs):
        members.setdefault(job, []).append(index)
    kinds = {job: len(indices) for job, indices in members.items()}
    prices, bound = prices_of(values, capacity, kinds, climbs)
    best = _settled(values, capacity, kinds, values + prices, bound)
    if best.crowds:
        plain = _settled(values, capacity, kinds, values, bound)
        best = min(best, plain, key=lambda room: (len(room.crowds), room.cost()))
    return best.tell(members, bound=bound, prices=prices)


def _settled(
    values: Floats, capacity: Floats, kinds: dict[FleetJob, int], costs: Floats, bound: float
) -> Room:
    """Return a room in which all were placed at some costs, and looked for something better."""
    room = Room(values, capacity)
    room.fill(kinds, costs)
    room.settle(bound)
    return room


def _whole(capacity: Floats, jobs: Sequence[FleetJob]) -> Floats:
    """Return the capacity without what no job could ever use, where all are of one size."""
    import numpy as np

    sizes = {job.size for job in jobs}
    if len(sizes) != 1:
        return capacity
    (size,) = sizes
    return np.floor(capacity / size * (1 + _SLACK)) * size


class Party:
    """Equal jobs that run together.

    Attributes:
        job: One of them.
        zone: Where they run.
        slots: When, in order.
        count: How many they are.
    """

    __slots__ = ("count", "job", "slots", "zone")

    def __init__(self, job: FleetJob, zone: int, slots: tuple[int, ...], count: int) -> None:
        self.job = job
        self.zone = zone
        self.slots = slots
        self.count = count

    def split(self, count: int) -> Party:
        """Keep so many; return a party of the rest."""
        rest = Party(self.job, self.zone, self.slots, self.count - count)
        self.count = count
        return rest


class Room:
    """Parties with their places, and the room that is left.

    Attributes:
        left: The room that is left, shape (zones, slots).
        parties: Who has a place, by identity.
        crowds: Why jobs found none.
    """

    def __init__(self, values: Floats, capacity: Floats) -> None:
        """Begin with nobody."""
        self._values = values
        self.left = capacity.copy()
        self.parties: dict[int, Party] = {}
        self.crowds: list[Crowd] = []

    def cost(self) -> float:
        """Return what all that have a place cost."""
        return fsum(map(self._cost, self.parties.values()))

    def fill(self, kinds: dict[FleetJob, int], costs: Floats) -> None:
        """Place all jobs, the most urgent first; then make room for those that found none."""
        order = sorted(kinds, key=lambda job: _urgency(job, costs))
        without = [(job, self.place(job, kinds[job], costs)[1]) for job in order]
        for job, count in without:
            for _ in range(count):
                crowd = make_room(self, job) if self.place(job, 1)[1] else None
                if crowd is not None:
                    self.crowds.append(crowd)

    def settle(self, bound: float) -> None:
        """Let parties look for something better, alone and in chains, until nobody finds it.

        Args:
            bound: What no plan goes below: very many parties stop close to it.
        """
        for _ in range(_ROUNDS):
            saved = self._move_parties()
            if len(self.parties) > _VERY_MANY and self.cost() <= bound * (1 + _CLOSE):
                return
            saved += self._turn_chains()
            if saved <= _WORTH_IT * self.cost():
                return

    def _move_parties(self) -> float:
        """Place each party anew where that is cheaper, the dearest first; return what it saved."""
        saved: list[float] = []
        for party in sorted(self.parties.values(), key=self._cost, reverse=True):
            before = self._cost(party)
            self.take_out(party)
            parties, without = self.place(party.job, party.count)
            gain = before - fsum(map(self._cost, parties))
            if without or gain <= 0:
                for other in parties:
                    self.take_out(other)
                self.put(party)
            else:
                saved.append(gain)
        return fsum(saved)

    def place(
        self, job: FleetJob, count: int, costs: Floats | None = None
    ) -> tuple[list[Party], int]:
        """Put jobs where they are cheapest among what is free; return them.

        Args:
            job: One of them.
            count: How many they are.
            costs: What is cheap, shape (zones, slots); what it really costs if None.

        Returns:
            The parties that were placed, and how many jobs found no room.
        """
        import numpy as np

        placed: list[Party] = []
        costs = self._values if costs is None else costs
        zones = slice(None) if job.zones is None else list(job.zones)
        window = slice(job.arrival, job.deadline)
        while count:
            left = self.left[zones, window]
            block = np.where(left >= job.size * (1 - _SLACK), costs[zones, window], _NOWHERE)
            row, slots, cost = _cheapest(job, block)
            if cost >= _NOWHERE / 2:
                return placed, count
            zone = row if job.zones is None else job.zones[row]
            room = self.left[zone, list(slots)].min()
            fits = min(count, int(room / job.size * (1 + _SLACK)))
            placed.append(Party(job, zone, slots, fits))
            self.put(placed[-1])
            count -= fits
        return placed, 0

    def put(self, party: Party) -> None:
        """Give a party the place that it names."""
        self.left[party.zone, list(party.slots)] -= party.job.size * party.count
        self.parties[id(party)] = party

    def take_out(self, party: Party) -> None:
        """Take a party's place from it."""
        self.left[party.zone, list(party.slots)] += party.job.size * party.count
        del self.parties[id(party)]

    def tell(
        self, members: dict[FleetJob, list[int]], *, bound: float, prices: Floats
    ) -> FleetPlan:
        """Return the plan, job by job.

        Args:
            members: The jobs' indices by kind.
            bound: As in `FleetPlan`.
            prices: As in `FleetPlan`.
        """
        waiting: dict[FleetJob, Iterator[int]] = {
            job: iter(indices) for job, indices in members.items()
        }
        placed: dict[int, tuple[int, tuple[int, ...]]] = {}
        for party in self.parties.values():
            place, indices = (party.zone, party.slots), waiting[party.job]
            for _ in range(party.count):
                placed[next(indices)] = place
        total = sum(map(len, members.values()))
        return FleetPlan(
            places=tuple(placed.get(index) for index in range(total)),
            cost=self.cost(),
            bound=bound,
            prices=prices,
            crowds=tuple(self.crowds),
        )

    def _cost(self, party: Party) -> float:
        one = float(self._values[party.zone, list(party.slots)].sum())
        return party.job.size * party.count * one

    def _turn_chains(self) -> float:
        from brizna.plan._chains import Chains

        groups: dict[tuple[int, float], list[Party]] = {}
        others: list[Party] = []
        for party in self.parties.values():
            if party.job.can_pause:
                groups.setdefault((party.zone, party.job.size), []).append(party)
            else:
                others.append(party)
        saved = 0.0
        for (zone, size), parties in groups.items():
            chains = Chains(parties, self._values[zone], self.left[zone], size)
            saved += chains.improve()
            others += chains.parties
        self.parties = {id(party): party for party in others}
        return saved


def _urgency(job: FleetJob, costs: Floats) -> tuple[float, ...]:
    """Return what to sort jobs by: who loses most by coming late comes first.

    Jobs in a row come before those that may pause, which fill what is left between them. They
    lose what a middling start costs more than their best one; the others lose their deadline.
    """
    import numpy as np

    slack = job.deadline - job.arrival - job.length
    if job.can_pause:
        return 1, slack, -job.length * job.size, job.arrival
    zones = slice(None) if job.zones is None else list(job.zones)
    sums = np.cumsum(costs[zones, job.arrival : job.deadline], axis=1)
    starts = sums[:, job.length - 1 :].copy()
    starts[:, 1:] -= sums[:, :slack]
    return 0, float(starts.min() - np.median(starts)), slack, job.arrival


def _cheapest(job: FleetJob, block: Floats) -> tuple[int, tuple[int, ...], float]:
    """Return the row of the cheapest pattern in a block, its slots and its cost.

    Args:
        job: What is placed.
        block: Costs of a unit of size, shape (zones, the job's window).
    """
    import numpy as np

    length = job.length
    if not job.can_pause:
        sums = np.cumsum(block, axis=1)
        cost = sums[:, length - 1 :].copy()
        cost[:, 1:] -= sums[:, : block.shape[1] - length]
        row, start = divmod(int(cost.argmin()), cost.shape[1])
        first = job.arrival + start
        least = float(block[row, start : start + length].sum())
        return row, tuple(range(first, first + length)), least
    if length == block.shape[1]:
        picks = np.broadcast_to(np.arange(length), block.shape)
    else:
        picks = np.argpartition(block, length - 1, axis=1)[:, :length]
    cost = np.take_along_axis(block, picks, axis=1).sum(axis=1)
    row = int(cost.argmin())
    slots = tuple(sorted((picks[row] + job.arrival).tolist()))
    return row, slots, float(cost[row])
