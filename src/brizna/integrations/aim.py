"""Aim: a run's numbers as metrics of an Aim run.

Example::

    with brizna.measure(to=["aim=."]):
        train()

The target is the folder with the repository ``.aim``, or one in which to make it.
"""

from __future__ import annotations

from brizna.integrations._library import missing
from brizna.integrations._sink import facts

try:
    import aim
except ImportError as error:
    raise missing("Aim", error, install="aim") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics


class AimSink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Make a run.

        Args:
            target: Where its repository is; the working directory if None.
            name: What to call it.
        """
        repository = aim.Repo.from_path(target or ".", init=True)
        self.run = aim.Run(
            repo=repository,
            experiment="brizna",
            system_tracking_interval=None,
            capture_terminal_logs=False,
            log_system_params=False,
        )
        if name is not None:
            self.run.name = name

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Track one point of each metric."""
        for key, value in metrics.items():
            self.run.track(value, name=key, step=step)

    def finish(self, view: Mapping[str, Any]) -> None:
        """Say where the figures come from, and end the run."""
        for name, text in facts(view).items():
            self.run[name] = text
        self.run.close()
