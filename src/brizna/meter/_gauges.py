"""What the machine says beside its energy: use, clocks, temperature, memory, limits, switches.

Each reader below looks once whether its files are there and returns nothing where they are not:
an absent gauge is absent. Reading is paced: about every ten seconds, less often where it is dear,
and when the job ends. A meter that knows gauges of its devices offers them as ``gauges()``, which
returns groups of the form below.
"""

from __future__ import annotations

import os
import sys

from brizna.core.gauges import Gauge
from brizna.meter._host import find_processor, read_text, read_whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from brizna.meter._host import Roots
    from brizna.meter._protocol import Meter
    from brizna.meter._sampler import Clock

    GaugeGroup = tuple[Sequence[Gauge], Callable[[], Sequence[float | None]]]
    """Gauges that are read together, and what reads them, in the same order."""

_EVERY_US = 10_000_000
_SHARE = 2e-5
"""Reading uses at most this share of one processor: what takes 1 ms is read every 50 s."""
_CLOCKS = 16
"""Clocks are read of so many processors at most, evenly spread: each read interrupts one."""
_KIB = 1024
_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_WHOLE = ("package id", "tctl", "tdie")
"""How the sensors of a whole processor are labelled, not those of its cores."""
_ZONES = ("x86_pkg_temp", "cpu-thermal", "cpu_thermal")


class Gauges:
    """The gauges of one run, read now and then."""

    def __init__(self, groups: Sequence[GaugeGroup], *, clock: Clock) -> None:
        """Take the groups; nothing is read yet.

        Args:
            groups: What is read.
            clock: Tells the time.
        """
        self._groups = list(groups)
        self._clock = clock
        self._due_us = clock.now_us()

    def event(self) -> dict[str, Any]:
        """Return the journal's event that says what samples list."""
        gauges = [gauge.to_json() for group, _ in self._groups for gauge in group]
        return {"e": "gauges", "gauges": gauges}

    def read(self, *, at_any_cost: bool = False) -> dict[str, Any]:
        """Return ``{"g": readings}`` for a sample if it is time; else nothing.

        Args:
            at_any_cost: Read now, as at the end of a run.
        """
        before_us = self._clock.now_us()
        if not self._groups or not (at_any_cost or before_us >= self._due_us):
            return {}
        readings = [value for group in self._groups for value in _read(group)]
        after_us = self._clock.now_us()
        self._due_us = before_us + max(_EVERY_US, round((after_us - before_us) / _SHARE))
        return {"g": readings}


def open_gauges(
    roots: Roots | None,
    *,
    clock: Clock,
    meters: Iterable[Meter] = (),
    command: int | None = None,
) -> Gauges:
    """Return the gauges that there are on this machine.

    Args:
        roots: Where to look; None where the meters are not this machine's: then theirs only.
        clock: Tells the time.
        meters: Open meters; those of devices that have gauges offer them.
        command: The process that is measured; None for this one.
    """
    groups = [] if roots is None else _of_machine(roots, command, clock)
    for meter in meters:
        groups += _offered(meter)
    return Gauges(groups, clock=clock)


def _offered(meter: Meter) -> Sequence[GaugeGroup]:
    try:
        offer = getattr(meter, "gauges", None)
        return () if offer is None else offer()
    except Exception:  # noqa: BLE001  (anyone's meter: its devices have no gauges then)
        return ()


def _of_machine(roots: Roots, command: int | None, clock: Clock) -> list[GaugeGroup]:
    found = [find(roots) for find in (_clocks, _temperature, _memory, _heat_limits, _power_limit)]
    groups = [group for group in (_load(roots, clock), *found) if group is not None]
    if sys.platform != "win32":
        groups.append(_own_switches() if command is None else _switches(roots, command))
    return groups


def _read(group: GaugeGroup) -> Sequence[float | None]:
    gauges, read = group
    try:
        return read()
    except Exception:  # noqa: BLE001  (anyone's device: its gauges have no reading this time)
        return [None] * len(gauges)


# ----------------------------------------------------------------------------------- processors


def _load(roots: Roots, clock: Clock) -> GaugeGroup | None:
    """Return how busy all processors are, and how often they switch between tasks.

    Busy time is divided by all time that the kernel counted, so that its ticks, and processors
    that come or go, cannot make it more than all. In a virtual machine the share is told too that
    the host gave to others while somebody here wanted to run: it is no part of the use.
    """
    if not (read_text(f"{roots.proc}/stat") or "").startswith("cpu "):
        return None
    before: tuple[int, int, int] | None = None
    used_s = stolen_s = 0.0
    stolen_before = 0
    is_virtual = find_processor(roots).virtual

    def read() -> Sequence[float | None]:
        nonlocal before, used_s, stolen_s, stolen_before
        lines = (read_text(f"{roots.proc}/stat") or "").splitlines()
        ticks = [int(part) for part in lines[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        stolen = sum(ticks[7:])
        busy, whole, now_us = sum(ticks) - idle - stolen, sum(ticks), clock.now_us()
        if before is not None and whole > before[1]:
            passed_s = (now_us - before[2]) * 1e-6
            used_s += (busy - before[0]) / (whole - before[1]) * passed_s
            stolen_s += (stolen - stolen_before) / (whole - before[1]) * passed_s
        before, stolen_before = (busy, whole, now_us), stolen
        switches = [int(line.split()[1]) for line in lines if line.startswith("ctxt ")]
        told = [round(used_s, 4), switches[0] if switches else None]
        return [*told, round(stolen_s, 4)] if is_virtual else told

    gauges = (
        Gauge(id="cpu/use", unit="1", source="/proc/stat", counts=True),
        Gauge(id="cpu/switches", unit="1/s", source="/proc/stat ctxt", counts=True),
    )
    taken = Gauge(id="cpu/stolen", unit="1", source="/proc/stat steal", counts=True)
    return (*gauges, taken) if is_virtual else gauges, read


def _cpus(roots: Roots) -> list[str]:
    """Return the folders of the processors, in their order."""
    home = f"{roots.sys}/devices/system/cpu"
    try:
        names = [name for name in os.listdir(home) if name[:3] == "cpu" and name[3:].isdecimal()]
    except OSError:
        return []
    return [f"{home}/{name}" for name in sorted(names, key=lambda name: int(name[3:]))]


def _clocks(roots: Roots) -> GaugeGroup | None:
    """Return the clock of the processors, the mean over them."""
    files = [
        path for cpu in _cpus(roots) if os.path.exists(path := f"{cpu}/cpufreq/scaling_cur_freq")
    ]
    if not files:
        return None
    chosen = files[:: -(-len(files) // _CLOCKS)]

    def read() -> Sequence[float | None]:
        known = [khz for path in chosen if (khz := read_whole_number(path)) is not None]
        return [round(sum(known) / len(known)) * 1000 if known else None]

    source = f"cpufreq scaling_cur_freq, mean of {len(chosen)} of {len(files)} processors"
    return (Gauge(id="cpu/clock", unit="Hz", source=source),), read


def _temperature(roots: Roots) -> GaugeGroup | None:
    """Return the temperature of the hottest processor."""
    files, source = _hwmon_temperatures(roots)
    if not files:
        files, source = _zone_temperatures(roots)
    if not files:
        return None

    def read() -> Sequence[float | None]:
        known = [milli for path in files if (milli := read_whole_number(path)) is not None]
        return [max(known) / 1000 if known else None]

    return (Gauge(id="cpu/temperature", unit="degC", source=source),), read


def _hwmon_temperatures(roots: Roots) -> tuple[list[str], str]:
    found: list[tuple[str, str, str]] = []
    for folder in _folders(f"{roots.sys}/class/hwmon"):
        name = (read_text(f"{folder}/name") or "").strip()
        if name not in _CPU_SENSORS:
            continue
        for path in _files(folder, "temp", "_input"):
            label = (read_text(path.replace("_input", "_label")) or "").strip()
            found.append((path, name, label))
    whole = [sensor for sensor in found if sensor[2].lower().startswith(_WHOLE)]
    chosen = whole or found
    told = sorted(
        {f"hwmon {name}: {label}" if label else f"hwmon {name}" for _, name, label in chosen}
    )
    return [path for path, _, _ in chosen], ", ".join(told)


def _zone_temperatures(roots: Roots) -> tuple[list[str], str]:
    zones = [
        (f"{folder}/temp", kind)
        for folder in _folders(f"{roots.sys}/class/thermal")
        if (kind := (read_text(f"{folder}/type") or "").strip()) in _ZONES
    ]
    return [path for path, _ in zones], "thermal zone " + ", ".join(sorted({k for _, k in zones}))


def _heat_limits(roots: Roots) -> GaugeGroup | None:
    """Return how long, or how often, packages were slowed for heat, and how often for power."""
    first = {
        read_text(f"{cpu}/topology/physical_package_id"): f"{cpu}/thermal_throttle"
        for cpu in reversed(_cpus(roots))
    }
    made: list[Gauge] = []
    files: list[tuple[list[str], float]] = []
    for file, name, unit, scale in (
        ("package_throttle_total_time_ms", "cpu/slowed-by-heat", "1", 1e-3 / (len(first) or 1)),
        ("package_throttle_count", "cpu/heat-limits", "1/s", 1.0),
        ("package_power_limit_count", "cpu/power-limits", "1/s", 1.0),
    ):
        paths = [path for f in first.values() if os.path.exists(path := f"{f}/{file}")]
        if paths:
            source = f"thermal_throttle/{file}"
            made.append(Gauge(id=name, unit=unit, source=source, counts=True))
            files.append((paths, scale))
    if not made:
        return None

    def read() -> Sequence[float | None]:
        counts = [([read_whole_number(path) for path in paths], scale) for paths, scale in files]
        return [
            None if None in known else round(sum(n for n in known if n) * scale, 4)
            for known, scale in counts
        ]

    return made, read


def _power_limit(roots: Roots) -> GaugeGroup | None:
    """Return the power that all packages together may draw for long."""
    files = [
        path
        for folder in _folders(roots.powercap)
        if (read_text(f"{folder}/name") or "").startswith("package-")
        and "mmio" not in folder
        and read_whole_number(path := f"{folder}/constraint_0_power_limit_uw")
    ]
    if not files:
        return None

    def read() -> Sequence[float | None]:
        known = [read_whole_number(path) for path in files]
        return [None if None in known else sum(uw for uw in known if uw) * 1e-6]

    source = "powercap constraint_0_power_limit_uw, sum of the packages"
    return (Gauge(id="cpu/power-limit", unit="W", source=source),), read


# -------------------------------------------------------------------------- memory and processes


def _memory(roots: Roots) -> GaugeGroup | None:
    """Return how much of the machine's memory is not available to anybody."""

    def read() -> Sequence[float | None]:
        known: dict[str, int] = {}
        for line in (read_text(f"{roots.proc}/meminfo") or "").splitlines()[:5]:
            name, _, rest = line.partition(":")
            known[name] = int(rest.split()[0])
        return [(known["MemTotal"] - known["MemAvailable"]) * _KIB]

    try:
        read()
    except (LookupError, ValueError):
        return None
    source = "/proc/meminfo MemTotal - MemAvailable"
    return (Gauge(id="memory/used", unit="B", source=source),), read


def _switch_gauges(source: str) -> tuple[Gauge, Gauge]:
    return (
        Gauge(id="run/switches-waiting", unit="1/s", source=source, counts=True),
        Gauge(id="run/switches-forced", unit="1/s", source=source, counts=True),
    )


def _own_switches() -> GaugeGroup:
    """Return how often this process was switched out, waiting for something or forced to."""

    def read() -> Sequence[float | None]:
        from resource import RUSAGE_SELF, getrusage

        used = getrusage(RUSAGE_SELF)
        return [used.ru_nvcsw, used.ru_nivcsw]

    return _switch_gauges("getrusage of this process"), read


def _switches(roots: Roots, pid: int) -> GaugeGroup:
    """Return how often a child's threads were switched out, and descendants that have ended."""
    from resource import RUSAGE_CHILDREN, getrusage

    at_start = getrusage(RUSAGE_CHILDREN)

    def read() -> Sequence[float | None]:
        ended = getrusage(RUSAGE_CHILDREN)
        waiting, forced = ended.ru_nvcsw - at_start.ru_nvcsw, ended.ru_nivcsw - at_start.ru_nivcsw
        for thread in _folders(f"{roots.proc}/{pid}/task"):
            for line in (read_text(f"{thread}/status") or "").splitlines():
                name, _, count = line.partition(":")
                if name == "voluntary_ctxt_switches":
                    waiting += int(count)
                elif name == "nonvoluntary_ctxt_switches":
                    forced += int(count)
        return [waiting, forced]

    source = "/proc/PID/task/*/status of the command, getrusage of what has ended"
    return _switch_gauges(source), read


def _folders(home: str) -> list[str]:
    try:
        return [f"{home}/{name}" for name in sorted(os.listdir(home))]
    except OSError:
        return []


def _files(folder: str, start: str, end: str) -> list[str]:
    return [
        p for p in _folders(folder) if os.path.basename(p).startswith(start) and p.endswith(end)
    ]
