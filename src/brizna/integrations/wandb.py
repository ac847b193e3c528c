"""Weights & Biases: a run's numbers as history of a W&B run, offline unless told otherwise.

Example::

    with wandb.init(project="p"), brizna.measure(to=["wandb"]):
        train()

Where a W&B run is active, the numbers go to it with its next step, and it is left open. Else there
is a new one, in the folder that the target names; it is offline unless ``WANDB_MODE`` says
otherwise, and ``wandb sync`` sends it.
"""

from __future__ import annotations

import os

from brizna.integrations._library import missing
from brizna.integrations._sink import facts
from brizna.report._metrics import PREFIX

try:
    import wandb
except ImportError as error:
    raise missing("Weights & Biases", error, install="wandb") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics

_AXIS = f"{PREFIX}seconds"


class WandbSink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Take the active W&B run, or make one.

        Args:
            target: Where a new run's folder is made; what W&B itself would use if None.
            name: What to call a new run.
        """
        active = wandb.run if target is None else None
        self._is_ours = active is None
        self.run = active or wandb.init(
            project=os.environ.get("WANDB_PROJECT", "brizna"),
            name=name,
            dir=None if target is None else os.path.abspath(target),
            mode=os.environ.get("WANDB_MODE", "offline"),
            settings=wandb.Settings(silent=True, x_disable_stats=True, console="off"),
            reinit="create_new",
        )
        self._last: dict[str, float] = {}
        self.run.define_metric(_AXIS)
        self.run.define_metric(f"{PREFIX}*", step_metric=_AXIS)

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Log one point of each metric; in a run of somebody else's with its own next step."""
        self._last = {**metrics, f"{PREFIX}at": at.timestamp()}
        self.run.log(self._last, commit=self._is_ours)

    def finish(self, view: Mapping[str, Any]) -> None:
        """Say where the figures come from, and end the run if it is ours."""
        self.run.config.update(facts(view), allow_val_change=True)
        self.run.summary.update(self._last)  # a step of somebody else's may not come any more
        if self._is_ours:
            self.run.finish(exit_code=0 if view["state"] == "finished" else 1)
