"""Signatures checked by Python alone, where cryptography is not installed.

For an auditor with nothing but Python, and for the verifier that lies in every bundle. Nothing
here is secret, so no care is taken that it takes the same time for every input; it signs nothing.

References:
    [1] RFC 8032, Edwards-Curve Digital Signature Algorithm, section 5.1.7.
    [2] FIPS 186-5, Digital Signature Standard, section 6.4.2; SP 800-186 for the curve P-256.
    [3] RFC 8410 and RFC 5480: how the public halves are written.
"""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256, sha512

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Point = tuple[int, int] | None
    """A point by its two coordinates; None is the point at infinity."""
    Add = Callable[[Point, Point], Point]

_HEADS = {
    "ed25519": bytes.fromhex("302a300506032b6570032100"),
    "p256": bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
}
"""What stands before the point in SubjectPublicKeyInfo, in DER [3]."""
_LENGTHS = {"ed25519": 32, "p256": 64}
_FIRST, _LAST = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"

# edwards25519 [1]: the field, the order of the base point, the curve's constant, the base point.
_P25519 = 2**255 - 19
_L25519 = 2**252 + 27742317777372353535851937790883648493
_D25519 = -121665 * pow(121666, -1, _P25519) % _P25519
_BASE_Y = 4 * pow(5, -1, _P25519) % _P25519

# P-256 [2]: the field, the order of the base point, the curve's constant, the base point.
_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B256 = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G256 = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def der_of(pem: str) -> bytes | None:
    """Return what stands in the PEM of a public key; None if it is none."""
    lines = pem.strip().splitlines()
    if len(lines) < 3 or (lines[0].strip(), lines[-1].strip()) != (_FIRST, _LAST):
        return None
    try:
        return b64decode("".join(line.strip() for line in lines[1:-1]), validate=True)
    except ValueError:
        return None


def kind_of(der: bytes) -> str | None:
    """Return of which kind a public key in DER is; None if it is of none that is known."""
    for kind, head in _HEADS.items():
        if der.startswith(head) and len(der) == len(head) + _LENGTHS[kind]:
            return kind
    return None


def verify_plainly(public_pem: str, data: bytes, signature: bytes) -> bool:
    """Return whether a signature is one of these bytes by this key."""
    der = der_of(public_pem) or b""
    kind = kind_of(der)
    if kind is None:
        return False
    point = der.removeprefix(_HEADS[kind])
    return (_verify_ed25519 if kind == "ed25519" else _verify_p256)(point, data, signature)


# ------------------------------------------------------------------------------------------ ed25519


def _verify_ed25519(public: bytes, data: bytes, signature: bytes) -> bool:
    """Compare ``[S]B - [k]A`` with ``R`` [1]."""
    if len(signature) != 64:
        return False
    key, nonce = _decompressed(public), signature[:32]
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= _L25519:
        return False
    challenge = int.from_bytes(sha512(nonce + public + data).digest(), "little") % _L25519
    base = _decompressed(_BASE_Y.to_bytes(32, "little"))
    negative = (-key[0] % _P25519, key[1])
    found = _sum_of(scalar, base, challenge, negative, add=_add_edwards)
    assert found is not None  # no point of this curve lies at infinity
    return (found[1] | (found[0] & 1) << 255).to_bytes(32, "little") == nonce


def _decompressed(data: bytes) -> Point:
    """Return the point that 32 bytes stand for; None if they stand for none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P25519:
        return None
    square = (y * y - 1) * pow(_D25519 * y * y + 1, -1, _P25519) % _P25519
    x = pow(square, (_P25519 + 3) // 8, _P25519)
    if (x * x - square) % _P25519:
        x = x * pow(2, (_P25519 - 1) // 4, _P25519) % _P25519
    if (x * x - square) % _P25519 or (x == 0 and sign):
        return None
    return (-x % _P25519 if x & 1 != sign else x), y


def _add_edwards(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one or (0, 1), other or (0, 1)
    both = _D25519 * x1 * x2 * y1 * y2 % _P25519
    x = (x1 * y2 + x2 * y1) * pow(1 + both, -1, _P25519) % _P25519
    return x, (y1 * y2 + x1 * x2) * pow(1 - both, -1, _P25519) % _P25519


# -------------------------------------------------------------------------------------------- P-256


def _verify_p256(public: bytes, data: bytes, signature: bytes) -> bool:
    """Compare the first coordinate of ``[z/s]G + [r/s]Q`` with ``r`` [2]."""
    x, y = (int.from_bytes(public[at : at + 32], "big") for at in (0, 32))
    is_on_curve = max(x, y) < _P256 and (y * y - x * x * x + 3 * x - _B256) % _P256 == 0
    pair = _pair_of(signature)
    if not is_on_curve or pair is None or not all(0 < one < _N256 for one in pair):
        return False
    r, inverse = pair[0], pow(pair[1], -1, _N256)
    digest = int.from_bytes(sha256(data).digest(), "big")
    found = _sum_of(
        digest * inverse % _N256, _G256, r * inverse % _N256, (x, y), add=_add_weierstrass
    )
    return found is not None and found[0] % _N256 == r


def _add_weierstrass(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % _P256 == 0:
        return None
    if x1 == x2:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, _P256) % _P256
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, _P256) % _P256
    x = (slope * slope - x1 - x2) % _P256
    return x, (slope * (x1 - x) - y1) % _P256


def _pair_of(der: bytes) -> tuple[int, int] | None:
    """Return the two numbers of a signature in DER; None if it is not in its one right form."""
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] >= 0x80:
        return None
    found: list[int] = []
    left = der[2:]
    while left:
        if len(left) < 3 or left[0] != 0x02 or not 1 <= left[1] <= len(left) - 2:
            return None
        body, left = left[2 : 2 + left[1]], left[2 + left[1] :]
        is_padded = len(body) > 1 and body[0] == 0 and body[1] < 0x80
        if body[0] >= 0x80 or is_padded:
            return None
        found.append(int.from_bytes(body, "big"))
    return (found[0], found[1]) if len(found) == 2 else None


# -------------------------------------------------------------------------------------------- both


def _sum_of(first: int, one: Point, second: int, other: Point, *, add: Add) -> Point:
    """Return ``[first]one + [second]other``: both multiplied in one walk over their bits."""
    added = {(1, 0): one, (0, 1): other, (1, 1): add(one, other)}
    found: Point = None
    for bit in reversed(range(max(first.bit_length(), second.bit_length()))):
        found = add(found, found)
        which = (first >> bit & 1, second >> bit & 1)
        if any(which):
            found = add(found, added[which])
    return found
