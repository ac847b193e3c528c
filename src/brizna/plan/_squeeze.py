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

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from brizna.plan._fleet import FleetJob, Room

    _Steps = dict[int, tuple[int, int] | None]
    """By slot, the job that could move there and from which slot; None where the search began."""

_SLACK = 1e-9


class Crowd(Record):
    """Why a job has no place: full slots, whose users cannot go elsewhere either.

    Attributes:
        job: Index of the job.
        zone: The zone looked at last.
        slots: The slots of it that are full.
        jobs: The jobs that use them; with ``job`` they need more than there is.
        is_proof: Whether no plan at all can place them: all may pause, are of one size, and can
            go to no other zone.
    """

    job: int
    zone: int
    slots: tuple[int, ...]
    jobs: tuple[int, ...]
    is_proof: bool


def make_room(room: Room, index: int) -> Crowd | None:
    """Place a job by moving others; return why there is no room, or None if there was.

    If there is none, nothing is changed.
    """
    job, crowd = room.jobs[index], None
    for zone in range(len(room.left)) if job.zones is None else job.zones:
        before, left = list(room.places), room.left.copy()
        crowd = _Chains(room, index, zone).place() if job.can_pause else _crowd(room, index, zone)
        if crowd is None or _swap(room, index, zone):
            return None
        room.places[:] = before
        room.left[:] = left
    return crowd


class _Chains:
    """The search for chains that free slots for one job in one zone."""

    def __init__(self, room: Room, index: int, zone: int) -> None:
        self._room = room
        self._index = index
        self._job = room.jobs[index]
        self._zone = zone
        self._users = _users(room, zone)

    def place(self) -> Crowd | None:
        """Give the job its slots, one chain after another; return why that fails."""
        mine: set[int] = set()
        while len(mine) < self._job.length:
            steps, end = self._search(mine)
            if end is None:
                return _crowd(self._room, self._index, self._zone, steps)
            mine.add(self._shift(steps, end))
        self._room.places[self._index] = self._zone, tuple(sorted(mine))
        return None

    def _search(self, mine: set[int]) -> tuple[_Steps, int | None]:
        """Return how slots were reached from the job, and the nearest one that has room."""
        jobs, left = self._room.jobs, self._room.left[self._zone]
        window = range(self._job.arrival, self._job.deadline)
        steps: _Steps = {slot: None for slot in window if slot not in mine}
        queue = deque(steps)
        while queue:
            slot = queue.popleft()
            step = steps[slot]
            need = self._job.size if step is None else jobs[step[0]].size
            if left[slot] >= need * (1 - _SLACK):
                return steps, slot
            for user in self._users[slot]:
                other = jobs[user]
                if not other.can_pause or other.size < need * (1 - _SLACK):
                    continue
                for target in range(other.arrival, other.deadline):
                    if target not in steps and user not in self._users[target]:
                        steps[target] = user, slot
                        queue.append(target)
        return steps, None

    def _shift(self, steps: _Steps, slot: int) -> int:
        """Move each job of a chain one slot on; return the slot that our job takes then."""
        room, left = self._room, self._room.left[self._zone]
        while (step := steps[slot]) is not None:
            user, origin = step
            place = room.places[user]
            assert place is not None, "it uses a slot"
            room.places[user] = self._zone, tuple(sorted({*place[1]} - {origin} | {slot}))
            self._users[origin].discard(user)
            self._users[slot].add(user)
            left[slot] -= room.jobs[user].size
            left[origin] += room.jobs[user].size
            slot = origin
        left[slot] -= self._job.size
        return slot


def _swap(room: Room, index: int, zone: int) -> bool:
    """Place a job by placing one other anew; tell whether it worked."""
    job = room.jobs[index]
    near = {user for users in _users(room, zone)[job.arrival : job.deadline] for user in users}
    for user in sorted(near):
        place = room.places[user]
        assert place is not None, "it uses a slot"
        room.take_out(user)
        if room.place(index):
            if room.place(user):
                return True
            room.take_out(index)
        room.put(user, *place)
    return False


def _crowd(room: Room, index: int, zone: int, slots: Iterable[int] | None = None) -> Crowd:
    job = room.jobs[index]
    full = tuple(sorted(range(job.arrival, job.deadline) if slots is None else slots))
    users = _users(room, zone)
    inside = sorted({user for slot in full for user in users[slot]})
    involved = [job, *(room.jobs[user] for user in inside)]
    return Crowd(
        job=index,
        zone=zone,
        slots=full,
        jobs=tuple(inside),
        is_proof=all(_is_alike(other, job, zone, len(room.left)) for other in involved),
    )


def _is_alike(other: FleetJob, job: FleetJob, zone: int, zones: int) -> bool:
    is_bound = other.zones == (zone,) or zones == 1
    return other.can_pause and other.size == job.size and is_bound


def _users(room: Room, zone: int) -> list[set[int]]:
    """Return, for each slot of a zone, the jobs in it."""
    users: list[set[int]] = [set() for _ in range(room.left.shape[1])]
    for index, place in enumerate(room.places):
        if place is not None and place[0] == zone:
            for slot in place[1]:
                users[slot].add(index)
    return users
