"""PyTorch: modules as they are, and modules that torch has scripted."""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext, suppress
from importlib import import_module
from typing import Any, ClassVar

from brizna.improve._requests import arrays_of
from brizna.improve._runtimes._past import Watch, asked_of
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model
    from brizna.improve._serving import Session

WHOLE, SCRIPTED, PROGRAM = "model.pt", "model.jit", "model.pt2"
"""Files of a model: a pickled module, a scripted one, or a program that torch.export followed."""


def load_module(model: Model, material: Material) -> Any:
    """Return a torch model's module, in evaluation mode.

    Its class is imported from the person's own code; the pickle was written by brizna itself.
    """
    import sys

    import torch

    sys.path[:0] = [place for place in material.path if place not in sys.path]
    if os.path.exists(model.file(PROGRAM)):
        with suppress(ImportError):  # a program of torch's own operators needs none of it
            import_module("torchao.quantization.pt2e")  # registers operators of 8 bits
        return torch.export.load(model.file(PROGRAM)).module()
    if os.path.exists(model.file(SCRIPTED)):
        module = torch.jit.load(model.file(SCRIPTED))
    else:
        module = torch.load(model.file(WHOLE), weights_only=False)
    return module.eval()


@contextmanager
def step_by_step() -> Generator[None]:
    """Let torch's encoders and attention compute by single operators meanwhile.

    The fused operator that they take instead where nothing is trained is one that no exporter
    follows.
    """
    import torch

    mha = torch.backends.mha
    was = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        mha.set_fastpath_enabled(was)


def save_module(module: Any, folder: str) -> None:
    """Write a module into a model's folder."""
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        torch.jit.save(module, os.path.join(folder, SCRIPTED))
    else:
        torch.save(module, os.path.join(folder, WHOLE))


def save_program(program: Any, folder: str) -> None:
    """Write a program that torch.export followed into a model's folder."""
    import torch

    torch.export.save(program, os.path.join(folder, PROGRAM))


def facts_of(module: Any) -> dict[str, Any]:
    """Return what steps ask about a module: its layers by class, its numbers, its inputs."""
    from collections import Counter

    import torch

    layers = Counter(type(layer).__name__ for layer in module.modules())
    sizes = Counter(str(one.dtype).removeprefix("torch.") for one in module.parameters())
    return {
        "layers": dict(layers),
        "parameters": sum(one.numel() for one in module.parameters()),
        "dtypes": dict(sizes),
        "is_scripted": isinstance(module, torch.jit.ScriptModule),
        "attention": sorted(_attention(module)),
        "adapters": sum(hasattr(layer, "get_base_layer") for layer in module.modules()),
        "kept": asked_of(module),
    }


def _attention(module: Any) -> set[str]:
    """Return how attention is computed in the parts of a module where that can be exchanged."""
    configs = [
        layer.config for layer in module.modules() if hasattr(layer, "set_attn_implementation")
    ]
    return {str(getattr(config, "_attn_implementation", "unknown")) for config in configs}


def call(module: Any, request: Any, *, device: str = "cpu") -> Any:
    """Return what a module gives for a request; floats are cast to half where its weights are."""
    import torch

    tensors = {key: torch.from_numpy(array) for key, array in arrays_of(request).items()}
    if device != "cpu":
        tensors = {key: tensor.to(device) for key, tensor in tensors.items()}
    first = next(iter(module.parameters()), None)
    if first is not None and first.dtype in (torch.bfloat16, torch.float16):
        tensors = {
            key: tensor.to(first.dtype) if tensor.is_floating_point() else tensor
            for key, tensor in tensors.items()
        }
    if isinstance(request, dict):
        return module(**{str(name): tensor for name, tensor in tensors.items()})
    return module(*tensors.values())


def outputs_of(given: Any) -> list[Any]:
    """Return the tensors in what a module gave, in order: tuples and dictionaries are opened."""
    if isinstance(given, dict):
        return [one for part in given.values() for one in outputs_of(part)]
    if isinstance(given, (tuple, list)):
        return [one for part in given for one in outputs_of(part)]
    return [given] if hasattr(given, "detach") else []


class TorchEager:
    """PyTorch, operator by operator."""

    name: ClassVar[str] = "torch"
    takes: ClassVar[tuple[str, ...]] = ("torch",)
    distributions: ClassVar[tuple[str, ...]] = ("torch",)
    extra: ClassVar[str] = "torch"

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return fp32, and bf16 where the processor multiplies it by itself."""
        plain = (Serving(runtime=self.name, precision=model.precision),)
        if model.precision != "fp32" or not machine.has("amx_bf16", "avx512_bf16", "bf16"):
            return plain
        return (*plain, Serving(runtime=self.name, precision="bf16"))

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return None: whatever torch has made it runs."""
        del model, serving, machine
        return None

    def open(self, model: Model, serving: Serving, material: Material) -> Session:
        """Load a module."""
        import torch

        torch.set_num_threads(serving.threads)
        module = load_module(model, material)
        return TorchSession(module, serving, casts=model.precision == "fp32")


class TorchSession:
    """A module that is loaded."""

    def __init__(self, module: Any, serving: Serving, *, casts: bool) -> None:
        """Take a module.

        Args:
            module: In evaluation mode.
            serving: How it is run.
            casts: Whether asked-for bf16 is a matter of casting on the way.
        """
        import torch

        self._module = module
        self._watch = Watch(module) if asked_of(module) else None
        self._is_seen = False
        self._precision = serving.precision
        casts = casts and serving.precision == "bf16"
        self._cast: Any = torch.autocast("cpu", torch.bfloat16) if casts else nullcontext()

    def predict(self, request: Any) -> tuple[Any, ...]:
        """Return the outputs as arrays."""
        import torch

        watch = nullcontext() if self._is_seen or self._watch is None else self._watch
        with torch.inference_mode(), self._cast, watch:
            found = outputs_of(call(self._module, request))
        self._is_seen = True
        return tuple(
            (one.float() if one.dtype is torch.bfloat16 else one).numpy(force=True) for one in found
        )

    def used(self) -> dict[str, Any]:
        """Return the precision, the threads, the version, and what is kept while it writes."""
        import torch

        told = {
            "precision": self._precision,
            "threads": torch.get_num_threads(),
            "version": torch.__version__,
        }
        if self._watch is not None and self._is_seen:
            told["kept"] = ", ".join(sorted(self._watch.kinds))
            told["kept_bytes"] = self._watch.size_bytes
        return told
