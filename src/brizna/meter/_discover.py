"""Which meters this machine has: counters where they can be read, models where not."""

from __future__ import annotations

import sys

from brizna.core.measurement import Channel
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
    from brizna.meter._protocol import Meter

_TICK_US = 10_000
"""The kernel counts load in ticks of this length."""
NO_COUNTER = "no counter on this machine"
NO_AMD_METER = "brizna has no meter for AMD graphics processors"


def open_meters(
    *,
    machine: str,
    roots: Roots | None = None,
    nvml: Callable[[], Any] | None = None,
    named: Sequence[Meter] = (),
) -> list[Meter]:
    """Open the meters of this machine; give them to a `Sampler`, or close them.

    A counter that exists but cannot be read is told by its meter's ``unseen``. Processors and
    memory that no counter covers are modelled, also inside a meter that was named: one behind a
    wire may fall silent.

    Args:
        machine: A name for the machine that reveals neither host nor user; part of the names of
            doubts, because one machine's counters are off by the same factor in all its runs.
        roots: Where to look; the real places if None.
        nvml: Returns the NVML bindings, or raises `UnavailableError`; the driver's if None.
        named: Meters that a person asked for by name, open; see `open_specs`.
    """
    roots = roots or Roots()
    meters = _open_own(roots, machine=machine, nvml=nvml, has_named=bool(named))
    meters = [*named, *meters]
    if not any(channel.kind == "node" for meter in meters for channel in meter.channels()):
        return meters
    from brizna.meter._forest import arrange

    return arrange(meters)


def _open_own(
    roots: Roots, *, machine: str, nvml: Callable[[], Any] | None, has_named: bool
) -> list[Meter]:
    """Return the meters that are found without being named."""
    meters: list[Meter] = []
    if sys.platform == "linux":
        from brizna.meter._rapl import open_rapl

        meters += open_rapl(roots, machine=machine)
    meters += _open_gpus(roots, machine=machine, provider=nvml)
    kinds = {channel.kind for meter in meters for channel in meter.channels()}
    if "node" in kinds:
        return meters
    if "cpu" not in kinds:
        meters.append(open_cpu_model(roots, machine=machine))
    if "memory" not in kinds:
        meters.append(open_memory_model(roots, machine=machine, beside=meters))
    if not has_named:
        meters.append(Unmetered({"storage": NO_COUNTER, "network": NO_COUNTER}))
    return meters


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


def _open_gpus(roots: Roots, *, machine: str, provider: Callable[[], Any] | None) -> list[Meter]:
    """Return the meters of the graphics processors, or a note of those that no meter covers."""
    from brizna.meter._nvml import open_nvml

    meters, reason = open_nvml(machine=machine, provider=provider)
    if meters:
        return [*meters]
    return [
        Unmetered({"gpu": NO_AMD_METER if vendor == "AMD" else reason or NO_COUNTER})
        for vendor in find_gpu_vendors(roots)[:1]
    ]


def open_cpu_model(roots: Roots, *, machine: str) -> Meter:
    """Return the model of the processors' power by their load.

    In a container with a limit on processors it covers that share of the machine, by the
    container's own load; else the whole machine as it shows itself.
    """
    from brizna.meter._load_model import GroupLoad, LoadMeter, MachineLoad, PortableLoad
    from brizna.meter._power_facts import processor_curve

    processor = find_processor(roots)
    _, limit = _cpus(roots)
    curve = processor_curve(processor, cpus=limit and limit.cpus, machine=machine)
    if limit is not None:
        load = GroupLoad(limit)
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
        update_us=_TICK_US,
        references=curve.references,
    )
    return LoadMeter(channel, curve, load)


def open_memory_model(roots: Roots, *, machine: str, beside: Sequence[Meter] = ()) -> Meter:
    """Return the model of the memory's power by its size.

    Args:
        roots: Where to look.
        machine: As for `open_meters`.
        beside: The other meters: watts per virtual processor may hold some memory already.
    """
    from brizna.meter._load_model import MemoryMeter
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
        references=curve.references,
    )
    return MemoryMeter(channel, curve.power_w(1.0))


def _cpus(roots: Roots) -> tuple[float, CpuLimit | None]:
    """Return how many processors we may keep busy, and the limit that says so if one binds."""
    threads = find_processor(roots).threads
    limit = find_cpu_limit(roots)
    if limit is None or limit.cpus >= threads:
        return threads, None
    return limit.cpus, limit
