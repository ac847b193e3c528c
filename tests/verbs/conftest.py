"""A machine whose energy follows the real processor time of real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from brizna.meter import Roots as MeterRoots
from brizna.meter._rapl import open_rapl
from brizna.run import Roots

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPAN_UJ = 262_143_328_850
_ASIDE = 'exec 3<&0; "$0" "$@" <&3 3<&- & exit 0'
"""Starts a command whose parent is not this process: it is no part of what is measured here."""


class KnownMachine:
    """Counters of a package and of busy time, moved by a process of their own.

    Attributes:
        busy_w: What it draws for each processor that works.
        idle_w: What it draws always.
        folder: Where its files are.
        roots: Where the kernel's processes are shown, with this machine's busy time.
    """

    busy_w, idle_w = 50.0, 20.0

    def __init__(self, folder: Path) -> None:
        """Write the files, and begin to move them."""
        self.folder = folder
        zone = folder / "powercap/intel-rapl:0"
        zone.mkdir(parents=True)
        (zone / "name").write_text("package-0\n")
        (zone / "max_energy_range_uj").write_text(f"{_SPAN_UJ}\n")
        self.roots = Roots(cgroup_root="/nonexistent", stat_file=str(folder / "stat"))
        mover = str(Path(__file__).with_name("known_power.py"))
        self._mover = subprocess.Popen(
            [
                *("sh", "-c", _ASIDE, sys.executable, "-I", "-S", mover),
                *(str(folder), str(self.idle_w), str(self.busy_w)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def meters(self) -> list:
        """Return new meters of its counters."""
        return list(open_rapl(MeterRoots(powercap=str(self.folder / "powercap")), machine="known"))

    def count(self, pid: int, *, whole: bool = False) -> None:
        """Let it draw power for a process: from now on, or for its whole life."""
        self._ask(f"{'whole' if whole else 'further'} {pid}")

    def above_j(self) -> float:
        """Return the joules above idle that it has drawn."""
        return float(self._ask("show"))

    def close(self) -> None:
        """Stop."""
        self._mover.communicate()

    def _ask(self, question: str) -> str:
        assert self._mover.stdin is not None
        self._mover.stdin.write(f"{question}\n")
        self._mover.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._mover.stdout is not None
        return self._mover.stdout.readline()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[KnownMachine]:
    """Return a machine that draws power for processes."""
    made = KnownMachine(tmp_path / "machine")
    yield made
    made.close()
