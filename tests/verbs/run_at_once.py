"""``brizna run`` on a known machine: what the tests here start several of at once.

Usage: run_at_once.py FOLDER NAME COMMAND [ARGUMENT ...]; FOLDER is the machine's.
"""

from __future__ import annotations

import os
import sys

from brizna.meter import Roots as MeterRoots
from brizna.meter._rapl import open_rapl
from brizna.run import Roots, Supervisor
from brizna.verbs import _run
from brizna.verbs._recorder import Job, Recorder
from brizna.verbs._settings import read_settings


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
        ticks = _run._Ticks(recorder, supervisor, [])
        finished = _run._supervise(supervisor, recorder, ticks, os.environ)
    sys.exit(finished.outcome.exit_code or bool(finished.trouble))


if __name__ == "__main__":
    main()
