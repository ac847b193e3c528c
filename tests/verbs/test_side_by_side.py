"""Real processes on one machine, whose counter is idle power plus so much for each busy second."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

IDLE_W, PER_CPU_W = 20.0, 15.0
JOB = f"""
import json, sys, time
import brizna
from brizna.core.measurement import Channel

class Counter:
    def channels(self):
        fields = {{"kind": "cpu", "method": "rapl", "basis": "metered", "idle_w": {IDLE_W}}}
        return (Channel(id="fake/package-0", **fields),)
    def ranges(self): return {{}}
    def unseen(self): return {{}}
    def trouble(self): return {{}}
    def close(self): pass
    def read(self, t_us):
        with open("/proc/stat") as file:
            ticks = file.readline().split()
        busy_us = sum(int(ticks[field]) for field in (1, 2, 3, 6, 7)) * 10_000
        awake_us = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
        return (round({IDLE_W} * awake_us + {PER_CPU_W} * busy_us),)

work_s = float(sys.argv[1])
with brizna.measure("job", meters=[Counter()], store=sys.argv[2], interval=0.2) as m:
    while time.process_time() < work_s:
        sum(range(10_000))
told = m.run.measurement.attribution
print(json.dumps({{
    "parts_j": [user.above_idle_j.best.value for user in told.users],
    "cpu_s": told.users[0].cpu_time_s,
    "machine_j": told.above_idle_j.best.value,
}}))
"""


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the counter is made of /proc/stat")
def test_each_gets_above_idle_what_its_processor_time_cost(tmp_path):
    """No lock, no double count: idle + k x processor time comes apart as k x each one's time."""
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", JOB, str(work_s), str(tmp_path / "store")],
            stdout=subprocess.PIPE,
            text=True,
        )
        for work_s in (0.7, 1.0, 1.3)
    ]
    told = [json.loads(job.communicate(timeout=60)[0]) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0, 0]
    for one in told:
        assert sum(one["parts_j"]) == pytest.approx(one["machine_j"], rel=1e-9)
        assert one["parts_j"][0] == pytest.approx(PER_CPU_W * one["cpu_s"], rel=0.05)
    own_j = sum(one["parts_j"][0] for one in told)
    assert own_j == pytest.approx(PER_CPU_W * sum(one["cpu_s"] for one in told), rel=0.02)
