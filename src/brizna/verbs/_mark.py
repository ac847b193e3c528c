"""Marks: a phase of a run, said from any program inside it.

The fast way: ``brizna mark`` imports this and what appends one line.
"""

from __future__ import annotations

import os

from brizna.core.errors import UnavailableError
from brizna.meter._clock import BootClock
from brizna.store._marks import append_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_VARIABLE = "BRIZNA_RUN"
"""The one variable that a run adds to its command's environment: start and place of the run."""


def run_address(start_us: int, directory: str) -> str:
    """Return what `RUN_VARIABLE` holds: when the run started, and where it is kept."""
    return f"{start_us}:{directory}"


def run_around(environ: Mapping[str, str]) -> tuple[int, str] | None:
    """Return start and directory of the run that this process is part of; None if of none."""
    start_us, _, directory = environ.get(RUN_VARIABLE, "").partition(":")
    return (int(start_us), directory) if start_us.isdecimal() and directory else None


def mark(
    name: str = "",
    *,
    ends: bool = False,
    count: Mapping[str, float] | None = None,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Begin the phase ``name`` of the run around this process, and end the marked one before it.

    Args:
        name: Name of the phase; with ``count`` it may be left out, and the phase goes on.
        ends: Only end the phase before; nothing begins.
        count: Work that was done since the mark before, by name: ``{"tokens": 4096}``.
        environ: Where the run around is named; the process's environment if None.

    Raises:
        InputError: If an amount of work is not a number above 0, or all is too long for one line.
        UnavailableError: If there is no run around, or its directory cannot be written.
    """
    if count:
        from brizna.core.work import read_amounts

        count = read_amounts(count)
    around = run_around(os.environ if environ is None else environ)
    if around is None and not name:
        raise UnavailableError(
            "There is no run around this process ({variable} is not set), so nothing can be "
            "marked or counted. Start the program with: brizna run -- COMMAND",
            variable=RUN_VARIABLE,
        )
    if around is None:
        raise UnavailableError(
            "There is no run around this process ({variable} is not set), so the mark {name!r} "
            "has nothing to mark. Start the program with: brizna run -- COMMAND",
            variable=RUN_VARIABLE,
            name=name,
        )
    start_us, directory = around
    append_mark(directory, name, BootClock().now_us() - start_us, ends=ends, count=count)
