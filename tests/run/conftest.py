"""Commands under supervision, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = str(Path(__file__).with_name("supervised.py"))
NO_CGROUP = "/nonexistent"
PATIENCE_S = 60


class Supervised:
    """A command that runs under supervision."""

    def __init__(self, folder, command, settings, **options):
        self.folder = folder
        self.report_file = folder / "report.json"
        settings = {"cgroup_root": NO_CGROUP, "report": str(self.report_file), **settings}
        for moment in ("before", "after"):
            if settings.get(moment):
                settings[moment] = str(folder / moment)
                os.mkfifo(folder / moment)
        self.process = subprocess.Popen(
            [sys.executable, DRIVER, json.dumps(settings), *command], bufsize=0, **options
        )

    @property
    def pid(self):
        return self.process.pid

    def send(self, number):
        self.process.send_signal(number)

    def go_on(self, moment):
        """Let it go on after the moment at which it waits."""
        (self.folder / moment).write_bytes(b"")

    def end(self, *, given=None):
        """Return its exit code, what it wrote to standard output, and the outcome."""
        out, err = self.process.communicate(given, timeout=PATIENCE_S)
        assert self.report_file.exists(), f"no report; it said {err!r}"
        return self.process.returncode, out, self.outcome()

    def outcome(self):
        """Return the outcome, once it has ended."""
        self.process.wait(timeout=PATIENCE_S)
        return json.loads(self.report_file.read_text())


@pytest.fixture
def supervise(tmp_path):
    """Start commands under supervision; end those that a failed test leaves behind."""
    made = []

    def start(*command, settings=None, **options):
        folder = tmp_path / f"command{len(made)}"
        folder.mkdir()
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        made.append(Supervised(folder, command, settings or {}, **options))
        return made[-1]

    yield start
    for supervised in made:
        process = supervised.process
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def python():
    """Return the command that runs a small Python program, quickly started."""
    return lambda program, *arguments: (sys.executable, "-I", "-S", "-c", program, *arguments)


def _can_make_cgroups(cgroup_root):
    """Return whether this machine lets this user measure in a control group mounted there."""
    from brizna.run import Roots
    from brizna.run._cgroup import open_cgroup

    pid = os.fork()
    if pid == 0:
        signal.pause()
    group = open_cgroup(pid, roots=Roots(cgroup_root=cgroup_root))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if group is not None:
        group.close()
    return group is not None


def _mounts(kind, option=""):
    """Return where control groups of a kind are mounted."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [line[1] for line in lines if line[2] == kind and option in [*line[3].split(","), ""]]


_PLACES = {
    "cgroup": lambda: _mounts("cgroup2"),
    "cgroup-v1": lambda: _mounts("cgroup", "cpuacct"),
    "rusage+procfs": lambda: [NO_CGROUP],
}


@pytest.fixture(params=_PLACES, scope="session")
def counting(request):
    """Settings for each way to count processor time, with its name."""
    method = request.param
    for place in _PLACES[method]():
        if place == NO_CGROUP or _can_make_cgroups(place):
            return {"cgroup_root": place, "method": method}
    pytest.skip(f"{method}: no control group of our own can be made here")
