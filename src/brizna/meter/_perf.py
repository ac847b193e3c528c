"""Energy counters of processors through the kernel's performance events: the power units of x86.

The same registers that powercap shows, for machines on which powercap cannot be read: one event a
package, or a die of it, opened on the processor that the unit names for it. The kernel starts each
event at 0, makes 64 bits of it, and shows no event whose register stands at 0, so that a counter
that the hardware lacks is not taken for one. Never read beside powercap.
"""

from __future__ import annotations

import os
import sys
from errno import ENOSYS

from brizna.core.errors import Said
from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._host import find_processor, read_text, read_whole_number
from brizna.meter._sensors import CountingSensor, SensorMeter, as_a_whole, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol

    from brizna.meter._host import Roots
    from brizna.meter._sensors import Sensor

    class Event(Protocol):
        """An open event."""

        def read(self) -> int: ...
        def close(self) -> None: ...

    OpenEvent = Callable[[int, int, int], Event]
    """Opens an event, by the unit's number, the event's and the processor's."""

_UNITS = ("power", "power_core")
"""Of packages, and of AMD's cores one by one."""
_PARTS = {
    "energy-psys": ("psys", "node"),
    "energy-pkg": ("", "cpu"),
    "energy-ram": ("dram", "memory"),
    "energy-cores": ("core", "core"),
    "energy-core": ("core", "core"),
    "energy-gpu": ("uncore", "uncore"),
}
"""What each event counts: its part of the channel's name, and its kind. Containers come first."""
_SYSTEM_CALLS = {"x86_64": 298, "amd64": 298, "i386": 336, "i686": 336}
_ATTRIBUTES = 64
"""Bytes of the first version of ``struct perf_event_attr``, which every kernel takes."""
_CLOSE_ON_EXEC = 8
UNLOCK = (
    "echo kernel.perf_event_paranoid=0 | sudo tee /etc/sysctl.d/70-brizna.conf && "
    "sudo sysctl --system"
)
"""Lets everybody count events of a whole processor, after every start of the machine too."""


class PowerEvent(Record):
    """An event of a power unit, as sysfs describes it.

    Attributes:
        name: As the unit calls it, e.g. ``energy-pkg``.
        unit: The unit's number.
        config: The event's number within the unit.
        scale_j: Joules of one count.
        cpus: On which processors it is opened, one for each package, die or core.
    """

    name: str
    unit: int
    config: int
    scale_j: float
    cpus: tuple[int, ...]


def find_events(roots: Roots) -> list[PowerEvent]:
    """Return the events that count energy, those that contain others first."""
    found: list[PowerEvent] = []
    for unit in _UNITS:
        folder = f"{roots.sys}/bus/event_source/devices/{unit}"
        number = read_whole_number(f"{folder}/type")
        cpus = tuple(_listed(read_text(f"{folder}/cpumask") or ""))
        if number is None or not cpus:
            continue
        for name in _PARTS:
            event = _described(f"{folder}/events/{name}", name, number, cpus)
            if event is not None:
                found.append(event)
    return sorted(found, key=lambda event: list(_PARTS).index(event.name))


def _described(file: str, name: str, unit: int, cpus: tuple[int, ...]) -> PowerEvent | None:
    terms = (read_text(file) or "").strip()
    if not terms.startswith("event=") or (read_text(f"{file}.unit") or "").strip() != "Joules":
        return None
    try:
        config = int(terms.removeprefix("event="), 0)
        scale_j = float(read_text(f"{file}.scale") or "")
    except ValueError:
        return None
    return PowerEvent(name=name, unit=unit, config=config, scale_j=scale_j, cpus=cpus)


def _listed(text: str) -> Iterator[int]:
    """Yield the numbers of a list as the kernel writes it: ``0-1,18``."""
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            yield from range(int(first), int(last or first) + 1)


def open_perf(
    roots: Roots, *, machine: str, open_event: OpenEvent | None = None
) -> list[SensorMeter]:
    """Return a meter of the power units; nothing where the machine has none.

    Args:
        roots: Where sysfs and procfs are.
        machine: The machine's name, for the names of the doubts.
        open_event: Opens an event or raises OSError; the kernel's if None.
    """
    events = find_events(roots)
    if not events:
        return []
    forest = _Forest(roots, machine, open_event or open_kernel_event)
    for event in events:
        forest.add(event)
    return [SensorMeter(forest.sensors, unseen=as_a_whole(forest.unseen, forest.sensors))]


class _Forest:
    """The channels of the events that could be opened, and why the others were not."""

    def __init__(self, roots: Roots, machine: str, open_event: OpenEvent) -> None:
        from brizna.meter._rapl import accuracy_of_packages

        self.sensors: list[Sensor] = []
        self.unseen: dict[str, str] = {}
        self._roots = roots
        self._machine = machine
        self._open_event = open_event
        self._processor = find_processor(roots)
        self._accuracy = accuracy_of_packages(self._processor)
        self._node: str | None = None
        self._packages: set[str] = set()

    def add(self, event: PowerEvent) -> None:
        """Open an event on each of its processors, those of one package's cores together."""
        part, kind = _PARTS[event.name]
        if kind == "node":
            self._add(event, event.cpus[:1], f"perf/{part}", kind, parent=None)
            return
        for place, cpus in self._places(event).items():
            package = f"perf/{place}"
            inside = kind in ("core", "uncore")
            if inside and package not in self._packages:
                continue
            path = f"{package}/{part}" if part else package
            self._add(event, cpus, path, kind, parent=package if inside else self._node)

    def _places(self, event: PowerEvent) -> dict[str, list[int]]:
        """Return the processors on which to open an event, by the package or die they stand for."""
        where = {cpu: self._where(cpu) for cpu in event.cpus}
        places: dict[str, list[int]] = {}
        for cpu, (package, die) in where.items():
            whole, part = f"package-{package}", f"package-{package}-die-{die}"
            dies = {die for other, die in where.values() if other == package}
            is_whole = len(dies) == 1 or f"perf/{whole}" in self._packages
            places.setdefault(whole if is_whole else part, []).append(cpu)
        return places

    def _where(self, cpu: int) -> tuple[int, int]:
        folder = f"{self._roots.sys}/devices/system/cpu/cpu{cpu}/topology"
        return (
            read_whole_number(f"{folder}/physical_package_id") or 0,
            read_whole_number(f"{folder}/die_id") or 0,
        )

    def _add(
        self, event: PowerEvent, cpus: Sequence[int], path: str, kind: str, *, parent: str | None
    ) -> None:
        opened: list[Event] = []
        try:
            for cpu in cpus:
                opened.append(self._open_event(event.unit, event.config, cpu))  # noqa: PERF401  (those opened before a refusal are closed)
        except OSError as error:
            _close(opened)
            if kind not in ("core", "uncore"):
                self.unseen[f"{kind}/{path}"] = f"unreadable: {why(error)}"
            return
        channel = self._channel(path, kind, parent)
        self.sensors.append(
            CountingSensor(channel, _counter(opened, event.scale_j), lambda: _close(opened))
        )
        if kind == "node":
            self._node = path
        elif kind == "cpu":
            self._packages.add(path)

    def _channel(self, path: str, kind: str, parent: str | None) -> Channel:
        from brizna.meter._power_facts import accuracy, limit_w, update_us

        method = "rapl-dram" if kind == "memory" else self._accuracy
        package, die, rest = path.partition("-die-")
        return Channel(
            id=path,
            kind=kind,
            device=self._processor.name if kind == "cpu" else None,
            method="perf",
            basis="metered",
            parent=parent,
            doubts={f"meter:{path}@{self._machine}": accuracy(method)},
            max_power_w=limit_w(kind if kind in ("node", "memory") else "package"),
            update_us=update_us("rapl-update"),
            mirror_group=f"{package}{rest.lstrip('0123456789')}" if die else None,
            references=(f"factor:accuracy/{method}", "factor:sensor/rapl-update"),
        )


def _counter(events: Sequence[Event], scale_j: float) -> Callable[[], int]:
    """Return how to read what events have counted together, in microjoules, without rounding."""
    numerator, denominator = scale_j.as_integer_ratio()
    numerator *= 1_000_000

    def energy_uj() -> int:
        return sum([event.read() for event in events]) * numerator // denominator

    return energy_uj


def _close(events: Sequence[Event]) -> None:
    for event in events:
        event.close()


class KernelEvent:
    """An event that the kernel counts."""

    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor over."""
        self._descriptor = descriptor

    def read(self) -> int:
        """Return the count since the event was opened.

        Raises:
            OSError: If it cannot be read, or its processor went away.
        """
        data = os.read(self._descriptor, 8)
        if len(data) != 8:
            raise OSError(0, str(Said("the processor it was opened on is not there any more")))
        return int.from_bytes(data, sys.byteorder)

    def close(self) -> None:
        """Close the descriptor; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def open_kernel_event(unit: int, config: int, cpu: int) -> KernelEvent:
    """Open an event of everything that runs on one processor.

    Args:
        unit: Number of the unit that counts.
        config: Number of the event within it.
        cpu: Number of the processor.

    Raises:
        OSError: If the kernel refuses, or these are not processors with power units.
    """
    import ctypes

    number = _SYSTEM_CALLS.get(os.uname().machine)
    if number is None:
        raise OSError(ENOSYS, os.strerror(ENOSYS))
    order = sys.byteorder
    attributes = ctypes.create_string_buffer(
        unit.to_bytes(4, order) + _ATTRIBUTES.to_bytes(4, order) + config.to_bytes(8, order),
        _ATTRIBUTES,
    )
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = library.syscall(number, attributes, -1, cpu, -1, _CLOSE_ON_EXEC)
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return KernelEvent(descriptor)
