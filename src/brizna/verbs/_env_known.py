"""What a store knows of installed distributions: of what is approved, proposed or used by runs."""

from __future__ import annotations

import os

from brizna.check import Remembered
from brizna.core.errors import BriznaError
from brizna.store import Approvals, read_software

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from brizna.core.software import Software
    from brizna.store import KeyRing, Store
    from brizna.verbs._env import Surroundings

_FOLDER = "software"


def remembered(around: Surroundings, store: Store, ring: KeyRing) -> Remembered:
    """Return what was recorded before of distributions, to hold an environment to.

    A list of what is approved that is not believed says nothing here: whoever asks for it
    (``--approved``) is told why. Nor does a record that was changed. A run is held to what is
    approved alone, as its own record is among those of runs.

    Args:
        around: The environment.
        store: Where approvals and runs are.
        ring: The keys that are believed.
    """
    try:
        current = Approvals(store.path, ring).current()
    except BriznaError:
        current = None
    approved: dict[tuple[str, str], str | None] = {}
    stored: dict[tuple[str, str], set[str]] = {}
    for record in _records(store):
        pins = [((one.name, one.version), one.digest) for one in record.distributions]
        if record.python != around.software.python:  # wheels are built for one
            continue
        if current is not None and record.installed == current[0]:
            approved = dict(pins)
        if around.place is not None:
            for pin, digest in pins:
                if digest is not None:
                    stored.setdefault(pin, set()).add(digest)
    return Remembered(
        approved=approved,
        by=None if current is None else current[1],
        stored={pin: tuple(sorted(digests)) for pin, digests in stored.items()},
    )


def _records(store: Store) -> Iterator[Software]:
    try:
        names = sorted(os.listdir(os.path.join(store.path, _FOLDER)))
    except OSError:  # no run was kept yet
        return
    for name in names:
        try:
            record = read_software(store, name.removesuffix(".json"))
        except (BriznaError, KeyError, TypeError, ValueError):  # changed, or a draft
            continue
        if record is not None:
            yield record
