"""How a torch module is trained further: one loop, the same bytes from the same seed."""

from __future__ import annotations

from typing import Any

from brizna.core.errors import InputError
from brizna.improve._requests import arrays_of
from brizna.improve._runtimes._torch import call, outputs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brizna.improve._material import Material

    Batch = tuple[Any, Any]
    """A request, and what is to come out of it; the targets may be None."""
    Loss = Callable[[Any, Any], Any]
    """Of the outputs of a module and the targets, as tensors, a tensor of one number."""


def batches_of(material: Material) -> list[Batch]:
    """Return a person's training batches.

    Raises:
        InputError: If there are none.
    """
    found = list(material.function("train")())
    if not found:
        raise InputError(
            "{reference} gave no batches: expected a list of (request, targets). Return at least "
            "one.",
            reference=material.train,
        )
    return found


def loss_of(material: Material) -> Loss:
    """Return a person's loss; cross-entropy of the first output if they gave none."""
    if material.has("loss"):
        return material.function("loss")
    return _cross_entropy


def train(
    module: Any,
    batches: Sequence[Batch],
    loss: Loss,
    *,
    epochs: int,
    rate: float,
    after_step: Callable[[], None] | None = None,
) -> None:
    """Train a module in place, what of it asks for gradients, and leave it in evaluation mode.

    AdamW, with a rate that falls to nothing along half a cosine; the order of the batches is drawn
    anew in each epoch, from the same seed.

    Args:
        module: In memory.
        batches: All of them are kept in memory.
        loss: Handed the module's outputs and the targets.
        epochs: How often each batch is seen.
        rate: Learning rate at the start.
        after_step: Called after each step, to hold weights where they must be.
    """
    import torch

    torch.manual_seed(0)
    free = [one for one in module.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(free, lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, epochs * len(batches)))
    module.train()
    for _ in range(epochs):
        for place in torch.randperm(len(batches)).tolist():
            request, targets = batches[place]
            optimiser.zero_grad()
            loss(call(module, request), as_tensors(targets)).backward()
            optimiser.step()
            schedule.step()
            if after_step is not None:
                after_step()
    module.eval()


def as_tensors(targets: Any) -> Any:
    """Return targets as tensors: an array, a tuple or a dictionary of arrays, or None."""
    import torch

    if targets is None or isinstance(targets, torch.Tensor):
        return targets
    if isinstance(targets, dict):
        return {name: torch.from_numpy(array) for name, array in arrays_of(targets).items()}
    if isinstance(targets, (tuple, list)):
        return tuple(as_tensors(one) for one in targets)
    return torch.from_numpy(arrays_of(targets)[0])


def _cross_entropy(given: Any, targets: Any) -> Any:
    import torch

    return torch.nn.functional.cross_entropy(outputs_of(given)[0], targets)
