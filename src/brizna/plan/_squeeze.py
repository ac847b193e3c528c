"""Room for one more job in a full plan: others move until a slot is free.

Along a chain of slots, each job that may pause hands one of its slots to the next. For jobs of one
size, bound to one zone, this is the augmenting path of a maximum flow [1]: where no chain is found
there is none, and the slots that were reached, with the jobs in them, prove that not all of them
can be placed. Where that does not help, one other job may be placed anew to make room.

References:
    [1] L. R. Ford, D. R. Fulkerson, Maximal flow through a network, 1956.
"""

from __future__ import annotations

from collections import deque
from itertools import combinations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy import float64, int64
    from numpy.typing import NDArray

    from brizna.plan._fleet import Party, Room
    from brizna.plan._fleet_jobs import Fleet, FleetJob

    Floats = NDArray[float64]
    Whole = NDArray[int64]

    _Steps = dict[int, tuple[Party, int] | None]
    """By slot, the party that could move there and from which slot; None where it all begins."""

_SLACK = 1e-9
_MOST_EDGES, _MOST_SETS = 42, 10
"""Edges of times, and sets of zones, that are looked at for an overload."""
_SWAPS = 200
"""Parties that are tried, those with the most slack first, to make room for one job."""


class Crowd(Record):
    """Why a job has no place: full slots, whose users cannot go elsewhere either.

    Attributes:
        job: The job without a place; None if it is any of the users.
        zones: The zone looked at last, or those that are full together.
        slots: The slots of them that are full.
        users: The jobs in them, each kind once, with how many; with ``job`` they need more than
            there is.
        is_proof: Whether no plan at all can place them.
    """

    job: FleetJob | None
    zones: tuple[int, ...]
    slots: tuple[int, ...]
    users: tuple[tuple[FleetJob, int], ...]
    is_proof: bool


def overload(kinds: Fleet, counts: Whole, capacity: Floats) -> Crowd | None:
    """Return jobs that need more in a time than there is, which proves that some have no place.

    Of each job counts what it cannot do before or after that time, however it is placed [1]. Looked
    at are some times, and for each set of zones the jobs that may run in no others. None if no such
    time is found; that does not prove that there is a place for all.

    Args:
        kinds: One job of each kind.
        counts: How many there are of each kind.
        capacity: How much room there is, shape (zones, slots).

    References:
        [1] P. Baptiste, C. Le Pape, W. Nuijten, Constraint-based scheduling, 2001: energetic
            reasoning.
    """
    import numpy as np

    zones, slots = capacity.shape
    edges = [*range(0, slots, -(-slots // _MOST_EDGES)), slots]
    best: tuple[float, tuple[int, ...], int, int, Whole] | None = None
    for zone_set in kinds.zone_sets[:_MOST_SETS]:
        mine = tuple(range(zones) if zone_set is None else sorted(zone_set))
        within = [set(one or range(zones)) <= set(mine) for one in kinds.zone_sets]
        bound = np.flatnonzero(np.array(within)[kinds.allowed])
        jobs, weights = kinds.some(bound), (kinds.size * counts)[bound]
        room = np.append(0.0, np.cumsum(capacity[list(mine)].sum(axis=0)))
        for first, end in combinations(edges, 2):
            inside = _unmovable(jobs, first, end)
            excess = float(inside @ weights) * (1 - _SLACK) - float(room[end] - room[first])
            if excess > (0.0 if best is None else best[0]):
                best = excess, mine, first, end, bound[inside > 0]
    if best is None:
        return None
    _, mine, first, end, rows = best
    users = tuple((kinds.job(kind), int(counts[kind])) for kind in rows.tolist())
    return Crowd(job=None, zones=mine, slots=tuple(range(first, end)), users=users, is_proof=True)


def _unmovable(jobs: Fleet, first: int, end: int) -> Whole:
    """Return how many slots of each job lie in a time at least, wherever it is placed."""
    import numpy as np

    begins, ends = np.maximum(jobs.arrival, first), np.minimum(jobs.deadline, end)
    outside = jobs.deadline - jobs.arrival - np.maximum(ends - begins, 0)
    earliest = np.minimum(jobs.arrival + jobs.length, end) - begins
    latest = ends - np.maximum(jobs.deadline - jobs.length, first)
    in_a_row = np.minimum(earliest, latest)
    return np.maximum(np.where(jobs.can_pause, jobs.length - outside, in_a_row), 0)


def make_room(room: Room, job: FleetJob) -> Crowd | None:
    """Place a job by moving others; return why there is no room, or None if there was.

    If there is none, nothing is changed.
    """
    crowd = None
    for zone in range(len(room.left)) if job.zones is None else job.zones:
        before = [(party, party.slots, party.count) for party in room.parties.values()]
        left = room.left.copy()
        crowd = _Search(room, job, zone).place() if job.can_pause else _crowd(room, job, zone)
        if crowd is None or _swap(room, job, zone):
            return None
        for party, slots, count in before:
            party.slots, party.count = slots, count
        room.parties = {id(party): party for party, _, _ in before}
        room.left[:] = left
    return crowd


class _Search:
    """The search for chains that free slots for one job in one zone."""

    def __init__(self, room: Room, job: FleetJob, zone: int) -> None:
        self._room = room
        self._job = job
        self._zone = zone
        self._users = _users(room, zone)

    def place(self) -> Crowd | None:
        """Give the job its slots, one chain after another; return why that fails."""
        from brizna.plan._fleet import Party

        mine: set[int] = set()
        while len(mine) < self._job.length:
            steps, end = self._search(mine)
            if end is None:
                return _crowd(self._room, self._job, self._zone, steps)
            mine.add(self._shift(steps, end))
        for slot in mine:  # `put` takes it again
            self._room.left[self._zone, slot] += self._job.size
        self._room.put(Party(self._job, self._zone, tuple(sorted(mine)), 1))
        return None

    def _search(self, mine: set[int]) -> tuple[_Steps, int | None]:
        """Return how slots were reached from the job, and the nearest one that has room."""
        left = self._room.left[self._zone]
        window = range(self._job.arrival, self._job.deadline)
        steps: _Steps = {slot: None for slot in window if slot not in mine}
        queue = deque(steps)
        while queue:
            slot = queue.popleft()
            step = steps[slot]
            need = (self._job if step is None else step[0].job).size
            if left[slot] >= need * (1 - _SLACK):
                return steps, slot
            for key, user in self._users[slot].items():
                if not user.job.can_pause or user.job.size < need * (1 - _SLACK):
                    continue
                for target in range(user.job.arrival, user.job.deadline):
                    if target not in steps and key not in self._users[target]:
                        steps[target] = user, slot
                        queue.append(target)
        return steps, None

    def _shift(self, steps: _Steps, slot: int) -> int:
        """Move a job of each party of a chain one slot on; return the slot that is free then."""
        left = self._room.left[self._zone]
        while (step := steps[slot]) is not None:
            user, origin = step
            if user.count > 1:
                rest = user.split(1)
                self._room.parties[id(rest)] = rest
                for used in rest.slots:
                    self._users[used][id(rest)] = rest
            user.slots = tuple(sorted({*user.slots} - {origin} | {slot}))
            del self._users[origin][id(user)]
            self._users[slot][id(user)] = user
            left[slot] -= user.job.size
            left[origin] += user.job.size
            slot = origin
        left[slot] -= self._job.size
        return slot


def _swap(room: Room, job: FleetJob, zone: int) -> bool:
    """Place a job by placing one other party anew; tell whether it worked."""
    window = _users(room, zone)[job.arrival : job.deadline]
    near = {key: user for users in window for key, user in users.items()}
    roomy = sorted(
        near.values(), key=lambda user: user.job.length - (user.job.deadline - user.job.arrival)
    )
    for user in roomy[:_SWAPS]:
        room.take_out(user)
        mine, without = room.place(job, 1)
        others: list[Party] = []
        if not without:
            others, without = room.place(user.job, user.count)
        if not without:
            return True
        for party in (*mine, *others):
            room.take_out(party)
        room.put(user)
    return False


def _crowd(room: Room, job: FleetJob, zone: int, slots: Iterable[int] | None = None) -> Crowd:
    full = tuple(sorted(range(job.arrival, job.deadline) if slots is None else slots))
    users = _users(room, zone)
    inside = {key: user for slot in full for key, user in users[slot].items()}
    counts: dict[FleetJob, int] = {}
    for user in inside.values():
        counts[user.job] = counts.get(user.job, 0) + user.count
    return Crowd(
        job=job,
        zones=(zone,),
        slots=full,
        users=tuple(counts.items()),
        is_proof=all(_is_alike(other, job, zone, len(room.left)) for other in (job, *counts)),
    )


def _is_alike(other: FleetJob, job: FleetJob, zone: int, zones: int) -> bool:
    is_bound = other.zones == (zone,) or zones == 1
    return other.can_pause and other.size == job.size and is_bound


def _users(room: Room, zone: int) -> list[dict[int, Party]]:
    """Return, for each slot of a zone, the parties in it."""
    users: list[dict[int, Party]] = [{} for _ in range(room.left.shape[1])]
    for party in room.parties.values():
        if party.zone == zone:
            for slot in party.slots:
                users[slot][id(party)] = party
    return users
