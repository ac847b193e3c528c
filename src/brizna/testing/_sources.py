"""What every source of grid signals promises, checked on any implementation."""

from __future__ import annotations

from datetime import timedelta

from brizna.core.errors import BriznaError, CoverageError
from brizna.core.quantities import CarbonIntensity, Ratio, Tariff
from brizna.grid import QUANTITIES, Asked, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from brizna.core.signal import Signal

_KINDS = {"intensity": CarbonIntensity, "price": Tariff}
_DAY = timedelta(days=1)


def source_conformance(open_source: Callable[[], object], *, zone: str, now: datetime) -> list[str]:
    """Return the promises of `brizna.grid.Source` that a source breaks; nothing if it is right.

    Args:
        open_source: Opens a source that answers, such as one in front of a `FakeProvider`.
        zone: A zone that it knows.
        now: The present, aware.
    """
    source = open_source()
    if not isinstance(source, Source):
        return [f"{type(source).__name__} lacks a part of Source"]
    broken = [
        f"it tells {q!r}, which nobody asks for" for q in source.quantities if q not in QUANTITIES
    ]
    for quantity in QUANTITIES:
        signals: list[Signal] = []
        for start in (now - 2 * _DAY, now):
            asked = Asked(zone=zone, start=start, end=start + _DAY, now=now, quantity=quantity)
            try:
                signals.append(source.ask(asked))
            except CoverageError:
                continue
            except BriznaError as error:
                broken.append(f"asked for {quantity} of {start.isoformat()} it says: {error}")
            else:
                broken += _about(signals[-1], asked)
        if signals and quantity not in source.quantities:
            broken.append(f"it tells {quantity}, but does not say so")
        if not signals and quantity in source.quantities:
            broken.append(f"it says that it tells {quantity}, and tells it of no day")
    return broken


def _about(signal: Signal, asked: Asked) -> Iterator[str]:
    kind = _KINDS.get(asked.quantity, Ratio)
    if signal.quantity is not kind:
        yield f"{asked.quantity} comes as {signal.quantity.__name__}"
    if signal.start < asked.start or signal.end > asked.end:
        yield f"{asked.quantity} covers more than was asked for"
    if signal.zone != asked.zone:
        yield f"{asked.quantity} is of {signal.zone}, not of {asked.zone}"
    if kind is Ratio and signal.kind != asked.quantity:
        yield f"{asked.quantity} is of kind {signal.kind!r}"
    if kind is Tariff and not (signal.kind and len(signal.kind) == 3):
        yield f"{asked.quantity} does not name its currency"
    if not signal.source:
        yield f"{asked.quantity} does not name its source"
    if signal.origin == "profile":
        yield f"{asked.quantity} is a profile: what a source tells is observed or forecast"
    if (signal.origin == "forecast") != (signal.issued_at is not None):
        yield f"{asked.quantity} is {signal.origin}, issued at {signal.issued_at}"
    if all(value is None for value in signal.values):
        yield f"{asked.quantity} has no value at all"
