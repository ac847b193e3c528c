"""What live sources answered, kept on disk for a while; and how often each was asked.

Files are readable by their owner alone. A key is in none of them: an answer is filed under the
digest of its public address.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress

from brizna.core.codec import digest_of_bytes
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_FILES = 400


class Kept(Record):
    """An answer that was kept.

    Attributes:
        at_s: When it came, in seconds since 1970.
        etag: What its source calls this version of it; None if it does not say.
        data: Its bytes.
    """

    at_s: float
    etag: str | None
    data: bytes


class Cache:
    """Answers and counts in one directory, made when it is first needed.

    A directory that cannot be written keeps nothing: sources are then asked each time.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory

    def find(self, address: str) -> Kept | None:
        """Return what was kept for a public address; None where nothing is, or it is damaged."""
        try:
            with open(self._path(address), "rb") as file:
                head, data = file.readline(), file.read()
            about: Any = json.loads(head)
            if about["address"] != address or about["digest"] != digest_of_bytes(data):
                return None
            return Kept(at_s=float(about["at_s"]), etag=about["etag"], data=data)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, address: str, kept: Kept) -> None:
        """Keep an answer in the place of an older one."""
        about = {
            "address": address,
            "at_s": kept.at_s,
            "etag": kept.etag,
            "digest": digest_of_bytes(kept.data),
        }
        head = json.dumps(about).encode()
        with suppress(OSError):  # full or read only: what is not kept is asked for again
            self._write(self._path(address), head + b"\n" + kept.data)
            self._prune()

    def take_turn(self, name: str, now_s: float, *, most: int, period_s: float) -> float:
        """Count one question; return 0, or the seconds to wait where that were too many.

        Args:
            name: Who is asked.
            now_s: The present, in seconds since 1970.
            most: How many questions a period may have.
            period_s: The period, in seconds.
        """
        path = os.path.join(self.directory, f"{name}.turns")
        try:
            with open(path, encoding="utf-8") as file:
                turns = [float(line) for line in file]
        except (OSError, ValueError):  # none yet, or damaged
            turns = []
        turns = [turn for turn in turns if now_s - period_s < turn <= now_s]
        if len(turns) >= most:
            return turns[-most] + period_s - now_s
        with suppress(OSError):  # cannot be counted here: the source itself says when it is enough
            self._write(path, "".join(f"{turn!r}\n" for turn in [*turns, now_s]).encode())
        return 0.0

    def _path(self, address: str) -> str:
        name = digest_of_bytes(address.encode()).removeprefix("sha256:")
        return os.path.join(self.directory, f"{name[:40]}.answer")

    def _write(self, path: str, data: bytes) -> None:
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        made = f"{path}.{os.getpid()}"
        file = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
        os.replace(made, path)

    def _prune(self) -> None:
        """Remove the oldest answers where there are too many."""
        names = [name for name in os.listdir(self.directory) if name.endswith(".answer")]
        paths = [os.path.join(self.directory, name) for name in names]
        for path in sorted(paths, key=os.path.getmtime)[: max(0, len(paths) - _MOST_FILES)]:
            os.unlink(path)
