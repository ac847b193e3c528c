"""What else MiniLM is good for: words, reviews, and how near a variant stays to the model itself.

SimLex-999 (Hill, Reichart and Korhonen 2015) tells how alike people found words; of the reviews of
Pang and Lee (2005) gensim carries 200, half of them good ones.
"""

from __future__ import annotations

from functools import cache

import numpy as np  # noqa: TID253 - a study is its own program
from minilm import BATCH, TEXTS, documents, request

FOLDS, PENALTY = 10, 1.0


@cache
def alike() -> list[tuple[str, str, float]]:
    """Return SimLex's pairs of words and how alike people found them."""
    lines = (TEXTS / "simlex999.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(one, other, float(told)) for one, other, told in rows]


@cache
def reviews() -> tuple[list[str], np.ndarray]:
    """Return the reviews, and of each whether it is a good one."""
    lines = (TEXTS / "pang_lee_polarity.cor").read_text(encoding="latin-1").splitlines()
    marks, texts = zip(*(line.split(maxsplit=1) for line in lines), strict=True)
    return list(texts), np.array([mark == "__label__pos" for mark in marks])


@cache
def words() -> list[str]:
    """Return each word of SimLex once."""
    return sorted({word for one, other, _ in alike() for word in (one, other)})


def items() -> list[str]:
    """Return all texts: the words, the reviews, the documents."""
    return [*words(), *reviews()[0], *documents()]


def score(predict, items):
    """Return the vector of each text."""
    found = []
    for start in range(0, len(items), BATCH):
        found += predict(request(items[start : start + BATCH]))[0].tolist()
    return found


def figures(vectors, base) -> dict[str, float]:
    """Return what the vectors are worth, beside those of the model as it came.

    Args:
        vectors: Of each text.
        base: Of each, by the model as it came.
    """
    found, known = np.asarray(vectors), np.asarray(base)
    place = {word: number for number, word in enumerate(words())}
    cosines = [float(found[place[one]] @ found[place[other]]) for one, other, _ in alike()]
    told = [each for _, _, each in alike()]
    texts, good = reviews()
    start = len(place)
    return {
        "SimLex": float(np.corrcoef(_ranks(cosines), _ranks(told))[0, 1]),
        "reviews": _told_apart(found[start : start + len(texts)], good),
        "cosine": float((found * known).sum(1).mean()),
    }


def _ranks(values) -> np.ndarray:
    """Return the rank of each value; those that are equal share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[where]


def _told_apart(vectors: np.ndarray, good: np.ndarray) -> float:
    """Return the share of reviews that a linear rule tells right which did not see them."""
    wide = np.hstack([vectors, np.ones((len(vectors), 1))])
    fold = np.random.default_rng(0).permutation(len(good)) % FOLDS
    right = 0
    for number in range(FOLDS):
        seen, left = wide[fold != number], wide[fold == number]
        gram = seen.T @ seen + PENALTY * np.eye(wide.shape[1])
        rule = np.linalg.solve(gram, seen.T @ np.where(good[fold != number], 1.0, -1.0))
        right += int(((left @ rule > 0) == good[fold == number]).sum())
    return right / len(good)
