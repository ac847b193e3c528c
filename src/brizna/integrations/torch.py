"""PyTorch: a training loop of one's own, alone or as one of the ranks that torchrun starts.

Example::

    with Training("digits", zone="ES") as training:
        for epoch in training.each_epoch(range(3)):
            for batch in loader:
                step(batch)
                training.count(samples=len(batch))
    print(training.energy, [epoch.energy for epoch in training.epochs])
"""

from __future__ import annotations

from brizna.integrations import _training
from brizna.integrations._library import check_version, missing

try:
    import torch
except ImportError as error:
    raise missing("PyTorch", error, install="torch") from error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from brizna.verbs import Measuring

check_version("torch", torch.__version__, least="2.2")

from brizna.integrations._operators import profiled  # noqa: E402 - it needs the library too

__all__ = ["Training", "profiled", "wait_for_devices"]


class Training(_training.Training):
    """A training loop: each epoch ends when the accelerators have done what it gave them."""

    def __init__(
        self, name: str | None = None, *, inside: Measuring | None = None, **options: Any
    ) -> None:
        """Keep what was asked for; the ``with`` begins.

        Args:
            name: What to call the run. Without a name and options the training is a part of the
                measured block around it, if there is one, and else a run called ``training``.
            inside: The measured block to be a part of, where it was opened in another thread.
            **options: As `brizna.measure` takes them: ``tags``, ``zone``, ``interval`` ...
        """
        super().__init__(name, inside=inside, settle=wait_for_devices, **options)


def wait_for_devices(library: Any = torch) -> None:
    """Wait until the accelerators that this process uses have done what they were given.

    Calls return before the work is done: without waiting, the energy of an epoch's last steps
    would count in what comes after it. A device that holds nothing of this process is not touched.

    Args:
        library: The module ``torch``.
    """
    if library.cuda.is_initialized():
        for device in range(library.cuda.device_count()):
            if library.cuda.memory_allocated(device) > 0:
                library.cuda.synchronize(device)
    if library.backends.mps.is_available():
        library.mps.synchronize()
