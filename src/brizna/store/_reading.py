"""Reading a journal back: whole lines only, and what is lost is said."""

from __future__ import annotations

from brizna.core.errors import IntegrityError, Said, SchemaError, UnavailableError
from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.store._lines import split, unframe
from brizna.store._marks import marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.store._lines import Event


def read_events(path: str) -> tuple[list[dict[str, Any]], int]:
    """Return the events of a journal, for `replay`, and how many of its lines are damaged.

    A damaged or cut line is left out. Each channel gets a gap from the reading before it to the
    reading after it, which says so; readings are cumulative, so the energy goes on being counted.

    Raises:
        IntegrityError: If its lines are sound but not those of a journal.
        UnavailableError: If the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UnavailableError(
            "The journal {path!r} cannot be read ({reason}). If it is there, ask the owner of the "
            "store for permission.",
            path=path,
            reason=error.strerror,
        ) from error
    return events_of(data, path)


def events_of(data: bytes, path: str) -> tuple[list[dict[str, Any]], int]:
    """Return the events in the bytes of a journal, and how many of its lines are damaged.

    Args:
        data: The bytes.
        path: Where they were read, to be named where they are wrong.

    Raises:
        IntegrityError: If its lines are sound but not those of a journal.
    """
    try:
        return heal([unframe(line) for line in split(data)])
    except (TypeError, LookupError, AttributeError) as error:
        raise IntegrityError(
            "The journal {path!r} has events that brizna does not write ({error!r}): it was "
            "changed by hand. Restore it from a copy.",
            path=path,
            error=error,
        ) from error


def heal(lines: Sequence[Event | None]) -> tuple[list[dict[str, Any]], int]:
    """Return the events of these lines (None: damaged) with what is lost stated, and the count."""
    events = [dict(event) for event in lines if event is not None]
    damaged = len(lines) - len(events)
    _match_channels(events)
    if damaged:
        events += _lost_spans(lines, [event["id"] for event in events if _is_channel(event)])
        events.append({"e": "note", "text": _statement(damaged)})
    return events, damaged


def _statement(damaged: int) -> str:
    if damaged == 1:
        return (
            "1 line of the journal is damaged or cut short and left out. Energy goes on being "
            "counted from the reading before, but a window, a mark of a gap or a note may be lost."
        )
    return str(
        Said(
            "{count} lines of the journal are damaged or cut short and left out. Energy goes on "
            "being counted from the reading before, but a window, a mark of a gap or a note may be "
            "lost.",
            count=damaged,
        )
    )


def _is_channel(event: Event) -> bool:
    return event.get("e") == "channel"


def _match_channels(events: list[dict[str, Any]]) -> None:
    """Drop the readings of channels whose own line is lost: samples name channels by place."""
    places: list[int] = []
    for event in events:
        if _is_channel(event):
            places.append(event.pop("i", len(places)))
    width = max((len(event["c"]) for event in events if "c" in event), default=0)
    lost = sorted(set(range(width)) - set(places))
    if places != sorted(places) or lost:
        for event in events:
            if "c" in event:
                counted = event["c"]
                event["c"] = [counted[i] if i < len(counted) else None for i in places]
    for place in lost:
        reason = "the line of the journal that describes this channel is damaged"
        events.append({"e": "unseen", "component": f"channel {place + 1}", "reason": reason})


def _lost_spans(lines: Sequence[Event | None], channels: Sequence[str]) -> list[dict[str, Any]]:
    """Return a gap of each channel for each run of damaged lines between two samples."""
    gaps: list[dict[str, Any]] = []
    before_us: int | None = None
    damaged = 0
    for event in lines:
        if event is None:
            damaged += before_us is not None
        elif "c" in event:
            if damaged and before_us is not None:
                span = {"e": "gap", "from": before_us, "to": event["t"], "counted": True}
                reason = str(Said("damaged journal: {count} lines lost", count=damaged))
                if damaged == 1:
                    reason = "damaged journal: 1 line lost"
                gaps += [{**span, "channel": channel, "reason": reason} for channel in channels]
            before_us, damaged = event["t"], 0
    return gaps


def check_schema(run_id: str, events: Sequence[Event]) -> None:
    """Refuse the events of a journal that a newer brizna wrote.

    Raises:
        SchemaError: If one says so.
    """
    for event in events:
        if event.get("e") == "start" and event.get("schema") != JOURNAL_SCHEMA:
            raise SchemaError(
                "The journal of {run_id} says schema {seen!r}, but {expected!r} was expected. "
                "Read it with a newer brizna: pip install --upgrade brizna.",
                run_id=run_id,
                seen=event.get("schema"),
                expected=JOURNAL_SCHEMA,
            )


def told_run(run_id: str, events: list[dict[str, Any]], marks: Sequence[Event]) -> Run:
    """Return the run that a journal tells; marks made after its last sample are not part of it."""
    try:
        last_us = max((event["t"] for event in events if "c" in event), default=0)
        run = replay(events, [mark for mark in marks if mark["t"] <= last_us])
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        raise IntegrityError(
            "The journal of {run_id} has events that brizna does not write ({error!r}): it was "
            "changed by hand. Restore it from a copy.",
            run_id=run_id,
            error=error,
        ) from error
    if run.id != run_id:
        raise IntegrityError(
            "The journal in {run_id} is of the run {second}: it was moved.",
            run_id=run_id,
            second=run.id,
        )
    return run


def retell(run_id: str, journal: bytes, marks: bytes = b"") -> Run:
    """Return the run that the bytes of a journal tell, as `told_run`.

    Args:
        run_id: The run.
        journal: Its journal.
        marks: The marks that were made in it.

    Raises:
        IntegrityError: If the journal is not this run's, or not as brizna writes one, or if a line
            that was written whole does not fit its checksum.
        UnavailableError: If its last line was cut short.
        SchemaError: If a newer brizna wrote it.
    """
    _check_lines(run_id, journal)
    events, _ = events_of(journal, run_id)
    check_schema(run_id, events)
    return told_run(run_id, events, marks_of(marks)[0])


def _check_lines(run_id: str, journal: bytes) -> None:
    """Refuse a journal of which not every line proves itself."""
    lines = journal.split(b"\n")
    torn = [at for at, line in enumerate(lines, 1) if line and unframe(line) is None]
    if torn == [len(lines)]:
        raise UnavailableError(
            "The last line of the journal of {run_id} is cut short: what it told is not known.",
            run_id=run_id,
        )
    if torn:
        raise IntegrityError(
            "{count} lines of the journal of {run_id} do not fit their checksums, the first of "
            "them line {line}: they were changed or damaged. Restore it from a copy.",
            count=len(torn),
            run_id=run_id,
            line=torn[0],
        )
