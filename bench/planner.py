"""What planning costs: ``python bench/planner.py [--quick] [--json FILE] [--from FILE]``.

Jobs and intensities are made by a seeded generator, so that everybody plans the same. Beside
brizna stand two ways in which such planning is usually written: a loop in Python over all starts,
and one slice of prefix sums a job; both answer the same question and their answers are compared.
They are slow, so they plan a part of the jobs and their cost is scaled. All times are CPU time.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np  # noqa: TID253 - a bench may load it

from brizna.plan import Board, BulkJob, Fleet, plan_fleet

HOURS, ZONES = 8760, 100
FLEETS = (
    (2_000, 1.3, True),
    (20_000, 1.3, True),
    (2_000, 2.5, False),
    (20_000, 2.5, False),
    (1_000_000, 1.3, True),
)
"""Jobs, capacity over load, and whether they may pause."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, or show what an earlier run kept; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench/planner.py", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the jobs")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the figures")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="measure nothing")
    parser.add_argument("--markdown", action="store_true", help="print tables for the docs")
    options = parser.parse_args(arguments)
    if options.read is not None:
        results = json.loads(options.read.read_text(encoding="utf-8"))
    else:
        results = measure(10 if options.quick else 1)
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.markdown or options.json is None:
        print(markdown(results), end="")
    return 0


def measure(share: int) -> dict:
    """Return all figures; ``share`` says which part of the jobs to plan."""
    count = 10_000 // share
    rng = np.random.default_rng(7)
    values = (rng.random((ZONES, HOURS)) * 500e6).astype(np.int64)
    lengths, slacks = rng.integers(1, 48, count), rng.integers(0, 120, count)
    arrivals = rng.integers(0, HOURS - 170, count)
    bulk = []
    for can_pause in (False, True):
        jobs = [
            BulkJob(arrival=int(a), length=int(n), slack=int(s), can_pause=can_pause)
            for a, n, s in zip(arrivals, lengths, slacks, strict=True)
        ]
        bulk.append(independent(values, jobs, can_pause=can_pause))
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    fleets = [fleet(count // share, ratio, can_pause) for count, ratio, can_pause in FLEETS]
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "jobs": count,
        "zones": ZONES,
        "hours": HOURS,
        "bulk": bulk,
        "fleets": fleets,
        "memory_mb": memory_mb,
        "files": from_file_to_file(1_000_000 // share),
    }


def independent(values: np.ndarray, jobs: list[BulkJob], *, can_pause: bool) -> dict:
    """Plan independent jobs with brizna and in the usual ways."""
    begun = process_time()
    board = Board(values)
    ours = [board.place(job) for job in jobs]
    ours_s = process_time() - begun
    found = {"pausable": can_pause, "brizna_s": ours_s}
    listed = values.tolist()
    for name, way, part in (("loop", in_a_loop, 4), ("slices", by_slices, 200)):
        zones = listed if way is in_a_loop else values
        begun = process_time()
        theirs = [way(zones, job) for job in jobs[:part]]
        found[f"{name}_s"] = (process_time() - begun) * len(jobs) / part
        assert theirs == [place.cost for place in ours[:part]], f"{name} found something else"
    return found


def in_a_loop(values: list[list[int]], job: BulkJob) -> int:
    """Try all starts in Python, zone by zone; or sort the window's hours."""
    best = None
    for zone in values:
        window = zone[job.arrival : job.arrival + job.length + job.slack]
        if job.can_pause:
            costs = [sum(sorted(window)[: job.length])]
        else:
            costs = [sum(window[s : s + job.length]) for s in range(len(window) - job.length + 1)]
        least = min(costs)
        best = least if best is None else min(best, least)
    return best


def by_slices(values: np.ndarray, job: BulkJob) -> int:
    """Take prefix sums of each zone's window, or sort it, with numpy, zone by zone."""
    best = None
    for zone in values:
        window = zone[job.arrival : job.arrival + job.length + job.slack]
        if job.can_pause:
            least = int(np.sort(window)[: job.length].sum())
        else:
            sums = np.concatenate([[0], np.cumsum(window)])
            least = int((sums[job.length :] - sums[: -job.length]).min())
        best = least if best is None else min(best, least)
    return best


def jobs_of(count: int, ratio: float, *, can_pause: bool) -> tuple:
    """Return three zones of a week of hours, their capacity, and jobs that share it."""
    rng = np.random.default_rng(11)
    hours = np.arange(168)
    values = np.array(
        [
            250 + 120 * np.sin(2 * np.pi * (hours + 5 * z) / 24) + 40 * rng.random(168)
            for z in range(3)
        ]
    )
    lengths = np.minimum(rng.geometric(0.15, count), 40)
    arrivals = rng.integers(0, 120, count)
    ends = np.minimum(arrivals + lengths + rng.integers(0, 48, count), 168)
    jobs = Fleet(
        arrival=np.minimum(arrivals, ends - lengths),
        length=lengths,
        deadline=ends,
        size=np.ones(count),
        can_pause=np.full(count, can_pause),
        allowed=np.zeros(count, dtype=np.int64),
    )
    return values, np.full(values.shape, np.ceil(lengths.sum() / values.size * ratio)), jobs


def fleet(count: int, ratio: float, can_pause: bool) -> dict:
    """Plan jobs that share capacity."""
    values, capacity, jobs = jobs_of(count, ratio, can_pause=can_pause)
    begun = process_time()
    plan = plan_fleet(values, capacity, jobs)
    spent = process_time() - begun
    sums = np.append(0.0, np.cumsum(values[0]))
    now = (sums[jobs.arrival + jobs.length] - sums[jobs.arrival]).sum()
    return {
        "jobs": count,
        "ratio": ratio,
        "pausable": can_pause,
        "without": plan.without,
        "gap": plan.gap,
        "saving": 1 - plan.cost / now,
        "cpu_s": spent,
    }


def from_file_to_file(count: int) -> dict:
    """Plan jobs as a user does: a table of them in Parquet, and one as the answer."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    values, capacity, jobs = jobs_of(count, 1.3, can_pause=True)
    begin = np.datetime64("2026-01-01T00", "us")
    hour = np.timedelta64(3_600_000_000, "us")

    def instants(slots):
        return arrow.array(begin + slots * hour, arrow.timestamp("us", "UTC"))

    with TemporaryDirectory() as folder:
        table, signal, out = (
            Path(folder) / name for name in ("j.parquet", "s.parquet", "o.parquet")
        )
        columns = {
            "job": [f"job {number}" for number in range(count)],
            "zones": [""] * count,
            "arrival": instants(jobs.arrival),
            "deadline": instants(jobs.deadline),
            "length_h": jobs.length.astype(float),
            "power_w": np.full(count, 100.0),
            "pausable": ["yes"] * count,
        }
        parquet.write_table(arrow.table(columns), table)
        hours = {"utc": instants(np.arange(168)), **dict(zip("ABC", values, strict=True))}
        parquet.write_table(arrow.table(hours), signal)
        room_w = str(float(capacity[0, 0]) * 100)
        command = [sys.executable, "-m", "brizna", "plan", "--jobs", table, "--signal", signal]
        command += ["--capacity", room_w, "--out", out, "--json"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(told)
    return {
        "jobs": count,
        "without": summary["without"],
        "gap": summary["gap"],
        "cpu_s": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / 1024,
    }


def markdown(results: dict) -> str:
    """Return the tables."""
    about = (
        f"Python {results['python']}, numpy {results['numpy']}; {results['jobs']:,} jobs x "
        f"{results['zones']} zones x {results['hours']:,} hours, with which "
        f"the bench took up to {results['memory_mb']:.0f} MB."
    )
    heads = ("independent jobs", "brizna, CPU s", "prefix sums by job", "loop in Python")
    lines = [about, "", *_head(heads)]
    for row in results["bulk"]:
        kind = "may pause" if row["pausable"] else "in a row"
        slices, loop = (row[f"{name}_s"] / row["brizna_s"] for name in ("slices", "loop"))
        lines.append(f"| {kind} | {row['brizna_s']:.2f} | {slices:.0f}x | {loop:,.0f}x |")
    heads = ("jobs that share", "room / load", "without a place", "above the bound", "CPU s")
    lines += ["", *_head(heads)]
    for row in results["fleets"]:
        kind = "may pause" if row["pausable"] else "in a row"
        gap = "–" if row["gap"] is None else f"{row['gap']:.2%}"
        lines.append(
            f"| {row['jobs']:,}, {kind} | {row['ratio']} | {row['without']} | {gap} "
            f"| {row['cpu_s']:.1f} |"
        )
    row = results["files"]
    gap = "–" if row["gap"] is None else f"{row['gap']:.2%}"
    lines.append(
        f"| {row['jobs']:,}, may pause, from file to file with {row['memory_mb']:,.0f} MB | 1.3 "
        f"| {row['without']} | {gap} | {row['cpu_s']:.1f} |"
    )
    return "\n".join(lines) + "\n"


def _head(names: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---" + "|---:" * (len(names) - 1) + "|"]


if __name__ == "__main__":
    sys.exit(main())
