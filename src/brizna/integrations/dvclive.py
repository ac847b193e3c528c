"""DVCLive: a run's numbers as its metrics and plots, in files of its own.

Example::

    with brizna.measure(to=["dvclive=dvclive/energy"]):
        train()

The target is the folder; it is kept apart from that of a training's own ``Live``, which empties
its folder when it begins. Nothing is committed and no experiment is made.
"""

from __future__ import annotations

import os

from brizna.integrations._library import missing
from brizna.integrations._sink import facts

try:
    import dvclive
except ImportError as error:
    raise missing("DVCLive", error, install="dvclive") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from brizna.report._metrics import Metrics

_FOLDER = os.path.join("dvclive", "brizna")


class DvcliveSink:
    """A sink for `brizna.measure` and ``brizna run --to``."""

    def __init__(self, target: str | None = None, *, name: str | None = None) -> None:
        """Open the folder.

        Args:
            target: The folder; ``dvclive/brizna`` if None.
            name: Not used: the folder's name is the name.
        """
        self.folder = target or _FOLDER
        self._live = dvclive.Live(self.folder, save_dvc_exp=False, dvcyaml=None)

    def log(self, metrics: Metrics, *, step: int, at: datetime) -> None:
        """Log one point of each metric."""
        self._live.step = step
        for key, value in metrics.items():
            self._live.log_metric(key, value)
        self._live.make_summary()

    def finish(self, view: Mapping[str, Any]) -> None:
        """Write where the figures come from, and close the folder."""
        self._live.log_params(facts(view))
        self._live.end()
