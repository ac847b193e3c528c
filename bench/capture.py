"""What it costs to record what a run happens in: processor time of fresh processes.

``python bench/capture.py [--times 9]`` captures the environment that it runs in, as ``brizna run``
does after the command has started: with an empty cache of digests, and with the one that the first
capture leaves. Each is a process of its own, whose processor time the system counts; loading
brizna's modules is counted apart. Writes ``bench/results/capture.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "capture.json"
ONE = """
import json, os, time
start = time.process_time_ns()
from brizna.environment import capture
from brizna.verbs._software import software_facts
loaded = time.process_time_ns()
asked = {"command": ["python"], "directory": os.getcwd(), "store": None}
capture(os.environ, directory=os.getcwd())
found = software_facts(os.environ, **asked)
ended = time.process_time_ns()
print(json.dumps([loaded - start, ended - loaded, found["software"]["count"]]))
"""
_NS_PER_MS = 1_000_000


def one(cache: str) -> tuple[float, float, int]:
    """Return milliseconds of loading and of capturing, and how many distributions there are."""
    environ = {**os.environ, "XDG_CACHE_HOME": cache}
    done = subprocess.run(
        [sys.executable, "-c", ONE], env=environ, capture_output=True, text=True, check=True
    )
    loading, capturing, count = json.loads(done.stdout)
    return loading / _NS_PER_MS, capturing / _NS_PER_MS, count


def measured(times: int) -> dict[str, object]:
    """Return the median milliseconds of processor time, with the least and the most."""
    samples: dict[str, list[float]] = {"loading": [], "first": [], "cached": []}
    count = 0
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="brizna-") as cache:
            _, first, count = one(cache)
            loading, cached, _ = one(cache)
        for name, value in (("loading", loading), ("first", first), ("cached", cached)):
            samples[name].append(value)
    told = {
        name: [round(value, 1) for value in (min(each), statistics.median(each), max(each))]
        for name, each in samples.items()
    }
    return {"python": sys.version.split()[0], "distributions": count, "cpu_ms": told}


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="What recording the environment costs.")
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--to", type=Path, default=RESULTS)
    given = parser.parse_args()
    found = measured(given.times)
    text = json.dumps(found, indent=1)
    print(text)
    given.to.write_text(text + "\n")


if __name__ == "__main__":
    main()
