"""Runs a command under a Supervisor and tells what happened: what the tests here start.

Usage: supervised.py SETTINGS COMMAND [ARGUMENT ...]

SETTINGS is a JSON object, see `main`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from brizna.run import Pace, Roots, Supervisor
from brizna.run._signals import CaughtSignals


def wait_at(fifo):
    """Say "here" and wait until someone opens and closes a named pipe."""
    if fifo:
        os.write(2, b"here\n")
        Path(fifo).read_bytes()


def main():
    settings = json.loads(sys.argv[1])
    ticks = []
    times_s = []
    started = []

    def tick(cpu):
        ticks.append(cpu)
        times_s.append(time.monotonic())
        time.sleep(settings.get("tick_s", 0.0))
        if settings.get("announce"):
            os.write(2, b"tick\n")
        if settings.get("trouble"):
            raise OSError(28, "No space left on device")

    def on_start(pid):
        started.append(pid)
        if settings.get("trouble"):
            raise RuntimeError("Nothing works today.")

    def later():
        started.append(len(ticks))
        if settings.get("announce_later"):
            os.write(2, b"later\n")

    supervisor = Supervisor(roots=Roots(cgroup_root=settings["cgroup_root"]))
    if settings.get("caught"):  # as where there is no sigtimedwait
        supervisor._signals = CaughtSignals()
    with supervisor:
        wait_at(settings.get("before"))
        outcome = supervisor.run(
            sys.argv[2:],
            environ=os.environ,
            tick=tick,
            on_start=on_start,
            later=later if "announce_later" in settings else None,
            pace=Pace(
                interval_s=settings.get("interval_s", 60.0),
                mark_directory=settings.get("mark_directory"),
            ),
        )
        wait_at(settings.get("after"))
        told = {**outcome.to_json(), "ticks": ticks, "times_s": times_s, "on_start": started}
        Path(settings["report"]).write_text(json.dumps(told), encoding="utf-8")
        os._exit(outcome.exit_code)


if __name__ == "__main__":
    main()
