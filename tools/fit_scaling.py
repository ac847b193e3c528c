"""Derive the priors of the scaling law: src/brizna/plan/tables/scaling.csv.

python tools/fit_scaling.py mlperf_time_to_train.csv dlperf_v100_throughput.csv \
    mlperf_energy_to_train.csv > src/brizna/plan/tables/scaling.csv

The losses and their spread are those under which the time at the largest count of each published
curve is most likely, given the curve's other points (Student's t, 3 degrees of freedom; no loss
below 0). An interval reaches as many scales as the conformal quantile of the curves' own misses.
The share of the power that falls with waiting solves ``p(n) = p (1 - k (1 - efficiency))`` for the
two jobs whose energy was published at two counts.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from math import ceil, exp, log, log1p
from statistics import fmean, stdev

import brizna.plan  # the room whose module follows
from brizna.plan._scaling import ScalingPoint, ScalingPrior, log_time

COLUMNS = "id,value,unit,basis,publisher,year,source,licence,note"
ORDER = (
    "inside",
    "crossing",
    "between",
    "inside_sd",
    "crossing_sd",
    "between_sd",
    "wander",
    "noise",
)
START = (0.03, 0.1, 0.1, *map(log, (0.1, 0.1, 0.1, 0.07, 0.03)))
"""Losses, then logarithms of standard deviations."""
FREEDOM = 3
"""Of Student's t: some curves change their batch or their parallelism between two counts."""
EARLIER = 0.1
"""Weight of a curve's other counts, each predicted from those below, against its largest."""
POWER_NOISE = 0.03
"""Assumed of one published power: the meters of the submissions state no accuracy."""
STEPS = 60


class Curve:
    """The points of one published family.

    Attributes:
        name: As the file has it.
        group: What shares a submitter and a benchmark, or a model and a framework: such curves are
            near copies of each other, and are left out together.
        points: By count, the largest last.
    """

    def __init__(self, name, group, points):
        self.name, self.group = name, group
        self.points = tuple(sorted(points, key=lambda one: one.count))


def read_curves(path):
    """Return the curves of a file of times, in its order."""
    points, groups = defaultdict(list), {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row["family"]
            points[name].append(
                ScalingPoint(
                    count=int(row["accelerators"]),
                    nodes=int(row["nodes"]),
                    duration_s=60 * float(row["minutes"]),
                )
            )
            groups[name] = _group(row)
    return [Curve(name, groups[name], every) for name, every in points.items()]


def _group(row):
    if "submitter" in row:
        return row["submitter"], row["benchmark"]
    framework = row["framework"]
    for word in (" bsz", " W/O", " w/"):
        framework = framework.partition(word)[0]
    return row["model"], framework


def read_energies(path):
    """Return the jobs with energy at two counts: name and points, with their power."""
    points = defaultdict(list)
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            duration_s = 60 * float(row["minutes"])
            points[row["benchmark"]].append(
                ScalingPoint(
                    count=int(row["accelerators"]),
                    nodes=int(row["nodes"]),
                    duration_s=duration_s,
                    power_w=1e6 * float(row["energy_nodes_MJ"]) / duration_s,
                )
            )
    every = {name: sorted(found, key=lambda one: one.count) for name, found in points.items()}
    return {name: found for name, found in every.items() if len(found) == 2}


def power_share(points):
    """Return the share of an accelerator's power that it does not draw while it waits."""
    few, many = points
    kept = (many.power_w / many.count) / (few.power_w / few.count)
    efficiency = few.duration_s * few.count / (many.duration_s * many.count)
    return (1 - kept) / (1 - efficiency)


def power_of(shares):
    """Return the power's part of a prior: the mean share, and its spread over two jobs or more."""
    spread = stdev(shares) if len(shares) > 1 else 0.15
    return {
        "power_share": fmean(shares),
        "power_share_sd": spread,
        "power_noise": POWER_NOISE,
    }


def prior_of(kind, numbers, power, reach=(1.0, 1.0)):
    """Return the prior that the numbers of a fit stand for."""
    values = dict(zip(ORDER, (*numbers[:3], *map(exp, numbers[3:])), strict=True))
    return ScalingPrior(kind=kind, **values, reach_80=reach[0], reach_90=reach[1], **power)


def reaches(curves, prior):
    """Return how many scales 80 % and 90 % of new curves lie within: conformal quantiles."""
    misses = sorted(abs(off) / scale for off, scale in (miss(curve, prior) for curve in curves))
    ranks = [min(ceil((len(misses) + 1) * share), len(misses)) for share in (0.8, 0.9)]
    return misses[ranks[0] - 1], misses[ranks[1] - 1]


def fitted(kind, curves, power, *, start=START):
    """Return the prior that curves stand for, its intervals too."""
    numbers = fit(kind, curves, start=start)
    return prior_of(kind, numbers, power, reaches(curves, prior_of(kind, numbers, power)))


def miss(curve, prior, *, known=None):
    """Return how far the law lies from the next count, in ``ln``, and its scale.

    Args:
        curve: Of which the first points are known.
        prior: What is known of all curves.
        known: How many points; all but the largest if None.
    """
    known = len(curve.points) - 1 if known is None else known
    seen, last = curve.points[:known], curve.points[known]
    mean, scale = log_time(seen, (last.count, last.nodes), prior)
    return mean - log(last.duration_s), scale


def fit(kind, curves, *, start=START, steps=STEPS):
    """Return the numbers of the prior under which the largest counts are most likely."""
    from scipy.optimize import minimize

    power = power_of([0.5])  # has no part in times

    def unlikely(numbers):
        prior = prior_of(kind, numbers, power)
        # A weak pull of the spreads to a tenth: some are hardly seen in few curves.
        total = sum((value - log(0.1)) ** 2 / 8 for value in numbers[3:])
        for curve in curves:
            for known in range(1, len(curve.points)):
                off, scale = miss(curve, prior, known=known)
                weight = 1.0 if known == len(curve.points) - 1 else EARLIER
                off_scaled = log1p((off / scale) ** 2 / FREEDOM)
                total += weight * (log(scale) + (FREEDOM + 1) / 2 * off_scaled)
        return total

    bounds = [(0, None)] * 3 + [(None, None)] * (len(ORDER) - 3)
    found = minimize(unlikely, start, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    return tuple(float(value) for value in found.x)


def main(quality, throughput, energy):
    """Print the table."""
    shares = power_of([power_share(points) for points in read_energies(energy).values()])
    print("# What published curves say of scaling: the symbols stand in plan/_scaling.py.")
    print(COLUMNS)
    for kind, path, year, source in (
        ("quality", quality, 2025, _MLPERF),
        ("throughput", throughput, 2020, _DLPERF),
    ):
        prior = fitted(kind, read_curves(path), shares)
        for name in (*ORDER, "reach_80", "reach_90"):
            _tell(f"scaling/{kind}/{name}", getattr(prior, name), year, source)
    for name, value in shares.items():
        _tell(f"scaling/power/{name}", value, 2024, _SMC)


_MLPERF = (
    "derived: time at the largest count of 51 curves of MLCommons training results v2.1 to v5.1, "
    "recomputed from their logs and not official MLPerf scores (tools/fit_scaling.py)"
)
_DLPERF = "derived: 16 curves of the DLPerf report v1.0 by OneFlow (tools/fit_scaling.py)"
_SMC = (
    "derived: resnet and unet3d at two counts, power logs of Sustainable Metal Cloud in MLCommons "
    "training results v4.0 (tools/fit_scaling.py)"
)


def _tell(key, value, year, source):
    writer = csv.writer(sys.stdout, lineterminator="\n")
    note = NOTES[key.rpartition("/")[2]]
    writer.writerow(
        [key, f"{value:.4f}", "1", "default", "brizna", year, source, "Apache-2.0", note]
    )


NOTES = {
    "inside": "loss of ln time for each doubling inside a node",
    "crossing": "loss for leaving one node",
    "between": "loss for each doubling of the nodes",
    "inside_sd": "how far curves differ in the loss inside a node",
    "crossing_sd": "how far curves differ in the loss for leaving one node",
    "between_sd": "how far curves differ in the loss between nodes",
    "wander": "standard deviation of what no loss explains, over one doubling",
    "noise": "standard deviation of one measured time",
    "reach_80": "standard deviations that a central 80 % interval reaches to each side",
    "reach_90": "standard deviations that a central 90 % interval reaches to each side",
    "power_share": "part of its power that an accelerator does not draw while it waits",
    "power_share_sd": "how far that part differs between jobs",
    "power_noise": "assumed standard deviation of one measured power",
}

if __name__ == "__main__":
    assert brizna.plan, "imported for its tables"
    main(*sys.argv[1:])
