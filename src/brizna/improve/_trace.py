"""A trace of requests: which were the same, in the order in which they came, and when."""

from __future__ import annotations

from array import array
from datetime import datetime
from itertools import pairwise
from math import isfinite
from typing import cast

from brizna.core.errors import InputError, UnavailableError
from brizna.grid import read_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

KEY, TIME = "key", "time"
"""Names of the columns, or fields, that are read."""
_TABLES = (".csv", ".csv.gz", ".parquet")
_LINES = (".jsonl", ".ndjson")


class Trace:
    """Requests in the order in which they came.

    Attributes:
        numbers: One number for each request: two have the same where one answer serves both.
        distinct: How many different ones there are; the numbers run from 0 up to it.
        times_s: When each came, in seconds from the first on; None where the trace does not say.
    """

    __slots__ = ("distinct", "numbers", "times_s")

    def __init__(self, keys: Iterable[object], times_s: Sequence[float] | None = None) -> None:
        """Take what names each request, such as a hash of it.

        Raises:
            InputError: If there is no request, or one came before the one that stands before it.
        """
        known: dict[object, int] = {}
        self.numbers = array("q", (known.setdefault(key, len(known)) for key in keys))
        self.distinct = len(known)
        self.times_s = None if times_s is None else _from_first(times_s)
        if not self.numbers:
            raise InputError(
                "The trace holds no request: expected one key for each, in the order in which they "
                "came. Record some."
            )

    @property
    def duration_s(self) -> float | None:
        """Seconds from the first request to the last; None where the trace does not say."""
        return None if self.times_s is None else self.times_s[-1]

    def __len__(self) -> int:
        return len(self.numbers)


def read_trace(path: str) -> Trace:
    """Return the trace in a file.

    A CSV or Parquet file has a column ``key`` and may have one ``time``; each line of a JSONL file
    is an object with these fields, or a key alone; each line of any other file is a key. Keys are
    compared and never kept: hashes do as well as the requests themselves. Times are seconds, or
    instants as ISO 8601 writes them.

    Raises:
        InputError: If the file is no trace.
        UnavailableError: If it cannot be read.
    """
    if path.endswith(_TABLES):
        keys, times = _columns(path)
    else:
        try:
            with open(path, encoding="utf-8-sig") as file:
                lines = [line for line in file.read().splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            raise UnavailableError(
                "The trace {path!r} cannot be read: {reason}. Expected a file of text in UTF-8, "
                "CSV, JSONL or Parquet.",
                path=path,
                reason=getattr(error, "strerror", None) or error,
            ) from error
        is_json = path.endswith(_LINES)
        keys, times = _fields(path, list(_objects(path, lines))) if is_json else (lines, None)
    return Trace(keys, None if times is None else [_seconds(path, one) for one in times])


def _columns(path: str) -> tuple[list[Any], list[Any] | None]:
    table = read_table(path)
    if KEY not in table:
        raise InputError(
            "{path!r} has the columns {names}: expected one called {key}, which is the same for "
            "the same requests, and possibly one called {time}. Name them so.",
            path=path,
            names=", ".join(table),
            key=KEY,
            time=TIME,
        )
    return list(table[KEY]), list(table[TIME]) if TIME in table else None


def _objects(path: str, lines: Sequence[str]) -> Iterator[Any]:
    import json

    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError as error:
            raise _bad_line(path, number) from error


def _fields(path: str, objects: Sequence[Any]) -> tuple[list[Any], list[Any] | None]:
    keys: list[Any] = []
    times: list[Any] = []
    for number, one in enumerate(objects, 1):
        said = cast("dict[str, Any]", one) if isinstance(one, dict) else {KEY: one}
        key = said.get(KEY)
        if not isinstance(key, (str, int)):
            raise _bad_line(path, number)
        keys.append(key)
        if said.get(TIME) is not None:
            times.append(said[TIME])
    if times and len(times) < len(keys):
        raise InputError(
            "{path!r} tells when {timed} of {requests} requests came: expected all or none.",
            path=path,
            timed=len(times),
            requests=len(keys),
        )
    return keys, times or None


def _bad_line(path: str, number: int) -> InputError:
    return InputError(
        "Entry {number} of {path!r} is no request: expected a text, a whole number, or an object "
        "with the field {key}, such as {example}.",
        number=number,
        path=path,
        key=KEY,
        example='{"key": "6f1ed002ab55", "time": 0.25}',
    )


def _seconds(path: str, said: Any) -> float:
    """Return a time in seconds, as a number has it or an instant in ISO 8601."""
    try:
        value = said.timestamp() if isinstance(said, datetime) else float(said)
    except (TypeError, ValueError):
        try:
            value = datetime.fromisoformat(str(said)).timestamp()
        except ValueError:
            value = float("nan")
    if isfinite(value):
        return value
    raise InputError(
        "{path!r} says that a request came at {said!r}: expected seconds, or an instant such as "
        "'2026-03-01T08:00:00Z'.",
        path=path,
        said=said,
    )


def _from_first(times_s: Sequence[float]) -> array[float]:
    if any(late < early for early, late in pairwise(times_s)):
        raise InputError(
            "A request of the trace came before the one that stands before it: expected them in "
            "the order in which they came. Sort them by time."
        )
    return array("d", (time_s - times_s[0] for time_s in times_s))
