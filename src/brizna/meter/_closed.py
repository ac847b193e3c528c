"""Which sensors of this machine are there, but closed to whoever asks."""

from __future__ import annotations

import os

from brizna.core.records import Record
from brizna.meter._host import Roots, read_whole_number

POWERCAP_RULE = (
    'SUBSYSTEM=="powercap", TEST=="energy_uj", '
    'RUN+="/bin/chgrp {group} /sys%p/energy_uj", RUN+="/bin/chmod g+r /sys%p/energy_uj"'
)
"""For udev: lets one group read each counter, which is made anew, for root alone, at each start."""
_DENIED = ("Permission denied", "Operation not permitted")
_FREE_TO_ALL = 0
"""The strictness of the kernel from which everybody may count events of a whole processor."""


class Closed(Record):
    """One kind of sensor that is closed.

    Attributes:
        kind: ``counters`` (powercap), ``events`` (performance events) or ``ipmi``.
        files: What would have to be opened.
    """

    kind: str
    files: tuple[str, ...]


def counters_folder(roots: Roots | None = None) -> str | None:
    """Return the folder that the counters of powercap really lie in; None where there are none.

    The class folder holds links out of itself, which lead nowhere in a container.
    """
    top = (roots or Roots()).powercap
    try:
        entries = sorted(os.listdir(top))
    except OSError:
        return None
    controls = [entry for entry in entries if ":" not in entry]
    return os.path.dirname(os.path.realpath(f"{top}/{controls[0]}")) if controls else None


def find_closed(roots: Roots | None = None, *, dev: str = "/dev") -> list[Closed]:
    """Return the sensors that this process may not read.

    Args:
        roots: Where powercap, procfs and sysfs are; the real places if None.
        dev: Where device files are.
    """
    roots = roots or Roots()
    from brizna.meter._rapl import find_zones

    zones = find_zones(roots.powercap)
    denied = tuple(zone.file for zone in zones if zone.reason in _DENIED)
    found = [Closed(kind="counters", files=denied)] if denied else []
    unit = f"{roots.sys}/bus/event_source/devices/power"
    strictness = read_whole_number(f"{roots.proc}/sys/kernel/perf_event_paranoid")
    is_strict = strictness is not None and strictness > _FREE_TO_ALL
    if not zones and os.path.isdir(unit) and is_strict and os.geteuid() != 0:
        found.append(Closed(kind="events", files=(unit,)))
    controllers = tuple(
        file
        for number in range(4)
        if os.path.exists(file := f"{dev}/ipmi{number}")
        and not os.access(file, os.R_OK | os.W_OK, effective_ids=True)
    )
    if controllers:
        found.append(Closed(kind="ipmi", files=controllers))
    return found
