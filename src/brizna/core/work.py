"""Counted work: tokens, samples, floating-point operations, and the energy of each.

Programs say what they have done as they go. What is said at a time was done before it, so that it
belongs to the window that has ended by then or ends with it: ``since < t <= until``.
"""

from __future__ import annotations

from bisect import bisect_right
from math import fsum, isfinite, nan

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.quantities import Energy
from brizna.core.records import Record

LONGEST_NAME = 200
"""Characters of a count's name: each sample of a run repeats all of them."""
MOST_NAMES = 1000
"""Kinds of work that one run counts."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    Event = Mapping[str, Any]


class Work(Record):
    """So much of one kind of work, and what one of it took.

    Attributes:
        name: Of one, in the words of whoever counted: ``tokens``, ``flop`` ...
        amount: How many.
        energy_j_per_unit: The energy of the run or phase divided by that; None where it is not
            known.
    """

    name: str
    amount: float
    energy_j_per_unit: Estimate | None = None

    _forms: ClassVar = {"energy_j_per_unit": estimate_of(Energy)}


class WorkLog:
    """What was counted in a run, by time."""

    def __init__(self, samples: Iterable[Event], marks: Iterable[Event]) -> None:
        """Take what samples and marks say.

        Args:
            samples: In the order of time; ``work`` holds, by name, what was counted since the
                start.
            marks: ``count`` holds, by name, what was counted since the mark before.
        """
        done: list[tuple[int, str, float]] = []
        before: dict[str, float] = {}
        for sample in samples:
            counted: Mapping[str, float] = sample.get("work") or {}
            for name, amount in counted.items():
                if amount > before.get(name, 0.0):  # an edge may overtake a sample by a moment
                    done.append((sample["t"], name, amount - before.get(name, 0.0)))
                    before[name] = amount
        for mark in marks:
            more: Mapping[str, float] = mark.get("count") or {}
            done += [(mark["t"], name, amount) for name, amount in more.items()]
        self._done = sorted(done, key=_time)

    def all(self, energy: Estimate | None) -> tuple[Work, ...]:
        """Return what was counted in the whole run."""
        return _work(self._done, energy)

    def between(self, since_us: int, until_us: int, energy: Estimate | None) -> tuple[Work, ...]:
        """Return what was counted in a window.

        Args:
            since_us: Its start; what was counted up to here was done before.
            until_us: Its end.
            energy: What it took.
        """
        first = bisect_right(self._done, since_us, key=_time)
        last = bisect_right(self._done, until_us, key=_time)
        return _work(self._done[first:last], energy)

    def amounts(self, windows: Iterable[tuple[int, int]]) -> dict[str, float]:
        """Return, by name, what was counted in windows, each given by its start and end."""
        done: list[tuple[int, str, float]] = []
        for since_us, until_us in windows:
            first = bisect_right(self._done, since_us, key=_time)
            last = bisect_right(self._done, until_us, key=_time)
            done += self._done[first:last]
        return {name: fsum(amounts) for name, amounts in _by_name(done).items()}


def merged_work(parts: Iterable[Iterable[Work]], energy: Estimate | None) -> tuple[Work, ...]:
    """Return what several runs counted together.

    Args:
        parts: The work of each.
        energy: What all of them took.
    """
    return _work([(0, work.name, work.amount) for part in parts for work in part], energy)


def work_of(amounts: Mapping[str, float], energy: Estimate | None) -> tuple[Work, ...]:
    """Return amounts with the energy of each, by name."""
    return _work([(0, name, amount) for name, amount in amounts.items()], energy)


def only_counts(mark: Event) -> bool:
    """Tell whether a mark says what was done and no more, so that the phase around it goes on."""
    return bool(mark.get("count")) and not mark["name"] and not mark.get("ends")


def read_amounts(amounts: Mapping[str, Any]) -> dict[str, float]:
    """Return amounts of work as plain numbers, whatever kind of number they are.

    Raises:
        InputError: If there is none, or one has no name, a name of over `LONGEST_NAME` characters,
            or is not a number above 0.
    """
    if not amounts:
        raise InputError("Nothing is counted: say what and how many, such as tokens=4096.")
    read: dict[str, float] = {}
    for name, amount in amounts.items():
        if not name.strip():
            raise InputError(
                "A count of {amount!r} has no name: say of what, such as tokens=4096.",
                amount=amount,
            )
        if len(name) > LONGEST_NAME:
            raise InputError(
                "The count of {name!r:.40} has a name of {length} characters: expected at most "
                "{longest}. Give a shorter name.",
                name=name,
                length=len(name),
                longest=LONGEST_NAME,
            )
        read[name] = _number(amount)
        if not isfinite(read[name]) or read[name] <= 0:
            raise InputError(
                "The count of {name!r} is {amount!r}: expected a number above 0.",
                name=name,
                amount=amount,
            )
    return read


def added_work(done: Mapping[str, float], amounts: Mapping[str, float]) -> dict[str, float]:
    """Return the work done so far and more of it, by name.

    Raises:
        InputError: If there would be more than `MOST_NAMES` names, or an infinite amount.
    """
    total = dict(done)
    for name, amount in amounts.items():
        total[name] = total.get(name, 0.0) + amount
        if not isfinite(total[name]):
            raise InputError(
                "The counts of {name!r} come to more than a number can hold. Count in a larger "
                "unit.",
                name=name,
            )
    if len(total) > MOST_NAMES:
        raise InputError(
            "This run would count {count} kinds of work: expected at most {most}. Count several "
            "of them under one name.",
            count=len(total),
            most=MOST_NAMES,
        )
    return total


def _number(amount: Any) -> float:
    """Return a number of any kind (a scalar of an array library, say) as a float, or NaN."""
    if isinstance(amount, (bool, str, bytes)):
        return nan
    try:
        return float(amount)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # each kind refuses in its way
        return nan


def _time(done: tuple[int, str, float]) -> int:
    return done[0]


def _by_name(done: Iterable[tuple[int, str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for _, name, amount in done:
        found.setdefault(name, []).append(amount)
    return found


def _work(done: Sequence[tuple[int, str, float]], energy: Estimate | None) -> tuple[Work, ...]:
    made: list[Work] = []
    for name, amounts in _by_name(done).items():
        amount = fsum(amounts)
        if amount > 0:
            each = None if energy is None else energy.scaled(1 / amount)
            made.append(Work(name=name, amount=amount, energy_j_per_unit=each))
    return tuple(made)
