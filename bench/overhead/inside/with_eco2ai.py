"""eco2AI, with the country given, so that it asks no server where it is."""

from __future__ import annotations

from eco2ai import Tracker


def start(interval_s):
    """Start a tracker."""
    tracker = Tracker(
        project_name="bench",
        experiment_description="overhead",
        file_name="emission.csv",
        measure_period=interval_s,
        alpha_2_code="ES",
        ignore_warnings=True,
    )
    tracker.start()
    return tracker


def stop(tracker):
    """Stop it; it writes its file now."""
    tracker.stop()
