"""scikit-learn: estimators that were fitted."""

from __future__ import annotations

import os
import sys
from typing import Any, ClassVar

from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

PICKLED = "model.joblib"
"""File of a model."""


def save_estimator(estimator: Any, folder: str) -> None:
    """Write an estimator into a model's folder."""
    import joblib

    joblib.dump(estimator, os.path.join(folder, PICKLED))


def load_estimator(model: Model, material: Material) -> Any:
    """Return a model's estimator; the pickle was written by brizna itself."""
    import joblib

    sys.path[:0] = [place for place in material.path if place not in sys.path]
    return joblib.load(model.file(PICKLED))


def facts_of(estimator: Any) -> dict[str, Any]:
    """Return what steps ask about an estimator."""
    return {
        "estimator": type(estimator).__name__,
        "has_probabilities": hasattr(estimator, "predict_proba"),
        "features": int(getattr(estimator, "n_features_in_", 0)) or None,
    }


class Sklearn:
    """scikit-learn."""

    name: ClassVar[str] = "sklearn"
    takes: ClassVar[tuple[str, ...]] = ("sklearn",)
    distributions: ClassVar[tuple[str, ...]] = ("scikit-learn",)
    extra: ClassVar[str] = ""

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return one."""
        del machine
        return (Serving(runtime=self.name, precision=model.precision),)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return None: an estimator that was fitted can be run."""
        del model, serving, machine
        return None

    def open(self, model: Model, serving: Serving, material: Material) -> SklearnSession:
        """Load an estimator, with as many threads as asked for."""
        from threadpoolctl import threadpool_limits

        threadpool_limits(serving.threads)
        return SklearnSession(load_estimator(model, material), serving)


class SklearnSession:
    """An estimator that is loaded."""

    def __init__(self, estimator: Any, serving: Serving) -> None:
        """Take an estimator that was fitted."""
        self._ask = getattr(estimator, "predict_proba", None) or estimator.predict
        self._serving = serving

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the probabilities of the classes where it has them, else its prediction."""
        return (self._ask(request),)

    def used(self) -> dict[str, Any]:
        """Return the precision, the threads and the version."""
        import sklearn

        return {
            "precision": self._serving.precision,
            "threads": self._serving.threads,
            "version": sklearn.__version__,
        }
