"""carbontracker: an epoch around the block, an epoch for each window.

It tells facilities' overhead with the energy; that is divided out here. One figure stands for the
package and the memory.
"""

from __future__ import annotations

import re
from pathlib import Path

from carbontracker.tracker import CarbonTracker

J_PER_KWH = 3.6e6


def _make(interval_s, epochs):
    return CarbonTracker(
        epochs=epochs + 1, epochs_before_pred=0, update_interval=interval_s, log_dir="logs"
    )


def _components(tracker, name):
    thread = tracker.tracker
    return [
        part.energy_usage(thread.epoch_times) for part in thread.components if part.name == name
    ]


def track(body, interval_s, spec):
    """Track the block as an epoch."""
    tracker = _make(interval_s, 1)
    tracker.epoch_start()
    body()
    tracker.epoch_end()
    of_cards = spec.get("cards")
    kwh = _components(tracker, "gpu" if of_cards else "cpu")
    tracker.stop()
    if not kwh:
        return None
    return {"joules": kwh[0][0] * J_PER_KWH, "covers": ["gpu"] if of_cards else ["cpu", "memory"]}


def windows(body, interval_s, count):
    """Make each window an epoch."""
    tracker = _make(interval_s, count)
    for _ in range(count):
        tracker.epoch_start()
        body()
        tracker.epoch_end()
    kwh = _components(tracker, "cpu")[0]
    tracker.stop()
    return [{"joules": each * J_PER_KWH, "covers": ["cpu", "memory"]} for each in kwh]


def left():
    """Look for an energy in its logs."""
    texts = [file.read_text() for file in Path("logs").glob("*.log")]
    found = re.findall(r"Energy:\s+([0-9.]+) kWh", "\n".join(texts))
    return {"joules": float(found[-1]) * J_PER_KWH, "covers": ["cpu", "memory"]} if found else None
