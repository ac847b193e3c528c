"""CodeCarbon: a tracker around the block, tasks for windows; its processors' energy.

Its memory figure is a guess from a number of modules even where a counter can be read, so only the
processors' figure is taken, and the cards' where there are some.
"""

from __future__ import annotations

import csv
from pathlib import Path

from codecarbon import OfflineEmissionsTracker

J_PER_KWH = 3.6e6


def _make(interval_s, mode="machine"):
    return OfflineEmissionsTracker(
        country_iso_code="ESP",
        measure_power_secs=interval_s,
        tracking_mode=mode,
        log_level="warning",
        allow_multiple_runs=True,
    )


def _report(data, *, of_cards):
    if of_cards:
        return {"joules": data.gpu_energy * J_PER_KWH, "covers": ["gpu"]}
    return {"joules": data.cpu_energy * J_PER_KWH, "covers": ["cpu"]}


def track(body, interval_s, spec):
    """Track the block; only its own process where it is one of many."""
    tracker = _make(interval_s, "process" if spec.get("own_process") else "machine")
    tracker.start()
    body()
    tracker.stop()
    return _report(tracker.final_emissions_data, of_cards=spec.get("cards"))


def windows(body, interval_s, count):
    """Make each window a task."""
    tracker = _make(interval_s)
    reports = []
    for number in range(count):
        tracker.start_task(f"window {number}")
        body()
        reports.append(_report(tracker.stop_task(f"window {number}"), of_cards=False))
    tracker.stop()
    return reports


def left():
    """Read its file, if it wrote one."""
    for file in Path().glob("emissions*.csv"):
        with file.open(newline="") as lines:
            joules = sum(float(line["cpu_energy"]) * J_PER_KWH for line in csv.DictReader(lines))
        return {"joules": joules, "covers": ["cpu"]}
    return None
