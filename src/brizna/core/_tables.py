"""Tables of facts inside the package: one loader, and the digest of the bytes it read.

A table is a CSV file in the ``tables`` folder of a room. Lines that start with ``#`` before the
header say what the table holds, who said so, under which licence, and which source is preferred
where sources disagree. This is the only module of the pure rooms that reads files, and it reads
none but these.
"""

from __future__ import annotations

import sys
from functools import cache

from brizna.core.codec import digest_of_bytes
from brizna.core.errors import InputError, IntegrityError, Said
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PROVENANCE = ("id", "source", "year", "licence", "note")
"""The columns of every table."""

_REQUIRED = ("id", "source", "licence")


class Table(Record):
    """The rows of one table, as text.

    Attributes:
        package: The room that ships it, for example ``brizna.grid``.
        name: Its file name without ``.csv``.
        about: The comment at its head.
        columns: The names of the columns, in the order of the file.
        rows: One mapping a row, from column to text; an empty cell is an empty text.
        lines: The line of the file on which each row stands, counted from 1.
        digest: ``sha256:`` and the digest of the file's bytes.
    """

    package: str
    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    lines: tuple[int, ...]
    digest: str

    @property
    def path(self) -> str:
        """Where the table stands, from the root of the sources."""
        return f"{self.package.replace('.', '/')}/tables/{self.name}.csv"

    def number(self, row: int, column: str) -> float | None:
        """Return the number in a cell, or None where the cell is empty.

        Raises:
            IntegrityError: If the cell holds anything but a finite number.
        """
        text = self.rows[row].get(column, "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not -float("inf") < value < float("inf"):
            raise _fault(self.path, self.lines[row], column, repr(text), Said("a finite number"))
        return value

    def whole_number(self, row: int, column: str) -> int | None:
        """Return the whole number in a cell, or None where the cell is empty.

        Raises:
            IntegrityError: If the cell holds anything but decimal digits.
        """
        text = self.rows[row].get(column, "")
        if not text:
            return None
        if not text.isdecimal():
            raise _fault(self.path, self.lines[row], column, repr(text), Said("a whole number"))
        return int(text)


@cache
def load(package: str, table: str) -> Table:
    """Return a table of a room.

    Args:
        package: The room, already imported, for example ``brizna.grid``.
        table: The file's name without ``.csv``.

    Raises:
        InputError: If the room has no such table.
        IntegrityError: If the file is not a table; names the table, the line and the column.
    """
    data = _read(package, table)
    path = f"{package.replace('.', '/')}/tables/{table}.csv"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _fault(
            path, line, "?", Said("bytes that are not UTF-8"), Said("UTF-8 text")
        ) from error
    about, columns, cells, lines = _parse(path, text)
    rows = tuple(dict(zip(columns, row, strict=True)) for row in cells)
    for row, line in zip(rows, lines, strict=True):
        for column in _REQUIRED:
            if not row[column]:
                raise _fault(
                    path, line, column, Said("an empty cell"), Said("provenance for every row")
                )
    return Table(
        package=package,
        name=table,
        about=about,
        columns=columns,
        rows=rows,
        lines=lines,
        digest=digest_of_bytes(data),
    )


@cache
def positions(package: str, table: str) -> Mapping[str, tuple[int, ...]]:
    """Return, for each id of a table, the indices of its rows in the order of the file."""
    found: dict[str, tuple[int, ...]] = {}
    for index, row in enumerate(load(package, table).rows):
        found[row["id"]] = (*found.get(row["id"], ()), index)
    return found


def _read(package: str, table: str) -> bytes:
    module = sys.modules.get(package)
    spec = getattr(module, "__spec__", None)
    if module is None or spec is None or spec.loader is None:
        raise InputError(
            "{package!r} is not an imported room: import it before its tables.", package=package
        )
    try:
        return spec.loader.get_data(f"{module.__path__[0]}/tables/{table}.csv")
    except OSError as error:
        raise InputError(
            "{package} has no table {table!r} ({error}).", package=package, table=table, error=error
        ) from error


def _parse(
    path: str, text: str
) -> tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...], tuple[int, ...]]:
    import csv  # pulls in re, which nothing else on the way of `import brizna` needs

    body = text.splitlines(keepends=True)
    comments = 0
    while comments < len(body) and body[comments].startswith("#"):
        comments += 1
    about = "".join(line.lstrip("#").strip() + "\n" for line in body[:comments]).strip()
    reader = csv.reader(body[comments:], strict=True)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        columns = tuple(next(reader, ()))
        missing = [name for name in PROVENANCE if name not in columns]
        if missing or len(set(columns)) != len(columns):
            expected = Said("each column once, and {names} among them", names=", ".join(PROVENANCE))
            saw = Said("the header {columns}", columns=", ".join(columns))
            raise _fault(path, comments + 1, ", ".join(missing), saw, expected)
        for row in reader:
            line = comments + reader.line_num
            if len(row) != len(columns):
                column = columns[min(len(row), len(columns) - 1)]
                expected = Said("{count} cells", count=len(columns))
                raise _fault(path, line, column, Said("{count} cells", count=len(row)), expected)
            rows.append(tuple(row))
            lines.append(line)
    except csv.Error as error:
        raise _fault(
            path, comments + reader.line_num, "?", str(error), Said("comma-separated text")
        ) from error
    return about, columns, tuple(rows), tuple(lines)


def _fault(path: str, line: int, column: str, saw: Said | str, expected: Said) -> IntegrityError:
    return IntegrityError(
        "Table {path}, line {line}, column {column!r}: saw {saw}, expected {expected}. The "
        "installed package was changed: install brizna again.",
        path=path,
        line=line,
        column=column,
        saw=saw,
        expected=expected,
    )
