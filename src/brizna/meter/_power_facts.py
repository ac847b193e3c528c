"""What the tables of this room say about the power of processors and memory."""

from __future__ import annotations

from brizna.core._tables import load
from brizna.core.factors import factor, recognised
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from brizna.core.factors import Factor
    from brizna.meter._host import Processor

_ROOM = "brizna.meter"
_LOADS = (0, 10, 50, 100)
"""The loads, in percent, at which the published curve has points."""


class LoadCurve(Record):
    """Power over load, linear between its points.

    Attributes:
        points: Loads in [0, 1], rising from 0 to 1, each with its power in watts.
        doubts: For each named doubt, the factors on the power at its low and at its high end.
        references: Ids of the table rows it was made of.
    """

    points: tuple[tuple[float, float], ...]
    doubts: dict[str, list[float]]
    references: tuple[str, ...]

    def power_w(self, load: float) -> float:
        """Return the power at a load; more than full load counts as full load."""
        left = self.points[0]
        for right in self.points[1:]:
            if load < right[0]:
                return left[1] + (right[1] - left[1]) * (load - left[0]) / (right[0] - left[0])
            left = right
        return left[1]


def processor_curve(processor: Processor, *, cpus: float | None, machine: str) -> LoadCurve:
    """Return the power of the processors over their load.

    A processor whose name is in the table: its TDP times the published curve, for all packages,
    or for the share of one package's threads that a virtual machine or container has. Else watts
    per virtual processor, of its architecture where that can be told, of the whole table where
    not.

    Args:
        processor: What the machine says of its processors.
        cpus: How many processors' worth of time a container has; None without a limit.
        machine: The machine's name, for the names of the doubts.
    """
    tdp = None if processor.name is None else recognised(_ROOM, "processors", processor.name)
    threads = None if tdp is None else _threads_of(tdp, processor)
    if tdp is None or (threads is None and (processor.virtual or cpus is not None)):
        return _per_thread(processor, cpus=cpus, machine=machine)
    share = float(processor.sockets)
    if threads is not None and (processor.virtual or cpus is not None):
        share = (processor.threads if cpus is None else cpus) / threads
    curve = [factor(_ROOM, "load_curve", f"load-curve/{percent}") for percent in _LOADS]
    return LoadCurve(
        points=tuple(
            (percent / 100, tdp.value * share * point.value)
            for percent, point in zip(_LOADS, curve, strict=True)
        ),
        doubts={f"model:cpu-load@{machine}": accuracy("load-model")},
        references=(tdp.name, *(point.name for point in curve), "factor:accuracy/load-model"),
    )


def _threads_of(tdp: Factor, processor: Processor) -> int | None:
    """Return how many threads share the TDP of one package; None where nobody says."""
    if not processor.virtual:
        return processor.threads // processor.sockets or 1
    table = load(_ROOM, "processors")
    for index, row in enumerate(table.rows):
        if row["id"] == tdp.id:
            return table.whole_number(index, "threads")
    return None


def _per_thread(processor: Processor, *, cpus: float | None, machine: str) -> LoadCurve:
    name = architecture_of(processor) or "default"
    idle = factor(_ROOM, "vcpu", f"vcpu/idle/{name}")
    full = factor(_ROOM, "vcpu", f"vcpu/full/{name}")
    count = processor.threads if cpus is None else cpus
    doubts = {f"model:cpu-load@{machine}": accuracy("load-model")}
    spread = _spread((idle, full))
    if spread is not None:
        doubts[f"model:processor@{machine}"] = spread
    return LoadCurve(
        points=((0.0, idle.value * count), (1.0, full.value * count)),
        doubts=doubts,
        references=(idle.name, full.name, "factor:accuracy/load-model"),
    )


def architecture_of(processor: Processor) -> str | None:
    """Return the architecture by the numbers that the processor identifies itself with."""
    table = load(_ROOM, "architectures")
    for index, row in enumerate(table.rows):
        if (
            row["vendor"] == processor.vendor
            and table.whole_number(index, "family") == processor.family
            and table.whole_number(index, "model") == processor.model
            and _in_steppings(processor.stepping, table.rows[index]["steppings"])
        ):
            return row["architecture"]
    return None


def _in_steppings(stepping: int | None, steppings: str) -> bool:
    if not steppings:
        return True
    first, _, last = steppings.partition("-")
    return stepping is not None and int(first) <= stepping <= int(last)


def memory_power(size_bytes: int, *, cpus: float | None, machine: str) -> LoadCurve:
    """Return the power of memory of a size, the same at every load.

    Modules are sold by the gibibyte, and that is what their sources call a gigabyte.

    Args:
        size_bytes: Its size.
        cpus: How many virtual processors are modelled beside it by watts that hold some memory
            already, which is one more doubt; None if none are.
        machine: The machine's name, for the names of the doubts.
    """
    rate = factor(_ROOM, "memory", "memory/power")
    size_gib = size_bytes / 2**30
    power_w = rate.value * size_gib
    least, most = _spread((rate,)) or [1.0, 1.0]
    doubts = {f"model:memory@{machine}": [least, most]}
    references = [rate.name]
    if cpus is not None:
        inside = factor(_ROOM, "limits", "limit/memory-in-vcpu")
        beyond = 1 - inside.value * cpus / size_gib
        doubts[f"model:memory-in-cpu@{machine}"] = [max(beyond, least), 1.0]
        references.append(inside.name)
    return LoadCurve(
        points=((0.0, power_w), (1.0, power_w)), doubts=doubts, references=tuple(references)
    )


def accuracy(name: str) -> list[float]:
    """Return the factors on an energy at the low and the high end of a method's accuracy."""
    row = factor(_ROOM, "spreads", f"accuracy/{name}")
    return _spread((row,)) or [1.0, 1.0]


def update_us(name: str) -> int:
    """Return the longest time between two updates of a kind of sensor, in microseconds."""
    return round(factor(_ROOM, "sensors", f"sensor/{name}").value * 1e6)


def samples_part_time(card: str | None) -> Factor | None:
    """Return the share of the time in which a card's sensor looks; None if it always may."""
    return None if card is None else recognised(_ROOM, "sampled_cards", card)


def limit_w(name: str) -> float:
    """Return the highest plausible power, in watts, of a kind of counter."""
    return factor(_ROOM, "limits", f"limit/{name}").value


def _spread(factors: Sequence[Factor]) -> list[float] | None:
    """Return the widest relative interval among the factors; None where none has one."""
    known = [row for row in factors if row.low is not None and row.high is not None]
    if not known:
        return None
    return [
        min(row.low / row.value for row in known if row.low is not None),
        max(row.high / row.value for row in known if row.high is not None),
    ]
