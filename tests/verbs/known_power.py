"""Moves simulated counters with the processor time that real processes use, from outside them.

Usage: known_power.py FOLDER IDLE_W BUSY_W. It reads lines: ``whole PID`` and ``further PID`` count
a process from its start or from now on; ``show`` answers with the joules above idle so far.
"""

from __future__ import annotations

import os
import select
import sys
import time

EVERY_S = 0.001
START_UJ = 1_000_000


class Counters:
    """The files of a package's energy, and of the busy time of the machine."""

    def __init__(self, folder: str, idle_w: float, busy_w: float) -> None:
        self.idle_w, self.busy_w = idle_w, busy_w
        self.files = [
            os.open(f"{folder}/{name}", os.O_RDWR | os.O_CREAT)
            for name in ("powercap/intel-rapl:0/energy_uj", "stat", "schedstat")
        ]
        self.begun_ns = time.monotonic_ns()
        self.before_ns: dict[int, int] = {}
        self.used_ns: dict[int, int] = {}

    def add(self, pid: int, *, whole: bool) -> None:
        self.before_ns[pid] = 0 if whole else time.clock_gettime_ns(clock_of(pid))

    def move(self) -> float:
        """Show what is true now; return the joules above idle."""
        for pid, before_ns in self.before_ns.items():
            try:
                self.used_ns[pid] = time.clock_gettime_ns(clock_of(pid)) - before_ns
            except OSError:
                continue  # it has ended: what it used stays
        used_ns = sum(self.used_ns.values())
        above_j = self.busy_w * used_ns / 1e9
        whole_j = above_j + self.idle_w * (time.monotonic_ns() - self.begun_ns) / 1e9
        texts = (
            f"{round(whole_j * 1e6) + START_UJ:020d}\n",
            "cpu  0 0 0 0 0 0 0 0 0 0\n",
            f"version 17\ncpu0 0 0 0 0 0 0 {used_ns:020d} 0 0\n",
        )
        for file, text in zip(self.files, texts, strict=True):
            os.pwrite(file, text.encode(), 0)
        return above_j


def clock_of(pid: int) -> int:
    """Return the clock of a process's processor time, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2


def main() -> None:
    counters = Counters(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
    counters.move()
    print("ready", flush=True)
    while True:
        if not select.select([0], [], [], EVERY_S)[0]:
            counters.move()
            continue
        line = os.read(0, 64).decode().split()
        if not line:
            return
        if line[0] == "show":
            print(counters.move(), flush=True)
        else:
            counters.add(int(line[1]), whole=line[0] == "whole")
            counters.move()
            print("added", flush=True)


if __name__ == "__main__":
    main()
