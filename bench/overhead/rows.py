"""What is compared: one row for each figure, its unit, what it is set beside, and brizna's bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.

    Attributes:
        key: Its name in results and on the command line.
        title: What it is.
        unit: The unit it is shown in.
        scale: What a sample is multiplied with to be in that unit.
        digits: Digits after the point.
        beside: The tool whose figure of the same round is 1, and the row that it stands in.
        bar: The highest that brizna may have: of the ratio if ``beside`` is the bare interpreter,
            else of the figure in its unit.
        only: The one tool that has it.
    """

    key: str
    title: str
    unit: str
    scale: float = 1.0
    digits: int = 1
    beside: tuple[str, str] | None = None
    bar: float | None = None
    only: str | None = None

    @property
    def bar_is_ratio(self) -> bool:
        """Whether the bar is one of the ratio."""
        return self.beside is not None and self.beside[0] == "bare"


_PER_HOUR = "CPU s an hour"

ROWS = (
    Row(
        key="import",
        title="Import the package",
        unit="CPU ms",
        scale=1e3,
        beside=("bare", "import"),
        bar=3,
    ),
    Row(
        key="ready",
        title="Import what measures (`brizna.measure`, the tracker's class)",
        unit="CPU ms",
        scale=1e3,
        beside=("bare", "import"),
        bar=5,
    ),
    Row(
        key="mark",
        title="`brizna mark NAME`, inside a run",
        unit="CPU ms",
        scale=1e3,
        beside=("bare", "import"),
        bar=5,
        only="brizna",
    ),
    Row(
        key="start-stop",
        title="Construct, start and stop",
        unit="CPU ms",
        scale=1e3,
        beside=("brizna", "start-stop"),
    ),
    Row(
        key="idle",
        title="Track an idle program at 1 Hz, with this machine's own meters",
        unit=_PER_HOUR,
        digits=2,
        beside=("bare", "idle"),
        bar=2,
    ),
    Row(
        key="idle-least",
        title="The least at 1 Hz: no tool, two (simulated) counters read and one line written",
        unit=_PER_HOUR,
        digits=2,
        beside=("bare", "idle"),
        only="bare",
    ),
    Row(
        key="idle-counters",
        title="Track an idle program at 1 Hz, with a package, DRAM and one card (simulated)",
        unit=_PER_HOUR,
        digits=2,
        beside=("bare", "idle"),
        bar=2,
        only="brizna",
    ),
    Row(
        key="run-idle",
        title="Wrap a command with ten processes at 1 Hz, with this machine's own meters",
        unit=_PER_HOUR,
        digits=2,
        beside=("bare", "idle"),
        bar=2,
    ),
    Row(
        key="until-child",
        title="Wrap a command: until it starts",
        unit="CPU ms",
        scale=1e3,
        beside=("brizna", "until-child"),
        bar=100,
    ),
    Row(
        key="window",
        title="Open and close a window, with this machine's own meters: what the program waits for",
        unit="CPU µs",
        scale=1e6,
        beside=("brizna", "window"),
        bar=20,
    ),
    Row(
        key="window-whole",
        title="The same, with what is written later: own meters",
        unit="CPU µs",
        scale=1e6,
        beside=("brizna", "window-whole"),
    ),
    Row(
        key="window-counters",
        title="Open and close a window, with two (simulated) counters: what the program waits for",
        unit="CPU µs",
        scale=1e6,
        bar=20,
        only="brizna",
    ),
    Row(
        key="window-counters-whole",
        title="The same, with what is written later: two counters",
        unit="CPU µs",
        scale=1e6,
        only="brizna",
    ),
    Row(
        key="loop",
        title="A busy program at 0.1 s: processor time for the same work, without = 1",
        unit="x",
        digits=3,
    ),
    Row(
        key="size",
        title="Install: size without bytecode",
        unit="MB",
        scale=1e-6,
        beside=("brizna", "size"),
        bar=12,
    ),
    Row(
        key="distributions",
        title="Install: distributions",
        unit="",
        digits=0,
        beside=("brizna", "distributions"),
        bar=8,
    ),
)

BY_KEY = {row.key: row for row in ROWS}
