"""A boosting that is measured: rounds are many and short, and told together.

They have one name, so that the record stays small: beyond a thousand it tells what they took
together. A round of some milliseconds is below what a meter can tell apart, their mean is not.
"""

from __future__ import annotations

from brizna.integrations._training import Training

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.core.estimate import Estimate
    from brizna.verbs import Part

ROUND = "round"


class Rounds(Training):
    """A training in rounds."""

    _round: Part | None = None

    def begin_round(self) -> None:
        """Begin a round, and end the one before it where that was left open."""
        self.finish(self._round)
        self._round = self.begin(ROUND)

    def end_round(self) -> None:
        """End the round, and count it."""
        self.finish(self._round, rounds=1)
        self._round = None

    @property
    def in_rounds(self) -> Estimate | None:
        """The energy of all rounds together; None where it is not known. Ask after the end."""
        from brizna.core.estimate import total

        run = self.run
        phases = () if run is None else run.measurement.phases
        known = [phase.energy_j for phase in phases if phase.name == ROUND]
        if not known or None in known:
            return None
        return total(energy for energy in known if energy is not None)

    @property
    def per_round(self) -> Estimate | None:
        """The mean energy of a round; None where it is not known. Ask after the end."""
        energy, run = self.in_rounds, self.run
        phases = () if run is None else run.measurement.phases
        count = sum(phase.count for phase in phases if phase.name == ROUND)
        return None if energy is None or not count else energy.scaled(1 / count)
