"""What planning with the forecasts that were really issued keeps of the best saving there was."""

from __future__ import annotations

from datetime import timedelta

import numpy as np  # noqa: TID253 - a benchmark may load it

from brizna.plan import BulkJob, Trial, evaluate, follow, slots_of
from brizna.plan._evaluation import _issue

HOUR = timedelta(hours=1)
WINDOW_H = 96
LENGTHS_H = (6, 24, 48)
SEED = 2021


def rows_of(zone, came, forecasts):
    """Return how each policy did on jobs that arrive with each forecast and have four days."""
    rows = []
    for length in LENGTHS_H:
        trial = Trial(length=length * HOUR, slack=(WINDOW_H - length) * HOUR, every=None)
        rng = np.random.default_rng(SEED)
        for score in evaluate(came, trial, rng=rng, forecasts=forecasts):
            kept = {name: getattr(score, name) for name in score._fields}
            numbers = {k: round(v, 6) if isinstance(v, float) else v for k, v in kept.items()}
            rows.append({"zone": zone, "length_h": length, **numbers})
    return rows


def overall(zone, came, forecasts):
    """Return what planning anew gains over planning once on one grid, over all lengths and kinds.

    Each job counts as much as the other. Whole weeks are drawn anew for the interval.
    """
    slots = slots_of(came)
    issues = sorted((_issue(one, came, slots) for one in forecasts), key=lambda one: one.slot)
    arrivals = [one.slot for one in issues if one.slot + WINDOW_H <= len(slots.values)]
    gains = np.zeros(len(arrivals))
    for length in LENGTHS_H:
        now = np.array([slots.values[a : a + length].sum() for a in arrivals]).mean()
        for can_pause in (False, True):
            for place, arrival in enumerate(arrivals):
                job = BulkJob(
                    arrival=arrival, length=length, slack=WINDOW_H - length, can_pause=can_pause
                )
                once, anew = (
                    slots.values[list(follow(issues, job, replans=replans))].sum()
                    for replans in (False, True)
                )
                gains[place] += (once - anew) / now
    gains /= 2 * len(LENGTHS_H)
    weeks = np.arange(len(gains)) // 7
    sums, jobs = np.bincount(weeks, gains), np.bincount(weeks)
    drawn = np.random.default_rng(SEED).integers(0, len(sums), (1000, len(sums)))
    low, high = np.percentile(sums[drawn].sum(axis=1) / jobs[drawn].sum(axis=1), [2.5, 97.5])
    numbers = {"gain": gains.mean(), "gain_low": low, "gain_high": high}
    return {"zone": zone, **{name: round(float(value), 6) for name, value in numbers.items()}}
