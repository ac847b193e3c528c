"""A simulated machine: processors, memory and load as procfs, sysfs and cgroups tell them."""

from __future__ import annotations

from brizna.meter import Roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from brizna.testing._clock import FakeClock

_TICKS_PER_S = 100


class FakeMachine:
    """Folders like ``/proc``, ``/sys`` and ``/sys/fs/cgroup`` whose load follows a fake clock.

    Attributes:
        roots: Where its folders are; counters go to ``roots.powercap``.
    """

    def __init__(
        self, root: Path, clock: FakeClock, *, threads: int = 4, memory_gib: int = 16
    ) -> None:
        """Write the folders.

        Args:
            root: An empty folder, or where one can be made.
            clock: What moves the load counters.
            threads: How many processors the system schedules on.
            memory_gib: How much memory it has.
        """
        self._root = root
        self._threads = self._online = threads
        self._load = 0.0
        self._stolen = 0.0
        self._busy_us = self._stolen_us = self._total_us = self._group_us = 0.0
        self._group_cpus: float | None = None
        self.roots = Roots(
            powercap=str(root / "sys/class/powercap"),
            proc=str(root / "proc"),
            cgroup=str(root / "sys/fs/cgroup"),
            sys=str(root / "sys"),
        )
        for folder in ("proc/self", "sys/fs/cgroup", "sys/class/powercap"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.show_processor()
        (root / "proc/meminfo").write_text(f"MemTotal: {memory_gib * 2**20} kB\n")
        (root / "proc/self/cgroup").write_text("0::/job\n")
        self._show()
        clock.watch(self._move)

    def show_processor(
        self,
        name: str = "Mystery Chip",
        *,
        family: int = 6,
        model: int = 1,
        is_virtual: bool = False,
    ) -> None:
        """Write what the processors say of themselves."""
        flags = "fpu hypervisor" if is_virtual else "fpu"
        (self._root / "proc/cpuinfo").write_text(
            "\n".join(
                f"processor : {index}\nvendor_id : GenuineIntel\ncpu family : {family}\n"
                f"model : {model}\nmodel name : {name}\nstepping : 1\nphysical id : 0\n"
                f"flags : {flags}\n"
                for index in range(self._threads)
            )
        )

    def work(self, load: float, *, stolen: float = 0.0) -> None:
        """Change the load, from now on: shares of all processors' time, in [0, 1].

        Args:
            load: Busy with what this machine runs.
            stolen: Taken by other machines on the same host.
        """
        self._load, self._stolen = load, stolen

    def take_away(self, processors: int, *, idle_us: int = 0) -> None:
        """Take processors offline, or with a negative number bring them back.

        Args:
            processors: How many.
            idle_us: Idle time that the kernel forgets with them, as it does in some versions.
        """
        self._online -= processors
        self._total_us -= idle_us
        path = self._root / "sys/devices/system/cpu/online"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"0-{self._online - 1}\n")
        self._show()

    def limit(
        self, cpus: float, *, memory_gib: int | None = None, is_version_1: bool = False
    ) -> None:
        """Put what runs here into a container with limits; all load is the container's."""
        self._group_cpus = cpus
        period_us = 100_000
        quota_us = round(cpus * period_us)
        memory = None if memory_gib is None else str(memory_gib * 2**30)
        if is_version_1:
            (self._root / "proc/self/cgroup").write_text("5:cpu,cpuacct:/job\n6:memory:/job\n")
            self._write("cpu/job/cpu.cfs_quota_us", str(quota_us))
            self._write("cpu/job/cpu.cfs_period_us", str(period_us))
            if memory is not None:
                self._write("memory/job/memory.limit_in_bytes", memory)
        else:
            self._write("job/cpu.max", f"{quota_us} {period_us}")
            self._write("job/memory.max", memory or "max")
        self._show()

    def hold(self, memory_gib: float, *, cache_gib: float = 0.0) -> None:
        """Change what the container of `limit` holds, in the files of both versions.

        Args:
            memory_gib: What its programs hold.
            cache_gib: File cache beside it that nobody uses now.
        """
        held, cache = round((memory_gib + cache_gib) * 2**30), round(cache_gib * 2**30)
        self._write("job/memory.current", str(held))
        self._write("job/memory.stat", f"anon 0\ninactive_file {cache}")
        self._write("memory/job/memory.usage_in_bytes", str(held))
        self._write("memory/job/memory.stat", f"inactive_file 0\ntotal_inactive_file {cache}")

    def hide_load(self) -> None:
        """Take ``/proc/stat`` away, until the clock moves."""
        file = self._root / "proc/stat"
        file.write_bytes(b"")  # a reader that holds it open must see that nothing is there
        file.unlink()

    def _write(self, file: str, text: str) -> None:
        path = self._root / "sys/fs/cgroup" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    def _move(self, passed_us: int) -> None:
        self._total_us += passed_us * self._online
        self._busy_us += passed_us * self._online * self._load
        self._stolen_us += passed_us * self._online * self._stolen
        self._show()

    def _show(self) -> None:
        ticks = [
            round(us / 1e6 * _TICKS_PER_S)
            for us in (
                self._busy_us,
                self._total_us - self._busy_us - self._stolen_us,
                self._stolen_us,
            )
        ]
        line = f"cpu  {ticks[0]} 0 0 {ticks[1]} 0 0 0 {ticks[2]} 0 0\n"
        (self._root / "proc/stat").write_text(line)
        if self._group_cpus is not None:
            self._write("job/cpu.stat", f"usage_usec {round(self._busy_us)}\nuser_usec 0")
            self._write("cpu/job/cpuacct.usage", str(round(self._busy_us * 1000)))
