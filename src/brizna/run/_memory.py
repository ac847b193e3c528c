"""How much memory processes hold, each page shared by several counted by its part."""

from __future__ import annotations

import os

from brizna.run._hierarchy import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from brizna.run._outcome import Roots

_KIB = 1024


class Memory:
    """Reads the memory of processes and of the machine, in bytes.

    Attributes:
        method: ``pss`` (proportional set size), or ``rss`` where that of some process was refused
            and its resident set, in which shared pages count whole, stood in.
    """

    def __init__(self, roots: Roots) -> None:
        """Say where procfs is."""
        self._proc = roots.proc_root
        self.method = "pss"

    def resident_bytes(self, pids: Iterable[int]) -> int | None:
        """Return what processes hold together; None where nothing of any of them can be read."""
        known = [held for pid in pids if (held := self._process(pid)) is not None]
        return sum(known) if known else None

    def machine_bytes(self) -> int | None:
        """Return what the machine's programs hold: all but what could be given to a new one."""
        try:
            content = read(f"{self._proc}/meminfo")
        except OSError:
            return None
        size, free = _kib(content, b"MemTotal:"), _kib(content, b"MemAvailable:")
        return None if size is None or free is None else (size - free) * _KIB

    def _process(self, pid: int) -> int | None:
        try:
            held = _kib(read(f"{self._proc}/{pid}/smaps_rollup"), b"Pss:")
            if held is not None:
                return held * _KIB
        except ProcessLookupError:
            return None  # it has just ended
        except OSError:
            if not os.path.exists(f"{self._proc}/{pid}"):
                return None
        try:
            pages = int(read(f"{self._proc}/{pid}/statm").split()[1])
        except (OSError, IndexError):
            return None
        self.method = "rss"
        return pages * os.sysconf("SC_PAGESIZE")


def _kib(content: bytes, name: bytes) -> int | None:
    """Return the number on a line such as ``Pss:  320 kB``; None if there is no such line."""
    place = content.find(b"\n" + name)
    if place < 0 and not content.startswith(name):
        return None
    return int(content[place + 1 :].split(None, 2)[1])
