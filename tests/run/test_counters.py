"""One execution of a command: what it used, what a counter says, and that it ends with us."""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
from contextlib import suppress
from select import select

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.run._counters import execute, find_counter, read_callgrind, read_perf

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")

PYTHON = [sys.executable, "-I", "-S", "-c"]
ENVIRON = {"PATH": os.environ.get("PATH", os.defpath)}


def test_processor_time_is_told_of_children_too(tmp_path):
    alone = execute([*PYTHON, "pass"], ENVIRON, str(tmp_path))
    child = "import os; os.waitpid(os.spawnv(os.P_NOWAIT, '/bin/sh', ['sh', '-c', '{}']), 0)"
    loop = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    beside = execute([*PYTHON, child.format(loop)], ENVIRON, str(tmp_path))
    assert 0 < alone.cpu_s < beside.cpu_s
    assert alone.instructions is None


def test_exit_code_output_directory_and_environment_are_the_commands(tmp_path):
    output = tmp_path / "output"
    command = ["sh", "-c", "pwd; echo $ONLY; echo wrong >&2; exit 3"]
    done = execute(command, {"ONLY": "this"}, str(tmp_path), directory="/", output=str(output))
    assert done.exit_code == 3
    assert output.read_text().split() == ["/", "this", "wrong"]


def test_a_signal_is_told_as_a_shell_tells_it(tmp_path):
    assert execute(["sh", "-c", "kill -9 $$"], ENVIRON, str(tmp_path)).exit_code == 137


def test_a_program_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="no-such-program"):
        execute(["no-such-program"], ENVIRON, str(tmp_path))


def test_a_signal_in_the_midst_of_starting_ends_what_has_started(tmp_path):
    begun = str(tmp_path / "begun")
    os.mkfifo(begun)
    ends: list[int] = []

    def stop(_number, _frame):
        ends.append(os.open(begun, os.O_RDONLY))  # waits until the command runs
        os.set_blocking(ends[0], False)
        raise KeyboardInterrupt

    def interrupt(_frame, event, called):
        if event == "c_return" and called.__name__ == "fork_exec":
            sys.setprofile(None)
            signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, stop)
    sys.setprofile(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            execute(["sh", "-c", f"exec sleep 60 > {begun}"], ENVIRON, str(tmp_path))
        assert signal.getsignal(signal.SIGUSR1) is stop
        assert os.read(ends[0], 1) == b""  # nobody holds the other end any more
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGUSR1, before)
        for end in ends:
            os.close(end)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there is no pidfd_open here")
def test_a_signal_to_us_ends_the_command_with_its_children(tmp_path):
    pid_file = tmp_path / "pid"

    def stop(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        script = f"sleep 60 & echo $! > {pid_file}; sleep 0.3; kill -USR1 {os.getpid()}; wait"
        with pytest.raises(KeyboardInterrupt):
            execute(["sh", "-c", script], ENVIRON, str(tmp_path))
    finally:
        signal.signal(signal.SIGUSR1, before)
    with suppress(ProcessLookupError):  # it has been reaped already
        ended = os.pidfd_open(int(pid_file.read_text()))
        try:
            assert select([ended], [], [], 10)[0]
        finally:
            os.close(ended)


def test_perf_and_callgrind_are_read_as_they_write():
    assert read_perf(b"# started\n\n1234567,,instructions:u,880,100.00,,\n") == 1234567
    assert read_perf(b"<not supported>,,instructions:u,0,100.00,,\n") == 0
    text = b"version: 1\nevents: Ir\nfn=(1) totals\n0 12\nsummary: 60724155\n\ntotals: 60724155\n"
    assert read_callgrind(io.BytesIO(text)) == 60724155
    assert read_callgrind(io.BytesIO(b"events: Ir\n")) == 0


def test_without_counters_it_says_what_is_missing(tmp_path):
    found, why = find_counter({"PATH": str(tmp_path)}, folder=str(tmp_path))
    assert found is None
    assert "valgrind is not installed" in why


def tool(folder, name, script):
    """Put a program of a name into a folder."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_perf_that_counts_goes_first(tmp_path):
    tools, work = tmp_path / "tools", tmp_path / "work"
    tools.mkdir()
    work.mkdir()
    fake = 'while [ "$1" != -- ]; do [ "$1" = -o ] && out=$2; shift; done; shift; "$@"\n'
    tool(tools, "perf", fake + 'echo "4711,,instructions:u,1,100.00,," > "$out"')
    environ = {"PATH": f"{tools}{os.pathsep}{os.defpath}"}
    found = find_counter(environ, folder=str(work))
    assert found == ("perf", "")
    done = execute([*PYTHON, ""], environ, str(work), counter="perf")
    assert done.instructions == 4711


def test_a_counter_that_counts_nothing_is_no_zero(tmp_path):
    tool(tmp_path, "perf", "exit 0")
    environ = {"PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}
    with pytest.raises(UnavailableError, match="--by cpu"):
        execute([*PYTHON, ""], environ, str(tmp_path), counter="perf")
    found, why = find_counter({"PATH": str(tmp_path)}, folder=str(tmp_path))
    assert found is None
    assert "not to be had here" in why


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_callgrind_counts_the_same_twice_and_children_too(tmp_path):
    command = ["sh", "-c", "true"]
    one, two = (
        execute(command, ENVIRON, str(tmp_path), counter="callgrind").instructions for _ in "12"
    )
    assert one == pytest.approx(two, rel=0.005)
    child = execute(["sh", "-c", "sh -c true; true"], ENVIRON, str(tmp_path), counter="callgrind")
    assert child.instructions > 1.5 * one
