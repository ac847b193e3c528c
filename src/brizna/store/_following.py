"""A journal that another process writes, read as it grows."""

from __future__ import annotations

import os

from brizna.store._journal import JOURNAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._lines import Event


class JournalFile:
    """The journal of a run, for a `Tail` that follows it from outside; nothing is written.

    A file that was replaced by its thinned copy is known by its number on the file system.

    Args:
        directory: The run's directory.
    """

    def __init__(self, directory: str) -> None:
        self.path = os.path.join(directory, JOURNAL)
        self._number: int | None = None
        self._thinnings = 0

    def since(self, place: tuple[int, int]) -> tuple[bytes, tuple[int, int], list[Event]]:
        """Return what was written after a place, and the place after it, as `Journal.since` does.

        Nothing waits in the memory of a reader.

        Raises:
            OSError: If the file is not there, or cannot be read.
        """
        with open(self.path, "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino != self._number or status.st_size < place[1]:
                self._thinnings += self._number is not None
                self._number = status.st_ino
            offset = place[1] if place[0] == self._thinnings else 0
            file.seek(offset)
            data = file.read()
        data = data[: data.rfind(b"\n") + 1]
        return data, (self._thinnings, offset + len(data)), []
