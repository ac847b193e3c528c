"""Moves simulated counters in real time: ``python feed.py FOLDER LOG``, told what on stdin.

The first line is the row's zones as JSON; each later one is a trouble, ``[what, label, ...]``. The
log gets a line each time the counters move: the monotonic clock in seconds, then the true energy of
each zone in joules. It runs in brizna's environment, but in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from select import select

from brizna.testing import FakeClock, FakePowercap, FakeZone

SPAN_UJ = 262_143_328_850
LEAST_UJ = 5_000_000
_BUSY_FIELDS = (1, 2, 3, 6, 7)
"""user, nice, system, irq, softirq of proc_stat(5)."""


def busy_s():
    """Return how long the processors of this machine have worked, all told."""
    with open("/proc/stat", "rb") as file:
        fields = file.readline().split()
    return sum(int(fields[field]) for field in _BUSY_FIELDS) / os.sysconf("SC_CLK_TCK")


def zone_of(zone):
    """Make a simulated zone of a row's."""
    span_uj = zone["span_s"] and round(zone["span_s"] * zone["power_w"] * 1e6)
    return FakeZone(
        label=zone["label"],
        name=zone["name"],
        power_w=zone["power_w"],
        start_uj=LEAST_UJ if span_uj else SPAN_UJ // 3,
        span_uj=span_uj or SPAN_UJ,
    )


def link(class_folder):
    """Show the zones side by side in the class folder too, as the kernel does."""
    for folder in sorted(class_folder.glob("intel-rapl/**/intel-rapl:*")):
        (class_folder / folder.name).symlink_to(folder.relative_to(class_folder))
    for driver in class_folder.glob("intel-rapl"):
        (driver / "subsystem").symlink_to(class_folder)


def wait_for_nobody():
    """Go before all ordinary programs, on one processor: real counters wait for nobody."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def main(folder, log):
    """Write the tree, say so, and move it with the time until stdin closes."""
    told = json.loads(sys.stdin.readline())
    wait_for_nobody()
    clock, zones = FakeClock(), told["zones"]
    tree = FakePowercap(Path(folder), clock, [zone_of(zone) for zone in zones], is_flat=False)
    link(Path(folder))
    loads = [zone for zone in zones if zone["busy_w"]]
    print("ready", flush=True)
    before, busy = time.monotonic(), busy_s()
    with open(log, "w", encoding="ascii", buffering=1) as notes:
        while True:
            shown = " ".join(f"{tree.true_j(zone['label']):.6f}" for zone in zones)
            notes.write(f"{before:.6f} {shown}\n")
            if select([sys.stdin], [], [], told["step_s"])[0]:
                line = sys.stdin.readline()
                if not line:
                    return
                what, *labels = json.loads(line)
                for label in labels:
                    getattr(tree, what)(label)
            now = time.monotonic()
            if loads:
                now_busy = busy_s()
                cpus, busy = (now_busy - busy) / (now - before), now_busy
                for zone in loads:
                    tree.draw(zone["label"], zone["power_w"] + zone["busy_w"] * cpus)
            clock.advance(now - before)
            before = now


if __name__ == "__main__":
    main(*sys.argv[1:])
