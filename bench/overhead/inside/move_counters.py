"""Moves a simulated package and DRAM: ``python move_counters.py FOLDER``, until stdin closes.

It runs in brizna's environment, but in a process whose time counts for no tool.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from select import select

from brizna.testing import FakeClock, FakePowercap, FakeZone

STEP_S = 0.05


def main(folder):
    """Write the tree, say so, and move it with the time."""
    clock = FakeClock()
    FakePowercap(
        Path(folder),
        clock,
        [
            FakeZone(label="intel-rapl:0", name="package-0", power_w=100),
            FakeZone(label="intel-rapl:0:2", name="dram", power_w=20),
        ],
    )
    print("ready", flush=True)
    before = time.monotonic()
    while not select([sys.stdin], [], [], STEP_S)[0]:
        now = time.monotonic()
        clock.advance(now - before)
        before = now


if __name__ == "__main__":
    main(sys.argv[1])
