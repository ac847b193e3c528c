"""What a measured block that goes on tells whoever hears its events."""

from __future__ import annotations

from brizna.core.replay import replay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brizna.core.measurement import Channel, ChannelEnergy
    from brizna.verbs._measure import Measuring
    from brizna.verbs._recorder import Recorder


class Followed:
    """A measured block that somebody follows; see `Measuring.follow`.

    Attributes:
        channels: What is read, in the order in which samples list it.
        id: The run's.
    """

    def __init__(self, measuring: Measuring, recorder: Recorder) -> None:
        self._measuring = measuring
        self._recorder = recorder
        self._tail = recorder.tail()
        self.channels: tuple[Channel, ...] = recorder.sampler.channels
        self.id = recorder.id

    @property
    def is_open(self) -> bool:
        """Whether it is being measured still."""
        return self._measuring.is_open

    def now_us(self) -> int:
        """Return microseconds since the start, on the clock of the events."""
        return self._recorder.sampler.now_us()

    def at_once(self, do: Callable[[], object]) -> bool:
        """Call a function that begins or ends windows, or glances; see `Sampler.at_once`."""
        return self._recorder.sampler.at_once(do)

    def glance(self, number: int) -> None:
        """Read the counters now, for whoever hears; the event has this number as its ``w``."""
        self._recorder.sampler.glance(number)

    def sample(self) -> None:
        """Read all meters now, and write what waits; does nothing once it has ended."""
        self._recorder.sampler.sample(self._recorder.work())

    def roots(self) -> Sequence[ChannelEnergy]:
        """Return the energy so far of the channels that a total sums.

        It costs some milliseconds, however long the run has been. One caller at a time.
        """
        if not self.is_open:
            return self._measuring.run.measurement.roots()
        return replay(self._tail.events()).measurement.roots()
