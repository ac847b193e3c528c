"""What factors there are: those that come along, a person's own, those of a stored footprint."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress

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
    from collections.abc import Collection, Generator, Iterable, Mapping, Sequence

    from brizna.core.factors import Factor
    from brizna.store import Store

_ROOMS = ("account", "check", "core", "grid", "meter", "plan", "verbs")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_YEAR = re.compile(r"(19|20)\d\d")
_OF_A_YEAR = ("intensity", "origin", "pue", "regulated")
"""Tables whose factors are stated anew every year."""
_NOT_FACTORS = ("claims", "claims_inputs", "cloud_regions", "published_models")
"""Tables whose values are facts to look up and not numbers to compute with."""


def set_in_force(book: Book, *, name: str = "in-force", day: str | None = None) -> FactorSet:
    """Return every factor under a book, its own rows over those that come along.

    A factor that is stated anew every year is the latest; a row of the person's own that speaks
    of nothing here is there by itself. Rows count on the book's day, else on the day of the work,
    or where they have no days.

    Args:
        book: The book.
        name: What the set is called.
        day: The day of the work, ISO 8601; None where nobody knows.
    """
    shipped = list(_shipped(book.until))
    alone = (book.alone(row, day) for row in _by_themselves(book, shipped))
    return factor_set_of(name, [*(book.over(one, day) for one in shipped), *filter(None, alone)])


def unspoken(book: Book, footprint: Footprint) -> list[OwnFactor]:
    """Return a person's rows that speak of no factor here, and that a footprint did not use."""
    if not book.own:
        return []
    alone = _by_themselves(book, list(_shipped(None)))
    used = {one.id for one in footprint.factors}
    return [row for row in book.own if row.id in alone and row.factor().id not in used]


def _by_themselves(book: Book, shipped: Sequence[Factor]) -> set[str]:
    """Return the ids of a person's rows that speak of nothing that comes along."""
    spoken_of = {row.id for row in book.own if any(row.speaks_of(one.id) for one in shipped)}
    return {row.id for row in book.own} - spoken_of


def comparable(sets: Sequence[FactorSet], asked: Collection[str]) -> list[FactorSet]:
    """Return sets reduced to what some of them speak about, a row of one's own as what it replaces.

    Args:
        sets: All sets.
        asked: The names of those that say what counts.
    """
    known = {_subject(one.id) for held in sets if held.name in asked for one in held.factors}
    return [
        held.replace(factors=tuple(one for one in held.factors if _subject(one.id) in known))
        for held in sets
    ]


def _subject(factor_id: str) -> str:
    """Return what a factor speaks about, in any year and whoever says it."""
    parts = factor_id.split("/")
    if parts[0] == "own":
        parts = parts[1:-1] if _DAY.fullmatch(parts[-1]) else parts[1:]
    return "/".join(parts[:-1] if _YEAR.fullmatch(parts[-1]) else parts)


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


def set_of_file(path: str, book: Book, *, day: str | None = None) -> FactorSet:
    """Return the factors of a file: a set, or a person's own table over those that come along.

    Args:
        path: JSON as ``brizna factors list --json`` writes it, or CSV.
        book: Whose policy and day a table of one's own is read under.
        day: The day of the work, ISO 8601; None where nobody knows.

    Raises:
        InputError: If it is neither.
    """
    from brizna.verbs._book import read_own_table

    if not path.endswith(".json"):
        return set_in_force(book.replace(own=read_own_table(path)), name=path, day=day)
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

    The file is written anew beside itself and renamed, so that a failure leaves what was there;
    whoever adds at the same time waits. A column that the table lacks is added to it.

    Args:
        path: The file.
        cells: For each column of `brizna.core.book.COLUMNS` its text; absent ones stay empty.

    Returns:
        Whether it speaks of a factor that comes along; else it is there by itself.

    Raises:
        InputError: If the row is none, says again what another does or is in a unit of another
            kind than the factor that it speaks of, or the file cannot be read.
        UnavailableError: If it cannot be written.
    """
    from brizna.verbs._signals import write_whole

    with _alone_in(os.path.dirname(os.path.realpath(path))):
        text, known = _with_row(path, cells)
        write_whole(path, text.encode())
    return known


@contextmanager
def _alone_in(folder: str) -> Generator[None]:
    """Keep others who add to tables of a folder out meanwhile, where the system can.

    The folder itself is locked, so that no file is left beside the table. Windows, and networks
    without locks, keep nobody out.

    Raises:
        InputError: If there is no such folder.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        folder_fd = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise InputError(
            "The folder {folder!r} cannot be opened: {reason}. Name a table in one that can.",
            folder=folder,
            reason=error.strerror,
        ) from error
    try:
        with suppress(OSError):  # a network that has no locks
            fcntl.flock(folder_fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder_fd)


def _with_row(path: str, cells: Mapping[str, str]) -> tuple[str, bool]:
    """Return the text of a table with one more row, and whether that speaks of what comes along."""
    before = _text_of(path)
    mark = delimiter_of(before)
    columns = _columns_of(before, mark) or [
        name for name in COLUMNS if name in NEEDED or name in cells or name in PROVENANCE
    ]
    added = [name for name in COLUMNS if name in cells and name not in columns]
    columns += added
    text = _widened(before, mark, added) or _csv([columns], mark)
    text += "" if text.endswith("\n") else "\n"
    text += _csv([[_written(name, cells.get(name, ""), mark) for name in columns]], mark)
    return text, _check_own(Book(own=read_own_factors(text, table=path)).own[-1])


def _widened(text: str, mark: str, added: Sequence[str]) -> str:
    """Return a table with more columns at its right, empty in the rows that are there."""
    lines = text.splitlines(keepends=True)
    filled = [at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")]
    for at in filled:
        body = lines[at].rstrip("\r\n")
        cells = added if at == filled[0] else [""] * len(added)
        lines[at] = "".join([body, *(mark + cell for cell in cells), lines[at][len(body) :]])
    return "".join(lines)


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
