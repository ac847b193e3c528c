"""Handwritten digits: the convolutional network of mnist.py beside classical models.

Each function returns a model that is not trained, with ``fit`` and ``predict``.
"""

# ruff: noqa: TID253 - an example may load numpy

from __future__ import annotations

import mnist
import numpy as np
import torch
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

torch.set_num_threads(1)


class Convolutional:
    """The network, trained and used as an estimator of scikit-learn is."""

    def fit(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Train as mnist.load does; the images are those that it takes."""
        assert len(images) == len(labels) == mnist.TRAINED_ON
        self.network = mnist.load()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the digits."""
        told = []
        with torch.inference_mode():
            for start in range(0, len(images), mnist.BATCH):
                batch = torch.from_numpy(images[start : start + mnist.BATCH])
                told.append(self.network(batch.reshape(-1, 1, 28, 28)).argmax(1).numpy())
        return np.concatenate(told)


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return images and digits to train on, and unseen ones."""
    images, labels = mnist.digits()
    flat = images.reshape(len(images), -1)
    first, rest = slice(None, mnist.TRAINED_ON), slice(mnist.TRAINED_ON, None)
    return flat[first], labels[first], flat[rest], labels[rest]


def network() -> Convolutional:
    """Return the complex one."""
    return Convolutional()


def logistic_regression() -> LogisticRegression:
    """Return ten lines through the space of pixels."""
    return LogisticRegression(max_iter=200)


def support_vectors() -> SVC:
    """Return a machine that keeps many of the images."""
    return SVC(C=5)


def extra_trees() -> ExtraTreesClassifier:
    """Return a hundred trees."""
    return ExtraTreesClassifier(100, random_state=0)
