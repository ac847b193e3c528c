"""How much of the processor time of short-lived processes each way of counting sees.

``python bench/short_lived.py [--processes 10000]`` lets one program start processes that live for
half a millisecond, one after the other, and prints for each way what it counted over what the
program's own ``wait4`` says. A way that this machine does not allow is named with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from brizna.run import Block, Roots, watch

ROOT = Path(__file__).resolve().parent.parent
DRIVER = ROOT / "tests" / "run" / "supervised.py"
NOWHERE = "/nonexistent"
PROGRAM = """
import os, sys, time
def burn(seconds):
    begun = time.process_time()
    while time.process_time() - begun < seconds: pass
total = 0.0
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        burn(0.0005)
        os._exit(0)
    usage = os.wait4(pid, 0)[2]
    total += usage.ru_utime + usage.ru_stime
print(total + time.process_time(), flush=True)
sys.stdin.readline()
"""


def program(processes: int) -> list[str]:
    """Return the command that starts so many processes."""
    return [sys.executable, "-I", "-S", "-c", PROGRAM, str(processes)]


def mounts(kind: str, option: str = "rw") -> str:
    """Return where control groups of a kind are mounted; a place without any if nowhere."""
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, point, found, options, *_ = line.split()
        if found == kind and option in options.split(","):
            return point
    return NOWHERE


def under_run(cgroup_root: str, processes: int) -> tuple[str, float]:
    """Return how `brizna run` counted, and which share it saw."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        settings = {"cgroup_root": cgroup_root, "interval_s": 1.0, "report": str(report)}
        done = subprocess.run(
            [sys.executable, str(DRIVER), json.dumps(settings), *program(processes)],
            input=b"\n",
            capture_output=True,
            check=True,
        )
        told = json.loads(report.read_text(encoding="utf-8"))
    return told["cpu_method"], told["cpu_time_us"] / 1e6 / float(done.stdout)


def under_watch(processes: int) -> tuple[str, float]:
    """Return how ``--watch pid:`` counted, and which share it saw."""
    pipe = subprocess.PIPE
    with subprocess.Popen(program(processes), stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None, "it is a pipe"
        truth_s = float(process.stdout.readline())
        user = watch(f"pid:{process.pid}", roots=Roots())
        used_us = user.used_us(at_any_cost=True) or 0
        process.communicate("\n")
    return f"{user.method} (--watch pid:)", used_us / 1e6 / truth_s


def under_measure(processes: int) -> tuple[str, float]:
    """Return how a measured block counted, and which share it saw."""
    block, before_s = Block(), sum(os.times()[:2])
    done = subprocess.run(program(processes), input=b"\n", capture_output=True, check=True)
    own_s = sum(os.times()[:2]) - before_s
    return "process (measure)", block.close() / 1e6 / (float(done.stdout) + own_s)


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=10_000)
    processes = parser.parse_args().processes
    asked = {"cgroup": mounts("cgroup2"), "cgroup-v1": mounts("cgroup", "cpuacct")}
    for name, place in {**asked, "rusage+procfs": NOWHERE}.items():
        method, share = under_run(place, processes)
        if method == name:
            print(f"{name:24} {share:.4f}")
        else:
            print(f"{name:24} not here: no such control group may be made")
    for way in (under_watch, under_measure):
        method, share = way(processes)
        print(f"{method:24} {share:.4f}")


if __name__ == "__main__":
    main()
