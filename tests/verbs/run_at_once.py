"""``brizna run`` on a known machine: what the tests here start several of at once.

Usage: run_at_once.py FOLDER NAME COMMAND [ARGUMENT ...]; FOLDER is the machine's. `measure_itself`
is what a process does that multiprocessing starts.
"""

from __future__ import annotations

import os
import sys
import time
from hashlib import sha256

import brizna
from brizna.meter import Roots as MeterRoots
from brizna.meter._rapl import open_rapl
from brizna.run import Roots, Supervisor
from brizna.verbs import _run
from brizna.verbs._recorder import Job, Recorder
from brizna.verbs._settings import read_settings


def burn(seconds: float) -> None:
    """Use processor time in this thread, and leave the interpreter to the others."""
    block = bytes(200_000)
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        sha256(block)


def measure_itself(folder: str, name: str, seconds: float, parent) -> None:
    """Measure a block that works for so long, in step with a parent: ready, begin, end."""
    made = brizna.measure(
        name, meters=open_rapl(MeterRoots(powercap=f"{folder}/powercap"), machine="known")
    )
    made._roots = Roots(cgroup_root="/nonexistent", stat_file=f"{folder}/stat")
    parent.send("ready")
    parent.recv()
    with made:
        burn(seconds)
    parent.send("measured")
    parent.recv()


def main() -> None:
    folder, name, *command = sys.argv[1:]
    settings = read_settings({}, environ=os.environ, directory=os.getcwd())
    cgroup_root = os.environ.get("TEST_CGROUP_ROOT", "/nonexistent")
    roots = Roots(cgroup_root=cgroup_root, stat_file=f"{folder}/stat")
    meters = open_rapl(MeterRoots(powercap=f"{folder}/powercap"), machine="known")
    with Supervisor(roots=roots) as supervisor:
        recorder = Recorder(
            Job(name=name, command=command),
            settings,
            environ=os.environ,
            directory=os.getcwd(),
            meters=meters,
        )
        ticks = _run._Ticks(recorder, supervisor, [], None, environ=os.environ)
        finished = _run._supervise(supervisor, recorder, ticks, os.environ)
    sys.exit(finished.outcome.exit_code or bool(finished.trouble))


if __name__ == "__main__":
    main()
