"""What factors there are: those that come along, a person's own, those of a stored footprint."""

from __future__ import annotations

import os

from brizna.account import FactorSet, Footprint, factor_set_of
from brizna.core._tables import PROVENANCE, load, positions
from brizna.core.book import (
    COLUMNS,
    NEEDED,
    Book,
    OwnFactor,
    check_alike,
    delimiter_of,
    read_own_factors,
)
from brizna.core.codec import decode
from brizna.core.errors import CoverageError, InputError, IntegrityError
from brizna.core.factors import factor, factor_of_year

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from brizna.core.factors import Factor
    from brizna.store import Store

_ROOMS = ("account", "check", "core", "grid", "meter", "plan", "verbs")
_OF_A_YEAR = ("intensity", "origin", "pue", "regulated")
"""Tables whose factors are stated anew every year."""
_NOT_FACTORS = ("claims", "claims_inputs", "cloud_regions", "published_models")
"""Tables whose values are facts to look up and not numbers to compute with."""


def set_in_force(book: Book, *, name: str = "in-force") -> FactorSet:
    """Return every factor under a book, its own rows over those that come along.

    A factor that is stated anew every year is the latest; a row of the person's own that speaks
    of nothing here is there by itself. Rows count on the book's day, or where they have no days.
    """
    shipped = list(_shipped(book.until))
    spoken_of = {row.id for row in book.own if any(row.speaks_of(one.id) for one in shipped)}
    alone = (book.alone(row) for row in {row.id for row in book.own} - spoken_of)
    return factor_set_of(name, [*map(book.over, shipped), *filter(None, alone)])


def set_of_run(store: Store, reference: str) -> FactorSet:
    """Return the factors that a stored footprint of a run froze.

    Raises:
        InputError: If the reference means no run, or it has no footprint.
    """
    run = store.read(reference).run
    kept = store.records(run.id, schema=Footprint.schema)
    for record in kept:
        return factor_set_of(run.id, Footprint.from_json(record).factors)
    raise InputError(
        "Run {run_id} has no footprint yet, so it names no factors: brizna show {run_id} accounts "
        "for it.",
        run_id=run.id,
    )


def set_of_file(path: str, book: Book) -> FactorSet:
    """Return the factors of a file: a set, or a person's own table over those that come along.

    Args:
        path: JSON as ``brizna factors list --json`` writes it, or CSV.
        book: Whose policy and day a table of one's own is read under.

    Raises:
        InputError: If it is neither.
    """
    from brizna.verbs._book import read_own_table

    if not path.endswith(".json"):
        return set_in_force(book.replace(own=read_own_table(path)), name=path)
    try:
        with open(path, "rb") as file:
            return FactorSet.from_json(decode(file.read()))
    except OSError as error:
        raise InputError(
            "{path!r} cannot be read: {reason}.", path=path, reason=error.strerror
        ) from error
    except IntegrityError as error:
        raise InputError(
            "{path!r} is no set of factors: expected what brizna factors list --json writes.",
            path=path,
        ) from error


def add_factor(path: str, cells: Mapping[str, str]) -> bool:
    """Add a row to a person's own table, which is made where there is none.

    The file is written anew beside itself and renamed, so that a failure leaves what was there.

    Args:
        path: The file.
        cells: For each column of `brizna.core.book.COLUMNS` its text; absent ones stay empty.

    Returns:
        Whether it speaks of a factor that comes along; else it is there by itself.

    Raises:
        InputError: If the row is none, says again what another does or is in a unit of another
            kind than the factor that it speaks of, or the file cannot be read or written.
    """
    from brizna.store import replace_file

    before = _text_of(path)
    mark = delimiter_of(before)
    columns = _columns_of(before, mark) or [
        name for name in COLUMNS if name in NEEDED or name in cells or name in PROVENANCE
    ]
    lost = [name for name in cells if name not in columns]
    if lost:
        raise InputError(
            "{path} has no column for {lost}: add it to its first line, or write to another file.",
            path=path,
            lost=", ".join(lost),
        )
    text = before or _csv([columns], mark)
    text += "" if text.endswith("\n") else "\n"
    text += _csv([[_written(name, cells.get(name, ""), mark) for name in columns]], mark)
    known = _check_own(Book(own=read_own_factors(text, table=path)).own[-1])
    replace_file(path, text.encode())
    return known


def _written(name: str, cell: str, mark: str) -> str:
    """Return a cell as the table writes its numbers: with a decimal comma beside semicolons."""
    return cell.replace(".", ",") if mark != "," and name in ("value", "low", "high") else cell


def _check_own(row: OwnFactor) -> bool:
    """Return whether a row speaks of a factor that comes along, once its unit was checked."""
    spoken_of = [one for one in _shipped(None) if row.speaks_of(one.id)]
    for one in spoken_of:
        check_alike(row, one)
    return bool(spoken_of)


def _text_of(path: str) -> str:
    if not os.path.exists(path):
        return ""
    from brizna.verbs._book import bytes_of_table, read_own_table, text_of_table

    read_own_table(path)
    return text_of_table(bytes_of_table(path))


def _columns_of(text: str, mark: str) -> list[str]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            return [cell.strip() for cell in line.split(mark)]
    return []


def _csv(rows: Iterable[Sequence[str]], mark: str) -> str:
    import csv
    from io import StringIO

    page = StringIO()
    csv.writer(page, lineterminator="\n", delimiter=mark).writerows(rows)
    return page.getvalue()


def _shipped(until: int | None) -> Iterable[Factor]:
    from importlib import import_module

    for room in _ROOMS:
        package = f"brizna.{room}"
        folder = f"{import_module(package).__path__[0]}/tables"
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            table = name.removesuffix(".csv")
            if name.endswith(".csv") and table not in _NOT_FACTORS:
                yield from _factors_of(package, table, until)


def _factors_of(package: str, table: str, until: int | None) -> Iterable[Factor]:
    if not {"value", "unit", "low", "high"} <= set(load(package, table).columns):
        return
    for name in positions(package, table):
        if table not in _OF_A_YEAR:
            yield factor(package, table, name)
            continue
        try:
            yield factor_of_year(package, table, name, until=until)
        except CoverageError:  # nobody had spoken of it by that year
            continue
