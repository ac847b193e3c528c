"""A simulated machine in place of this one: counters and cards where every tool looks for them."""

from __future__ import annotations

import bisect
import ctypes
import json
import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from overhead.processes import Unmeasured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from overhead.environments import Environment

    from over_true.rows import Row

INSIDE = Path(__file__).resolve().parent / "inside"
CLASSES = Path("/sys/class")
POWERCAP = CLASSES / "powercap"
_NEW_MOUNTS = 0x00020000
_PRIVATE, _RECURSIVE = 1 << 18, 1 << 14
_BUILD_CARDS = (
    "import sys; from pathlib import Path; from brizna.testing import build_fake_nvml; "
    "build_fake_nvml(Path(sys.argv[1]))"
)
_COMMAND = "#!/bin/sh\nexit 0\n"
"""CodeCarbon asks for cards only where the driver's own command answers."""


def hide_own_counters() -> None:
    """Give this process, and those it starts, an empty ``/sys/class/powercap`` of their own.

    Nothing changes for anybody else: the mounts are private to a name space that goes with us.

    Raises:
        Unmeasured: If the system or its rules forbid it; it takes root on Linux.
    """
    try:
        system = ctypes.CDLL(None, use_errno=True)
        _try(system.unshare(_NEW_MOUNTS))
        _try(system.mount(None, b"/", None, _PRIVATE | _RECURSIVE, None))
        if POWERCAP.is_dir():
            _try(system.mount(b"bench", bytes(POWERCAP), b"tmpfs", 0, None))
            return
        known = {one.name: _links(one) for one in CLASSES.iterdir() if one.is_dir()}
        _try(system.mount(b"bench", bytes(CLASSES), b"tmpfs", 0, None))
    except (AttributeError, OSError) as error:
        raise Unmeasured(f"simulated counters need root on Linux: {error}") from error
    for name, links in known.items():
        (CLASSES / name).mkdir()
        for link, target in links.items():
            (CLASSES / name / link).symlink_to(target)
    POWERCAP.mkdir()


def _links(folder: Path) -> dict[str, str]:
    return {one.name: os.readlink(one) for one in folder.iterdir() if one.is_symlink()}


def _try(answer: int) -> None:
    if answer:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Truth:
    """What the simulated counters' energies really were."""

    def __init__(self, row: Row, log: Path) -> None:
        """Read the log as far as it has come."""
        self._row = row
        lines = [[float(word) for word in line.split()] for line in log.read_text().splitlines()]
        whole = [line for line in lines if len(line) == 1 + len(row.zones)]
        self._times = [line[0] for line in whole]
        self._joules = [line[1:] for line in whole]

    def joules(self, kinds: Collection[str], begin: float, end: float) -> float:
        """Return what all zones of some kinds drew between two instants of the monotonic clock."""
        return sum(
            self._at(place, end) - self._at(place, begin)
            for place, zone in enumerate(self._row.zones)
            if zone.kind in kinds
        )

    def _at(self, place: int, instant: float) -> float:
        after = bisect.bisect_left(self._times, instant)
        if not 0 < after < len(self._times):
            raise Unmeasured("the simulated counters do not cover the measured block")
        t0, t1 = self._times[after - 1 : after + 1]
        low, high = (self._joules[index][place] for index in (after - 1, after))
        return low + (high - low) * (instant - t0) / (t1 - t0)


class Feeder:
    """The process that moves the counters of one row."""

    def __init__(self, process: subprocess.Popen[str], row: Row, log: Path) -> None:
        """Take the running process over."""
        self._process = process
        self._row = row
        self._log = log

    def make_trouble(self, begin: float) -> None:
        """Let the row's troubles happen in time after an instant; return when they have."""
        assert self._process.stdin is not None
        for trouble in self._row.troubles:
            time.sleep(max(0.0, begin + trouble.at_s - time.monotonic()))
            print(json.dumps([trouble.what, *trouble.labels]), file=self._process.stdin, flush=True)

    def truth(self) -> Truth:
        """Return what is known by now, a little later than everything that is asked about."""
        time.sleep(max(0.2, 3 * self._row.step_s))
        return Truth(self._row, self._log)


@contextmanager
def counters(row: Row, environment: Environment, folder: Path) -> Iterator[Feeder]:
    """Let a row's counters be there and move while the block runs.

    Args:
        row: Which zones there are.
        environment: brizna's: its fakes are used.
        folder: An empty folder for the log.
    """
    log = folder / "truth.log"
    command = [environment.python, str(INSIDE / "feed.py"), str(POWERCAP), str(log)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment.variables
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = {"zones": [asdict(zone) for zone in row.zones], "step_s": row.step_s}
        print(json.dumps(told), file=process.stdin, flush=True)
        if process.stdout.readline().strip() != "ready":
            raise Unmeasured("the simulated counters could not be set up")
        time.sleep(2 * row.step_s)
        yield Feeder(process, row, log)
    finally:
        process.communicate()
        _empty(POWERCAP)


def _empty(folder: Path) -> None:
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            _empty(one)
            one.rmdir()
        else:
            one.unlink()


def build_cards(environment: Environment, folder: Path) -> None:
    """Put the simulated driver library, and a command as it comes with it, into a folder.

    Raises:
        Unmeasured: If it cannot be compiled here.
    """
    done = subprocess.run(
        [environment.python, "-c", _BUILD_CARDS, str(folder)],
        env=environment.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unmeasured(f"no simulated cards: {done.stderr.strip().splitlines()[-1]}")
    command = folder / "nvidia-smi"
    command.write_text(_COMMAND)
    command.chmod(0o755)
