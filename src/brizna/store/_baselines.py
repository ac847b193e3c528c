"""Idle baselines of machines, kept beside the runs and named by their digest."""

from __future__ import annotations

from brizna.core.baseline import Baseline
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._store import Store

BASELINES = "baselines"


def keep_baseline(store: Store, baseline: Baseline) -> str:
    """Keep a baseline and return its digest.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    return keep_record(store, BASELINES, baseline.to_json())


def latest_baseline(store: Store, machine: str) -> tuple[Baseline, str] | None:
    """Return the newest baseline of a machine, with its digest; None if there is none.

    Raises:
        IntegrityError: If a baseline was changed.
        SchemaError: If one is of a newer version.
        UnavailableError: If they are there but cannot be read.
    """
    kept = {
        digest: Baseline.from_json(record) for digest, record in read_kept(store, BASELINES).items()
    }
    found = [
        (baseline.measured, digest, baseline)
        for digest, baseline in kept.items()
        if baseline.machine == machine
    ]
    if not found:
        return None
    _, digest, baseline = max(found, key=lambda entry: entry[:2])
    return baseline, digest
