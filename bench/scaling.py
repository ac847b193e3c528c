"""Check the scaling law on published curves: ``python bench/scaling.py DIRECTORY``.

The directory holds ``mlperf_time_to_train.csv``, ``dlperf_v100_throughput.csv`` and
``mlperf_energy_to_train.csv``. The largest count of each curve is predicted from its other points,
with priors fitted without any curve of its submitter and benchmark (or model and framework). Takes
some seconds of one core, and scipy.
"""

from __future__ import annotations

import argparse
import json
import sys
from math import exp, expm1, log
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import fit_scaling as fitting  # noqa: E402 - a script, found by the line above

from brizna.plan._scaling import ScalingLaw  # noqa: E402

SCHEMA = "bench.scaling/1"
BARS = {
    "quality": ("MLPerf, all curves", 0.16),
    "quality_4": ("MLPerf, four points and more", 0.12),
    "throughput": ("DLPerf", 0.025),
    "energy": ("energy, time measured", 0.07),
}
"""What the median error may be."""
COVERAGE = (0.70, 0.90)
"""Which part of the 80 % intervals may hold what was measured."""


def main(arguments: list[str] | None = None) -> int:
    """Predict, or read an earlier result; print it; return 1 if it misses a bar."""
    parser = argparse.ArgumentParser(prog="bench/scaling.py", description=__doc__)
    parser.add_argument("directory", type=Path, nargs="?", help="where the tables are")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep everything in a file")
    parser.add_argument("--from", metavar="FILE", dest="read", type=Path, help="show a kept file")
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    given = parser.parse_args(arguments)
    if given.read is not None:
        results = json.loads(given.read.read_text(encoding="utf-8"))
    elif given.directory is not None:
        results = check(given.directory)
    else:
        parser.error("name the directory of the tables, or an earlier result with --from")
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(markdown(results) if given.markdown else text(results))
    return 0 if meets(results) else 1


def check(directory: Path) -> dict:
    """Return the error of each curve's largest count."""
    rows = {
        "quality": held_out("quality", directory / "mlperf_time_to_train.csv"),
        "throughput": held_out("throughput", directory / "dlperf_v100_throughput.csv"),
        "energy": energies(directory),
    }
    return {"schema": SCHEMA, "rows": rows, "summary": summary(rows)}


def held_out(kind: str, path: Path) -> list[dict]:
    """Return, for each curve of a file, what its largest count was predicted to take."""
    curves = fitting.read_curves(path)
    start = fitting.fit(kind, curves)
    power = fitting.power_of([0.5])
    priors = {
        group: fitting.fitted(
            kind, [one for one in curves if one.group != group], power, start=start
        )
        for group in {one.group for one in curves}
    }
    found = []
    for curve in curves:
        prior = priors[curve.group]
        off, scale = fitting.miss(curve, prior)
        last = curve.points[-1]
        found.append(
            {
                "curve": curve.name,
                "points": len(curve.points),
                "from": curve.points[-2].count,
                "to": last.count,
                "measured_s": round(last.duration_s, 4),
                "predicted_s": round(last.duration_s * exp(off), 4),
                "error": round(expm1(off), 5),
                "in_80": bool(abs(off) <= prior.reach_80 * scale),
                "in_90": bool(abs(off) <= prior.reach_90 * scale),
                "without_law": round(ideal(curve), 5),
            }
        )
    return found


def ideal(curve) -> float:
    """Return the error of taking the largest count to be as efficient as the one before it."""
    before, last = curve.points[-2:]
    return before.duration_s * before.count / (last.duration_s * last.count) - 1


def energies(directory: Path) -> list[dict]:
    """Return the error of the energy at the larger count, the share of power from the other job."""
    jobs = fitting.read_energies(directory / "mlperf_energy_to_train.csv")
    curves = fitting.read_curves(directory / "mlperf_time_to_train.csv")
    found = []
    for name, (few, many) in jobs.items():
        others = [fitting.power_share(points) for other, points in jobs.items() if other != name]
        power = fitting.power_of(others)
        prior = fitting.fitted("quality", [one for one in curves if one.group[1] != name], power)
        blind = many.replace(power_w=None)
        measured = many.power_w * many.duration_s
        errors = {}
        for how, points in (("time_measured", [few, blind]), ("time_predicted", [few])):
            energy = ScalingLaw(points, prior).energy(many.count, many.nodes)
            errors[how] = energy.best.value / measured - 1
            errors[f"{how}_in_90"] = energy.low.value <= measured <= energy.high.value
        found.append({"job": name, "from": few.count, "to": many.count, **errors})
    return found


def summary(rows: dict) -> dict:
    """Return the median errors and how many intervals hold what was measured."""
    quality, throughput = rows["quality"], rows["throughput"]
    long = [row for row in quality if row["points"] >= 4]
    told = {}
    for key, some in (("quality", quality), ("quality_4", long), ("throughput", throughput)):
        told[key] = {
            "curves": len(some),
            "median": round(median(abs(row["error"]) for row in some), 4),
            "median_log": round(median(abs(log(1 + row["error"])) for row in some), 4),
            "without_law": round(median(abs(row["without_law"]) for row in some), 4),
            "in_80": round(sum(row["in_80"] for row in some) / len(some), 3),
            "in_90": round(sum(row["in_90"] for row in some) / len(some), 3),
        }
    told["energy"] = {
        "curves": len(rows["energy"]),
        "median": round(median(abs(row["time_measured"]) for row in rows["energy"]), 4),
        "median_time_predicted": round(
            median(abs(row["time_predicted"]) for row in rows["energy"]), 4
        ),
    }
    every = [*quality, *throughput]
    told["in_80"] = round(sum(row["in_80"] for row in every) / len(every), 3)
    return told


def meets(results: dict) -> bool:
    """Tell whether every bar is met."""
    return all(_is_met(results["summary"][key], bar) for key, (_, bar) in BARS.items())


def _is_met(row: dict, bar: float) -> bool:
    """Tell whether the median error, and the coverage of intervals if any, are in bounds."""
    low, high = COVERAGE
    return row["median"] <= bar and low <= row.get("in_80", low) <= high


def markdown(results: dict) -> str:
    """Return the table of the docs."""
    lines = [
        "| | curves | median error | may be | without a law | 80 % hold it | 90 % hold it | bars |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for key, (name, bar) in BARS.items():
        row = results["summary"][key]
        cells = [name, str(row["curves"]), _percent(row["median"]), _percent(bar)]
        cells += [
            "-" if row.get(part) is None else _percent(row[part])
            for part in ("without_law", "in_80", "in_90")
        ]
        cells.append("met" if _is_met(row, bar) else "missed")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def text(results: dict) -> str:
    """Return every curve, and the table."""
    lines = [
        f"{row['error']:+8.1%}  {row['from']:>6} -> {row['to']:<6} {row['curve']}"
        for kind in ("quality", "throughput")
        for row in results["rows"][kind]
    ]
    lines += [
        f"{row['time_measured']:+8.1%}  {row['from']:>6} -> {row['to']:<6} energy of "
        f"{row['job']} ({row['time_predicted']:+.1%} if its time is predicted too)"
        for row in results["rows"]["energy"]
    ]
    return "\n".join([*lines, "", markdown(results)])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    sys.exit(main())
