"""Signatures are checked by Python alone as by others: right ones pass, all else does not."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.store._curves import _L25519, der_of, kind_of, verify_plainly

ED25519 = bytes.fromhex("302a300506032b6570032100")
P256 = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
)
"""Tests 1 to 3 of RFC 8032, section 7.1: public key, message, signature."""
RFC_6979 = (
    (
        "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
        "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
    ),
    b"sample",
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
)
"""P-256 with SHA-256 in RFC 6979, appendix A.2.5: public key, message, the two numbers."""


def pem(head: bytes, point: bytes) -> str:
    body = b64encode(head + point).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def der(*numbers: int) -> bytes:
    """Return a signature of P-256 in DER."""
    parts = b""
    for number in numbers:
        body = number.to_bytes(number.bit_length() // 8 + 1, "big")
        parts += bytes([2, len(body)]) + body
    return bytes([0x30, len(parts)]) + parts


SAMPLE = (
    pem(P256, bytes.fromhex(RFC_6979[0])),
    RFC_6979[1],
    der(*(int(n, 16) for n in RFC_6979[2:])),
)


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_are_verified(public: str, message: str, signature: str) -> None:
    key, data = pem(ED25519, bytes.fromhex(public)), bytes.fromhex(message)
    given_ = bytes.fromhex(signature)
    assert verify_plainly(key, data, given_)
    assert not verify_plainly(key, data + b"x", given_)
    higher = int.from_bytes(given_[32:], "little") + _L25519
    assert not verify_plainly(key, data, given_[:32] + higher.to_bytes(32, "little"))


def test_the_vector_of_rfc_6979_is_verified() -> None:
    key, data, signature = SAMPLE
    assert verify_plainly(key, data, signature)
    assert not verify_plainly(key, data + b"x", signature)


@given(st.data())
def test_a_flipped_bit_breaks_a_signature(data: st.DataObject) -> None:
    public, message, signature = RFC_8032[1]
    whole = bytes.fromhex(public) + bytes.fromhex(message) + bytes.fromhex(signature)
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    other = bytearray(whole)
    other[bit // 8] ^= 1 << bit % 8
    key = pem(ED25519, bytes(other[:32]))
    assert not verify_plainly(key, bytes(other[32:33]), bytes(other[33:]))


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        der(1),
        der(1, 2, 3),
        der(0, 1),
        SAMPLE[2] + b"\0",
        SAMPLE[2][:-1],
        b"\x31" + SAMPLE[2][1:],
        bytes.fromhex("3008020200010202ff01"),
        bytes.fromhex("3006028001028001"),
    ],
)
def test_what_is_no_signature_is_none(signature: bytes) -> None:
    assert not verify_plainly(SAMPLE[0], SAMPLE[1], signature)


def test_a_point_beside_the_curve_verifies_nothing() -> None:
    point = bytes.fromhex(RFC_6979[0])
    assert not verify_plainly(pem(P256, point[:-1] + b"\0"), SAMPLE[1], SAMPLE[2])
    assert not verify_plainly(pem(ED25519, b"\xff" * 32), b"", bytes.fromhex(RFC_8032[0][2]))
    assert kind_of(der_of(pem(P256, point[:-1])) or b"") is None
    assert der_of("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----") is None


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_both_ways_of_checking_agree(kind: str) -> None:
    pytest.importorskip("cryptography")
    from brizna.store._signatures import id_of, new_pair, read_public, sign, verify

    secret, public = new_pair(kind)
    assert read_public(public) == (kind, public)
    assert id_of(public) == f"sha256:{sha256(der_of(public) or b'').hexdigest()}"
    for text in (b"", b"one", b"other" * 1000):
        signature = sign(secret, text) or b""
        for checked in (verify, verify_plainly):
            assert checked(public, text, signature)
            assert not checked(public, text + b"x", signature)
