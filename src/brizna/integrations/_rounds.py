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
    _rounds: int = 0
    _in_rounds: Estimate | None = None

    def open(self) -> None:
        """Begin to measure; nothing happens where that has begun."""
        if not self.is_open:
            self._rounds, self._in_rounds = 0, None
        super().open()

    def close(self, error: BaseException | None = None) -> None:
        """End, with all parts that are open; nothing happens where nothing is measured.

        Args:
            error: What the training failed with; None if it came to its end.
        """
        if self.is_open:
            self.finish(self._round)
            self._in_rounds = self._told()
        super().close(error)

    def begin_round(self) -> None:
        """Begin a round, and end the one before it where that was left open."""
        self.finish(self._round)
        self._round = self.begin(ROUND)
        self._rounds += self._round is not None

    def end_round(self) -> None:
        """End the round, and count it."""
        self.finish(self._round, rounds=1)
        self._round = None

    def _told(self) -> Estimate | None:
        if self.measuring is None or self.measuring.is_elsewhere:
            return None
        try:
            return self.measuring.energy_together(ROUND, count=self._rounds)
        except Exception:  # noqa: BLE001  (a journal that cannot be read must not end a training)
            return None

    @property
    def in_rounds(self) -> Estimate | None:
        """The energy of all rounds together; None where it is not known.

        Nor is it where thousands of rounds of several trainings are in one run: they are told
        together.
        """
        return self._told() if self.is_open else self._in_rounds

    @property
    def per_round(self) -> Estimate | None:
        """The mean energy of a round; None where it is not known."""
        energy = self.in_rounds
        return None if energy is None or not self._rounds else energy.scaled(1 / self._rounds)
