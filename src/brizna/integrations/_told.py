"""What the record of a run tells of parts that share a name, such as the rounds of a boosting.

Asking for the energy of each as it ends would cost milliseconds a part; the record tells all.
"""

from __future__ import annotations

from brizna.core.estimate import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from brizna.core.estimate import Estimate
    from brizna.integrations._training import Training


def energies_of(training: Training, counts: Mapping[str, int]) -> dict[str, Estimate | None]:
    """Return the energy of the latest parts of each name, together.

    Args:
        training: Whose parts these are, as far as it has come.
        counts: By name, how many of the latest parts are meant. Earlier ones are another's.

    Returns:
        By name; None where it is not known, or the record tells these parts and others as one.
    """
    try:
        run = training.run
        phases = () if run is None else run.measurement.phases
    except Exception:  # noqa: BLE001  (nothing was measured, or the journal cannot be read)
        phases = ()
    told: dict[str, Estimate | None] = {}
    for name, count in counts.items():
        left = count
        parts: list[Estimate | None] = []
        for phase in reversed([phase for phase in phases if phase.name == name]):
            if left <= 0:
                break
            left -= phase.count
            parts.append(phase.energy_j)
        known = [part for part in parts if part is not None]
        told[name] = total(known) if left == 0 and len(known) == len(parts) > 0 else None
    return told
