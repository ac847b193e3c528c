"""What the container used as a whole whose share of the machine the models cover.

A model of a container covers what its control group grants. Whose that energy was is told by what
the users used of it, and what all in the group used together: its processor time, and its memory
but for the file cache that would be given back first.
"""

from __future__ import annotations

import os

from brizna.meter._discover import find_binding_limit
from brizna.meter._host import find_memory_group, read_text, read_whole_number
from brizna.meter._load_model import GroupLoad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from brizna.core.measurement import Channel
    from brizna.meter._host import Roots

_HELD = (
    ("memory.current", "memory.stat", "inactive_file"),
    ("memory.usage_in_bytes", "memory.stat", "total_inactive_file"),
)
"""Of each version of control groups: what is held, and the cache in it that nobody uses now."""


class ContainerUse:
    """Reads what the groups used whose limits bind.

    Attributes:
        groups: By ``cpu`` and ``mem``, the folder of the group that has the limit, where one binds.
    """

    def __init__(self, channels: Iterable[Channel], roots: Roots) -> None:
        """Find the groups of the channels that cover a container."""
        kinds = {channel.kind for channel in channels if channel.scope == "container"}
        self.groups: dict[str, str] = {}
        self._load: GroupLoad | None = None
        limit = find_binding_limit(roots) if "cpu" in kinds else None
        if limit is not None:
            self._load = GroupLoad(limit)
            self.groups["cpu"] = os.path.dirname(limit.usage_file)
        group = find_memory_group(roots) if "memory" in kinds else None
        if group is not None:
            self.groups["mem"] = group[1]

    def cpu_us(self) -> int | None:
        """Return the microseconds of processor time used so far; None where that is not told."""
        used_us = None if self._load is None else self._load.used_us()
        return None if used_us is None else round(used_us)

    def memory_bytes(self) -> int | None:
        """Return the bytes held now, idle file cache aside; None where that is not told."""
        folder = self.groups.get("mem")
        for usage, statistics, cache in _HELD if folder is not None else ():
            held = read_whole_number(f"{folder}/{usage}")
            if held is None:
                continue
            lines = (read_text(f"{folder}/{statistics}") or "").splitlines()
            idle = [line.partition(" ")[2] for line in lines if line.startswith(f"{cache} ")]
            return held - int(idle[0]) if idle else held
        return None

    def close(self) -> None:
        """Close the file that is kept open."""
        if self._load is not None:
            self._load.close()


def open_container_use(channels: Iterable[Channel], *, roots: Roots) -> ContainerUse | None:
    """Return what tells the use of the container that channels cover; None where none does."""
    found = ContainerUse(channels, roots)
    return found if found.groups else None
