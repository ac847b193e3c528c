"""What a model will run on: instructions, processors, devices and libraries."""

from __future__ import annotations

import os
import platform

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar

_TOLD = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_bf16", "amx_int8", "amx_fp16", "asimd", "asimddp", "bf16", "i8mm", "sve"),
)
"""Instructions that decide how fast, and on some machines how well, small numbers are computed."""


class Machine(Record):
    """The machine as far as a choice between variants depends on it.

    Attributes:
        isa: Instruction sets of the processor that matter, in alphabetical order.
        processors: How many this process may use.
        libraries: Version of each library of interest that is installed, by its distribution.
        has_cuda: Whether an NVIDIA driver is loaded.
        system: Such as ``Linux-x86_64``.
    """

    isa: tuple[str, ...]
    processors: int
    libraries: dict[str, str]
    has_cuda: bool = False
    system: str = ""

    _forms: ClassVar = {"isa": tuple}

    def has(self, *names: str) -> bool:
        """Return whether the processor has any of these instruction sets."""
        return any(name in self.isa for name in names)

    def lacks(self, distributions: Iterable[str]) -> tuple[str, ...]:
        """Return which of these distributions are not installed; any of ``one|other`` will do."""
        return tuple(
            name
            for name in distributions
            if not any(part in self.libraries for part in name.split("|"))
        )


def this_machine(
    distributions: Iterable[str], *, proc_root: str = "/proc", dev_root: str = "/dev"
) -> Machine:
    """Return this machine.

    Args:
        distributions: Whose versions are wanted.
        proc_root: Directory of the process file system.
        dev_root: Directory of the devices.
    """
    flags = _flags(proc_root)
    return Machine(
        isa=tuple(name for name in sorted(_TOLD) if name in flags),
        processors=_processors(),
        libraries=_versions(distributions),
        has_cuda=os.path.exists(os.path.join(dev_root, "nvidiactl")),
        system=f"{platform.system()}-{platform.machine()}",
    )


def _flags(proc_root: str) -> frozenset[str]:
    """Return what the processor says it can do; nothing where nobody says."""
    try:
        with open(os.path.join(proc_root, "cpuinfo"), encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() in ("flags", "Features"):
                    return frozenset(value.split())
    except OSError:  # no such file: not Linux
        return frozenset()
    return frozenset()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, Any] = {}
    for name in sorted({part for one in distributions for part in one.split("|")}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # absent, which is what a step asks about
            continue
    return found
