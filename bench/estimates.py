"""Check estimates of inference on measured energies: ``python bench/estimates.py DIRECTORY``.

The directory holds ``llm.csv`` and ``diffusion.csv``: what the ML.ENERGY Benchmark measured. Each
model is predicted by a law that was fitted without it and without those that share its weights
(ten folds, five times over), and its interval comes from models that were left out within the rest.
EcoLogits stands beside it, by its published formula. Takes some minutes of one core, and scipy.
"""

from __future__ import annotations

import argparse
import json
import sys
from math import ceil, log2
from pathlib import Path
from statistics import geometric_mean

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import fit_diffusion as pictures  # noqa: E402 - a script, found by the line above
import fit_inference as fitting  # noqa: E402

from brizna.account import (  # noqa: E402
    coefficient,
    estimate_training,
    published_trainings,
)

SCHEMA = "bench.estimates/1"
REPEATS, FOLDS = 5, 10
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TYPICAL, TAIL, COVERAGE = 1.25, 1.8, (0.85, 0.95)
"""What the typical factor of error and its 90th percentile may be, and what 90 % may hold."""
BARRED = ("server/known", "server/guessed", "server/known, 2026", "images, server/known")
COVERED = (
    *BARRED,
    "images, any/known",
    "place/known",
    "place/guessed",
    "any/known",
    "any/guessed",
)


def main(arguments: list[str] | None = None) -> int:
    """Predict, or read an earlier result; print it; return 1 if it misses a bar."""
    parser = argparse.ArgumentParser(prog="bench/estimates.py", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", help="where the tables are")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep everything in a file")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="show a kept file")
    parser.add_argument("--markdown", action="store_true", help="print the tables for the docs")
    parser.add_argument("--svg", action="store_true", help="print the plot for the docs")
    given = parser.parse_args(arguments)
    if given.read is not None:
        results = json.loads(given.read.read_text(encoding="utf-8"))
    elif given.directory is not None:
        results = check(given.directory)
    else:
        parser.error("name the directory of the tables, or an earlier result with --from")
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(svg(results) if given.svg else markdown(results) + "\n" + trainings(), end="")
    missed = misses_of_bars(results)
    for line in missed:
        print(line, file=sys.stderr)
    return 1 if missed else 0


def check(directory: Path) -> dict:
    """Return how far off models are that were left out, and what intervals hold of them."""
    import numpy as np

    rows = fitting.read(directory / "llm.csv")
    data = fitting.Measured(rows, fitting.usual_of(rows))
    summary = {}
    found = cross_validated(data, np.random.default_rng(0))
    for (known, build), one in found.items():
        name = f"{known}/{build}"
        summary[name] = told(one["off"], one["in"])
        for stack in ("2026", "2024", "2023"):
            some = one["stack"] == stack
            summary[f"{name}, {stack}"] = told(one["off"][some], one["in"][some])
    summary["server/known, accelerator left out"] = told(*on_another_card(data))
    seen = pictures.Measured(fitting.read(directory / "diffusion.csv"))
    for mode, (off, held) in images(seen).items():
        summary[f"images, {'/'.join(mode)}"] = told(off, held)
    return {
        "schema": SCHEMA,
        "rows": {"language": len(data), "images": len(seen)},
        "models": {
            "language": len(set(data.group)),
            "images": len(set(seen.group)),
        },
        "summary": summary,
        "models_off": models_off(data, found["server", "known"]),
        "ecologits": ecologits(rows, data),
    }


def cross_validated(data, rng) -> dict:
    """Return for each mode the misses of rows left out, their stacks and what held them."""
    import numpy as np

    every = np.arange(len(data))
    parts = {mode: {"off": [], "in": [], "stack": [], "row": []} for mode in fitting.MODES}
    for _ in range(REPEATS):
        for fold in fitting.folds(data.group, FOLDS, rng):
            rest, out = every[~fold], every[fold]
            made = fitting.fit_law(data, rest)
            inner = fitting.left_out(data, rest, rng)
            for mode, part in parts.items():
                off = data.ln_j[out] - made.ln_j(data, out, mode)
                part["off"].append(off)
                part["in"].append(held(off, data.stack[out], inner[mode], data.stack[rest]))
                part["stack"].append(data.stack[out])
                part["row"].append(out)
    return {
        mode: {name: np.concatenate(values) for name, values in part.items()}
        for mode, part in parts.items()
    }


def held(off, kinds, misses, kinds_of_misses, *, models=None):
    """Return for each level whether the interval of its kind holds a miss, shape (rows, levels).

    Args:
        off: Misses of rows left out.
        kinds: Of these rows.
        misses: Of the others, each left out among them.
        kinds_of_misses: Of the others.
        models: How many the others are of, where they are few.
    """
    import numpy as np

    inside = np.zeros((len(off), len(LEVELS)), bool)
    for kind in set(kinds):
        some = kinds == kind
        for place, level in enumerate(LEVELS):
            low, high = fitting.ends(misses[kinds_of_misses == kind], level, models=models)
            inside[some, place] = (low <= off[some]) & (off[some] <= high)
    return inside


def on_another_card(data):
    """Return misses and intervals where all rows of one accelerator are left out.

    What another accelerator adds comes from the others, each left out among them.
    """
    import numpy as np

    every = np.arange(len(data))
    off, inside = np.zeros(len(data)), np.zeros((len(data), len(LEVELS)), bool)
    for card in np.unique(data.card):
        out = data.card == card
        rest = every[~out]
        off[out] = data.ln_j[out] - fitting.fit_law(data, rest).ln_j(data, every[out], fitting.BEST)
        misses = fitting.left_out(data, rest, np.random.default_rng(0))[fitting.BEST]
        others = fitting.without_each(data, rest)
        for place, level in enumerate(LEVELS):
            near, far = fitting.ends(misses, level), fitting.further(others, misses, level)
            low, high = (np.hypot(a, b) for a, b in zip(near, far, strict=True))
            inside[out, place] = (-low <= off[out]) & (off[out] <= high)
    return off, inside


def images(data) -> dict:
    """Return for each mode misses and intervals of images and videos, each model left out."""
    import numpy as np

    every = np.arange(len(data))
    found = {
        mode: (np.zeros(len(data)), np.zeros((len(data), len(LEVELS)), bool))
        for mode in pictures.MODES
    }
    for model in np.unique(data.group):
        out = data.group == model
        rest = every[~out]
        models = len(set(data.group[rest]))
        law = pictures.fit(data, rest)
        inner = pictures.left_out(data, rest, data.group[rest])
        kind, kinds = np.zeros(out.sum()), np.zeros(len(rest))
        for mode, (off, inside) in found.items():
            off[out] = data.ln_j[out] - pictures.ln_j(data, law, every[out], mode)
            inside[out] = held(off[out], kind, inner[mode], kinds, models=models)
    return found


def told(off, inside=None) -> dict:
    """Return the factors of error, and which part each interval holds."""
    import numpy as np

    size = np.abs(off)
    values = {
        "geometric_mean": round(float(np.exp(size.mean())), 4),
        "median": round(float(np.exp(np.median(size))), 4),
        "p90": round(float(np.exp(np.quantile(size, 0.9))), 4),
        "within_2": round(float(np.mean(size < np.log(2))), 4),
    }
    if inside is not None:
        shares = (round(float(one), 4) for one in inside.mean(axis=0))
        values["held"] = dict(zip(map(str, LEVELS), shares, strict=True))
    return values


def models_off(data, found) -> list[dict]:
    """Return for each model of 2026 by which factor it was over- or underestimated."""
    import numpy as np

    kept = []
    for model in sorted(set(data.model[data.stack == "2026"])):
        some = (data.model[found["row"]] == model) & (found["stack"] == "2026")
        off = found["off"][some]
        kept.append(
            {
                "model": str(model),
                "ways": int(np.sum((data.model == model) & (data.stack == "2026"))),
                "measured_over_predicted": round(float(np.exp(off.mean())), 3),
                "p90": round(float(np.exp(np.quantile(np.abs(off), 0.9))), 3),
            }
        )
    return kept


def ecologits(rows, data) -> dict:
    """Return the factors of error of EcoLogits' formula for the energy of the accelerators.

    ``GPUs x (alpha exp(beta B) active + gamma)`` a token, with 80 GB accelerators that hold 16-bit
    weights 1.2 times and ``B = 64``; also with the batch and the accelerators as they were.
    """
    import numpy as np

    alpha, beta, gamma, usual = (
        coefficient(f"ecologits/{name}").value
        for name in ("energy-alpha", "energy-beta", "energy-gamma", "batch")
    )
    active = np.array([float(row["active_params_b"]) for row in rows])
    total = np.array([float(row["total_params_b"]) for row in rows])
    gpus = np.array([2.0 ** ceil(log2(ceil(1.2 * size * 2 / 80))) for size in total])
    batch = np.full(len(rows), usual)
    found = {}
    for name, b, n in (
        ("as published", batch, gpus),
        ("with the batch as it was", data.batch, gpus),
        ("with batch and accelerators as they were", data.batch, data.gpus),
    ):
        joules = 3600 * n * (alpha * np.exp(beta * b) * active + gamma)
        off = data.ln_j - np.log(joules)
        found[name] = told(off)
        found[f"{name}, 2026"] = told(off[data.stack == "2026"])
    return found


def misses_of_bars(results: dict) -> list[str]:
    """Return what misses a bar."""
    missed = []
    for name in BARRED:
        one = results["summary"][name]
        if one["median"] > TYPICAL or one["p90"] > TAIL:
            missed.append(f"{name}: {one['median']} (p90 {one['p90']})")
    for name in COVERED:
        share = results["summary"][name]["held"]["0.9"]
        if not COVERAGE[0] <= share <= COVERAGE[1]:
            missed.append(f"{name}: 90 % intervals hold {share}")
    return missed


def markdown(results: dict) -> str:
    """Return the tables for the docs."""
    head = "| | typical (median) | geometric mean | 90th percentile | within 2x | 90 % hold it |"
    lines = [head, "|---|---:|---:|---:|---:|---:|"]
    for key, name in ROWS.items():
        lines.append(row(name, results["summary"][key]))
    for key, name in PEERS.items():
        lines.append(row(name, results["ecologits"][key]))
    return "\n".join(lines) + "\n"


ROWS = {
    "server/known": "one's own server, build of the model known",
    "server/known, 2026": "- of these under the programs of 2026",
    "server/guessed": "one's own server, parameters alone",
    "server/guessed, 2026": "- of these under the programs of 2026",
    "server/known, accelerator left out": "one's own server, an accelerator that was left out",
    "place/known": "batch and number of accelerators unknown",
    "place/known, 2026": "- of these under the programs of 2026",
    "place/guessed": "the same, parameters alone",
    "any/known": "hosted: accelerator unknown too",
    "any/guessed": "the same, parameters alone",
    "images, server/known": "images and videos, one's own server",
    "images, server/guessed": "the same, parameters alone",
    "images, any/known": "images and videos, hosted",
}
PEERS = {
    "as published": "EcoLogits as published",
    "as published, 2026": "- of these under the programs of 2026",
    "with the batch as it was": "EcoLogits with the batch as it was",
    "with batch and accelerators as they were": "EcoLogits with batch and accelerators",
}


def row(name: str, one: dict) -> str:
    """Return one line of the table."""
    share = one.get("held", {}).get("0.9")
    cells = [
        name,
        *(f"{one[key]:.2f}" for key in ("median", "geometric_mean", "p90")),
        f"{100 * one['within_2']:.0f} %",
        "-" if share is None else f"{100 * share:.1f} %",
    ]
    return "| " + " | ".join(cells) + " |"


def trainings() -> str:
    """Return published trainings beside what is told without their hours, the share of the others.

    The share of the peak is the geometric mean of the other trainings.
    """
    every = published_trainings()
    lines = [
        "| training | operations | hours published | hours told | told / published |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in every:
        share = geometric_mean(other.reached for other in every if other is not one)
        made = estimate_training(one.training.replace(mfu=share))
        told_h, published_h = made.device_s.best.to("h"), one.device_s / 3600
        lines.append(
            f"| {one.name} | {made.flop:.2e} | {published_h:,.0f} | {told_h:,.0f} "
            f"| {told_h / published_h:.2f} |"
        )
    return "\n".join(lines) + "\n"


PLOTTED = {
    "server/known": ("own server", "#0f766e"),
    "place/known": ("accelerator alone", "#b45309"),
    "any/known": ("hosted", "#6d28d9"),
    "images, server/known": ("images, own server", "#be123c"),
}


def svg(results: dict) -> str:
    """Return the plot: which part each interval holds against what it says."""
    parts = [
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 420" '
            'font-family="sans-serif" font-size="12" role="img">'
        ),
        "<title>Calibration of estimates of inference</title>",
        '<rect width="420" height="420" fill="white"/>',
        '<path d="M60 360 L380 40" stroke="#888" stroke-dasharray="4 4" fill="none"/>',
        '<path d="M60 40 V360 H380" stroke="#222" fill="none"/>',
    ]
    for share in (40, 60, 80, 100):
        x, y = at(share / 100), 420 - at(share / 100)
        parts.append(f'<text x="{x:g}" y="378" text-anchor="middle">{share} %</text>')
        parts.append(f'<text x="52" y="{y + 4:g}" text-anchor="end">{share} %</text>')
    for place, (key, (name, color)) in enumerate(PLOTTED.items()):
        points = results["summary"][key]["held"].items()
        path = " ".join(f"{at(float(a)):.1f},{420 - at(b):.1f}" for a, b in points)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
            f'<text x="220" y="{280 + 18 * place}" fill="{color}">{name}</text>'
        )
    parts.append('<text x="220" y="404" text-anchor="middle">what the interval says</text>')
    parts.append(
        '<text x="16" y="200" text-anchor="middle" transform="rotate(-90 16 200)">'
        "what it holds of models left out</text>"
    )
    return "\n".join([*parts, "</svg>"]) + "\n"


def at(share: float) -> float:
    """Return the place of a share of 0.4 to 1 on an axis of 320."""
    return 60 + 320 * (share - 0.4) / 0.6


if __name__ == "__main__":
    sys.exit(main())
