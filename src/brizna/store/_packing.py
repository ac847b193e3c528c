"""Putting runs into packs: written and read back first, and only then taken from their place."""

from __future__ import annotations

import os
from shutil import rmtree

from brizna.core.errors import BriznaError, Said
from brizna.core.records import Record
from brizna.store._archive import files_of, is_taken, paths_of
from brizna.store._files import unavailable
from brizna.store._packs import MOST_BYTES, MOST_RUNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from brizna.store._packs import Packs
    from brizna.store._store import Store


class Packed(Record):
    """What a packing did.

    Attributes:
        ids: The runs that lie in packs now.
        packs: The names of the packs that were written.
        left: Of each run that was left where it is, why.
    """

    ids: tuple[str, ...]
    packs: tuple[str, ...]
    left: dict[str, str]


def pack_runs(store: Store, packs: Packs, ids: Iterable[str]) -> Packed:
    """Put runs that have ended into packs.

    Args:
        store: Where they are.
        packs: The packs of the store.
        ids: The runs, in order.
    """
    done: list[str] = []
    names: list[str] = []
    left: dict[str, str] = {}
    batch: dict[str, dict[str, bytes]] = {}
    size = 0
    for run_id in ids:
        why = _why_not(store, run_id)
        if why is not None:
            left[run_id] = why
            continue
        batch[run_id] = store.files(run_id)
        size += sum(map(len, batch[run_id].values()))
        if len(batch) >= MOST_RUNS or size >= MOST_BYTES:
            names.append(_put(store, packs, batch))
            done += batch
            batch, size = {}, 0
    if batch:
        names.append(_put(store, packs, batch))
        done += batch
    return Packed(ids=tuple(done), packs=tuple(names), left=left)


def files_of_run(directory: str, packs: Packs) -> dict[str, bytes]:
    """Return the files of a run by their paths, from its directory and from its pack.

    Args:
        directory: Where its files are, or were.
        packs: The packs of the store.

    Raises:
        IntegrityError: If its pack was changed.
        UnavailableError: If they cannot be read.
    """
    try:
        loose = files_of(directory)
    except OSError as error:
        raise unavailable(Said("{path!r} cannot be read", path=directory), error) from error
    if "run.json" in loose:
        return loose
    return {**(packs.read(os.path.basename(directory)) or {}), **loose}


def _why_not(store: Store, run_id: str) -> str | None:
    """Return why a run cannot be packed; None if it can."""
    try:
        if store.recover(run_id).is_running:
            return str(Said("it still goes on"))
        directory = store.directory(run_id)
        other = [path for path in paths_of(directory) if not is_taken(directory, path)]
    except BriznaError as error:
        return str(error)
    except OSError as error:
        return str(error.strerror)
    if not store.has_record(run_id):
        return str(Said("its record is not written yet"))
    if other:
        files = ", ".join(other[:3])
        return str(Said("other files lie beside it: {files}", files=files))
    return None


def _put(store: Store, packs: Packs, runs: Mapping[str, Mapping[str, bytes]]) -> str:
    name = packs.write(runs)
    packs.drop(runs.keys(), but=name)
    for run_id, files in runs.items():
        _take_away(store.directory(run_id), files)
    return name


def _take_away(directory: str, packed: Mapping[str, bytes]) -> None:
    """Remove a run's directory; what came into it since it was packed is put back.

    Whoever reads the run looks into its directory first and then into the packs, so that it is
    there at every moment.
    """
    home, name = os.path.split(directory)
    away = os.path.join(home, f".removed-{name}-{os.urandom(3).hex()}")
    try:
        os.rename(directory, away)
        for path in paths_of(away):
            if path not in packed:
                place = os.path.join(directory, *path.split("/"))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                os.rename(os.path.join(away, *path.split("/")), place)
        rmtree(away)
    except FileNotFoundError:
        return  # somebody else packed it at the same time
    except OSError as error:
        raise unavailable(Said("The run {name} cannot be removed", name=name), error) from error
