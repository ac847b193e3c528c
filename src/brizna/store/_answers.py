"""Answers to questions of rules, each in its signed envelope; and all that a store tells rules."""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.codec import decode, digest, encode
from brizna.core.errors import IntegrityError
from brizna.store._envelopes import lacking, seal, unseal
from brizna.store._kept import keep_record, read_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from brizna.store._keys import Key, KeyRing
    from brizna.store._store import Store

ANSWERS = "answers"
ANSWER_TYPE = "application/vnd.brizna.answer+json"
"""What an envelope says that it holds."""
_FOLDERS = ("plans", "sweeps", "tunes", "software", "audits")
_STUDIES, _FOUND = "improve", "found.json"


def keep_answer(
    store: Store, answer: dict[str, Any], ring: KeyRing, *, key: str | None = None
) -> str:
    """Sign an answer, keep it, and return the digest of its envelope.

    Args:
        store: Where it is kept.
        answer: The record, with ``at``, when it was given.
        ring: Where the key is.
        key: With which key; by default the newest of ours.

    Raises:
        InputError: If there is no such key of ours.
        UnavailableError: If it cannot be kept, or cryptography is not installed.
    """
    envelope = seal(encode(answer), ring, payload_type=ANSWER_TYPE, key=key)
    return keep_record(store, ANSWERS, envelope)


def read_answers(store: Store) -> dict[str, dict[str, Any]]:
    """Return the kept envelopes by their digest.

    Raises:
        IntegrityError: If one was changed.
        UnavailableError: If they are there but cannot be read.
    """
    return read_kept(store, ANSWERS)


def open_answer(envelope: dict[str, Any], ring: KeyRing) -> tuple[dict[str, Any], Key]:
    """Return the answer in an envelope, and the key that signed it.

    Raises:
        IntegrityError: If it is no envelope of an answer, or no signature of it is believed.
        UnavailableError: If cryptography is not installed.
    """
    payload, key = unseal(envelope, ring, payload_type=ANSWER_TYPE, at=_said_at)
    return decode(payload), key


def peek(envelope: dict[str, Any]) -> dict[str, Any]:
    """Return the answer in an envelope that nobody believes, to say what it would be.

    Raises:
        IntegrityError: If nothing can be read in it.
    """
    from base64 import b64decode

    try:
        found = decode(b64decode(envelope["payload"], validate=True))
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(
            "An answer has no content that can be read ({error}): expected an envelope. Remove it.",
            error=lacking(error),
        ) from error
    if not isinstance(found, dict):
        raise IntegrityError("An answer is no JSON object: expected one. Remove it.")
    return found  # pyright: ignore[reportUnknownVariableType]


def kept_records(store: Store) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give the records that are about no single run: path, digest, record.

    Raises:
        IntegrityError: If one was changed.
        UnavailableError: If they are there but cannot be read.
    """
    for folder in _FOLDERS:
        for found, record in read_kept(store, folder).items():
            yield f"{folder}/{found.removeprefix('sha256:')[:12]}", found, record
    place = os.path.join(store.path, _STUDIES)
    names: list[str] = []
    with suppress(FileNotFoundError):
        names = sorted(os.listdir(place))
    for name in names:
        with suppress(FileNotFoundError, NotADirectoryError):
            with open(os.path.join(place, name, _FOUND), "rb") as file:
                record = decode(file.read())
            yield f"{_STUDIES}/{name}", digest(record), record


def _said_at(payload: bytes) -> str | None:
    answer: dict[str, Any] = decode(payload)
    return answer.get("at")
