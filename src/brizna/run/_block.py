"""Processor time of measured blocks of Python: parts of one process, several of them at once.

A process's time is its own, that of the children that it waited for, and that of its living
descendants. A block that is alone has all of it while it runs. Where several run side by side
each has the time of the thread that opened it (blocks that one thread opened share that equally,
as tasks of one event loop do) and an equal part of the rest: their parts always sum to the
process. A block inside another has its part of that block's time, in the same way. Which thread
started which other is nowhere known: what those use is part of the rest, as is what a thread used
between the last look and its end.
"""

from __future__ import annotations

import os
import signal
import time
from _thread import RLock, get_ident

from brizna.run._allowance import Allowance
from brizna.run._descendants import Descendants, Growing, has_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SCAN_SHARE = 5e-5
"""Of one processor, for looking at the living descendants."""
_ORPHANS = "what a child process leaves behind when it ends is not handed to a measured block"
_IGNORED = "this process ignores SIGCHLD: nobody is told what its children used"


class Block:
    """One block: what it used of its process, from when it is made until it is closed.

    Attributes:
        share: Which part of the process's memory and devices is its own, in (0, 1]: an equal one.
        had_company: Whether it ever ran side by side with another.
        is_open: Whether it still runs.
        used_us: Microseconds of processor time, as of the last look.
    """

    __slots__ = (
        "_process",
        "had_company",
        "inner",
        "is_open",
        "outer",
        "share",
        "thread",
        "used_us",
    )

    def __init__(self, *, inside: Block | None = None, proc_root: str = "/proc") -> None:
        """Begin, as a part of another block or of the process.

        Args:
            inside: The block around this one, which is open; one of another process (before a
                fork) is none.
            proc_root: Directory of the process file system.
        """
        self._process = process = _this_process(proc_root)
        self.outer = inside if inside is not None and inside._process is process else None
        self.inner: list[Block] = []
        self.thread = get_ident()
        self.share = 1.0
        self.had_company = False
        self.is_open = True
        self.used_us = 0.0
        process.open(self)

    def now_us(self, *, at_any_cost: bool = False) -> int | None:
        """Return the microseconds used so far; None where looking now would cost too much."""
        return self._process.look(self, at_any_cost=at_any_cost)

    def close(self) -> int:
        """End; return the microseconds used in all."""
        return self._process.close(self)

    def living(self) -> tuple[int, ...]:
        """Return the process and its descendants, as far as they were seen."""
        return self._process.living()

    @property
    def why(self) -> str | None:
        """Why the time is a lower bound; None where it is exact."""
        return self._process.why()


class _Thread:
    """The processor time of one thread, which may end at any time."""

    __slots__ = ("_clock", "_latest_us", "blocks")

    def __init__(self) -> None:
        """Take the calling thread; without a clock of its own, nothing is known of it."""
        ask = getattr(time, "pthread_getcpuclockid", None)
        self._clock = None if ask is None else ask(get_ident())
        self._latest_us = self._now_us()
        self.blocks = 0

    def used_us(self) -> float:
        """Return the microseconds since the last call."""
        before, self._latest_us = self._latest_us, self._now_us()
        return self._latest_us - before

    def _now_us(self) -> float:
        if self._clock is None:
            return 0.0
        try:
            return max(time.clock_gettime_ns(self._clock) / 1000, getattr(self, "_latest_us", 0.0))
        except OSError:  # the thread has ended
            return self._latest_us


class _Process:
    """This process, and the blocks that are open in it."""

    def __init__(self, proc_root: str) -> None:
        self.pid = os.getpid()
        self._lock = RLock()  # a signal's handler may come while its own thread holds it
        self._blocks: list[Block] = []
        """Those that are inside no other."""
        self._threads: dict[int, _Thread] = {}
        self._tree = Descendants(self.pid, proc_root=proc_root, with_root=False)
        self._tick_us = 1_000_000 // os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 0
        self._allowance = Allowance(_SCAN_SHARE)
        self._used = Growing()
        self._latest_us = 0.0
        self._waited_before_us = _waited_us()
        self._had_children = False

    def open(self, block: Block) -> None:
        with self._lock:
            self._settle(at_any_cost=True)
            siblings = self._siblings(block)
            siblings.append(block)
            self._threads.setdefault(block.thread, _Thread()).blocks += 1
            _share_out(siblings)

    def close(self, block: Block) -> int:
        with self._lock:
            self._settle(at_any_cost=True)
            siblings = self._siblings(block)
            if block.is_open:
                block.is_open = False
                siblings.remove(block)
                for inner in block.inner:  # those that outlive it
                    inner.outer = block.outer
                siblings += block.inner
                block.inner = []
                thread = self._threads[block.thread]
                thread.blocks -= 1
                if thread.blocks == 0:
                    del self._threads[block.thread]
                _share_out(siblings)
            return round(block.used_us)

    def look(self, block: Block, *, at_any_cost: bool) -> int | None:
        with self._lock:
            known = self._settle(at_any_cost=at_any_cost)
            return round(block.used_us) if known else None

    def living(self) -> tuple[int, ...]:
        with self._lock:
            return (self.pid, *self._tree.living())

    def why(self) -> str | None:
        try:
            if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
                return _IGNORED
        except AttributeError:
            return None  # a system without that signal
        return _ORPHANS if self._had_children else None

    def _siblings(self, block: Block) -> list[Block]:
        return self._blocks if block.outer is None else block.outer.inner

    def _settle(self, *, at_any_cost: bool) -> bool:
        """Give what the process used since the last time to its blocks.

        Returns:
            Whether it is known; not so where looking at descendants would cost too much now.
        """
        has_any = has_children()
        if has_any and not (at_any_cost or self._allowance.permits()):
            return False
        begun = time.process_time()
        now_us = self._used.take(lambda: self._read_us(with_living=has_any))
        if has_any:
            self._allowance.spend(time.process_time() - begun)
        used_us, self._latest_us = now_us - self._latest_us, now_us
        by_thread = {ident: thread.used_us() for ident, thread in self._threads.items()}
        _give(self._blocks, used_us, by_thread)
        return True

    def _read_us(self, *, with_living: bool) -> int:
        """Return what the process and all below it have used, those waited for first.

        A child that is waited for in between is missed for now, and never counted twice.
        """
        waited_us = _waited_us()
        if with_living or waited_us > self._waited_before_us:
            self._had_children = True
        ticks = self._tree.look() if with_living else {}
        own_us = time.process_time_ns() // 1000
        return own_us + waited_us + sum(ticks.values()) * self._tick_us


def _give(blocks: Sequence[Block], used_us: float, by_thread: dict[int, float]) -> None:
    """Part processor time among blocks side by side, and each part among the blocks inside."""
    if not blocks:
        return
    count: dict[int, int] = {}
    for block in blocks:
        count[block.thread] = count.get(block.thread, 0) + 1
    known_us = 0.0 if len(blocks) == 1 else sum(by_thread[thread] for thread in count)
    scale = used_us / known_us if known_us > used_us else 1.0
    rest_us = (used_us - known_us * scale) / len(blocks)
    for block in blocks:
        mine_us = rest_us
        if known_us:
            mine_us += by_thread[block.thread] * scale / count[block.thread]
        block.used_us += mine_us
        _give(block.inner, mine_us, by_thread)


def _share_out(blocks: Sequence[Block]) -> None:
    """Tell blocks side by side, and those inside them, which part of the process is theirs."""
    for block in blocks:
        outer = 1.0 if block.outer is None else block.outer.share
        block.share = outer / len(blocks)
        block.had_company = block.had_company or len(blocks) > 1
        _share_out(block.inner)


def _waited_us() -> int:
    """Return the microseconds of the children that this process waited for, and of theirs."""
    try:
        from resource import RUSAGE_CHILDREN, getrusage
    except ImportError:  # a system without it
        return 0
    usage = getrusage(RUSAGE_CHILDREN)
    return round((usage.ru_utime + usage.ru_stime) * 1e6)


_here: dict[int, _Process] = {}
"""This process, by its number: it is one, however many blocks are open in it, and they must find
each other. The only state that brizna keeps in a module. A forked child finds itself another."""


def _this_process(proc_root: str) -> _Process:
    pid = os.getpid()
    # In one step: two threads may come at once, and one might hold a lock while another forks.
    process = _here.get(pid) or _here.setdefault(pid, _Process(proc_root))
    for other in _here.keys() - {pid}:  # a forked child's parent, whose number may come again
        _here.pop(other, None)
    return process
