"""Removing runs: which, and so that a half-removed one is never listed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from shutil import rmtree

from brizna.core.errors import InputError, Said
from brizna.store._files import unavailable
from brizna.store._journal import JOURNAL
from brizna.store._looks import LOOKS
from brizna.store._marks import MARKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def chosen(
    ids: Sequence[str],
    *,
    keep_last: int | None,
    older_than_s: float | None,
    now_s: float,
) -> list[str]:
    """Return the ids of the runs beyond every limit that is given; they come newest last."""
    if keep_last is None and older_than_s is None:
        raise InputError("Which runs? Give keep_last, older_than_s, or both.")
    if (keep_last or 0) < 0 or (older_than_s or 0) < 0:
        raise InputError("The limits of prune cannot be negative.")
    beyond = list(ids) if keep_last is None else list(ids)[: max(len(ids) - keep_last, 0)]
    return [
        run_id
        for run_id in beyond
        if older_than_s is None or now_s - _started_s(run_id) > older_than_s
    ]


def _started_s(run_id: str) -> float:
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def remove(directory: str) -> None:
    """Remove a run: first its name, then its files."""
    home, name = os.path.split(directory)
    away = os.path.join(home, f".removed-{name}-{os.urandom(3).hex()}")
    try:
        os.rename(directory, away)
        rmtree(away)
    except OSError as error:
        raise unavailable(Said("The run {name} cannot be removed", name=name), error) from error


def samples(path: str) -> bool:
    """Tell whether a path inside a run's directory is of its samples: journal, marks or looks."""
    return path in (JOURNAL, MARKS, LOOKS)


def remove_samples(directory: str) -> None:
    """Remove a run's journal, marks and looks."""
    try:
        for name in (JOURNAL, MARKS, LOOKS):
            path = os.path.join(directory, name)
            if os.path.exists(path):
                os.unlink(path)
    except OSError as error:
        raise unavailable(
            Said("The samples in {directory!r} cannot be removed", directory=directory), error
        ) from error
