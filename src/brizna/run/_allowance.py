"""A bound on what looking may cost, whatever there is to look at."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Seen = TypeVar("Seen")


class Allowance:
    """Permits something dear only so often that it uses a given share of one processor.

    What costs little is permitted every time; what costs a hundred times as much, a hundred times
    less often. The first time is free.
    """

    __slots__ = ("_again_s", "_share")

    def __init__(self, share: float) -> None:
        """Set the share, in (0, 1]."""
        self._share = share
        self._again_s = 0.0

    def permits(self) -> bool:
        """Return whether it is time again."""
        return time.monotonic() >= self._again_s

    def spend(self, cost_s: float) -> None:
        """Take note of what the latest time cost."""
        self._again_s = time.monotonic() + cost_s / self._share

    def spending(self, look: Callable[[], Seen], *, at_any_cost: bool = False) -> Seen | None:
        """Return what a look sees; None where it is not yet time to look again."""
        if not (at_any_cost or self.permits()):
            return None
        begun = time.process_time()
        seen = look()
        self.spend(time.process_time() - begun)
        return seen
