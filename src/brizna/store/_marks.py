"""The marks file of a run: what ``brizna mark`` said, from any process inside the run.

On the path of ``brizna mark``, which a training loop may call often: it imports next to nothing.
"""

from __future__ import annotations

import os

from brizna.core.errors import InputError, UnavailableError
from brizna.store._lines import frame, split, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MARKS = os.path.join("marks", "marks.jsonl")
LONGEST_LINE = 4096
"""Bytes that one write puts whole behind the last, whoever else writes; file systems keep that."""

_OURS_ALONE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | _OURS_ALONE | getattr(os, "O_BINARY", 0)


def open_to_append(path: str) -> int:
    """Return a descriptor that appends to a file, made if missing; no child inherits it."""
    return os.open(path, _APPEND, 0o666)


def append_mark(
    directory: str,
    name: str,
    t_us: int,
    *,
    ends: bool = False,
    count: Mapping[str, float] | None = None,
) -> None:
    """Append a mark to a run's marks file; safe for many processes at once.

    Args:
        directory: The run's directory in the store.
        name: Name of the phase that begins, or that ends with ``ends``.
        t_us: When, in microseconds on the boot-time clock since the start of the run.
        ends: Whether the mark only ends the marked phase before it.
        count: Work that was done since the mark before, by name; a mark without a name that ends
            nothing says only this.

    Raises:
        InputError: If the name, or the counts, are too long for one line.
        UnavailableError: If the file cannot be written.
    """
    mark = {"name": name, "t": t_us, "ends": ends}
    line = frame({**mark, "count": dict(count)} if count else mark)
    if count and len(line) + 1 > LONGEST_LINE >= len(frame(mark)) + 1:
        raise InputError(
            "The mark with its counts of {things} things takes {length} bytes: expected at most "
            "{longest}. Count fewer at a time, or give shorter names.",
            things=len(count),
            length=len(line) + 1,
            longest=LONGEST_LINE,
        )
    if len(line) + 1 > LONGEST_LINE:
        raise InputError(
            "The mark's name has {length} characters: expected a line of at most {longest} bytes. "
            "Give a shorter name.",
            length=len(name),
            longest=LONGEST_LINE,
        )
    path = os.path.join(directory, MARKS)
    try:
        descriptor = open_to_append(path)
        try:
            if os.write(descriptor, line) < len(line):  # a full disk: the torn line is closed, and
                os.write(descriptor, b"\n" + line)  # this tells the reason or succeeds
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnavailableError(
            "The mark {name!r:.80} was not kept: {path!r} cannot be written ({reason}). Is the "
            "run still there, and is there room on its disk?",
            name=name,
            path=path,
            reason=error.strerror,
        ) from error


def read_marks(directory: str) -> tuple[list[dict[str, Any]], int]:
    """Return a run's marks in the order in which they were made, and how many lines are damaged.

    Raises:
        UnavailableError: If the file is there but cannot be read.
    """
    try:
        with open(os.path.join(directory, MARKS), "rb") as file:
            return marks_of(file.read())
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise UnavailableError(
            "The marks of {directory!r} cannot be read ({reason}). Ask the owner of the store for "
            "permission.",
            directory=directory,
            reason=error.strerror,
        ) from error


def marks_of(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return the marks in the bytes of their file, in order, and how many lines are damaged."""
    lines = [unframe(line) for line in split(data)]
    marks = [
        mark
        for mark in lines
        if mark and isinstance(mark.get("t"), int) and isinstance(mark.get("name"), str)
    ]
    return sorted(marks, key=lambda mark: mark["t"]), len(lines) - len(marks)
