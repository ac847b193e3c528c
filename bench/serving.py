"""Batches, sorting by length and threads, on a small encoder: what each takes, and what one alone.

``python bench/serving.py [--json FILE]`` prints a table of ratios of processor seconds, in turn, in
one process; requests are as long as docstrings of the standard library are in words. Needs torch
and transformers.
"""

from __future__ import annotations

import argparse
import ast
import json
import sysconfig
from pathlib import Path
from random import Random

from brizna.core.estimate import exactly
from brizna.core.quantities import Duration
from brizna.core.trials import paired
from brizna.improve import Material, Serving
from brizna.improve._measuring import measured
from brizna.improve._runtimes._torch import TorchSession

MODULES = ("argparse", "subprocess", "pathlib", "inspect", "datetime", "typing")
REQUESTS, LONGEST, ROUNDS, WINDOW_S = 64, 200, 5, 0.05
ALONE = "as they come"
WAYS = {
    ALONE: {},
    "two threads": {"threads": 2},
    "16 together": {"batch": 16},
    "16 together, by length": {"batch": 16, "bucket": True},
    "64 together": {"batch": 64},
}


def lengths():
    """Return the words of docstrings, in an order that chance decides."""
    found = []
    for name in MODULES:
        path = Path(sysconfig.get_path("stdlib")) / f"{name}.py"
        if not path.exists():  # a package in later releases of Python
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            kinds = (ast.FunctionDef, ast.ClassDef)
            text = ast.get_docstring(node) if isinstance(node, kinds) else None
            found += [min(len(text.split()), LONGEST)] if text else []
    Random(0).shuffle(found)
    return found[:REQUESTS]


def requests():
    """Return one request for each length."""
    import numpy as np

    one = [np.ones((1, length), np.int64) for length in lengths()]
    return [{"input_ids": array * 7, "attention_mask": array} for array in one]


def encoder():
    """Return a small encoder that was not trained: what it computes does not depend on that."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(vocab_size=1000, intermediate_size=512, **sizes)

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = BertModel(config)

        def forward(self, input_ids, attention_mask):
            found = self.inside(input_ids=input_ids, attention_mask=attention_mask)
            return found.pooler_output

    return Encoder().eval()


def main():
    """Measure and print."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    network = encoder()
    material = Material(path=(str(Path(__file__).parent),), inputs="serving:requests")
    costs = {name: {} for name in WAYS}
    waits = {name: [] for name in WAYS}
    for block in range(ROUNDS):
        for name in Random(block).sample(list(WAYS), len(WAYS)):
            serving = Serving(runtime="torch", **WAYS[name])
            torch.set_num_threads(serving.threads)
            session = TorchSession(network, serving, casts=False)
            found = measured(session, serving, material, WINDOW_S)
            costs[name][block] = exactly(Duration(found["cpu_s"] / found["inferences"]))
            waits[name].append(found["latency_s"])
    rows = []
    print("| way | times the CPU of requests as they come | ms a batch |\n|---|---|---|")
    for name in WAYS:
        ratio = paired(costs[name], costs[ALONE]).ratio
        wait_ms = sorted(waits[name])[ROUNDS // 2] * 1e3
        rows.append({"way": name, "ratio": ratio.to_json(), "latency_ms": wait_ms})
        ends = f"{ratio.low.value:.2f} to {ratio.high.value:.2f}"
        print(f"| {name} | {ratio.best.value:.2f} ({ends}) | {wait_ms:.1f} |")
    if given.json:
        told = {"torch": torch.__version__, "words": sorted(lengths()), "rows": rows}
        Path(given.json).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
