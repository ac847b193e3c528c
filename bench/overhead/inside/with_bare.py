"""No tool: a thread that wakes up at each interval and does nothing."""

from __future__ import annotations

import threading


def start(interval_s):
    """Start the thread."""
    leave = threading.Event()

    def wake_up():
        while not leave.wait(interval_s):
            continue

    thread = threading.Thread(target=wake_up)
    thread.start()
    return leave, thread


def stop(tracker):
    """End the thread."""
    leave, thread = tracker
    leave.set()
    thread.join()
