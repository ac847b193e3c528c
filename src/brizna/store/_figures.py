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
from math import fsum, sqrt
from operator import itemgetter, mul

from brizna.core.estimate import CHANCE, Estimate, total, weakest
from brizna.core.quantities import Carbon, Energy, Money, Water
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any

    from brizna.core.quantities import Quantity
    from brizna.store._stored import Told

    Row = Sequence[Any]
    """A run's id, its duration in seconds or None, the numbers of its shared doubts as bytes, and
    its figures as the bytes of `row_of`; what follows is not looked at."""
    Chosen = Callable[[Sequence[float]], Iterable[float]]

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
        duration_s: The sum of their durations.

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

    def add(self, rows: Sequence[Row], layout: tuple[Figure, ...]) -> None:
        """Add runs; the more at once, the faster.

        Args:
            rows: At least one.
            layout: What their figures mean.
        """
        self.runs += len(rows)
        durations = [duration_s for _, duration_s, *_ in rows if duration_s is not None]
        _keep(self._durations, fsum(durations))
        self._first += [(layout, row) for row in rows[: max(_EXACTLY - len(self._first), 0)]]
        self._sum(rows, layout)

    @property
    def duration_s(self) -> float:
        """The sum of the durations, in seconds."""
        return fsum(self._durations)

    def result(self) -> dict[str, tuple[Estimate, int]]:
        """Return each figure's total, and how many runs are in it."""
        if self.runs <= _EXACTLY:
            return self._exact()
        return {name: (part.total(name), part.runs) for name, part in sorted(self._parts.items())}

    def _exact(self) -> dict[str, tuple[Estimate, int]]:
        found: dict[str, list[Estimate]] = {}
        for layout, (run_id, _, doubts, numbers, *_) in self._first:
            names = [self._name_of(place) for place in array("I", doubts)]
            row = array("d", numbers)
            start = 0
            for figure in layout:
                if self._is_wanted(figure.name):
                    part = row[start : start + figure.width]
                    found.setdefault(figure.name, []).append(_one(figure, names, part, run_id))
                start += figure.width
        return {name: (total(parts), len(parts)) for name, parts in sorted(found.items())}

    def _is_wanted(self, figure: str) -> bool:
        return figure.partition("/")[0] in self._figures

    def _sum(self, rows: Sequence[Row], layout: tuple[Figure, ...]) -> None:
        width = sum(figure.width for figure in layout)
        numbers = array("d", b"".join([row[3] for row in rows]))
        doubts = array("I", b"".join([row[2] for row in rows]))
        slots = len(doubts) // len(rows)
        wanted = [figure.doubts for figure in layout if self._is_wanted(figure.name)]
        by_name = {
            place: self._rows_by_name(doubts[place::slots])
            for place in {place for places in wanted for place in places}
        }
        start = 0
        for figure in layout:
            if self._is_wanted(figure.name):
                part = self._parts.setdefault(figure.name, _Part())
                columns = [numbers[start + place :: width] for place in range(figure.width)]
                part.add(figure, columns, [by_name[place] for place in figure.doubts])
            start += figure.width

    def _rows_by_name(self, column: array[int]) -> list[tuple[str, Chosen | None]]:
        """Return what takes the rows of each doubt out of a column; None for all of them."""
        first = column[0]
        if column.count(first) == len(column):
            return [(self._name_of(first), None)]
        rows: defaultdict[int, list[int]] = defaultdict(list)
        for row, doubt in enumerate(column):
            rows[doubt].append(row)
        return [(self._name_of(doubt), _taker(chosen)) for doubt, chosen in rows.items()]


def _taker(rows: list[int]) -> Chosen:
    """Return what takes these places out of a column."""
    if len(rows) == 1:
        return itemgetter(slice(rows[0], rows[0] + 1))
    return itemgetter(*rows)


class _Part:
    """The sum of one figure: its best values, and by how much each doubt moves it."""

    def __init__(self) -> None:
        self.runs = 0
        self._best: list[float] = []
        self._moves: dict[str, tuple[list[float], list[float]]] = {}
        self._squares: tuple[list[float], list[float]] = ([], [])
        self._has_chance = False
        self._basis: str | None = None
        self._references: dict[str, None] = {}

    def add(
        self,
        figure: Figure,
        columns: Sequence[array[float]],
        doubts: Sequence[Iterable[tuple[str, Chosen | None]]],
    ) -> None:
        """Add many runs: the columns of a figure, and which rows each shared doubt has."""
        self.runs += len(columns[0])
        _keep(self._best, fsum(columns[0]))
        self._basis = figure.basis if self._basis is None else weakest(self._basis, figure.basis)
        self._references.update(dict.fromkeys(figure.references))
        place = 1
        for named in doubts:
            low, high = columns[place], columns[place + 1]
            for name, chosen in named:
                lows, highs = self._moves.setdefault(name, ([], []))
                _keep(lows, fsum(chosen(low) if chosen else low))
                _keep(highs, fsum(chosen(high) if chosen else high))
            place += 2
        for column in range(place, figure.width, 2):
            self._has_chance = True
            for side in (0, 1):
                moves = columns[column + side]
                _keep(self._squares[side], fsum(map(mul, moves, moves)))

    def total(self, name: str) -> Estimate:
        """Return the sum as an estimate."""
        kind = KINDS[name.partition("/")[0]]
        best = fsum(self._best)
        ends = {
            doubt: (kind(fsum([*self._best, *lows])), kind(fsum([*self._best, *highs])))
            for doubt, (lows, highs) in sorted(self._moves.items())
        }
        if self._has_chance:
            down, up = (sqrt(fsum(squares)) for squares in self._squares)
            ends[CHANCE] = (kind(best - down), kind(best + up))
        assert self._basis is not None
        return Estimate(kind(best), doubts=ends, basis=self._basis, references=self._references)


def _keep(sums: list[float], more: float) -> None:
    """Add a sum to a list of sums, which stays short."""
    sums.append(more)
    if len(sums) > _SHORT:
        sums[:] = [fsum(sums)]


_SHORT = 256


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
        name: (kind(best + row[1 + 2 * place]), kind(best + row[2 + 2 * place]))
        for place, name in enumerate(called)
    }
    return Estimate(kind(best), doubts=ends, basis=figure.basis, references=figure.references)
