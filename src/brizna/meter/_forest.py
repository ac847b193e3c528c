"""What lies inside what, when meters of several kinds see one machine.

The wall holds the management controller's figure, which holds the platform counter, which holds
the packages; cards, and models of processors and memory, lie inside the controller's figure or
the wall, but not inside the platform counter. Only the outermost are summed. Two plugs stand side
by side, one for each power supply. Two ways to one figure, or to one card, are one: the second is
shown and in no sum.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from brizna.core.measurement import Channel
    from brizna.meter._protocol import Meter

_WALL, _CONTROLLER, _UNKNOWN, _PLATFORM = 4, 3, 2, 1
_LEVELS = {
    "pdu": _WALL,
    "battery": _WALL,
    "redfish": _CONTROLLER,
    "ipmi": _CONTROLLER,
    "hwmon": _CONTROLLER,
    "rapl": _PLATFORM,
    "perf": _PLATFORM,
}
"""How far out a channel of a whole machine is, by the first word of its method."""


def arrange(meters: Sequence[Meter]) -> list[Meter]:
    """Return the meters with their channels in one forest.

    A channel that says itself what it lies inside stays there.
    """
    channels = [channel for meter in meters for channel in meter.channels()]
    placed = {channel.id: channel for channel in channels}
    placed.update(_second_views(channels))
    _hang(placed)
    return [
        meter
        if all(placed[channel.id] is channel for channel in meter.channels())
        else _Placed(meter, [placed[channel.id] for channel in meter.channels()])
        for meter in meters
    ]


def _second_views(channels: Iterable[Channel]) -> dict[str, Channel]:
    """Return the channels that show again what one before them shows, by another way."""
    first: dict[tuple[str, object], Channel] = {}
    views: dict[str, Channel] = {}
    for channel in channels:
        if channel.parent is not None or channel.view_of is not None:
            continue
        if channel.kind == "node":
            what: object = _level(channel)
        elif channel.place is not None:
            what = channel.place
        else:
            continue
        before = first.setdefault((channel.kind, what), channel)
        is_another_way = _family(before) != _family(channel)
        if is_another_way or (before is not channel and channel.kind != "node"):
            views[channel.id] = channel.replace(view_of=before.id)
    return views


def _hang(placed: dict[str, Channel]) -> None:
    """Hang each root that lies inside a channel of the whole machine below the nearest such."""
    roots = [channel for channel in placed.values() if channel.parent is channel.view_of is None]
    nodes = [channel for channel in roots if channel.kind == "node"]
    for channel in roots:
        level = _level(channel) if channel.kind == "node" else _PLATFORM
        around = [node for node in nodes if _level(node) > level]
        if around:
            nearest = min(around, key=_level)
            placed[channel.id] = channel.replace(parent=nearest.id)


def _level(channel: Channel) -> int:
    return _LEVELS.get(_family(channel), _UNKNOWN)


def _family(channel: Channel) -> str:
    return channel.method.partition("-")[0]


class _Placed:
    """A meter whose channels hang elsewhere in the forest; read as it was."""

    def __init__(self, meter: Meter, channels: Sequence[Channel]) -> None:
        self._meter = meter
        self._channels = tuple(channels)
        self.ranges = meter.ranges
        self.unseen = meter.unseen
        self.read = meter.read
        self.trouble = meter.trouble
        self.close = meter.close

    def channels(self) -> Sequence[Channel]:
        return self._channels

    def __getattr__(self, name: str) -> Any:
        """Return what the meter offers beside what every meter does, such as gauges."""
        return getattr(self._meter, name)
