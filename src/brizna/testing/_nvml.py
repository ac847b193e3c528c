"""NVIDIA's management library, simulated: the functions that brizna calls, over a fake clock."""
# ruff: noqa: N802 -- the methods of FakeNvml have the names that the library gave them

from __future__ import annotations

from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Self

    from brizna.testing._clock import FakeClock

_PJ_PER_MJ = 1_000_000_000
_UNINITIALISED, _INVALID, _NOT_SUPPORTED, _NO_PERMISSION = 1, 2, 3, 4
_NOT_FOUND, _DRIVER_NOT_LOADED, _GPU_IS_LOST = 6, 9, 15
_LEAST_LIMIT_MW = 1000
_MEMORY_MHZ = 1593
_LEAST_CLOCK_MHZ, _CLOCK_STEP_MHZ = 210, 15


class FakeNvmlError(Exception):
    """What the bindings raise: a return code of the library."""

    def __init__(self, value: int) -> None:
        """Take the library's return code."""
        super().__init__(_TEXTS.get(value, f"error {value}"))
        self.value = value


_TEXTS = {
    _UNINITIALISED: "Uninitialized",
    _INVALID: "Invalid Argument",
    _NOT_SUPPORTED: "Not Supported",
    _NO_PERMISSION: "Insufficient Permissions",
    _NOT_FOUND: "Not Found",
    _DRIVER_NOT_LOADED: "Driver Not Loaded",
    _GPU_IS_LOST: "GPU is lost",
}


class FakeGpu(Record):
    """One simulated card.

    Attributes:
        uuid: Its name for ever.
        name: What its maker calls it.
        power_w: What it draws from the start.
        start_mj: Where its energy counter stands at the start, in millijoules.
        has_counter: Whether it has an energy counter.
        has_instant_power: Whether it tells the power of this instant.
        has_slices: Whether it is cut into MIG slices.
        limit_w: The highest power limit that can be set; None if it does not tell.
        architecture: As the library numbers them: 5 is Volta, 7 Ampere, 9 Hopper.
        use: Share of the time in which it works, in [0, 1].
        memory_used: Bytes of its memory that are taken.
        clock_mhz: Its clock.
        temperature_c: In degrees Celsius.
        reasons: Why its clock is lower than it could be, as the library's bits.
        has_gauges: Whether it tells its use, memory, clock, temperature and reasons.
        has_process_use: Whether it tells in which share of the time each process used it.
        bus_id: Its PCI address as the library writes it, such as ``00000000:65:00.0``; None if it
            does not tell.
    """

    uuid: str
    name: str = "Simulated GPU"
    power_w: float = 0.0
    start_mj: int = 7_000_000
    has_counter: bool = True
    has_instant_power: bool = True
    has_slices: bool = False
    limit_w: float | None = 400.0
    architecture: int = 7
    use: float = 0.0
    memory_used: int = 0
    clock_mhz: int = 1410
    temperature_c: int = 40
    reasons: int = 0
    has_gauges: bool = True
    has_process_use: bool = True
    bus_id: str | None = None


class FakeNvml:
    """Stands in for the ``pynvml`` module, and for the function that provides it.

    Attributes:
        driver_is_loaded: Set to False to make ``nvmlInit`` fail.
        may_set: Set to False to make the power limits read-only, as they are without permission.
    """

    NVMLError = FakeNvmlError
    NVML_SUCCESS = 0
    NVML_FI_DEV_POWER_INSTANT = 186
    NVML_CLOCK_GRAPHICS = 0
    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, clock: FakeClock, cards: Sequence[FakeGpu]) -> None:
        """Take the cards; their counters move whenever the clock does."""
        self._cards = list(cards)
        self._power_w = [card.power_w for card in cards]
        self._limit_mw = [None if c.limit_w is None else round(c.limit_w * 1000) for c in cards]
        self._true_pj = [0 for _ in cards]
        self._counter_pj = [card.start_mj * _PJ_PER_MJ for card in cards]
        self._frozen: set[int] = set()
        self._lost: set[int] = set()
        self._processes: dict[int, list[_Process]] = {}
        self._clock = clock
        self._users = 0
        self._clock_mhz = [card.clock_mhz for card in cards]
        self.driver_is_loaded = True
        self.may_set = True
        clock.watch(self._move)

    def __call__(self) -> Self:
        """Return itself, as the provider of the bindings."""
        return self

    def true_j(self, index: int) -> float:
        """Return the energy that a card has really drawn so far."""
        return self._true_pj[index] * 1e-12

    def draw(self, index: int, power_w: float) -> None:
        """Change what a card draws, from now on."""
        self._power_w[index] = power_w

    def draws_w(self, index: int) -> float:
        """Return what a card draws: what it would, but no more than its limit."""
        limit_mw = self._limit_mw[index]
        power_w = self._power_w[index]
        return power_w if limit_mw is None else min(power_w, limit_mw / 1000)

    def limit_w(self, index: int) -> float | None:
        """Return a card's power limit as it is set now; None if it has none."""
        limit_mw = self._limit_mw[index]
        return None if limit_mw is None else limit_mw / 1000

    def clock_mhz(self, index: int) -> int:
        """Return a card's clock for applications as it is set now."""
        return self._clock_mhz[index]

    def show(self, index: int, **gauges: Any) -> None:
        """Change what a card tells beside its power: the fields of `FakeGpu` that are named."""
        self._cards[index] = self._cards[index].replace(**gauges)

    def occupy(self, index: int, use: Mapping[int, float], *, memory: int = 2**30) -> None:
        """Let processes work on a card, from now on.

        Args:
            index: Which card; its own `FakeGpu.use` is told apart with `show`.
            use: For each process, the share of the time in which it works.
            memory: Bytes of the card's memory that each of them holds.
        """
        self._processes[index] = [_Process(pid, share, memory) for pid, share in use.items()]

    @property
    def is_open(self) -> bool:
        """Whether it was initialised, and not shut down as often since."""
        return self._users > 0

    def lose(self, index: int) -> None:
        """Make a card fall off the bus: every question about it fails."""
        self._lost.add(index)

    def find(self, index: int) -> None:
        """Bring a lost card back; it went on drawing power and counting."""
        self._lost.discard(index)

    def reset(self, index: int) -> None:
        """Start a card's energy counter again at 0, as a reloaded driver does."""
        self._counter_pj[index] = 0

    def freeze(self, index: int) -> None:
        """Stop a card's energy counter, though the card goes on drawing power."""
        self._frozen.add(index)

    def thaw(self, index: int) -> None:
        """Let a stopped counter move again."""
        self._frozen.discard(index)

    def _move(self, passed_us: int) -> None:
        for index in range(len(self._cards)):
            power_w = self.draws_w(index)
            passed_pj = round(power_w * passed_us * 1e6)
            self._true_pj[index] += passed_pj
            if index not in self._frozen:
                self._counter_pj[index] += passed_pj

    def _card(self, handle: int) -> FakeGpu:
        if not self.is_open:
            raise FakeNvmlError(_UNINITIALISED)
        if handle in self._lost:
            raise FakeNvmlError(_GPU_IS_LOST)
        return self._cards[handle]

    # The library's own names follow.

    def nvmlInit(self) -> None:
        if not self.driver_is_loaded:
            raise FakeNvmlError(_DRIVER_NOT_LOADED)
        self._users += 1

    def nvmlShutdown(self) -> None:
        if not self.is_open:
            raise FakeNvmlError(_UNINITIALISED)
        self._users -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self._cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self._card(index)
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:
        found = [index for index, card in enumerate(self._cards) if card.uuid == uuid]
        if not found:
            raise FakeNvmlError(_NOT_FOUND)
        return self.nvmlDeviceGetHandleByIndex(found[0])

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return self._card(handle).uuid

    def nvmlDeviceGetName(self, handle: int) -> str:
        return self._card(handle).name

    def nvmlDeviceGetPciInfo(self, handle: int) -> _Place:
        bus_id = self._card(handle).bus_id
        if bus_id is None:
            raise FakeNvmlError(_NOT_SUPPORTED)
        return _Place(bus_id)

    def nvmlDeviceGetMigMode(self, handle: int) -> list[int]:
        return [int(self._card(handle).has_slices)] * 2

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:
        if not self._card(handle).has_counter:
            raise FakeNvmlError(_NOT_SUPPORTED)
        return self._counter_pj[handle] // _PJ_PER_MJ

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        self._card(handle)
        return round(self.draws_w(handle) * 1000)

    def nvmlDeviceGetFieldValues(self, handle: int, fields: Sequence[int]) -> list[Any]:
        supported = self._card(handle).has_instant_power
        power_mw = round(self.draws_w(handle) * 1000)
        return [_Field(0 if supported else _NOT_SUPPORTED, power_mw) for _ in fields]

    def nvmlDeviceGetPowerManagementLimitConstraints(self, handle: int) -> list[int]:
        limit_w = self._card(handle).limit_w
        if limit_w is None:
            raise FakeNvmlError(_NOT_SUPPORTED)
        return [_LEAST_LIMIT_MW, round(limit_w * 1000)]

    def nvmlDeviceGetPowerManagementLimit(self, handle: int) -> int:
        self._card(handle)
        limit_mw = self._limit_mw[handle]
        if limit_mw is None:
            raise FakeNvmlError(_NOT_SUPPORTED)
        return limit_mw

    def nvmlDeviceSetPowerManagementLimit(self, handle: int, limit_mw: int) -> None:
        least_mw, most_mw = self.nvmlDeviceGetPowerManagementLimitConstraints(handle)
        if not self.may_set:
            raise FakeNvmlError(_NO_PERMISSION)
        if not least_mw <= limit_mw <= most_mw:
            raise FakeNvmlError(_INVALID)
        self._limit_mw[handle] = limit_mw

    def nvmlDeviceGetApplicationsClock(self, handle: int, clock: int) -> int:
        self._card(handle)
        return self._clock_mhz[handle] if clock == self.NVML_CLOCK_GRAPHICS else _MEMORY_MHZ

    def nvmlDeviceGetSupportedGraphicsClocks(self, handle: int, memory_mhz: int) -> list[int]:
        del memory_mhz
        most = self._card(handle).clock_mhz
        return list(range(most, _LEAST_CLOCK_MHZ - 1, -_CLOCK_STEP_MHZ))

    def nvmlDeviceSetApplicationsClocks(self, handle: int, memory_mhz: int, mhz: int) -> None:
        if not self.may_set:
            raise FakeNvmlError(_NO_PERMISSION)
        if mhz not in self.nvmlDeviceGetSupportedGraphicsClocks(handle, memory_mhz):
            raise FakeNvmlError(_INVALID)
        self._clock_mhz[handle] = mhz

    def nvmlDeviceGetEnforcedPowerLimit(self, handle: int) -> int:
        return self.nvmlDeviceGetPowerManagementLimit(handle)

    def nvmlDeviceGetArchitecture(self, handle: int) -> int:
        return self._card(handle).architecture

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> _Rates:
        card = self._gauged(handle)
        return _Rates(round(card.use * 100), round(card.use * 50))

    def nvmlDeviceGetProcessUtilization(self, handle: int, seen_us: int) -> list[_Process]:
        card = self._card(handle)
        if card.has_slices or not card.has_process_use:
            raise FakeNvmlError(_NOT_SUPPORTED)
        now_us = self._clock.now_us()
        found = [process.at(now_us) for process in self._processes.get(handle, ())]
        if now_us <= seen_us or not found:
            raise FakeNvmlError(_NOT_FOUND)
        return found

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[_Process]:
        self._card(handle)
        return self._processes.get(handle, [])

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> _Memory:
        return _Memory(self._gauged(handle).memory_used)

    def nvmlDeviceGetClockInfo(self, handle: int, clock: int) -> int:
        del clock
        return self._gauged(handle).clock_mhz

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> int:
        del sensor
        return self._gauged(handle).temperature_c

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: int) -> int:
        return self._gauged(handle).reasons

    def _gauged(self, handle: int) -> FakeGpu:
        card = self._card(handle)
        if not card.has_gauges:
            raise FakeNvmlError(_NOT_SUPPORTED)
        return card


class _Process:
    """One process on a card, with the library's own names."""

    def __init__(self, pid: int, share: float, memory: int, at_us: int = 0) -> None:
        self.pid = pid
        self.smUtil = round(share * 100)
        self.usedGpuMemory = memory
        self.timeStamp = at_us

    def at(self, now_us: int) -> _Process:
        """Return the same at a later time."""
        return _Process(self.pid, self.smUtil / 100, self.usedGpuMemory, now_us)


class _Rates:
    """Percentages of the time in which a card, and its memory, worked."""

    def __init__(self, gpu: int, memory: int) -> None:
        self.gpu = gpu
        self.memory = memory


class _Memory:
    def __init__(self, used: int) -> None:
        self.used = used


class _Field:
    """One value that was asked for."""

    def __init__(self, code: int, power_mw: int) -> None:
        self.nvmlReturn = code  # the library's own name
        self.value = _Value(power_mw)


class _Value:
    def __init__(self, power_mw: int) -> None:
        self.uiVal = power_mw  # the library's own name


class _Place:
    """Where a card sits."""

    def __init__(self, bus_id: str) -> None:
        self.busId = bus_id.encode()
