"""The meters that the settings name: the one way in which a run opens a socket."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from brizna.meter import Meter
    from brizna.verbs._settings import Settings


def open_named(
    settings: Settings, *, machine: str, environ: Mapping[str, str], clock: Any = None
) -> Sequence[Meter]:
    """Open the meters that the setting ``meter`` names; nothing is loaded where it names none.

    Args:
        settings: The settings in force.
        machine: The machine's name, for the names of the doubts.
        environ: The environment variables, for credentials.
        clock: What tells the time; the boot-time clock if None.

    Raises:
        InputError: If one names no meter, or credentials cannot be used.
    """
    if not settings["meter"]:
        return ()
    from brizna.meter import Surroundings, open_specs, read_specs
    from brizna.store import read_events

    around = Surroundings(
        machine=machine,
        environ=environ,
        credentials=settings["credentials"],
        clock=clock,
        events=lambda path: read_events(path)[0],
    )
    return open_specs(read_specs(settings["meter"]), around)
