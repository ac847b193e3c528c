"""What software a run happens in: found by its command, kept in the store, named in the run."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from brizna.core.codec import digest
from brizna.core.errors import BriznaError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.core.software import Software
    from brizna.store import Store

_PLACES = ("PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")
"""Variables by which an interpreter and the cache are found."""


def software_facts(
    environ: Mapping[str, str],
    *,
    command: Sequence[str] | None,
    directory: str,
    store: Store | None,
) -> dict[str, Any]:
    """Return what a run's record says of its software, beside what `capture` finds.

    Args:
        environ: The environment variables of the job.
        command: Its command; None for this very process.
        directory: Where it runs.
        store: Where the list of distributions is kept; None if the run is kept nowhere.
    """
    from brizna.environment import IMAGE_VARIABLE, STEERING

    names = {*_PLACES, *STEERING, IMAGE_VARIABLE}
    around = tuple((name, environ[name]) for name in sorted(names) if name in environ)
    facts, record = _found(None if command is None else tuple(command), directory, around)
    return {**facts, "software": {**facts["software"], "record": _kept(record, facts, store)}}


@lru_cache(maxsize=8)
def _found(
    command: tuple[str, ...] | None, directory: str, around: tuple[tuple[str, str], ...]
) -> tuple[dict[str, Any], Software]:
    """Look once: a process has loaded its software and its code, however often it is measured."""
    from brizna.environment import code, numerics, place_of_command, software

    environ = dict(around)
    record = software(place_of_command(command, environ), cache=software_cache(environ))
    facts = {
        **numerics(environ, command=command),
        "code": code(directory, command=command),
        "software": {
            "of": record.of,
            "python": record.python,
            "is_isolated": record.is_isolated,
            "count": len(record.distributions),
            "installed": record.installed,
            "record": digest(record.to_json()),
        },
    }
    return facts, record


def _kept(record: Software, facts: dict[str, Any], store: Store | None) -> str | None:
    """Return the digest of the list of distributions if the store has it, or now keeps it."""
    if store is None:
        return None
    from brizna.store import has_software, keep_software

    known = facts["software"]["record"]
    try:
        return known if has_software(store, known) else keep_software(store, record)
    except BriznaError:  # whether the run itself can be kept, its recorder finds out and says
        return None


def software_cache(environ: Mapping[str, str]) -> str:
    """Return the file in which digests of what is installed are remembered."""
    from brizna.store._homes import index_directory

    home = os.path.dirname(index_directory(environ, sys.platform))
    return os.path.join(home, "installed.json")


def software_of_run(run: Run, store: Store) -> Software | None:
    """Return what was installed where a run ran; None if it does not tell, or the list is lost."""
    from brizna.store import read_software

    environment: dict[str, Any] = run.environment or {}
    named: dict[str, Any] = environment.get("software") or {}
    return read_software(store, named["record"]) if named.get("record") else None
