"""How long the processors of the whole machine have worked."""

from __future__ import annotations

import os
import time

from brizna.run._allowance import Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from brizna.run._outcome import Roots

_SHARE = 2e-5
"""Of one processor. A read takes 60 µs on a small machine with cold caches, more on a large one."""
_BUSY_FIELDS = (1, 2, 3, 6, 7)
"""user, nice, system, irq, softirq of proc_stat(5); guests are in user, steal is not ours."""


class MachineTime:
    """Reads the busy time of all processors; on a large machine less often, as that is dearer."""

    def __init__(self, roots: Roots) -> None:
        """Open the kernel's statistics, where there are any."""
        self._allowance = Allowance(_SHARE)
        self._tick_us = 0
        self._file = -1
        try:
            self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK")
            self._file = os.open(f"{roots.proc_root}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except (AttributeError, OSError, ValueError):
            return  # a system without procfs: unknown

    def busy_us(self, *, at_any_cost: bool = False) -> int | None:
        """Return microseconds since the machine started, summed over its processors.

        None where that is unknown, or would cost too much just now.
        """
        if self._file < 0 or not (at_any_cost or self._allowance.permits()):
            return None
        begun = time.process_time()
        try:
            fields = os.pread(self._file, 512, 0).split(b"\n", 1)[0].split()
        except OSError:
            return None
        self._allowance.spend(time.process_time() - begun)
        return sum(int(fields[field]) for field in _BUSY_FIELDS) * self._tick_us

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
