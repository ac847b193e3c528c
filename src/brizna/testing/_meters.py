"""What every meter promises, checked on any implementation."""

from __future__ import annotations

from brizna.core.errors import BriznaError
from brizna.core.measurement import Channel
from brizna.meter import Meter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_STEPS_S = (0.0, 0.5, 1.0, 1.0)


def meter_conformance(
    open_meter: Callable[[], object], *, advance: Callable[[float], object]
) -> list[str]:
    """Return the promises of `brizna.meter.Meter` that a meter breaks; nothing if it is right.

    Args:
        open_meter: Opens a meter; it is closed again.
        advance: Lets a number of seconds pass, such as a fake clock's ``advance``.
    """
    meter = open_meter()
    if not isinstance(meter, Meter):
        return [f"{type(meter).__name__} lacks a method of Meter"]
    try:
        channels = list(meter.channels())
        broken = [*_about_channels(channels), *_about_ranges(meter, channels)]
        broken += [
            f"{component!r} is unseen without a reason"
            for component, reason in meter.unseen().items()
            if not (component and reason)
        ]
        broken += _about_readings(meter, channels, advance)
        if list(meter.channels()) != channels:
            broken.append("its channels change while it is read")
    finally:
        meter.close()
        meter.close()
    return broken


def _about_channels(channels: Sequence[Channel]) -> Iterator[str]:
    known = {channel.id: channel for channel in channels}
    if len(known) != len(channels):
        yield "two channels have one id"
    for channel in channels:
        try:
            if Channel.from_json(channel.to_json()) != channel:
                yield f"{channel.id} is another channel once it was stored"
        except BriznaError as error:
            yield f"{channel.id} cannot be stored: {error}"
        seen = {channel.id}
        parent = channel.parent
        while parent is not None:
            if parent in seen or parent not in known:
                yield f"{channel.id} is inside {parent!r}, which is inside it or not there"
                break
            seen.add(parent)
            parent = known[parent].parent
        for name, ends in channel.doubts.items():
            if len(ends) != 2 or not 0 <= ends[0] <= 1 <= ends[1]:
                yield f"{channel.id}: the factors of {name!r} are {ends}, expected around 1"


def _about_ranges(meter: Meter, channels: Sequence[Channel]) -> Iterator[str]:
    devices = {channel.id for channel in channels if channel.counted_by == "device"}
    for channel_id, span_uj in meter.ranges().items():
        if channel_id not in devices:
            yield f"{channel_id} has a range but is not counted by a device of this meter"
        elif span_uj <= 0:
            yield f"{channel_id} has a range of {span_uj} microjoules"


def _about_readings(
    meter: Meter, channels: Sequence[Channel], advance: Callable[[float], object]
) -> Iterator[str]:
    t_us = 0
    before: list[int | None] = [None] * len(channels)
    for step_s in _STEPS_S:
        advance(step_s)
        t_us += round(step_s * 1e6)
        raws = list(meter.read(t_us))
        if len(raws) != len(channels):
            yield f"read gave {len(raws)} numbers for {len(channels)} channels"
            return
        trouble = meter.trouble()
        for channel, raw, last in zip(channels, raws, before, strict=True):
            if raw is None:
                if not trouble.get(channel.id):
                    yield f"{channel.id} could not be read, and trouble does not say why"
            elif type(raw) is not int:
                yield f"{channel.id} gave {raw!r}, expected whole microjoules"
            elif channel.counted_by == "reader" and last is not None and raw < last:
                yield f"{channel.id} integrated backwards, from {last} to {raw}"
        before = raws
