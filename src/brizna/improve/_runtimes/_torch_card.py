"""PyTorch on a card: requests are copied there and back, and waited for."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import UnavailableError
from brizna.improve._requests import arrays_of
from brizna.improve._runtimes._onnxruntime_card import NO_DRIVER
from brizna.improve._runtimes._torch import TorchEager, call, load_module, outputs_of
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_LONG = "fp32"
_CASTS = {"bf16": "bfloat16", "fp16": "float16"}
_CARD = "cuda:0"


class TorchCuda(TorchEager):
    """PyTorch, operator by operator, on an NVIDIA card."""

    name: ClassVar[str] = "torch-cuda"

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return the module's own precision; of fp32 also TF32, and casts to 16 bits on the way."""
        del machine
        own = Serving(runtime=self.name, precision=model.precision)
        if model.precision != _LONG:
            return (own,)
        return (own, *(own.replace(precision=name) for name in ("tf32", *_CASTS)))

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why it cannot be run on a card."""
        return super().refuses(model, serving, machine) if machine.has_cuda else NO_DRIVER

    def open(self, model: Model, serving: Serving, material: Material) -> TorchCardSession:
        """Load a module and put it on the card.

        Raises:
            UnavailableError: If this torch reaches no card.
        """
        import torch

        if not torch.cuda.is_available():
            raise UnavailableError(
                "torch {version} reaches no card: expected a build with CUDA whose driver answers. "
                "Install one from pytorch.org.",
                version=torch.__version__,
            )
        torch.set_num_threads(serving.threads)
        module = load_module(model, material)
        casts = model.precision == _LONG
        return TorchCardSession(module, serving, Card(torch), casts=casts)


class Card:
    """A card as torch has it: what a session asks of it.

    Attributes:
        name: Such as ``cuda:0``.
    """

    def __init__(self, torch: Any, name: str = _CARD) -> None:
        """Take a card.

        Args:
            torch: The library.
            name: As torch names it.
        """
        self.name = name
        self._torch = torch

    def multiply_in(self, precision: str) -> None:
        """Say whether fp32 may be multiplied in TF32, which is torch's default for convolutions."""
        backends = self._torch.backends
        for part in (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn):
            part.fp32_precision = "tf32" if precision == "tf32" else "ieee"

    def settle(self) -> None:
        """Wait for all that was asked of it."""
        self._torch.cuda.synchronize(self.name)

    def told(self) -> dict[str, Any]:
        """Return what it is, and how fp32 is multiplied, as read back."""
        backends = self._torch.backends
        return {
            "card": self._torch.cuda.get_device_name(self.name),
            "products": backends.cuda.matmul.fp32_precision,
            "convolutions": backends.cudnn.conv.fp32_precision,
        }


class TorchCardSession:
    """A module that is loaded on a card.

    Attributes:
        device: Such as ``cuda:0``.
    """

    def __init__(self, module: Any, serving: Serving, card: Card, *, casts: bool) -> None:
        """Put a module on a card.

        Args:
            module: In evaluation mode.
            serving: How it is run.
            card: Where.
            casts: Whether 16 bits that are asked for are a matter of casting on the way.
        """
        from contextlib import nullcontext

        import torch

        card.multiply_in(serving.precision)
        self.device = card.name
        self._card, self._serving = card, serving
        self._module = module.to(card.name)
        kind = _CASTS.get(serving.precision) if casts else None
        device = card.name.partition(":")[0]
        self._cast: Any = (
            nullcontext() if kind is None else torch.autocast(device, getattr(torch, kind))
        )
        self._calls, self._copied_bytes = 0, 0

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays: copied there, computed, and copied back."""
        import torch

        with torch.inference_mode(), self._cast:
            found = outputs_of(call(self._module, request, device=self.device))
        arrays = tuple(
            (one.float() if one.dtype is torch.bfloat16 else one).numpy(force=True) for one in found
        )
        sent = sum(array.nbytes for array in arrays_of(request).values())
        self._calls += 1
        self._copied_bytes += sent + sum(array.nbytes for array in arrays)
        return arrays

    def settle(self) -> None:
        """Wait for the card, which may still compute what no output needs."""
        self._card.settle()

    def used(self) -> dict[str, Any]:
        """Return the precision, the card, what is copied for a request, and the version."""
        import torch

        return {
            "precision": self._serving.precision,
            "threads": torch.get_num_threads(),
            "device": self.device,
            "copied_bytes": round(self._copied_bytes / self._calls) if self._calls else None,
            "version": torch.__version__,
            **self._card.told(),
        }
