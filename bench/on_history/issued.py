"""What planning with the forecasts that were really issued keeps of the best saving there was."""

from __future__ import annotations

from datetime import timedelta

import numpy as np  # noqa: TID253 - a benchmark may load it

from brizna.plan import Trial, evaluate

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
