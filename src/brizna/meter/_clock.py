"""The clock of a run: microseconds that go on while the machine sleeps."""

from __future__ import annotations

import time

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class BootClock:
    """Time since the machine started, sleep included where the system can tell."""

    __slots__ = ()

    def now_us(self) -> int:
        """Return microseconds since the machine started."""
        if _BOOT is None:
            return time.monotonic_ns() // 1000
        return time.clock_gettime_ns(_BOOT) // 1000

    def asleep_us(self) -> int:
        """Return for how many of those microseconds it slept; 0 where the system cannot tell.

        Too little by the time that passes between looking at two clocks, so it may be just below 0.
        """
        if _BOOT is None:
            return 0
        return (time.clock_gettime_ns(_BOOT) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) // 1000
