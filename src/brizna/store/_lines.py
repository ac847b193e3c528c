"""Lines that prove themselves: ``crc32 SP json LF``.

The CRC-32 (zlib's, eight lower-case hexadecimal digits) is that of the JSON bytes. A writer whose
last write failed or was cut short starts the next line with LF, so that a torn line spoils only
itself; empty lines mean nothing.
"""

from __future__ import annotations

from json import JSONEncoder, loads
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Event = Mapping[str, Any]

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_encode_plain = JSONEncoder(ensure_ascii=False).encode


def frame(event: Event) -> bytes:
    """Return an event as a line.

    Half characters, such as bytes of a command line that are no text, become U+FFFD: a record of
    the run could not hold them.
    """
    line = _sample(event) or _text(event)
    return b"%08x %s\n" % (crc32(line), line)


def _sample(event: Event) -> bytes | None:
    """Return a sample as JSON; None for any other event.

    Written once an interval by a processor that slept until then: the encoder's many steps would
    be most of what a tick costs.
    """
    if "c" not in event or "e" in event:
        return None
    text = b'{"t":%d,"c":%s' % (event["t"], _numbers(event["c"]))
    if len(event) > 2:
        rest = {name: value for name, value in event.items() if name not in ("t", "c")}
        if "cpu" in rest:
            text += b',"cpu":' + _numbers(rest.pop("cpu"))
        if rest:
            return text + b"," + _text(rest)[1:]
    return text + b"}"


def _numbers(whole: Sequence[int | None]) -> bytes:
    """Return whole numbers, or null where one is unknown, as JSON."""
    if None in whole:
        return b"[" + b",".join([b"null" if n is None else b"%d" % n for n in whole]) + b"]"
    return b"[" + (b"%d," * len(whole) % tuple(whole))[:-1] + b"]"


def _text(event: Event) -> bytes:
    text = _encode(event)
    if "\\ud" in text:
        text = _encode(loads("".join(map(_whole, _encode_plain(loads(text))))))
    return text.encode("ascii")


def _whole(character: str) -> str:
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def split(data: bytes) -> list[bytes]:
    """Return the lines of a file without their ends, empty ones left out."""
    return [line for line in data.split(b"\n") if line]


def unframe(line: bytes) -> dict[str, Any] | None:
    """Return a line's event; None if the line is damaged or cut short."""
    text = line[9:]
    if line[:9] != b"%08x " % crc32(text):
        return None
    try:
        event = loads(text)
    except ValueError:  # the sum fits but it is not JSON: somebody else's line
        return None
    return event if isinstance(event, dict) else None  # pyright: ignore[reportUnknownVariableType]
