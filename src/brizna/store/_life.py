"""Whether the recorder of a run is alive, told from the journal's first lines and its last time."""

from __future__ import annotations

import os
import time

from brizna.store._alive import PROC, RECENT_S, command_runs, liveness
from brizna.store._journal import JOURNAL
from brizna.store._lines import split, unframe
from brizna.store._records import RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.store._lines import Event

_HEAD_BYTES = 64 * 1024
"""The start and child events lie within the first lines of a journal."""


class Life:
    """What a run's directory tells of its recorder and of its command.

    Args:
        directory: The run's directory.
        host: The name for this host, as given to `writer_identity`.
        proc_root: Where process information is mounted.
    """

    def __init__(self, directory: str, *, host: str | None = None, proc_root: str = PROC) -> None:
        self._directory = directory
        self._journal = os.path.join(directory, JOURNAL)
        self._host = host
        self._proc_root = proc_root

    def state(self) -> str:
        """Return `liveness` of the run's writer."""
        start = self._head().get("start", {})
        writer = start.get("writer")
        if not writer:  # its first line is not written, or lost
            return "alive" if self.silent_s() < RECENT_S else "dead"
        interval_us = start.get("interval_us")
        return liveness(
            writer,
            silent_s=self.silent_s(),
            interval_s=None if interval_us is None else interval_us / 1e6,
            host=self._host,
            proc_root=self._proc_root,
        )

    def is_blank(self) -> bool:
        """Tell whether not one whole line of a run was ever written, nor anything computed."""
        if os.path.isdir(os.path.join(self._directory, RECORDS)):
            return False
        try:
            with open(self._journal, "rb") as file:
                head = file.read(_HEAD_BYTES)
        except FileNotFoundError:
            return True
        except OSError:  # whoever reads its events says what is wrong
            return False
        return len(head) < _HEAD_BYTES and b"\n" not in head

    def silent_s(self) -> float:
        """Return the seconds since the last line of the run's journal."""
        try:
            return time.time() - os.stat(self._journal).st_mtime
        except OSError:
            return time.time() - os.stat(self._directory).st_mtime

    def command_runs(self) -> bool | None:
        """Return `command_runs` of the run's command; None where its journal is gone."""
        head = self._head()
        child, writer = head.get("child"), head.get("start", {}).get("writer")
        if not child or not writer:
            return None
        return command_runs(child, writer, host=self._host, proc_root=self._proc_root)

    def _head(self) -> dict[str, Event]:
        """Return the last event of each kind among the first lines of the journal."""
        try:
            with open(self._journal, "rb") as file:
                events = [unframe(line) for line in split(file.read(_HEAD_BYTES))]
        except OSError:
            return {}
        return {str(event.get("e")): event for event in events if event is not None}
