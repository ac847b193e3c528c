"""Energy of NVIDIA GPUs, through the driver's management library (NVML).

Each card is a root channel by its UUID: several cards are added, never averaged. The energy
counter is read where the card has one (Volta and later); else power is integrated from reading to
reading, with the doubt that comes from looking now and then.
"""

from __future__ import annotations

import sys

from brizna.core.errors import UnavailableError
from brizna.core.measurement import Channel
from brizna.meter._sensors import CountingSensor, PowerSensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.meter._gauges import GaugeGroup
    from brizna.meter._sensors import Sensor

_LIBRARY = "libnvidia-ml.so.1"
_AMPERE = 7
"""Number of the architecture from which on a card's plain power is an average over a second."""
_GA100 = ("sampled/a100", "sampled/a800", "sampled/a30")
"""Cards of that architecture whose plain power is that of the instant."""
_UJ_PER_MJ = _UW_PER_MW = 1000
_W_PER_MW = 1e-3


def load_nvml() -> Any:
    """Return the bindings of the driver's library, which must be there before they are imported.

    Raises:
        UnavailableError: If this machine has no NVIDIA driver.
    """
    import ctypes

    if sys.platform == "darwin":
        raise UnavailableError("macOS has no NVIDIA driver.")
    if sys.platform == "linux":
        try:
            ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise UnavailableError(
                "The NVIDIA driver's library {library} cannot be loaded ({error}): install the "
                "driver, or mount it into the container.",
                library=_LIBRARY,
                error=error,
            ) from error
    import pynvml  # pyright: ignore[reportMissingTypeStubs]  (it ships none)

    return pynvml


def open_nvml(
    *, machine: str, provider: Callable[[], Any] | None = None
) -> tuple[list[NvmlMeter], str | None]:
    """Return a meter of the cards there are, or why there is none.

    Args:
        machine: The machine's name, for the names of the doubts.
        provider: Returns the bindings or raises `UnavailableError`; the driver's if None.
    """
    try:
        nvml = (provider or load_nvml)()
    except UnavailableError as error:
        return [], str(error)
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return [], f"the NVIDIA driver does not answer: {error}"
    return [NvmlMeter(nvml, machine=machine)], None


class NvmlMeter:
    """All cards that the driver shows."""

    def __init__(self, nvml: Any, *, machine: str) -> None:
        """Take initialised bindings over: `close` shuts them down."""
        self._nvml = nvml
        self._is_open = True
        self._unseen: dict[str, str] = {}
        self._trouble: dict[str, str] = {}
        self._cards: list[Sensor] = []
        self._handles: list[Any] = []
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self._unseen["gpu"] = str(error)
            count = 0
        for index in range(count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                self._cards.append(_open_card(nvml, handle, machine, self._unseen))
                self._handles.append(handle)
            except nvml.NVMLError as error:
                self._unseen[f"gpu/{index}"] = str(error)
        if not self._cards and self._unseen:
            self._unseen = {"gpu": next(iter(self._unseen.values()))}

    def channels(self) -> Sequence[Channel]:
        """Return one root channel for each card."""
        return tuple(card.channel for card in self._cards)

    def ranges(self) -> Mapping[str, int]:
        """Return nothing: the energy counter is 64 bits wide and starts with the driver."""
        return {}

    def unseen(self) -> Mapping[str, str]:
        """Return the cards that could not be opened, and slices of which no energy is known."""
        return self._unseen

    def read(self, t_us: int) -> Sequence[int | None]:
        """Return the microjoules of each card: its own counter, or power integrated so far."""
        raws: list[int | None] = []
        for card in self._cards:
            try:
                raws.append(card.read(t_us))
            except self._nvml.NVMLError as error:
                card.lose()
                self._trouble[card.channel.id] = str(error)
                raws.append(None)
        return raws

    def trouble(self) -> Mapping[str, str]:
        """Return what the driver said of the cards that could not be read."""
        return self._trouble

    def gauges(self) -> Sequence[GaugeGroup]:
        """Return what the driver says of each card beside its energy."""
        from brizna.meter._nvml_gauges import card_gauges

        return [
            card_gauges(self._nvml, handle, card.channel.id)
            for handle, card in zip(self._handles, self._cards, strict=True)
        ]

    def close(self) -> None:
        """Shut the library down."""
        if self._is_open:
            self._is_open = False
            try:
                self._nvml.nvmlShutdown()
            except self._nvml.NVMLError as error:
                self._trouble["nvml"] = str(error)


def _open_card(nvml: Any, handle: Any, machine: str, unseen: dict[str, str]) -> Sensor:
    uuid = _text(nvml.nvmlDeviceGetUUID(handle))
    name = _name_of(nvml, handle)
    if _has_slices(nvml, handle):
        unseen[f"gpu/{uuid}/mig"] = "the driver counts the whole card's energy, not its slices'"
    most_w, place = _most_w(nvml, handle), _place_of(nvml, handle)

    def channel(lies: _Lies, method: str, counted_by: str) -> Channel:
        return Channel(
            id=uuid,
            kind="gpu",
            device=name,
            method=method,
            basis="metered",
            counted_by=counted_by,
            doubts={
                f"meter:{lie}/{uuid}@{machine}": factors for lie, factors in lies.doubts.items()
            },
            max_power_w=most_w,
            update_us=lies.update_us,
            references=lies.references,
            place=place,
        )

    try:
        nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except nvml.NVMLError:
        power_mw, is_average = _power_reader(nvml, handle)
        if is_average:
            is_average = _averages(nvml, handle, name)
        lies = _lies_of_power(is_average)
        return PowerSensor(channel(lies, "nvml-power", "reader"), lambda: power_mw() * _UW_PER_MW)
    return CountingSensor(
        channel(_lies_of_counter(name), "nvml-energy", "device"),
        lambda: int(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) * _UJ_PER_MJ,
    )


class _Lies:
    """What a card's sensor is known to get wrong.

    Attributes:
        doubts: By name, the factors on the energy at its low and at its high end.
        update_us: Longest time between two updates.
        references: Rows of the tables that say so.
    """

    def __init__(self, accuracies: Mapping[str, str], update: str, *references: str) -> None:
        """Take rows of the tables: by name of the doubt an accuracy, and the sensor's update."""
        from brizna.meter._power_facts import accuracy, update_us

        self.doubts = {lie: accuracy(row) for lie, row in accuracies.items()}
        self.update_us = update_us(update)
        rows = [f"accuracy/{row}" for row in accuracies.values()]
        self.references = tuple(f"factor:{row}" for row in (*rows, f"sensor/{update}", *references))


def _lies_of_counter(card: str | None) -> _Lies:
    from brizna.meter._power_facts import samples_part_time

    sampled = samples_part_time(card)
    if sampled is None:
        return _Lies({"nvml": "nvml-energy"}, "nvml-step", "sensor/nvml-idle")
    accuracies = {"nvml": "nvml-energy", "nvml-part-time": "nvml-part-time"}
    return _Lies(accuracies, "nvml-step", "sensor/nvml-idle", sampled.id)


def _lies_of_power(is_average: bool) -> _Lies:  # noqa: FBT001 - private, and its only one
    accuracies = {"nvml": "nvml-power", "nvml-polled": "nvml-power-part-time"}
    return _Lies(accuracies, "nvml-average" if is_average else "nvml-step")


def _averages(nvml: Any, handle: Any, card: str | None) -> bool:
    """Tell whether a card's plain power is an average over a second, or may be."""
    from brizna.meter._power_facts import samples_part_time

    sampled = samples_part_time(card)
    if sampled is not None and sampled.id in _GA100:
        return False
    try:
        return int(nvml.nvmlDeviceGetArchitecture(handle)) >= _AMPERE
    except (nvml.NVMLError, AttributeError):  # an old driver, or bindings without the function
        return True


def _power_reader(nvml: Any, handle: Any) -> tuple[Callable[[], int], bool]:
    """Return how to read a card's power: of this instant, or else (and True) its plain one.

    Raises:
        NVMLError: If it tells neither.
    """
    from brizna.meter._nvml_gauges import instant_mw

    try:
        instant_mw(nvml, handle)
    except nvml.NVMLError:
        nvml.nvmlDeviceGetPowerUsage(handle)
        return lambda: int(nvml.nvmlDeviceGetPowerUsage(handle)), True
    return lambda: instant_mw(nvml, handle), False


def _name_of(nvml: Any, handle: Any) -> str | None:
    try:
        return _text(nvml.nvmlDeviceGetName(handle))
    except nvml.NVMLError:
        return None


def _place_of(nvml: Any, handle: Any) -> str | None:
    """Return a card's PCI address as Linux writes it; None where the driver does not tell it.

    The library writes eight digits for the domain, Linux four where these are enough.
    """
    try:
        address = _text(nvml.nvmlDeviceGetPciInfo(handle).busId).lower()
    except nvml.NVMLError:
        return None
    domain, colon, rest = address.partition(":")
    return f"{int(domain, 16):04x}:{rest}" if colon else None


def _has_slices(nvml: Any, handle: Any) -> bool:
    try:
        return bool(nvml.nvmlDeviceGetMigMode(handle)[0])
    except nvml.NVMLError:
        return False


def _most_w(nvml: Any, handle: Any) -> float:
    """Return the highest plausible power: the highest limit that can be set, with a margin."""
    from brizna.meter._power_facts import limit_w

    for ask in (
        lambda: nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)[1],
        lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle),
    ):
        try:
            most_mw = int(ask())
        except nvml.NVMLError:
            continue
        if most_mw > 0:
            return most_mw * _W_PER_MW * limit_w("margin")
    return limit_w("gpu")


def _text(text: str | bytes) -> str:
    return text.decode() if isinstance(text, bytes) else text
