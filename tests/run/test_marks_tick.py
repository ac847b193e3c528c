"""A mark makes a tick at once, where the system tells of writes."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from brizna.run._mark_watch import MarkWatch
from brizna.run._signals import hold_signals

MARK = """
import os, sys
for line in sys.stdin:
    file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line.encode())
    os.close(file)
"""


STORM = """
import os, sys, time
end = time.monotonic() + 0.3
while time.monotonic() < end:
    file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, b"a mark")
    os.close(file)
"""
SWITCH = Path("/proc/sys/fs/dir-notify-enable")
needs_dnotify = pytest.mark.skipif(
    not SWITCH.exists() or SWITCH.read_text().strip() != "1", reason="no dnotify on this machine"
)


@needs_dnotify
def test_a_mark_makes_a_tick_at_once(supervise, python, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    run = supervise(
        *python(MARK, str(marks / "marks.jsonl")),
        settings={"mark_directory": str(marks), "announce": True, "interval_s": 3600},
    )
    assert run.process.stderr.readline() == b"tick\n"  # just before the start
    for _ in range(3):
        os.write(run.process.stdin.fileno(), b"a mark\n")
        assert run.process.stderr.readline() == b"tick\n"
    _, _, outcome = run.end()
    assert len(outcome["ticks"]) == 5
    assert outcome["forwarded"] == []


@needs_dnotify
def test_a_storm_of_marks_costs_a_bounded_share(supervise, python, tmp_path):
    marks = tmp_path / "marks"
    marks.mkdir()
    run = supervise(
        *python(STORM, str(marks / "marks.jsonl")),
        settings={"mark_directory": str(marks), "interval_s": 3600, "tick_s": 0.001},
    )
    _, _, outcome = run.end()
    assert outcome["exit_code"] == 0
    at_marks_s = outcome["times_s"][1:-1]
    assert len(at_marks_s) >= 2
    assert all(later - earlier >= 0.005 for earlier, later in pairwise(at_marks_s))


@pytest.mark.parametrize("directory", [None, "/nonexistent/marks"])
def test_nothing_to_watch_is_no_trouble(directory):
    with hold_signals(), MarkWatch(directory) as watch:
        assert not watch.told(64, 3)


def test_a_signal_that_a_process_sent_is_no_mark(tmp_path):
    with hold_signals(), MarkWatch(str(tmp_path)) as watch:
        assert not watch.told(64, 0)
        assert not watch.told(64, -1)
        assert not watch.told(10, 3)
