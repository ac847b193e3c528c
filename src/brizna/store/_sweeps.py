"""Sweeps: what was to be done, and what was found, kept beside the runs."""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.errors import InputError
from brizna.core.sweep import Sweep, SweepPlan, digest_name
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._store import Store

SWEEPS = "sweeps"


def keep_sweep(store: Store, record: SweepPlan | Sweep) -> str:
    """Keep what a sweep is to do, or what it found, and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, SWEEPS, record.to_json())


def forget_sweep(store: Store, digest: str) -> None:
    """Forget a plan that could not be carried out at all; nothing happens where it is not kept."""
    with suppress(OSError):
        os.unlink(os.path.join(store.path, SWEEPS, f"{digest.removeprefix('sha256:')}.json"))


def unfinished_sweep(store: Store, reference: str | None = None) -> tuple[str, SweepPlan]:
    """Return a sweep that was begun and not ended: its plan's digest, and the plan.

    Args:
        store: Where it is kept.
        reference: The beginning of the digest; the one begun last if None.

    Raises:
        InputError: If there is none, or the beginning fits several.
        IntegrityError: If a record was changed.
        UnavailableError: If the sweeps cannot be read.
    """
    records = read_kept(store, SWEEPS)
    ended = {record["plan"] for record in records.values() if record["schema"] == Sweep.schema}
    open_ones = {
        digest: SweepPlan.from_json(record)
        for digest, record in records.items()
        if record["schema"] == SweepPlan.schema and digest not in ended
    }
    wanted = (reference or "").removeprefix("sha256:")
    found = [digest for digest in open_ones if digest_name(digest).startswith(wanted[:12])]
    if reference is None and found:
        found = [max(found, key=lambda digest: open_ones[digest].made)]
    if len(found) == 1:
        return found[0], open_ones[found[0]]
    if not open_ones:
        raise InputError(
            "No sweep was cut short: there is nothing to go on with. Begin one with brizna power "
            "sweep ... -- command."
        )
    raise InputError(
        "{reference!r} means {count} sweeps that were cut short: expected one of {known}. Begin "
        "one with brizna power sweep ... -- command.",
        reference=reference or "last",
        count=len(found),
        known=", ".join(digest_name(digest) for digest in open_ones),
    )
