"""Searches for settings: what was to be done, and what was found, kept beside the runs."""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.errors import InputError
from brizna.core.tune import Tune, TunePlan
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._store import Store

TUNES = "tunes"
NAME_LENGTH = 12


def tune_name(digest: str) -> str:
    """Return what a search is called: the beginning of its plan's digest."""
    return digest.removeprefix("sha256:")[:NAME_LENGTH]


def tune_folder(store: Store, digest: str) -> str:
    """Return the folder for what a search needs to go on."""
    return os.path.join(store.path, TUNES, tune_name(digest))


def keep_tune(store: Store, record: TunePlan | Tune) -> str:
    """Keep what a search is to do, or what it found, and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, TUNES, record.to_json())


def forget_tune(store: Store, digest: str) -> None:
    """Forget a plan that could not be carried out at all; nothing happens where it is not kept."""
    with suppress(OSError):
        os.unlink(os.path.join(store.path, TUNES, f"{digest.removeprefix('sha256:')}.json"))


def unfinished_tune(store: Store, reference: str | None = None) -> tuple[str, TunePlan]:
    """Return a search that was begun and not ended: its plan's digest, and the plan.

    Args:
        store: Where it is kept.
        reference: The beginning of the digest; the one begun last if None.

    Raises:
        InputError: If there is none, or the beginning fits several.
        IntegrityError: If a record was changed.
        UnavailableError: If the searches cannot be read.
    """
    records = read_kept(store, TUNES)
    ended = {record["plan"] for record in records.values() if record["schema"] == Tune.schema}
    left = {
        digest: TunePlan.from_json(record)
        for digest, record in records.items()
        if record["schema"] == TunePlan.schema and digest not in ended
    }
    wanted = (reference or "").removeprefix("sha256:")[:NAME_LENGTH]
    found = [digest for digest in left if tune_name(digest).startswith(wanted)]
    if reference is None and found:
        found = [max(found, key=lambda digest: left[digest].made)]
    if len(found) == 1:
        return found[0], left[found[0]]
    if not left:
        raise InputError(
            "No search was cut short: there is nothing to go on with. Begin one with brizna tune "
            "... -- command."
        )
    raise InputError(
        "{reference!r} means {count} searches that were cut short: expected one of {known}. Begin "
        "one with brizna tune ... -- command.",
        reference=reference or "last",
        count=len(found),
        known=", ".join(map(tune_name, left)),
    )
