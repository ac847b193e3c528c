"""Many jobs that share capacity: a plan, and how far from the best any plan could be.

Prices on full slots let each kind of job plan alone, and prove a bound (`_prices`). Jobs are then
placed at these prices into what is left, the tightest kind first, as columns (`_roster`); one that
finds no room makes room by shifting others (`_squeeze`). Last, parties of equal jobs look for
something better: very many as columns, fewer one by one and along chains of moves (`_chains`),
until nobody finds it.
"""

from __future__ import annotations

from math import fsum

from brizna.core.errors import InputError
from brizna.core.records import Record
from brizna.plan._fleet_jobs import Fleet, FleetJob, groups_of
from brizna.plan._roster import NOWHERE, SLACK, Hall, Roster, cheapest_row, cheapest_slots
from brizna.plan._squeeze import Crowd, make_room, overload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy import float64, int64
    from numpy.typing import NDArray

    Floats = NDArray[float64]
    Whole = NDArray[int64]

_ROUNDS = 4
"""Times that every party looks for something better at most."""
_WORTH_IT = 1e-4
"""Of the cost: a round that saves less is the last."""
_MOVES, _FEW_MOVES = 5_000, 3_000
"""Jobs for which others move; the second where there are very many parties."""
_IN_VAIN = 50
"""Jobs for which others moved in vain, after which nobody moves any more."""
_TIGHT = 1
"""Slots of slack with which a job in a row has hardly a choice."""
_SUSPECT = 20
"""So many jobs that find no place may be too many for any plan."""
_MOVERS = 5_000
"""Parties of very many that may move to make room."""
_VERY_MANY, _MANY_IN_A_ROW = 50_000, 10_000
"""So many parties are bettered as columns; the second where some must run in a row."""
_CLOSE = 0.01
"""So near to the bound very many parties need look no further."""


class FleetPlan(Record):
    """A plan for all jobs.

    Attributes:
        roster: Who runs where, in parties.
        party_of: Of each job its party, -1 for one that has no place; shape (jobs,).
        cost: Of all jobs that have a place.
        bound: No plan that places all jobs costs less.
        prices: What a unit of capacity is worth, shape (zones, slots).
        crowds: Why the jobs without a place have none.
    """

    roster: Roster
    party_of: Whole
    cost: float
    bound: float
    prices: Floats
    crowds: tuple[Crowd, ...] = ()

    @property
    def places(self) -> tuple[tuple[int, tuple[int, ...]] | None, ...]:
        """For each job its zone and slots; None for one that has no place."""
        first: list[int] = self.roster.first.tolist()
        slots: list[int] = self.roster.slots.tolist()
        parties: list[tuple[int, tuple[int, ...]]] = [
            (zone, tuple(slots[first[party] : first[party + 1]]))
            for party, zone in enumerate(self.roster.zone.tolist())
        ]
        party_of: list[int] = self.party_of.tolist()
        return tuple(None if party < 0 else parties[party] for party in party_of)

    @property
    def gap(self) -> float | None:
        """By how much of the bound this plan may miss the best one; None if a job has no place."""
        if self.without or self.bound <= 0:
            return None
        return self.cost / self.bound - 1

    @property
    def without(self) -> int:
        """How many jobs have no place."""
        return int((self.party_of < 0).sum())


def plan_fleet(
    values: Floats, capacity: Floats, jobs: Sequence[FleetJob] | Fleet, *, climbs: int = 200
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

    fleet = jobs if isinstance(jobs, Fleet) else Fleet.of(jobs)
    slots = values.shape[1]
    if len(fleet) and fleet.deadline.max() > slots:
        index = int((fleet.deadline > slots).argmax())
        raise InputError(
            "Job {index} has until slot {deadline}, but there are {slots} slots. Load a longer "
            "series, or cut its deadline.",
            index=index,
            deadline=int(fleet.deadline[index]),
            slots=slots,
        )
    capacity = _whole(capacity, fleet)
    kinds, counts, kind_of = fleet.kinds()
    prices, bound = prices_of(values, capacity, kinds, counts, steps=climbs)
    task = _Task(values, capacity, kinds, counts, bound)
    best = task.settled(values + prices)
    if task.without(best[0]) and not any(crowd.is_proof for crowd in best[1]):
        best = min(best, task.settled(values), key=lambda one: (task.without(one[0]), len(one[1])))
    roster, crowds = best
    return FleetPlan(
        roster=roster,
        party_of=_party_of(roster, kind_of, counts),
        cost=task.cost(roster),
        bound=bound,
        prices=prices,
        crowds=tuple(crowds),
    )


class _Task:
    """What is to be placed, and where there is room."""

    def __init__(
        self, values: Floats, capacity: Floats, kinds: Fleet, counts: Whole, bound: float
    ) -> None:
        self._values, self._capacity = values, capacity
        self._kinds, self._counts, self._bound = kinds, counts, bound
        self._kind_of: dict[FleetJob, int] = {}

    def settled(self, costs: Floats) -> tuple[Roster, list[Crowd]]:
        """Place all at some costs, and let them look for something better; tell who has no room."""
        hall = Hall(self._kinds, self._capacity)
        parts, without = hall.fill(self._counts, _by_urgency(self._kinds, costs), costs)
        roster = Roster.of(parts, self._kinds)
        many = _VERY_MANY if self._kinds.can_pause.all() else _MANY_IN_A_ROW
        if len(roster.kind) > many:
            roster, crowds = self._squeezed(hall, roster, without)
            return self._near_enough(hall, roster), crowds
        room = self._room(hall, roster)
        crowds = self._squeeze_in(room, without, moves=_MOVES)
        room.settle()
        return self._told(room), crowds

    def without(self, roster: Roster) -> int:
        """Return how many jobs have no place."""
        return int(self._counts.sum() - roster.count.sum())

    def _squeezed(self, hall: Hall, roster: Roster, without: Whole) -> tuple[Roster, list[Crowd]]:
        """Make room where very many are placed: a part of them, taken evenly, may move."""
        import numpy as np

        if not without.any():
            return roster, []
        order = np.argsort(self._kinds.arrival[roster.kind], kind="stable")
        moves = np.zeros(len(order), dtype=bool)
        moves[order[:: -(-len(order) // _MOVERS)]] = True
        room = self._room(hall, roster.some(moves))
        crowds = self._squeeze_in(room, without, moves=_FEW_MOVES)
        crowds = [crowd.replace(is_proof=crowd.job is None) for crowd in crowds]
        both = roster.some(~moves), self._told(room)
        parts = [(one.kind, one.zone, one.count, one.slots) for one in both]
        return Roster.of(parts, self._kinds), crowds

    def _squeeze_in(self, room: Room, without: Whole, *, moves: int) -> list[Crowd]:
        """Make room for jobs that have none; return why some still have none."""
        if not without.any():
            return []
        proof = None
        if without.sum() > _SUSPECT:
            proof = overload(self._kinds, self._counts, self._capacity)
            moves = moves if proof is None else _SUSPECT
        kinds = without.nonzero()[0].tolist()
        jobs = ((self._job(kind), int(without[kind])) for kind in kinds)
        room.squeeze_in(jobs, moves=moves)
        if room.crowds and not any(crowd.is_proof for crowd in room.crowds):
            proof = proof or overload(self._kinds, self._counts, self._capacity)
        return room.crowds if proof is None else [proof, *room.crowds]

    def _room(self, hall: Hall, roster: Roster) -> Room:
        room = Room(self._values, hall.left)
        room.take_in(roster, {kind: self._job(kind) for kind in set(roster.kind.tolist())})
        return room

    def _job(self, kind: int) -> FleetJob:
        job = self._kinds.job(kind)
        self._kind_of[job] = kind
        return job

    def _told(self, room: Room) -> Roster:
        return room.roster(self._kind_of, self._kinds)

    def _near_enough(self, hall: Hall, roster: Roster) -> Roster:
        """Let very many parties look for something better until they are near to the bound."""
        for _ in range(_ROUNDS):
            if self.cost(roster) <= self._bound * (1 + _CLOSE):
                break
            roster, saved = hall.improve(roster, self._values)
            if saved <= _WORTH_IT * self.cost(roster):
                break
        return roster

    def cost(self, roster: Roster) -> float:
        """Return what all that have a place cost."""
        party = roster.entries()
        weight = (self._kinds.size[roster.kind] * roster.count)[party]
        return float(self._values[roster.zone[party], roster.slots] @ weight)


def _party_of(roster: Roster, kind_of: Whole, counts: Whole) -> Whole:
    """Return the party of each job; of equal jobs the first ones have a place."""
    import numpy as np

    placed = np.bincount(roster.kind, roster.count, minlength=len(counts)).astype(np.int64)
    parties = np.arange(len(roster.kind))
    kinds = np.concatenate([roster.kind, np.arange(len(counts))])
    order = np.argsort(kinds, kind="stable")
    which = np.concatenate([parties, np.full(len(counts), -1)])[order]
    many = np.concatenate([roster.count, counts - placed])[order]
    found = np.empty(len(kind_of), dtype=np.int64)
    found[np.argsort(kind_of, kind="stable")] = np.repeat(which, many)
    return found


def _whole(capacity: Floats, fleet: Fleet) -> Floats:
    """Return the capacity without what no job could ever use, where all are of one size."""
    import numpy as np

    sizes = np.unique(fleet.size)
    if len(sizes) != 1:
        return capacity
    return np.floor(capacity / sizes[0] * (1 + SLACK)) * sizes[0]


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

    def __init__(self, values: Floats, left: Floats) -> None:
        """Begin with nobody, and some room."""
        self._values = values
        self.left = left
        self.parties: dict[int, Party] = {}
        self.crowds: list[Crowd] = []

    def cost(self) -> float:
        """Return what all that have a place cost."""
        return fsum(map(self._cost, self.parties.values()))

    def take_in(self, roster: Roster, jobs: Mapping[int, FleetJob]) -> None:
        """Take parties whose room is taken already.

        Args:
            roster: Who they are.
            jobs: One job of each kind.
        """
        columns = (roster.kind, roster.zone, roster.count, roster.first, roster.first[1:])
        slots = roster.slots.tolist()
        for kind, zone, count, first, end in zip(*(c.tolist() for c in columns), strict=False):
            party = Party(jobs[kind], zone, tuple(slots[first:end]), count)
            self.parties[id(party)] = party

    def squeeze_in(self, without: Iterable[tuple[FleetJob, int]], *, moves: int) -> None:
        """Make room for jobs that found none.

        Args:
            without: One job of each kind, and how many there are.
            moves: For how many jobs others move; after many in vain nobody moves any more either.
        """
        for job, count in without:
            for _ in range(count):
                if not self.place(job, 1)[1]:
                    continue
                if not moves or len(self.crowds) == _IN_VAIN:
                    return
                moves -= 1
                crowd = make_room(self, job)
                if crowd is not None:
                    self.crowds.append(crowd)

    def settle(self) -> None:
        """Let parties look for something better, alone and in chains, until nobody finds it."""
        for _ in range(_ROUNDS):
            saved = self._move_parties() + self._turn_chains()
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
            block = np.where(left >= job.size * (1 - SLACK), costs[zones, window], NOWHERE)
            row, slots, cost = _cheapest(job, block)
            if cost >= NOWHERE / 2:
                return placed, count
            zone = row if job.zones is None else job.zones[row]
            room = self.left[zone, list(slots)].min()
            fits = min(count, int(room / job.size * (1 + SLACK)))
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

    def roster(self, kind_of: Mapping[FleetJob, int], kinds: Fleet) -> Roster:
        """Return all parties as columns.

        Args:
            kind_of: The kind of each job.
            kinds: One job of each kind.
        """
        import numpy as np

        parties = list(self.parties.values())
        columns = (
            [kind_of[party.job] for party in parties],
            [party.zone for party in parties],
            [party.count for party in parties],
            [slot for party in parties for slot in party.slots],
        )
        kind, zone, count, slots = (np.array(column, dtype=np.int64) for column in columns)
        return Roster.of([(kind, zone, count, slots)], kinds)

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


def _by_urgency(kinds: Fleet, costs: Floats) -> Whole:
    """Return the order in which kinds are placed: who loses most by coming late comes first.

    Jobs in a row come before those that may pause, which fill what is left between them; those
    with hardly any slack come first. The others lose what a middling start costs more than their
    best one. Jobs that may pause lose their deadline: the less slack for each slot of work, the
    sooner.
    """
    import numpy as np

    slack = kinds.deadline - kinds.arrival - kinds.length
    pausing = kinds.can_pause
    loss = np.where(pausing, -kinds.length * kinds.size, slack)
    urgency = np.where(slack <= _TIGHT, -NOWHERE, _regret(kinds, costs))
    first = np.where(pausing, slack / kinds.length, urgency)
    return np.lexsort((kinds.arrival, loss, first, pausing))


def _regret(kinds: Fleet, costs: Floats) -> Floats:
    """Return what the best start costs less than a middling one; 0 for those that may pause."""
    import numpy as np

    found = np.zeros(len(kinds))
    sums = np.pad(np.cumsum(costs, axis=1), ((0, 0), (1, 0)))
    slack = kinds.deadline - kinds.arrival - kinds.length
    for group in groups_of((slack, kinds.length, kinds.allowed), np.flatnonzero(~kinds.can_pause)):
        length, zones = int(kinds.length[group[0]]), kinds.zone_sets[kinds.allowed[group[0]]]
        mine = sums if zones is None else sums[list(zones)]
        starts = kinds.arrival[group][:, None] + np.arange(int(slack[group[0]]) + 1)
        cost = (mine[:, starts + length] - mine[:, starts]).swapaxes(0, 1).reshape(len(group), -1)
        found[group] = cost.min(axis=1) - np.median(cost, axis=1)
    return found


def _cheapest(job: FleetJob, block: Floats) -> tuple[int, tuple[int, ...], float]:
    """Return the row of the cheapest pattern in a block, its slots and its cost.

    Args:
        job: What is placed.
        block: Costs of a unit of size, shape (zones, the job's window); `NOWHERE` where it has
            no room.
    """
    import numpy as np

    choose = cheapest_slots if job.can_pause else cheapest_row
    row, picks, cost = choose(block[None], block[None] < NOWHERE / 2, np.array([job.length]))
    slots = tuple((picks[0].nonzero()[0] + job.arrival).tolist())
    return int(row[0]), slots, float(cost[0])
