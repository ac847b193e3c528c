"""Factors: published numbers with their interval, source, year and licence.

A factor is what several sources say about one thing. They are not averaged: the best value is
the preferred source's, and the interval runs over all of them.

1. Of each publisher the latest statement counts, not later than the year that was asked for; a
   statement without a year always counts.
2. The best value is the row that states in its ``prefer`` cell why it is preferred; where no row
   does, the one with the latest year, and of those the first in the table.
3. The interval runs from the lowest to the highest of the values and stated bounds. Where only
   one source speaks and states no bounds, the row names a default spread, which is a row of its
   own in the room's table ``spreads`` with its reason. Where it names none the number is exact
   (a definition) or its doubt is carried elsewhere, and the factor has no interval.
"""

from __future__ import annotations

from functools import cache

from brizna.core._tables import Table, load, positions
from brizna.core.codec import digest
from brizna.core.errors import CoverageError, InputError, IntegrityError, Said
from brizna.core.estimate import BASES, Estimate
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Power,
    Quantity,
    Ratio,
    Water,
    WaterIntensity,
)
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_KINDS: tuple[type[Quantity], ...] = (
    Ratio,
    Energy,
    Power,
    Duration,
    Carbon,
    CarbonIntensity,
    Water,
    WaterIntensity,
)

_QUALIFIERS = frozenset(
    (
        *("ti", "super", "laptop", "mobile", "embedded", "max", "q", "d", "m"),
        *("nvl", "ada", "pro", "se", "gre", "xt", "xtx", "ultra"),
    )
)
"""Words that make a product another product; a name that has one more of them does not match."""


class Factor(Record):
    """A published number, and how far its sources disagree.

    Attributes:
        id: Its name in records, for example ``grid/ES/2023``.
        value: The best value, in ``unit``.
        low: The low end of its interval; None where it has none.
        high: The high end of its interval; None where it has none.
        unit: A unit that a quantity knows, for example ``gCO2e/kWh`` or ``W``.
        per: What one unit of it stands for (``vCPU``, ``GB``, ``card``); None where nothing.
        basis: ``published``, ``modelled`` or ``default``.
        interval: Where low and high come from: ``sources`` (two or more sources), ``stated`` (the
            one source says so), ``none``, or the id of the default spread.
        source: Who said the best value.
        year: The year the best value is for; None where the source does not say.
        licence: Under which terms the source may be passed on.
        note: What one has to know to use it.
        others: What the other sources say, in plain words.
        table: The table it was read from.
        table_digest: The digest of that table's bytes.
    """

    id: str
    value: float
    low: float | None
    high: float | None
    unit: str
    per: str | None
    basis: str
    interval: str
    source: str
    year: int | None
    licence: str
    note: str
    others: tuple[str, ...]
    table: str
    table_digest: str

    _forms = {"others": tuple}

    def _check(self) -> None:
        if (self.low is None) != (self.high is None):
            raise InputError(
                "{name} has one end of an interval: give both or neither.", name=self.name
            )
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        if ends != sorted(ends):
            raise InputError(
                "{name}: {value} is not in [{low}, {high}].",
                name=self.name,
                value=self.value,
                low=self.low,
                high=self.high,
            )
        if self.basis not in BASES:
            raise InputError(
                "{name}: {basis!r} is not one of {known}.",
                name=self.name,
                basis=self.basis,
                known=", ".join(BASES),
            )
        kind_of(self.unit)

    @property
    def name(self) -> str:
        """The name of its doubt, and of itself among an estimate's references."""
        return f"factor:{self.id}"

    @property
    def measure(self) -> str:
        """What its value counts, as people read it: ``gCO2e/kWh``, ``W per card``, ``EUR per h``.

        A price is a plain number; what it is of stands in ``per`` with its currency.
        """
        return measured_in(self.unit, self.per)

    @property
    def digest(self) -> str:
        """``sha256:`` and the digest of its canonical JSON without ``table_digest``.

        So it changes when the factor changes, not when another row of the table does.
        """
        data = self.to_json()
        del data["table_digest"]
        return digest(data)

    def quantity(self) -> Quantity:
        """Return the best value (of one ``per``) as a quantity."""
        return kind_of(self.unit).of(self.value, self.unit)

    def estimate(self) -> Estimate:
        """Return the factor (of one ``per``) as an estimate whose doubt has the factor's name."""
        kind = kind_of(self.unit)
        doubts: dict[str, tuple[Quantity, Quantity]] = {}
        if self.low is not None and self.high is not None and self.low < self.high:
            doubts[self.name] = (kind.of(self.low, self.unit), kind.of(self.high, self.unit))
        return Estimate(self.quantity(), doubts=doubts, basis=self.basis, references=[self.name])


def measured_in(unit: str, per: str | None) -> str:
    """Return a unit and what one of it stands for as people read them."""
    if not per:
        return unit
    return per if unit == "1" else f"{unit} per {per}"


def kind_of(unit: str) -> type[Quantity]:
    """Return the kind of quantity that has this unit.

    Raises:
        InputError: If none has.
    """
    for kind in _KINDS:
        if unit in kind.units:
            return kind
    raise InputError(
        "{unit!r} is not a unit of any of {kinds}.",
        unit=unit,
        kinds=", ".join(k.__name__ for k in _KINDS),
    )


@cache
def factor(package: str, table: str, factor_id: str) -> Factor:
    """Return a factor of a table.

    Args:
        package: The room that ships the table, for example ``brizna.account``.
        table: The table's name.
        factor_id: The factor's id.

    Raises:
        CoverageError: If the table has no such id; names the nearest one.
        IntegrityError: If the table is malformed.
    """
    return resolve(package, table, factor_id, _rows_of(package, table, factor_id))


@cache
def factor_of_year(
    package: str, table: str, factor_id: str, year: int | None = None, *, until: int | None = None
) -> Factor:
    """Return the factor of a thing that is stated anew every year; its id ends in the year.

    The id of a default does not: its year is the one in which it was derived.

    Args:
        package: The room that ships the table.
        table: The table's name.
        factor_id: The id without the year.
        year: The year that is wanted; the latest there is if None.
        until: Of the latest, the last year that counts; any if None. A default, which nobody
            stated in a year, stands in any.

    Raises:
        CoverageError: If the table has no such id, or no source speaks about that year.
    """
    rows = _rows_of(package, table, factor_id)
    data = load(package, table)
    years = sorted({y for row in rows if (y := data.whole_number(row, "year")) is not None})
    if year is None and until is not None and years:
        spoken = [y for y in years if y <= until]
        year = max(spoken) if spoken else None if _is_default(data, rows) else until
    if year is not None and year not in years:
        if not years:
            raise CoverageError(
                "No source of {factor_id} states a year, but {year} was asked for. Leave the year "
                "out.",
                factor_id=factor_id,
                year=year,
            )
        raise CoverageError(
            "{factor_id} is known for {stated}, but {year} was asked for. Take one of these "
            "years, or leave the year out for the latest.",
            factor_id=factor_id,
            stated=", ".join(map(str, years)),
            year=year,
        )
    made = resolve(package, table, factor_id, _latest_statements(data, rows, year))
    if made.year is None or made.basis == "default":
        return made
    return made.replace(id=f"{factor_id}/{made.year}")


@cache
def stated_by(known: Factor, until: int) -> Factor:
    """Return a factor of a table by what had been stated in a year: no later statement counts.

    Those without a year and defaults, which nobody stated in a year, always count. Where all that
    is known was stated later, the factor stays, and its note says so.

    Args:
        known: The factor; one whose id ends in its year is of that year already.
        until: The last year that counts.
    """
    room, _, name = known.table.removesuffix(".csv").rpartition("/tables/")
    package = room.replace("/", ".")
    rows = positions(package, name).get(known.id, ()) if room else ()
    data = load(package, name) if rows else None
    if data is None:
        return known
    spoken = [
        row
        for row in rows
        if (year := data.whole_number(row, "year")) is None
        or year <= until
        or data.rows[row].get("basis") == "default"
    ]
    if len(spoken) == len(rows):
        return known
    if spoken:
        return resolve(package, name, known.id, spoken)
    late = f"{LATE} {until}: nothing older is known here"
    return known.replace(note="; ".join(filter(None, (known.note, late))))


LATE = "stated after"
"""How the note of a factor says that it was stated later than somebody asked for."""


def factors(package: str, table: str) -> tuple[Factor, ...]:
    """Return every factor of a table, in the order of the table."""
    return tuple(factor(package, table, name) for name in positions(package, table))


def recognised(package: str, table: str, name: str) -> Factor | None:
    """Return the factor of the product that a device calls itself, or None if it is not known.

    The table's ``match`` column lists the words a name must have. The entry with most words wins;
    a name with a further qualifier (Ti, Super, Laptop ...) is another product and matches none.
    """
    words = _words(name)
    data = load(package, table)
    best: tuple[int, str] | None = None
    for row in data.rows:
        wanted = frozenset(row["match"].split())
        if not wanted or not wanted <= words or (words - wanted) & _QUALIFIERS:
            continue
        if best is None or len(wanted) > best[0]:
            best = (len(wanted), row["id"])
    return factor(package, table, best[1]) if best else None


def resolve(package: str, table: str, factor_id: str, rows: Sequence[int]) -> Factor:
    """Return the factor that these rows of a table make together, by the rules of this module.

    Raises:
        IntegrityError: If a row has no value, or the rows disagree about the unit.
    """
    data = load(package, table)
    chosen = _preferred(data, rows)
    values = [_value(data, row) for row in rows]
    low, high, interval = _ends(data, rows, values)
    cell = data.rows[chosen]
    units = {(data.rows[row]["unit"], data.rows[row].get("per", "")) for row in rows}
    if len(units) > 1:
        raise IntegrityError(
            "{table}: the rows of {factor_id!r} have units {units}.",
            table=data.path,
            factor_id=factor_id,
            units=sorted(units),
        )
    others = tuple(_said(data, row) for row in rows if row != chosen)
    return Factor(
        id=factor_id,
        value=_value(data, chosen),
        low=low,
        high=high,
        unit=cell["unit"],
        per=cell.get("per") or None,
        basis=cell.get("basis") or "published",
        interval=interval,
        source=cell["source"],
        year=data.whole_number(chosen, "year"),
        licence=cell["licence"],
        note="; ".join(filter(None, (cell["note"], cell.get("prefer", "")))),
        others=others,
        table=data.path,
        table_digest=data.digest,
    )


def nearest(name: str, known: Iterable[str], *, shown: Callable[[str], object] = repr) -> Said:
    """Return `` Did you mean ...?`` with the nearest known names, or an empty text.

    Args:
        name: What was written.
        known: Every way to write a known name; upper and lower case are the same.
        shown: What is shown of a known name; names that are shown alike are shown once.
    """
    from difflib import get_close_matches

    folded = {written.casefold(): written for written in known}
    found = get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    match list(dict.fromkeys(shown(folded[written]) for written in found)):
        case [only]:
            return Said(" Did you mean {name}?", name=only)
        case [one, two]:
            return Said(" Did you mean {one} or {two}?", one=one, two=two)
        case [one, two, three]:
            return Said(" Did you mean {one}, {two} or {three}?", one=one, two=two, three=three)
        case _:
            return Said("")


def _rows_of(package: str, table: str, factor_id: str) -> tuple[int, ...]:
    known = positions(package, table)
    if factor_id not in known:
        raise CoverageError(
            "{factor_id!r} is no factor of the table {table}.{hint} brizna factors list tells all.",
            factor_id=factor_id,
            table=table,
            hint=nearest(factor_id, known),
        )
    return known[factor_id]


def _latest_statements(data: Table, rows: Sequence[int], year: int | None) -> tuple[int, ...]:
    """Keep of each publisher the rows of its latest year, and those without a year."""
    latest: dict[str, int] = {}
    dated: dict[int, int] = {}
    for row in rows:
        said = data.whole_number(row, "year")
        if said is not None and (year is None or said <= year):
            publisher = data.rows[row]["publisher"]
            dated[row] = said
            latest[publisher] = max(latest.get(publisher, said), said)
    return tuple(
        row
        for row in rows
        if not data.rows[row]["year"]
        or (row in dated and dated[row] == latest[data.rows[row]["publisher"]])
    )


def _is_default(data: Table, rows: Sequence[int]) -> bool:
    return all(data.rows[row].get("basis") == "default" for row in rows)


def _preferred(data: Table, rows: Sequence[int]) -> int:
    for row in rows:
        if data.rows[row].get("prefer"):
            return row
    return max(rows, key=lambda row: (data.whole_number(row, "year") or 0, -row))


def _value(data: Table, row: int) -> float:
    value = data.number(row, "value")
    if value is None:
        raise IntegrityError(
            "{table}, line {line}: the value is missing.", table=data.path, line=data.lines[row]
        )
    return value


def _ends(
    data: Table, rows: Sequence[int], values: Sequence[float]
) -> tuple[float | None, float | None, str]:
    lows = [data.number(row, "low") for row in rows]
    highs = [data.number(row, "high") for row in rows]
    ends = [*values, *(end for end in (*lows, *highs) if end is not None)]
    if len(rows) > 1:
        return min(ends), max(ends), "sources"
    if lows[0] is not None or highs[0] is not None:
        return min(ends), max(ends), "stated"
    name = data.rows[rows[0]].get("spread", "")
    if not name:
        return None, None, "none"
    spread = factor(data.package, "spreads", name)
    if spread.low is None or spread.high is None:
        raise IntegrityError("{table}: {name} needs low and high.", table=spread.table, name=name)
    return values[0] * spread.low, values[0] * spread.high, name


def _said(data: Table, row: int) -> str:
    cell = data.rows[row]
    bounds = f" ({cell['low']} to {cell['high']})" if cell["low"] or cell["high"] else ""
    measure = measured_in(cell["unit"], cell.get("per"))
    year = f", {cell['year']}" if cell["year"] else ", no year stated"
    return f"{cell['value']}{bounds} {measure}: {cell['source']}{year}"


def _words(name: str) -> frozenset[str]:
    text = name.casefold().replace("(r)", " ").replace("(tm)", " ").partition("@")[0]
    spaced = "".join(letter if letter.isalnum() or letter in "+." else " " for letter in text)
    return frozenset(spaced.split())
