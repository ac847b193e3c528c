"""XGBoost: the energy of boosting rounds, in a callback that is asked for by name.

Example::

    with EnergyCallback("boost", zone="ES") as energy:
        xgboost.train(params, data, num_boost_round=200, callbacks=[energy])
    print(energy.energy, energy.per_round)

Works in ``xgboost.cv`` and in ``XGBClassifier(callbacks=[energy])`` and its like too.
"""

from __future__ import annotations

from brizna.integrations._library import check_version, missing
from brizna.integrations._rounds import Rounds

try:
    import xgboost
except ImportError as error:
    raise missing("XGBoost", error, install="xgboost") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

check_version("xgboost", xgboost.__version__, least="1.7")


class EnergyCallback(Rounds, xgboost.callback.TrainingCallback):
    """Measures boosting; each round is a part of the run.

    Use it in a ``with`` to end the run where the training fails: XGBoost tells its callbacks
    nothing of that.
    """

    def before_training(self, model: Any) -> Any:
        """Begin to measure."""
        self.start()
        return model

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Begin a round."""
        self.begin_round()
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """End the round."""
        self.end_round()
        return False

    def after_training(self, model: Any) -> Any:
        """End the run."""
        self.stop()
        return model
