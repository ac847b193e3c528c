"""The boundary of a footprint as data: what its figures hold, what they do not, and why.

Two footprints of one job differ by the boundary alone: the same prompt is 0.10 Wh by the
accelerators and 0.24 Wh by everything that served it [1]. So each says, item by item, what it
holds, and `unlike` names the items by which two differ.

References:
    [1] Elsworth et al., Measuring the environmental impact of delivering AI at Google Scale, 2025.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from brizna.account._assumptions import Assumptions
    from brizna.core.measurement import Measurement

ITEMS = (
    *("gpu", "cpu", "memory", "storage", "network", "host", "idle", "transfer", "cooling"),
    *("manufacture", "transport", "building", "end-of-life"),
)
"""What a boundary speaks of: the parts of the machine, what is around it, and its making."""
EMBODIED = ("manufacture", "transport", "building", "end-of-life")
"""Those of the hardware's life that are not its use."""
STATES = ("in", "partly", "out", "unknown")

_NO_METER = "no meter reads it here"
_NOT_READ = "no meter reads the whole machine: power supply, fans and mainboard are not seen"


class Bound(Record):
    """Whether one thing is in a footprint.

    Attributes:
        item: One of `ITEMS`.
        state: One of `STATES`; ``partly`` where the sources hold it in part, or differ.
        reason: By what it is in, or why it is not.
    """

    item: str
    state: str
    reason: str

    def _check(self) -> None:
        for value, known in ((self.item, ITEMS), (self.state, STATES)):
            if value not in known:
                raise InputError(
                    "The boundary says {value!r}: expected one of {known}.",
                    value=value,
                    known=", ".join(known),
                )


def measured_boundary(measurement: Measurement, view: str) -> tuple[Bound, ...]:
    """Return what the measured energy of a run holds, of the machine itself.

    Args:
        measurement: What was read.
        view: Whose energy it is, one of `brizna.core.measurement.VIEWS`.
    """
    roots = [channel for channel in measurement.roots() if channel.energy_j is not None]
    whole = any(channel.kind == "node" for channel in roots)
    bounds = [_part(item, measurement, whole=whole) for item in ("gpu", "cpu", "memory")]
    bounds += [_part(item, measurement, whole=whole) for item in ("storage", "network")]
    host = ("in", "read with the whole machine") if whole else ("out", _NOT_READ)
    idle = {
        "machine": ("in", "all that the machine drew counts"),
        "fair-share": ("partly", "idle power counts by the run's share of the use"),
        "above-idle": ("out", "only what was drawn above idle counts"),
    }[view]
    bounds.append(Bound(item="host", state=host[0], reason=host[1]))
    bounds.append(Bound(item="idle", state=idle[0], reason=idle[1]))
    return tuple(bounds)


def _part(item: str, measurement: Measurement, *, whole: bool) -> Bound:
    kinds = {
        channel.basis
        for channel in measurement.channels
        if channel.kind == item and channel.energy_j is not None
    }
    missing = {
        component: reason
        for component, reason in measurement.coverage.not_seen.items()
        if component.partition("/")[0] == item
    }
    if whole:
        return Bound(item=item, state="in", reason="read with the whole machine")
    if kinds:
        how = "metered" if kinds == {"metered"} else "modelled"
        state = "partly" if missing else "in"
        return Bound(item=item, state=state, reason="; ".join((how, *missing.values())))
    reason = next(iter(missing.values()), _NO_METER)
    return Bound(item=item, state="out", reason=reason)


def declared_boundary(given: dict[str, str] | None) -> tuple[Bound, ...]:
    """Return the boundary of declared energy: as its declarer says, else unknown.

    Args:
        given: By item, ``in``, ``partly`` or ``out``; an item that is left out is unknown.
    """
    said = given or {}
    for item in said:
        if item not in ITEMS:
            raise InputError(
                "The boundary names {item!r}: expected some of {known}.",
                item=item,
                known=", ".join(ITEMS),
            )
    machine = ("gpu", "cpu", "memory", "storage", "network", "host", "idle")
    return tuple(
        Bound(item=item, state=said[item], reason="declared")
        if item in said
        else Bound(item=item, state="unknown", reason="the case does not say what its energy holds")
        for item in machine
    )


def completed(measured: Sequence[Bound], assumptions: Assumptions) -> tuple[Bound, ...]:
    """Return a boundary with what the assumptions add: transfer, cooling, the hardware's making."""
    known = {bound.item: bound for bound in measured}
    if assumptions.storage_tb is not None:
        known["storage"] = Bound(item="storage", state="in", reason="declared")
    known["transfer"] = (
        Bound(item="transfer", state="in", reason="declared")
        if assumptions.transfer_gb is not None
        else Bound(item="transfer", state="out", reason="no transfer over networks was declared")
    )
    known["cooling"] = Bound(item="cooling", state="in", reason="by the PUE, once")
    for item, (state, reason) in _made(assumptions).items():
        known[item] = Bound(item=item, state=state, reason=reason)
    return tuple(known[item] for item in ITEMS if item in known)


def _made(assumptions: Assumptions) -> dict[str, tuple[str, str]]:
    """Return, for what is not the use of the hardware, its state and why."""
    embodied_g, declared = assumptions.embodied_g, assumptions.embodied_items
    if embodied_g is None:
        why = assumptions.reasons.get("embodied_g", "embodied_g is not known")
        return dict.fromkeys(EMBODIED, ("out", why))
    if declared:
        return {
            item: ("in", "declared") if item in declared else ("out", "not declared")
            for item in EMBODIED
        }
    return {
        "manufacture": ("in", "as the factors of the hardware state it"),
        "transport": ("partly", "some of the sources hold it, some do not"),
        "building": ("out", "no factor for the making of the building is known here"),
        "end-of-life": ("partly", "some of the sources hold it, some do not"),
    }


def unlike(one: Iterable[Bound], other: Iterable[Bound]) -> tuple[str, ...]:
    """Return the items by which two boundaries differ: figures of such footprints do not compare.

    An item that either of them does not know counts as different, unless neither knows it.
    """
    first = {bound.item: bound.state for bound in one}
    second = {bound.item: bound.state for bound in other}
    return tuple(
        item for item in ITEMS if first.get(item, "unknown") != second.get(item, "unknown")
    )
