"""Tumours, benign or malignant: a forest of 300 trees, asked for one patient at a time.

The 569 patients of Wolberg, Street and Mangasarian (1995) come with scikit-learn; the forest is
trained on 269 of them and scored on the other 300.
"""

from __future__ import annotations

from functools import cache

import numpy as np  # noqa: TID253 - a study is its own program

TRAINED_ON, ASKED = 269, 20


@cache
def patients() -> tuple[np.ndarray, np.ndarray]:
    """Return 30 measures of each patient's cells and whether they are benign, in a drawn order."""
    from sklearn.datasets import load_breast_cancer

    measures, benign = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(benign))
    return measures[order], benign[order]


def load():
    """Return the forest, behind a step that scales the measures, trained from a fixed seed."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    measures, benign = patients()
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(300, random_state=0))
    return forest.fit(measures[:TRAINED_ON], benign[:TRAINED_ON])


def inputs() -> list[np.ndarray]:
    """Return what will be asked: one patient each time."""
    return [patients()[0][number : number + 1] for number in range(TRAINED_ON, TRAINED_ON + ASKED)]


def items() -> list[int]:
    """Return the numbers of the patients to score on."""
    return list(range(TRAINED_ON, len(patients()[1])))


def score(predict, items):
    """Return for each patient 1 if the forest is right, else 0."""
    measures, benign = patients()
    return (predict(measures[items])[0].argmax(1) == benign[items]).astype(float)
