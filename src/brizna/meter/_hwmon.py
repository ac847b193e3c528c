"""Energy and power sensors that Linux shows as hardware monitors, by the name of their driver.

Known are discrete cards of Intel (``i915``, ``xe``: counters) and of AMD (``amdgpu``: power, for
where its library is not there), processors of NVIDIA (``power_meter`` with the names that Grace's
firmware gives them), power meters of whole machines (``power_meter`` that says it measures the
system), rails of Jetson boards (``ina3221``, table ``rails``) and AMD's processors where neither
powercap nor power units show them (``amd_energy``). A monitor of any other driver is left alone:
nobody said what it measures.
"""

from __future__ import annotations

import os
from errno import ENODATA

from brizna.core.errors import Said
from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._host import KeptFile, find_processor, read_text, read_whole_number
from brizna.meter._rapl import NEVER_MOVED, accuracy_of_packages
from brizna.meter._sensors import CountingSensor, NumberFile, PowerSensor, SensorMeter, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from brizna.meter._host import Roots
    from brizna.meter._sensors import Sensor

_MOST_RAILS = 8
"""Channels of one monitor of rails that are looked at; it has seven."""
_SOCKETS = {
    "Grace Power Socket": ("", "cpu"),
    "CPU Power Socket": ("core", "core"),
    "SysIO Power Socket": ("uncore", "uncore"),
}
"""What Grace's firmware calls its meters, and what they are the power of. The module's own meter
stands above them and above the card on the module, which has a counter of its own."""
_MODULE = "Module Power Socket"
_WHOLE_SYSTEM = "LNXSYBUS:00"
"""What a power meter of the whole machine says it measures: the root of the ACPI tree."""
_INSIDE_PROCESSOR = "it is a part of the processor, whose power its sensor shows"
_HOLDS_THE_CARD = "left out: it holds the card too, which is counted by itself"
_ASLEEP = Said("it is suspended, and a look would wake it")
_NOT_DOCUMENTED = "which part of the machine it sees is not documented"


class Monitor(Record):
    """One hardware monitor.

    Attributes:
        driver: What its driver calls itself.
        folder: Where its files are.
        device: The name of the device it belongs to, e.g. a PCI address; empty where unknown.
    """

    driver: str
    folder: str
    device: str = ""


def find_monitors(roots: Roots) -> list[Monitor]:
    """Return the hardware monitors of the drivers that are known here."""
    top = f"{roots.sys}/class/hwmon"
    try:
        entries = sorted(os.listdir(top), key=lambda entry: (len(entry), entry))
    except OSError:
        return []
    monitors = (_monitor(f"{top}/{entry}") for entry in entries)
    return [monitor for monitor in monitors if monitor is not None]


def _monitor(folder: str) -> Monitor | None:
    """Return a monitor of a driver that is known; None for any other.

    One that was registered in the old way has its name, or its readings, with its device.
    """
    device = f"{folder}/device"
    driver = (read_text(f"{folder}/name") or read_text(f"{device}/name") or "").strip()
    if driver not in _DRIVERS:
        return None
    return Monitor(
        driver=driver,
        folder=device if not _shows(folder) and _shows(device) else folder,
        device=os.path.basename(os.path.realpath(device)),
    )


def _shows(folder: str) -> bool:
    try:
        files = os.listdir(folder)
    except OSError:
        return False
    return any(file.startswith(("energy1_", "power1_", "curr1_")) for file in files)


def open_hwmon(
    roots: Roots,
    *,
    machine: str,
    drivers: frozenset[str] | None = None,
    apart_from: frozenset[str] = frozenset(),
) -> list[SensorMeter]:
    """Return meters of the monitors there are, counters and powers apart; nothing without any.

    Args:
        roots: Where sysfs and procfs are.
        machine: The machine's name, for the names of the doubts.
        drivers: Which drivers to look at; all that are known if None.
        apart_from: Devices that are counted otherwise.
    """
    monitors = [
        monitor
        for monitor in find_monitors(roots)
        if (drivers is None or monitor.driver in drivers) and monitor.device not in apart_from
    ]
    if not monitors:
        return []
    found = _Found(roots, machine)
    for monitor in monitors:
        _DRIVERS[monitor.driver](found, monitor)
    return found.meters()


class _About(Record):
    """What is known of a sensor before it is read.

    Attributes:
        id: Of its channel.
        kind: Of its channel.
        accuracy: Which row of table ``spreads`` says how far it is off.
        update: Which row of table ``sensors`` says how often it is updated.
        update_us: What it states of that itself, in microseconds; None or 0 if nothing.
        most_w: The highest plausible power; the kind's if None.
        parent: Id of the sensor that contains it.
        device: What it calls itself.
        place: Where the device is, if another meter may see it too.
    """

    id: str
    kind: str
    accuracy: str
    update: str
    update_us: int | None = None
    most_w: float | None = None
    parent: str | None = None
    device: str | None = None
    place: str | None = None


class _Found:
    """The sensors that can be read, and why others are not."""

    def __init__(self, roots: Roots, machine: str) -> None:
        self.unseen: dict[str, str] = {}
        self.roots = roots
        self._machine = machine
        self._counters: list[Sensor] = []
        self._powers: list[Sensor] = []

    def count(self, number: NumberFile, about: _About) -> bool:
        """Add a counter, if it can be read and has ever moved; tell whether it was."""
        if not self._can_read(number, about, may_be_0=False):
            return False
        channel = self._channel(about, "hwmon-energy", "device")
        self._counters.append(CountingSensor(channel, number, number.close))
        return True

    def integrate(self, power_uw: _Power, about: _About) -> bool:
        """Add a power, if it can be read; tell whether it was."""
        if not self._can_read(power_uw, about, may_be_0=True):
            return False
        channel = self._channel(about, "hwmon-power", "reader")
        self._powers.append(PowerSensor(channel, power_uw, power_uw.close))
        return True

    def meters(self) -> list[SensorMeter]:
        """Return counters and powers apart: powers need not be read at the edges of windows."""
        known = {sensor.channel.id for sensor in (*self._counters, *self._powers)}
        powers: list[Sensor] = []
        for sensor in self._powers:
            parent = sensor.channel.parent
            if parent is None or parent in known:
                powers.append(sensor)
            else:
                self.unseen[f"{sensor.channel.kind}/{sensor.channel.id}"] = (
                    f"left out: {parent}, which contains it, cannot be read"
                )
        meters = [SensorMeter(self._counters, unseen=self.unseen)]
        return [*meters, SensorMeter(powers)] if powers else meters

    def _can_read(self, read: _Power, about: _About, *, may_be_0: bool) -> bool:
        try:
            number = read()
        except (OSError, ValueError) as error:
            self.unseen[f"{about.kind}/{about.id}"] = f"unreadable: {why(error)}"
            return False
        finally:
            read.close()
        if number == 0 and not may_be_0:
            self.unseen[f"{about.kind}/{about.id}"] = NEVER_MOVED
            return False
        return True

    def _channel(self, about: _About, method: str, counted_by: str) -> Channel:
        from brizna.meter._power_facts import accuracy, limit_w, update_us

        references = [f"factor:accuracy/{about.accuracy}"]
        if not about.update_us:
            references.append(f"factor:sensor/{about.update}")
        limit = about.kind if about.kind in ("node", "gpu", "memory") else "package"
        return Channel(
            id=about.id,
            kind=about.kind,
            device=about.device,
            method=method,
            basis="metered",
            parent=about.parent,
            counted_by=counted_by,
            doubts={f"meter:{about.id}@{self._machine}": accuracy(about.accuracy)},
            max_power_w=limit_w(limit) if about.most_w is None else about.most_w,
            update_us=about.update_us or update_us(about.update),
            references=tuple(references),
            place=about.place,
        )


class _CardFile(NumberFile):
    """A number that a card is asked for, unless it sleeps: a look would wake it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        status = f"{os.path.dirname(path)}/device/power/runtime_status"
        self._status = KeptFile(status) if os.path.exists(status) else None

    def __call__(self) -> int:
        if self._status is not None and self._status.read(16).startswith(b"suspended"):
            raise OSError(ENODATA, str(_ASLEEP))
        return super().__call__()

    def close(self) -> None:
        super().close()
        if self._status is not None:
            self._status.close()


class _Product:
    """Power as current times voltage, each in a file: milliamperes times millivolts."""

    def __init__(self, current: str, voltage: str) -> None:
        self._current, self._voltage = NumberFile(current), NumberFile(voltage)

    def __call__(self) -> int:
        return self._current() * self._voltage()

    def close(self) -> None:
        self._current.close()
        self._voltage.close()


_Power = NumberFile | _Product


def _open_intel_card(found: _Found, monitor: Monitor) -> None:
    """Count a card as a whole; where only its package has a counter, that."""
    files = [f"{monitor.folder}/energy{number}_input" for number in (1, 2)]
    for file in filter(os.path.exists, files):
        if found.count(_CardFile(file), _card(monitor, "Intel")):
            return


def _open_amd_card(found: _Found, monitor: Monitor) -> None:
    """Integrate a card's power; a processor's own graphics state no limit, and that power is its.

    Newer cards tell the power of this instant, older ones a mean of a short time.
    """
    if not os.path.exists(f"{monitor.folder}/power1_cap"):
        found.unseen[f"gpu/{monitor.device}"] = _INSIDE_PROCESSOR
        return
    files = [f"{monitor.folder}/power1_{name}" for name in ("average", "input")]
    for file in filter(os.path.exists, files):
        if found.integrate(_CardFile(file), _card(monitor, "AMD")):
            return


def _card(monitor: Monitor, maker: str) -> _About:
    return _About(
        id=f"hwmon/{monitor.device}",
        kind="gpu",
        accuracy="hwmon-card",
        device=f"{maker} graphics card at {monitor.device}",
        place=monitor.device,
        most_w=card_limit_w(monitor),
        update="card-step",
    )


def card_limit_w(monitor: Monitor) -> float | None:
    """Return the highest plausible power of a card: what it states, with a margin; else None."""
    from brizna.meter._power_facts import limit_w

    stated = [
        power_uw * 1e-6
        for name in ("cap_max", "max", "rated_max", "cap")
        if (power_uw := read_whole_number(f"{monitor.folder}/power1_{name}"))
    ]
    believed = [power_w for power_w in stated if 0 < power_w < limit_w("absurd")]
    return max(believed) * limit_w("margin") if believed else None


def _open_power_meter(found: _Found, monitor: Monitor) -> None:
    """Integrate what ACPI calls a power meter, where it says what it measures."""
    info = (read_text(f"{monitor.folder}/power1_oem_info") or "").strip()
    name, _, socket = info.rpartition(" ")
    package = f"hwmon/grace-{socket}"
    channel_id = parent = None
    kind = "node"
    if name in _SOCKETS:
        part, kind = _SOCKETS[name]
        channel_id, parent = (f"{package}/{part}", package) if part else (package, None)
    elif name == _MODULE:
        found.unseen[f"node/module-{socket}"] = _HOLDS_THE_CARD
    elif os.path.lexists(f"{monitor.folder}/measures/{_WHOLE_SYSTEM}"):
        channel_id = "hwmon/system"
    else:
        found.unseen[f"node/{info or monitor.device}"] = _NOT_DOCUMENTED
    if channel_id is None:
        return
    interval_ms = read_whole_number(f"{monitor.folder}/power1_average_interval")
    about = _About(
        id=channel_id,
        kind=kind,
        accuracy="hwmon-power-meter",
        parent=parent,
        device=info or None,
        update="power-meter-average",
        update_us=interval_ms and interval_ms * 1000,
    )
    found.integrate(NumberFile(f"{monitor.folder}/power1_average"), about)


def _open_rails(found: _Found, monitor: Monitor) -> None:
    """Integrate the rails of a board whose names are known."""
    from brizna.core._tables import load

    rows = {row["label"]: row for row in load("brizna.meter", "rails").rows}
    here: dict[str, int] = {}
    for number in range(1, _MOST_RAILS):
        label = (read_text(f"{monitor.folder}/in{number}_label") or "").strip()
        if label and os.path.exists(f"{monitor.folder}/curr{number}_input"):
            here[label] = number
    for label, number in here.items():
        row = rows.get(label)
        if row is None or not row["kind"]:
            found.unseen[f"node/{label}"] = _NOT_DOCUMENTED
            continue
        about = _About(
            id=f"rail/{label}",
            kind=row["kind"],
            accuracy="hwmon-rail",
            parent=f"rail/{row['inside']}" if row["inside"] in here else None,
            device=label,
            update="rail-update",
        )
        files = (f"{monitor.folder}/{name}{number}_input" for name in ("curr", "in"))
        found.integrate(_Product(*files), about)


def _open_amd_sockets(found: _Found, monitor: Monitor) -> None:
    """Count the processors' sockets; the cores, which the same monitor shows, lie inside."""
    processor = find_processor(found.roots)
    for file in sorted(os.listdir(monitor.folder)):
        label = (file.endswith("_label") and read_text(f"{monitor.folder}/{file}")) or ""
        socket = label.strip().removeprefix("Esocket")
        if socket.isdecimal():
            about = _About(
                id=f"hwmon/package-{socket}",
                kind="cpu",
                accuracy=accuracy_of_packages(processor),
                device=processor.name,
                update="card-step",
            )
            number = NumberFile(f"{monitor.folder}/{file.removesuffix('_label')}_input")
            found.count(number, about)


_DRIVERS: Mapping[str, Callable[[_Found, Monitor], None]] = {
    "i915": _open_intel_card,
    "xe": _open_intel_card,
    "amdgpu": _open_amd_card,
    "power_meter": _open_power_meter,
    "ina3221": _open_rails,
    "amd_energy": _open_amd_sockets,
}
INTEL_CARDS = frozenset({"i915", "xe"})
PROCESSORS = frozenset({"power_meter", "ina3221", "amd_energy"})
