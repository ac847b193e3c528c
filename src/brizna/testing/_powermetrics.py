"""The file that Apple's ``powermetrics`` writes, simulated.

Made after the property lists that powermetrics(1) of macOS writes for its samplers ``cpu_power``
and ``gpu_power``: energies in millijoules since the sample before, samples apart by a zero byte.
Not recorded from hardware.
"""

from __future__ import annotations

import plistlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from brizna.testing._clock import FakeClock


class FakePowermetrics:
    """A file that gets one sample each interval of a fake clock, and holds one from the start.

    Attributes:
        writes: Set to False to stop it, though the chip goes on drawing power.
    """

    def __init__(
        self,
        file: Path,
        clock: FakeClock,
        *,
        cpu_w: float = 5.0,
        gpu_w: float = 2.0,
        ane_w: float = 0.0,
        interval_s: float = 1.0,
    ) -> None:
        """Write the first sample.

        Args:
            file: Where.
            clock: What moves the chip.
            cpu_w: What the processors draw from the start.
            gpu_w: What the graphics draw.
            ane_w: What the neural engine draws.
            interval_s: How often a sample is written.
        """
        self._file = file
        self._power_w = {"cpu": cpu_w, "gpu": gpu_w, "ane": ane_w}
        self._true_pj = dict.fromkeys(self._power_w, 0)
        self._since_pj = dict.fromkeys(self._power_w, 0)
        self._interval_us = round(interval_s * 1e6)
        self._since_us = 0
        self._samples = 0
        self.writes = True
        self._write(self._interval_us)
        clock.watch(self._move)

    def true_j(self, part: str) -> float:
        """Return the energy that a part (``cpu``, ``gpu``, ``ane``) really drew so far."""
        return self._true_pj[part] * 1e-12

    def draw(self, part: str, power_w: float) -> None:
        """Change what a part draws, from now on."""
        self._power_w[part] = power_w

    def begin_anew(self) -> None:
        """Empty the file, as when the program is started again."""
        self._file.write_bytes(b"")
        self._samples = 0

    def _move(self, passed_us: int) -> None:
        while passed_us > 0:
            step_us = min(passed_us, self._interval_us - self._since_us)
            for part, power_w in self._power_w.items():
                step_pj = round(power_w * step_us * 1e6)
                self._true_pj[part] += step_pj
                self._since_pj[part] += step_pj
            self._since_us += step_us
            passed_us -= step_us
            if self._since_us == self._interval_us:
                self._write(self._interval_us)

    def _write(self, elapsed_us: int) -> None:
        told: dict[str, int | float] = {}
        for part, since_pj in self._since_pj.items():
            told[f"{part}_energy"] = round(since_pj * 1e-9)
            told[f"{part}_power"] = since_pj / elapsed_us * 1e-3
        sample = {
            "is_delta": True,
            "hw_model": "Mac14,2",
            "elapsed_ns": elapsed_us * 1000,
            "processor": told,
        }
        self._since_us = 0
        self._since_pj = dict.fromkeys(self._power_w, 0)
        if not self.writes:
            return
        with self._file.open("ab") as file:
            file.write((b"\0" if self._samples else b"") + plistlib.dumps(sample))
        self._samples += 1
