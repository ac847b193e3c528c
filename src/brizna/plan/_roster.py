"""Who runs where and when, as columns; placing very many jobs, some hundred at a time.

Each job of a batch chooses what is cheapest for it among what is free. Then, in order, each gets
its choice as far as there is room for all before it, and the others choose again. So nothing is
ever overfull, and nobody who comes earlier is worse off for those who come later.
"""

from __future__ import annotations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import bool_, float64, int64
    from numpy.typing import NDArray

    from brizna.plan._fleet_jobs import Fleet

    Floats = NDArray[float64]
    Whole = NDArray[int64]
    Flags = NDArray[bool_]

NOWHERE = 1e30
"""Cost of what cannot be used."""
SLACK = 1e-9
"""Of a job's size: what rounding may take from the room that is left."""
_BATCHES = 500
"""Into so many batches kinds are parted, as far as that makes small ones."""
_MOST_AT_ONCE = 1 << 21
"""Cells looked at in one go: some tens of megabytes."""


class Roster(Record):
    """Parties of equal jobs that run together, as columns.

    Attributes:
        kind: Of which kind each party is, shape (parties,).
        zone: Where it runs.
        count: How many jobs it is.
        first: Where its slots begin in ``slots``, and after the last party their number, shape
            (parties + 1,).
        slots: The slots of one party after the other, each in order.
    """

    kind: Whole
    zone: Whole
    count: Whole
    first: Whole
    slots: Whole

    def entries(self) -> Whole:
        """Return for each of ``slots`` the party it belongs to."""
        import numpy as np

        return np.repeat(np.arange(len(self.kind)), np.diff(self.first))

    def some(self, flags: Flags) -> Roster:
        """Return the parties that are flagged."""
        import numpy as np

        lengths = np.diff(self.first)
        return Roster(
            kind=self.kind[flags],
            zone=self.zone[flags],
            count=self.count[flags],
            first=np.concatenate([[0], np.cumsum(lengths[flags])]),
            slots=self.slots[np.repeat(flags, lengths)],
        )

    @classmethod
    def of(cls, parts: list[tuple[Whole, Whole, Whole, Whole]], kinds: Fleet) -> Roster:
        """Return parts of a roster as one: their kinds, zones, counts and slots."""
        import numpy as np

        none = np.zeros(0, dtype=np.int64)
        kind, zone, count, slots = (
            np.concatenate([none, *(part[column] for part in parts)]) for column in range(4)
        )
        first = np.concatenate([[0], np.cumsum(kinds.length[kind])])
        return cls(kind=kind, zone=zone, count=count, first=first, slots=slots)


class Hall:
    """The room that is left, and the ways to take it.

    Attributes:
        left: The room that is left, shape (zones, slots).
    """

    def __init__(self, kinds: Fleet, capacity: Floats) -> None:
        """Begin with nobody.

        Args:
            kinds: One job of each kind.
            capacity: How much room there is, shape (zones, slots).
        """
        import numpy as np

        zones, slots = capacity.shape
        self.left = capacity.copy()
        self._kinds = kinds
        sets = [range(zones) if one is None else one for one in kinds.zone_sets]
        self._rows = np.full((len(sets), max(map(len, sets))), zones)
        for row, one in enumerate(sets):
            self._rows[row, : len(one)] = one
        self._slots = slots

    def fill(
        self, counts: Whole, order: Whole, costs: Floats
    ) -> tuple[list[tuple[Whole, Whole, Whole, Whole]], Whole]:
        """Place jobs at some costs, in order.

        Args:
            counts: How many there are of each kind.
            order: Kinds, the most urgent first.
            costs: What is cheap, shape (zones, slots).

        Returns:
            Parts of a roster, and how many of each kind found no room.
        """
        import numpy as np

        padded = _padded(costs, NOWHERE)
        waiting = counts.copy()
        parts: list[tuple[Whole, Whole, Whole, Whole]] = []
        for batch in self._batches(order):
            left = batch
            while len(left):
                row, picks, cost = self._choose(left, padded)
                has_room = cost < NOWHERE / 2
                left, row, picks = left[has_room], row[has_room], picks[has_room]
                if not len(left):
                    break
                zone = self._rows[self._kinds.allowed[left], row]
                mine, slots = np.nonzero(picks)
                slots = slots + self._kinds.arrival[left][mine]
                fits = self._fits(left, zone[mine], mine, slots, waiting[left])
                gets = fits > 0
                amount = (fits * self._kinds.size[left])[mine]
                np.subtract.at(self.left, (zone[mine], slots), amount)
                parts.append((left[gets], zone[gets], fits[gets], slots[gets[mine]]))
                waiting[left] -= fits
                left = left[waiting[left] > 0]
        return parts, waiting

    def improve(self, roster: Roster, values: Floats) -> tuple[Roster, float]:
        """Let each party move to what is cheaper, the dearest first; tell what that saved.

        Args:
            roster: Who is where.
            values: What a unit of size costs, shape (zones, slots).
        """
        import numpy as np

        kinds, padded = self._kinds, _padded(values, NOWHERE)
        party = roster.entries()
        each = np.bincount(
            party, values[roster.zone[party], roster.slots], minlength=len(roster.kind)
        )
        dear = each * kinds.size[roster.kind] * roster.count
        zone, count, slots = roster.zone.copy(), roster.count.copy(), roster.slots.copy()
        parts: list[tuple[Whole, Whole, Whole, Whole]] = []
        saved = 0.0
        for batch in self._batches(np.argsort(-dear, kind="stable"), roster.kind):
            mine = kinds.some(roster.kind[batch])
            steps: Whole = np.arange(int(mine.length.max()), dtype=np.int64)
            old = roster.first[batch][:, None] + steps
            has = steps < mine.length[:, None]
            member, _ = np.nonzero(has)
            before = slots[old[has]]
            row, picks, cost = self._choose(
                roster.kind[batch], padded, own=(zone[batch], member, before)
            )
            gain = each[batch] - cost
            better = gain > SLACK * each[batch]
            target = self._rows[mine.allowed, row]
            who, after = np.nonzero(picks & better[:, None])
            after = after + mine.arrival[who]
            enters = self._enters(zone[batch], target, (member, before), (who, after))
            fits = self._fits(
                roster.kind[batch], target[who[enters]], who[enters], after[enters], count[batch]
            )
            fits = np.where(better, fits, 0)
            amount = fits * mine.size
            np.add.at(self.left, (zone[batch][member], before), amount[member])
            np.subtract.at(self.left, (target[who], after), amount[who])
            saved += float(gain @ amount)
            whole = (fits == count[batch]) & (fits > 0)
            part = (fits > 0) & ~whole
            parts.append((roster.kind[batch][part], target[part], fits[part], after[part[who]]))
            count[batch[part]] -= fits[part]
            zone[batch[whole]] = target[whole]
            slots[old[has & whole[:, None]]] = after[whole[who]]
        kept = (roster.kind, zone, count, slots)
        return Roster.of([kept, *parts], kinds), saved

    def _enters(
        self, zone: Whole, target: Whole, old: tuple[Whole, Whole], new: tuple[Whole, Whole]
    ) -> Flags:
        """Tell which of the new slots a party did not have before."""
        import numpy as np

        width = self._slots
        had = (old[0] * len(self.left) + zone[old[0]]) * width + old[1]
        gets = (new[0] * len(self.left) + target[new[0]]) * width + new[1]
        return ~np.isin(gets, had)

    def _batches(self, order: Whole, kind_of: Whole | None = None) -> Iterator[Whole]:
        """Yield the order in parts of a size that one look can take."""
        import numpy as np

        kind = order if kind_of is None else kind_of[order]
        if not len(kind):
            return
        widths = (self._kinds.deadline - self._kinds.arrival)[kind]
        cells = int(widths.max()) * self._rows.shape[1]
        most = max(1, min(len(order) // _BATCHES, _MOST_AT_ONCE // cells))
        turns = np.flatnonzero(np.diff(self._kinds.can_pause[kind].astype(np.int8))) + 1
        for part in np.split(order, turns) if kind_of is None else [order]:
            for begin in range(0, len(part), most):
                yield part[begin : begin + most]

    def _choose(
        self,
        batch: Whole,
        costs: Floats,
        own: tuple[Whole, Whole, Whole] | None = None,
    ) -> tuple[Whole, Flags, Floats]:
        """Return what each of a batch would take: the row of its zone, its slots, the cost.

        Args:
            batch: Kinds.
            costs: What is cheap, padded by one zone and one slot.
            own: The zones that the members have now; then for each slot of theirs the member and
                the slot: what they have is free for them.

        Returns:
            Rows among the zones of each; flags of the slots from its arrival on, shape (batch,
            widest window); costs of a unit of size, `NOWHERE` and above without room.
        """
        import numpy as np

        mine = self._kinds.some(batch)
        width = mine.deadline - mine.arrival
        slots = mine.arrival[:, None] + np.arange(int(width.max()))
        slots = np.where(slots < mine.deadline[:, None], slots, self._slots)
        at = self._rows[mine.allowed][:, :, None] * (self._slots + 1) + slots[:, None, :]
        need = (mine.size * (1 - SLACK))[:, None, None]
        is_free = _padded(self.left, -1.0).ravel()[at] >= need
        if own is not None:
            zone, member, before = own
            row = (self._rows[mine.allowed] == zone[:, None]).argmax(axis=1)
            is_free[member, row[member], before - mine.arrival[member]] = True
        block = costs.ravel()[at]
        picks = np.zeros(slots.shape, dtype=bool)
        row = np.zeros(len(batch), dtype=np.int64)
        cost = np.zeros(len(batch))
        for ways, members in ((cheapest_slots, mine.can_pause), (cheapest_row, ~mine.can_pause)):
            if members.any():
                chosen = ways(block[members], is_free[members], mine.length[members])
                row[members], picks[members], cost[members] = chosen
        return row, picks, cost

    def _fits(self, batch: Whole, zone: Whole, member: Whole, slot: Whole, wanted: Whole) -> Whole:
        """Return how many jobs of each member get the slots they chose.

        Args:
            batch: Kinds of the members, those with precedence first.
            zone: Zone of each slot chosen.
            member: Which member chose it, in order.
            slot: The slot.
            wanted: How many jobs each member has.
        """
        import numpy as np

        size = self._kinds.size[batch]
        demand = (size * wanted)[member]
        key = zone * self._slots + slot
        order = np.argsort(key, kind="stable")
        key, ordered = key[order], demand[order]
        before = np.cumsum(ordered) - ordered
        is_first = np.ones(len(key), dtype=bool)
        is_first[1:] = key[1:] != key[:-1]
        before -= np.maximum.accumulate(np.where(is_first, before, 0.0))
        room = np.empty(len(key))
        room[order] = self.left.ravel()[key] - before
        jobs = np.floor(room / size[member] * (1 + SLACK))
        found = np.full(len(batch), np.inf)
        np.minimum.at(found, member, jobs)
        return np.clip(np.minimum(found, wanted), 0, None).astype(np.int64)


def _padded(values: Floats, beyond: float) -> Floats:
    """Return values with one more row and column."""
    import numpy as np

    return np.pad(values, ((0, 1), (0, 1)), constant_values=beyond)


def cheapest_slots(block: Floats, is_free: Flags, lengths: Whole) -> tuple[Whole, Flags, Floats]:
    """Choose any slots of one zone: the row, the slots, the cost; among equal ones the earliest."""
    import numpy as np

    block = np.where(is_free, block, NOWHERE)
    members = np.arange(len(block))
    ordered = np.sort(block, axis=2)
    paid = np.cumsum(ordered, axis=2)[members, :, lengths - 1]
    row = paid.argmin(axis=1)
    mine = block[members, row]
    last = ordered[members, row, lengths - 1][:, None]
    below, equal = mine < last, mine == last
    missing = lengths - below.sum(axis=1)
    return row, below | (equal & (equal.cumsum(axis=1) <= missing[:, None])), paid[members, row]


def cheapest_row(block: Floats, is_free: Flags, lengths: Whole) -> tuple[Whole, Flags, Floats]:
    """Choose slots in a row, as `cheapest_slots` does."""
    import numpy as np

    members, width = np.arange(len(block)), block.shape[2]
    starts: Whole = np.arange(width, dtype=np.int64)
    ends = np.minimum(starts + lengths[:, None], width)[:, None, :]
    leading = ((0, 0), (0, 0), (1, 0))
    sums = np.pad(np.cumsum(np.where(is_free, block, 0.0), axis=2), leading)
    full = np.pad(np.cumsum(~is_free, axis=2), leading)
    cost = np.take_along_axis(sums, ends, axis=2) - sums[:, :, :-1]
    blocked: Flags = np.take_along_axis(full, ends, axis=2) > full[:, :, :-1]
    blocked |= (starts + lengths[:, None] > width)[:, None, :]
    cost[blocked] = NOWHERE
    row, start = np.divmod(cost.reshape(len(block), -1).argmin(axis=1), width)
    place: Whole = starts - start[:, None]
    return row, (place >= 0) & (place < lengths[:, None]), cost[members, row, start]
