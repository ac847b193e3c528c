"""Files as a kernel shows them: their text changes in place, under readers that keep them open."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def show(file: Path, text: str | int) -> None:
    """Let a file show a text from now on; a reader that holds it open sees it, and never nothing.

    Args:
        file: Where; its folder is made if it is not there.
        text: What, without the end of the line.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    data = f"{text}\n".encode()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, data)
        os.truncate(descriptor, len(data))
    finally:
        os.close(descriptor)


def hide(file: Path) -> None:
    """Take a file away; one that is open already shows nothing any more.

    Real files answer a reader without permission with an error. A mode would not do here: it does
    not bind a superuser, who may well run the tests.
    """
    file.write_bytes(b"")
    file.unlink()
