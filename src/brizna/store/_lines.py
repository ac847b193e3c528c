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
    from collections.abc import Mapping
    from typing import Any

    Event = Mapping[str, Any]

_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_encode_plain = JSONEncoder(ensure_ascii=False).encode


def frame(event: Event) -> bytes:
    """Return an event as a line.

    Half characters, such as bytes of a command line that are no text, become U+FFFD: a record of
    the run could not hold them.
    """
    text = _sample(event) or _encode(event)
    if "\\ud" in text:
        text = _encode(loads("".join(map(_whole, _encode_plain(loads(text))))))
    line = text.encode("ascii")
    return b"%08x %s\n" % (crc32(line), line)


def _sample(event: Event) -> str | None:
    """Return a plain sample as JSON; None for any other event.

    Written once an interval by a processor that slept until then: the encoder's many steps are
    most of what a tick would cost.
    """
    if len(event) != 2 or "c" not in event or "t" not in event:
        return None
    counted = ",".join(["null" if uj is None else f"{uj:d}" for uj in event["c"]])
    return f'{{"t":{event["t"]:d},"c":[{counted}]}}'


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
