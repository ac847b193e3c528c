"""The wall clock that plans are carried out by, and how to wait on it; a simulated one too."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


class Clock:
    """The wall clock."""

    def now_s(self) -> float:
        """Return the seconds since 1970 that it shows."""
        return self.shown(time.time())

    def shown(self, at_s: float) -> float:
        """Return what it showed, or will, when the machine's own clock shows a time."""
        return at_s

    def sleep(self, duration_s: float) -> None:
        """Wait until it shows so many seconds more."""
        time.sleep(duration_s)

    async def rest(self, duration_s: float) -> None:
        """Wait as `sleep` does, while other tasks go on."""
        from asyncio import sleep

        await sleep(duration_s)


class Simulated(Clock):
    """A clock that begins at any instant, and waits without waiting or goes faster.

    Without a speed it goes as the machine's own does, and a wait is over at once. With one it goes
    so many times as fast, waits too.
    """

    def __init__(self, instant: datetime, *, speed: float | None = None) -> None:
        """Begin at an instant."""
        self._from_s = time.time()
        self._shown_s = instant.timestamp()
        self._speed = 1.0 if speed is None else speed
        self._is_paced = speed is not None

    def shown(self, at_s: float) -> float:
        """Return what it shows when the machine's own clock shows a time."""
        return self._shown_s + (at_s - self._from_s) * self._speed

    def sleep(self, duration_s: float) -> None:
        """Be so much later."""
        if self._is_paced:
            time.sleep(duration_s / self._speed)
        else:
            self._shown_s += duration_s

    async def rest(self, duration_s: float) -> None:
        """Be so much later, once other tasks had their turn."""
        if self._is_paced:
            await super().rest(duration_s / self._speed)
        else:
            await super().rest(0.0)
            self.sleep(duration_s)
