"""What can be measured here, part by part: how, why not better, and what unlocks more."""

from __future__ import annotations

import sys

from brizna.core.records import Record
from brizna.meter._closed import POWERCAP_RULE
from brizna.meter._discover import NO_COUNTER, open_meters
from brizna.meter._host import Roots, find_gpu_vendors, find_processor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Channel
    from brizna.meter._perf import OpenEvent
    from brizna.meter._protocol import Meter
    from brizna.meter._rapl import Zone

REASONS = {
    "counter": "It has an energy counter.",
    "power-sensor": "It tells its power, which is read now and then and integrated.",
    "inside-node": "It is inside the counter of the whole machine.",
    "permission": "Its energy counter may only be read by the superuser.",
    "unreadable": "Its energy counter cannot be read.",
    "virtual-machine": "A virtual machine does not see the counters of its host.",
    "no-driver-module": "Linux shows no energy counter: no driver is loaded, or there is none.",
    "system": "Counters of processors are read on Linux only.",
    "program": "The system tells it to a program of its own, whose file is read where --meter "
    "names it.",
    "no-memory-counter": "This processor has no energy counter for memory.",
    "no-size": "Its size cannot be found out.",
    "no-gpu": "No graphics processor was found.",
    "gpu-driver": "Its driver does not answer, or its library is not there.",
    "no-counter": "It has no energy counter.",
}
"""Why a component is measured the way it is, by code: fixed sentences, so that they translate."""

_OPEN_COUNTERS = (
    'sudo groupadd -f brizna && sudo usermod -aG brizna "$USER" && '
    f"echo '{POWERCAP_RULE.format(group='brizna')}' | "
    "sudo tee /etc/udev/rules.d/70-brizna.rules && "
    "sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=powercap --settle && "
    "newgrp brizna"
)
"""Lets one group read the counters, after every start of the machine too; nobody else gains."""
_LOAD_DRIVER = "sudo modprobe intel_rapl_msr"
"""The driver of Intel's and of AMD's counters alike."""
_TRY_GPU_DRIVER = {"NVIDIA": "nvidia-smi", "AMD": "sudo modprobe amdgpu"}
"""By maker: what says what is wrong with the driver, in its own words, or loads it."""
_GET_AMD_LIBRARY = "sudo apt install amd-smi-lib"
"""From the repository of AMD's ROCm: with it the cards' own counters are read."""
_DENIED = ("Permission denied", "Operation not permitted")
_DENIED_EVENTS = tuple(f"unreadable: {reason}" for reason in _DENIED)


class Component(Record):
    """One part of the machine, and how it is measured.

    Attributes:
        component: ``node``, ``cpu``, ``memory``, ``gpu``, ``storage`` or ``network``.
        status: ``metered``, ``modelled`` or ``not available``.
        code: One of `REASONS`.
        why: Its sentence.
        method: How it is read or computed, e.g. ``rapl``; None where it is not available.
        detail: What was seen, in the words of the system; None where there is nothing to add.
        unlock: The command that gives more; None where none does.
    """

    component: str
    status: str
    code: str
    why: str
    method: str | None = None
    detail: str | None = None
    unlock: str | None = None


def describe_meters(
    *,
    machine: str,
    roots: Roots | None = None,
    nvml: Callable[[], Any] | None = None,
    amd_smi: Callable[[], Any] | None = None,
    open_event: OpenEvent | None = None,
    named: Sequence[Meter] = (),
) -> list[Component]:
    """Return for each part of this machine whether it is metered, modelled or not available.

    Opens the meters that a run would open, and closes them. Needs no rights, changes nothing.

    Args:
        machine: As for `open_meters`.
        roots: Where to look; the real places if None.
        nvml: As for `open_meters`.
        amd_smi: As for `open_meters`.
        open_event: As for `open_meters`.
        named: As for `open_meters`; each is read once, to see whether it answers.
    """
    roots = roots or Roots()
    for meter in named:
        meter.read(0)
    meters = open_meters(
        machine=machine, roots=roots, nvml=nvml, amd_smi=amd_smi, open_event=open_event, named=named
    )
    trouble = {name: reason for meter in named for name, reason in meter.trouble().items()}
    every = [channel for meter in meters for channel in meter.channels()]
    channels = [channel for channel in every if channel.id not in trouble]
    unseen = {name: reason for meter in meters for name, reason in meter.unseen().items()}
    unseen |= {f"node/{name}": reason for name, reason in trouble.items()}
    for meter in meters:
        meter.close()
    return _Diagnosis(roots, channels, unseen).components()


class _Diagnosis:
    """The channels that would be read, and the reasons for what would not."""

    def __init__(
        self, roots: Roots, channels: Sequence[Channel], unseen: Mapping[str, str]
    ) -> None:
        self._roots = roots
        self._channels = channels
        self._unseen = unseen
        self._vendors = find_gpu_vendors(roots)
        self._zones: list[Zone] = []
        if sys.platform == "linux":
            from brizna.meter._rapl import find_zones

            self._zones = find_zones(roots.powercap)

    def components(self) -> list[Component]:
        return [
            self._of("node", self._why_no_node),
            self._of("cpu", self._why_no_cpu),
            self._of("memory", self._why_no_memory),
            self._of("gpu", self._why_no_gpu),
            self._of("storage", lambda: ("no-counter", None)),
            self._of("network", lambda: ("no-counter", None)),
        ]

    def _of(self, component: str, why_not: Callable[[], tuple[str, str | None]]) -> Component:
        found = [channel for channel in self._channels if channel.kind == component]
        detail = self._detail(component)
        if any(channel.basis == "metered" for channel in found):
            by_power = all(
                channel.counted_by == "reader" and not channel.method.endswith("-energy")
                for channel in found
            )
            return _component(
                component,
                status="metered",
                code="power-sensor" if by_power else "counter",
                method=_methods(found),
                detail=detail,
                unlock=self._unlock_counter(found) if by_power else None,
            )
        nodes = [channel for channel in self._channels if channel.kind == "node"]
        if nodes and component in ("cpu", "memory"):
            method = _methods(nodes)
            return _component(component, status="metered", code="inside-node", method=method)
        code, unlock = why_not()
        return _component(
            component,
            status="modelled" if found else "not available",
            code=code,
            method=_methods(found),
            detail=detail,
            unlock=unlock,
        )

    def _unlock_counter(self, found: Sequence[Channel]) -> str | None:
        """Return what lets a card's counter be read instead of its power; None if nothing does."""
        is_amd = "AMD" in self._vendors and any(
            channel.kind == "gpu" and channel.method == "hwmon-power" for channel in found
        )
        return _GET_AMD_LIBRARY if is_amd else None

    def _detail(self, component: str) -> str | None:
        parts = [
            reason if name == component else f"{name}: {reason}"
            for name, reason in self._unseen.items()
            if name.partition("/")[0] == component and reason != NO_COUNTER
        ]
        return "; ".join(parts) or None

    def _why_closed(self, component: str) -> tuple[str, str | None] | None:
        """Return why the counters of a component are closed; None if it has none."""
        zones = [zone for zone in self._zones if zone.part in _PARTS[component]]
        if not zones and self._unseen.get(component) in _DENIED_EVENTS:
            from brizna.meter._perf import UNLOCK

            return "permission", UNLOCK
        if not zones:
            return None
        if any(zone.reason in _DENIED for zone in zones):
            return "permission", _OPEN_COUNTERS
        return "unreadable", None

    def _why_no_node(self) -> tuple[str, str | None]:
        closed = self._why_closed("node")
        if closed is None and any(name.startswith("node/") for name in self._unseen):
            return "unreadable", None
        return closed or ("no-counter", None)

    def _why_no_cpu(self) -> tuple[str, str | None]:
        closed = self._why_closed("cpu")
        if closed is not None:
            return closed
        if sys.platform == "darwin":
            from brizna.meter._powermetrics import START

            return "program", START.format(file="power.plist")
        if sys.platform != "linux":
            return "system", None
        processor = find_processor(self._roots)
        if processor.virtual:
            return "virtual-machine", None
        has_driver = processor.vendor in ("GenuineIntel", "AuthenticAMD", "HygonGenuine")
        return "no-driver-module", _LOAD_DRIVER if has_driver else None

    def _why_no_memory(self) -> tuple[str, str | None]:
        closed = self._why_closed("memory")
        if closed is not None:
            return closed
        if any(zone.part == "package" for zone in self._zones):
            return "no-memory-counter", None
        return self._why_no_cpu()

    def _why_no_gpu(self) -> tuple[str, str | None]:
        names = [name for name in self._unseen if name.partition("/")[0] == "gpu"]
        if not names:
            return "no-gpu", None
        for vendor, command in _TRY_GPU_DRIVER.items():
            if f"gpu/{vendor}" in names or ("gpu" in names and vendor in self._vendors):
                return "gpu-driver", command
        return "gpu-driver" if "gpu" in names else "unreadable", None


_PARTS = {"node": ("psys",), "cpu": ("package",), "memory": ("dram",)}
"""Which powercap zones count a component."""


def _methods(channels: Sequence[Channel]) -> str | None:
    return ", ".join(dict.fromkeys(channel.method for channel in channels)) or None


def _component(component: str, *, code: str, **about: str | None) -> Component:
    return Component(component=component, code=code, why=REASONS[code], **about)  # pyright: ignore[reportArgumentType]  (about holds fields of Component)
