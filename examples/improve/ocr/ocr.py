"""Lines of print: the network of rapidocr that reads them, from pictures to characters.

The lines are news of the Australian Broadcasting Corporation (the background documents of Lee,
Pincombe and Welsh, 2005, which come with gensim), set in Pillow's own font in several sizes, a
little tilted, blurred and noisy.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap

import numpy as np  # noqa: TID253 - a study is its own program

LINES, CHARACTERS = 550, 28
HEIGHT, WIDTH, BATCH = 48, 320, 4


def folder_of(package: str) -> Path:
    """Return where a package is installed, without importing it."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def load() -> Path:
    """Return the file of the network."""
    (path,) = (folder_of("rapidocr") / "models").glob("*_rec_small.onnx")
    return path


@cache
def characters() -> list[str]:
    """Return what each output stands for; the first is a gap between characters."""
    import onnx

    told = {one.key: one.value for one in onnx.load(load()).metadata_props}
    return ["", *told["character"].splitlines(), " "]


@cache
def texts() -> list[str]:
    """Return lines of news, as long as fits: the first of each document, then the second."""
    path = folder_of("gensim") / "test" / "test_data" / "lee_background.cor"
    documents = path.read_text(encoding="latin-1").splitlines()
    parts = [wrap(document, CHARACTERS, max_lines=3) for document in documents]
    return [part[place] for place in (0, 1) for part in parts][:LINES]


@cache
def pictures() -> np.ndarray:
    """Return the lines as pictures, shape (lines, 3, 48, 320), in [-1, 1]."""
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    draw = np.random.default_rng(0)
    found: list[np.ndarray] = []
    for line in texts():
        font = ImageFont.load_default(size=int(draw.integers(17, 22)))
        paper, ink = (int(draw.integers(*ends)) for ends in ((170, 255), (0, 90)))
        picture = Image.new("L", (WIDTH, HEIGHT), paper)
        ImageDraw.Draw(picture).text((6, 12), line, fill=ink, font=font)
        picture = picture.rotate(
            float(draw.normal(0, 0.6)), Image.Resampling.BICUBIC, fillcolor=paper
        )
        picture = picture.filter(ImageFilter.GaussianBlur(float(draw.uniform(0.3, 1.1))))
        seen = np.asarray(picture, np.float32) + draw.normal(0, 14, (HEIGHT, WIDTH))
        found.append(np.repeat(seen[None].clip(0, 255) / 127.5 - 1, 3, 0).astype(np.float32))
    return np.stack(found)


def inputs() -> list[np.ndarray]:
    """Return what will be asked: four lines at a time."""
    return [pictures()[start : start + BATCH] for start in range(0, 6 * BATCH, BATCH)]


def items() -> list[int]:
    """Return the numbers of the lines."""
    return list(range(len(texts())))


def score(predict, items):
    """Return for each line the share of its characters that are read."""
    found: list[float] = []
    for start in range(0, len(items), BATCH):
        chosen = items[start : start + BATCH]
        for number, steps in zip(chosen, predict(pictures()[chosen])[0].argmax(-1), strict=True):
            told = texts()[number]
            found.append(max(0.0, 1 - changes(read(steps), told) / len(told)))
    return found


def read(steps: np.ndarray) -> str:
    """Return the text of a network's steps: what follows itself is one character."""
    kept = steps[np.r_[True, steps[1:] != steps[:-1]] & (steps != 0)]
    return "".join(characters()[place] for place in kept)


def changes(one: str, other: str) -> int:
    """Return how many characters must be put in, taken out or exchanged (Levenshtein, 1966)."""
    row = list(range(len(other) + 1))
    for count, mine in enumerate(one, 1):
        corner, row[0] = row[0], count
        for place, theirs in enumerate(other, 1):
            least = min(corner + (mine != theirs), row[place] + 1, row[place - 1] + 1)
            corner, row[place] = row[place], least
    return row[-1]
