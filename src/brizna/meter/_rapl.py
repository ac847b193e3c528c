"""Energy counters of processors, as Linux shows them under powercap: Intel's RAPL and AMD's.

The zones form the forest that `brizna.core.measurement` sums: ``package`` contains ``core`` and
``uncore``, ``dram`` stands beside its package, and ``psys`` contains them all, so that it replaces
their sum and is never added to it. A zone that a second driver shows again is left out, and so is
``core`` on AMD, where it counts one core of the package (RRZE-HPC/likwid, pull request 402). Dies
of one package that may show one counter say so, and replay finds out.
"""

from __future__ import annotations

import os

from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._host import KeptFile, Roots, find_processor, read_text, read_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from brizna.meter._host import Processor

_KINDS = {"psys": "node", "package": "cpu", "dram": "memory", "core": "core", "uncore": "uncore"}
_LIMITS = {"psys": "node", "package": "package", "dram": "memory"}
_MODELLED = ("sandy-bridge", "ivy-bridge")
"""Intel's architectures whose counter is a model; Haswell was the first to measure."""
_COUNTING_BY_CORE = ("AuthenticAMD", "HygonGenuine")
"""Makers whose ``core`` counter is that of one core."""
NEVER_MOVED = "it stands at 0, as where the hardware has no such counter"
_DEPTH, _CONSTRAINTS = 3, 3
"""Driver, package, part of it; and the limits of a zone: long, short, peak."""


class Zone(Record):
    """One powercap zone.

    Attributes:
        path: Its folder.
        control: The driver that shows it, e.g. ``intel-rapl``.
        number: Its number below the driver, e.g. ``0:1``.
        name: What it calls itself: ``package-0``, ``dram`` ...
        reason: Why its counter cannot be read; None if it can.
    """

    path: str
    control: str
    number: str
    name: str
    reason: str | None = None

    @property
    def part(self) -> str:
        """The part of the machine without its number: ``package``, ``dram`` ..."""
        return self.name.partition("-")[0]

    @property
    def file(self) -> str:
        """The file with its counter."""
        return f"{self.path}/energy_uj"


def find_zones(powercap: str) -> list[Zone]:
    """Return the zones of the parts we know, those that a second driver repeats left out.

    Finds them side by side, as links in the class folder, as well as inside one another.
    """
    folders: dict[str, str] = {}
    _collect(powercap, folders, depth=0)
    zones: list[Zone] = []
    for label in sorted(folders, key=_in_order):
        control, _, number = label.partition(":")
        name = (read_text(f"{folders[label]}/name") or "").strip()
        zone = Zone(path=folders[label], control=control, number=number, name=name)
        if zone.part in _KINDS:
            zones.append(zone.replace(reason=_why_unreadable(zone.file)))
    return _without_repeats(zones)


def _collect(folder: str, folders: dict[str, str], *, depth: int) -> None:
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    for entry in entries:
        if ":" in entry:
            folders.setdefault(entry, f"{folder}/{entry}")
        if (":" in entry or depth == 0) and depth < _DEPTH:
            _collect(f"{folder}/{entry}", folders, depth=depth + 1)


def _in_order(label: str) -> tuple[bool, str, list[int]]:
    """Sort by driver, the processor's own registers before their copy in memory."""
    control, _, number = label.partition(":")
    return (
        "mmio" in control,
        control,
        [int(part) for part in number.split(":") if part.isdecimal()],
    )


def _without_repeats(zones: Sequence[Zone]) -> list[Zone]:
    """Keep of the drivers that show one package the first that can be read."""
    chosen: dict[str, Zone] = {}
    for zone in zones:
        if ":" not in zone.number:
            before = chosen.get(zone.name)
            if before is None or (before.reason is not None and zone.reason is None):
                chosen[zone.name] = zone
    kept = {(zone.control, zone.number) for zone in chosen.values()}
    return [zone for zone in zones if (zone.control, zone.number.partition(":")[0]) in kept]


def _why_unreadable(file: str) -> str | None:
    try:
        with open(file, "rb") as counter:
            if int(counter.read(32)) == 0:
                return NEVER_MOVED
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return str(error)
    return None


def open_rapl(roots: Roots, *, machine: str) -> list[RaplMeter]:
    """Return a meter of the zones that can be read; nothing where there are no zones.

    Args:
        roots: Where powercap and procfs are.
        machine: The machine's name, for the names of the doubts.
    """
    zones = find_zones(roots.powercap)
    if not zones:
        return []
    forest = _Forest(roots, zones, machine=machine)
    return [RaplMeter(forest.channels, forest.files, forest.ranges, forest.unseen)]


class _Forest:
    """The channels of the zones that can be read, and why the others are not seen."""

    def __init__(self, roots: Roots, zones: Sequence[Zone], *, machine: str) -> None:
        self.channels: list[Channel] = []
        self.files: list[str] = []
        self.ranges: dict[str, int] = {}
        self.unseen: dict[str, str] = {}
        self._machine = machine
        processor = find_processor(roots)
        self._device = processor.name
        self._counts_one_core = processor.vendor in _COUNTING_BY_CORE
        self._accuracy = accuracy_of_packages(processor)
        top = [zone for zone in zones if ":" not in zone.number]
        node = None
        for zone in top:
            if zone.part == "psys":
                node = self._add_node(zone, node)
        for zone in top:
            if zone.part != "psys":
                self._add_package(zone, _children(zone, zones), node)
        self._unseen_as_a_whole()

    def _unseen_as_a_whole(self) -> None:
        """Name a kind of which no part can be read by itself, not part by part."""
        kinds = {channel.kind for channel in self.channels}
        for component in list(self.unseen):
            kind = component.partition("/")[0]
            if kind not in kinds:
                self.unseen.setdefault(kind, self.unseen.pop(component))

    def _add_node(self, zone: Zone, node: str | None) -> str | None:
        if node is not None:
            self.unseen[f"node/{zone.name}"] = "which part of the machine it sees is not documented"
            return node
        return self._add(zone, zone.name, parent=None)

    def _add_package(self, zone: Zone, children: Iterable[Zone], node: str | None) -> None:
        package = self._add(zone, zone.name, parent=node)
        for child in children:
            path = f"{zone.name}/{child.name}"
            if child.part == "dram":
                self._add(child, path, parent=node)
            elif package is not None and not (child.part == "core" and self._counts_one_core):
                self._add(child, path, parent=package)

    def _add(self, zone: Zone, path: str, *, parent: str | None) -> str | None:
        """Add a zone's channel and return its id; None where it cannot be read."""
        kind = _KINDS[zone.part]
        if zone.reason is not None:
            if kind not in ("core", "uncore"):
                self.unseen[f"{kind}/{path}"] = f"unreadable: {zone.reason}"
            return None
        from brizna.meter._power_facts import accuracy, update_us

        channel_id = f"rapl/{path}"
        method = "rapl-dram" if zone.part == "dram" else self._accuracy
        self.channels.append(
            Channel(
                id=channel_id,
                kind=kind,
                device=self._device if kind == "cpu" else None,
                method="rapl",
                basis="metered",
                parent=parent,
                doubts={f"meter:{channel_id}@{self._machine}": accuracy(method)},
                max_power_w=_most_w(zone),
                update_us=update_us("rapl-update"),
                mirror_group=_mirror_group(path),
                references=(f"factor:accuracy/{method}", "factor:sensor/rapl-update"),
            )
        )
        self.files.append(zone.file)
        span_uj = read_whole_number(f"{zone.path}/max_energy_range_uj")
        if span_uj:
            self.ranges[channel_id] = span_uj
        return channel_id


def _children(zone: Zone, zones: Iterable[Zone]) -> list[Zone]:
    return [
        child
        for child in zones
        if child.control == zone.control and child.number.startswith(f"{zone.number}:")
    ]


def accuracy_of_packages(processor: Processor) -> str:
    """Return which row says how far the package counters of a processor are off."""
    from brizna.meter._power_facts import architecture_of

    if processor.vendor != "GenuineIntel" or architecture_of(processor) in _MODELLED:
        return "rapl-package-modelled"
    return "rapl-package"


def _most_w(zone: Zone) -> float:
    """Return the highest plausible power: the zone's own limits with a margin, or the table's."""
    from brizna.meter._power_facts import limit_w

    absurd_w = limit_w("absurd")
    stated = [
        uw * 1e-6
        for index in range(_CONSTRAINTS)
        for name in ("power_limit_uw", "max_power_uw")
        if (uw := read_whole_number(f"{zone.path}/constraint_{index}_{name}"))
    ]
    believed = [watts for watts in stated if 0 < watts < absurd_w]
    if believed and zone.part in ("package", "psys"):
        return max(believed) * limit_w("margin")
    return limit_w(_LIMITS.get(zone.part, "package"))


def _mirror_group(path: str) -> str | None:
    """Return what dies of one package share: ``package-0-die-1/dram`` is of ``package-0/dram``."""
    package, die, rest = path.partition("-die-")
    return f"rapl/{package}{rest.lstrip('0123456789')}" if die else None


class RaplMeter:
    """The counters of one machine's zones, each through a file that stays open."""

    def __init__(
        self,
        channels: Sequence[Channel],
        files: Sequence[str],
        ranges: Mapping[str, int],
        unseen: Mapping[str, str],
    ) -> None:
        """Take the channels with their counter files; a file is opened when it is first read."""
        self._channels = tuple(channels)
        self._files = [KeptFile(path) for path in files]
        self._ranges = ranges
        self._unseen = unseen
        self._trouble: dict[str, str] = {}

    def channels(self) -> Sequence[Channel]:
        """Return the zones that could be read when the meter was opened."""
        return self._channels

    def ranges(self) -> Mapping[str, int]:
        """Return where each zone's counter starts again, as the zone says."""
        return self._ranges

    def unseen(self) -> Mapping[str, str]:
        """Return the zones that exist but could not be read."""
        return self._unseen

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return each zone's counter, in microjoules."""
        del t_us
        raws: list[int | None] = []
        for index, file in enumerate(self._files):
            try:
                raws.append(int(file.read(32)))
            except OSError as error:
                self._trouble[self._channels[index].id] = error.strerror or str(error)
                raws.append(None)
            except ValueError as error:
                self._trouble[self._channels[index].id] = str(error)
                raws.append(None)
        return raws

    def trouble(self) -> Mapping[str, str]:
        """Return why zones could not be read."""
        return self._trouble

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()
