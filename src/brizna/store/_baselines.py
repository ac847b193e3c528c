"""Idle baselines of machines, kept beside the runs and named by their digest."""

from __future__ import annotations

import os

from brizna.core.baseline import Baseline
from brizna.core.codec import digest_of_bytes, encode
from brizna.core.errors import Said
from brizna.store._files import unavailable, write_once
from brizna.store._records import record_of_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._store import Store

BASELINES = "baselines"


def keep_baseline(store: Store, baseline: Baseline) -> str:
    """Keep a baseline and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    data = encode(baseline.to_json())
    digest = digest_of_bytes(data)
    place = os.path.join(store.path, BASELINES)
    path = os.path.join(place, f"{digest.removeprefix('sha256:')}.json")
    try:
        os.makedirs(place, exist_ok=True)
        write_once(path, data)
    except OSError as error:
        raise unavailable(Said("{path!r} cannot be written", path=path), error) from error
    return digest


def latest_baseline(store: Store, machine: str) -> tuple[Baseline, str] | None:
    """Return the newest baseline of a machine, with its digest; None if there is none.

    Raises:
        IntegrityError: If a baseline was changed.
        SchemaError: If one is of a newer version.
        UnavailableError: If they are there but cannot be read.
    """
    place = os.path.join(store.path, BASELINES)
    found: list[tuple[str, str, Baseline]] = []
    try:
        for name in sorted(os.listdir(place)):
            if not name.endswith(".json"):
                continue
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                baseline = Baseline.from_json(record_of_bytes(path, file.read()))
            if baseline.machine == machine:
                digest = f"sha256:{name.removesuffix('.json')}"
                found.append((baseline.measured, digest, baseline))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(
            Said("The baselines in {path!r} cannot be read", path=place), error
        ) from error
    if not found:
        return None
    _, digest, baseline = max(found, key=lambda entry: entry[:2])
    return baseline, digest
