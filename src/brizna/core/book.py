"""Books of factors: a person's own numbers over those that come along.

A campus with panels on its roof, a supplier's contract, a room with its own meter: whoever knows
better than a table writes a row of their own, under the id of the factor that it speaks about.
The rows hold from one day to another, and three policies say what becomes of the shipped number:

``interval``
    Sources that disagree become an interval, as among the shipped ones: the best value is the
    person's, the ends run over all.
``prefer``
    The person's rows alone.
``error``
    An id with both is refused, so that somebody decides.
"""

from __future__ import annotations

from math import isfinite

from brizna.core.codec import digest_of_bytes
from brizna.core.errors import InputError, Said
from brizna.core.estimate import BASES
from brizna.core.factors import Factor, kind_of, nearest, stated_by
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

POLICIES = ("interval", "prefer", "error")

COLUMNS = (
    *("id", "value", "low", "high", "unit", "per", "basis", "valid_from", "valid_to"),
    *("policy", "year", "source", "licence", "note"),
)
"""The columns of a person's table; `NEEDED` must be there and filled."""
NEEDED = ("id", "value", "unit", "source")


class OwnFactor(Record):
    """One row of a person's own table.

    Attributes:
        id: Of the factor it speaks about, with its year (``grid/ES/2024``) or for all years.
        value: The best value, in ``unit``; ``low`` and ``high`` bound it where both are known.
        per: What one unit of it stands for; None where nothing.
        basis: ``declared`` where the row does not say.
        valid_from: First day on which it holds, ISO 8601; None for ever since.
        valid_to: Last day on which it holds; None for ever after.
        policy: What becomes of the shipped number; the book's policy if None.
        table: The file that the row stands in, and its line.
        table_digest: The digest of that file's bytes.
    """

    id: str
    value: float
    unit: str
    source: str
    table: str
    table_digest: str
    low: float | None = None
    high: float | None = None
    per: str | None = None
    basis: str = "declared"
    valid_from: str | None = None
    valid_to: str | None = None
    policy: str | None = None
    year: int | None = None
    licence: str = "own"
    note: str = ""

    def _check(self) -> None:
        kind_of(self.unit)
        ends = [end for end in (self.low, self.value, self.high) if end is not None]
        if len(ends) == 2 or ends != sorted(ends) or not all(map(isfinite, ends)):
            raise self._fault(
                Said("{value} in [{low}, {high}]", value=self.value, low=self.low, high=self.high),
                Said("a finite value between its low and its high end, or both cells empty"),
            )
        least = 1.0 if self.id.partition("/")[0] == "pue" else 0.0
        if ends[0] < least:
            raise self._fault(
                Said("{value} {unit}", value=ends[0], unit=self.unit),
                Said("a number from {least:g} up", least=least),
            )
        if self.basis not in BASES:
            raise self._fault(self.basis, Said("one of {known}", known=", ".join(BASES)))
        if self.policy not in (None, *POLICIES):
            raise self._fault(self.policy, Said("one of {known}", known=", ".join(POLICIES)))
        first, last = self.valid_from, self.valid_to
        if first is not None and last is not None and first > last:
            raise self._fault(
                Said("{first} to {last}", first=first, last=last),
                Said("a first day that is not after the last"),
            )

    def _fault(self, saw: object, expected: Said) -> InputError:
        return InputError(
            "{table}, factor {id}: saw {saw}, expected {expected}.",
            table=self.table,
            id=self.id,
            saw=saw,
            expected=expected,
        )

    def repeats(self, other: OwnFactor) -> bool:
        """Return whether it says again what another row of the same source and days is about."""
        names = ("id", "source", "valid_from", "valid_to")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def speaks_of(self, factor_id: str) -> bool:
        """Return whether it is about this factor: its very id, or its id in any year."""
        stem, _, year = factor_id.rpartition("/")
        return self.id == factor_id or (year.isdecimal() and self.id == stem)

    def holds_on(self, day: str | None) -> bool:
        """Return whether it holds on a day; where none is named, a row with bounds does not."""
        if day is None:
            return self.valid_from is None and self.valid_to is None
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    def factor(self) -> Factor:
        """Return what it says, by itself."""
        bounded = self.low is not None and self.low != self.high
        return Factor(
            id="/".join(filter(None, ("own", self.id, self.valid_from))),
            value=self.value,
            low=self.low if bounded else None,
            high=self.high if bounded else None,
            unit=self.unit,
            per=self.per,
            basis=self.basis,
            interval="stated" if bounded else "none",
            source=self.source,
            year=self.year,
            licence=self.licence,
            note=self.note,
            others=(),
            table=self.table,
            table_digest=self.table_digest,
        )


class Book(Record):
    """The factors in force: those that come along, under a person's own.

    Attributes:
        own: The person's rows; of several that hold, the last is the best value.
        policy: What becomes of a shipped number under a row that does not say.
        as_of: The day to account as of, ISO 8601: no statement of a later year counts, and rows
            hold or not on that day; None for the day of the work itself.
    """

    own: tuple[OwnFactor, ...] = ()
    policy: str = "interval"
    as_of: str | None = None

    def _check(self) -> None:
        if self.policy not in POLICIES:
            raise InputError(
                "{policy!r} is no policy for factors of which two sources speak: expected one of "
                "{known}.",
                policy=self.policy,
                known=", ".join(POLICIES),
            )
        for at, row in enumerate(self.own):
            twice = next((one for one in self.own[:at] if one.repeats(row)), None)
            if twice is not None:
                raise InputError(
                    "{first} and {second} both state {id} by {source!r} for the same days: "
                    "expected one row. Remove one, or give each its own days or its own source.",
                    first=twice.table,
                    second=row.table,
                    id=row.id,
                    source=row.source,
                )

    @property
    def until(self) -> int | None:
        """The last year whose statements count; None for any."""
        return None if self.as_of is None else int(self.as_of[:4])

    def over(self, shipped: Factor, day: str | None = None) -> Factor:
        """Return the factor in force for one that comes along.

        Of the shipped one no statement of a later year than the book's day counts, where an older
        one is known.

        Args:
            shipped: The factor of the tables.
            day: The day of the work, ISO 8601; None where nobody knows.

        Raises:
            InputError: If both speak and the policy is ``error``, or their units are of two kinds.
        """
        if self.until is not None:
            shipped = stated_by(shipped, self.until)
        own = self._holding(shipped.id, day)
        if not own:
            return shipped
        best = own[-1]
        check_alike(best, shipped)
        policy = best.policy or self.policy
        if policy == "error":
            raise InputError(
                "{table} has {id} = {value:g} {unit}, and brizna's {other} has {shipped:g} "
                "{shipped_unit}: two sources, and the policy is to decide by hand. Set the row's "
                "policy to prefer or interval.",
                table=best.table,
                id=best.id,
                value=best.value,
                unit=best.unit,
                other=shipped.table,
                shipped=shipped.value,
                shipped_unit=shipped.unit,
            )
        rest = [row.factor() for row in own[:-1]]
        return _together(best.factor(), [*rest, shipped] if policy == "interval" else rest)

    def alone(self, factor_id: str, day: str | None = None) -> Factor | None:
        """Return what the person says about something that no table here has; None if nothing."""
        own = self._holding(factor_id, day)
        if len(own) > 1 and (own[-1].policy or self.policy) == "error":
            raise InputError(
                "{first} and {second} both state {id}: two sources, and the policy is to decide by "
                "hand. Remove one, or set the row's policy to prefer or interval.",
                first=own[-2].table,
                second=own[-1].table,
                id=factor_id,
            )
        return _together(own[-1].factor(), [row.factor() for row in own[:-1]]) if own else None

    def _holding(self, factor_id: str, day: str | None) -> list[OwnFactor]:
        on = self.as_of or day
        return [row for row in self.own if row.speaks_of(factor_id) and row.holds_on(on)]


SHIPPED = Book()
"""The factors that come along, and nobody's own."""


def check_alike(row: OwnFactor, shipped: Factor) -> None:
    """Check that a person's row is in a unit of the kind that the shipped number has.

    Raises:
        InputError: If it is another kind, or one of another thing (`per`).
    """
    _check_unit(row.factor(), shipped)


def _check_unit(best: Factor, other: Factor) -> None:
    if kind_of(other.unit) is not kind_of(best.unit) or other.per != best.per:
        raise InputError(
            "{table} states {id} in {unit}, but {other} states it in {shipped}: give the same "
            "kind of unit.",
            table=best.table,
            id=best.id,
            unit=best.measure,
            other=other.table,
            shipped=other.measure,
        )


def _together(best: Factor, others: Sequence[Factor]) -> Factor:
    """Return one factor of several about one thing: the first's value, an interval over all."""
    kind = kind_of(best.unit)
    ends = [best.value, *_ends(best)]
    for other in others:
        _check_unit(best, other)
        ends += [kind.of(end, other.unit).to(best.unit) for end in (other.value, *_ends(other))]
    if not others:
        return best
    apart = min(ends) < max(ends)
    return best.replace(
        low=min(ends) if apart else None,
        high=max(ends) if apart else None,
        interval="sources",
        others=tuple(_said(other) for other in others),
    )


def _ends(one: Factor) -> list[float]:
    return [end for end in (one.low, one.high) if end is not None]


def _said(one: Factor) -> str:
    bounds = "" if one.low is None else f" ({one.low:g} to {one.high:g})"
    year = "" if one.year is None else f", {one.year}"
    return f"{one.value:g}{bounds} {one.measure}: {one.source}{year}"


def read_own_factors(text: str, *, table: str, seen: str | None = None) -> tuple[OwnFactor, ...]:
    """Return the rows of a person's own table.

    Cells are parted by commas, or as spreadsheets of many countries write them, by semicolons or
    tabs; then numbers may have a decimal comma.

    Args:
        text: The CSV text; lines that start with ``#`` are comments.
        table: What to call it, for example the file's path.
        seen: The digest of the file's bytes; of the text in UTF-8 if None.

    Raises:
        InputError: If a column is unknown or missing or a cell cannot be; names the line.
    """
    import csv

    numbered = [
        (line, row)
        for line, row in enumerate(text.splitlines(), 1)
        if row.strip() and not row.startswith("#")
    ]
    mark = delimiter_of(text)
    reader = csv.reader((row for _, row in numbered), delimiter=mark)
    columns = [cell.strip() for cell in next(reader, ())]
    _check_columns(columns, table)
    found = [(f"{table}:{numbered[reader.line_num - 1][0]}", cells) for cells in reader]
    filled = [(where, _filled(columns, cells, where)) for where, cells in found]
    if mark != ",":
        _write_points([cells for _, cells in filled], [where for where, _ in filled])
    digest = seen or digest_of_bytes(text.encode())
    return tuple(_row(cells, where, digest) for where, cells in filled)


def delimiter_of(text: str) -> str:
    """Return what parts the cells of a table: a comma, a semicolon or a tab, by its header."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    header = next(lines, "")
    return max((",", ";", "\t"), key=header.count)


def _write_points(rows: Sequence[dict[str, str]], places: Sequence[str]) -> None:
    """Write numbers with a decimal point where a spreadsheet wrote a comma.

    Raises:
        InputError: If a point may part thousands or decimals.
    """
    numbers = [(row, where, name) for row, where in zip(rows, places, strict=True) for name in row]
    numbers = [one for one in numbers if one[2] in ("value", "low", "high")]
    has_commas = any("," in row[name] for row, _, name in numbers)
    for row, where, name in numbers if has_commas else ():
        whole, _, rest = row[name].partition(",")
        groups = whole.split(".")
        if not rest and len(groups) > 1 and all(len(group) == 3 for group in groups[1:]):
            raise InputError(
                "{where}, column {name}: saw {cell!r} in a table with decimal commas, where the "
                "point may part thousands or decimals: write {one!r} or {other!r}.",
                where=where,
                name=name,
                cell=row[name],
                one="".join(groups),
                other=",".join(("".join(groups[:-1]), groups[-1])),
            )
        row[name] = f"{''.join(groups)}.{rest}" if rest else row[name]


def _check_columns(columns: Sequence[str], table: str) -> None:
    for name in columns:
        if name not in COLUMNS:
            raise InputError(
                "{table} has a column {name!r}, which a table of factors does not.{hint} Columns: "
                "{known}.",
                table=table,
                name=name,
                hint=nearest(name, COLUMNS),
                known=", ".join(COLUMNS),
            )
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise InputError(
            "{table} lacks the columns {missing}: a factor needs at least {needed}.",
            table=table,
            missing=", ".join(missing),
            needed=", ".join(NEEDED),
        )


def _filled(columns: Sequence[str], cells: Sequence[str], where: str) -> dict[str, str]:
    """Return the cells of a row that are not empty, by column."""
    filled = {
        name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()
    }
    missing = [name for name in NEEDED if name not in filled]
    if missing or len(cells) != len(columns):
        raise InputError(
            "{where}: saw {saw}, expected {count} cells, and {needed} filled.",
            where=where,
            saw=Said("nothing under {missing}", missing=", ".join(missing))
            if missing
            else Said("{count} cells", count=len(cells)),
            count=len(columns),
            needed=", ".join(NEEDED),
        )
    return filled


def _row(filled: Mapping[str, str], where: str, seen: str) -> OwnFactor:
    values: dict[str, Any] = {name: _read(name, cell, where) for name, cell in filled.items()}
    return OwnFactor(**values, table=where, table_digest=seen)


def _read(name: str, cell: str, where: str) -> object:
    read, expected = _CELLS.get(name, (str, None))
    try:
        return read(cell)
    except ValueError as error:
        raise InputError(
            "{where}, column {name}: saw {cell!r}, expected {expected}.",
            where=where,
            name=name,
            cell=cell,
            expected=expected,
        ) from error


def read_day(text: str) -> str:
    """Return a day in the one form that sorts as it should.

    Raises:
        ValueError: If it is none.
    """
    from datetime import date

    return date.fromisoformat(text).isoformat()


_NUMBER = (float, Said("a number"))
_DAY = (read_day, Said("a day such as 2026-01-31"))
_CELLS: dict[str, tuple[Callable[[str], object], Said]] = {
    "value": _NUMBER,
    "low": _NUMBER,
    "high": _NUMBER,
    "year": (int, Said("a year")),
    "valid_from": _DAY,
    "valid_to": _DAY,
}
