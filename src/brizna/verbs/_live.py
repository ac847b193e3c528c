"""What is known of a run that goes on, at a cost that does not grow with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from brizna.core.replay import replay
from brizna.report._metrics import Metrics, readings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.report._metrics import Reading
    from brizna.store import Tail

    Event = Mapping[str, Any]

_LEAST_S = 0.5
"""Power is the mean over at least this: over less it is that of a few steps of a counter."""
_RUNNING = {"e": "end", "state": "running"}


class LiveRun:
    """One run that goes on, told again at each look.

    Attributes:
        run: The run as it was told last; None before the first look.
    """

    def __init__(self, tail: Tail, *, directory: str | None, seen_as: str = "machine") -> None:
        """Follow a run.

        Args:
            tail: What its journal says.
            directory: Where its marks are; None where it has no directory.
            seen_as: Whose energy its footprint is of, one of `brizna.core.measurement.VIEWS`.
        """
        self._tail = tail
        self._directory = directory
        self._seen_as = seen_as
        self.run: Run | None = None

    def look(self) -> list[Reading]:
        """Return what is known now; nothing before there is a first reading.

        Raises:
            BriznaError: If its journal was changed by hand.
            OSError: If the journal is not there, or cannot be read.
        """
        from brizna.verbs._views import account_run

        events = self._tail.events()
        if not any("c" in event for event in events):
            return []
        earlier = _before(events)
        self.run = run = replay([*events, _RUNNING], self._counts())
        before = None if earlier is None else replay(earlier)
        return readings_of(run, account_run(run, seen_as=self._seen_as), before)

    def metrics(self) -> tuple[Metrics, datetime] | None:
        """Return the same for a sink, and when it was so; None before there is a first reading."""
        readings = self.look()
        return None if self.run is None else (Metrics(readings), instant_of(self.run))

    def _counts(self) -> list[Event]:
        """Return the marks that count work: phases are not told here."""
        if self._directory is None:
            return []
        from brizna.store import read_marks

        return [
            {"name": "", "t": mark["t"], "count": mark["count"]}
            for mark in read_marks(self._directory)[0]
            if mark.get("count")
        ]


def instant_of(run: Run) -> datetime:
    """Return when the last reading of a run was made."""
    return datetime.fromisoformat(run.started) + timedelta(seconds=run.duration_s)


def _before(events: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Return the events up to the reading before the last; None if there is none.

    Readings close to the last, as those at the edge of a window, are passed over.
    """
    times = sorted(event["t"] for event in events if "c" in event)
    last_us = times[-1]
    earlier = [t for t in times if t <= last_us - _LEAST_S * 1e6]
    if not earlier:
        return None
    return [event for event in events if "c" not in event or event["t"] <= earlier[-1]]
