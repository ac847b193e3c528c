"""Optuna: the energy of each trial, among its user attributes and as a second objective.

Example::

    with EnergyTrials("search", zone="ES") as energy:
        study.optimize(energy.measured(objective), n_trials=20)
    print(study.best_trial.user_attrs["energy_j"], energy.mean())

The objective is wrapped, as Optuna calls its callbacks when a trial is stored and can take no more.
"""

from __future__ import annotations

from functools import wraps

from brizna.integrations._library import check_version, missing
from brizna.integrations._training import logged
from brizna.integrations._trials import Trials

try:
    import optuna
except ImportError as error:
    raise missing("Optuna", error, install="optuna") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.trial import Trial

    from brizna.integrations._serving import Request

    Objective = Callable[[Trial], float | Sequence[float]]

check_version("optuna", optuna.__version__, least="3.0")

_NAN = float("nan")


class EnergyTrials(Trials):
    """Measures trials; with ``n_jobs`` above 1 those at the same time share what was used."""

    def measured(self, objective: Objective) -> Objective:
        """Return an objective of the same values that tells each trial's energy.

        A trial gets the user attributes ``energy_j`` (joules) with ``energy_j_low`` and
        ``energy_j_high``, or ``energy_reason`` where it has none; one that is pruned or fails too.
        """

        @wraps(objective)
        def run(trial: Trial) -> float | Sequence[float]:
            request = self.request()
            try:
                with request:
                    return objective(trial)
            finally:
                self._tell(trial, request)

        return run

    def as_objective(self, objective: Objective) -> Callable[[Trial], tuple[float, ...]]:
        """Return an objective that has the energy in joules as one more value, to be minimised.

        For ``create_study(directions=["maximize", "minimize"])``. A trial whose energy is not
        known fails, as Optuna lets any do that returns no number.
        """
        measured = self.measured(objective)

        @wraps(objective)
        def run(trial: Trial) -> tuple[float, ...]:
            value = measured(trial)
            values = (value,) if isinstance(value, (int, float)) else tuple(value)
            return (*values, trial.user_attrs.get("energy_j", _NAN))

        return run

    def _tell(self, trial: Trial, request: Request) -> None:
        self.settle()
        told: dict[str, float | str | None] = {**logged(request.energy, "energy_j")}
        for name, value in (told or {"energy_reason": request.reason}).items():
            trial.set_user_attr(name, value)
