"""The journal of a run: what happened, written as it happens.

One writer appends one checked line (`_lines`) an event with one write each, so that a writer that
is killed loses the event it was at, and nothing before. A line may be of any length: a sample of
many channels or counts, or a start with a long command, is kept like any other.

What was written survives the death of the writer at once and the loss of power after a minute at
most: the disk is asked to keep it at the end and once a minute, in a thread that nobody waits for.

What cannot be written (a full disk, a store that is read-only) stays in memory, is tried again
with each event, and is part of `Journal.events`, so that the run can be told at its end.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import monotonic

from brizna.core.errors import Said, UnavailableError
from brizna.store._lines import frame, split, unframe
from brizna.store._marks import open_to_append, read_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread
    from typing import Any, Self

    from brizna.store._lines import Event

JOURNAL = "journal.jsonl"
THIN_BEYOND = 8 * 1024 * 1024
"""Bytes beyond which a journal is thinned to under half."""
SYNC_EVERY_S = 60.0
_KEPT_IN_MEMORY = 20_000
"""Events that could not be written, beyond which they are thinned too."""

_sync = getattr(os, "fdatasync", os.fsync)


class Journal:
    """The writer of one run's journal.

    Nothing it does raises for the sake of the disk: the job that is measured goes on. A forked
    child's copy does nothing.

    Args:
        directory: The run's directory; None keeps everything in memory.
        clock: Seconds that never step back, to know when a minute has passed.
        thin_beyond: Bytes beyond which the file is thinned.
    """

    def __init__(
        self,
        directory: str | None,
        *,
        clock: Callable[[], float] = monotonic,
        thin_beyond: int = THIN_BEYOND,
    ) -> None:
        self.directory = directory
        self.path = None if directory is None else os.path.join(directory, JOURNAL)
        self._clock = clock
        self._thin_beyond = thin_beyond
        self._sync_due_s = clock() + SYNC_EVERY_S
        self._syncer: Thread | None = None
        self._lock = allocate_lock()
        self._pid = os.getpid()
        self._descriptor: int | None = None
        self._size = 0
        self._torn = False
        self._channels = self._thinnings = 0
        self._waiting: list[Event] = []
        self._keep_in_memory = _KEPT_IN_MEMORY
        self._reason: str | None = None
        self._unsure: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def trouble(self) -> str | None:
        """Why events are in memory only, or may not outlive a power loss; None if all is well."""
        if self._waiting:
            count, why = len(self._waiting), self._reason
            return str(Said("{count} events could not be written: {why}.", count=count, why=why))
        return self._unsure

    def write(self, event: Event) -> None:
        """Append an event, in its JSON form."""
        if os.getpid() == self._pid:
            self.add(event)

    def add(self, event: Event) -> None:
        """Append an event as `write` does, for a caller who knows that this is no forked child."""
        self._lock.acquire()  # `with` would take three times as long where caches are cold
        try:
            if event.get("e") == "channel":  # samples name channels by place: a lost line must show
                event = {**event, "i": self._channels}
                self._channels += 1
            line = frame(event)
            if self._waiting or not self._append(line):
                self._waiting.append(event)
                self._catch_up()
            elif self._size > self._thin_beyond:
                self._thin()
            self._sync_if_due()
        finally:
            self._lock.release()

    def events(self) -> tuple[list[dict[str, Any]], int]:
        """Return all events, written or not, for `replay`, and how many lines are damaged."""
        from brizna.store._reading import heal

        with self._lock:
            lines = split(self._written())
            lines += [frame(event)[:-1] for event in self._waiting]
        return heal([*map(unframe, lines)])

    def since(self, place: tuple[int, int]) -> tuple[bytes, tuple[int, int], list[Event]]:
        """Return what was written after a place, the place after it, and what waits in memory.

        Args:
            place: How often the journal had been thinned, and a byte. All is returned where it
                was thinned since.
        """
        with self._lock:
            offset = place[1] if place[0] == self._thinnings else 0
            data = self._written(offset)
            data = data[: data.rfind(b"\n") + 1]
            return data, (self._thinnings, offset + len(data)), list(self._waiting)

    def close(self) -> None:
        """Try once more to write what waits, ask the disk to keep it all, and let the file go."""
        with self._lock:
            ours = os.getpid() == self._pid
            if ours:
                self._catch_up()
                if self._syncer is not None:
                    self._syncer.join()
            if self._descriptor is None:
                return
            descriptor, self._descriptor = self._descriptor, None
            if ours:
                self._sync_and_close(descriptor)
            else:
                os.close(descriptor)

    def _written(self, offset: int = 0) -> bytes:
        """Return the file's bytes from one on, even if somebody removed it meanwhile."""
        if self._descriptor is not None:
            with open(os.dup(self._descriptor), "rb") as file:
                file.seek(offset)  # appending does not look at the position
                return file.read()
        try:
            with open(self.path or os.devnull, "rb") as file:
                file.seek(offset)
                return file.read()
        except OSError:  # never written, or gone: what waits is all there is
            return b""

    def _append(self, line: bytes) -> bool:
        """Write one line; tell whether all of it was written."""
        if self.path is None:
            self._reason = "there is no place for this run's journal"
            return False
        if self._torn:
            line = b"\n" + line
        try:
            if self._descriptor is None:
                self._descriptor = open_to_append(self.path)
                self._size = os.fstat(self._descriptor).st_size
            written = os.write(self._descriptor, line)
        except OSError as error:
            self._reason = f"{self.path}: {error.strerror}"
            self._torn = True
            return False
        self._size += written
        self._torn = written < len(line)
        if self._torn:
            self._reason = str(
                Said(
                    "{path}: only {written} of {length} bytes were taken",
                    path=self.path,
                    written=written,
                    length=len(line),
                )
            )
        return not self._torn

    def _catch_up(self) -> None:
        """Write what waits, oldest first, until something cannot be written."""
        done = 0
        for event in self._waiting:
            if not self._append(frame(event)):
                break
            done += 1
        del self._waiting[:done]
        if len(self._waiting) > self._keep_in_memory:
            from brizna.store._thinning import thin_events

            self._waiting = thin_events(self._waiting)
            self._keep_in_memory = max(_KEPT_IN_MEMORY, 2 * len(self._waiting))

    def _thin(self) -> None:
        """Halve the file; if that fails it grows on, and is tried again at twice the size."""
        from brizna.store._files import replace_file
        from brizna.store._thinning import thin_lines

        assert self.path is not None  # it has a size
        assert self.directory is not None
        try:
            marks, _ = read_marks(self.directory)
            kept = thin_lines(split(self._written()), marks)
            self._let_go()
            replace_file(self.path, kept)
            self._thinnings += 1
            self._size = len(kept)
        except (OSError, UnavailableError):  # no room for a second copy, say: the journal stands
            kept = b""
        self._thin_beyond = max(self._thin_beyond, 2 * max(self._size, len(kept)))

    def _let_go(self) -> None:
        """Close the file; the next write opens it anew."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _sync_if_due(self) -> None:
        now_s = self._clock()
        if now_s < self._sync_due_s or self._descriptor is None:
            return
        self._sync_due_s = now_s + SYNC_EVERY_S
        if self._syncer is not None and self._syncer.is_alive():
            return  # a disk that takes longer than a minute has work enough
        from threading import Thread

        copy = os.dup(self._descriptor)  # the file may be let go meanwhile
        self._syncer = Thread(target=self._sync_and_close, args=(copy,), daemon=True)
        self._syncer.start()

    def _sync_and_close(self, descriptor: int) -> None:
        try:
            _sync(descriptor)
        except OSError as error:
            self._unsure = str(
                Said(
                    "{path} may not outlive a power loss: {reason}.",
                    path=self.path,
                    reason=error.strerror,
                )
            )
        finally:
            os.close(descriptor)
