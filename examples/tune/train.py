"""A small real training with parameters: logistic regression, by the standard library alone.

It learns from drawn points which of two noisy clouds one belongs to, prints how many unseen points
it gets right, and stops early once that reaches the target that brizna hands on:

    brizna tune --vary rate=0.001..1.0:log --vary features=2..8 --quality accuracy --
        python examples/tune/train.py --rate {rate} --features {features}

Given a folder for its checkpoint, it goes on from what is there, and says from how many epochs.
"""

from __future__ import annotations

import argparse
import json
import os
from math import exp
from pathlib import Path
from random import Random

POINTS, UNSEEN = 1200, 600


def draw(count: int, features: int, rng: Random) -> list[tuple[list[float], int]]:
    """Return points with the cloud that each is of; the later features tell less."""
    made = []
    for _ in range(count):
        kind = rng.randint(0, 1)
        made.append(([rng.gauss(kind / (place + 1), 1.0) for place in range(features)], kind))
    return made


def believed(weights: list[float], point: list[float]) -> float:
    """Return how likely a point is of the second cloud."""
    score = weights[-1] + sum(w * x for w, x in zip(weights, point, strict=False))
    return 1 / (1 + exp(-max(-30.0, min(30.0, score))))


def checkpoint() -> Path | None:
    """Return the file of the checkpoint; None where nobody gave a folder for it."""
    folder = os.environ.get("BRIZNA_CHECKPOINT")
    return None if folder is None else Path(folder, "weights.json")


def restored(features: int) -> tuple[list[float], int]:
    """Return the weights to begin with and the epochs that they have had, and say so."""
    path = checkpoint()
    if path is None or not path.exists():
        return [0.0] * (features + 1), 0
    saved = json.loads(path.read_text())
    print(f"continued={saved['epochs']}")
    return saved["weights"], saved["epochs"]


def keep(weights: list[float], epochs: int) -> None:
    """Keep the weights for a longer training to go on from."""
    path = checkpoint()
    if path is not None:
        path.write_text(json.dumps({"weights": weights, "epochs": epochs}))


def main() -> None:
    """Train, and say how good it became."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    rng = Random(os.environ.get("BRIZNA_SEED", "0"))
    seen, unseen = (draw(count, given.features, rng) for count in (POINTS, UNSEEN))
    target = float(os.environ.get("BRIZNA_TARGET", "2"))
    weights, done = restored(given.features)
    accuracy = 0.0
    for _ in range(done, given.epochs):
        for point, kind in seen:
            wrong = kind - believed(weights, point)
            for place, value in enumerate([*point, 1.0]):
                weights[place] += given.rate * wrong * value
        right = sum((believed(weights, point) > 0.5) == bool(kind) for point, kind in unseen)
        accuracy = right / len(unseen)
        if accuracy >= target:
            break
    keep(weights, given.epochs)
    print(f"accuracy={accuracy:.4f}")


if __name__ == "__main__":
    main()
