"""carbontracker: one epoch, without a prediction."""

from __future__ import annotations

from carbontracker.tracker import CarbonTracker


def start(interval_s):
    """Start a tracker and an epoch."""
    tracker = CarbonTracker(epochs=2, epochs_before_pred=0, update_interval=interval_s, verbose=0)
    tracker.epoch_start()
    return tracker


def stop(tracker):
    """End the epoch and the tracker."""
    tracker.epoch_end()
    tracker.stop()
