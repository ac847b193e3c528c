"""What NVIDIA's management library says of a card beside its energy."""

from __future__ import annotations

from brizna.core.gauges import Gauge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from brizna.meter._gauges import GaugeGroup

    _Question = tuple[tuple[Gauge, ...], Callable[[], Sequence[float]]]

_HZ_PER_MHZ = 1e6
_W_PER_MW = 1e-3
_POWER_REASONS = 0x04 | 0x80
"""Bits of the reasons for lower clocks: the power limit, the brake of the power supply."""
_HEAT_REASONS = 0x20 | 0x40
"""Slowed for heat by software, by hardware."""


def card_gauges(nvml: Any, handle: Any, uuid: str) -> GaugeGroup:
    """Return the gauges of one card: those that it answers to now."""
    answered: list[_Question] = []
    for question in _questions(nvml, handle, uuid):
        try:
            question[1]()
        except (nvml.NVMLError, AttributeError):  # not this card, or bindings without the function
            continue
        answered.append(question)

    def read() -> Sequence[float | None]:
        readings: list[float | None] = []
        for gauges, ask in answered:
            try:
                readings += ask()
            except nvml.NVMLError:
                readings += [None] * len(gauges)
        return readings

    return [gauge for gauges, _ in answered for gauge in gauges], read


def _questions(nvml: Any, handle: Any, uuid: str) -> list[_Question]:
    def gauge(name: str, unit: str, function: str) -> Gauge:
        return Gauge(id=f"gpu/{uuid}/{name}", unit=unit, source=f"NVML {function}")

    def use() -> Sequence[float]:
        rates = nvml.nvmlDeviceGetUtilizationRates(handle)
        return [rates.gpu / 100, rates.memory / 100]

    def limited() -> Sequence[float]:
        reasons = _reasons(nvml, handle)
        return [float(bool(reasons & bits)) for bits in (_POWER_REASONS, _HEAT_REASONS)]

    return [
        (
            (
                gauge("use", "1", "utilization.gpu"),
                gauge("memory-traffic", "1", "utilization.memory"),
            ),
            use,
        ),
        (
            (gauge("memory-used", "B", "memory.used"),),
            lambda: [float(nvml.nvmlDeviceGetMemoryInfo(handle).used)],
        ),
        (
            (gauge("clock", "Hz", "clocks.sm"),),
            lambda: [nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM) * _HZ_PER_MHZ],
        ),
        (
            (gauge("temperature", "degC", "temperature.gpu"),),
            lambda: [float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))],
        ),
        (
            (gauge("power", "W", "power.draw.instant"),),
            lambda: [instant_mw(nvml, handle) * _W_PER_MW],
        ),
        (
            (gauge("power-limit", "W", "enforced.power.limit"),),
            lambda: [nvml.nvmlDeviceGetEnforcedPowerLimit(handle) * _W_PER_MW],
        ),
        (
            (
                gauge("limited-by-power", "1", "clocks_event_reasons"),
                gauge("limited-by-heat", "1", "clocks_event_reasons"),
            ),
            limited,
        ),
    ]


def instant_mw(nvml: Any, handle: Any) -> int:
    """Return the power of this instant, in milliwatts.

    Raises:
        NVMLError: If the card does not tell it.
    """
    field = nvml.nvmlDeviceGetFieldValues(handle, [nvml.NVML_FI_DEV_POWER_INSTANT])[0]
    if field.nvmlReturn != nvml.NVML_SUCCESS:
        raise nvml.NVMLError(field.nvmlReturn)
    return int(field.value.uiVal)


def _reasons(nvml: Any, handle: Any) -> int:
    """Return why the clocks are lower than they could be, as bits, by its new or its old name."""
    try:
        return int(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    except (nvml.NVMLError, AttributeError):
        return int(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
