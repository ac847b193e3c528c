"""Sensors that are read one by one: what the meters over files, devices and wires share.

A sensor either counts energy by itself, or tells its power, which is integrated from one reading
to the next. A `SensorMeter` is a `Meter` over any of them: trouble with one sensor is that
sensor's own.
"""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.meter._host import KeptFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from brizna.core.measurement import Channel

    class Sensor(Protocol):
        """One channel, and how it is read."""

        @property
        def channel(self) -> Channel: ...
        def read(self, t_us: int) -> int: ...
        def lose(self) -> None: ...
        def close(self) -> object: ...


_DIGITS = 32
"""Bytes that hold any number a driver shows."""


class Integral:
    """The energy below the straight lines between readings of a power.

    Whole numbers throughout, so that splitting a time changes nothing: a microwatt for a
    microsecond is a picojoule.
    """

    __slots__ = ("_before", "_twice_pj")

    def __init__(self) -> None:
        """Start at nothing, without a reading."""
        self._before: tuple[int, int] | None = None
        self._twice_pj = 0

    def take(self, t_us: int, power_uw: int) -> int:
        """Return the microjoules since the first reading, up to this one.

        Raises:
            ValueError: If the power is below 0, which no consumer's is.
        """
        if power_uw < 0:
            raise ValueError(
                str(Said("its power is {power} µW, less than nothing", power=power_uw))
            )
        if self._before is not None:
            before_us, before_uw = self._before
            self._twice_pj += (before_uw + power_uw) * (t_us - before_us)
        self._before = (t_us, power_uw)
        return self._twice_pj // 2_000_000

    def lose(self) -> None:
        """Forget the last reading: nobody knows the power until the next one."""
        self._before = None


class CountingSensor:
    """A sensor that counts microjoules by itself, whether it is read or not."""

    def __init__(
        self,
        channel: Channel,
        energy_uj: Callable[[], int],
        close: Callable[[], object] = lambda: None,
    ) -> None:
        """Take how it is read, and how what that holds is given back.

        Args:
            channel: What is counted; ``counted_by="device"``.
            energy_uj: Returns the counter; raises OSError or ValueError where it cannot.
            close: Called once the sensor is not needed any more; may be called again.
        """
        self.channel = channel
        self.close = close
        self._energy_uj = energy_uj

    def read(self, t_us: int) -> int:
        """Return the counter."""
        del t_us
        return self._energy_uj()

    def lose(self) -> None:
        """Do nothing: it goes on counting."""


class PowerSensor:
    """A sensor that tells its power of this instant, or a mean up to it."""

    def __init__(
        self,
        channel: Channel,
        power_uw: Callable[[], int],
        close: Callable[[], object] = lambda: None,
    ) -> None:
        """Take how it is read, and how what that holds is given back.

        Args:
            channel: What is integrated; ``counted_by="reader"``.
            power_uw: Returns the power; raises OSError or ValueError where it cannot.
            close: Called once the sensor is not needed any more; may be called again.
        """
        self.channel = channel
        self.close = close
        self._power_uw = power_uw
        self._integral = Integral()

    def read(self, t_us: int) -> int:
        """Return the microjoules integrated so far."""
        return self._integral.take(t_us, self._power_uw())

    def lose(self) -> None:
        """Forget the last power."""
        self._integral.lose()


class SensorMeter:
    """Sensors of one family, read together."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        unseen: Mapping[str, str] | None = None,
        ranges: Mapping[str, int] | None = None,
        close: Callable[[], object] | None = None,
    ) -> None:
        """Take the sensors over: they are closed with the meter.

        Args:
            sensors: What is read.
            unseen: For each component that is there but cannot be read, the reason.
            ranges: Where counters start again, by channel.
            close: What else there is to close, after the sensors.
        """
        self._sensors = tuple(sensors)
        self._channels = tuple(sensor.channel for sensor in self._sensors)
        self._unseen = dict(unseen or {})
        self._ranges = dict(ranges or {})
        self._trouble: dict[str, str] = {}
        self._close = close

    def channels(self) -> Sequence[Channel]:
        """Return one channel for each sensor."""
        return self._channels

    def ranges(self) -> Mapping[str, int]:
        """Return where counters start again, for those that say so."""
        return self._ranges

    def unseen(self) -> Mapping[str, str]:
        """Return what is there but cannot be read."""
        return self._unseen

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return the microjoules of each sensor."""
        raws: list[int | None] = []
        for sensor in self._sensors:
            try:
                raws.append(sensor.read(t_us))
            except (OSError, ValueError) as error:
                sensor.lose()
                self._trouble[sensor.channel.id] = why(error)
                raws.append(None)
        return raws

    def trouble(self) -> Mapping[str, str]:
        """Return why sensors could not be read."""
        return self._trouble

    def close(self) -> None:
        """Close the sensors."""
        for sensor in self._sensors:
            sensor.close()
        if self._close is not None:
            close, self._close = self._close, None
            close()


class NumberFile:
    """A file with one whole number, kept open."""

    def __init__(self, path: str, *, times: int = 1) -> None:
        """Take the file.

        Args:
            path: Where it is.
            times: What its number is multiplied by, to get the unit that is wanted.
        """
        self._kept = KeptFile(path)
        self._times = times

    def __call__(self) -> int:
        """Return the number.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it holds no whole number.
        """
        return int(self._kept.read(_DIGITS)) * self._times

    def close(self) -> None:
        """Close the file."""
        self._kept.close()


def as_a_whole(unseen: Mapping[str, str], sensors: Sequence[Sensor]) -> dict[str, str]:
    """Return what is not seen, a kind of which no part can be read by its own name.

    Args:
        unseen: By component (``cpu/package-1``), why it cannot be read.
        sensors: What can be.
    """
    seen = {sensor.channel.kind for sensor in sensors}
    named: dict[str, str] = {}
    for component, reason in unseen.items():
        kind = component.partition("/")[0]
        named.setdefault(component if kind in seen else kind, reason)
    return named


def why(error: OSError | ValueError) -> str:
    """Return what went wrong in the system's words, without numbers and paths around them."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
