"""The records beside a run: named by their digest, and witnesses of the run that they are about."""

from __future__ import annotations

import os

from brizna.core.codec import decode, digest_of_bytes
from brizna.core.errors import IntegrityError, Said
from brizna.store._files import unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

RECORDS = "records"


def read_records(directory: str) -> list[dict[str, Any]]:
    """Return the records kept in a run's directory, in the order of their digests.

    Raises:
        IntegrityError: If a record's bytes are not those that its name promises.
        UnavailableError: If one cannot be read.
    """
    place = os.path.join(directory, RECORDS)
    try:
        names = sorted(name for name in os.listdir(place) if name.endswith(".json"))
        return [_checked_record(os.path.join(place, name)) for name in names]
    except FileNotFoundError:
        return []
    except OSError as error:
        run_id = os.path.basename(directory)
        raise unavailable(
            Said("The records of {run_id} cannot be read", run_id=run_id), error
        ) from error


def check_subject(run_id: str, digest: str, records: Iterable[dict[str, Any]]) -> None:
    """Refuse a run that none of the records about it is about.

    A footprint names the digest of the run that it was computed from as its ``subject``. A run
    that nothing was computed from yet has no such witness, and passes.

    Args:
        run_id: The run.
        digest: Digest of its record, as it is now.
        records: The records kept beside it.

    Raises:
        IntegrityError: If records have a subject, and it is another than the run for all of them.
    """
    subjects = [record["subject"] for record in records if "subject" in record]
    if subjects and digest not in subjects:
        raise IntegrityError(
            "The record of {run_id} is {digest}, but what was computed from it says "
            "{subject!r:.80}: it was changed afterwards. Restore run.json from a copy.",
            run_id=run_id,
            digest=digest,
            subject=subjects[0],
        )


def record_of_bytes(path: str, data: bytes) -> dict[str, Any]:
    """Return the record in the bytes of a file that is named by their digest.

    Raises:
        IntegrityError: If they have another digest, or are no record.
    """
    promised = os.path.basename(path).removesuffix(".json")
    if digest_of_bytes(data) != f"sha256:{promised}":
        raise IntegrityError(
            "{path!r} was changed: its bytes do not have the digest in its name. Restore it from "
            "a copy, or remove it.",
            path=path,
        )
    record = decode(data)
    if not isinstance(record, dict):
        raise IntegrityError(
            "{path!r} is not a record: a JSON object was expected. Remove it.", path=path
        )
    return record  # pyright: ignore[reportUnknownVariableType]


def _checked_record(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        return record_of_bytes(path, file.read())
