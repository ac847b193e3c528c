"""Stop and continue a command with all its processes, without their help.

What was stopped sees nothing of it but that time went by: connections may time out meanwhile.
"""

from __future__ import annotations

import os
import signal

from brizna.run._descendants import Descendants
from brizna.run._outcome import Roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ROUNDS = 8
"""Looks at a tree until nothing new is in it: one that forks faster is stopped at the next tick."""
_ENDING = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGXCPU")


class Halt:
    """Stops and continues a process and all below it.

    Attributes:
        is_stopped: Whether it was stopped and not continued since.
    """

    def __init__(
        self,
        pid: int,
        *,
        beside: Callable[[], Iterable[int]] = tuple,
        roots: Roots | None = None,
        send: Callable[[int, int], object] = os.kill,
    ) -> None:
        """Look below a process.

        Args:
            pid: The process.
            beside: Returns further processes that belong to it, such as those that left its tree.
            roots: Where the kernel shows processes, if not in the usual place.
            send: What sends a signal to a process.
        """
        self._pid = pid
        self._proc = (roots or Roots()).proc_root
        self._tree = Descendants(pid, proc_root=self._proc, with_root=True)
        self._beside = beside
        self._send = send
        self.is_stopped = False

    def stop(self) -> None:
        """Stop all; called again, also those that came since."""
        self.is_stopped = True
        stopped: set[int] = set()
        for _ in range(_ROUNDS):
            new = [pid for pid in self._all() if pid not in stopped]
            if not new:
                return
            for pid in new:
                self._signal(pid, signal.SIGSTOP)
            stopped.update(new)

    def resume(self) -> None:
        """Continue all, those below before those above."""
        self.is_stopped = False
        for pid in reversed(self._all()):
            self._signal(pid, signal.SIGCONT)

    def ask(self, number: int) -> bool:
        """Send a signal to the process alone if it waits for it; tell whether it does.

        One that neither catches nor blocks it would be ended by it, and is left alone.
        """
        if not self._mask(self._pid, b"SigCgt", b"SigBlk") & 1 << (number - 1):
            return False
        self._signal(self._pid, number)
        return True

    def is_asked_to_end(self) -> bool:
        """Tell whether a signal to end waits at one of them, which it cannot get while stopped."""
        wanted = sum(1 << (getattr(signal, name) - 1) for name in _ENDING)
        return any(self._mask(pid, b"SigPnd", b"ShdPnd") & wanted for pid in self._all())

    def _all(self) -> list[int]:
        self._tree.look_at_all()
        self._tree.look()
        return list(dict.fromkeys((*self._tree.living(), *self._beside())))

    def _mask(self, pid: int, *names: bytes) -> int:
        """Return the signals in any of these masks of a process."""
        found = 0
        for line in self._tree.read(f"{pid}/status").splitlines():
            name, _, mask = line.partition(b":")
            if name in names:
                found |= int(mask, 16)
        return found

    def _signal(self, pid: int, number: int) -> None:
        try:
            self._send(pid, number)
        except (ProcessLookupError, PermissionError):
            return  # it has ended, or runs as another user: the rest is stopped all the same
