"""A signal for each write to a file of one directory, so that a mark is met by a tick at once."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class MarkWatch:
    """Asks the kernel (dnotify) to signal each write below a directory.

    Where it cannot, nothing is signalled, and what a mark needs lies on the line between two
    ticks. It must be opened while its signals are held: their default is to end the process. In a
    process with threads that do not hold them too, such as a library's, nothing is asked for.
    """

    def __init__(self, directory: str | None) -> None:
        """Watch a directory; None watches nothing."""
        self._file = -1
        self._numbers: tuple[int, ...] = ()
        if directory is None or fcntl is None or not hasattr(fcntl, "F_NOTIFY"):
            return
        if not hasattr(signal, "sigtimedwait") or not _all_hold(int(signal.SIGRTMAX)):
            return
        try:
            self._file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.fcntl(self._file, fcntl.F_SETSIG, int(signal.SIGRTMAX))
            fcntl.fcntl(self._file, fcntl.F_NOTIFY, fcntl.DN_MODIFY | fcntl.DN_MULTISHOT)
        except OSError:
            self.close()  # switched off, or a file system that cannot
            return
        # SIGIO comes instead when too many wait in the queue.
        self._numbers = (int(signal.SIGRTMAX), int(signal.SIGIO))

    def told(self, number: int, code: int | None) -> bool:
        """Return whether a signal came from this watch and not from a process."""
        return number in self._numbers and code is not None and code > 0

    def close(self) -> None:
        """Stop watching."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _all_hold(number: int, *, proc_root: str = "/proc") -> bool:
    """Return whether all threads of this process hold a signal; False where nobody can tell."""
    tasks = f"{proc_root}/self/task"
    try:
        for thread in os.listdir(tasks):
            with open(f"{tasks}/{thread}/status", "rb") as file:
                told = [line for line in file if line.startswith(b"SigBlk:")]
            if not told or not int(told[0].split()[1], 16) >> (number - 1) & 1:
                return False
    except (OSError, ValueError):  # a thread has ended, or a system without such files
        return False
    return True
