"""Adapters of low rank: trained beside frozen weights, and folded into them."""

from __future__ import annotations

from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._registry import needs_libraries
from brizna.improve._runtimes._torch import facts_of, load_module, save_module
from brizna.improve._transform import FOLD, TRAIN
from brizna.improve._transforms._finetune import LOSING
from brizna.improve._transforms._teaching import batches_of, loss_of, train
from brizna.improve._transforms._torchao import WEIGHTS_4, round_linear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model


class TrainAdapter(Record):
    """Train adapters of low rank beside frozen weights, to win back what a change lost.

    LoRA [1]; with ``bits=4`` the frozen weights are rounded to 4 bits first, as in QLoRA [2], with
    integers in groups of 32 instead of its NF4, and stay so.

    Attributes:
        rank: Of the adapters.
        bits: Of the frozen weights: 32 leaves them be.
        epochs: How often each batch is seen.
        rate: Learning rate at the start.

    References:
        [1] Hu et al., LoRA, 2021.
        [2] Dettmers et al., QLoRA, 2023.
    """

    name: ClassVar[str] = "train-adapter"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = TRAIN
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("train",)
    distributions: ClassVar[tuple[str, ...]] = ("torch", "peft")
    extra: ClassVar[str] = "torch"

    rank: int = 8
    bits: int = 32
    epochs: int = 3
    rate: float = 1e-3

    @classmethod
    def choices(cls) -> tuple[TrainAdapter, ...]:
        """Return it with whole and with 4-bit weights below."""
        return (cls(bits=32), cls(bits=4))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why adapters cannot be trained, or why it is not asked for."""
        layers: dict[str, int] = model.facts.get("layers", {})
        if not layers.get("Linear"):
            return str(Said("it has no linear layer for adapters to stand beside"))
        if model.precision != "fp32" or model.facts.get("is_scripted"):
            return str(Said("only plain fp32 modules are trained"))
        if self.bits == 32:
            lost = any(model.has_step(name) for name in LOSING)
            return None if lost else str(Said("nothing was changed that training could win back"))
        missing = machine.lacks(("torchao",))
        return needs_libraries(missing, "torch") if missing else None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Train."""
        from peft import LoraConfig, inject_adapter_in_model

        module = load_module(model, material)
        if self.bits < 32:
            for one in module.parameters():
                one.requires_grad = False
            round_linear(module, WEIGHTS_4)
        config = LoraConfig(r=self.rank, lora_alpha=2 * self.rank, target_modules=_linear(module))
        module = inject_adapter_in_model(config, module)
        train(module, batches_of(material), loss_of(material), epochs=self.epochs, rate=self.rate)
        save_module(module, folder)
        precision = model.precision if self.bits == 32 else f"int{self.bits}"
        return Made(kind="torch", precision=precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by parameters and epochs; how long the data are, it does not know."""
        return 5.0 + self.epochs * (1.0 + 15.0 * model.facts.get("parameters", 0) / 2e7)


class MergeAdapter(Record):
    """Fold adapters of low rank into the weights they stand beside."""

    name: ClassVar[str] = "merge-adapter"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = FOLD
    lossless: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ()
    distributions: ClassVar[tuple[str, ...]] = ("torch", "peft")
    extra: ClassVar[str] = "torch"

    @classmethod
    def choices(cls) -> tuple[MergeAdapter, ...]:
        """Return it."""
        return (cls(),)

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why there is nothing to fold."""
        del machine
        if not model.facts.get("adapters"):
            return str(Said("it has no adapters"))
        if model.precision not in ("fp32", "fp16", "bf16"):
            return str(
                Said(
                    "the weights below its adapters are {precision}: they would be rounded",
                    precision=model.precision,
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Fold them."""
        module = load_module(model, material)
        _merge(module)
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters."""
        return 1.0 + model.facts.get("parameters", 0) / 2e7


def _linear(module: Any) -> list[str]:
    """Return the full names of all linear layers but those that are one of a kind at the end.

    All of them: which of them matter, training finds out.
    """
    import torch

    return [name for name, one in module.named_modules() if isinstance(one, torch.nn.Linear)]


def _merge(module: Any) -> None:
    """Replace each layer that has an adapter by the layer below, with the adapter folded in."""
    for name, child in list(module.named_children()):
        if hasattr(child, "get_base_layer") and callable(getattr(child, "merge", None)):
            child.merge()
            setattr(module, name, child.get_base_layer())
        else:
            _merge(child)
