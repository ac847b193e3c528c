"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.errors import IntegrityError, Said, UnavailableError

_OTHER_STORE = Said("with --store or BRIZNA_STORE")


def unavailable(what: Said, error: OSError, *, choose: Said = _OTHER_STORE) -> UnavailableError:
    """Return the error for a file or directory that the system does not let us use.

    Args:
        what: What cannot be done with which file.
        error: What the system says.
        choose: How to choose another place.
    """
    return UnavailableError(
        "{what}: {reason}. Expected a place with room and permission; free some, or choose "
        "another {choose}.",
        what=what,
        reason=error.strerror or error,
        choose=choose,
    )


def replace_file(path: str, data: bytes) -> None:
    """Put a file in the place of another, durably: a reader sees the old one or the new one.

    What is there but no file, such as a pipe, is written to and stays; so does a link, such as
    ``/dev/stdout``, to what is written instead.

    Raises:
        OSError: If it cannot be written; then the old file stands.
    """
    if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
        with open(path, "wb") as device:
            device.write(data)
        return
    path = os.path.realpath(path)
    draft = _draft(path, data)
    try:
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise
    _sync_directory(path)


def write_once(path: str, data: bytes) -> None:
    """Write a file that never changes again, durably; the same bytes twice are fine.

    Raises:
        IntegrityError: If the file is there with other bytes.
        OSError: If it cannot be written.
    """
    if _holds(path, data):
        return
    draft = _draft(path, data)
    try:
        os.link(draft, path)  # unlike a rename, this fails if the name is taken
    except FileExistsError:
        _holds(path, data)
    except OSError:  # a file system without links: little time lies between look and rename
        if not _holds(path, data):
            os.replace(draft, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(draft)
    _sync_directory(path)


def _holds(path: str, data: bytes) -> bool:
    """Tell whether a file holds these bytes; False if there is none."""
    try:
        with open(path, "rb") as file:
            same = file.read() == data
    except FileNotFoundError:
        return False
    if not same:
        raise IntegrityError(
            "{path!r} is there with other content, and records never change. Move the file away "
            "to keep both, or remove the run with 'brizna runs rm'.",
            path=path,
        )
    return True


def _draft(path: str, data: bytes) -> str:
    """Write bytes durably to a new file beside ``path`` and return its name."""
    draft = f"{path}.{os.urandom(6).hex()}.tmp"
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise
    return draft


def _sync_directory(path: str) -> None:
    """Make a new name durable, where the system can: some have no such call, or not here."""
    if os.name == "nt":
        return
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
