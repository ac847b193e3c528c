"""A real training on real data: handwritten digits, a small neural network, a real accuracy.

Trains scikit-learn's MLPClassifier on its digits data set (1,797 images of 8 x 8 pixels from the
UCI repository) and tests it on images that it has not seen. Three phases are marked, so that the
energy of each is told apart. Runs by itself, or measured:

    brizna run -- python examples/digits/train.py
"""

from __future__ import annotations

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import brizna

EPOCHS = 60
SHOWN_EVERY = 20
WANTED_ACCURACY = 0.95


def mark(phase: str) -> None:
    """Mark a phase of the run around this program, where there is one."""
    try:
        brizna.mark(phase)
    except brizna.UnavailableError:
        print(f"(not measured: {phase})")


def main() -> None:
    """Load, train, evaluate."""
    mark("load")
    images, digits = load_digits(return_X_y=True)
    seen, unseen, seen_digits, unseen_digits = train_test_split(
        images, digits, test_size=0.25, random_state=20, stratify=digits
    )
    scaler = StandardScaler().fit(seen)

    mark("train")
    network = MLPClassifier(hidden_layer_sizes=(256, 128), batch_size=64, random_state=20)
    for epoch in range(1, EPOCHS + 1):
        network.partial_fit(scaler.transform(seen), seen_digits, classes=range(10))
        if epoch % SHOWN_EVERY == 0:
            print(f"epoch {epoch} of {EPOCHS}: loss {network.loss_:.4f}", flush=True)

    mark("evaluate")
    accuracy = network.score(scaler.transform(unseen), unseen_digits)
    print(f"{len(seen)} images seen, {len(unseen)} unseen; accuracy on the unseen: {accuracy:.1%}")
    if accuracy < WANTED_ACCURACY:
        raise SystemExit(f"The accuracy is below {WANTED_ACCURACY:.0%}: the training went wrong.")


if __name__ == "__main__":
    main()
