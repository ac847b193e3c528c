"""Try compositions on a real model, good and bad ones: ``python bench/improve_models.py mnist``.

Unlike ``brizna improve``, which leaves out what cannot win, this builds every composition that is
named below and runs each: one table with what a step costs, saves and breaks. The models are those
of ``examples/improve``; each trial is a fresh process of one thread, in turn with the model as it
came: all once, in an order of their own for each block, and compared within blocks. Ratios are of
processor seconds, with the 90 % interval of their mean. Takes five to ten processor minutes a
model; with ``--home`` it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from random import Random
from typing import Any

from brizna.check import Guard, holm, non_inferior, non_inferior_figure
from brizna.core.codec import decode, encode
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Duration
from brizna.core.trials import paired
from brizna.improve import (
    Material,
    Serving,
    open_model,
    runtime_named,
    study_of,
    this_machine,
    transform_from,
)
from brizna.improve._material import resolve
from brizna.improve._registry import declines, distributions_of
from brizna.run import TrialFailedError, trials

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "improve"
EXPORT, DYNAMO = ["export-onnx"], ["export-onnx", {"exporter": "dynamo"}]
CONVERT, STEPWISE = ["convert-openvino"], ["attention", {"by": "eager"}]
HALF, QUARTER = ["prune-channels", {"ratio": 0.5}], ["prune-channels", {"ratio": 0.75}]
TUNE, MASK, DISTIL = ["fine-tune"], ["mask-weights"], ["distil"]
DYNAMIC, STATIC = ["quantize-onnx-dynamic"], ["quantize-onnx-static"]
ENDS = ["quantize-onnx-static", {"ends": 32}]
PLAIN, SMOOTH = ["quantize-openvino"], ["quantize-openvino", {"scheme": "transformer"}]
EIGHT, FOUR = ["shrink-weights-openvino"], ["shrink-weights-openvino", {"bits": 4}]
TORCH8, BF16 = ["quantize-torch"], ["cast", {"to": "bf16"}]
FIXED = ["specialise-onnx", {"rows": "fixed"}]
BOTH = ["openvino fp32", "openvino bf16"]
FUSE, FIXED_SHAPES = ["fuse-onnx", {"by": "transformer"}], "openvino bf16 shapes=fixed"
WIDENED = "openvino bf16 weights=widened"
FURTHER = "further"
"""Module beside a study with further figures: items, score, and figures of what that returns."""

COMPOSITIONS: dict[str, list[tuple[list[list[Any]], list[str]]]] = {
    "minilm": [
        ([], ["torch fp32", "torch bf16"]),
        ([BF16], ["torch bf16", "torch-compile bf16"]),
        ([TORCH8], ["torch int8"]),
        ([EXPORT], ["onnxruntime fp32"]),
        ([STEPWISE, EXPORT, FUSE], ["onnxruntime fp32"]),
        ([EXPORT, DYNAMIC], ["onnxruntime int8"]),
        ([STEPWISE, EXPORT, DYNAMIC], ["onnxruntime int8"]),
        ([STEPWISE, EXPORT, FUSE, DYNAMIC], ["onnxruntime int8"]),
        ([CONVERT], [*BOTH, FIXED_SHAPES]),
        ([CONVERT, SMOOTH], ["openvino bf16", FIXED_SHAPES]),
        ([CONVERT, EIGHT], ["openvino bf16", WIDENED, f"{FIXED_SHAPES} weights=widened"]),
        ([CONVERT, FOUR], [f"{FIXED_SHAPES} weights=widened"]),
    ],
    "mnist": [
        ([], ["torch fp32", "torch bf16", "torch-compile fp32"]),
        ([BF16], ["torch-compile bf16"]),
        ([TORCH8], ["torch int8"]),
        ([["quantize-aware"]], ["torch int8", "torch-compile int8"]),
        ([EXPORT], ["onnxruntime fp32"]),
        ([EXPORT, DYNAMIC], ["onnxruntime int8"]),
        ([EXPORT, STATIC], ["onnxruntime int8"]),
        ([EXPORT, ["half-onnx"]], ["onnxruntime fp16"]),
        ([CONVERT], BOTH),
        ([CONVERT, PLAIN], ["openvino bf16"]),
        ([CONVERT, EIGHT], ["openvino bf16"]),
        ([MASK, TUNE], ["torch fp32"]),
        ([MASK, TUNE, EXPORT], ["onnxruntime fp32"]),
        ([["factorise"]], ["torch fp32"]),
        ([HALF], ["torch fp32"]),
        ([HALF, TUNE], ["torch fp32"]),
        ([HALF, TUNE, CONVERT], ["openvino bf16"]),
        ([HALF, TUNE, CONVERT, PLAIN], ["openvino bf16"]),
        ([QUARTER, TUNE, CONVERT], ["openvino bf16"]),
        ([DISTIL], ["torch fp32"]),
        ([DISTIL, EXPORT], ["onnxruntime fp32"]),
        ([DISTIL, CONVERT], ["openvino bf16"]),
    ],
    "magika": [
        ([], ["onnxruntime fp32", *BOTH]),
        ([DYNAMIC], ["onnxruntime int8"]),
        ([STATIC], ["onnxruntime int8"]),
        ([ENDS], ["onnxruntime int8"]),
        ([["half-onnx"]], ["onnxruntime fp16"]),
        ([CONVERT, PLAIN], BOTH),
        ([CONVERT, EIGHT], BOTH),
    ],
    "forest": [
        ([], ["sklearn fp32"]),
        ([["export-sklearn"]], ["onnxruntime fp32"]),
    ],
    "ocr": [
        ([], ["onnxruntime fp32", *BOTH]),
        ([DYNAMIC], ["onnxruntime int8"]),
        ([STATIC], ["onnxruntime int8"]),
        ([ENDS], ["onnxruntime int8"]),
        ([CONVERT], BOTH),
        ([CONVERT, PLAIN], BOTH),
        ([CONVERT, EIGHT], ["openvino bf16"]),
    ],
    "silero": [
        ([], ["onnxruntime fp32", "openvino fp32"]),
        ([["half-onnx"]], ["onnxruntime fp16"]),
        ([DYNAMIC], ["onnxruntime int8"]),
        ([["specialise-onnx"]], ["onnxruntime fp32"]),
        ([FIXED], ["onnxruntime fp32"]),
        ([FIXED, DYNAMIC], ["onnxruntime int8"]),
        ([FIXED, STATIC], ["onnxruntime int8"]),
        ([FIXED, CONVERT], BOTH),
        ([FIXED, CONVERT, PLAIN], BOTH),
        ([FIXED, CONVERT, EIGHT], ["openvino fp32"]),
    ],
}
"""By model: steps, each with parameters if they are not the usual ones, and how it is run."""


class Bench:
    """Builds models in a folder that is kept, and runs them."""

    def __init__(self, name: str, home: Path) -> None:
        config = tomllib.loads((EXAMPLES / name / "study.toml").read_text(encoding="utf-8"))
        self.study = study_of(config, directory=str(EXAMPLES / name))
        self.home = home
        self.machine = this_machine(distributions_of())

    def job(self, task: str, **values: Any) -> dict[str, Any]:
        """Do one thing in a fresh process and return its answer.

        Raises:
            TrialFailedError: If it fails.
        """
        with tempfile.TemporaryDirectory() as place:
            path, result = Path(place, "job.json"), Path(place, "result.json")
            known = {"material": self.study.material.to_json(), "plugins": [], "task": task}
            log = str(self.home / "log.txt")
            path.write_bytes(encode({**known, **values, "result": str(result), "log": log}))
            command = [sys.executable, "-m", "brizna.improve._worker", str(path)]
            ended = subprocess.run(command, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"})
            if not result.exists():
                raise TrialFailedError(f"the process died ({ended.returncode})")
            answer = decode(result.read_bytes())
        if "failed" in answer:
            raise TrialFailedError(answer["failed"])
        return {**answer["done"], "all_cpu_s": answer["cpu_s"]}

    def model(self, steps: list[list[Any]]) -> Any:
        """Return what steps make, built before or now.

        Raises:
            TrialFailedError: If a step does not apply, or fails.
        """
        folder = self.home / f"model{len(steps)}-{abs(hash_of(steps)):x}"
        if (folder / "model.json").exists():
            return open_model(str(folder))
        folder.mkdir(parents=True, exist_ok=True)
        if not steps:
            found = self.job("take", model=self.study.source, folder=str(folder))
        else:
            parent = self.model(steps[:-1])
            name, *values = steps[-1]
            transform = transform_from({"name": name, **(values[0] if values else {})})
            why = declines(transform, parent, self.machine, self.study.material)
            if parent.kind not in transform.takes:
                why = f"it takes {', '.join(transform.takes)}"
            if why is not None:
                raise TrialFailedError(f"declined: {why}")
            step = {"name": name, **transform.to_json()}
            found = self.job("apply", model=parent.folder, step=step, folder=str(folder))
        (folder / "cpu_s").write_text(str(found["all_cpu_s"]))
        return open_model(str(folder))

    def serve(self, model: Any, how: str, *, items: bool, further: bool = False) -> dict[str, Any]:
        """Run a model and, if asked, score it; for further figures, score it only."""
        runtime, precision, *options = how.split()
        serving = Serving(
            runtime=runtime,
            precision=precision,
            options=dict(option.split("=") for option in options),
        )
        why = runtime_named(runtime).refuses(model, serving, self.machine)
        if why is not None:
            raise TrialFailedError(f"declined: {why}")
        material = self.further() if further else self.study.material
        count = len(list(material.function("items")())) if items else 0
        return self.job(
            "serve",
            model=model.folder,
            serving=serving.to_json(),
            window_s=0 if further else 0.5,
            items=list(range(count)) if items else None,
            material=material.to_json(),
        )

    def further(self) -> Material:
        """Return the material of the further figures."""
        named = {name: f"{FURTHER}:{name}" for name in ("items", "score")}
        return self.study.material.replace(**named)

    def has_further(self) -> bool:
        """Return whether the study has further figures."""
        return any(Path(place, f"{FURTHER}.py").exists() for place in self.study.material.path)


def hash_of(steps: list[list[Any]]) -> int:
    """Return a number that tells chains of steps apart, alike in all processes."""
    from hashlib import sha256

    return int(sha256(json.dumps(steps).encode()).hexdigest()[:12], 16)


def quality(material: Material, scores: list[Any]) -> float:
    """Return the figure that the study is judged by."""
    if material.has("metric"):
        return float(material.function("metric")(scores))
    return sum(scores) / len(scores)


def main() -> None:
    """Make the trials and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", choices=COMPOSITIONS)
    parser.add_argument("--home", type=Path, help="where models are kept, to go on from there")
    parser.add_argument("--json", type=Path, help="where the figures of each trial are put")
    parser.add_argument("--repeats", type=int, default=4)
    wanted = parser.parse_args()
    home = wanted.home or Path(tempfile.mkdtemp(prefix="improve-"))
    bench = Bench(wanted.model, home / wanted.model)
    bench.home.mkdir(parents=True, exist_ok=True)
    arms: dict[str, tuple[list[list[Any]], str]] = {
        " + ".join([*(_called(step) for step in steps), how]): (steps, how)
        for steps, hows in COMPOSITIONS[wanted.model]
        for how in hows
    }

    def run_one(turn: Any) -> dict[str, Any]:
        steps, how = arms[turn.arm]
        found = bench.serve(bench.model(steps), how, items=turn.block == 0 and turn.counts)
        if turn.counts:
            with journal.open("ab") as file:
                file.write(encode([turn.block, turn.arm, found]) + b"\n")
        return found

    journal = bench.home / "trials.jsonl"
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    known = {(block, arm): found for block, arm, found in map(decode, lines)}
    done = trials(list(arms), repeats=wanted.repeats, seed=0, run_one=run_one, done=known)
    if wanted.json:
        costs = {name: _costs(each) for name, each in done.counted().items()}
        plain = {
            name: {block: cost.best.value for block, cost in each.items()}
            for name, each in costs.items()
        }
        wanted.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    _print(bench, arms, done)


def judged(bench: Bench, scores: dict[str, list[Any]], base: str) -> dict[str, Guard]:
    """Return what the guard says of all compositions together, by all items."""
    material, items = bench.study.material, list(bench.study.material.function("items")())
    groups = material.function("groups")(items) if material.has("groups") else None
    guards: dict[str, Guard] = {}
    for name, found in scores.items():
        if name == base:
            continue
        manner = {"margin": bench.study.margin, "worst_fall": bench.study.worst_fall}
        if groups is None and not material.has("metric"):
            guards[name] = non_inferior(scores[base], found, **manner)
            continue

        def both(chosen: Any, found: list[Any] = found) -> tuple[float, float]:
            return tuple(
                quality(material, [each[number] for number in chosen])
                for each in (scores[base], found)
            )  # pyright: ignore[reportReturnType]

        named = len(items) if groups is None else [[str(name) for name in one] for one in groups]
        fall = {} if bench.study.worst_fall is None else {"worst_fall": bench.study.worst_fall}
        margin = bench.study.margin
        guards[name] = non_inferior_figure(both, named, margin=margin, rng=Random(0), **fall)
    return holm(guards)


def _print(bench: Bench, arms: dict[str, Any], done: Any) -> None:
    base, *_ = arms
    counted = done.counted()
    scores = {name: counted[name][0]["scores"] for name in arms if name not in done.failed}
    guards = judged(bench, scores, base)
    more = _further(bench, {name: arms[name] for name in scores})
    header = ["variant", "times less CPU", "kB", "quality", *next(iter(more.values()), {})]
    header += ["change", "verdict", "made in CPU s"]
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for name, (steps, _) in arms.items():
        if name in done.failed:
            print(f"| {name} | {done.failed[name]} |")
            continue
        ratio = paired(_costs(counted[base]), _costs(counted[name])).ratio
        assert ratio is not None  # what a processor took is more than 0
        low, best, high = ratio.low.value, ratio.best.value, ratio.high.value
        model, guard = bench.model(steps), guards.get(name)
        told = quality(bench.study.material, scores[name])
        cells = [name, f"{best:.2f} ({low:.2f} to {high:.2f})"]
        cells += [f"{model.size_bytes / 1e3:.0f}", f"{told:.4f}"]
        cells += [f"{value:.4f}" for value in more.get(name, {}).values()]
        cells += [_change(guard), guard.verdict if guard else ""]
        cells.append(f"{float(Path(model.folder, 'cpu_s').read_text()):.1f}")
        print(f"| {' | '.join(cells)} |")


def _costs(made: dict[int, dict[str, Any]]) -> dict[int, Estimate]:
    """Return the processor seconds of an inference, by block."""
    return {
        block: exactly(Duration(one["cpu_s"] / one["inferences"]), "metered")
        for block, one in made.items()
    }


def _change(guard: Guard | None) -> str:
    return f"{guard.difference:+.4f} ({guard.low:+.4f} to {guard.high:+.4f})" if guard else ""


def _further(bench: Bench, arms: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the further figures of each composition, where the study has any."""
    if not bench.has_further():
        return {}
    figures = resolve(f"{FURTHER}:figures", path=bench.study.material.path)
    vectors = {
        name: bench.serve(bench.model(steps), how, items=True, further=True)["scores"]
        for name, (steps, how) in arms.items()
    }
    base = next(iter(vectors.values()))
    return {name: figures(found, base) for name, found in vectors.items()}


def _called(step: list[Any]) -> str:
    name, *values = step
    return " ".join([name, *(f"{key}={value}" for one in values for key, value in one.items())])


if __name__ == "__main__":
    main()
