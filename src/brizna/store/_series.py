"""Series of trials: what each was to do, and what it found, beside the runs.

A sweep, a search and a comparison of models are series.
"""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.check._simpler_study import SimplerPlan, SimplerStudy
from brizna.core.errors import InputError
from brizna.core.sweep import Sweep, SweepPlan, digest_name
from brizna.core.tune import Tune, TunePlan
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from brizna.store._store import Store

    Plan = SweepPlan | TunePlan | SimplerPlan
    _Plan = TypeVar("_Plan", SweepPlan, TunePlan, SimplerPlan)

_FOLDERS = {
    **dict.fromkeys((SweepPlan, Sweep), "sweeps"),
    **dict.fromkeys((TunePlan, Tune), "tunes"),
    **dict.fromkeys((SimplerPlan, SimplerStudy), "simpler"),
}
_FOUND = {SweepPlan: Sweep, TunePlan: Tune, SimplerPlan: SimplerStudy}
"""What ends each kind of plan."""
_COMMANDS = {
    SweepPlan: "brizna power sweep",
    TunePlan: "brizna tune",
    SimplerPlan: "brizna improve simpler",
}


def keep_series(store: Store, record: Plan | Sweep | Tune | SimplerStudy) -> str:
    """Keep what a series is to do, or what it found, and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, _FOLDERS[type(record)], record.to_json())


def forget_series(store: Store, kind: type[Plan], digest: str) -> None:
    """Forget a plan that could not be carried out at all; nothing happens where it is not kept."""
    name = f"{digest.removeprefix('sha256:')}.json"
    with suppress(OSError):
        os.unlink(os.path.join(store.path, _FOLDERS[kind], name))


def series_folder(store: Store, kind: type[Plan], digest: str) -> str:
    """Return the folder for what a series needs to go on."""
    return os.path.join(store.path, _FOLDERS[kind], digest_name(digest))


def unfinished_series(
    store: Store, kind: type[_Plan], reference: str | None = None
) -> tuple[str, _Plan]:
    """Return a series that was begun and not ended: its plan's digest, and the plan.

    Args:
        store: Where it is kept.
        kind: Of plan.
        reference: The beginning of the digest; the one begun last if None.

    Raises:
        InputError: If there is none, or the beginning fits several.
        IntegrityError: If a record was changed.
        UnavailableError: If the records cannot be read.
    """
    left = unfinished(store, kind)
    wanted = digest_name(reference or "")
    found = [digest for digest in left if digest_name(digest).startswith(wanted)]
    if reference is None and found:
        found = [max(found, key=lambda digest: left[digest].made)]
    if len(found) == 1:
        return found[0], left[found[0]]
    if not os.path.isdir(store.path):
        raise InputError(
            "Nothing was cut short that could go on: there is no store at {path!r}. Name the right "
            "one with --store, or begin with {command} ... -- command.",
            path=store.path,
            command=_COMMANDS[kind],
        )
    if not found and reference is not None:
        raise InputError(
            "No series of trials in {path!r} that was cut short is called {reference!r}: there is "
            "{known}. Name one of these, or another store with --store; one that has ended cannot "
            "go on.",
            path=store.path,
            reference=reference,
            known=", ".join(map(digest_name, left)) or "-",
        )
    if not left:
        raise InputError(
            "Nothing was cut short that could go on: expected a series of trials that did not end. "
            "Begin one with {command} ... -- command.",
            command=_COMMANDS[kind],
        )
    raise InputError(
        "{reference!r} means {count} series of trials that were cut short: expected one of "
        "{known}. Begin another with {command} ... -- command.",
        reference=reference or "last",
        count=len(found),
        known=", ".join(map(digest_name, left)),
        command=_COMMANDS[kind],
    )


def unfinished(store: Store, kind: type[_Plan]) -> dict[str, _Plan]:
    """Return all series of a kind that were begun and not ended, by the digest of their plan.

    Raises:
        IntegrityError: If a record was changed.
        UnavailableError: If the records cannot be read.
    """
    records = read_kept(store, _FOLDERS[kind])
    schema = _FOUND[kind].schema
    ended = {record.get("plan") for record in records.values() if record["schema"] == schema}
    return {
        digest: kind.from_json(record)
        for digest, record in records.items()
        if record["schema"] == kind.schema and digest not in ended
    }
