"""Cheaper slots for jobs of one size that may pause in one zone, by chains of moves.

A job leaves a dear slot for another, whose place a second one takes, and so on to a slot with
room. Whatever lies between, that saves what the first slot costs more than the last. So where no
chain leads from a dearer slot to a cheaper one with room, no plan for these jobs in this zone is
cheaper: every cycle that could still be turned would save nothing.
"""

from __future__ import annotations

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from numpy import bool_, float64, intp
    from numpy.typing import NDArray

    from brizna.plan._fleet import Party

    Floats = NDArray[float64]


class Chains:
    """The parties of one size in one zone, and which slots they could hand on to which."""

    def __init__(self, parties: list[Party], values: Floats, left: Floats, size: float) -> None:
        """Take the parties.

        Args:
            parties: All of them may pause; changed in place, new ones are added.
            values: What a unit of size costs in each slot.
            left: The room that is left in each slot; changed in place.
            size: Of each job.
        """
        import numpy as np

        self.parties = parties
        self._values = values
        self._left = left
        self._size = size
        slots = len(values)
        self._users: list[dict[int, Party]] = [{} for _ in range(slots)]
        self._moves = np.zeros((slots, slots), dtype=np.int64)
        for party in parties:
            self._count(party, 1)

    def improve(self) -> float:
        """Turn chains until none saves anything; return what they saved."""
        import numpy as np

        saved = 0.0
        going = True
        while going:
            going = False
            for slot in np.argsort(self._values, kind="stable").tolist():
                while self._left[slot] >= self._size * (1 - 1e-9):
                    gain = self._fill(slot)
                    if gain <= 0:
                        break
                    saved += gain
                    going = True
        return saved

    def _fill(self, slot: int) -> float:
        """Turn the best chain that ends in a slot with room; return what it saved, or 0."""
        import numpy as np

        after = self._reach(slot)
        dear = np.where(after >= 0, self._values, -np.inf)
        start = int(dear.argmax())
        gain = float(dear[start] - self._values[slot])
        if gain <= 1e-12 * abs(float(self._values[slot])):
            return 0.0
        path = [start]
        while path[-1] != slot:
            path.append(int(after[path[-1]]))
        movers = [self._mover(early, late) for early, late in pairwise(path)]
        room = int(self._left[slot] / self._size * (1 + 1e-9))
        count = min(room, *(party.count for party in movers))
        for party, (early, late) in zip(movers, pairwise(path), strict=True):
            self._move(party, early, late, count)
        self._left[start] += count * self._size
        self._left[slot] -= count * self._size
        return gain * count * self._size

    def _reach(self, slot: int) -> NDArray[intp]:
        """Return, for each slot, the next one on the shortest chain to a slot; -1 without one."""
        import numpy as np

        after = np.full(len(self._values), -1)
        is_new: NDArray[bool_] = np.ones(len(self._values), dtype=bool)
        is_new[slot] = False
        frontier = np.array([slot])
        while len(frontier):
            steps = self._moves[:, frontier] > 0
            found = np.flatnonzero(steps.any(axis=1) & is_new)
            after[found] = frontier[steps[found].argmax(axis=1)]
            is_new[found] = False
            frontier = found
        return after

    def _mover(self, early: int, late: int) -> Party:
        """Return a party that uses one slot and could use another instead."""
        users = self._users[early]
        return next(
            party
            for key, party in users.items()
            if party.job.arrival <= late < party.job.deadline and key not in self._users[late]
        )

    def _move(self, party: Party, early: int, late: int, count: int) -> None:
        """Move some jobs of a party from one slot to another."""
        self._count(party, -1)
        if count < party.count:
            rest = party.split(count)
            self.parties.append(rest)
            self._count(rest, 1)
        party.slots = tuple(sorted({*party.slots} - {early} | {late}))
        self._count(party, 1)

    def _count(self, party: Party, sign: int) -> None:
        import numpy as np

        used = list(party.slots)
        free = np.ones(party.job.deadline - party.job.arrival, dtype=bool)
        free[[slot - party.job.arrival for slot in used]] = False
        targets = np.flatnonzero(free) + party.job.arrival
        self._moves[np.array(used)[:, None], targets] += sign
        for slot in used:
            if sign > 0:
                self._users[slot][id(party)] = party
            else:
                self._users[slot].pop(id(party), None)
