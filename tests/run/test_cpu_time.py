"""The processor time of a command is that of its whole tree, counted either way."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

BURN = """
import os, sys, time
def burn(seconds):
    start = time.process_time()
    while time.process_time() - start < seconds: pass
"""
MANY = (
    BURN
    + """
total = 0.0
for _ in range(500):
    pid = os.fork()
    if pid == 0:
        burn(0.001)
        os._exit(0)
    _, _, usage = os.wait4(pid, 0)
    total += usage.ru_utime + usage.ru_stime
print(total + time.process_time())
"""
)
DAEMON = (
    BURN
    + """
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        burn(0.3)
        os.write(writer, b"%d" % os.getpid())
        os._exit(0)
    os._exit(0)
os.wait()
daemon = int(os.read(reader, 20))
try:
    while True: os.kill(daemon, 0)
except ProcessLookupError:
    pass
"""
)
"""A double fork: nobody in the tree waits for the daemon, which ends before the command does."""

IGNORANT = (
    BURN
    + """
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
reader, writer = os.pipe()
if os.fork() == 0:
    burn(0.3)
    os._exit(0)
os.close(writer)
os.read(reader, 1)
"""
)
LEAVES_ONE = "import os\nif os.fork() == 0:\n    os.close(1); os.close(2); os.read(0, 1)"


def cpu_s(outcome):
    """Return the seconds of processor time of an outcome."""
    return outcome["cpu_time_us"] / 1e6


def test_five_hundred_short_children_are_counted_to_the_last(supervise, python, counting):
    run = supervise(*python(MANY), settings=counting)
    _, out, outcome = run.end()
    truth_s = float(out)
    assert 0.99 * truth_s <= cpu_s(outcome) <= 1.05 * truth_s + 0.02
    assert outcome["cpu_coverage"] == "exact"
    assert outcome["cpu_method"] == counting["method"]


def test_a_daemon_in_a_session_of_its_own_is_counted(supervise, python, counting):
    _, _, outcome = supervise(*python(DAEMON), settings=counting).end()
    assert cpu_s(outcome) >= 0.3
    assert outcome["cpu_coverage"] == "exact"
    assert outcome["left_running"] == []


def test_children_that_nobody_waits_for_make_the_count_a_lower_bound(supervise, python, counting):
    _, _, outcome = supervise(*python(IGNORANT), settings=counting).end()
    if counting["method"].startswith("cgroup"):
        assert outcome["cpu_coverage"] == "exact"
        assert cpu_s(outcome) >= 0.3
    else:
        assert outcome["cpu_coverage"] == "at-least"
        assert "SIGCHLD" in outcome["cpu_why"]


def test_a_command_that_becomes_another_is_counted_throughout(supervise, python, counting):
    program = BURN + "burn(0.2); os.execvp('sh', ['sh', '-c', 'true'])"
    _, _, outcome = supervise(*python(program), settings=counting).end()
    assert cpu_s(outcome) >= 0.2


def test_the_time_before_the_command_began_is_not_its_own(supervise, counting):
    _, _, outcome = supervise("true", settings=counting).end()
    assert 0 < cpu_s(outcome) < 0.01


def test_what_is_left_running_is_told_and_left_alone(supervise, python, counting):
    run = supervise(*python(LEAVES_ONE), settings=counting)
    outcome = run.outcome()
    (pid,) = outcome["left_running"]
    os.kill(pid, 0)
    assert outcome["exit_code"] == 0
    assert outcome["notes"] == [
        "1 process of the command still runs; what it uses from now on is not measured."
    ]
    os.kill(pid, signal.SIGKILL)


def test_time_goes_up_from_tick_to_tick_and_ends_at_the_total(supervise, python, counting):
    settings = {**counting, "interval_s": 0.02}
    _, _, outcome = supervise(*python(BURN + "burn(0.5)"), settings=settings).end()
    seen = [used for used, _ in outcome["ticks"] if used is not None]
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] == outcome["cpu_time_us"]
    assert len(seen) > (20 if counting["method"].startswith("cgroup") else 2)
    busy = [busy for _, busy in outcome["ticks"] if busy is not None]
    assert busy == sorted(busy)
    assert busy[-1] - busy[0] >= 400_000


def test_one_run_inside_another_is_counted_in_both(supervise, python, counting, tmp_path):
    inner = tmp_path / "inner.json"
    driver = str(Path(__file__).with_name("supervised.py"))
    settings = json.dumps({"cgroup_root": counting["cgroup_root"], "report": str(inner)})
    command = (sys.executable, driver, settings, *python(BURN + "burn(0.3); os._exit(5)"))
    code, _, outcome = supervise(*command, settings=counting).end()
    told = json.loads(inner.read_text())
    assert (code, told["exit_code"]) == (5, 5)
    assert told["cpu_method"] == outcome["cpu_method"] == counting["method"]
    assert 0.3 <= cpu_s(told) <= cpu_s(outcome)
