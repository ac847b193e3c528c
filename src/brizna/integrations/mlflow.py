"""MLflow: a run's numbers as metrics of an MLflow run.

Example::

    with mlflow.start_run(), brizna.measure(to=["mlflow"]):
        train()

Where an MLflow run is active, or ``MLFLOW_RUN_ID`` names one, the numbers are its own; else there
is a new one. The target is a tracking URI, such as ``mlflow=sqlite:///mlflow.db``.
"""

from __future__ import annotations

import os

from brizna.integrations._library import missing
from brizna.integrations._sink import facts

try:
    import mlflow
    from mlflow.entities import Metric, Param, RunTag
except ImportError as error:
    raise missing("MLflow", error, install="mlflow-skinny sqlalchemy alembic") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics

_BATCH = 1000
"""Metrics that MLflow takes in one call."""
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}


class MlflowSink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Find the MLflow run, or make one.

        Args:
            target: The tracking URI; what MLflow itself would use if None.
            name: What to call a new run.
        """
        self._client = mlflow.MlflowClient(tracking_uri=target)
        active = mlflow.active_run() if target is None else None
        joined = os.environ.get("MLFLOW_RUN_ID") if active is None else active.info.run_id
        self._is_ours = joined is None
        self.run_id: str = joined or self._made(name)

    def _made(self, name: str | None) -> str:
        wanted = os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default")
        experiment = self._client.get_experiment_by_name(wanted)
        known = experiment.experiment_id if experiment else self._client.create_experiment(wanted)
        return self._client.create_run(known, run_name=name).info.run_id

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Log one point of each metric."""
        when_ms = int(at.timestamp() * 1000)
        points = [Metric(key, value, when_ms, step) for key, value in metrics.items()]
        for first in range(0, len(points), _BATCH):
            self._client.log_batch(self.run_id, metrics=points[first : first + _BATCH])

    def finish(self, view: Mapping[str, Any]) -> None:
        """Tag the run with where its figures come from, and end it if it is ours."""
        tags = [RunTag(name, text) for name, text in facts(view).items()]
        params = [Param("command", " ".join(view["command"]))] if self._names_command(view) else []
        self._client.log_batch(self.run_id, tags=tags, params=params)
        if self._is_ours:
            self._client.set_terminated(self.run_id, status=_STATUS.get(view["state"], "FAILED"))

    def _names_command(self, view: Mapping[str, Any]) -> bool:
        return self._is_ours and bool(view["command"])
