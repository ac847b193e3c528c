"""Limits that the kernel shows as files, simulated: clocks, processor power, AMD cards' power."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_KHZ_PER_GHZ = 1_000_000
_UW_PER_W = 1_000_000


class FakeLimitFiles:
    """A folder like ``/sys`` with limits that can be set, and nothing else.

    Attributes:
        root: The folder.
    """

    def __init__(self, root: Path, *, policies: int = 2, packages: int = 1, cards: int = 1) -> None:
        """Write the files.

        Args:
            root: An empty folder, or where one can be made.
            policies: Groups of processors that share a clock: from 0.8 to 3.6 GHz.
            packages: Processor packages, each with a limit of 65 W of at most 90 W.
            cards: AMD cards, each with a limit of 250 W, from 100 to 300 W.
        """
        self.root = root
        for at in range(policies):
            self._write(self.clock(at), round(3.6 * _KHZ_PER_GHZ))
            self._write(self.clock(at).with_name("cpuinfo_min_freq"), round(0.8 * _KHZ_PER_GHZ))
            self._write(self.clock(at).with_name("cpuinfo_max_freq"), round(3.6 * _KHZ_PER_GHZ))
        self._write(self.percent(), 100)
        for at in range(packages):
            limit = self.package(at)
            self._write(limit, 65 * _UW_PER_W)
            self._write(limit.with_name("constraint_0_max_power_uw"), 90 * _UW_PER_W)
        for at in range(cards):
            cap = self.card(at)
            self._write(cap, 250 * _UW_PER_W)
            self._write(cap.with_name("power1_cap_min"), 100 * _UW_PER_W)
            self._write(cap.with_name("power1_cap_max"), 300 * _UW_PER_W)

    def clock(self, policy: int) -> Path:
        """Return the file with the highest clock of a policy, in kHz."""
        return self.root / f"devices/system/cpu/cpufreq/policy{policy}/scaling_max_freq"

    def percent(self) -> Path:
        """Return the file with the highest performance, in percent."""
        return self.root / "devices/system/cpu/intel_pstate/max_perf_pct"

    def package(self, package: int) -> Path:
        """Return the file with a package's power limit, in microwatts."""
        return self.root / f"class/powercap/intel-rapl:{package}/constraint_0_power_limit_uw"

    def card(self, card: int) -> Path:
        """Return the file with an AMD card's power limit, in microwatts."""
        return self.root / f"class/drm/card{card}/device/hwmon/hwmon{card}/power1_cap"

    def _write(self, path: Path, value: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n", encoding="ascii")
