"""What a growing journal says of the energy so far, at a cost that does not grow with it."""

from __future__ import annotations

from brizna.store._lines import split, unframe
from brizna.store._reading import heal
from brizna.store._thinning import kept_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.store._journal import Journal
    from brizna.store._lines import Event

_ENOUGH = 400
"""Events beyond which those that the energy of the whole run does not need are let go."""


class Tail:
    """The events that the energy of a run so far is made from.

    Each look reads only what was written since the last one. Windows are looked at as readings:
    nothing is told of what happened in them.
    """

    def __init__(self, journal: Journal) -> None:
        """Follow a journal from its beginning."""
        self._journal = journal
        self._place = (0, 0)
        self._kept: list[Event | None] = []

    def events(self) -> list[dict[str, Any]]:
        """Return events of which `brizna.core.replay` tells the same energy as of all."""
        data, place, waiting = self._journal.since(self._place)
        if place[0] != self._place[0]:
            self._kept = []  # thinned meanwhile: all of it comes again
        self._place = place
        self._kept += [_reading(unframe(line)) for line in split(data)]
        if len(self._kept) > _ENOUGH:
            places = kept_places(self._kept, [1] * len(self._kept), ())
            self._kept = [self._kept[place] for place in places]
        return heal([*self._kept, *map(_reading, waiting)])[0]


def _reading(event: Event | None) -> Event | None:
    if event is not None and event.get("e") in ("begin", "finish"):
        return {n: value for n, value in event.items() if n not in ("e", "w", "name")}
    return event
