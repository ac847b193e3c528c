"""Runs in a tool's own environment: ``python trial.py TOOL SPEC OUTPUT``.

SPEC says what to do, as JSON: ``way`` and what belongs to it. Writes to OUTPUT, as JSON, when the
measured block began and ended (monotonic clock) and what the tool reports of it; ``OUTPUT.begun``
holds the beginning as soon as it is known. A tool's file ``under_TOOL.py`` offers
``track(body, interval_s, spec)``, which runs ``body()`` under the tool and returns its report:
``joules`` and ``covers``, the kinds of zones that it says these are of. Where it applies there are
``windows(body, interval_s, count)``, which does that in as many windows and returns a report of
each, and ``left()``, which returns what it finds on disk of a program that was killed.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

CHILD_S = 0.3
_CHILD = (
    "import sys, time\n"
    "end = time.process_time() + float(sys.argv[1])\n"
    "while time.process_time() < end: sum(range(500))\n"
)


def used_cpu_s():
    """Return the processor time of this process and the children it waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def work_some(duration_s):
    """Be busy for two fifths of the time."""
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        until = time.process_time() + 0.02
        while time.process_time() < until:
            sum(range(500))
        time.sleep(0.03)


def work_hard(duration_s):
    """Be busy all the time."""
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        sum(range(500))


def let_children_work(duration_s):
    """Let children work, one after another."""
    end = time.monotonic() + duration_s
    while time.monotonic() < end:
        subprocess.run([sys.executable, "-I", "-S", "-c", _CHILD, str(CHILD_S)], check=True)


WORKS = {
    "sleep": time.sleep,
    "some": work_some,
    "hard": work_hard,
    "children": let_children_work,
}


def leave_the_counters_alone():
    """Run on another processor than the one that moves them, and wait for nobody else.

    Else they would stand still whenever this program runs, as no real ones do.
    """
    os.nice(-10)
    session = Path("/proc/self/autogroup")
    if session.exists():
        session.write_text("-10")
    processors = os.sched_getaffinity(0)
    if len(processors) > 1:
        os.sched_setaffinity(0, processors - {min(processors)})


class Body:
    """The measured block: works, and writes down when."""

    def __init__(self, work, duration_s, output):
        self._work = WORKS[work]
        self._duration_s = duration_s
        self._output = output
        self.spans = []

    def __call__(self):
        began, cpu_s = time.monotonic(), used_cpu_s()
        note = Path(f"{self._output}.begun")
        note.with_suffix(".new").write_text(repr(began))
        note.with_suffix(".new").rename(note)
        self._work(self._duration_s)
        self.spans.append((began, time.monotonic(), used_cpu_s() - cpu_s))

    def in_a_window(self):
        """Only work, and write down when: what is done besides would count in the window."""
        began = time.monotonic()
        self._work(self._duration_s)
        self.spans.append((began, time.monotonic()))


def main(name, spec, output):
    """Carry out one trial with one tool."""
    spec = json.loads(spec)
    tool = importlib.import_module(f"under_{name}")
    if spec["way"] == "left":
        answer = {"reports": [tool.left()]}
    else:
        body = Body(spec["work"], spec["duration_s"], output)
        if spec["way"] == "windows":
            leave_the_counters_alone()
            reports = tool.windows(body.in_a_window, spec["interval_s"], spec["windows"])
        else:
            reports = [tool.track(body, spec["interval_s"], spec)]
        answer = {"spans": body.spans, "reports": reports, "whole_cpu_s": used_cpu_s()}
    new = Path(f"{output}.new")
    new.write_text(json.dumps(answer, default=float), encoding="utf-8")
    os.replace(new, output)


if __name__ == "__main__":
    main(*sys.argv[1:])
