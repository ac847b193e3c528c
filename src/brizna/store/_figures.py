"""Figures of many runs, kept so that a million of them are summed in seconds.

A run's figures become one row of numbers: for each figure its best value, then for each doubt by
how much the figure moves at its low and at its high end. What the numbers mean, the *layout*, is
kept once for all runs that share it. Doubts that many runs share (a factor of the grid, a model of
a processor) are summed by name, with their sign, as `brizna.core.estimate.total` sums them. Those
that belong to one run alone (its id is in their name) and ``chance`` are summed in quadrature.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from json import dumps
from math import fsum, hypot, sqrt
from operator import itemgetter

from brizna.core.estimate import CHANCE, Estimate, exact_sum, total, weakest
from brizna.core.quantities import Carbon, Energy, Money, Water
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.store._stored import Told

    Row = Sequence[Any]
    """A run's id, its duration in seconds or None, the numbers of its shared doubts as bytes, and
    its figures as the bytes of `row_of`; what follows is not looked at."""
    _Wanted = tuple[int, "Figure", "_Part"]

KINDS: dict[str, type[Quantity]] = {
    "energy_j": Energy,
    "carbon_operational_g": Carbon,
    "carbon_embodied_g": Carbon,
    "carbon_market_g": Carbon,
    "carbon_g": Carbon,
    "water_l": Water,
    "cost": Money,
}
"""What can be summed over runs. A cost is kept as ``cost/<currency>``, each summed by itself."""

_FOOTPRINT = "brizna.footprint/"
_EXACTLY = 20
"""Up to so many runs are summed by `total` itself; beyond, a run's own doubts go in quadrature."""


class Figure(Record):
    """What one figure's part of a row means.

    Attributes:
        name: One of `KINDS`, a cost with its currency.
        basis: As of an estimate.
        doubts: Which of the run's shared doubts move it, by their place in the run's list.
        own: How many doubts of the run alone move it.
        has_chance: Whether ``chance`` moves it; its two numbers come last.
        references: As of an estimate.
    """

    name: str
    basis: str
    doubts: tuple[int, ...]
    own: int
    has_chance: bool
    references: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many numbers of a row are this figure's."""
        return 1 + 2 * (len(self.doubts) + self.own + self.has_chance)


def layout_of(told: list[list[Any]]) -> tuple[Figure, ...]:
    """Return the layout that `row_of` wrote."""
    return tuple(
        Figure(
            name=name,
            basis=basis,
            doubts=tuple(doubts),
            own=own,
            has_chance=has_chance,
            references=tuple(references),
        )
        for name, basis, doubts, own, has_chance, references in told
    )


def footprint_of(told: Told) -> dict[str, Any] | None:
    """Return the footprint that a run is shown with: one with a functional unit goes first."""
    found = [
        record
        for record in told.records
        if str(record.get("schema")).startswith(_FOOTPRINT)
        and record.get("subject") == told.summary.digest
    ]
    found.sort(key=lambda record: record.get("functional_unit") is None)
    return found[0] if found else None


def row_of(told: Told) -> tuple[str, list[str], array[float]]:
    """Return the layout of a run's figures, its shared doubts by name, and its row of numbers."""
    footprint = footprint_of(told)
    source: dict[str, Any] = {"energy_j": told.summary.energy_j} if footprint is None else footprint
    figures: dict[str, dict[str, Any]] = {}
    for name in KINDS:
        value = source.get(name)
        if value is not None:
            figures[f"cost/{source['currency']}" if name == "cost" else name] = value
    run_id = told.summary.id
    names = sorted(
        {n for value in figures.values() for n in value["doubts"] if not _is_own(n, run_id)}
    )
    places = {name: place for place, name in enumerate(names)}
    layout: list[list[Any]] = []
    numbers = array("d")
    for figure, value in figures.items():
        best, doubts = value["best"], value["doubts"]
        shared = [name for name in names if name in doubts]
        own = sorted(name for name in doubts if name != CHANCE and name not in places)
        ends = [*(doubts[name] for name in shared)]
        alone = [*(doubts[name] for name in own)]
        alone += [doubts[CHANCE]] if CHANCE in doubts else []
        ends += [(min(best, low, high), max(best, low, high)) for low, high in alone]
        layout.append(
            [
                figure,
                value["basis"],
                [places[name] for name in shared],
                len(own),
                CHANCE in doubts,
                value["references"],
            ]
        )
        numbers.append(best)
        for low, high in ends:
            numbers.extend((low - best, high - best))
    return dumps(layout), names, numbers


def _is_own(name: str, run_id: str) -> bool:
    return name == CHANCE or run_id in name


class Sums:
    """The figures of many runs, summed.

    Attributes:
        runs: How many runs were added.

    Args:
        figures: Which figures; a name without a currency means each currency by itself.
        name_of: Returns the name of a shared doubt.
    """

    def __init__(self, figures: Collection[str], name_of: Callable[[int], str]) -> None:
        self.runs = 0
        self._durations: list[float] = []
        self._figures = figures
        self._name_of = name_of
        self._first: list[tuple[tuple[Figure, ...], Row]] = []
        self._parts: dict[str, _Part] = {}

    def add(
        self, rows: Sequence[Row], layout: tuple[Figure, ...], common: Sequence[int] = ()
    ) -> None:
        """Add runs; the more at once, the faster.

        Args:
            rows: At least one.
            layout: What their figures mean.
            common: As `common_places` gives it.
        """
        self.runs += len(rows)
        durations = [row[1] for row in rows if row[1] is not None]
        _keep(self._durations, fsum(durations))
        self._first += [(layout, row) for row in rows[: max(_EXACTLY - len(self._first), 0)]]
        wanted: list[_Wanted] = []
        start = 0
        for figure in layout:
            if is_wanted(figure.name, self._figures):
                wanted.append((start, figure, self._parts.setdefault(figure.name, _Part())))
            start += figure.width
        common = common if len(rows) >= _FEW else ()
        for first in range(0, len(rows), _AT_ONCE):
            self._sum_each(rows[first : first + _AT_ONCE], start, wanted, common)
        if common:
            _sum_alike(rows, start, wanted, common)

    @property
    def duration_s(self) -> float:
        """The sum of the durations, in seconds."""
        return fsum(self._durations)

    def result(self) -> dict[str, tuple[Estimate, int]]:
        """Return each figure's total, and how many runs are in it."""
        if self.runs <= _EXACTLY:
            return self._exact()
        parts = sorted(self._parts.items())
        return {name: (part.total(name, self._name_of), part.runs) for name, part in parts}

    def _exact(self) -> dict[str, tuple[Estimate, int]]:
        found: dict[str, list[Estimate]] = {}
        for layout, row in sorted(self._first, key=lambda one: one[1][0]):
            for name, estimate in estimates_of(layout, row, self._name_of).items():
                if is_wanted(name, self._figures):
                    found.setdefault(name, []).append(estimate)
        return {name: (total(parts), len(parts)) for name, parts in sorted(found.items())}

    def _sum_each(
        self, rows: Sequence[Row], width: int, wanted: Sequence[_Wanted], common: Collection[int]
    ) -> None:
        """Add best values, what is each run's own, and doubts that few runs share."""
        numbers = array("d", b"".join([row[3] for row in rows]))
        doubts = array("I", b"".join([row[2] for row in rows]))
        slots = len(doubts) // len(rows)
        for start, figure, part in wanted:
            part.add(figure, numbers[start::width])
            for at in range(start + 1 + 2 * len(figure.doubts), start + figure.width, 2):
                part.add_own(numbers[at::width], numbers[at + 1 :: width])
            for at, place in enumerate(figure.doubts):
                if place not in common:
                    low = start + 1 + 2 * at
                    names = doubts[place::slots]
                    part.move_each(names, numbers[low::width], numbers[low + 1 :: width])


def _sum_alike(
    rows: Sequence[Row], width: int, wanted: Sequence[_Wanted], common: Sequence[int]
) -> None:
    """Add the doubts at some places, over all runs at once that share these doubts.

    Args:
        rows: Runs of one layout.
        width: How many numbers each has.
        wanted: Where each wanted figure begins, what it means, and the sum that it goes into.
        common: The places.
    """
    columns = [
        (common.index(place), start + 1 + 2 * at, part)
        for start, figure, part in wanted
        for at, place in enumerate(figure.doubts)
        if place in common
    ]
    for names, numbers in _alike(rows, common):
        for place, low, part in columns:
            part.move(names[place], fsum(numbers[low::width]), fsum(numbers[low + 1 :: width]))


def is_wanted(figure: str, figures: Collection[str]) -> bool:
    """Tell whether a figure is one of these; a cost is, whatever its currency."""
    return figure in figures or figure.partition("/")[0] in figures


def common_places(rows: Sequence[Row], figures: Iterable[Figure]) -> tuple[int, ...]:
    """Return the places of those doubts that a few of many runs share all of together.

    Such runs are summed without a look at each one's doubts. It changes how fast a sum is, and
    nothing else.

    Args:
        rows: Runs of one layout, as an example of many.
        figures: Those of the layout that are summed.
    """
    doubts = array("I", b"".join([row[2] for row in rows]))
    slots = len(doubts) // len(rows)
    columns = {
        place: doubts[place::slots] for place in {p for figure in figures for p in figure.doubts}
    }
    found: list[int] = []
    for place in sorted(columns, key=lambda place: (len(set(columns[place])), place)):
        together = set(zip(*(columns[one] for one in (*found, place)), strict=True))
        if len(together) * _FEW <= len(rows):
            found.append(place)
    return tuple(sorted(found))


def _alike(
    rows: Sequence[Row], places: Sequence[int]
) -> Iterator[tuple[Sequence[int], array[float]]]:
    """Give the doubts at these places, and the numbers of all runs that share them."""
    size = array("I").itemsize
    parts = itemgetter(*(slice(place * size, (place + 1) * size) for place in places))
    alike: defaultdict[Any, list[bytes]] = defaultdict(list)
    for row in rows:
        alike[parts(row[2])].append(row[3])
    for names, blobs in alike.items():
        doubts = array("I", names if len(places) == 1 else b"".join(names))
        yield doubts, array("d", b"".join(blobs))


class _Part:
    """The sum of one figure: its best values, and by how much each doubt moves it."""

    def __init__(self) -> None:
        self.runs = 0
        self._best: list[float] = []
        self._moves: defaultdict[int, list[float]] = defaultdict(list)
        self._squares: tuple[list[float], list[float]] = ([], [])
        self._has_chance = False
        self._basis: str | None = None
        self._references: set[str] = set()

    def add(self, figure: Figure, bests: Sequence[float]) -> None:
        """Add the best values of many runs."""
        self.runs += len(bests)
        self._best += exact_sum(bests)
        if len(self._best) > _SHORT:
            self._best = exact_sum(self._best)
        self._basis = figure.basis if self._basis is None else weakest(self._basis, figure.basis)
        self._references.update(figure.references)

    def add_own(self, low: Sequence[float], high: Sequence[float]) -> None:
        """Add by how much runs are moved by something that is each one's own."""
        self._has_chance = True
        for sums, moves in zip(self._squares, (low, high), strict=True):
            _keep(sums, hypot(*moves) ** 2)

    def move_each(self, names: Iterable[int], low: Sequence[float], high: Sequence[float]) -> None:
        """Add by how much each of many runs is moved by a doubt of its own number."""
        moves = self._moves
        for name, ends in zip(names, zip(low, high, strict=True), strict=True):
            found = moves[name]
            found += ends
            if len(found) > 2 * _SHORT:
                found[:] = fsum(found[::2]), fsum(found[1::2])

    def move(self, name: int, low: float, high: float) -> None:
        """Add by how much runs together are moved by the doubt of this number."""
        found = self._moves[name]
        found += (low, high)
        if len(found) > 2 * _SHORT:
            found[:] = fsum(found[::2]), fsum(found[1::2])

    def total(self, figure: str, name_of: Callable[[int], str]) -> Estimate:
        """Return the sum as an estimate."""
        kind = KINDS[figure.partition("/")[0]]
        whole = exact_sum(self._best)
        best = fsum(whole)
        named = sorted((name_of(name), moves) for name, moves in self._moves.items())
        ends = {
            name: (fsum([*whole, *moves[::2]]), fsum([*whole, *moves[1::2]]))
            for name, moves in named
        }
        if self._has_chance:
            down, up = (sqrt(fsum(squares)) for squares in self._squares)
            ends[CHANCE] = (best - down, best + up)
        assert self._basis is not None
        return Estimate.of(kind(best), ends, basis=self._basis, references=sorted(self._references))


def _keep(sums: list[float], more: float) -> None:
    """Add a sum to a list of sums, which stays short."""
    sums.append(more)
    if len(sums) > _SHORT:
        sums[:] = [fsum(sums)]


_SHORT = 256
_AT_ONCE = 2048
"""Runs whose numbers are laid out side by side at once: a megabyte stays in a processor's cache."""
_FEW = 16
"""Runs that share their doubts are summed together where there are at least so many on average."""


def estimates_of(
    layout: Iterable[Figure], row: Row, name_of: Callable[[int], str]
) -> dict[str, Estimate]:
    """Return one run's figures again; its own doubts are named by its id."""
    names = [name_of(place) for place in array("I", row[2])]
    numbers = array("d", row[3])
    found: dict[str, Estimate] = {}
    start = 0
    for figure in layout:
        part = numbers[start : start + figure.width]
        found[figure.name] = _one(figure, names, part, row[0])
        start += figure.width
    return found


def _one(figure: Figure, names: Sequence[str], row: Sequence[float], run_id: str) -> Estimate:
    """Return one run's figure again; its own doubts are named by its id."""
    kind = KINDS[figure.name.partition("/")[0]]
    best = row[0]
    called = [
        *(names[place] for place in figure.doubts),
        *(f"run:{run_id}/{own}" for own in range(figure.own)),
        *([CHANCE] if figure.has_chance else []),
    ]
    ends = {
        name: (best + row[1 + 2 * place], best + row[2 + 2 * place])
        for place, name in enumerate(called)
    }
    return Estimate.of(kind(best), ends, basis=figure.basis, references=figure.references)
