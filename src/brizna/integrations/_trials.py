"""Trials of a search that is measured: what its adapters for search libraries stand on.

Trials may run side by side, in threads or in processes of this machine. What was counted while
some ran is shared by them (see `_split`), so that the trials and the rest sum to the run.
"""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.integrations._serving import Serving
from brizna.verbs import measured_around

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.integrations._serving import Request
    from brizna.integrations._split import Slice
    from brizna.verbs import Measuring


class Trials(Serving):
    """Shares a run's energy among the trials of a search; a context manager around the search."""

    phase = "trials"
    counted = "trials"

    def __init__(
        self, name: str | None = None, *, inside: Measuring | None = None, **options: Any
    ) -> None:
        """Keep what was asked for; the ``with`` or the first trial begins.

        Args:
            name: What to call the run. Without a name and options the search is measured with the
                measured block around it, if there is one, and else is a run called ``search``.
            inside: The measured block to share, where it was opened in another thread.
            **options: As `brizna.measure` takes them: ``tags``, ``zone``, ``interval`` ...

        Raises:
            InputError: If options are given for a block that has its own.
        """
        if inside is not None and options:
            raise InputError(
                "The search is to be a part of a measured block, and {names} would be for a run of "
                "its own. Give these to the block's brizna.measure().",
                names=", ".join(options),
            )
        if inside is None and name is None and not options:
            inside = measured_around()
        if inside is None:
            options = {**options, "tags": (*options.get("tags", ()), "stage:search")}
        super().__init__(name or "search", measuring=inside, **options)

    def let_in(self, request: Request) -> Slice | None:
        """Open a trial, right after a reading of all meters: models are not read at each edge."""
        self.settle()
        return super().let_in(request)

    def let_out(self, part: Slice) -> None:
        """Close a trial, right before a reading of all meters."""
        super().let_out(part)
        self.settle()
