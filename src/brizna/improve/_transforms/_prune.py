"""Fewer channels: whole ones are taken out of a torch module, and all that hangs on them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, ClassVar

from brizna.core.errors import InfeasibleError, Said
from brizna.core.records import Record
from brizna.improve._model import Made
from brizna.improve._requests import at_least_two_rows
from brizna.improve._runtimes._torch import call, facts_of, load_module, outputs_of, save_module
from brizna.improve._transform import SLIM
from brizna.improve._transforms._inputs import tensors_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_LAYERS = ("Linear", "Conv1d", "Conv2d", "Conv3d")
_ROUND_TO = 8
"""Channels stay a multiple of this: kernels work on so many at once, and odd ones gain nothing."""
_NARROW = 2 * _ROUND_TO


class PruneChannels(Record):
    """Take out the channels whose weights are smallest, with all that hangs on them.

    Structured pruning by the norm of coupled groups [1]: the module becomes smaller, not sparse,
    so that any runtime gains by it. It loses quality until it is trained further. Channels that
    decide the shape of an output, or that code of the module counts on, are found by trial and
    left alone.

    Attributes:
        ratio: Share of the channels of each layer that goes, in (0, 1).

    References:
        [1] Fang et al., DepGraph: Towards Any Structural Pruning, CVPR 2023.
    """

    name: ClassVar[str] = "prune-channels"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    stage: ClassVar[int] = SLIM
    lossless: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ("inputs", "train")
    distributions: ClassVar[tuple[str, ...]] = ("torch", "torch-pruning")
    extra: ClassVar[str] = "prune"

    ratio: float = 0.5

    @classmethod
    def choices(cls) -> tuple[PruneChannels, ...]:
        """Return it with half and with three quarters of the channels taken out."""
        return (cls(ratio=0.5), cls(ratio=0.75))

    def applies(self, model: Model, machine: Machine) -> str | None:
        """Return why channels cannot be taken out."""
        del machine
        layers: dict[str, int] = model.facts.get("layers", {})
        if model.facts.get("is_scripted"):
            return str(
                Said(
                    "a scripted module's layers have fixed widths: prune the module it was made of"
                )
            )
        if sum(layers.get(name, 0) for name in _LAYERS) < 2:
            return str(Said("fewer than two layers with channels: the last one's are the outputs"))
        if model.precision != "fp32":
            return str(
                Said(
                    "its weights are {precision}: prune before the number format is changed",
                    precision=model.precision,
                )
            )
        return None

    def apply(self, model: Model, material: Material, folder: str) -> Made:
        """Prune."""
        module = load_module(model, material)
        request = at_least_two_rows(material.requests()[0])
        _prune(module, request, ratio=self.ratio)
        save_module(module, folder)
        return Made(kind="torch", precision=model.precision, facts=facts_of(module))

    def cost_hint_s(self, model: Model) -> float:
        """Return seconds by the number of parameters: each layer is tried on a copy."""
        return 3.0 + 10.0 * model.facts.get("parameters", 0) / 2e7


def _prune(module: Any, request: Any, *, ratio: float) -> None:
    import torch_pruning as tp

    before = sum(one.numel() for one in module.parameters())
    fixed = [layer for layer in _wide(module) if not _may_shrink(module, request, layer)]
    pruner = tp.pruner.BasePruner(
        module,
        tensors_of(request),
        importance=tp.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=ratio,
        ignored_layers=fixed,
        round_to=_ROUND_TO,
    )
    pruner.step()
    if sum(one.numel() for one in module.parameters()) == before:
        raise InfeasibleError(
            "No channel of the module can be taken out: expected a layer whose width no output and "
            "no line of code counts on. Widths that are written into forward() cannot be pruned."
        )
    call(module, request)


def _wide(module: Any) -> list[Any]:
    """Return the layers that have channels; narrow ones only cost when they are made narrower."""
    return [layer for layer in module.modules() if type(layer).__name__ in _LAYERS]


def _may_shrink(module: Any, request: Any, layer: Any) -> bool:
    """Return whether a module still works, and gives outputs as wide, without some channels.

    Tried on a copy: what of the code counts on a width, only running it tells.
    """
    import torch
    import torch_pruning as tp

    width = layer.weight.shape[0]
    if width < _NARROW:
        return False
    place = [id(one) for one in module.modules()].index(id(layer))
    copy = deepcopy(module)
    twin = list(copy.modules())[place]
    tensors = tensors_of(request)
    shapes = [one.shape for one in outputs_of(call(module, request))]
    remove = (
        tp.prune_linear_out_channels
        if isinstance(layer, torch.nn.Linear)
        else tp.prune_conv_out_channels
    )
    try:
        graph = tp.DependencyGraph().build_dependency(copy, example_inputs=tensors)
        graph.get_pruning_group(twin, remove, idxs=list(range(_ROUND_TO))).prune()
        return [one.shape for one in outputs_of(call(copy, request))] == shapes
    except Exception:  # noqa: BLE001  whatever a person's forward() or the library raises on a
        return False  # width that it does not expect: this layer is left alone, and so told
