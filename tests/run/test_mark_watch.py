"""A write to the marks file is signalled, but never to a thread that the signal would kill."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "sigtimedwait") or sys.platform != "linux", reason="only Linux has dnotify"
)

PROGRAM = """
import os, signal, sys, threading, time
from brizna.run._mark_watch import MarkWatch
from brizna.run._signals import hold_signals

place, with_thread = sys.argv[1], sys.argv[2] == "thread"
if with_thread:
    ready = threading.Event()
    threading.Thread(target=ready.wait, daemon=True).start()
with hold_signals() as held, MarkWatch(place) as marks:
    with open(os.path.join(place, "marks"), "a") as file:
        file.write("x")
    told = False
    while (seen := held.wait(0.2)) is not None:
        told = told or marks.told(*seen)
print(told)
"""


@pytest.mark.parametrize(("threads", "told"), [("alone", "True"), ("thread", "False")])
def test_a_write_is_signalled_only_where_no_other_thread_can_be_killed(tmp_path, threads, told):
    (tmp_path / "marks").write_text("")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), threads],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == told
