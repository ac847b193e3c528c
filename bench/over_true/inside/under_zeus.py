"""Zeus: a window around the block. It has no figure for processors without counters.

Nothing runs on the cards, so that there is nothing to wait for at the edges of a window.
"""

from __future__ import annotations

from pathlib import Path

from zeus.monitor import ZeusMonitor


def _report(measured, *, of_cards):
    if of_cards:
        return {"joules": measured.total_energy, "covers": ["gpu"]}
    if measured.cpu_energy is None:
        return None
    memory = measured.dram_energy or {}
    joules = sum(measured.cpu_energy.values()) + sum(memory.values())
    return {"joules": joules, "covers": ["cpu", "memory"]}


def track(body, interval_s, spec):
    """Track the block."""
    del interval_s
    monitor = ZeusMonitor(log_file="zeus.csv")
    monitor.begin_window("all", sync_execution=False)
    body()
    measured = monitor.end_window("all", sync_execution=False)
    return _report(measured, of_cards=spec.get("cards"))


def windows(body, interval_s, count):
    """Open and close windows."""
    del interval_s
    monitor = ZeusMonitor()
    reports = []
    for number in range(count):
        monitor.begin_window(f"window {number}", sync_execution=False)
        body()
        measured = monitor.end_window(f"window {number}", sync_execution=False)
        reports.append(_report(measured, of_cards=False))
    return reports


def left():
    """Read its log; a window gets its line when it closes, of the cards alone."""
    file = Path("zeus.csv")
    has_lines = file.exists() and len(file.read_text().splitlines()) > 1
    return {"joules": None, "covers": ["gpu"]} if has_lines else None
