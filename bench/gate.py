"""Check how often the gate is wrong, and set it beside its peers: ``python bench/gate.py``.

Gates are simulated on the scatter of equal work that ``bench/gate_noise.py`` has recorded: each
draws a place in the recording, goes on from there in the order in which a gate runs, and makes the
head's figures larger by a known change. So bursts and drifts of the machine are in it as they were.
A binomial bound says how often that can be wrong in the long run. Takes some minutes of one core.

``--real`` adds the real thing: versions of a program that do 0, 5 or 10 % more work, gated again
and again on this machine as it is; with ``--from`` the simulations are those of an earlier result.
``--peer PYTHON`` names an interpreter that has pytest-benchmark, which is then asked the same by
its own command line.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from math import exp, lgamma, log
from pathlib import Path
from random import Random
from statistics import mean, median

from brizna.check import Block, judge_gate
from brizna.run._counters import execute, find_counter

SCHEMA = "bench.gate/1"
HERE = Path(__file__).resolve().parent
NOISES = {
    "": HERE / "results" / "gate-noise.json",
    ", again": HERE / "results" / "gate-noise-again.json",
}
"""Recordings of one machine at two times, by what is said of the second."""
FIGURES = {"cpu_s": 0, "duration_s": 1}
EFFECTS = (0.0, 0.05, 0.1)
GATES = 4000
BLOCKS = 40
SEED = 9
SURE = 0.95
MOST_FALSE, LEAST_POWER = 0.02, 0.9
ROUNDS = 5
"""Rounds of pytest-benchmark, which takes at least five."""


class Tape:
    """A recording that is played from a place on, round and round."""

    def __init__(self, figures: list[float], rng: Random) -> None:
        self.figures, self.at = figures, rng.randrange(len(figures))

    def take(self, count: int = 1) -> float:
        """Return the sum of the next figures."""
        found = [self.figures[(self.at + i) % len(self.figures)] for i in range(count)]
        self.at += count
        return sum(found)


def ours(tape: Tape, change: float, rng: Random, executions: int = 1) -> tuple[str, int]:
    """Return the gate's verdict and after how many blocks it came."""
    blocks: list[Block] = []
    for _ in range(BLOCKS):
        order = ["base", "again", "head"]
        rng.shuffle(order)
        found = {arm: tape.take(executions) for arm in order}
        found["head"] *= 1 + change
        blocks.append(Block(**found))
    verdict = judge_gate(blocks)
    return verdict.verdict, verdict.blocks


def one_run(tape: Tape, change: float, _: Random) -> tuple[str, int]:
    """Return what one run of each says against a threshold of 5 %."""
    base, head = tape.take(), tape.take() * (1 + change)
    return ("regressed" if head > 1.05 * base else "pass"), 1


def compare(tape: Tape, change: float, _: Random) -> tuple[str, int]:
    """Return what ``pytest-benchmark compare --benchmark-compare-fail=mean:5%`` says.

    The base's rounds were run and saved some time before the head's.
    """
    base = mean(tape.take() for _ in range(ROUNDS))
    tape.take(200)  # the base was saved by an earlier job
    head = mean(tape.take() * (1 + change) for _ in range(ROUNDS))
    return ("regressed" if head > 1.05 * base else "pass"), ROUNDS


WAYS = {
    "one run each, fail above 5 %": one_run,
    "pytest-benchmark compare, mean of 5": compare,
    "brizna gate": ours,
}


def bound(count: int, total: int, *, upper: bool) -> float:
    """Return the one-sided Clopper-Pearson bound of a share.

    References:
        C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the
        case of the binomial, Biometrika 26(4), 1934.
    """
    if upper and count == total:
        return 1.0
    if not upper and count == 0:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        share = (low + high) / 2
        if upper:
            is_above = _at_most(count, total, share) > 1 - SURE
        else:
            is_above = 1 - _at_most(count - 1, total, share) < 1 - SURE
        low, high = (share, high) if is_above else (low, share)
    return (low + high) / 2


def _at_most(count: int, total: int, share: float) -> float:
    """Return the chance of at most so many, by the shorter tail."""
    if count > total / 2:
        return 1 - _at_most(total - count - 1, total, 1 - share)
    return sum(_exactly(k, total, share) for k in range(count + 1))


def _exactly(count: int, total: int, share: float) -> float:
    if not 0 < share < 1:
        return float(count == 0)  # the shorter tail never asks for a share of 1
    ways = lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)
    return exp(ways + count * log(share) + (total - count) * log(1 - share))


def simulate(
    figures: list[float], way, change: float, gates: int = GATES, seed: int = SEED
) -> dict:
    """Return how many of so many gates gave each verdict, and how many blocks they took."""
    rng = Random(f"{seed}/{change}")
    verdicts: dict[str, int] = {}
    blocks = 0
    for _ in range(gates):
        verdict, took = way(Tape(figures, rng), change, rng)
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
        blocks += took
    return {"verdicts": dict(sorted(verdicts.items())), "blocks": round(blocks / gates, 2)}


def recorded() -> dict[str, list[float]]:
    """Return the recorded figures by program, kind and recording."""
    return {
        f"{program}, {figure}{when}": [row[column] for row in found]
        for when, path in NOISES.items()
        for program, found in json.loads(path.read_text(encoding="utf-8"))["rows"].items()
        for figure, column in FIGURES.items()
    }


def check(gates: int) -> dict:
    """Return the simulated gates for each recording, way and change."""
    rows = {
        name: {
            way: {f"{change:g}": simulate(figures, judge, change, gates) for change in EFFECTS}
            for way, judge in WAYS.items()
        }
        for name, figures in recorded().items()
    }
    return {"schema": SCHEMA, "gates": gates, "rows": rows}


def told(results: dict, name: str, way: str, change: float) -> tuple[float, float]:
    """Return the share of regressions, and the bound on it that counts against us."""
    found = results["rows"][name][way][f"{change:g}"]
    count = found["verdicts"].get("regressed", 0)
    return count / results["gates"], bound(count, results["gates"], upper=not change)


def markdown(results: dict) -> str:
    """Return the table for the docs."""
    lines = [
        "| recording | way | false alarms | found at +5 % | found at +10 % | blocks |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, ways in results["rows"].items():
        for way in ways:
            cells = []
            for change in EFFECTS:
                share, end = told(results, name, way, change)
                sign = "≥" if change else "≤"
                cells.append(f"{share:.1%} ({sign} {end:.1%})".replace("%", " %"))
            blocks = ways[way]["0.05"]["blocks"]
            lines.append(f"| {name} | {way} | {' | '.join(cells)} | {blocks:.1f} |")
    return "\n".join(lines)


# ----------------------------------------------------------------------------------- the real thing

PROGRAM = (
    "total = 0\nfor at in range({count}):\n    total = (total * 31 + at) % 1000003\nprint(total)\n"
)
COUNT = 300_000
REAL_GATES = 12


def real(gates: int, python: str | None) -> dict:
    """Return the verdicts of real gates on this machine as it is, and what others say.

    Args:
        gates: How many of each change.
        python: An interpreter that has pytest-benchmark; None to leave it out.
    """
    environ = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        rows: dict[str, dict] = {}
        begun = time.time()
        loads = [os.getloadavg()[0]]
        for change in EFFECTS:
            rows[f"{change:g}"] = _real_gates(change, gates, environ, folder)
            loads.append(os.getloadavg()[0])
        asked = None if python is None else peer(python, gates)
        loads.append(os.getloadavg()[0])
        counter, _ = find_counter(environ, folder=folder)
        counts = None if counter is None else _counts(counter, environ, folder)
    return {
        "recorded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun)),
        "gates": gates,
        "load_1min": [round(min(loads), 1), round(max(loads), 1)],
        "processors": os.cpu_count(),
        "rows": rows,
        "counter": counter,
        "counts": counts,
        "peer": asked,
    }


def _command(change: float) -> list[str]:
    return [sys.executable, "-S", "-c", PROGRAM.format(count=round(COUNT * (1 + change)))]


def _real_gates(change: float, gates: int, environ: dict[str, str], folder: str) -> dict:
    """Run real gates and, from the same executions, what the other ways would have said."""
    rng = Random(f"{SEED}/{change}")
    tallies: dict[str, int] = dict.fromkeys(WAYS, 0)
    blocks_run: list[int] = []
    for _ in range(gates):
        blocks: list[Block] = []
        walls: list[tuple[float, float]] = []
        while not blocks or not judge_gate(blocks).is_final:
            order = ["base", "again", "head"]
            rng.shuffle(order)
            made = {
                arm: execute(_command(change if arm == "head" else 0.0), environ, folder)
                for arm in order
            }
            blocks.append(Block(**{arm: one.cpu_s for arm, one in made.items()}))
            walls.append((made["base"].duration_s, made["head"].duration_s))
        verdicts = {
            "one run each, fail above 5 %": walls[0][1] > 1.05 * walls[0][0],
            "pytest-benchmark compare, mean of 5": mean(h for _, h in walls[-ROUNDS:])
            > 1.05 * mean(b for b, _ in walls[:ROUNDS]),
            "brizna gate": judge_gate(blocks).verdict == "regressed",
        }
        for way, is_regressed in verdicts.items():
            tallies[way] += is_regressed
        blocks_run.append(len(blocks))
    return {"regressed": tallies, "blocks": median(blocks_run)}


PEER_TEST = """
def work():
    total = 0
    for at in range({count}):
        total = (total * 31 + at) % 1000003
    return total


def test_work(benchmark):
    benchmark(work)
"""


def peer(python: str, gates: int) -> dict:
    """Return how often pytest-benchmark itself calls a change a regression, and its version."""
    told = "import importlib.metadata as m; print(m.version('pytest-benchmark'))"
    version = _run([python, "-c", told]).stdout.strip()
    return {
        "version": version,
        "regressed": {
            f"{change:g}": sum(_peer_regressed(python, change) for _ in range(gates))
            for change in EFFECTS
        },
    }


def _peer_regressed(python: str, change: float) -> bool:
    """Save what the base takes, compare the head with it, and return whether that failed."""
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_work.py"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
        command += [f"--benchmark-storage=file://{folder}/kept"]
        test.write_text(PEER_TEST.format(count=COUNT), encoding="utf-8")
        saved = _run([*command, "--benchmark-save=base"], folder)
        if saved.returncode:
            raise SystemExit(f"pytest-benchmark failed: {saved.stdout}{saved.stderr}")
        test.write_text(PEER_TEST.format(count=round(COUNT * (1 + change))), encoding="utf-8")
        options = ["--benchmark-compare", "--benchmark-compare-fail=mean:5%"]
        done = _run([*command, *options], folder)
        is_regressed = "Performance has regressed" in done.stdout + done.stderr
        if done.returncode and not is_regressed:
            raise SystemExit(f"pytest-benchmark failed: {done.stdout}{done.stderr}")
        return is_regressed


def _run(command: list[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _counts(counter: str, environ: dict[str, str], folder: str) -> dict[str, list[int]]:
    return {
        f"{change:g}": [
            execute(_command(change), environ, folder, counter=counter).instructions or 0
            for _ in range(3)
        ]
        for change in EFFECTS
    }


def real_markdown(found: dict) -> str:
    """Return the table of the real gates for the docs."""
    lines = [
        "| way | figure | regressed at 0 % | at +5 % | at +10 % |",
        "|---|---|---:|---:|---:|",
    ]
    for way in WAYS:
        figure = "processor seconds" if way == "brizna gate" else "seconds"
        cells = [
            f"{found['rows'][f'{change:g}']['regressed'][way]} of {found['gates']}"
            for change in EFFECTS
        ]
        lines.append(f"| {way} | {figure} | {' | '.join(cells)} |")
    if found.get("peer"):
        name = f"pytest-benchmark {found['peer']['version']} itself, mean:5%"
        cells = [f"{found['peer']['regressed'][f'{one:g}']} of {found['gates']}" for one in EFFECTS]
        lines.append(f"| {name} | seconds | {' | '.join(cells)} |")
    if found["counts"] is not None:
        base = median(found["counts"]["0"])
        cells = [
            " … ".join(
                f"{end(found['counts'][f'{change:g}']) / base - 1:+.2%}" for end in (min, max)
            )
            for change in EFFECTS
        ]
        text = " | ".join(cells).replace("%", " %")
        lines.append(f"| three counts of each by {found['counter']} | instructions | {text} |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Simulate, or read an earlier result, and print it."""
    parser = argparse.ArgumentParser(prog="bench/gate.py", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the result in a file")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="show a kept file")
    parser.add_argument("--gates", metavar="N", type=int, default=GATES)
    parser.add_argument("--real", metavar="N", type=int, nargs="?", const=REAL_GATES)
    parser.add_argument("--peer", metavar="PYTHON", help="one that has pytest-benchmark")
    given = parser.parse_args(arguments)
    if given.read:
        results = json.loads(given.read.read_text(encoding="utf-8"))
    else:
        results = check(given.gates) | {"real": None}
    if given.real:
        results["real"] = real(given.real, given.peer)
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results))
    if results["real"] is not None:
        print(f"\n{real_markdown(results['real'])}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
