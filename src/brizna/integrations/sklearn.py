"""scikit-learn: the energy of a fit, and of each candidate of a search over parameters.

Example::

    energy = EnergyCallback("search", zone="ES")
    GridSearchCV(model, grid, cv=3).set_callbacks(energy).fit(x, y)
    print(energy.energy, energy.energies)

scikit-learn's callbacks are experimental, need 1.9, and not all estimators have them; a fit of any
other is measured whole by ``with brizna.measure("fit"): model.fit(x, y)``.
"""

from __future__ import annotations

import sys

from brizna.integrations._library import check_version, missing
from brizna.integrations._told import energies_of
from brizna.integrations._training import Training

try:
    import sklearn
except ImportError as error:
    raise missing("scikit-learn", error, install="scikit-learn>=1.9") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from sklearn.callback import CallbackContext

    from brizna.core.estimate import Estimate
    from brizna.verbs import Part

check_version("scikit-learn", sklearn.__version__, least="1.9")

_CANDIDATE = "candidate-split-evaluation"
_SEARCH = "search"
_REFIT = "refit-with-best-params"


class EnergyCallback(Training):
    """Measures a fit; its tasks are parts of the run.

    The folds of a candidate have one name, ``candidate 1``, and the fit with the best parameters is
    ``refit``; other tasks, such as the iterations of a solver, have scikit-learn's names. What
    worker processes do (``n_jobs``) is no part: the fit is measured as a whole then.
    """

    def __init__(self, name: str | None = None, **options: Any) -> None:
        """Keep what was asked for; the fit begins.

        Args:
            name: What to call the run. Without a name and options the fit is a part of the
                measured block around it, if there is one, and else a run called ``training``.
            **options: As `brizna.measure` takes them, and ``inside``.
        """
        super().__init__(name, **options)
        self._tasks: dict[int, Part] = {}
        self._counts: dict[str, int] = {}
        self._told: dict[str, Estimate | None] = {}
        self._at_once: set[str] = set()

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to a worker process as something that measures nothing: this one measures it all."""
        return (_Elsewhere, ())

    @property
    def energies(self) -> Mapping[str, Estimate | None]:
        """The energy of each candidate, all its folds together, and of the refit; after the fit.

        None where it is not known, or where several were worked at in threads at the same time:
        what one of them used cannot be told apart then.
        """
        return {
            name: None if name in self._at_once else energy for name, energy in self._told.items()
        }

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """Begin to measure."""
        self._tasks, self._counts, self._at_once = {}, {}, set()
        self._told = {}
        self.start()

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        """Begin a part; the fit as a whole is none."""
        if context.parent is None or self.measuring is None:
            return
        name = _name_of(estimator, context)
        if name != context.task_name and self._others():
            self._at_once.update(self._others(), {name})
        self._tasks[id(context)] = self.measuring.phase(name).__enter__()

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> bool:
        """End a part; never stops the fit."""
        part = self._tasks.pop(id(context), None)
        if part is not None:
            part.__exit__()
            if part.name != context.task_name:
                self._counts[part.name] = self._counts.get(part.name, 0) + 1
        return False

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """End the run, whether the fit came to its end or not."""
        while self._tasks:
            self._tasks.popitem()[1].__exit__()
        self.stop(sys.exception())
        self._told = energies_of(self, self._counts)

    def _others(self) -> set[str]:
        """Return the candidates that are being worked at."""
        return {part.name for part in self._tasks.values() if part.name.startswith("candidate ")}


class _Elsewhere:
    """Stands in for the callback in a worker process."""

    def setup(self, estimator: Any, context: CallbackContext) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> bool:
        return False

    def teardown(self, estimator: Any, context: CallbackContext) -> None: ...


def _name_of(estimator: Any, context: CallbackContext) -> str:
    """Return what to call a task."""
    if context.task_name == _REFIT:
        return "refit"
    if context.task_name == _CANDIDATE and context.parent.task_name == _SEARCH:
        return f"candidate {context.task_id // estimator.n_splits_ + 1}"
    return str(context.task_name)
