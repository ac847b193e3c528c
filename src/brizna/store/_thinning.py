"""Which samples a long journal can do without.

Readings are cumulative, so a total needs the first and the last; everything else that `replay`
looks at (windows, marks, gaps, and the power next to their edges) names a time. Thinning keeps
the readings around those times for each channel, and drops every second of the others until the
journal is under half. A run told from a thinned journal has the same energies, bit for bit; only
its curve of power over time, whose the energy was and the means of gauges are told by longer
intervals, and older parts the more so. Of windows there may be too many as well: those of one name
that are over are folded into one event (`brizna.core.windows`), which replay tells as it tells many
windows of one name anyway.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from brizna.core.errors import IntegrityError
from brizna.core.replay import fold_windows
from brizna.core.work import only_counts
from brizna.store._lines import frame, unframe
from brizna.store._reading import heal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from brizna.store._lines import Event

_NEAR_US = 1_000_000
"""`replay` takes the power next to an edge from this far and two counter updates to either side."""


def thin_lines(lines: Sequence[bytes], marks: Sequence[Event]) -> bytes:
    """Return the lines of a thinned journal; damaged lines stay, as they are stated."""
    events: list[Event | None] = [unframe(line) for line in lines]
    changed, added = _folded(events)
    written = [line + b"\n" for line in lines] + [frame(event) for event in added]
    events += added
    for place, event in changed.items():
        events[place], written[place] = event, frame(event)
    kept = kept_places(events, [len(line) for line in written], marks)
    return b"".join(written[place] for place in kept)


def thin_events(events: Sequence[Event]) -> list[Event]:
    """Return the events that a thinned journal keeps."""
    changed, added = _folded(events)
    told = [changed.get(place, event) for place, event in enumerate(events)] + added
    kept = kept_places(told, [len(frame(event)) for event in told], ())
    return [told[place] for place in kept]


def _folded(events: Sequence[Event | None]) -> tuple[dict[int, Event], list[dict[str, Any]]]:
    """Return what folding windows changes, by place, and the events that it adds.

    The edges of a folded window stay as plain samples.
    """
    try:
        made, gone = fold_windows(heal(events)[0])
    except IntegrityError:  # the start is lost, and with it what anything in here means
        return {}, []
    folds = {event["name"]: event for event in made}
    changed: dict[int, Event] = {}
    for place, event in enumerate(events):
        kind = None if event is None else event.get("e")
        if event is not None and kind in ("begin", "finish") and event["w"] in gone:
            changed[place] = {n: v for n, v in event.items() if n not in ("e", "w", "name")}
        elif event is not None and kind == "folded" and event["name"] in folds:
            changed[place] = folds.pop(event["name"])
    return changed, list(folds.values())


def kept_places(
    events: Sequence[Event | None], sizes: Sequence[int], marks: Sequence[Event]
) -> list[int]:
    """Return the places of the events to keep, in order.

    Args:
        events: The events of the journal; None for a damaged line.
        sizes: Bytes of each.
        marks: The run's marks.
    """
    needed = _needed(events, marks)
    plain = [
        place
        for place, event in enumerate(events)
        if event is not None and "e" not in event and place not in needed
    ]
    dropped: set[int] = set()
    excess = sum(sizes) - sum(sizes) // 2
    while excess > 0 and len(plain) > 1:
        for place in plain[1::2]:
            dropped.add(place)
            excess -= sizes[place]
        plain = plain[::2]
    return [place for place in range(len(events)) if place not in dropped]


class _Readings:
    """The samples that hold a reading of one channel, by time."""

    def __init__(self, samples: list[tuple[int, int]], near_us: int) -> None:
        samples.sort()
        self.times = [t for t, _ in samples]
        self.places = [place for _, place in samples]
        self.near_us = near_us

    def around(self, edge_us: int) -> Iterator[int]:
        """Yield the places of the readings that a figure at this edge is made from."""
        times = self.times
        first, last = bisect_left(times, edge_us) - 2, bisect_right(times, edge_us) + 2
        yield from self.places[max(first, 0) : last]
        far = bisect_left(times, edge_us - self.near_us)
        yield from self.places[far : far + 1]
        far = bisect_right(times, edge_us + self.near_us)
        yield from self.places[max(far - 1, 0) : far]

    def ends(self) -> Iterator[int]:
        """Yield the places around the first and the last reading, and all that are near the last.

        Edges to come lie after the last; what is near it may be near them.
        """
        if self.times:
            yield from self.around(self.times[0])
            yield from self.around(self.times[-1])
            yield from self.places[bisect_left(self.times, self.times[-1] - 2 * self.near_us) :]


def _needed(events: Sequence[Event | None], marks: Sequence[Event]) -> set[int]:
    """Return the places of the samples that some figure is made from."""
    channels = [event for event in events if event is not None and event.get("e") == "channel"]
    samples = [
        (place, event) for place, event in enumerate(events) if event is not None and "c" in event
    ]
    width = max((len(event["c"]) for _, event in samples), default=0)
    widest_us = _NEAR_US + 2 * max((event.get("update_us", 0) for event in channels), default=0)
    edges = _edges(events, marks)
    needed: set[int] = set()
    every = _Readings([(event["t"], place) for place, event in samples], widest_us)
    by_channel = [
        _Readings(
            [
                (event["t"], place)
                for place, event in samples
                if column < len(event["c"]) and event["c"][column] is not None
            ],
            _NEAR_US + 2 * (channels[column].get("update_us", 0) if column < len(channels) else 0),
        )
        for column in range(width)
    ]
    for readings in (every, *by_channel):
        needed.update(readings.ends())
        for edge_us in edges:
            needed.update(readings.around(edge_us))
    needed.update(_beside_damage(events))
    needed.update(_apart(channels, samples))
    for field in ("cpu", "mem", "gpu", "container"):
        needed.update([place for place, event in samples if event.get(field)][-1:])
    gauged = [place for place, event in samples if event.get("g")]
    needed.update((*gauged[:1], *gauged[-1:]))  # what counts is told by its first and last
    return needed


def _edges(events: Sequence[Event | None], marks: Sequence[Event]) -> set[int]:
    """Return the times at which a phase or a gap begins or ends."""
    edges = {mark["t"] for mark in marks if not only_counts(mark)}
    for event in events:
        kind = None if event is None else event.get("e")
        if event is not None and kind in ("begin", "finish"):
            edges.add(event["t"])
        elif event is not None and kind == "gap":
            edges.update(t for t in (event["from"], event.get("to")) if t is not None)
    return edges


def _beside_damage(events: Sequence[Event | None]) -> Iterator[int]:
    """Yield the places of the samples on both sides of each damaged line."""
    before: int | None = None
    is_after = False
    for place, event in enumerate(events):
        if event is None:
            is_after = True
            if before is not None:
                yield before
        elif "c" in event:
            before = place
            if is_after:
                yield place
            is_after = False


def _apart(channels: Sequence[Event], samples: Sequence[tuple[int, Any]]) -> Iterator[int]:
    """Yield where two channels that may show one counter differ most: it tells that they do not."""
    groups: dict[str, list[int]] = {}
    for column, channel in enumerate(channels):
        if channel.get("mirror_group") is not None:
            groups.setdefault(channel["mirror_group"], []).append(column)
    for columns in groups.values():
        for later in columns[1:]:
            for earlier in columns[: columns.index(later)]:
                far = -1
                where: int | None = None
                for place, event in samples:
                    one, other = event["c"][earlier], event["c"][later]
                    if one is not None and other is not None and abs(one - other) > far:
                        far, where = abs(one - other), place
                if where is not None:
                    yield where
