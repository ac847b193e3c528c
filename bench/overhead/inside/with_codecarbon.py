"""CodeCarbon, offline, as its documentation shows it; windows are its tasks."""

from __future__ import annotations

from codecarbon import OfflineEmissionsTracker


def start(interval_s):
    """Start a tracker."""
    tracker = make(interval_s)
    tracker.start()
    return tracker


def make(interval_s):
    """Make a tracker that is not started: one that is would be paused and resumed by each task."""
    return OfflineEmissionsTracker(
        country_iso_code="ESP",
        measure_power_secs=interval_s,
        log_level="error",
        allow_multiple_runs=True,
    )


def stop(tracker):
    """Stop it; it writes its file now."""
    tracker.stop()


def window(tracker, name):
    """Measure one task."""
    tracker.start_task(name)
    tracker.stop_task(name)
