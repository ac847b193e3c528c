"""What the runs of a bundle come to together."""

from __future__ import annotations

from brizna.core.errors import Said
from brizna.core.estimate import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from brizna.account import Footprint

_SUMMED = (
    *("energy_j", "facility_energy_j", "carbon_operational_g", "carbon_embodied_g"),
    *("carbon_g", "carbon_market_g", "water_l"),
)
SCHEMA = "brizna.totals/1"


def bundle_totals(footprints: Sequence[tuple[str, Footprint]]) -> dict[str, Any]:
    """Return the sums over several footprints; a figure that one of them lacks has none.

    Args:
        footprints: Each with the id of its run.
    """
    figures: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name in _SUMMED:
        known = [(run, getattr(footprint, name)) for run, footprint in footprints]
        missing = [run for run, value in known if value is None]
        if missing or not known:
            figures[name] = None
            unknown = Said("not known of {runs}", runs=", ".join(missing))
            reasons[name] = str(unknown if missing else Said("there are no runs"))
        else:
            figures[name] = total(value for _, value in known).to_json()
    views = sorted({footprint.view for _, footprint in footprints})
    return {
        "schema": SCHEMA,
        "runs": [run for run, _ in footprints],
        "views": views,
        **figures,
        "reasons": reasons,
    }
