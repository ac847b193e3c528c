"""The hardware monitors of a simulated machine.

Made after the kernel's documentation of the drivers (``Documentation/hwmon`` and the test ABI of
``i915``, ``xe`` and ``amdgpu``) and the names that Grace's firmware gives; not recorded.
"""

from __future__ import annotations

from brizna.core.records import Record
from brizna.testing._shown import hide, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from brizna.testing._clock import FakeClock


class FakeMonitor(Record):
    """One simulated monitor with one sensor that moves.

    Attributes:
        driver: What its driver calls itself.
        file: The file that moves: ``energyN_input`` counts microjoules, ``powerN_*`` shows
            microwatts, ``currN_input`` milliamperes at the millivolts of ``inN_input``.
        power_w: What it measures from the start.
        device: The device it belongs to.
        texts: Other files with their texts, e.g. ``{"power1_oem_info": "Grace Power Socket 0"}``.
        start_uj: Where a counter stands at the start.
    """

    driver: str
    file: str
    power_w: float = 0.0
    device: str = "0000:03:00.0"
    texts: Mapping[str, str] = {}
    start_uj: int = 9_000_000


class FakeHwmon:
    """A folder like ``/sys/class/hwmon``: monitors of one device and driver share a folder."""

    def __init__(self, sys: Path, clock: FakeClock, monitors: Sequence[FakeMonitor]) -> None:
        """Write the folder.

        Args:
            sys: Where the simulated sysfs is.
            clock: What moves the sensors.
            monitors: The sensors; each is called by its position here.
        """
        self._monitors = list(monitors)
        self._power_w = [monitor.power_w for monitor in monitors]
        self._true_pj = [0 for _ in monitors]
        self._hidden: set[int] = set()
        homes: dict[tuple[str, str], Path] = {}
        self._folders: list[Path] = []
        for monitor in monitors:
            home = sys / "class/hwmon" / f"hwmon{len(homes)}"
            folder = homes.setdefault((monitor.driver, monitor.device), home)
            show(folder / "name", monitor.driver)
            for name, text in monitor.texts.items():
                show(folder / name, text)
            device = sys / "devices" / monitor.device
            for place in (device, sys / "module" / monitor.driver):
                place.mkdir(parents=True, exist_ok=True)
            if not (folder / "device").exists():
                (folder / "device").symlink_to(device)
            self._folders.append(folder)
        for index in range(len(monitors)):
            self._show(index)
        clock.watch(self._move)

    def true_j(self, index: int) -> float:
        """Return the energy that really passed a sensor so far."""
        return self._true_pj[index] * 1e-12

    def draw(self, index: int, power_w: float) -> None:
        """Change what a sensor measures, from now on; one that shows power shows it at once."""
        self._power_w[index] = power_w
        self._show(index)

    def refuse(self, index: int) -> None:
        """Take a sensor's file away."""
        hide(self._folders[index] / self._monitors[index].file)
        self._hidden.add(index)

    def allow(self, index: int) -> None:
        """Give a sensor's file back."""
        self._hidden.discard(index)
        self._show(index)

    def _move(self, passed_us: int) -> None:
        for index, power_w in enumerate(self._power_w):
            self._true_pj[index] += round(power_w * passed_us * 1e6)
            self._show(index)

    def _show(self, index: int) -> None:
        if index in self._hidden:
            return
        monitor, power_w = self._monitors[index], self._power_w[index]
        if monitor.file.startswith("energy"):
            number = monitor.start_uj + self._true_pj[index] // 1_000_000
        elif monitor.file.startswith("power"):
            number = round(power_w * 1e6)
        else:
            voltage_v = int(monitor.texts[monitor.file.replace("curr", "in")]) * 1e-3
            number = round(power_w / voltage_v * 1e3)
        show(self._folders[index] / monitor.file, number)
