"""Records that are about no single run: kept in folders of the store, named by their digest."""

from __future__ import annotations

import os

from brizna.core.codec import digest_of_bytes, encode
from brizna.core.errors import Said
from brizna.store._files import unavailable, write_once
from brizna.store._records import record_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.store._store import Store


def keep_record(store: Store, folder: str, record: Mapping[str, Any]) -> str:
    """Keep a record in a folder of the store and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    data = encode(dict(record))
    digest = digest_of_bytes(data)
    place = os.path.join(store.path, folder)
    path = os.path.join(place, f"{digest.removeprefix('sha256:')}.json")
    try:
        os.makedirs(place, exist_ok=True)
        write_once(path, data)
    except OSError as error:
        raise unavailable(Said("{path!r} cannot be written", path=path), error) from error
    return digest


def read_kept(store: Store, folder: str) -> dict[str, dict[str, Any]]:
    """Return the records in a folder of the store by their digest, in its order.

    Raises:
        IntegrityError: If a record was changed.
        UnavailableError: If they are there but cannot be read.
    """
    place = os.path.join(store.path, folder)
    found: dict[str, dict[str, Any]] = {}
    try:
        for name in sorted(os.listdir(place)):
            if name.endswith(".json"):
                path = os.path.join(place, name)
                with open(path, "rb") as file:
                    digest = f"sha256:{name.removesuffix('.json')}"
                    found[digest] = record_of_bytes(path, file.read())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise unavailable(
            Said("The records in {path!r} cannot be read", path=place), error
        ) from error
    return found
