"""Derive the law of images and video: src/brizna/account/tables/diffusion.csv.

python tools/fit_diffusion.py diffusion.csv > src/brizna/account/tables/diffusion.csv

As tools/fit_inference.py: the constants of `brizna.account._diffusion.picture_j` by least squares
of logarithms, intervals from models that were left out of the fit. Needs numpy and scipy.
"""

from __future__ import annotations

import csv
import sys
from itertools import product
from math import exp, log
from types import SimpleNamespace

import fit_inference as fitting
import numpy as np  # noqa: TID253 - a tool, not a part of brizna

import brizna.account  # the room whose modules follow
from brizna.account._diffusion import (
    _CARDS,
    Drawing,
    Picture,
    drawing_of,
    find_image_model,
    picture_j,
)
from brizna.account._inference import Deployment
from brizna.account._models import find_accelerator

MODES = tuple(product(("server", "place", "any"), ("known", "guessed")))
START = {
    "reached": (0.45 * 1000**0.3, 0.7),
    "reached-2024": (1.0, 0.5),
    "peak-exponent": (0.3, 0.5),
    "attention": (1.0, 0.7),
    "unet": (0.5, 0.7),
    "gpus-exponent": (0.2, 0.5),
    "step": (0.02, 1.0),
    "size-exponent": (0.4, 0.5),
    "power-waiting": (0.5, 0.5),
}
"""Where the search starts, and how far a constant may be from there: a standard deviation of ln."""
USUAL = {"usual-used": 0.6, "usual-idle": 0.1}


class Measured:
    """The benchmark's rows as arrays; see `fit_inference.Measured`."""

    def __init__(self, rows):
        self.ln_j = np.array([log(float(row["energy_per_output_j"])) for row in rows])
        self.model = self.group = np.array([row["model_id"] for row in rows])
        self.frames = np.array([float(row["frames"] or 1) for row in rows])
        self.drawings = {mode: ways(rows, mode) for mode in MODES}

    def __len__(self):
        return len(self.ln_j)


def ways(rows, mode):
    """Return arrays of drawings: one for each accelerator that a row's may be."""
    known, build = mode
    count = 2 if known == "any" else 1
    found = [[] for _ in range(count)]
    for row in rows:
        stack = fitting.STACKS[row["edition"]]
        card = fitting.CARDS.get(row["gpu"], row["gpu"])
        whole = {"gpus": float(row["num_gpus"]), "batch": float(row["batch_size"])}
        server = Deployment(stack=stack, **(whole if known == "server" else {}))
        model = find_image_model(row["model_id"])
        if build == "guessed":
            model = model.replace(used_b=None)
        sizes = {name: float(row[name]) for name in ("width", "height", "steps")}
        picture = Picture(frames=float(row["frames"] or 1), **sizes)
        for place in range(count):
            name = _CARDS[stack][place] if known == "any" else card
            found[place].append(
                drawing_of(model, find_accelerator(name), server, picture, usual=USUAL)
            )
    return [picked(SimpleNamespace(**columns(one)), slice(None)) for one in found]


def columns(drawings):
    """Return the attributes of drawings as arrays."""
    return {
        name: np.array([getattr(one, name) for one in drawings], float) for name in Drawing.fields()
    }


def picked(drawing, rows):
    """Return some rows of an array of drawings."""
    return SimpleNamespace(**{name: getattr(drawing, name)[rows] for name in Drawing.fields()})


def fit(data, rows):
    """Return the law that rows stand for, by least squares."""
    from scipy.optimize import least_squares

    start = np.log([value for value, _ in START.values()])
    width = np.array([sd for _, sd in START.values()])
    root = np.sqrt(fitting.weights(data, rows))
    x, measured = picked(data.drawings["server", "known"][0], rows), data.ln_j[rows]

    def off(numbers):
        law = dict(zip(START, np.exp(numbers), strict=True))
        misses = np.log(picture_j(law, x)) - measured
        return np.concatenate([root * misses, fitting.PULL * (numbers - start) / width])

    found = np.exp(least_squares(off, start, max_nfev=80).x)
    return dict(zip(START, map(float, found), strict=True))


def ln_j(data, law, rows, mode):
    """Return the logarithms of what rows are predicted to take, in a mode."""
    each = [np.log(picture_j(law, picked(one, rows))) for one in data.drawings[mode]]
    return np.mean(each, axis=0)


def left_out(data, rows, groups):
    """Return the misses of rows in each mode, each with its group left out of the fit."""
    misses = {mode: np.zeros(len(rows)) for mode in MODES}
    for group in np.unique(groups):
        out = groups == group
        law = fit(data, rows[~out])
        for mode in MODES:
            misses[mode][out] = data.ln_j[rows[out]] - ln_j(data, law, rows[out], mode)
    return misses


def measured(data, law, rows, misses):
    """Return what the law misses of each model that was measured itself: median and ends.

    The ends are those of its rows, and at least those of the part of all misses that is not the
    model's: a few ways of serving it do not tell what others take.
    """
    rest = (1 - fitting.own_share(data, misses["server", "known"])) ** 0.5
    for known in ("server", "place", "any"):
        least = [
            rest * end for end in fitting.ends(misses[known, "known"], models=len(set(data.group)))
        ]
        off = data.ln_j - ln_j(data, law, rows, (known, "known"))
        for model in sorted(set(data.model)):
            some = off[data.model == model]
            middle, (low, high) = float(np.median(some)), fitting.ends(some)
            ends = (middle, min(low, middle + least[0]), max(high, middle + least[1]))
            told = [f"{exp(value):.4g}" for value in ends]
            yield [f"diffusion/measured/{known}/{model}", *told]


NOTES = {
    "reached": "share of the peak that is reached, times 1e12 operations a second to peak-exponent",
    "reached-2024": "times that, under the programs of 2024",
    "peak-exponent": "how fast the share falls as the peak grows",
    "attention": "operations of attention over those of a transformer of 30 layers",
    "unet": "operations of a U-net over those of a transformer with its parameters",
    "gpus-exponent": "how fast the work grows with accelerators together",
    "step": "seconds a step of a model of 1e9 used parameters, whatever it computes",
    "size-exponent": "how fast these grow with the parameters",
    "power-waiting": "share of the power above idle in the meantime",
    "usual-used": "parameters used for a token over all, where nobody says: geometric mean over "
    "table image_models",
    "usual-idle": "idle power over the highest, where nobody states it",
}
HEAD = """\
# Energy of images and video (account/_diffusion.py): the law, and how far it may be off: measured
# over predicted for models left out of the fit, 5th to 95th percentile. diffusion/miss/KNOWN/BUILD
# as in table inference. diffusion/measured/KNOWN/MODEL: the same for a model that was measured
# itself: its median and range, or the part of misses that is no model's where that is wider.
# Accelerators only, in steady state.
"""


def main(source):
    """Print the table."""
    data = Measured(fitting.read(source))
    every = np.arange(len(data))
    law = fit(data, every)
    misses = left_out(data, every, data.group)
    rest = ["1", "modelled", "brizna", 2026, SOURCE, fitting.CITED]
    lines = [
        [f"diffusion/law/{name}", f"{value:.6g}", "", "", *rest, NOTES[name]]
        for name, value in {**law, **USUAL}.items()
    ]
    own = fitting.own_share(data, misses["server", "known"])
    lines.append(["diffusion/own", f"{own:.3g}", "", "", *rest, "as inference/own"])
    for known, build in MODES:
        models = len(set(data.group))
        low, high = (exp(end) for end in fitting.ends(misses[known, build], models=models))
        name = f"diffusion/miss/{known}/{build}"
        lines.append([name, "1", f"{low:.4g}", f"{high:.4g}", *rest, ""])
    lines += [[*told, *rest, OWN] for told in measured(data, law, every, misses)]
    names = ["id", "value", "low", "high", "unit", "basis", "publisher", "year", "source"]
    sys.stdout.write(HEAD)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([[*names, "licence", "note"], *lines])


OWN = "its median over all ways of serving it that were measured"
SOURCE = "derived: fit to the ML.ENERGY Benchmark v2 and v3 (tools/fit_diffusion.py)"

if __name__ == "__main__":
    assert brizna.account, "imported for its tables"
    main(*sys.argv[1:])
