"""Canonical JSON (RFC 8785) and digests: the same record gives the same bytes everywhere."""

from __future__ import annotations

from hashlib import sha256
from json import loads
from json.encoder import encode_basestring  # escapes just what RFC 8785 section 3.2.2.2 escapes
from math import isfinite

from brizna.core.errors import InputError, IntegrityError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LARGEST_INTEGER = 2**53 - 1


def encode(value: Any) -> bytes:
    """Return the canonical bytes of a JSON value (RFC 8785).

    Raises:
        InputError: If the value has a part that JSON cannot hold unambiguously: NaN, an infinity,
            an integer beyond 2**53 - 1, a key that is not text, a lone surrogate, another type.
    """
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            "{text!r} is half a character (a lone surrogate) and cannot be stored: replace it "
            "before recording.",
            text=error.object[error.start : error.end],
        ) from error


def decode(data: bytes | str) -> Any:
    """Return the value of JSON bytes.

    Raises:
        IntegrityError: If the bytes are not JSON, or an object has one name twice.
    """
    try:
        return loads(data, parse_int=_integer, object_pairs_hook=_object_of)
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, or too many digits or levels
        raise IntegrityError(
            "These bytes are not JSON ({error}): the file was cut or changed. Restore it from a "
            "copy.",
            error=error,
        ) from error


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what readers understand differently: which of two values of one name counts."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return value


def _integer(text: str) -> int | float:
    """Read whole numbers beyond 2**53 - 1 as the floats that RFC 8785 wrote them for."""
    value = int(text)
    return value if -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER else float(text)


def digest(value: Any) -> str:
    """Return ``sha256:`` and the hexadecimal SHA-256 of the canonical bytes of a JSON value."""
    return digest_of_bytes(encode(value))


def digest_of_bytes(data: bytes) -> str:
    """Return ``sha256:`` and the hexadecimal SHA-256 of bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, int):
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
            raise InputError(
                "{value} is beyond 2**53 - 1, the largest integer JSON readers share.", value=value
            )
        return str(int(value))
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_text, value))}]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, dict):
        return _object(value)  # pyright: ignore[reportUnknownArgumentType]
    raise InputError(
        "{kind} has no JSON form: {value!r:.80}.", kind=type(value).__name__, value=value
    )


def _object(value: dict[Any, Any]) -> str:
    for key in value:
        if not isinstance(key, str):
            raise InputError("The key {key!r} is not text; JSON objects have text keys.", key=key)
    keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
    return f"{{{','.join(f'{encode_basestring(key)}:{_text(value[key])}' for key in keys)}}}"


def _number(value: float) -> str:
    """Return a number as ECMAScript prints it (RFC 8785 section 3.2.2.3)."""
    if not isfinite(value):
        raise InputError(
            "{value} has no JSON form: leave out what is unknown, with a reason.", value=value
        )
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)  # the decimal point stands after this many digits
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0") or "0"
    if len(digits) <= point <= 21:
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{head}e{'+' if point > 0 else '-'}{abs(point - 1)}"
