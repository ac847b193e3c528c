"""How near the forecasts of the package come, beside the issued ones and two of no effort."""

from __future__ import annotations

import numpy as np  # noqa: TID253 - a benchmark may load it

from brizna.grid import forecast

DAY = 24
LOOK_BACK = 28
OWN, ISSUED = "brizna", "CarbonCast"


def rows_of(zone, history, came, told):
    """Return the mean miss of each kind of forecast, at the instants when some were issued."""
    actual = np.array(came.values)
    before = np.array(history.values)
    hour = came.edges[1] - came.edges[0]
    found = {name: [] for name in (OWN, ISSUED, "the last value", "the same hour's mean")}
    truth, low, high = [], [], []
    for one in told:
        slot = (one.start - came.start) // hour
        truth.append(actual[slot : slot + len(one.values)])
        own = forecast(history, one.issued_at, ahead=len(one.values) * hour)
        low.append(own.quantiles[0.1])
        high.append(own.quantiles[0.9])
        now = (one.issued_at - history.start) // hour
        usual = before[now - LOOK_BACK * DAY : now].reshape(LOOK_BACK, DAY).mean(axis=0)
        found[OWN].append(own.values)
        found[ISSUED].append(one.values)
        found["the last value"].append([before[now - 1]] * len(one.values))
        found["the same hour's mean"].append(np.resize(usual, len(one.values)))
    truth = np.array(truth)
    inside = float(np.mean((truth >= np.array(low)) & (truth <= np.array(high))))
    return [
        _row(zone, name, np.array(rows), truth, inside if name == OWN else None)
        for name, rows in found.items()
    ]


def _row(zone, name, rows, truth, inside):
    missed = np.abs(rows - truth)
    share = missed / truth
    return {
        "zone": zone,
        "forecast": name,
        "by_day": [round(float(share[:, d : d + DAY].mean()), 5) for d in range(0, 96, DAY)],
        "all": round(float(share.mean()), 5),
        "mean_miss": round(float(missed.mean()), 4),
        "inside": inside if inside is None else round(inside, 4),
    }
