"""The conditions under which the tools are compared."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

INTERVAL_S = 1.0
"""At which every tool that samples is asked to."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A simulated powercap zone.

    Attributes:
        label: Its folder.
        name: What it calls itself.
        kind: What it meters: ``cpu``, ``memory``, ``node``, or ``core``, which lies in ``cpu``.
        power_w: What it draws.
        busy_w: What it draws besides for each processor that is busy.
        span_s: After how long its counter starts again at 0; None for hours.
    """

    label: str
    name: str
    kind: str
    power_w: float
    busy_w: float = 0.0
    span_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that happens to counters.

    Attributes:
        at_s: When, after the measured block began.
        what: ``reset``, ``refuse``, ``allow``, ``freeze`` or ``thaw``.
        labels: To which zones.
    """

    at_s: float
    what: str
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One condition.

    Attributes:
        key: Its name in results and on the command line.
        title: What a person reads.
        way: How the tools are used: ``block``, ``windows``, ``killed``, ``together``, ``children``.
        zones: The counters that there are.
        troubles: What happens to them.
        duration_s: How long the measured block takes.
        cards: Simulated graphics processors.
        windows: How many windows one after another.
        step_s: How often the counters move.
    """

    key: str
    title: str
    way: str
    zones: tuple[Zone, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    duration_s: float = 8.0
    cards: int = 0
    windows: int = 0
    step_s: float = 0.01
    spec: Mapping[str, float] = field(default_factory=dict)


CARD_W = 100.0
IDLE_W, BUSY_W, IDLE_MEMORY_W = 20.0, 40.0, 5.0
"""Of the machine whose power follows its load: idle, for each busy processor besides, memory."""
TOGETHER = 4
"""How many programs are tracked at once."""

_ALL = ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:0:1")


def _one_package(span_s: float | None = None) -> tuple[Zone, ...]:
    facts = (
        (_ALL[0], "package-0", "cpu", 100.0),
        (_ALL[1], "core", "core", 60.0),
        (_ALL[2], "dram", "memory", 20.0),
    )
    return tuple(
        Zone(label=label, name=name, kind=kind, power_w=power_w, span_s=span_s)
        for label, name, kind, power_w in facts
    )


_TWO_PACKAGES = (
    Zone(label="intel-rapl:0", name="package-0", kind="cpu", power_w=100.0),
    Zone(label="intel-rapl:1", name="package-1", kind="cpu", power_w=50.0),
    Zone(label="intel-rapl:2", name="psys", kind="node", power_w=200.0),
)
_LOADED = (
    Zone(label=_ALL[0], name="package-0", kind="cpu", power_w=IDLE_W, busy_w=BUSY_W),
    Zone(label=_ALL[2], name="dram", kind="memory", power_w=IDLE_MEMORY_W),
)

ROWS = (
    Row(key="plain", title="Plain: 12 s", way="block", zones=_one_package(), duration_s=12.0),
    Row(
        key="wrap",
        title="Each counter wraps every 3.5 s",
        way="block",
        zones=_one_package(span_s=3.5),
        duration_s=12.0,
    ),
    Row(
        key="reset",
        title="Counters start again at 0 half-way",
        way="block",
        zones=_one_package(),
        troubles=(Trouble(at_s=4.3, what="reset", labels=_ALL),),
    ),
    Row(
        key="missing",
        title="The package's counter is gone for 1.5 of 8 s",
        way="block",
        zones=_one_package(),
        troubles=(
            Trouble(at_s=3.3, what="refuse", labels=_ALL[:1]),
            Trouble(at_s=4.8, what="allow", labels=_ALL[:1]),
        ),
    ),
    Row(
        key="frozen",
        title="The counters stand still for 2.5 of 8 s",
        way="block",
        zones=_one_package(),
        troubles=(
            Trouble(at_s=3.3, what="freeze", labels=_ALL),
            Trouble(at_s=5.8, what="thaw", labels=_ALL),
        ),
    ),
    Row(
        key="psys",
        title="Two packages and the platform around them",
        way="block",
        zones=_TWO_PACKAGES,
    ),
    Row(key="cards", title="Eight graphics cards", way="block", zones=_one_package(), cards=8),
    *(
        Row(
            key=f"windows-{ms}",
            title=f"{count} windows of {ms} ms, back to back",
            way="windows",
            zones=_one_package(),
            duration_s=ms / 1000,
            windows=count,
            step_s=0.0005,
        )
        for count, ms in ((240, 5), (100, 20), (20, 100))
    ),
    Row(
        key="together",
        title=f"{TOGETHER} programs tracked at once: the sum",
        way="together",
        zones=_LOADED,
    ),
    Row(key="children", title="Work done by children of 0.3 s", way="children"),
    Row(
        key="killed",
        title="Killed after 6.6 s: what is left on disk",
        way="killed",
        zones=_one_package(),
        duration_s=6.6,
    ),
)

BY_KEY = {row.key: row for row in ROWS}
