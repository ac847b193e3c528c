"""A wait between two samples that another thread can end."""

from __future__ import annotations

import os
from _thread import allocate_lock


class Nap:
    """Waits for a pipe where the system can, else for a lock.

    Waking up from a pipe takes the least processor time of all that a thread can be woken from;
    a lock takes a fifth more, and `threading.Event`, which is made of several, half as much again.
    """

    __slots__ = ("_lock", "_pipe", "_poll")

    def __init__(self) -> None:
        """Make what is waited for; a program that has no descriptors left gets the lock."""
        self._lock = allocate_lock()
        self._lock.acquire()
        self._pipe: tuple[int, int] | None = None
        try:
            from select import POLLIN, poll

            self._poll = poll()
            self._pipe = os.pipe()
            self._poll.register(self._pipe[0], POLLIN)
        except (ImportError, OSError):
            self.close()

    def ended_within(self, seconds: float) -> bool:
        """Wait so long, or until `end`; tell whether it was called."""
        if self._pipe is None:
            return self._lock.acquire(timeout=seconds)
        return bool(self._poll.poll(seconds * 1000))

    def end(self) -> None:
        """End the wait, and each one to come."""
        if self._pipe is None:
            self._lock.release()
        else:
            os.write(self._pipe[1], b"\n")

    def close(self) -> None:
        """Give the pipe back, once nobody waits."""
        pipe, self._pipe = self._pipe, None
        for descriptor in pipe or ():
            os.close(descriptor)
