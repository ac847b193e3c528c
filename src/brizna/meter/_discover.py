"""Which meters this machine has: counters where they can be read, models where not."""

from __future__ import annotations

import os
import sys

from brizna.core.errors import Said
from brizna.core.measurement import Channel
from brizna.core.records import Record
from brizna.meter._host import (
    Roots,
    find_cpu_limit,
    find_gpu_vendors,
    find_memory,
    find_memory_limit,
    find_processor,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.meter._host import CpuLimit
    from brizna.meter._perf import OpenEvent
    from brizna.meter._protocol import Meter

_TICK_US = 10_000
"""The kernel counts load in ticks of this length."""
NO_COUNTER = "no counter on this machine"
NO_AMD_DRIVER = str(Said("the driver amdgpu is not loaded"))
_WHOLE = ("node", "cpu", "memory", "storage", "network")
"""What a meter of a whole machine covers."""


class _Here(Record):
    """The machine whose meters are opened.

    Attributes:
        roots: Where to look.
        machine: Its name, for the names of doubts.
        nvml: Returns the NVML bindings; the driver's if None.
        amd_smi: Returns AMD's management library; the driver's if None.
        open_event: Opens a performance event; the kernel's if None.
    """

    roots: Roots
    machine: str
    nvml: Callable[[], Any] | None
    amd_smi: Callable[[], Any] | None
    open_event: OpenEvent | None


def open_meters(
    *,
    machine: str,
    roots: Roots | None = None,
    nvml: Callable[[], Any] | None = None,
    amd_smi: Callable[[], Any] | None = None,
    open_event: OpenEvent | None = None,
    named: Sequence[Meter] = (),
) -> list[Meter]:
    """Open the meters of this machine; give them to a `Sampler`, or close them.

    A counter that exists but cannot be read is told by its meter's ``unseen``. Processors and
    memory that no counter covers are modelled, also inside a meter of the whole machine that was
    named: one behind a wire may fall silent. A meter of a part of the machine that was named
    stands in for what would be found.

    Args:
        machine: A name for the machine that reveals neither host nor user; part of the names of
            doubts, because one machine's counters are off by the same factor in all its runs.
        roots: Where to look; the real places if None.
        nvml: Returns the NVML bindings, or raises `UnavailableError`; the driver's if None.
        amd_smi: Returns AMD's management library, or raises `UnavailableError`; the driver's if
            None.
        open_event: Opens a performance event, by the numbers of its unit, of itself and of the
            processor; the kernel's if None.
        named: Meters that a person asked for by name, open; see `open_specs`.
    """
    here = _Here(
        roots=roots or Roots(), machine=machine, nvml=nvml, amd_smi=amd_smi, open_event=open_event
    )
    meters = list(named)
    covered = _kinds(named)
    if "node" in covered:
        covered |= {"storage", "network"}
    for component, open_some in _OPENERS:
        if component not in covered:
            opened = open_some(here, meters)
            meters += opened
            kinds = _kinds(opened)
            covered.update(_WHOLE if "node" in kinds else kinds)
    if not any(channel.kind == "node" for meter in meters for channel in meter.channels()):
        return meters
    from brizna.meter._forest import arrange

    return arrange(meters)


def _kinds(meters: Sequence[Meter]) -> set[str]:
    return {channel.kind for meter in meters for channel in meter.channels()}


class Unmetered:
    """What no meter covers: no channels, only reasons."""

    def __init__(self, unseen: Mapping[str, str]) -> None:
        """Take the reason for each component."""
        self._unseen = unseen

    def channels(self) -> Sequence[Channel]:
        """Return nothing."""
        return ()

    def ranges(self) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return the reason for each component."""
        return self._unseen

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return nothing."""
        del t_us
        return ()

    def trouble(self) -> Mapping[str, str]:
        """Return nothing."""
        return {}

    def close(self) -> None:
        """Do nothing."""


def _count_processors(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    """Return the first way to the processors' counters that can be read; never two.

    Where none can, the first that is there says why.
    """
    del beside
    refused: list[Meter] = []
    for look in (_find_powercap, _find_power_units, _find_processor_monitors):
        meters = look(here)
        if _kinds(meters):
            return meters
        refused = refused or meters
    return refused


def _find_powercap(here: _Here) -> list[Meter]:
    if sys.platform != "linux":
        return []
    from brizna.meter._rapl import open_rapl

    return [*open_rapl(here.roots, machine=here.machine)]


def _find_power_units(here: _Here) -> list[Meter]:
    if not os.path.isdir(f"{here.roots.sys}/bus/event_source/devices/power"):
        return []
    from brizna.meter._perf import open_perf

    return [*open_perf(here.roots, machine=here.machine, open_event=here.open_event)]


def _find_processor_monitors(here: _Here) -> list[Meter]:
    if not os.path.isdir(f"{here.roots.sys}/class/hwmon"):
        return []
    from brizna.meter._hwmon import PROCESSORS, open_hwmon

    return [*open_hwmon(here.roots, machine=here.machine, drivers=PROCESSORS)]


def _count_cards(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    """Return the meters of the graphics processors, and a note of makers whose no meter covers."""
    del beside
    from brizna.meter._nvml import open_nvml

    by_nvml, reason = open_nvml(machine=here.machine, provider=here.nvml)
    reasons = {"NVIDIA": reason or NO_COUNTER, "AMD": NO_AMD_DRIVER}
    meters: list[Meter] = [*by_nvml]
    by_amd: list[Meter] = []
    if _is_loaded(here, "amdgpu"):
        from brizna.meter._amd import open_amd

        opened, reason = open_amd(here.roots, machine=here.machine, provider=here.amd_smi)
        by_amd = [*opened]
        reasons["AMD"] = reason or NO_COUNTER
    if _is_loaded(here, "i915") or _is_loaded(here, "xe"):
        from brizna.meter._hwmon import INTEL_CARDS, open_hwmon

        meters += open_hwmon(here.roots, machine=here.machine, drivers=INTEL_CARDS)
    meters += by_amd
    if by_nvml:
        return meters
    makers = [maker for maker in find_gpu_vendors(here.roots) if maker == "NVIDIA" or not by_amd]
    if not makers:
        return meters
    is_only = "gpu" not in _kinds(meters) and len(makers) == 1
    unseen = {"gpu" if is_only else f"gpu/{maker}": reasons[maker] for maker in makers}
    return [*meters, Unmetered(unseen)]


def _is_loaded(here: _Here, driver: str) -> bool:
    return os.path.isdir(f"{here.roots.sys}/module/{driver}")


def _count_batteries(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    """Return the meter of the batteries: where nothing finer covers the processors."""
    del beside
    if not has_entries(f"{here.roots.sys}/class/power_supply"):
        return []
    from brizna.meter._battery import open_battery

    return [*open_battery(here.roots, machine=here.machine)]


def has_entries(folder: str) -> bool:
    """Tell whether there is anything in a folder that may not be there."""
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


def open_cpu_model(
    roots: Roots, *, machine: str, asleep_us: Callable[[], int] | None = None
) -> Meter:
    """Return the model of the processors' power by their load.

    In a container with a limit on processors it covers that share of the machine, by the
    container's own load; else the whole machine as it shows itself.

    Args:
        roots: Where to look.
        machine: As for `open_meters`.
        asleep_us: As `brizna.meter._load_model.Sleep` takes it.
    """
    from brizna.meter._load_model import GroupLoad, LoadMeter, MachineLoad, PortableLoad, Sleep
    from brizna.meter._power_facts import processor_curve

    processor = find_processor(roots)
    _, limit = _cpus(roots)
    curve = processor_curve(processor, cpus=limit and limit.cpus, machine=machine)
    if limit is not None:
        load = GroupLoad(limit, Sleep(asleep_us))
    elif sys.platform == "linux":
        load = MachineLoad(roots, processor.threads)
    else:
        load = PortableLoad(processor.threads)
    channel = Channel(
        id="model/cpu",
        kind="cpu",
        device=processor.name,
        method="load-model",
        basis="modelled",
        scope="machine" if limit is None else "container",
        counted_by="reader",
        doubts=curve.doubts,
        max_power_w=curve.power_w(1.0),
        idle_w=curve.power_w(0.0),
        update_us=_TICK_US,
        references=curve.references,
    )
    return LoadMeter(channel, curve, load)


def open_memory_model(
    roots: Roots,
    *,
    machine: str,
    beside: Sequence[Meter] = (),
    asleep_us: Callable[[], int] | None = None,
) -> Meter:
    """Return the model of the memory's power by its size.

    Args:
        roots: Where to look.
        machine: As for `open_meters`.
        beside: The other meters: watts per virtual processor may hold some memory already.
        asleep_us: As `brizna.meter._load_model.Sleep` takes it.
    """
    from brizna.meter._load_model import MemoryMeter, Sleep
    from brizna.meter._power_facts import memory_power

    limit = find_memory_limit(roots)
    size = find_memory(roots) if limit is None else limit
    if size is None:
        return Unmetered({"memory": "its size cannot be found out"})
    holds_memory = any(
        name.startswith("factor:vcpu/")
        for meter in beside
        for channel in meter.channels()
        for name in channel.references
    )
    curve = memory_power(size, cpus=_cpus(roots)[0] if holds_memory else None, machine=machine)
    channel = Channel(
        id="model/memory",
        kind="memory",
        method="size-model",
        basis="modelled",
        scope="machine" if limit is None else "container",
        counted_by="reader",
        doubts=curve.doubts,
        max_power_w=curve.power_w(1.0),
        idle_w=curve.power_w(0.0),
        references=curve.references,
    )
    return MemoryMeter(channel, curve.power_w(1.0), Sleep(asleep_us))


def find_binding_limit(roots: Roots) -> CpuLimit | None:
    """Return the limit on processors that the model of this container covers; None if none."""
    return _cpus(roots)[1]


def _cpus(roots: Roots) -> tuple[float, CpuLimit | None]:
    """Return how many processors we may keep busy, and the limit that says so if one binds."""
    threads = find_processor(roots).threads
    limit = find_cpu_limit(roots)
    if limit is None or limit.cpus >= threads:
        return threads, None
    return limit.cpus, limit


def _model_processors(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    del beside
    return [open_cpu_model(here.roots, machine=here.machine)]


def _model_memory(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    return [open_memory_model(here.roots, machine=here.machine, beside=beside)]


def _name_the_rest(here: _Here, beside: Sequence[Meter]) -> list[Meter]:
    del here, beside
    return [Unmetered({"storage": NO_COUNTER, "network": NO_COUNTER})]


_OPENERS = (
    ("cpu", _count_processors),
    ("gpu", _count_cards),
    ("cpu", _count_batteries),
    ("cpu", _model_processors),
    ("memory", _model_memory),
    ("storage", _name_the_rest),
)
"""What is tried, in this order, each for the component beside it if none before covers that."""
