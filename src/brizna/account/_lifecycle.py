"""The whole life of a model: trained once, adapted every year, asked more each year."""

from __future__ import annotations

from itertools import permutations
from math import expm1, inf, log1p

from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, total
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_DAYS = 365.25
_STEADY = 1e-12
"""A growth that no number of queries shows."""


class Life(Record):
    """How a model lives.

    Attributes:
        years: How long it is used; above 0.
        adaptations: How often it is adapted, a year.
        queries_per_day: On the first day.
        growth: Of the queries in a year: 0.5 is half as many more.
    """

    years: float
    adaptations: float = 0
    queries_per_day: float = 0
    growth: float = 0

    def _check(self) -> None:
        for name, least in (("years", 0), ("adaptations", 0), ("queries_per_day", 0)):
            value = getattr(self, name)
            if not least <= value < inf:
                raise InputError("{name} is {value}: expected 0 or more.", name=name, value=value)
        if not self.years > 0:
            raise InputError("years is {years}: expected more than 0.", years=self.years)
        if not -1 < self.growth < inf:
            raise InputError(
                "growth is {growth}: expected more than -1, such as 0.5 for half as many more "
                "each year.",
                growth=self.growth,
            )

    def queries(self, years: float) -> float:
        """Return how often it was asked after so many years, growing without a step."""
        first = self.queries_per_day * _DAYS
        rate = log1p(self.growth)
        return first * years if abs(rate) < _STEADY else first * expm1(rate * years) / rate

    def years_until(self, queries: float) -> float | None:
        """Return after how many years it was asked so often; None if it never is."""
        first = self.queries_per_day * _DAYS
        if first == 0:
            return None
        rate = log1p(self.growth)
        if abs(rate) < _STEADY:
            return queries / first
        grown = queries * rate / first
        return log1p(grown) / rate if grown > -1 else None


class Lived(Record):
    """What a life is estimated to take.

    Attributes:
        training_j: To make it.
        adaptation_j: All adaptations.
        use_j: All queries.
        energy_j: Their sum.
        queries: In all.
        break_even_queries: After which use has taken what making took; None if a query takes
            nothing or there is no training.
        break_even_years: When that is; None if it never is.
        by_year: For each year, energy of making, adapting and use; the last may be a part.
    """

    training_j: Estimate
    adaptation_j: Estimate
    use_j: Estimate
    energy_j: Estimate
    queries: float
    break_even_queries: Estimate
    break_even_years: float | None
    by_year: tuple[dict[str, Estimate], ...]


def lifecycle(life: Life, *, training: Estimate, adaptation: Estimate, query: Estimate) -> Lived:
    """Return what a life takes, and when use has taken as much as making.

    Args:
        life: How long, how often adapted and asked.
        training: Energy to make it.
        adaptation: Energy of one adaptation.
        query: Energy of one query; above 0.

    Raises:
        InputError: If a query may take nothing: then there is no break-even.
    """
    adapted = adaptation.scaled(life.adaptations * life.years)
    used = query.scaled(life.queries(life.years))
    even = training / query
    return Lived(
        training_j=training,
        adaptation_j=adapted,
        use_j=used,
        energy_j=total([training, adapted, used]),
        queries=life.queries(life.years),
        break_even_queries=even,
        break_even_years=life.years_until(even.best.value),
        by_year=_years(life, training, adaptation, query),
    )


def _years(
    life: Life, training: Estimate, adaptation: Estimate, query: Estimate
) -> tuple[dict[str, Estimate], ...]:
    told: list[dict[str, Estimate]] = []
    start = 0.0
    while start < life.years:
        end = min(start + 1, life.years)
        asked = life.queries(end) - life.queries(start)
        told.append(
            {
                "training": training.scaled(1.0 if start == 0 else 0.0),
                "adaptation": adaptation.scaled(life.adaptations * (end - start)),
                "use": query.scaled(asked),
            }
        )
        start = end
    return tuple(told)


class Option(Record):
    """One way to come to a model for a task.

    Attributes:
        name: One of `OPTIONS`, or a name of one's own.
        once_j: Energy before the first query.
        query_j: Energy of a query.
    """

    name: str
    once_j: Estimate
    query_j: Estimate


OPTIONS = ("reuse", "prompt", "peft", "fine-tune", "scratch")
"""Take a model as it is; with a longer prompt; with a few parameters trained; with all; anew."""


class BreakEven(Record):
    """When an option that costs more at first has paid against another one.

    Attributes:
        dear: Costs more before the first query.
        cheap: Costs less before it.
        queries: After how many it has paid; None where ``reason`` says why.
        best: The same by the best values alone; None where it never pays by them.
        reason: Why ``queries`` is None.
    """

    dear: str
    cheap: str
    queries: Estimate | None = None
    best: float | None = None
    reason: str | None = None


class Chosen(Record):
    """Options over so many queries, the least first.

    Attributes:
        queries: Over which they are compared.
        energies_j: Of each option over all queries.
        order: Names, the least energy first.
        break_even: For each pair of which one costs more before the first query.
        surely: Whether the first takes less than the second whatever is doubtful.
    """

    queries: float
    energies_j: dict[str, Estimate]
    order: tuple[str, ...]
    break_even: tuple[BreakEven, ...]
    surely: bool


def choose(options: Sequence[Option], *, queries: float) -> Chosen:
    """Return which option takes least over so many queries, and from when on each one pays.

    Raises:
        InputError: If there is no option, two have one name, or queries are negative.
    """
    if not 0 <= queries < inf:
        raise InputError("queries is {queries}: expected 0 or more.", queries=queries)
    energies = {one.name: one.once_j + one.query_j.scaled(queries) for one in options}
    if not options or len(energies) < len(options):
        raise InputError("Options to choose from: expected at least one, each with its own name.")
    order = tuple(sorted(energies, key=lambda name: energies[name].best.value))
    surely = len(order) < 2 or (energies[order[1]] - energies[order[0]]).low.value > 0
    return Chosen(
        queries=queries,
        energies_j=energies,
        order=order,
        break_even=tuple(
            _break_even(dear, cheap)
            for cheap, dear in permutations(options, 2)
            if dear.once_j.best.value > cheap.once_j.best.value
        ),
        surely=surely,
    )


def _break_even(dear: Option, cheap: Option) -> BreakEven:
    pair = BreakEven(dear=dear.name, cheap=cheap.name)
    first, saved = dear.once_j - cheap.once_j, cheap.query_j - dear.query_j
    if saved.best.value <= 0:
        return pair.replace(reason=str(Said("a query takes no less: it never pays")))
    best = first.best.value / saved.best.value
    try:
        return pair.replace(queries=first / saved, best=best)
    except InputError:  # the saving of a query may be nothing, or less
        doubt = Said("whether a query takes less at all is in doubt")
        return pair.replace(best=best, reason=str(doubt))
