"""The file of a run in which looks into its processes are written, beside the journal."""

from __future__ import annotations

import os

from brizna.core.errors import Said
from brizna.store._files import unavailable
from brizna.store._lines import frame, split, unframe
from brizna.store._marks import open_to_append

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

LOOKS = "profile.jsonl"


def looks_file(directory: str) -> str:
    """Return the file of a run's directory that looks are appended to, by many at once."""
    return os.path.join(directory, LOOKS)


def append_look(directory: str, line: Mapping[str, Any]) -> None:
    """Append a line; what cannot be written is left out.

    Raises:
        OSError: If it cannot be written.
    """
    descriptor = open_to_append(looks_file(directory))
    try:
        os.write(descriptor, frame(line))
    finally:
        os.close(descriptor)


def read_looks(directory: str) -> tuple[list[dict[str, Any]], int]:
    """Return what looks into a run wrote, and how many lines are damaged; nothing if none did.

    Raises:
        UnavailableError: If the file is there but cannot be read.
    """
    try:
        with open(looks_file(directory), "rb") as file:
            return looks_of(file.read())
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        path = looks_file(directory)
        raise unavailable(Said("{path!r} cannot be read", path=path), error) from error


def looks_of(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """Return what looks wrote in the bytes of their file, and how many lines are damaged."""
    lines = [unframe(line) for line in split(data)]
    sound = [line for line in lines if line is not None]
    return sound, len(lines) - len(sound)
