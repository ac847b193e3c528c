"""What software runs happened in: kept once, however many runs name it."""

from __future__ import annotations

import os

from brizna.core.errors import IntegrityError, Said
from brizna.core.software import Software
from brizna.store._files import unavailable
from brizna.store._kept import keep_record
from brizna.store._records import record_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._store import Store

_FOLDER = "software"


def keep_software(store: Store, record: Software) -> str:
    """Keep the software of an environment and return its digest; twice the same is kept once.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, _FOLDER, record.to_json())


def has_software(store: Store, digest: str) -> bool:
    """Return whether this software is kept already."""
    return os.path.exists(os.path.join(store.path, _FOLDER, f"{digest[7:]}.json"))


def read_software(store: Store, digest: str) -> Software | None:
    """Return the software that a run names; None if it is not in this store.

    Raises:
        IntegrityError: If it was changed.
        UnavailableError: If it is there but cannot be read.
    """
    name = digest.removeprefix("sha256:")
    if not name.isalnum():
        raise IntegrityError(
            "The run names its software {digest!r}: expected a digest. Somebody changed the run: "
            "restore it from a copy.",
            digest=digest,
        )
    path = os.path.join(store.path, _FOLDER, f"{name}.json")
    try:
        with open(path, "rb") as file:
            return Software.from_json(record_of_bytes(path, file.read()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(Said("{path!r} cannot be read", path=path), error) from error
