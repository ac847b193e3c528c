"""Who takes part: brizna, and the peers that read counters."""

from __future__ import annotations

from overhead.contestants import BRIZNA, PEERS, Contestant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PERUN = Contestant(
    name="perun", distribution="perun", import_code="import perun", ready_code="import perun"
)
TOOLS = (BRIZNA, *(one for one in PEERS if one.name != "eco2ai"), PERUN)
"""eco2AI reads no counters: nothing here would reach it."""

_MACHINE_ONLY = "tells the whole machine's energy only"
LACKS: Mapping[str, Mapping[str, str]] = {
    "zeus": {"children": _MACHINE_ONLY},
    "carbontracker": {"children": _MACHINE_ONLY},
    "perun": {"children": _MACHINE_ONLY},
}
"""By tool and row, why a row does not apply."""
