"""A clock that only moves when it is told to."""

from __future__ import annotations

from threading import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class FakeClock:
    """Stands in for `brizna.meter.BootClock`: time passes when a test says so.

    Whatever lives on this clock is told each time that it moves, so that simulated counters stand
    where their powers have brought them. Whoever asks for the time meanwhile waits, as no counter
    is ever behind a real clock.
    """

    def __init__(self, *, now_us: int = 1_000_000_000) -> None:
        """Start at a time, in microseconds since the simulated machine started."""
        self._now_us = now_us
        self._asleep_us = 0
        self._moving = RLock()
        self._watchers: list[Callable[[int], object]] = []

    def now_us(self) -> int:
        """Return microseconds since the simulated machine started."""
        with self._moving:
            return self._now_us

    def asleep_us(self) -> int:
        """Return for how many of those microseconds it slept."""
        return self._asleep_us

    def watch(self, watcher: Callable[[int], object]) -> None:
        """Have a function called, with the microseconds passed, each time the clock moves."""
        self._watchers.append(watcher)

    def advance(self, seconds: float) -> None:
        """Let time pass while the machine is awake.

        Args:
            seconds: How long; rounded to whole microseconds.
        """
        passed_us = round(seconds * 1e6)
        with self._moving:
            self._now_us += passed_us
            for watcher in self._watchers:
                watcher(passed_us)

    def sleep(self, seconds: float) -> None:
        """Let time pass while the machine is suspended: no device draws power or counts."""
        passed_us = round(seconds * 1e6)
        self._now_us += passed_us
        self._asleep_us += passed_us
