"""Derive the law of inference: src/brizna/account/tables/inference_law.csv and inference.csv.

python tools/fit_inference.py llm.csv src/brizna/account/tables

The constants of `brizna.account._roofline` are those under which the logarithms of the measured
energies are least far off (least squares, each model weighted by the square root of its rows, a
weak pull towards where the search starts). A ridge over 22 features of what the law misses did not
make models that were left out any less far off, and was left out too. Intervals are conformal: the
misses on models that were left out of the fit. Models that share their weights (another precision,
another tuning, another edition) are left out together. Needs numpy and scipy; takes seconds.
"""

from __future__ import annotations

import csv
import re
import sys
from itertools import product
from math import ceil, exp, floor, log
from pathlib import Path
from statistics import fmean, geometric_mean
from types import SimpleNamespace

import numpy as np  # noqa: TID253 - a tool, not a part of brizna

import brizna.account  # the room whose modules follow
from brizna.account._inference import _USUAL_CARDS, Deployment, setting_of
from brizna.account._models import (
    LanguageModel,
    _models,
    find_accelerator,
    find_model,
)
from brizna.account._roofline import Setting, step

STACKS = {"v3-2026-02": "2026", "v2-2024-09": "2024", "v1-2023-07": "2023"}
TASKS = {
    "lm-arena-chat": "chat",
    "gpqa": "reasoning",
    "sourcegraph-fim": "code",
    "image-chat": "image-chat",
    "video-chat": "video-chat",
}
MODES = tuple(product(("server", "place", "any"), ("known", "guessed")))
"""What is known of the server, and whether the model's build is known or guessed from its size."""
START = {
    "memory": (0.7, 0.5),
    "compute": (0.5, 0.5),
    "prompt": (0.5, 0.5),
    "cache": (1.0, 1.0),
    "layer": (1e-4, 1.0),
    "request": (2e-5, 1.0),
    "memory-2024": (1.35, 0.7),
    "memory-2023": (2.7, 1.0),
    "layer-2024": (1.65, 1.0),
    "layer-2023": (4.5, 1.5),
    "layer-sparse": (1.65, 0.7),
    "layer-eight-bit": (1.0, 0.5),
    "layer-sparse-eight-bit": (1.0, 0.5),
    "sparse-compute": (1.1, 0.5),
    "sparse-prompt": (1.1, 0.5),
    "power-memory": (0.74, 0.5),
    "power-compute": (1.0, 0.5),
    "power-overhead": (0.37, 0.7),
}
"""Where the search starts, and how far a constant may be from there: a standard deviation of ln."""
PROMPTS = {"chat": 300, "reasoning": 300, "code": 500, "image-chat": 1500, "video-chat": 5000}
PULL = 0.3
"""Weight of one standard deviation from the start against one of a measurement's logarithm."""
INNER = 5
"""Folds in which the misses are found that intervals stand on."""


class Measured:
    """The benchmark's rows as arrays.

    Attributes:
        ln_j: Logarithm of the joules of an output token.
        model: Name of each row's model.
        group: What is left out together.
        stack: Of each row.
        card: Its accelerator.
        batch: Requests in flight.
        gpus: Of a copy of the model.
        answer: Tokens of an answer, on average.
        size: Parameters of the model, in 1e9.
        prompts: Index into the prompts that are fitted, one for each edition and task.
        names: Of these prompts: edition and task.
        settings: For each mode, one array of settings for each accelerator that may be it.
    """

    def __init__(self, rows, usual):
        self.ln_j = np.array([log(float(row["energy_per_token_j"])) for row in rows])
        self.model = np.array([row["model_id"] for row in rows])
        self.group = np.array([weights_of(row["model_id"]) for row in rows])
        self.stack = np.array([STACKS[row["edition"]] for row in rows])
        self.card = np.array([row["gpu"] for row in rows])
        self.batch = np.array([batch_of(row) for row in rows])
        self.gpus = np.array([float(row["num_gpus"]) for row in rows])
        self.answer = np.array([float(row["avg_output_tokens"]) for row in rows])
        self.size = np.array([float(row["total_params_b"]) for row in rows])
        keys = [(STACKS[row["edition"]], task_of(row)) for row in rows]
        self.names = sorted(set(keys))
        self.prompts = np.array([self.names.index(key) for key in keys])
        self.settings = {mode: ways(rows, mode, usual) for mode in MODES}

    def __len__(self):
        return len(self.ln_j)


def read(path):
    """Return the benchmark's rows."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weights_of(model):
    """Return what a model shares with those that have its weights, or almost."""
    name = model.rpartition("/")[2].removeprefix("Meta-")
    return re.sub(r"(?i)-(fp8|instruct|thinking|2507|bf16|chat|hf|it|v\d[\d.]*)", "", name)


def task_of(row):
    """Return the task in the words of `brizna.account`; another edition's prompts are its own."""
    return TASKS.get(row["task"], row["task"].partition("-")[0])


def batch_of(row):
    """Return the requests in flight: at least one."""
    return max(float(row["avg_batch_size"]), 1.0)


def model_of(row, build):
    """Return the model of a row, built as the tables know it or as is usual."""
    found = find_model(row["model_id"]) if build == "known" else None
    size = {
        "name": row["model_id"],
        "total_b": float(row["total_params_b"]),
        "active_b": float(row["active_params_b"]),
        "weight_bits": float(row["weight_bits"]),
    }
    return LanguageModel(**size) if found is None else found.replace(**size)


CARDS = {"A100-40GB": "A100 40GB"}


def ways(rows, mode, usual):
    """Return arrays of settings: one for each accelerator that a row's may be."""
    known, build = mode
    found = []
    for row in rows:
        stack = STACKS[row["edition"]]
        card = CARDS.get(row["gpu"], row["gpu"])
        whole = {"gpus": float(row["num_gpus"]), "batch": batch_of(row)}
        server = Deployment(stack=stack, **(whole if known == "server" else {}))
        cards = _USUAL_CARDS[stack] if known == "any" else (card,)
        settings = [
            setting_of(
                model_of(row, build),
                find_accelerator(name),
                server,
                tokens_in=1.0,
                tokens_out=float(row["avg_output_tokens"]),
                usual=usual,
            )
            for name in cards
        ]
        found.append([settings[place % len(settings)] for place in range(_MOST_CARDS)])
    count = _MOST_CARDS if known == "any" else 1
    return [stacked([every[place] for every in found]) for place in range(count)]


_MOST_CARDS = 6
"""A multiple of how many accelerators are usual under any stack, so that each counts the same."""


def stacked(settings):
    """Return settings as one whose attributes are arrays."""
    return SimpleNamespace(
        **{name: np.array([getattr(one, name) for one in settings]) for name in Setting.fields()}
    )


def picked(setting, rows, prompts):
    """Return some rows of an array of settings, with prompts of these lengths."""
    some = {name: getattr(setting, name)[rows] for name in Setting.fields()}
    return SimpleNamespace(**some | {"tokens_in": prompts})


def usual_of(rows):
    """Return what is usual: of builds over the table of models, of batches over the rows."""
    models = [one for one in _models() if one.is_built_as_known]
    sparse = [one for one in models if one.has_experts]
    sizes = np.array([[1, log(m.active_b), log(m.total_b / m.active_b)] for m in models])
    layers, *_ = np.linalg.lstsq(sizes, np.log([m.layers for m in models]), rcond=None)
    batches = {
        f"usual-batch-{stack}": geometric_mean(
            batch_of(row) for row in rows if row["edition"] == edition
        )
        for edition, stack in STACKS.items()
    }
    return {
        "usual-layers": float(np.exp(layers[0])),
        "usual-layers-active": float(layers[1]),
        "usual-layers-sparsity": float(layers[2]),
        "usual-cache": geometric_mean(m.cache_numbers / m.layers for m in models),
        "usual-experts": geometric_mean(m.experts_used * m.total_b / m.active_b for m in sparse),
        "usual-idle": 0.1,
        **batches,
    }


class Fitted:
    """A law.

    Attributes:
        law: Constants by name.
        prompts: Lengths, in the order of `Measured.names`.
    """

    def __init__(self, law, prompts):
        self.law, self.prompts = law, prompts

    def ln_j(self, data, rows, mode):
        """Return the logarithms of what rows are predicted to take, in a mode."""
        prompts = self.prompts[data.prompts[rows]]
        each = [step(self.law, picked(one, rows, prompts)) for one in data.settings[mode]]
        return np.mean([np.log(taken.decode_j + taken.prompt_j) for taken in each], axis=0)


BEST = ("server", "known")


def weights(data, rows):
    """Return the weight of each row: models count by the square root of their rows."""
    _, place, counts = np.unique(data.group[rows], return_inverse=True, return_counts=True)
    return 1 / np.sqrt(counts[place])


def fit_law(data, rows):
    """Return the law that rows stand for, by least squares."""
    from scipy.optimize import least_squares

    places = [(stack, task) for stack, task in data.names]
    prompt_start = [PROMPTS.get(task, 300) for _, task in places]
    start = np.log([*(value for value, _ in START.values()), *prompt_start])
    width = np.array([*(sd for _, sd in START.values()), *[1.0] * len(places)])
    root = np.sqrt(weights(data, rows))
    whole = data.settings[BEST][0]
    measured = data.ln_j[rows]

    def off(numbers):
        values = np.exp(numbers)
        law = dict(zip(START, values, strict=False))
        x = picked(whole, rows, values[len(START) :][data.prompts[rows]])
        taken = step(law, x)
        misses = np.log(taken.decode_j + taken.prompt_j) - measured
        return np.concatenate([root * misses, PULL * (numbers - start) / width])

    found = np.exp(least_squares(off, start, max_nfev=60).x)
    return Fitted(dict(zip(START, found, strict=False)), found[len(START) :])


def folds(groups, count, rng):
    """Return for each fold which rows are in it; a group is in one."""
    names = rng.permutation(np.unique(groups))
    return [np.isin(groups, names[place::count]) for place in range(count)]


def left_out(data, rows, rng):
    """Return the misses of rows in each mode, each with its group left out of the fit."""
    misses = {mode: np.zeros(len(rows)) for mode in MODES}
    for fold in folds(data.group[rows], INNER, rng):
        made = fit_law(data, rows[~fold])
        for mode in MODES:
            misses[mode][fold] = data.ln_j[rows[fold]] - made.ln_j(data, rows[fold], mode)
    return misses


def ends(misses, level=0.9, *, models=None):
    """Return the conformal ends of misses: of new ones, ``level`` lie between them.

    Args:
        misses: Logarithms of measured over predicted.
        level: Part that lies between the ends.
        models: Where they are few, how many: a new one is one more than these, so that the level is
            taken ``(models + 1) / models`` times as high.
    """
    if models is not None:
        level = min(level * (models + 1) / models, 1.0)
    ranked = np.sort(misses)
    count = len(ranked)
    low = floor((count + 1) * (1 - level) / 2) - 1
    high = ceil((count + 1) * (1 + level) / 2) - 1
    return ranked[max(low, 0)], ranked[min(high, count - 1)]


def without_each(data, rows):
    """Return the misses of rows, each with all rows of its accelerator left out of the fit."""
    misses = np.zeros(len(rows))
    for card in np.unique(data.card[rows]):
        out = data.card[rows] == card
        law = fit_law(data, rows[~out])
        misses[out] = data.ln_j[rows[out]] - law.ln_j(data, rows[out], BEST)
    return misses


def further(without, misses, level=0.9):
    """Return the ends of what being on another accelerator adds: in quadrature, as doubts add."""
    pairs = zip(ends(without, level), ends(misses, level), strict=True)
    low, high = (max(far**2 - near**2, 0.0) ** 0.5 for far, near in pairs)
    return -low, high


def own_share(data, misses):
    """Return which part of the misses' variance is the model's, whatever it is served on."""
    means = {group: misses[data.group == group].mean() for group in np.unique(data.group)}
    between = fmean(means[group] ** 2 for group in data.group)
    return float(min(between / np.mean(misses**2), 1.0))


def main(source, folder):
    """Write the two tables."""
    rows = read(source)
    usual = usual_of(rows)
    data = Measured(rows, usual)
    every = np.arange(len(data))
    made = fit_law(data, every)
    misses = left_out(data, every, np.random.default_rng(0))
    folder = Path(folder)
    (folder / "inference_law.csv").write_text(law_table(made, usual), encoding="utf-8")
    (folder / "inference.csv").write_text(misses_table(data, made, misses), encoding="utf-8")


SOURCE = "derived: fit to the ML.ENERGY Benchmark v1 to v3 (tools/fit_inference.py)"
CITED = "Apache-2.0"
LAW_HEAD = """\
# The law of inference (account/_roofline.py), fitted: its constants, and what is usual where nobody
# says. Accelerators only, in steady state. The doubt of all of them is in inference/miss.
"""
HEAD = """\
# Energy of language models at inference: how far the law (inference_law) may be off, and what
# stands around the accelerators.
# inference/miss/STACK/KNOWN/BUILD: measured over predicted for models left out of the fit, 5th to
# 95th percentile. KNOWN: server (accelerators, their number, requests at once), place (the
# accelerator alone), any (nothing). BUILD: known (layers, cache, experts) or guessed from the size.
# inference/measured/KNOWN/MODEL: the same for a model that was measured itself: its median and
# range.
# inference/other-card: what an accelerator adds that is not among those of the benchmark.
# inference/own: the part of the misses' variance that is the model's, whatever it is served on.
# inference/prompt: tokens of a prompt, as they explain what was measured.
# inference/fitted: geometric mean and range of what was measured: requests in flight by stack,
# tokens of an answer, tokens of a prompt as they explain it, parameters in 1e9.
"""


def text(head, columns, lines):
    """Return a table as text."""
    from io import StringIO

    out = StringIO()
    out.write(head)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return out.getvalue()


def law_table(made, usual):
    """Return the table of the law."""
    columns = ["id", "value", "unit", "basis", "publisher", "year", "source", "licence", "note"]
    lines = [
        [f"inference/law/{name}", f"{value:.6g}", *_PLAIN, NOTES[name]]
        for name, value in {**made.law, **usual}.items()
    ]
    return text(LAW_HEAD, columns, lines)


_PLAIN = ("1", "modelled", "brizna", 2026, SOURCE, CITED)
NOTES = {
    "memory": "share of the bandwidth that is reached",
    "compute": "share of the peak that is reached in decoding",
    "prompt": "share of the peak that is reached in reading prompts",
    "cache": "bytes of the cache that are moved, over those it should hold",
    "layer": "seconds a step and layer, whatever it computes",
    "request": "seconds a step and request",
    "memory-2024": "times the time of memory and computing under the programs of 2024",
    "memory-2023": "the same, of 2023",
    "layer-2024": "times the time of a layer under the programs of 2024",
    "layer-2023": "the same, of 2023",
    "layer-sparse": "times the time of a layer with experts",
    "layer-eight-bit": "times the time of a layer with weights of 8 bits",
    "layer-sparse-eight-bit": "times the time of a layer with experts of 8 bits",
    "sparse-compute": "times the time of computing with experts",
    "sparse-prompt": "times the time of reading prompts with experts",
    "power-memory": "share of the power above idle while memory is waited for",
    "power-compute": "share of the power above idle while computing",
    "power-overhead": "share of the power above idle in the rest",
    "usual-layers": "layers of a model with 1e9 active parameters and no experts",
    "usual-layers-active": "exponent of the active parameters",
    "usual-layers-sparsity": "exponent of all parameters over the active ones",
    "usual-cache": "numbers in the cache a token and layer: geometric mean over table models",
    "usual-experts": "share of the experts that a token visits, over the share of the parameters",
    "usual-idle": "idle power over the highest, where nobody states it: H100 SXM idles at 70 W",
    "usual-batch-2026": "geometric mean of the requests in flight that were measured",
    "usual-batch-2024": "the same, under the programs of 2024",
    "usual-batch-2023": "those served one request at a time",
}


def misses_table(data, made, misses):
    """Return the table of intervals, prompts and what stands around the accelerators."""
    columns = "id,value,low,high,unit,per,basis,publisher,year,source,licence,note,prefer"
    rest = ["1", "", "modelled", "brizna", 2026, SOURCE, CITED, "", ""]
    lines = [*AROUND]
    for (stack, task), tokens in zip(data.names, made.prompts, strict=True):
        if stack == "2026":
            lines.append([f"inference/prompt/{task}", f"{tokens:.3g}", "", "", *rest])
    lines += [[name, *told, *rest] for name, told in ranges_of(data, made.prompts).items()]
    without = without_each(data, np.arange(len(data)))
    low, high = (exp(end) for end in further(without, misses[BEST]))
    lines.append(["inference/other-card", "1", f"{low:.4g}", f"{high:.4g}", *rest])
    for known in ("server", "place", "any"):
        share = own_share(data, misses[known, "known"]) if known == "server" else 1.0
        lines.append([f"inference/own/{known}", f"{share:.3g}", "", "", *rest])
    for (known, build), stack in product(MODES, STACKS.values()):
        low, high = (exp(end) for end in ends(misses[known, build][data.stack == stack]))
        name = f"inference/miss/{stack}/{known}/{build}"
        lines.append([name, "1", f"{low:.4g}", f"{high:.4g}", *rest])
    for known in ("server", "place", "any"):
        off = np.exp(data.ln_j - made.ln_j(data, np.arange(len(data)), (known, "known")))
        for model in sorted(set(data.model[data.stack == "2026"])):
            some = off[(data.model == model) & (data.stack == "2026")]
            low, high = ends(some)
            told = [f"{value:.4g}" for value in (float(np.median(some)), low, high)]
            note = "over all ways of serving it that were measured"
            lines.append([f"inference/measured/{known}/{model}", *told, *rest[:-2], note, ""])
    return text(HEAD, columns.split(","), lines)


def ranges_of(data, prompts):
    """Return, of what estimates start from, the geometric mean and the range that was measured."""
    found = {f"batch/{stack}": data.batch[data.stack == stack] for stack in STACKS.values()}
    found |= {"answer": data.answer, "prompt": prompts, "size": data.size}
    return {
        f"inference/fitted/{name}": [
            f"{geometric_mean(some):.3g}",
            f"{floor(min(some))}",
            f"{ceil(max(some))}",
        ]
        for name, some in found.items()
    }


AROUND = (
    [
        *("inference-server", "1.571", "1.429", "1.821", "1", "joule of the accelerators"),
        *("modelled", "google", 2025),
        "Elsworth et al. 2025 arXiv 2508.15734: (0.14 + 0.06 + 0.02) / 0.14 Wh for a median prompt",
        "CC-BY-4.0",
        (
            "host and idle machines on top of the accelerators; low: without idle; high: NVIDIA "
            "DGX H100 data sheet, 10.2 kW for eight of 700 W"
        ),
        "",
    ],
    [
        *("inference-host", "1.429", "1.214", "1.821", "1", "joule of the accelerators"),
        *("modelled", "google", 2025),
        "Elsworth et al. 2025 arXiv 2508.15734: (0.14 + 0.06) / 0.14 Wh for a median prompt",
        "CC-BY-4.0",
        (
            "the host alone; low: EcoLogits, 1.2 kW beside eight of 700 W; high: NVIDIA DGX H100 "
            "data sheet, 10.2 kW for eight of 700 W"
        ),
        "",
    ],
    [
        *("inference/longest-context", "10000000", "", "", "1", "token", "published", "meta", 2025),
        "Meta, Llama 4 Scout model card: a context of 10M tokens",
        "fact",
        "the longest context that a published model states; prompt and answer lie in it together",
        "",
    ],
)

if __name__ == "__main__":
    assert brizna.account, "imported for its tables"
    main(*sys.argv[1:])
