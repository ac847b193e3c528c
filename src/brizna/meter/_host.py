"""What the machine, or the container we are in, says of itself: processors, memory, limits."""

from __future__ import annotations

import os
import sys
from errno import ENODATA

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_KIB = 1024
_BLOCK = 65536
"""Bytes to read at once: more than most files of procfs and sysfs have."""
_GPU_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD"}
_GPU_CLASSES = ("0x0300", "0x0302", "0x0380", "0x1200")
"""PCI classes of display controllers and processing accelerators."""


class Roots(Record):
    """Where to look: real places, or a simulated machine's.

    Attributes:
        powercap: Folder of the energy counters that Linux shows.
        proc: Where procfs is mounted.
        cgroup: Where the control groups are mounted.
        sys: Where sysfs is mounted.
    """

    powercap: str = "/sys/class/powercap"
    proc: str = "/proc"
    cgroup: str = "/sys/fs/cgroup"
    sys: str = "/sys"


class Processor(Record):
    """The processors that programs on this machine see.

    Attributes:
        name: What it calls itself; None where it does not.
        vendor: As in ``/proc/cpuinfo``; None where unknown.
        family: As the vendor counts.
        model: As the vendor counts.
        stepping: As the vendor counts.
        threads: Processors that the system schedules on; 1 at least.
        sockets: Packages; 1 at least.
        virtual: Whether a hypervisor shows through: then the rest describes what it shows.
    """

    name: str | None = None
    vendor: str | None = None
    family: int | None = None
    model: int | None = None
    stepping: int | None = None
    threads: int = 1
    sockets: int = 1
    virtual: bool = False


class CpuLimit(Record):
    """A container's share of the processors.

    Attributes:
        cpus: Processors that it may keep busy at once.
        usage_file: File with the CPU time it has used.
        usage_us: How many microseconds one of its units is; None for a cgroup v2 ``cpu.stat``.
    """

    cpus: float
    usage_file: str
    usage_us: float | None = None


class KeptFile:
    """A small file that is read again and again through a descriptor that stays open.

    Where it cannot be read it is opened anew, as after its driver was loaded again.
    """

    __slots__ = ("_descriptor", "path")

    def __init__(self, path: str) -> None:
        """Take the path; the file is opened when it is first read."""
        self.path = path
        self._descriptor = -1

    def read(self, size: int) -> bytes:
        """Return the first bytes of the file as it is now, never none.

        Raises:
            OSError: If it cannot be opened or read, or is empty.
        """
        try:
            data = os.pread(self._descriptor, size, 0)
        except OSError:
            data = b""
        return data or self._read_anew(size)

    def _read_anew(self, size: int) -> bytes:
        self.close()
        self._descriptor = os.open(self.path, os.O_RDONLY)
        data = os.pread(self._descriptor, size, 0)
        if not data:
            raise OSError(ENODATA, "it is empty")
        return data

    def close(self) -> None:
        """Close the descriptor; a later read opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_text(path: str) -> str | None:
    """Return a file's text; None where it cannot be read.

    By the system's own calls: a text file object would cost a meter, which wakes up once a second
    to cold caches, three times as much.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        data = os.read(descriptor, _BLOCK)
        while more := os.read(descriptor, _BLOCK):
            data += more
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return data.decode("utf-8", "replace")


def read_whole_number(path: str) -> int | None:
    """Return the whole number a file holds; None where it holds none or cannot be read."""
    try:
        return int(read_text(path) or "")
    except ValueError:
        return None


def find_processor(roots: Roots) -> Processor:
    """Return what the machine says of its processors."""
    text = read_text(f"{roots.proc}/cpuinfo")
    if text is None:
        return _portable_processor()
    first: dict[str, str] = {}
    threads, sockets = 0, set[str]()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        name, value = name.strip(), value.strip()
        first.setdefault(name, value)
        if name == "processor" and value.isdecimal():
            threads += 1
        elif name == "physical id":
            sockets.add(value)
    return Processor(
        name=first.get("model name") or first.get("Model"),
        vendor=first.get("vendor_id") or first.get("CPU implementer"),
        family=_number(first.get("cpu family") or first.get("CPU architecture")),
        model=_number(first.get("model") or first.get("CPU part")),
        stepping=_number(first.get("stepping") or first.get("CPU revision")),
        threads=threads or os.cpu_count() or 1,
        sockets=len(sockets) or 1,
        virtual="hypervisor" in first.get("flags", "").split()
        or read_text(f"{roots.sys}/hypervisor/type") is not None,
    )


def find_gpu_vendors(roots: Roots) -> list[str]:
    """Return the makers of the graphics processors that the PCI bus shows, each once."""
    bus = f"{roots.sys}/bus/pci/devices"
    try:
        devices = os.listdir(bus)
    except OSError:
        return []
    vendors = {
        _GPU_VENDORS.get((read_text(f"{bus}/{device}/vendor") or "").strip())
        for device in devices
        if (read_text(f"{bus}/{device}/class") or "").startswith(_GPU_CLASSES)
    }
    return sorted((vendor for vendor in vendors if vendor), reverse=True)


def find_memory(roots: Roots) -> int | None:
    """Return the machine's memory in bytes; None where it cannot be found out."""
    text = read_text(f"{roots.proc}/meminfo")
    if text is None:
        return _portable_memory()
    for line in text.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * _KIB
    return None


def find_memory_limit(roots: Roots) -> int | None:
    """Return the smallest memory limit of the control groups we are in, in bytes; None if none."""
    found = find_memory_group(roots)
    return None if found is None else found[0]


def find_memory_group(roots: Roots) -> tuple[int, str] | None:
    """Return the smallest memory limit that binds, and the folder of its group; None if none."""
    limits = [
        (limit, folder)
        for folder in [*_groups(roots, ""), *_groups(roots, "memory")]
        for name in ("memory.max", "memory.limit_in_bytes")
        if (limit := read_whole_number(f"{folder}/{name}")) is not None
    ]
    memory = find_memory(roots)
    least = min(limits, default=None)
    return None if least is None or memory is None or least[0] >= memory else least


def find_cpu_limit(roots: Roots) -> CpuLimit | None:
    """Return the tightest limit on processors of the control groups we are in; None if none.

    A quota of their time, or a set of processors that the group may run on.
    """
    limits = _cpu_sets(roots)
    for folder in _groups(roots, ""):
        quota, _, period = (read_text(f"{folder}/cpu.max") or "").strip().partition(" ")
        if quota.isdecimal() and period.isdecimal():
            cpus = int(quota) / int(period)
            limits.append(CpuLimit(cpus=cpus, usage_file=f"{folder}/cpu.stat"))
    for folder in _groups(roots, "cpu"):
        quota_us = read_whole_number(f"{folder}/cpu.cfs_quota_us")
        period_us = read_whole_number(f"{folder}/cpu.cfs_period_us")
        if quota_us is not None and period_us and quota_us > 0:
            usage = _usage_file(roots, folder)
            limits.append(CpuLimit(cpus=quota_us / period_us, usage_file=usage, usage_us=1e-3))
    return min(limits, key=lambda limit: limit.cpus, default=None)


def _cpu_sets(roots: Roots) -> list[CpuLimit]:
    """Return the sets of processors that we may run on, each for the outermost group that has it.

    A group without a set of its own shows that of the group around it.
    """
    found: dict[int, CpuLimit] = {}
    for folder in _groups(roots, ""):
        count = count_processors(read_text(f"{folder}/cpuset.cpus.effective"))
        if count:
            found[count] = CpuLimit(cpus=count, usage_file=f"{folder}/cpu.stat")
    for folder in _groups(roots, "cpuset"):
        text = read_text(f"{folder}/cpuset.effective_cpus") or read_text(f"{folder}/cpuset.cpus")
        count = count_processors(text)
        if count:
            usage = _usage_file(roots, folder)
            found[count] = CpuLimit(cpus=count, usage_file=usage, usage_us=1e-3)
    return list(found.values())


def count_processors(text: str | None) -> int:
    """Return how many processors a list such as ``0-3,8`` names; 0 if it is no such list."""
    count = 0
    for part in (text or "").strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            return 0
        count += int(last or first) - int(first) + 1
    return count


def _usage_file(roots: Roots, folder: str) -> str:
    """Return the version 1 file with the CPU time of the group that has the limit."""
    here = f"{folder}/cpuacct.usage"
    if os.path.exists(here):
        return here
    below = folder.removeprefix(f"{roots.cgroup}/").partition("/")[2]
    return f"{roots.cgroup}/cpuacct/{below}/cpuacct.usage"


def _groups(roots: Roots, controller: str) -> Iterator[str]:
    """Yield the folders of the control groups we are in, innermost first.

    Args:
        roots: Where to look.
        controller: A version 1 controller; empty for version 2.
    """
    path = None
    for line in (read_text(f"{roots.proc}/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, below = rest.partition(":")
        if controller in controllers.split(","):
            path = below
    if path is None:
        return
    mounts = (
        [f"{roots.cgroup}/{controller}"]
        if controller
        else [
            f"{roots.cgroup}/unified",
            roots.cgroup,
        ]
    )
    for mount in mounts:
        if not os.path.isdir(mount):
            continue
        parts = [part for part in path.split("/") if part and part != ".."]
        for length in range(len(parts), -1, -1):
            yield "/".join([mount, *parts[:length]])


def _number(text: str | None) -> int | None:
    try:
        return int(text or "", 0)
    except ValueError:
        return None


def _portable_processor() -> Processor:
    """Return what other systems than Linux say."""
    import platform

    name = platform.processor() or None
    if sys.platform == "darwin":
        name = _sysctl_text("machdep.cpu.brand_string") or name
    return Processor(name=name, threads=os.cpu_count() or 1)


def _sysctl_text(name: str) -> str | None:
    import ctypes

    library = ctypes.CDLL(None)
    size = ctypes.c_size_t(256)
    text = ctypes.create_string_buffer(size.value)
    failed = library.sysctlbyname(name.encode(), text, ctypes.byref(size), None, 0)
    return None if failed else text.value.decode(errors="replace")


def _portable_memory() -> int | None:
    try:
        import psutil  # pyright: ignore[reportMissingModuleSource]  (not on Linux, where this is checked)
    except ImportError:
        return None
    return int(psutil.virtual_memory().total)
