"""The cheapest window, as a mean over all hours at which a job may arrive, by zone."""

from __future__ import annotations

import csv

from brizna.plan import fitting, replay, slots_of

LENGTHS_H = (1, 6, 12, 24, 48, 96, 168)
SLACKS_H = (24, 168)
FINE = 1_000_000
COLUMNS = (
    "zone",
    "length_h",
    "slack_h",
    "pausable",
    "starts",
    "sum_now_ug_per_kwh",
    "sum_best_ug_per_kwh",
    "now_g_per_kwh",
    "best_g_per_kwh",
    "saved_g_per_kwh",
)


def rows_of(zone, signal):
    """Return a row for each length, slack and kind of job."""
    values = slots_of(signal).values
    rows = []
    for length in LENGTHS_H:
        starts = fitting(values, length)
        now = int(replay(values, starts, length, 0).cost.sum())
        for slack in SLACKS_H:
            for pausable in (False, True):
                found = replay(values, starts, length, slack, can_pause=pausable)
                best = int(found.cost.sum())
                hours = len(starts) * length * FINE
                whole = (zone, length, slack, int(pausable), len(starts), now, best)
                means = (f"{sum_ / hours:.6f}" for sum_ in (now, best, now - best))
                rows.append(dict(zip(COLUMNS, (*whole, *means), strict=True)))
    return rows


def write(path, rows):
    """Write the whole table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def means(rows):
    """Return the mean over the zones of each length, slack and kind of job."""
    found = {}
    for row in rows:
        key = tuple(int(row[name]) for name in ("length_h", "slack_h", "pausable"))
        found.setdefault(key, []).append(row)
    return [
        {
            "length_h": length,
            "slack_h": slack,
            "pausable": bool(pausable),
            "zones": len(some),
            **{
                name: round(sum(float(row[name]) for row in some) / len(some), 4)
                for name in COLUMNS[-3:]
            },
        }
        for (length, slack, pausable), some in sorted(found.items())
    ]
