"""LightGBM: the energy of boosting rounds, in callbacks that are asked for by name.

Example::

    with EnergyRounds("boost", zone="ES") as energy:
        lightgbm.train(params, data, num_boost_round=200, callbacks=energy.callbacks)
    print(energy.energy, energy.per_round)

Works in ``lightgbm.cv`` and in ``LGBMClassifier().fit(callbacks=energy.callbacks)`` and its like.
"""

from __future__ import annotations

from brizna.integrations._library import check_version, missing
from brizna.integrations._rounds import Rounds

try:
    import lightgbm
except ImportError as error:
    raise missing("LightGBM", error, install="lightgbm") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lightgbm.callback import CallbackEnv

check_version("lightgbm", lightgbm.__version__, least="3.3")

_BEFORE_EARLY_STOPPING = 25
"""LightGBM's own callback for that has 30; it raises, and no later one is called."""


class EnergyRounds(Rounds):
    """Measures boosting; each round is a part of the run.

    Use it in a ``with`` to end the run where the training fails or stops early: LightGBM tells its
    callbacks nothing of either.
    """

    @property
    def callbacks(self) -> list[Callable[[CallbackEnv], None]]:
        """What LightGBM takes: one called before each round, and one after it."""
        return [_Before(self), _After(self)]


class _Before:
    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self.before_iteration = True
        self.order = 0  # where LightGBM looks: a class's own it does not see

    def __call__(self, env: CallbackEnv) -> None:
        if env.iteration == env.begin_iteration:
            self._rounds.start()
        self._rounds.begin_round()


class _After:
    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds
        self.before_iteration = False
        self.order = _BEFORE_EARLY_STOPPING

    def __call__(self, env: CallbackEnv) -> None:
        self._rounds.end_round()
        if env.iteration == env.end_iteration - 1:
            self._rounds.stop()
