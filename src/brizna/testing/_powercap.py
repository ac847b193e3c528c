"""A powercap tree on disk whose counters follow declared powers over a fake clock."""

from __future__ import annotations

from brizna.core.records import Record
from brizna.testing._shown import hide, show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from brizna.testing._clock import FakeClock

_INTEL_SPAN_UJ = 262_143_328_850
"""The range that Intel's 32-bit counters have at a unit of 61 microjoules."""

_PJ_PER_UJ = 1_000_000


class FakeZone(Record):
    """One simulated zone.

    Attributes:
        label: Its folder, e.g. ``intel-rapl:0:1``.
        name: What it calls itself, e.g. ``package-0``.
        power_w: What it draws from the start.
        start_uj: Where its counter stands at the start.
        span_uj: Where its counter starts again at 0.
        step_uj: The counter only shows multiples of this: a coarse counter.
        limit_w: The limit it states for itself; None if it states none.
        mirrors: Label of the zone whose counter it shows again; None if it has its own.
    """

    label: str
    name: str
    power_w: float = 0.0
    start_uj: int = 5_000_000_000
    span_uj: int = _INTEL_SPAN_UJ
    step_uj: int = 1
    limit_w: float | None = None
    mirrors: str | None = None


class FakePowercap:
    """A folder like ``/sys/class/powercap``, with all that real counters do to a reader.

    The true energy of each zone is known (`true_j`), and trouble is made zone by zone.
    """

    def __init__(
        self, root: Path, clock: FakeClock, zones: Sequence[FakeZone], *, is_flat: bool = True
    ) -> None:
        """Write the tree; its counters move whenever the clock does.

        Args:
            root: An empty folder, or where one can be made.
            clock: What moves the counters.
            zones: The zones.
            is_flat: Whether they lie side by side, as in the class folder, or in one another.
        """
        self.root = root
        self._is_flat = is_flat
        self._zones = {zone.label: zone for zone in zones}
        self._power_w = {zone.label: zone.power_w for zone in zones}
        self._true_pj = dict.fromkeys(self._zones, 0)
        self._counter_pj = {zone.label: zone.start_uj * _PJ_PER_UJ for zone in zones}
        self._frozen: set[str] = set()
        self._refused: set[str] = set()
        for zone in zones:
            self._make(zone)
        clock.watch(self._move)

    def true_j(self, label: str) -> float:
        """Return the energy that a zone has really drawn so far."""
        return self._true_pj[label] * 1e-12

    def draw(self, label: str, power_w: float) -> None:
        """Change what a zone draws, from now on."""
        self._power_w[label] = power_w

    def reset(self, label: str) -> None:
        """Start a zone's counter again at 0, as a suspend or a reloaded driver does."""
        self._counter_pj[label] = 0
        self._show(label)

    def glitch(self, label: str, raw_uj: int) -> None:
        """Show a wild value until the clock moves again."""
        self._write(label, str(raw_uj))

    def freeze(self, label: str) -> None:
        """Stop a zone's counter, though the zone goes on drawing power."""
        self._frozen.add(label)

    def thaw(self, label: str) -> None:
        """Let a stopped counter move again."""
        self._frozen.discard(label)

    def refuse(self, label: str) -> None:
        """Take a zone's counter file away; a file that is open already shows nothing any more."""
        hide(self._file(label))
        self._refused.add(label)

    def allow(self, label: str) -> None:
        """Give a zone's counter file back; it went on counting meanwhile."""
        self._refused.discard(label)
        self._show(label)

    def _move(self, passed_us: int) -> None:
        for label in self._zones:
            passed_pj = round(self._power_w[label] * passed_us * _PJ_PER_UJ)
            self._true_pj[label] += passed_pj
            if label not in self._frozen:
                self._counter_pj[label] += passed_pj
        for label in self._zones:
            self._show(label)

    def _show(self, label: str) -> None:
        if label in self._refused:
            return
        zone = self._zones[label]
        shown = zone if zone.mirrors is None else self._zones[zone.mirrors]
        counter_uj = self._counter_pj[shown.label] // _PJ_PER_UJ % shown.span_uj
        self._write(label, str(counter_uj - counter_uj % zone.step_uj))

    def _write(self, label: str, text: str) -> None:
        show(self._file(label), text)

    def _folder(self, label: str) -> Path:
        if self._is_flat:
            return self.root / label
        control, *numbers = label.split(":")
        labels = [":".join([control, *numbers[:length]]) for length in range(len(numbers) + 1)]
        return self.root.joinpath(*labels)

    def _file(self, label: str) -> Path:
        return self._folder(label) / "energy_uj"

    def _make(self, zone: FakeZone) -> None:
        folder = self._folder(zone.label)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(f"{zone.name}\n")
        (folder / "max_energy_range_uj").write_text(f"{zone.span_uj}\n")
        if zone.limit_w is not None:
            (folder / "constraint_0_name").write_text("long_term\n")
            (folder / "constraint_0_power_limit_uw").write_text(f"{round(zone.limit_w * 1e6)}\n")
        self._show(zone.label)
