"""Sigstore bundles with a key of one's own, as OpenSSF Model Signing reads and writes them.

The bundle names the key by the SHA-256 of its public half in PEM; no transparency log is asked.

References:
    [1] Sigstore bundle format, version 0.3; OpenSSF Model Signing 1.0, signing with a key.
"""

from __future__ import annotations

from hashlib import sha256

from brizna.core.errors import InputError, IntegrityError, Said
from brizna.store._envelopes import lacking, seal, unseal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brizna.store._keys import Key, KeyRing

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def seal_bundle(payload: bytes, ring: KeyRing, *, key: str | None = None) -> dict[str, Any]:
    """Return content in a bundle with one signature.

    Args:
        payload: The content.
        ring: Where the key is.
        key: With which key; by default the newest of ours of the right kind.

    Raises:
        InputError: If there is no such key of ours, or it is not over the curve P-256, the one
            kind that model_signing knows.
    """
    chosen = ring.latest("p256") if key is None else ring.find(key)
    if chosen.kind != "p256":
        raise InputError(
            "Key {name} is of kind {kind}: expected p256, as OpenSSF Model Signing knows no "
            "other. Make one: brizna keys new NAME --kind p256.",
            name=chosen.name,
            kind=chosen.kind,
        )
    envelope = seal(payload, ring, key=chosen.id)
    signatures = [{"sig": one["sig"], "keyid": ""} for one in envelope["signatures"]]
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": _hint(chosen)}, "tlogEntries": []},
        "dsseEnvelope": {**envelope, "signatures": signatures},
    }


def unseal_bundle(
    bundle: Mapping[str, Any], ring: KeyRing, *, at: Callable[[bytes], str | None]
) -> tuple[bytes, Key]:
    """Return the content of a bundle, and the key that signed it.

    Args:
        bundle: As `seal_bundle` made it, or model_signing with a key.
        ring: The keys that are believed.
        at: Says of a content when it was signed, where it tells.

    Raises:
        IntegrityError: If it is no such bundle, or its signature is not believed.
    """
    try:
        hint = bundle["verificationMaterial"]["publicKey"]["hint"]
        envelope = dict(bundle["dsseEnvelope"])
        signatures = [dict(one) for one in envelope["signatures"]]
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(
            "This is no bundle that is signed with a key: {error}. Expected a public key's hint "
            "and an envelope; certificates of Sigstore cannot be checked offline.",
            error=lacking(error),
        ) from error
    keys = ring.keys().values()
    unknown = str(Said("with the hint {hint}", hint=hint))
    found = next((key.id for key in keys if _hint(key) == hint), unknown)
    envelope["signatures"] = [{**one, "keyid": found} for one in signatures]
    return unseal(envelope, ring, at=at)


def _hint(key: Key) -> str:
    return sha256(key.public_pem.encode()).hexdigest()
