"""What a growing journal says of the energy so far, at a cost that does not grow with it."""

from __future__ import annotations

from brizna.store._lines import split, unframe
from brizna.store._reading import heal
from brizna.store._thinning import kept_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from typing import Any

    from brizna.store._following import JournalFile
    from brizna.store._journal import Journal
    from brizna.store._lines import Event

_ENOUGH = 400
"""Events beyond which those that the energy of the whole run does not need are let go."""
_LATEST = 8
"""Windows that have ended and can still be asked for: whoever wants to know asks at once."""


class Tail:
    """The events that the energy of a run so far is made from.

    Each look reads only what was written since the last one. Windows are looked at as readings,
    except for one that is asked for: open, or among the last few that ended.
    """

    def __init__(self, journal: Journal | JournalFile) -> None:
        """Follow a journal from its beginning."""
        self._journal = journal
        self._place = (0, 0)
        self._kept: list[Event | None] = []

    def events(self, window: int | None = None) -> list[dict[str, Any]]:
        """Return events of which `brizna.core.replay` tells the same energy as of all.

        Args:
            window: The number of one of which it is to tell too; it is in none of the events if
                it ended too long ago.
        """
        data, place, waiting = self._journal.since(self._place)
        if place[0] != self._place[0]:
            self._kept = []  # thinned meanwhile: all of it comes again
        self._place = place
        self._kept += [event for event in map(unframe, split(data)) if not _is_folded(event)]
        latest = _latest(self._kept)
        self._kept = [_reading(event, latest) for event in self._kept]
        if len(self._kept) > _ENOUGH:
            places = kept_places(self._kept, [1] * len(self._kept), ())
            self._kept = [self._kept[place] for place in places]
        asked = {window}
        return heal([_reading(event, asked) for event in (*self._kept, *waiting)])[0]


def _is_folded(event: Event | None) -> bool:
    """Tell whether an event stands for windows that are long over, whose edges stay as readings."""
    return event is not None and event.get("e") == "folded"


def _latest(events: Sequence[Event | None]) -> set[int]:
    """Return the numbers of the windows that are open, and of the last few that ended."""
    open_now: dict[int, None] = {}
    ended: list[int] = []
    for event in events:
        kind = None if event is None else event.get("e")
        if event is not None and kind == "begin":
            open_now[event["w"]] = None
        elif event is not None and kind == "finish":
            open_now.pop(event["w"], None)
            ended.append(event["w"])
    return {*open_now, *ended[-_LATEST:]}


def _reading(event: Event | None, windows: Container[int | None]) -> Event | None:
    """Return an event, or if it is an edge of another window than these what was read there."""
    is_edge = event is not None and event.get("e") in ("begin", "finish")
    if event is not None and is_edge and event["w"] not in windows:
        return {n: value for n, value in event.items() if n not in ("e", "w", "name")}
    return event
