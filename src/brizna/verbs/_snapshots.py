"""A run that nobody watches: counters read at its begin, now and then, and at its end.

Each reading is made by a process of its own, so there is no daemon. What is kept between them is a
file with checked lines, one for each reading: the counters as they stood. From these the same
engine counts that counts in a run, so that a wrap is counted, and a time in which a counter may
have wrapped unseen, or restarted, is a gap with its bound. Models of processors and memory go on
from one process to the next by the machine's own count of its load.
"""

from __future__ import annotations

import os
from contextlib import suppress

from brizna.core.errors import Said, UnavailableError
from brizna.core.measurement import Channel
from brizna.core.replay import JOURNAL_SCHEMA
from brizna.core.version import VERSION
from brizna.meter import Tally
from brizna.store import writer_identity
from brizna.store._lines import frame, split, unframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from brizna.meter import Meter

SCHEMA = "brizna.snapshot/1"
_NOT_COUNTED = str(Said("no counter that goes on while nobody reads it"))
_GONE = str(Said("it is not there any more"))


class Counters:
    """What of this machine can be read by one process after another: counters, and models.

    Powers that somebody has to integrate cannot.
    """

    def __init__(self, meters: Sequence[Meter], clock: Any) -> None:
        """Read the counters; the meters are closed with `close`."""
        self._meters = meters
        self._channels: list[Channel] = []
        self._ranges: dict[str, int] = {}
        self._unseen: dict[str, str] = {}
        self._models: list[Any] = []
        self._now = {"t": clock.now_us(), "asleep": clock.asleep_us()}
        self._raws: dict[str, int | None] = {}
        self._why: dict[str, str] = {}
        for meter in meters:
            self._unseen.update(meter.unseen())
            if hasattr(meter, "resume"):
                self._models.append(meter)
                self._channels += meter.channels()
            else:
                self._count(meter)
        seen = {channel.kind for channel in self._channels}
        for component in () if "node" in seen else ("cpu", "memory"):
            if component not in seen:
                self._unseen.setdefault(component, _NOT_COUNTED)

    def _count(self, meter: Meter) -> None:
        self._ranges.update(meter.ranges())
        for channel, raw in zip(meter.channels(), meter.read(0), strict=True):
            if channel.counted_by == "device":
                self._channels.append(channel)
                self._raws[channel.id] = raw
                if raw is None:
                    self._why[channel.id] = meter.trouble().get(channel.id, _GONE)

    def reading(self, before: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return a reading: raw numbers by channel, why some are missing, and when it was.

        Args:
            before: The reading before it, where the models go on; None for the first.
        """
        raws, why = dict(self._raws), dict(self._why)
        states: dict[str, list[float]] = {}
        for model in self._models:
            (channel,) = model.channels()
            model.resume(None if before is None else before["states"].get(channel.id))
            (raws[channel.id],) = model.read(self._now["t"])
            if raws[channel.id] is None:
                why[channel.id] = model.trouble()[channel.id]
            states[channel.id] = model.keep()
        return {**self._now, "raw": raws, "why": why, "states": states}

    def close(self) -> None:
        """Close the meters."""
        for meter in self._meters:
            meter.close()

    def head(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first line of a file of snapshots.

        Args:
            about: What the run is: fields of its start event.
        """
        roots = {channel.id for channel in self._channels}
        channels = [
            channel if channel.parent in roots else channel.replace(parent=None)
            for channel in self._channels
        ]
        return {
            "e": "snapshots",
            "schema": SCHEMA,
            "boot": writer_identity()["boot"],
            "about": dict(about),
            "channels": [channel.to_json() for channel in channels],
            "ranges": self._ranges,
            "unseen": self._unseen,
        }


def append(path: str, line: Mapping[str, Any], *, is_new: bool = False) -> None:
    """Append a line to a file of snapshots, which nobody else may read.

    Raises:
        OSError: If it cannot be written; FileExistsError if it is not new, as it should be.
    """
    how = os.O_CREAT | os.O_EXCL if is_new else 0
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | how, 0o600)
    try:
        os.write(file, frame(dict(line)))
    finally:
        os.close(file)


def load(path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the first line of a file of snapshots and its readings; damaged lines are left out.

    Raises:
        UnavailableError: If it cannot be read, or its first line is damaged.
    """
    try:
        with open(path, "rb") as file:
            lines = [event for line in split(file.read()) if (event := unframe(line)) is not None]
    except OSError as error:
        raise UnavailableError(
            "The snapshot {path!r} cannot be read ({reason}): was it taken when the job began?",
            path=path,
            reason=error.strerror,
        ) from error
    if not lines or lines[0].get("schema") != SCHEMA:
        raise UnavailableError(
            "The snapshot {path!r} has lost its first line: the job cannot be told.", path=path
        )
    return lines[0], sorted((line for line in lines if "raw" in line), key=lambda line: line["t"])


def same_boot(head: Mapping[str, Any]) -> bool:
    """Tell whether the machine has not been started anew since a snapshot."""
    return head["boot"] == writer_identity()["boot"]


def journal_of(
    head: Mapping[str, Any], readings: Sequence[Mapping[str, Any]], *, about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the events of a run that these readings tell, without its end.

    Args:
        head: The first line of the file.
        readings: The others, in the order of time; the first is the run's begin.
        about: What is known only now: further fields of the start event, such as its id.
    """
    first = readings[0]
    channels = [Channel.from_json(fields) for fields in head["channels"]]
    events: list[dict[str, Any]] = [
        {
            "e": "start",
            "schema": JOURNAL_SCHEMA,
            "tags": [],
            "parent": None,
            "command": None,
            "interval_us": None,
            "boot_us": first["t"],
            "brizna": VERSION,
            "writer": writer_identity(),
            "cpus": os.cpu_count(),
            **head["about"],
            **about,
        }
    ]
    for channel in channels:
        raw = first["raw"].get(channel.id)
        shown = channel if channel.mirror_group is None else channel.replace(raw_start=raw)
        events.append({"e": "channel", **shown.to_json()})
    events += [
        {"e": "unseen", "component": component, "reason": reason}
        for component, reason in head["unseen"].items()
    ]
    events.append({"e": "users", "users": [{"id": "run", "kind": "tree"}]})
    tallies = [
        Tally(channel, wrap_uj=head["ranges"].get(channel.id), report=events.append)
        for channel in channels
    ]
    for reading in readings:
        events.append(_sample(reading, first, tallies))
    return events


def _sample(
    reading: Mapping[str, Any], first: Mapping[str, Any], tallies: Iterable[Tally]
) -> dict[str, Any]:
    t_us = reading["t"] - first["t"]
    asleep_us = reading["asleep"] - first["asleep"]
    counted: list[int | None] = []
    for tally in tallies:
        name = tally.channel.id
        raw = reading["raw"].get(name)
        reason = reading["why"].get(name, _GONE) if raw is None else None
        counted.append(tally.take(t_us, raw, reason=reason, asleep_us=asleep_us))
    sample: dict[str, Any] = {"t": t_us, "c": counted}
    if "cpu" in reading:
        sample["cpu"] = [
            None if now is None or then is None else now - then
            for now, then in zip(reading["cpu"], first["cpu"], strict=True)
        ]
    return sample


def forget(path: str) -> None:
    """Remove a file of snapshots; one that is gone is gone."""
    with suppress(FileNotFoundError):
        os.unlink(path)
