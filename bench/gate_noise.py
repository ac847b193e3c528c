"""Record how the cost of equal work scatters here: ``python bench/gate_noise.py --json FILE``.

Two small programs are run again and again, each time in a fresh process with the environment that a
gate gives it. For each execution: processor seconds, seconds, and how loaded the machine was. The
gate's simulations (``bench/gate.py``) draw on it. Takes a quarter of an hour on a loaded machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

SCHEMA = "bench.gate-noise/1"
WORKS = {
    "mixed": (
        "seen = {}\n"
        "for at in range(150_000):\n"
        "    key = at * 2654435761 % 65521\n"
        "    seen[key] = seen.get(key, 0.0) + at * 0.5\n"
        "text = ','.join(map(str, sorted(seen)[:20_000]))\n"
    ),
    "memory": (
        "data = bytearray(48 * 2**20)\n"
        "for _ in range(2):\n"
        "    for start in range(0, 4096, 512):\n"
        "        data[start::4096] = data[start + 64 :: 4096][::-1] + bytes(\n"
        "            len(data[start::4096]) - len(data[start + 64 :: 4096])\n"
        "        )\n"
    ),
}
"""A bit of everything; and memory beyond all caches, which others on the machine slow down most."""
EXECUTIONS = 1200
"""Of each program."""
FIXED = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}


def execute(work: str) -> tuple[float, float, float]:
    """Run a program once and return processor seconds, seconds and the load of the machine."""
    load = os.getloadavg()[0]
    start = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", work], FIXED)
    _, status, used = os.wait4(pid, 0)
    took = time.perf_counter() - start
    if status:
        raise SystemExit(f"the program ended with the status {status}")
    return round(used.ru_utime + used.ru_stime, 6), round(took, 6), round(load, 2)


def record(executions: int) -> dict:
    """Return the scatter of so many executions of each, and where they were made."""
    began = time.time()
    rows = {name: [execute(work) for _ in range(executions)] for name, work in WORKS.items()}
    return {
        "schema": SCHEMA,
        "recorded": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)),
        "machine": f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "columns": ["cpu_s", "duration_s", "load_1min"],
        "rows": rows,
    }


def main(arguments: list[str] | None = None) -> int:
    """Record, and keep it in a file."""
    parser = argparse.ArgumentParser(prog="bench/gate_noise.py", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, required=True)
    parser.add_argument("--executions", metavar="N", type=int, default=EXECUTIONS)
    given = parser.parse_args(arguments)
    found = json.dumps(record(given.executions), separators=(",", ":"))
    given.json.write_text(found.replace("],[", "],\n[") + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
