"""The power units of a simulated machine's processors: sysfs folders and the events they open.

Made after the kernel's ``arch/x86/events/rapl.c`` and its test ABI
``sysfs-bus-event_source-devices-events``; not recorded from hardware.
"""

from __future__ import annotations

from errno import EACCES, ENODEV

from brizna.core.records import Record
from brizna.testing._shown import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from brizna.testing._clock import FakeClock

_SCALE_J = 2.0**-32
"""Joules of a count, on every processor that the kernel knows."""
_NUMBERS = {"power": 23, "power_core": 24}
_CONFIGS = {
    "energy-cores": 1,
    "energy-pkg": 2,
    "energy-ram": 3,
    "energy-gpu": 4,
    "energy-psys": 5,
    "energy-core": 1,
}


class FakePowerEvent(Record):
    """An event that a simulated unit has.

    Attributes:
        name: As the unit calls it, e.g. ``energy-pkg``.
        powers_w: What it counts on each of the unit's processors from the start.
    """

    name: str
    powers_w: tuple[float, ...]


class FakePowerUnit:
    """A folder like ``/sys/bus/event_source/devices/power``, and what opens its events.

    Attributes:
        is_allowed: Set to False to make opening an event fail, as without permission.
        opened: How many events are open.
    """

    def __init__(
        self,
        sys: Path,
        clock: FakeClock,
        events: Sequence[FakePowerEvent],
        *,
        cpus: Sequence[int] = (0,),
        packages: Sequence[int] | None = None,
        name: str = "power",
    ) -> None:
        """Write the folder.

        Args:
            sys: Where the simulated sysfs is.
            clock: What moves the counters.
            events: What the unit counts.
            cpus: The processors on which its events are opened.
            packages: The package of each of those; each has its own if None.
            name: ``power``, or ``power_core`` for AMD's cores.
        """
        self._cpus = list(cpus)
        self._name = name
        self._powers_w = {event.name: list(event.powers_w) for event in events}
        self._true_pj = {event.name: [0] * len(cpus) for event in events}
        self._gone: set[int] = set()
        self.is_allowed = True
        self.opened = 0
        folder = sys / "bus/event_source/devices" / name
        show(folder / "type", _NUMBERS[name])
        show(folder / "cpumask", ",".join(map(str, cpus)))
        for event in events:
            show(folder / "events" / event.name, f"event=0x{_CONFIGS[event.name]:02x}")
            show(folder / "events" / f"{event.name}.scale", f"{_SCALE_J!r}")
            show(folder / "events" / f"{event.name}.unit", "Joules")
        for index, cpu in enumerate(cpus):
            topology = sys / f"devices/system/cpu/cpu{cpu}/topology"
            show(topology / "physical_package_id", index if packages is None else packages[index])
            show(topology / "die_id", 0)
        clock.watch(self._move)

    def __call__(self, unit: int, config: int, cpu: int) -> FakeOpenEvent:
        """Open an event, as `brizna.meter` asks the kernel to.

        Raises:
            OSError: If it is not allowed, or there is no such event.
        """
        if not self.is_allowed:
            raise OSError(EACCES, "Permission denied")
        names = [name for name in self._true_pj if _CONFIGS[name] == config]
        if unit != _NUMBERS[self._name] or cpu not in self._cpus or not names:
            raise OSError(ENODEV, "No such device")
        self.opened += 1
        return FakeOpenEvent(self, names[0], cpu)

    def true_j(self, name: str, cpu: int) -> float:
        """Return the energy that really passed one event on one processor so far."""
        return self._true_pj[name][self._cpus.index(cpu)] * 1e-12

    def draw(self, name: str, cpu: int, power_w: float) -> None:
        """Change what an event counts on a processor, from now on."""
        self._powers_w[name][self._cpus.index(cpu)] = power_w

    def unplug(self, cpu: int) -> None:
        """Take a processor away: its events count no more, and reading one gives nothing."""
        self._gone.add(cpu)

    def count(self, name: str, cpu: int) -> int | None:
        """Return where the register behind an event stands; None if its processor is gone."""
        if cpu in self._gone:
            return None
        return round(self._true_pj[name][self._cpus.index(cpu)] * 1e-12 / _SCALE_J)

    def _move(self, passed_us: int) -> None:
        for name, powers_w in self._powers_w.items():
            for index, power_w in enumerate(powers_w):
                self._true_pj[name][index] += round(power_w * passed_us * 1e6)


class FakeOpenEvent:
    """An open event of a simulated unit; it starts at 0."""

    def __init__(self, unit: FakePowerUnit, name: str, cpu: int) -> None:
        """Note where the register stands."""
        self._unit = unit
        self._name = name
        self._cpu = cpu
        self._start = unit.count(name, cpu) or 0
        self._is_open = True

    def read(self) -> int:
        """Return the count since it was opened.

        Raises:
            OSError: If its processor is gone.
        """
        now = self._unit.count(self._name, self._cpu)
        if now is None:
            raise OSError(ENODEV, "No such device")
        return now - self._start

    def close(self) -> None:
        """Close it; a second call does nothing."""
        if self._is_open:
            self._is_open = False
            self._unit.opened -= 1
