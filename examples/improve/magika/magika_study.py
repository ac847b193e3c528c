"""File types: magika's network, scored on the files of this Python by their endings."""

from __future__ import annotations

import json
import os
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np  # noqa: TID253 - a study is its own program

ENDINGS = {
    ".py": "python",
    ".pyc": "pythonbytecode",
    ".so": "elf",
    ".h": "c",
    ".html": "html",
    ".json": "json",
    ".toml": "toml",
    ".png": "png",
    ".svg": "svg",
    ".css": "css",
    ".js": "javascript",
    ".ts": "typescript",
    ".csv": "csv",
    ".md": "markdown",
    ".gz": "gzip",
    ".npz": "npz",
    ".npy": "npy",
    ".zip": "zip",
    ".xml": "xml",
    ".yaml": "yaml",
    ".sql": "sql",
    ".onnx": "onnx",
    ".pem": "pem",
    ".exe": "pebin",
    ".sh": "shell",
    ".ipynb": "ipynb",
    ".parquet": "parquet",
}
MOST_OF_A_KIND, BATCH = 60, 16


@cache
def config() -> dict:
    """Return what magika says of its network."""
    return json.loads((folder() / "config.min.json").read_text(encoding="utf-8"))


def folder() -> Path:
    """Return where magika keeps its network."""
    spec = find_spec("magika")
    assert spec is not None
    assert spec.origin is not None
    return max((Path(spec.origin).parent / "models").iterdir())


def bytes_of(path: Path) -> np.ndarray:
    """Return what the network sees of a file: its first and its last bytes, without blanks."""
    told = config()
    first, last, block = told["beg_size"], told["end_size"], told["block_size"]
    data = path.read_bytes()
    begin = data[:block].lstrip()[:first]
    end = data[-block:].rstrip()[-last:]
    if len(data) <= block:
        begin, end = data.strip()[:first], data.strip()[-last:]
    row = np.full(first + last, told["padding_token"], dtype=np.int32)
    row[: len(begin)] = np.frombuffer(begin, dtype=np.uint8)
    row[first + last - len(end) :] = np.frombuffer(end, dtype=np.uint8)
    return row


@cache
def files() -> list[Path]:
    """Return files of known kinds, some of each, always the same on one installation."""
    found: dict[str, list[str]] = {ending: [] for ending in ENDINGS}
    for place, _, names in os.walk(sysconfig.get_path("purelib")):
        for name in names:
            found.get(os.path.splitext(name)[1], []).append(os.path.join(place, name))
    draw = np.random.default_rng(0)
    kept: list[Path] = []
    for each in found.values():
        drawn = draw.permutation(sorted(each))[:MOST_OF_A_KIND]
        kept += [path for path in map(Path, drawn) if path.stat().st_size > 200]
    return kept


def load() -> Path:
    """Return the file of the network."""
    return folder() / "model.onnx"


def inputs() -> list[np.ndarray]:
    """Return what will be asked: batches of files of all kinds."""
    chosen = np.random.default_rng(1).permutation(len(files()))[: 8 * BATCH]
    rows = [bytes_of(files()[place]) for place in chosen]
    return [np.stack(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH)]


def items() -> list[int]:
    """Return the numbers of the files."""
    return list(range(len(files())))


def score(predict, items):
    """Return for each file 1 if its kind is told, else 0."""
    labels: list[str] = config()["target_labels_space"]
    told: list[float] = []
    for start in range(0, len(items), BATCH):
        chosen = [files()[number] for number in items[start : start + BATCH]]
        scores = predict(np.stack([bytes_of(path) for path in chosen]))[0]
        for path, best in zip(chosen, scores.argmax(1), strict=True):
            told.append(float(labels[best] == ENDINGS[path.suffix]))
    return told
