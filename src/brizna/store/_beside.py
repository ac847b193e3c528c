"""What runs rest on beside their own directories, carried with them to another store.

The software that they name, signed statements about what they made, and the list of what is
approved. The first two are named by their digest and are the same wherever they are. The list is
somebody's word: it is taken only where this store has none that says otherwise, and only if every
signature in it is believed here.
"""

from __future__ import annotations

import os
import re
from base64 import b64decode

from brizna.core.codec import decode
from brizna.core.errors import BriznaError, IntegrityError, Said, SchemaError
from brizna.core.software import Software
from brizna.store._approvals import APPROVED, history_of
from brizna.store._files import unavailable, write_once
from brizna.store._records import record_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.store._keys import KeyRing

    Tell = Callable[[Said], None]

STATEMENTS = "statements"
STATEMENT_SCHEMA = "brizna.statement/1"
_SOFTWARE = "software"
BESIDE = re.compile(rf"({_SOFTWARE}|{STATEMENTS})/[0-9a-f]{{64}}\.json|{APPROVED}/[0-9]{{6}}\.json")
"""The paths in a store of what is carried beside runs."""


def files_beside(store: str, runs: Iterable[Run]) -> dict[str, bytes]:
    """Return what lies in a store beside some runs and belongs to them, by its path.

    Args:
        store: The store's folder.
        runs: The runs.

    Raises:
        IntegrityError: If a record of it was changed.
        UnavailableError: If it is there but cannot be read.
    """
    ids: set[str] = set()
    named: set[str] = set()
    for run in runs:
        ids.add(run.id)
        environment: dict[str, Any] = run.environment or {}
        software: dict[str, Any] = environment.get("software") or {}
        if software.get("record"):
            named.add(str(software["record"]).removeprefix("sha256:"))
    found = {
        path: data
        for path, data in _kept(store, _SOFTWARE).items()
        if os.path.basename(path).removesuffix(".json") in named
    }
    for path, data in _kept(store, STATEMENTS).items():
        record = record_of_bytes(path, data)
        if run_of_statement(record) in ids:
            found[path] = data
    approved = _kept(store, APPROVED)
    return {path: found[path] for path in sorted(found)} | approved


def run_of_statement(record: Mapping[str, Any]) -> str | None:
    """Return the run that a kept statement is about; None if it does not tell."""
    try:
        statement = decode(b64decode(record["envelope"]["payload"], validate=True))
        return statement["predicate"]["runDetails"]["metadata"]["invocationId"]
    except (BriznaError, KeyError, TypeError, ValueError):
        return None


def check_beside(contents: Mapping[str, bytes]) -> None:
    """Refuse what is not as its path says.

    Raises:
        IntegrityError: If a record has another digest than its name, or is of another kind.
    """
    for path, data in contents.items():
        folder = path.partition("/")[0]
        try:
            if folder == _SOFTWARE:
                Software.from_json(record_of_bytes(path, data))
            elif folder == STATEMENTS:
                record = record_of_bytes(path, data)
                if record.get("schema") != STATEMENT_SCHEMA:
                    raise IntegrityError(
                        "{path!r} has the schema {schema!r}: expected a signed statement. Fetch "
                        "the original.",
                        path=path,
                        schema=record.get("schema"),
                    )
        except (SchemaError, TypeError, ValueError) as error:
            raise IntegrityError(
                "{path!r} cannot be read ({error}): expected a record of brizna. Fetch the "
                "original.",
                path=path,
                error=error,
            ) from error


def place_beside(
    store: str, contents: Mapping[str, bytes], *, ring: KeyRing | None, tell: Tell
) -> None:
    """Put what was carried beside runs into a store; tell what is left out, and why.

    Args:
        store: The store's folder.
        contents: As `files_beside` returned it.
        ring: The keys that are believed; None if nobody is.
        tell: Is told what was left out.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    listed = {path: data for path, data in contents.items() if path.startswith(f"{APPROVED}/")}
    why = _why_not(_kept(store, APPROVED), listed, ring)
    if why is not None:
        tell(Said("The list of what is approved was left out: {why}", why=why))
    taken = {path: data for path, data in contents.items() if path not in listed or why is None}
    for path, data in taken.items():
        place = os.path.join(store, *path.split("/"))
        try:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            write_once(place, data)
        except OSError as error:
            raise unavailable(Said("{path!r} cannot be written", path=place), error) from error


def _why_not(
    ours: Mapping[str, bytes], theirs: Mapping[str, bytes], ring: KeyRing | None
) -> Said | BriznaError | None:
    """Return why a list of what is approved is not taken; None if it is, or there is none."""
    if not theirs or all(ours.get(path) == data for path, data in theirs.items()):
        return None
    if any(theirs.get(path) != data for path, data in ours.items()):
        return Said("this store has a list of its own, which says other than that one.")
    if ring is None:
        return Said("no key ring was named by which it could be believed.")
    try:
        history_of({os.path.basename(path): data for path, data in theirs.items()}, ring)
    except BriznaError as error:
        return error
    return None


def _kept(store: str, folder: str) -> dict[str, bytes]:
    """Return the files of a store's folder that are carried, by their path, in order."""
    place = os.path.join(store, folder)
    found: dict[str, bytes] = {}
    try:
        for name in sorted(os.listdir(place)):
            if BESIDE.fullmatch(f"{folder}/{name}"):
                with open(os.path.join(place, name), "rb") as file:
                    found[f"{folder}/{name}"] = file.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unavailable(
            Said("The records in {path!r} cannot be read", path=place), error
        ) from error
    return found
