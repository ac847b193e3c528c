"""Signals: held back while a command runs, then told one by one.

`HeldSignals` blocks them and asks the kernel for the next one together with who sent it.
`CaughtSignals` serves systems whose Python lacks ``sigtimedwait`` (macOS); there the sender is
unknown. Both leave to the system what belongs to job control (stop, continue), what is ignored by
default, and faults of our own.
"""

from __future__ import annotations

import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Self

    Arrival = tuple[int, int | None]
    """Number of a signal; the kernel's code for its origin, None where the system hides it."""

_LEFT_TO_THE_SYSTEM = (
    *("SIGKILL", "SIGSTOP", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH", "SIGURG"),
    *("SIGINFO", "SIGPIPE", "SIGXFSZ"),
    *("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS", "SIGEMT"),
)


def held_signals() -> frozenset[int]:
    """Return the numbers of the signals that are held while a command runs."""
    left = {getattr(signal, name, None) for name in _LEFT_TO_THE_SYSTEM}
    return frozenset(int(number) for number in signal.valid_signals() if number not in left)


class Dispositions:
    """What this process did about signals before it held them; a child undoes it.

    Attributes:
        ignored: Numbers of the signals that were ignored: these would outlast exec.
        caught: Numbers of those that had a handler: these would act until exec.
    """

    __slots__ = ("caught", "ignored")

    def __init__(self) -> None:
        """Look at each signal."""
        ignored: set[int] = set()
        caught: set[int] = set()
        for number in signal.valid_signals():
            handler = signal.getsignal(number)
            if handler is signal.SIG_IGN:
                ignored.add(int(number))
            elif handler is not signal.SIG_DFL and handler is not None:
                caught.add(int(number))
        self.ignored = frozenset(ignored)
        self.caught = frozenset(caught)


class HeldSignals:
    """Within its ``with``, no signal ends this process but SIGKILL; each one is told by `wait`.

    What arrived but was not asked for until the end is dropped there: whoever sent it wanted the
    command to end, and it has.
    """

    def __init__(self) -> None:
        self._held = held_signals()
        self._mask: set[int] = set()
        self.before = Dispositions()

    def __enter__(self) -> Self:
        self._mask = {int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, self._held)}
        if signal.SIGCHLD in self.before.ignored:
            # Otherwise the kernel would throw away how the command ended.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        return self

    def __exit__(self, *_: object) -> None:
        while self.wait(0.0) is not None:
            continue
        if signal.SIGCHLD in self.before.ignored:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def wait(self, timeout_s: float) -> Arrival | None:
        """Return the next signal, or None after so many seconds without one.

        Python itself returns memory that nothing was written to where this process was stopped,
        and continued only after the time was up (its loop gives up on EINTR without saying so):
        what was not asked for, or has no code that exists, is no signal.
        """
        seen = signal.sigtimedwait(self._held, max(0.0, timeout_s))
        if seen is None or seen.si_signo not in self._held or not _is_code(seen.si_code):
            return None
        return seen.si_signo, seen.si_code

    def pending(self) -> frozenset[int]:
        """Return the signals that have arrived and were not told yet."""
        return frozenset(int(number) for number in signal.sigpending())


def _is_code(code: int) -> bool:
    """Return whether the kernel gives signals this code: sigaction(2), ``si_code``."""
    return -60 <= code <= 0x80


class CaughtSignals:
    """As `HeldSignals`, by handlers and a pipe that Python's signal module writes into."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] = (-1, -1)
        self._wakeup = -1
        self._handlers: dict[int, Any] = {}
        self._waiting: list[int] = []
        self.before = Dispositions()

    def __enter__(self) -> Self:
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, False)
        self._wakeup = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        for number in held_signals():
            self._handlers[number] = signal.signal(number, _go_on)
        self.before.caught |= held_signals()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(self._wakeup)
        for end in self._pipe:
            os.close(end)

    def wait(self, timeout_s: float) -> Arrival | None:
        """Return the next signal, or None after so many seconds without one."""
        if not self._waiting:
            self._collect(timeout_s)
        return (self._waiting.pop(0), None) if self._waiting else None

    def pending(self) -> frozenset[int]:
        """Return the signals that have arrived and were not told yet."""
        self._collect(0.0)
        return frozenset(self._waiting)

    def _collect(self, timeout_s: float) -> None:
        ready, _, _ = select.select([self._pipe[0]], [], [], max(0.0, timeout_s))
        if ready:
            # As the kernel does, keep one of each that waits.
            self._waiting = list(dict.fromkeys([*self._waiting, *os.read(self._pipe[0], 4096)]))


class ConsoleSignals:
    """On Windows: Ctrl-C and Ctrl-Break, which the console sends to the command too, do nothing."""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self.before = Dispositions()

    def __enter__(self) -> Self:
        for name in ("SIGINT", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None:
                self._handlers[number] = signal.signal(number, _go_on)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def wait(self, timeout_s: float) -> Arrival | None:
        """Wait in vain: the console tells nobody but the handlers."""
        time.sleep(max(0.0, timeout_s))

    def pending(self) -> frozenset[int]:
        """Return nothing: nothing is kept."""
        return frozenset()


def hold_signals() -> HeldSignals | CaughtSignals | ConsoleSignals:
    """Return the best way that this system knows."""
    if hasattr(signal, "sigtimedwait"):
        return HeldSignals()
    return CaughtSignals() if hasattr(os, "fork") else ConsoleSignals()


def _go_on(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: if there is a pipe, Python has written the number into it already."""
