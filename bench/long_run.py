"""A month at one reading a second, on a simulated clock: what its journal and its record cost.

``python bench/long_run.py [--days 30] [--windows 0]`` drives the real sampler and the real journal
with two simulated counters whose true energy is known, and prints how large the journal ever was,
what reading it back takes, and how far the energy is off. With ``--windows N`` the program opens
and closes so many windows of one name, evenly over the run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time

from brizna.core.measurement import Channel
from brizna.core.replay import JOURNAL_SCHEMA, replay
from brizna.meter import Sampler
from brizna.store import Journal, read_events
from brizna.store._journal import THIN_BEYOND
from brizna.testing import FakeClock

RANGE_UJ = 262_143_328_850
"""Where RAPL counters of many processors start again: some 45 minutes at 100 W."""
START = {
    "e": "start",
    "schema": JOURNAL_SCHEMA,
    "id": "20261122T000000Z-000000",
    "started": "2026-11-22T00:00:00Z",
    "interval_us": 1_000_000,
    "brizna": "0",
}


class Wandering:
    """A package and its memory, whose power changes every second and whose counters wrap."""

    def __init__(self) -> None:
        self.true_uj = [0, 0]
        self._second = 0

    def pass_second(self) -> None:
        """Let a second pass: powers of 60 to 160 W and 10 to 20 W that never repeat in a day."""
        self._second += 1
        self.true_uj[0] += 60_000_000 + self._second * 7_919 % 100_000_000
        self.true_uj[1] += 10_000_000 + self._second * 3_571 % 10_000_000

    def channels(self) -> list[Channel]:
        about = {"method": "rapl", "basis": "metered", "max_power_w": 200.0, "update_us": 1000}
        return [
            Channel(id="rapl/package-0", kind="cpu", **about),
            Channel(id="rapl/package-0/dram", kind="memory", **about),
        ]

    def ranges(self) -> dict[str, int]:
        return {channel.id: RANGE_UJ for channel in self.channels()}

    def unseen(self) -> dict[str, str]:
        return {}

    def read(self, t_us: int) -> list[int]:
        assert t_us >= 0
        return [uj % RANGE_UJ for uj in self.true_uj]

    def trouble(self) -> dict[str, str]:
        return {}

    def close(self) -> None:
        return


def live(
    directory: str, *, days: float, windows: int, thin_beyond: int = THIN_BEYOND
) -> dict[str, float]:
    """Let a run of so many days happen; return the largest journal and the true energy."""
    clock, device = FakeClock(), Wandering()
    seconds, largest, opened = round(days * 86_400), 0, 0

    def now_s() -> float:
        return clock.now_us() * 1e-6

    with Journal(directory, clock=now_s, thin_beyond=thin_beyond) as journal:
        journal.write(START)
        with Sampler([device], clock=clock, write=journal.add) as sampler:
            sampler.start()
            for second in range(1, seconds + 1):
                while opened * seconds < windows * second:
                    sampler.finish(sampler.begin("step"))
                    opened += 1
                clock.advance(1)
                device.pass_second()
                sampler.sample({"cpu": [second * 700_000, second * 900_000]})
                if second % 100 == 0:
                    largest = max(largest, os.path.getsize(journal.path or ""))
        journal.write({"e": "end", "state": "finished", "exit_code": 0})
        if journal.trouble:
            sys.exit(journal.trouble)
    return {"largest_bytes": largest, "true_j": sum(device.true_uj) * 1e-6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--windows", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        before_s = time.process_time()
        told = live(directory, days=asked.days, windows=asked.windows)
        lived_s = time.process_time() - before_s
        before_s = time.process_time()
        events, damaged = read_events(os.path.join(directory, "journal.jsonl"))
        run = replay(events)
        told_s = time.process_time() - before_s
    energy_j = run.measurement.energy_j.best.value
    print(f"{asked.days:g} days at 1 Hz, {asked.windows} windows")
    print(f"journal, at its largest:   {told['largest_bytes'] / 1e6:.1f} MB")
    print(f"events left, damaged:      {len(events)}, {damaged}")
    print(f"sampling and thinning:     {lived_s:.0f} CPU s, {lived_s / asked.days:.2f} a day")
    print(f"reading and replay:        {told_s:.1f} CPU s")
    print(f"record:                    {len(json.dumps(run.to_json())) / 1e6:.2f} MB")
    most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory, at most:           {most_kib / 1024:.0f} MB")
    print(f"energy / truth - 1:        {energy_j / told['true_j'] - 1:.1e}")
    gaps = sum(len(channel.gaps) for channel in run.measurement.channels)
    print(f"gaps: {gaps}; phases: {len(run.measurement.phases)}")


if __name__ == "__main__":
    main()
