"""Runs in a tool's own environment: ``python act.py TOOL OUTPUT ACTION [STARTER [ARGUMENTS]]``.

Writes the figures that the action yields, as JSON, to OUTPUT: tools print what they like to stdout.
ARGUMENTS are the action's, as JSON.
A tool's file ``with_TOOL.py`` offers ``start(interval_s)``, which returns something to be given to
``stop``, and where the tool has windows ``window(tracker, name)``, which opens and closes one. A
tool that starts in more than one way has other functions like ``start``; STARTER names one.
"""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import sys
import threading
import time
from pathlib import Path

UNITS_BETWEEN_LOOKS = 8


def cpu_s():
    """Return the processor time of this process, its threads and the children it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def start_stop(start, stop):
    """Construct, start and stop one tracker."""
    before = cpu_s()
    tracker = start(1.0)
    between = cpu_s()
    stop(tracker)
    return {"start_cpu_s": between - before, "stop_cpu_s": cpu_s() - between}


def idle(start, stop, *, begin, duration_s):
    """Track a main thread that sleeps, from an instant on the monotonic clock on."""
    tracker = start(1.0)
    ahead_s = begin - time.monotonic()
    if ahead_s < 0:
        sys.exit(f"ready {-ahead_s:.0f} s late: the machine is too busy")
    time.sleep(ahead_s)
    before, began = cpu_s(), time.monotonic()
    time.sleep(duration_s)
    used_s, passed_s = cpu_s() - before, time.monotonic() - began
    stop(tracker)
    return {"cpu_s": used_s, "duration_s": passed_s}


def windows(start, stop, window, *, pairs, batches, settle_s):
    """Open and close windows in batches, then wait until a tool that writes later has written.

    ``pair_cpu_s`` is what the caller pays in the median batch, ``whole_cpu_s`` what the process
    pays for a window in all.
    """
    tracker = start(1.0)
    for pair in range(pairs):
        window(tracker, f"warm up {pair}")
    each_s = []
    first = cpu_s()
    for batch in range(batches):
        before = cpu_s()
        for pair in range(pairs):
            window(tracker, f"window {batch}-{pair}")
        each_s.append((cpu_s() - before) / pairs)
    time.sleep(settle_s)
    whole_s = (cpu_s() - first) / (pairs * batches)
    stop(tracker)
    return {"pair_cpu_s": statistics.median(each_s), "whole_cpu_s": whole_s}


def unit_of_work():
    """Do what a busy program does: compute, allocate, look up."""
    squares = {number: number * number for number in range(300)}
    return sum(squares[number] % 7 for number in range(300))


def cpu_s_per_unit(duration_s):
    """Work for a while; return the processor time of this process for one unit of work."""
    units, before, end = 0, cpu_s(), time.monotonic() + duration_s
    while time.monotonic() < end:
        for _ in range(UNITS_BETWEEN_LOOKS):
            unit_of_work()
        units += UNITS_BETWEEN_LOOKS
    return (cpu_s() - before) / units


def loop(start, stop, *, segment_s, pairs):
    """Work with and without the tool in turn; return the median ratio of the pairs of segments."""
    ratios = []
    stop(start(0.1))
    cpu_s_per_unit(segment_s)
    for pair in range(pairs):
        without = cpu_s_per_unit(segment_s) if pair % 2 == 0 else None
        tracker = start(0.1)
        with_tool = cpu_s_per_unit(segment_s)
        stop(tracker)
        ratios.append(with_tool / (without or cpu_s_per_unit(segment_s)))
    return {"ratio": statistics.median(ratios)}


ACTIONS = {"start-stop": start_stop, "idle": idle, "window": windows, "loop": loop}


def main(name, output, action, starter="start", arguments="{}"):
    """Carry out one action with one tool."""
    tool = importlib.import_module(f"with_{name}")
    doors = [getattr(tool, starter), tool.stop]
    if action == "window":
        doors.append(tool.window)
    died = []
    threading.excepthook = died.append
    answer = ACTIONS[action](*doors, **json.loads(arguments))
    if died:
        sys.exit(f"a thread died: {died[0].exc_type.__name__}: {died[0].exc_value}")
    Path(output).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
