"""What a meter is: the one door between brizna and any source of energy readings."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from brizna.core.measurement import Channel


@runtime_checkable
class Meter(Protocol):
    """A source of energy readings: one or more counters of one vendor, or a model.

    An implementation is right when `brizna.testing.meter_conformance` finds nothing. A raw number
    is a whole count of microjoules: the device's own counter, wherever it stands, for a channel
    that is ``counted_by="device"``; for ``counted_by="reader"`` what the meter itself has
    integrated so far. The engine behind it (`Tally`) judges wraps, restarts and gaps: a meter
    hands on what it saw and repairs nothing.
    """

    def channels(self) -> Sequence[Channel]:
        """Return what this meter reads, with ids that are unique among all meters."""
        ...

    def ranges(self) -> Mapping[str, int]:
        """Return, by channel id, the microjoules after which a device's counter starts again.

        A channel whose counter never starts again, or for which nobody says when, is left out.
        """
        ...

    def unseen(self) -> Mapping[str, str]:
        """Return, for each component this meter should see but cannot, the reason."""
        ...

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return one raw number for each channel, in order; None where it cannot be read now.

        Never raises for trouble with a device: that is what `trouble` tells.

        Args:
            t_us: Microseconds since the start of the run, on the boot-time clock.
        """
        ...

    def trouble(self) -> Mapping[str, str]:
        """Return, by channel id, why the latest `read` gave None."""
        ...

    def close(self) -> None:
        """Give back what the meter holds; a second call does nothing."""
        ...
