"""How many requests of a trace a cache would have answered: least recently used, and the most.

All by the trace alone, so that a cache is judged before one is built. A cache of a number of
answers holds the answers to the latest different requests; a request is a hit where its answer is
among them, and not older than a person allows. No cache of that size, whatever it keeps, hits more
often than one that knows the future [1].

References:
    [1] Belady, A study of replacement algorithms for a virtual-storage computer, 1966.
    [2] Mattson, Gecsei, Slutz, Traiger, Evaluation techniques for storage hierarchies, 1970.
"""

from __future__ import annotations

from array import array
from heapq import heappop, heappush
from math import fsum, sqrt

from brizna.core.estimate import CHANCE, Estimate
from brizna.core.quantities import Ratio
from brizna.core.trials import LEVEL, student

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.improve._trace import Trace

STRETCHES = 10
"""A trace is parted into so many stretches of equal length, to tell how far hits scatter."""
_LEAST = 30
"""Requests that a stretch must have at least."""


def distances(trace: Trace) -> array[int]:
    """Return for each request how many answers a cache must hold to answer it; 0 for none can.

    That is how many different requests came since the same one came before, itself included: the
    stack distance [2]. Counted in a tree of sums, as many steps as the logarithm of the length.
    """
    length = len(trace)
    tree = array("q", bytes(8 * (length + 1)))
    latest = array("q", [-1]) * trace.distinct
    found = array("q", bytes(8 * length))

    def add(place: int, amount: int) -> None:
        place += 1
        while place <= length:
            tree[place] += amount
            place += place & -place

    def before(place: int) -> int:
        total = 0
        while place > 0:
            total += tree[place]
            place -= place & -place
        return total

    seen = 0
    for place, number in enumerate(trace.numbers):
        last = latest[number]
        if last < 0:
            seen += 1
        else:
            found[place] = seen - before(last)
            add(last, -1)
        add(place, 1)
        latest[number] = place
    return found


def hits(
    trace: Trace, apart: Sequence[int], answers: int, *, keep_for_s: float | None = None
) -> bytearray:
    """Return 1 for each request that a cache of the latest answers has, 0 for each other.

    An answer that has become too old is computed anew when it is asked for, and keeps its place
    until then.

    Args:
        trace: The requests.
        apart: Their `distances`.
        answers: How many it holds.
        keep_for_s: Seconds after which an answer is too old; None for never. The trace tells
            times then.
    """
    found = bytearray(0 < distance <= answers for distance in apart)
    if keep_for_s is None or trace.times_s is None:
        return found
    computed_s: dict[int, float] = {}
    for place, (number, time_s) in enumerate(zip(trace.numbers, trace.times_s, strict=True)):
        if not (found[place] and time_s - computed_s[number] <= keep_for_s):
            found[place] = 0
            computed_s[number] = time_s
    return found


def most_hits(trace: Trace, answers: int) -> int:
    """Return how many requests a cache that knows the future answers [1]; no other has more.

    It keeps what will be asked for soonest, and does not take in what it would let go first.
    """
    never = len(trace)
    following = array("q", bytes(8 * never))
    upcoming = array("q", [never]) * trace.distinct
    for place in range(never - 1, -1, -1):
        number = trace.numbers[place]
        following[place] = upcoming[number]
        upcoming[number] = place
    held: dict[int, int] = {}
    farthest: list[tuple[int, int]] = []
    count = 0
    for place, number in enumerate(trace.numbers):
        count += number in held
        held[number] = following[place]
        heappush(farthest, (-following[place], number))
        while len(held) > answers:
            when, which = heappop(farthest)
            if held.get(which) == -when:
                del held[which]
    return count


def hit_share(found: bytearray) -> Estimate:
    """Return the share of requests that were answered from memory, and how far it may be off.

    Its interval is for another stretch of such requests: Student's t over the shares of ten
    stretches of the trace. The first, in which nothing is known yet, counts like the others. Of a
    trace that is too short for that, nothing is known but its own share: it may be anything.
    """
    length = len(found)
    best = sum(found) / length
    if length < STRETCHES * _LEAST:
        low, high = 0.0, 1.0
    else:
        ends = [length * part // STRETCHES for part in range(STRETCHES + 1)]
        shares = [
            sum(found[ends[part] : ends[part + 1]]) / (ends[part + 1] - ends[part])
            for part in range(STRETCHES)
        ]
        mean = fsum(shares) / STRETCHES
        scatter = sqrt(fsum((share - mean) ** 2 for share in shares) / (STRETCHES - 1))
        off = student(LEVEL, STRETCHES - 1) * scatter / sqrt(STRETCHES)
        low, high = max(best - off, 0.0), min(best + off, 1.0)
    return Estimate.of(Ratio(best), {CHANCE: (low, high)}, basis="metered", references=())


def usual_sizes(distinct: int) -> tuple[int, ...]:
    """Return sizes that are worth a look: 10, 30, 100, 300 and so on, and all there are."""
    sizes: list[int] = []
    decade = 10
    while decade < distinct:
        sizes += [decade, 3 * decade]
        decade *= 10
    return (*(size for size in sizes if size < distinct), distinct)
