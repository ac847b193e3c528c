"""Training with rounded numbers, so that a torch module stands being rounded."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import arrays_of, at_least_two_rows, changing_axes
from brizna.improve._runtimes._torch import facts_of, load_module, save_program
from brizna.improve._transform import SHRINK
from brizna.improve._transforms._inputs import tensors_of
from brizna.improve._transforms._teaching import batches_of, loss_of, train

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_LAYERS = ("Linear", "Conv1d", "Conv2d")


class QuantizeAware(Record):
    """Train a module as if its numbers had 8 bits, then round them.

    Operator by operator, torch computes the rounded module in fp32 and rounds between: it is
    slower than before. A gain needs a compiler that has kernels for the pattern.

    Attributes:
        epochs: How often each batch is seen.
        rate: Learning rate at the start.
    """

    name: ClassVar[str] = "quantize-aware"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SHRINK
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("inputs", "train")
    distributions: ClassVar[tuple[str, ...]] = ("torch", "torchao")
    extra: ClassVar[str] = "torch"

    epochs: int = 2
    rate: float = 3e-4

    @classmethod
    def choices(cls) -> tuple[QuantizeAware, ...]:
        """Return it with few epochs."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why it cannot be trained so."""
        del machine
        layers: dict[str, int] = model.facts.get("layers", {})
        if not any(layers.get(name) for name in _LAYERS):
            return str(Said("it has no linear and no convolutional layer"))
        if model.precision != "fp32" or model.facts.get("is_scripted"):
            return str(Said("only plain fp32 modules are trained"))
        if model.facts.get("adapters"):
            return str(Said("its adapters are trained apart from it: merge them first"))
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Train and round."""
        import torch
        from torchao.quantization import pt2e
        from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_qat_pt2e

        requests = material.requests()
        followed = _followed(load_module(model, material).train(), requests)
        prepared: Any = prepare_qat_pt2e(followed.module(), _quantizer())
        pt2e.allow_exported_model_train_eval(prepared)
        train(
            prepared,
            batches_of(material),
            loss_of(material),
            epochs=self.epochs,
            rate=self.rate,
        )
        rounded: Any = convert_pt2e(prepared)
        with torch.inference_mode():
            program = _followed(rounded, requests)
        save_program(program, folder)
        return Made(kind="torch", precision="int8", facts=facts_of(program.module()))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by parameters and epochs; how long the data are, it does not know."""
        return 10.0 + self.epochs * (2.0 + 40.0 * model.facts.get("parameters", 0) / 2e7)


def _quantizer() -> Any:
    """Return what says which operators are rounded: those that inductor has kernels for."""
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    quantizer: Any = x86.X86InductorQuantizer()
    return quantizer.set_global(x86.get_default_x86_inductor_quantization_config(is_qat=True))


def _followed(module: Any, requests: list[Any]) -> Any:
    """Return the program that torch sees a module compute, its changing axes left free."""
    import torch

    example = tensors_of(at_least_two_rows(requests[0]))
    free: dict[Any, Any] = {
        key: dict.fromkeys(axes, torch.export.Dim.DYNAMIC)
        for key, axes in changing_axes(requests).items()
    }
    if isinstance(example, dict):
        return torch.export.export(module, (), kwargs=example, dynamic_shapes=free)
    args = example if isinstance(example, tuple) else (example,)
    shapes = tuple(free[key] for key in arrays_of(requests[0]))
    return torch.export.export(module, args, dynamic_shapes=shapes)
