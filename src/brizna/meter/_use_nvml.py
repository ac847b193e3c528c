"""Which processes keep NVIDIA GPUs busy, through the driver's management library (NVML).

For each card the time in which it was busy is counted, for each user and in all: the share of time
that the driver tells times the time since the last look. Where the driver tells no process's share
of time, the card's time is shared out by the memory that each process holds on it.
"""

from __future__ import annotations

import os

from brizna.core.errors import UnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Any

_FIRST_NAMESPACE = "pid:[4026531836]"
"""Of process numbers, that of the machine itself (PROC_PID_INIT_INO of linux/proc_ns.h)."""
_NOTHING_NEW = (0, 6)
"""Success without a sample, and NOT_FOUND: no process used the card since the last look."""
OTHER_NAMESPACE = (
    "the driver names processes by their numbers outside this container, which are not known here"
)
SLICED = "the driver does not tell which processes use a card that is cut into MIG slices"


class NvmlUse:
    """Counts how long cards were busy, by user.

    Attributes:
        untold: For each card of which nobody can tell who uses it, the reason.
        methods: For each card, ``process-utilization`` or ``process-memory``.
    """

    def __init__(self, nvml: Any, cards: Collection[str], *, proc_root: str = "/proc") -> None:
        """Take initialised bindings over: `close` shuts them down.

        Args:
            nvml: The bindings.
            cards: UUIDs of the cards to look at.
            proc_root: Where procfs is.
        """
        self._nvml = nvml
        self._is_open = True
        self.untold: dict[str, str] = {}
        self.methods: dict[str, str] = {}
        self._cards: dict[str, _Card] = {}
        hidden = None if _sees_all_processes(proc_root) else OTHER_NAMESPACE
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                uuid = nvml.nvmlDeviceGetUUID(handle)
                uuid = uuid.decode() if isinstance(uuid, bytes) else uuid
                if uuid not in cards:
                    continue
                reason = SLICED if _is_sliced(nvml, handle) else hidden
                if reason is not None:
                    self.untold[uuid] = reason
                else:
                    self._cards[uuid] = _Card(nvml, handle)
            except nvml.NVMLError:
                continue  # a lost card: its meter says so

    def read(self, t_us: int, users: Sequence[Collection[int]]) -> dict[str, list[int | None]]:
        """Return, by card, the busy microseconds so far of each user, then of the card.

        None for each where the card cannot be read now; what happened meanwhile is then no one's.

        Args:
            t_us: The time, in microseconds.
            users: The processes of each user, always in the same order.
        """
        found: dict[str, list[int | None]] = {}
        for uuid, card in self._cards.items():
            try:
                found[uuid] = card.read(t_us, users)
                self.methods[uuid] = card.method
            except self._nvml.NVMLError:
                card.lose()
                found[uuid] = [None] * (len(users) + 1)
        return found

    def close(self) -> None:
        """Shut the library down."""
        if self._is_open:
            self._is_open = False
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError:
                return  # the driver is gone: nothing is held


class _Card:
    """One card: what its users kept it busy with so far."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle
        self._before_us: int | None = None
        self._seen_us = 0
        self._busy: list[float] = []
        self._pids: list[set[int]] = []
        self.method = "process-utilization"

    def lose(self) -> None:
        """Forget the last look: nobody knows what happens until the next one."""
        self._before_us = None

    def read(self, t_us: int, users: Sequence[Collection[int]]) -> list[int | None]:
        rates = self._nvml.nvmlDeviceGetUtilizationRates(self._handle)
        whole = rates.gpu / 100
        shares = self._shares(whole)
        if self._before_us is not None:
            passed_us = t_us - self._before_us
            # A process that has ended since the last look still counts.
            now = [set(pids) | before for pids, before in zip(users, self._pids, strict=True)]
            parts = [sum(shares.get(pid, 0.0) for pid in pids) for pids in now]
            for place, part in enumerate([*parts, whole]):
                self._busy[place] += part * passed_us
        elif not self._busy:
            self._busy = [0.0] * (len(users) + 1)
        self._before_us = t_us
        self._pids = [set(pids) for pids in users]
        return [round(busy_us) for busy_us in self._busy]

    def _shares(self, whole: float) -> dict[int, float]:
        """Return the share of the time, in [0, 1], in which each process used the card."""
        try:
            samples = self._nvml.nvmlDeviceGetProcessUtilization(self._handle, self._seen_us)
        except self._nvml.NVMLError as error:
            if error.value in _NOTHING_NEW:
                return {}
            self.method = "process-memory"
            return self._by_memory(whole)
        self.method = "process-utilization"
        by_pid: dict[int, list[float]] = {}
        for sample in samples:
            self._seen_us = max(self._seen_us, int(sample.timeStamp))
            by_pid.setdefault(int(sample.pid), []).append(sample.smUtil / 100)
        return {pid: sum(used) / len(used) for pid, used in by_pid.items()}

    def _by_memory(self, whole: float) -> dict[int, float]:
        held: dict[int, int] = {}
        for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle):
            held[int(process.pid)] = int(process.usedGpuMemory or 0)
        size = sum(held.values())
        return {pid: whole * part / size for pid, part in held.items()} if size else {}


def open_nvml_use(
    cards: Collection[str], *, provider: Callable[[], Any] | None = None, proc_root: str = "/proc"
) -> NvmlUse | None:
    """Return what counts the use of these cards; None where the driver cannot be asked.

    Args:
        cards: Their UUIDs.
        provider: Returns the bindings or raises `UnavailableError`; the driver's if None.
        proc_root: Where procfs is.
    """
    from brizna.meter._nvml import load_nvml

    try:
        nvml = (provider or load_nvml)()
    except UnavailableError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return None  # the driver does not answer: the cards' meter says so
    return NvmlUse(nvml, cards, proc_root=proc_root)


def _sees_all_processes(proc_root: str) -> bool:
    """Tell whether process numbers mean here what they mean to the driver."""
    try:
        return os.readlink(f"{proc_root}/self/ns/pid") == _FIRST_NAMESPACE
    except (OSError, AttributeError):
        return not os.path.isdir(f"{proc_root}/self")  # a system without such namespaces


def _is_sliced(nvml: Any, handle: Any) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:
        return False
