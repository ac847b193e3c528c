"""PyTorch with its compiler: operators are fused, and kernels written for this processor."""

from __future__ import annotations

import os
import shutil
from typing import Any, ClassVar

from brizna.core.errors import Said
from brizna.improve._runtimes._torch import TorchEager, TorchSession, load_module
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.improve._machine import Machine
    from brizna.improve._material import Material
    from brizna.improve._model import Model

_COMPILERS = ("g++", "c++", "clang++")


class TorchCompiled(TorchEager):
    """PyTorch, compiled. The first call compiles, in each process anew unless a cache is kept."""

    name: ClassVar[str] = "torch-compile"
    compiles: ClassVar[bool] = True

    def servings(self, model: Model, machine: Machine) -> tuple[Serving, ...]:
        """Return one, in the precision of the weights: casts belong to the module."""
        del machine
        return (Serving(runtime=self.name, precision=model.precision),)

    def refuses(self, model: Model, serving: Serving, machine: Machine) -> str | None:
        """Return why it cannot be compiled here."""
        if model.facts.get("is_scripted"):
            return str(Said("a scripted module has no Python code to compile"))
        if not any(shutil.which(name) for name in (os.environ.get("CXX") or "g++", *_COMPILERS)):
            return str(
                Said(
                    "no C++ compiler is found: expected one of {names}", names=", ".join(_COMPILERS)
                )
            )
        return super().refuses(model, serving, machine)

    def open(self, model: Model, serving: Serving, material: Material) -> TorchSession:
        """Load a module, to be compiled when it is first called."""
        import torch

        torch.set_num_threads(serving.threads)
        compiled: Any = torch.compile(load_module(model, material))
        return TorchSession(compiled, serving, casts=model.precision == "fp32")
