"""Canonical JSON, checked against the rfc8785 library and the RFC's own examples."""

from __future__ import annotations

import math
import struct

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from brizna.core import codec
from brizna.core.errors import InputError, IntegrityError

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values)
def test_bytes_equal_those_of_the_rfc8785_library(value: object) -> None:
    assert codec.encode(value) == rfc8785.dumps(value)  # pyright: ignore[reportArgumentType]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives(value: float) -> None:
    assert codec.decode(codec.encode(value)) == value


# RFC 8785, appendix B: IEEE 754 bits in hexadecimal and the text they give.
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("41b3de4355555553", "333333333.3333332"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_numbers_of_the_rfc(bits: str, text: str) -> None:
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert codec.encode(value).decode() == text


def test_keys_are_sorted_by_utf_16_units() -> None:
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert [*codec.decode(codec.encode(value)).values()] == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 2**53, {1: 2}, "\ud800", object(), b"bytes", {"a": {1, 2}}]
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        codec.encode(value)


@pytest.mark.parametrize("data", [b"", b'{"a": 1, "a": 2}', b'{"a": 1', b"\xff\xfe", b"nope"])
def test_bytes_that_are_not_json_are_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="not JSON"):
        codec.decode(data)


def test_the_digest_names_its_algorithm() -> None:
    assert codec.digest({}) == (
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    )


def test_a_number_of_more_digits_than_python_reads_is_told_as_no_json() -> None:
    with pytest.raises(IntegrityError, match="not JSON"):
        codec.decode("1" * 5000)
