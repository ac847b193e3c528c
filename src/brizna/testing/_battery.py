"""The battery of a simulated portable machine.

Made after the kernel's test ABI ``sysfs-class-power``; not recorded from hardware.
"""

from __future__ import annotations

from brizna.testing._shown import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from brizna.testing._clock import FakeClock

_VOLTAGE_UV = 12_000_000
_FULL_UJ = 50 * 3600 * 1_000_000


class FakeBattery:
    """A folder like ``/sys/class/power_supply/BAT0``."""

    def __init__(
        self,
        sys: Path,
        clock: FakeClock,
        *,
        power_w: float = 10.0,
        tells: tuple[str, ...] = ("power", "energy"),
        name: str = "BAT0",
    ) -> None:
        """Write the folder of a battery of 50 Wh that discharges.

        Args:
            sys: Where the simulated sysfs is.
            clock: What moves it.
            power_w: What the machine draws from the start.
            tells: What it shows: ``power`` or ``current``, ``energy`` or ``charge``.
            name: Its folder.
        """
        self._folder = sys / "class/power_supply" / name
        self._power_w = power_w
        self._tells = tells
        self._true_pj = 0
        self._rest_uj = _FULL_UJ
        self._status = "Discharging"
        show(self._folder / "type", "Battery")
        self._show()
        clock.watch(self._move)

    def true_j(self) -> float:
        """Return the energy that the machine really drew so far, from the battery or the mains."""
        return self._true_pj * 1e-12

    def draw(self, power_w: float) -> None:
        """Change what the machine draws, from now on."""
        self._power_w = power_w
        self._show()

    def plug(self) -> None:
        """Connect the mains: the battery is charged, and shows the power that goes into it."""
        self._status = "Charging"
        self._show()

    def unplug(self) -> None:
        """Let the machine run on the battery again."""
        self._status = "Discharging"
        self._show()

    def _move(self, passed_us: int) -> None:
        passed_pj = round(self._power_w * passed_us * 1e6)
        self._true_pj += passed_pj
        self._rest_uj += (-1 if self._status == "Discharging" else 1) * passed_pj // 1_000_000
        self._show()

    def _show(self) -> None:
        show(self._folder / "status", self._status)
        sign = -1 if self._status == "Discharging" else 1
        numbers = {
            "power": round(self._power_w * 1e6),
            "current": sign * round(self._power_w / (_VOLTAGE_UV * 1e-6) * 1e6),
            "energy": self._rest_uj // 3600,
            "charge": self._rest_uj * 1_000_000 // (3600 * _VOLTAGE_UV),
        }
        show(self._folder / "voltage_now", _VOLTAGE_UV)
        for name in self._tells:
            show(self._folder / f"{name}_now", numbers[name])
