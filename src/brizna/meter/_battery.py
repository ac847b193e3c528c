"""The power of a whole portable machine while it runs on its batteries.

What a battery gives is what the machine draws, screen and all, so it is read only while it
discharges: on mains power nobody here knows. Batteries tell their power or their current, seldom
more often than every few seconds; one that tells neither, what is left in it.
"""

from __future__ import annotations

import os
from errno import ENODATA

from brizna.core.errors import Said
from brizna.core.measurement import Channel
from brizna.meter._host import KeptFile, read_text
from brizna.meter._sensors import NumberFile, PowerSensor, SensorMeter, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.meter._host import Roots
    from brizna.meter._sensors import Sensor

_CHANNEL = "battery"
_ON_MAINS = "on mains power a battery does not tell what the machine draws"
_S_PER_H = 3600
_PER_MILLION = 1_000_000


class Battery:
    """One battery of the machine, in micro-units as Linux tells them."""

    def __init__(self, folder: str) -> None:
        """Take its folder."""
        self._status = KeptFile(f"{folder}/status")
        self._files = {
            name: NumberFile(f"{folder}/{name}")
            for name in ("power_now", "current_now", "voltage_now", "energy_now", "charge_now")
            if os.path.exists(f"{folder}/{name}")
        }

    @property
    def tells_power(self) -> bool:
        """Whether it tells what it gives at this instant, not only what is left in it."""
        return "power_now" in self._files or self._has("current_now", "voltage_now")

    @property
    def tells_rest(self) -> bool:
        """Whether it tells what is left in it."""
        return "energy_now" in self._files or self._has("charge_now", "voltage_now")

    def _has(self, *names: str) -> bool:
        return all(name in self._files for name in names)

    def is_discharging(self) -> bool:
        """Tell whether it gives power now.

        Raises:
            OSError: If it does not say, or takes power.
        """
        status = self._status.read(32).strip()
        if status == b"Charging":
            raise OSError(ENODATA, _ON_MAINS)
        return status == b"Discharging"

    def power_uw(self) -> int:
        """Return the microwatts that it gives.

        Where drivers follow Linux's rule the current of a discharging battery is negative, where
        firmware gives it a magnitude: it discharges either way.
        """
        if "power_now" in self._files:
            power_uw = self._files["power_now"]()
        else:
            power_uw = self._files["current_now"]() * self._files["voltage_now"]() // _PER_MILLION
        return -power_uw if power_uw < 0 else power_uw

    def rest_uj(self) -> int:
        """Return the microjoules left in it, at its present voltage."""
        if "energy_now" in self._files:
            return self._files["energy_now"]() * _S_PER_H
        rest_uah, voltage_uv = self._files["charge_now"](), self._files["voltage_now"]()
        return rest_uah * voltage_uv * _S_PER_H // _PER_MILLION

    def close(self) -> None:
        """Close its files."""
        self._status.close()
        for file in self._files.values():
            file.close()


class _Together:
    """The power of all batteries that discharge."""

    def __init__(self, batteries: Sequence[Battery]) -> None:
        self._batteries = batteries

    def giving(self) -> list[Battery]:
        """Return those that discharge; at least one.

        Raises:
            OSError: If none does, or one is charged meanwhile.
        """
        giving = [battery for battery in self._batteries if battery.is_discharging()]
        if not giving:
            raise OSError(ENODATA, _ON_MAINS)
        return giving

    def power_uw(self) -> int:
        return sum([battery.power_uw() for battery in self.giving()])

    def close(self) -> None:
        for battery in self._batteries:
            battery.close()


class DrainSensor:
    """What went out of the batteries, by what is left in them: coarse, but never too often."""

    def __init__(self, channel: Channel, together: _Together) -> None:
        """Start without a reading."""
        self.channel = channel
        self.close = together.close
        self._together = together
        self._rest_uj: dict[Battery, int] = {}
        self._drained_uj = 0

    def read(self, t_us: int) -> int:
        """Return the microjoules that went out since the first reading."""
        del t_us
        rest_uj = {battery: battery.rest_uj() for battery in self._together.giving()}
        for battery, now_uj in rest_uj.items():
            before_uj = self._rest_uj.get(battery, now_uj)
            if now_uj > before_uj:
                raise ValueError(str(Said("more is left in the battery than before")))
            self._drained_uj += before_uj - now_uj
        self._rest_uj = rest_uj
        return self._drained_uj

    def lose(self) -> None:
        """Forget what was left: it may be charged before the next reading."""
        self._rest_uj = {}


def open_battery(roots: Roots, *, machine: str) -> list[SensorMeter]:
    """Return a meter of the machine's batteries; nothing where it has none.

    Args:
        roots: Where sysfs is.
        machine: The machine's name, for the names of the doubts.
    """
    batteries = [Battery(folder) for folder in _find(roots)]
    told = [battery for battery in batteries if battery.tells_power or battery.tells_rest]
    if not told:
        return []
    together = _Together(told)
    try:
        together.giving()
    except OSError as error:
        together.close()
        return [SensorMeter([], unseen={f"node/{_CHANNEL}": why(error)})]
    sensor: Sensor
    if all(battery.tells_power for battery in told):
        sensor = PowerSensor(_channel("battery-power", machine), together.power_uw, together.close)
    else:
        sensor = DrainSensor(_channel("battery-rest", machine), together)
    return [SensorMeter([sensor])]


def _find(roots: Roots) -> list[str]:
    """Return the folders of the batteries that the machine runs on, not those of its mice."""
    top = f"{roots.sys}/class/power_supply"
    try:
        entries = sorted(os.listdir(top))
    except OSError:
        return []
    return [
        f"{top}/{entry}"
        for entry in entries
        if (read_text(f"{top}/{entry}/type") or "").strip() == "Battery"
        and (read_text(f"{top}/{entry}/scope") or "").strip() != "Device"
    ]


def _channel(method: str, machine: str) -> Channel:
    from brizna.meter._power_facts import accuracy, limit_w, update_us

    return Channel(
        id=_CHANNEL,
        kind="node",
        method=method,
        basis="metered",
        counted_by="reader",
        doubts={f"meter:{_CHANNEL}@{machine}": accuracy("battery")},
        max_power_w=limit_w("battery"),
        update_us=update_us("battery-update"),
        references=("factor:accuracy/battery", "factor:sensor/battery-update"),
    )
