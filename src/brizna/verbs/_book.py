"""The book of factors in force: a person's own tables, from files, over those that come along."""

from __future__ import annotations

import os

from brizna.core.book import Book, OwnFactor, read_day, read_own_factors
from brizna.core.codec import digest_of_bytes
from brizna.core.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.verbs._settings import Settings


def book_of(settings: Settings, *, as_of: str | None = None) -> Book:
    """Return the factors that the settings put in force.

    A path in a settings file is taken from that file's folder, another from the working directory.

    Args:
        settings: The settings; ``factors`` names files, ``factor_policy`` is the policy.
        as_of: The day to account as of, ISO 8601; that of the work itself if None.

    Raises:
        InputError: If a file cannot be read or is no table of factors, or the day is none.
    """
    day = None if as_of is None else _day(as_of)
    paths: Sequence[str] = settings["factors"]
    if not paths:
        return Book(policy=settings["factor_policy"], as_of=day)
    origin = settings.origins["factors"]
    home = os.path.dirname(origin) if os.path.isabs(origin) else ""
    own = [row for path in paths for row in read_own_table(os.path.join(home, path))]
    return Book(own=tuple(own), policy=settings["factor_policy"], as_of=day)


def _day(text: str) -> str:
    try:
        return read_day(text)
    except ValueError as error:
        raise InputError(
            "{text!r} is not a day: expected one such as 2026-01-31.", text=text
        ) from error


def read_own_table(path: str) -> tuple[OwnFactor, ...]:
    """Return the rows of a person's own table.

    Raises:
        InputError: If the file cannot be read or is none.
    """
    data = bytes_of_table(path)
    return read_own_factors(text_of_table(data), table=path, seen=digest_of_bytes(data))


def bytes_of_table(path: str) -> bytes:
    """Return the bytes of a person's own table.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(
            "The table of factors {path!r} cannot be read: {reason}.",
            path=path,
            reason=error.strerror,
        ) from error


def text_of_table(data: bytes) -> str:
    """Return the text of a table: UTF-8 or UTF-16, else what spreadsheets of the west write."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
