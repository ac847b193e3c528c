"""Signatures: Ed25519, and ECDSA over P-256. The only file that talks to cryptography.

Keys are made, and things are signed, with cryptography. Where it is not installed signatures are
checked all the same, by `brizna.store._curves`.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from brizna.core.errors import InputError, IntegrityError, UnavailableError
from brizna.store._curves import der_of, kind_of, verify_plainly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

KEY_KINDS = ("ed25519", "p256")
"""Ed25519 (RFC 8032), and ECDSA with SHA-256 over the curve P-256 (FIPS 186-5)."""
_LINE = 64
"""Characters in a line of PEM (RFC 7468)."""


def new_pair(kind: str) -> tuple[bytes, str]:
    """Return the private and the public half of a new key, in PEM.

    Raises:
        InputError: If the kind is not known.
        UnavailableError: If cryptography is not installed.
    """
    ec, ed25519, forms = _modules()
    if kind not in KEY_KINDS:
        raise InputError(
            "{kind!r} is no kind of key: expected one of {known}.",
            kind=kind,
            known=", ".join(KEY_KINDS),
        )
    private = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else ec.generate_private_key(ec.SECP256R1())
    )
    secret = private.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption()
    )
    public = private.public_key().public_bytes(
        forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo
    )
    return secret, _pem(public)


def read_public(pem: str) -> tuple[str, str]:
    """Return the kind of a public key, and the one way in which we write it.

    Raises:
        InputError: If it is none, or of another kind.
    """
    der = der_of(pem)
    if der is None:
        raise InputError(
            "This is no public key: expected PEM that begins with -----BEGIN PUBLIC KEY-----."
        )
    kind = kind_of(der)
    if kind is None:
        raise InputError(
            "This public key is of another kind: expected one of {known}.",
            known=", ".join(KEY_KINDS),
        )
    return kind, _pem(der)


def id_of(public_pem: str) -> str:
    """Return the id of a public key: the digest of its SubjectPublicKeyInfo.

    Raises:
        IntegrityError: If it is no public key.
    """
    der = der_of(public_pem)
    if der is None or kind_of(der) is None:
        raise IntegrityError(
            "A kept public key cannot be read: expected PEM. Put back the original."
        )
    return f"sha256:{sha256(der).hexdigest()}"


def sign(private_pem: bytes, data: bytes) -> bytes | None:
    """Return the signature of bytes; None if the private half cannot be read."""
    from cryptography.hazmat.primitives.hashes import SHA256

    ec, ed25519, forms = _modules()
    try:
        private = forms.load_pem_private_key(private_pem, password=None)
    except ValueError:
        return None
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(SHA256()))
    return private.sign(data) if isinstance(private, ed25519.Ed25519PrivateKey) else None


def verify(public_pem: str, data: bytes, signature: bytes) -> bool:
    """Return whether a signature is one of these bytes by this key."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        return verify_plainly(public_pem, data, signature)
    try:
        public: Any = load_pem_public_key(public_pem.encode())
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, data, ec.ECDSA(SHA256()))
        else:
            public.verify(signature, data)
    except (InvalidSignature, ValueError):  # a point beside the curve is a ValueError
        return False
    return True


def _pem(der: bytes) -> str:
    text = b64encode(der).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def _modules() -> tuple[ModuleType, ModuleType, ModuleType]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    except ImportError as error:
        raise UnavailableError(
            "Signatures need cryptography: pip install 'brizna[sign]'."
        ) from error
    return ec, ed25519, serialization
