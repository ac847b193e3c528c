"""Envelopes: any content with signatures over it and its type, as DSSE 1 has them [1].

The type is signed too, so that bytes that were signed as one thing cannot be shown as another.

References:
    [1] Dead Simple Signing Envelope, version 1.0, protocol and envelope, secure-systems-lab.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from brizna.core.errors import IntegrityError, Said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.store._keys import Key, KeyRing

IN_TOTO = "application/vnd.in-toto+json"
"""The type of an in-toto statement."""


def seal(
    payload: bytes, ring: KeyRing, *, payload_type: str = IN_TOTO, key: str | None = None
) -> dict[str, Any]:
    """Return content in an envelope with one signature.

    Args:
        payload: The content.
        ring: Where the key is.
        payload_type: What the content is.
        key: With which key; by default the newest of ours.

    Raises:
        InputError: If there is no such key of ours.
    """
    signer, signature = ring.sign(_signed(payload, payload_type), key=key)
    return {
        "payload": b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": signer.id, "sig": b64encode(signature).decode()}],
    }


def unseal(
    envelope: Mapping[str, Any],
    ring: KeyRing,
    *,
    payload_type: str = IN_TOTO,
    at: Callable[[bytes], str | None],
) -> tuple[bytes, Key]:
    """Return the content of an envelope, and the key that signed it.

    Of several signatures one that is believed is enough.

    Args:
        envelope: As `seal` made it, or another program.
        ring: The keys that are believed.
        payload_type: What the content must be.
        at: Says of a content when it was signed, where it tells.

    Raises:
        IntegrityError: If it is no envelope, holds something else, or no signature is believed.
    """
    try:
        payload = b64decode(envelope["payload"], validate=True)
        found, signatures = envelope["payloadType"], list(envelope["signatures"])
        given = [(str(one["keyid"]), b64decode(one["sig"], validate=True)) for one in signatures]
    except (KeyError, TypeError, ValueError, Base64Error) as error:
        raise IntegrityError(
            "This is no signed envelope: {error}. Expected payload, payloadType and signatures, as "
            "DSSE has them. Get the original.",
            error=lacking(error),
        ) from error
    if found != payload_type or not given:
        raise IntegrityError(
            "The envelope holds {found!r} with {count} signatures: expected {payload_type!r} with "
            "at least one. Get the original.",
            found=found,
            count=len(given),
            payload_type=payload_type,
        )
    data, when = _signed(payload, payload_type), at(payload)
    wrong: IntegrityError | None = None
    for key_id, signature in given:
        try:
            return payload, ring.check(data, signature, key_id=key_id, at=when)
        except IntegrityError as error:
            wrong = error
    assert wrong is not None
    raise wrong


def lacking(error: Exception) -> Said:
    """Return in plain words why something is no envelope or bundle."""
    if isinstance(error, KeyError):
        return Said("it has no {name}", name=error.args[0])
    if isinstance(error, Base64Error):
        return Said("its content or a signature is not written in Base64")
    return Said("a part of it is not what it should be")


def _signed(payload: bytes, payload_type: str) -> bytes:
    """Return the bytes that are signed: the pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
