"""One loop around a command: wait for a signal or the next tick, sample, reap, forward."""

from __future__ import annotations

import os
import signal
import time

from brizna.core.errors import InputError, Said
from brizna.run._busy import MachineTime
from brizna.run._cgroup import CgroupTime, open_cgroup
from brizna.run._mark_watch import MarkWatch
from brizna.run._outcome import AFTER_THE_START, MEASURING, Outcome, Pace, Roots, failed
from brizna.run._process_tree import ProcessTree
from brizna.run._signals import hold_signals
from brizna.run._spawn import exit_code, explain, spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol, Self

    from brizna.run._signals import Arrival, CaughtSignals, ConsoleSignals, HeldSignals
    from brizna.run._spawn import Spawned

    Tick = Callable[[tuple[int | None, int | None]], object]
    CpuTime = CgroupTime | ProcessTree

    class Resumes(Protocol):
        """Says whether a command that has ended was only paused, and when it goes on."""

        def ended(self, exit_code: int) -> bool:
            """Tell whether it is to be started again."""
            ...

        def command(self) -> Sequence[str] | None:
            """Return what to start now; None while it is not time yet."""
            ...


_TERMINAL_SIGNALS = frozenset(
    int(number)
    for name in ("SIGINT", "SIGQUIT", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
)
"""What the kernel sends to the terminal's whole foreground group, the command included."""
_OWN_LIMITS = frozenset({int(getattr(signal, "SIGXCPU", 0))})
"""What the kernel says about this process alone: the command has the same limit of its own."""
_ENDING = frozenset(
    int(number)
    for name in ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGXCPU")
    if (number := getattr(signal, name, None)) is not None
)
"""What ends a run whose command has ended for a pause: nobody else is there to get it."""
_MARK_REST = 4.0
"""A tick for a mark waits this many times as long as the last tick took: a storm of marks uses at
most a fifth of one processor."""

_LATER_S = 0.1
_LAST_BREATH_S = 0.02
"""How long a process may outlive the command without being called left behind."""


class Supervisor:
    """Runs one command in the foreground and watches it until it ends.

    From the beginning of its ``with`` to the end, no signal ends this process but SIGKILL: what
    arrives before the command starts reaches it as its first, what arrives after it ended is
    dropped. So whatever must be written afterwards is written inside the ``with``::

        with Supervisor() as supervisor:
            outcome = supervisor.run(command, environ=environ, tick=tick)
            write_the_record(outcome)

    The process must have one thread, and no other children to wait for.
    """

    def __init__(self, *, roots: Roots | None = None) -> None:
        """Say where the kernel shows processes and control groups, if not in the usual places."""
        self._roots = roots or Roots()
        self._signals = hold_signals()
        self._watch: _Watch | None = None
        self._resumes: Resumes | None = None

    @property
    def roots(self) -> Roots:
        """Where the kernel shows processes and control groups."""
        return self._roots

    @property
    def has_ended(self) -> bool:
        """Whether the command has been reaped: the next tick, or this one, is the last."""
        return self._watch is not None and self._watch.has_ended

    def living(self) -> tuple[int, ...]:
        """Return the command's living processes, as far as they were seen."""
        return () if self._watch is None else self._watch.living()

    def methods(self) -> dict[str, str | None]:
        """Return how processor time is counted: of the command, and of the whole machine."""
        return {} if self._watch is None else self._watch.methods()

    def resume_by(self, resumes: Resumes) -> None:
        """Start the command again after it has ended, if and when this says so.

        All of it is one run: ticks go on meanwhile. A signal to end that arrives while there is no
        command ends the run as it would have ended the command.
        """
        self._resumes = resumes

    def start_beside(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        then: Callable[[int], object],
    ) -> None:
        """Start a helper of the command among its processes; to be called in a tick.

        Args:
            command: The program and its arguments.
            environ: Its whole environment.
            then: Called with its exit code when it has ended; 127 or 126 where it did not start.
                What it raises becomes a note.
        """
        assert self._watch is not None, "called in a tick"
        self._watch.start_beside(command, environ, then)

    def ignore(self, pid: int) -> None:
        """Count no processor time of a child of ours that is none of the command's."""
        assert self._watch is not None, "called in a tick"
        self._watch.ignore(pid)

    def __enter__(self) -> Self:
        self._signals.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.__exit__()

    def run(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        tick: Tick,
        on_start: Callable[[int], object] | None = None,
        later: Callable[[], object] | None = None,
        pace: Pace | None = None,
    ) -> Outcome:
        """Run a command, tick as it goes, and return how it ended.

        The command keeps our process group, session, standard streams and terminal. A signal that
        the terminal sent to the whole group is not handed on again; one that a process sent to us
        is. (A process that signals the whole group itself cannot be told from one that signals
        only us: the command then gets that signal twice.) Signals that we were started to ignore,
        as ``nohup`` and ``&`` in a script do, stay ignored (HUP, INT, QUIT); all others are at
        their default, and none is blocked.

        Args:
            command: The program and its arguments; no shell reads them.
            environ: The command's whole environment.
            tick: Called just before the command starts, at each interval, at each mark and when
                the command has been reaped, with the microseconds of processor time of the
                command's processes and of the whole machine (since it started); None for what
                could not be read. What it raises becomes a note.
            on_start: Called with the command's pid once it runs, and again when it was started
                again. What it raises becomes a note.
                No signal is handed on and no tick made while it works: keep it short.
            later: Called once for what takes longer: when the command has run for a tenth of a
                second, or after its last tick. So a command that ends at once is seen to end at
                once. What it raises becomes a note.
            pace: When to tick.

        Raises:
            InputError: If the command is empty or holds a NUL.
        """
        if not command or any("\0" in argument for argument in command):
            raise InputError(
                "The command is {command!r}; expected a program and its arguments, without NUL "
                "characters. Give it after '--'.",
                command=list(command),
            )
        pace = pace or Pace()
        if not hasattr(os, "fork"):
            from brizna.run._no_fork import run_without_fork

            return run_without_fork(command, environ, tick, on_start, pace.interval_s)
        with MarkWatch(pace.mark_directory) as marks:
            self._watch = _Watch(self._signals, marks, tick, pace.interval_s, self._roots)
            self._watch.resumes = self._resumes
            return self._watch.run(command, environ, on_start, later)


class _Watch:
    """The state of one supervised command."""

    def __init__(
        self,
        signals: HeldSignals | CaughtSignals | ConsoleSignals,
        marks: MarkWatch,
        tick: Tick,
        interval_s: float,
        roots: Roots,
    ) -> None:
        self._signals = signals
        self._marks = marks
        self._call = tick
        self._interval_s = interval_s
        self._roots = roots
        self._machine = MachineTime(roots)
        self._cpu: CpuTime | None = None
        self._pid = self._used_before_us = 0
        self._status: int | None = None
        self._environ: Mapping[str, str] = {}
        self._on_start: Callable[[int], object] | None = None
        self.resumes: Resumes | None = None
        self._helpers: dict[int, Callable[[int], object]] = {}
        self._early: frozenset[int] = frozenset()
        """Signals of the terminal that came before there was a command to get them."""
        self._later: Callable[[], object] | None = None
        self._next_s = self._mark_s = self._later_s = float("inf")
        self._rested_s = 0.0
        self._forwarded: dict[str, None] = {}
        self._shared: dict[str, None] = {}
        self._notes: dict[str, None] = {}

    def run(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        on_start: Callable[[int], object] | None,
        later: Callable[[], object] | None,
    ) -> Outcome:
        self._environ, self._on_start = environ, on_start
        try:
            self._early = _TERMINAL_SIGNALS & self._signals.pending()
            try:
                child = self._spawn(command, environ, before=self._begin)
            except OSError as error:
                self._tick(0)
                return self._not_started(125, error.errno, _no_process(error))
            if child.errno is not None:
                os.waitpid(child.pid, 0)
                reason = explain(command[0], child.errno, environ=environ)
                return self._not_started(exit_code(child.errno), child.errno, reason)
            self._started(child)
            self._later = later
            self._later_s = time.monotonic() + _LATER_S if later is not None else float("inf")
            self._follow()
            return self._end()
        finally:
            self._machine.close()
            if self._cpu is not None:
                self._cpu.close()

    @property
    def has_ended(self) -> bool:
        return self._status is not None

    def living(self) -> tuple[int, ...]:
        return () if self._cpu is None else self._cpu.living()

    def methods(self) -> dict[str, str | None]:
        method = None if self._cpu is None else self._cpu.method
        return {"run": method, "machine": self._machine.source}

    def _begin(self, pid: int) -> None:
        """Count the processor time of a process that has not begun, and tick.

        In this order: joining a control group takes the kernel milliseconds.
        """
        self._cpu = open_cgroup(pid, roots=self._roots) or ProcessTree(pid, roots=self._roots)
        self._tick(0)
        self._next_s = time.monotonic() + self._interval_s

    def start_beside(
        self, command: Sequence[str], environ: Mapping[str, str], then: Callable[[int], object]
    ) -> None:
        try:
            helper = self._spawn(command, environ, before=self._join)
        except OSError as error:
            self._notes[str(_no_process(error))] = None
            then(125)
            return
        if helper.errno is None:
            self._helpers[helper.pid] = then
            return
        os.waitpid(helper.pid, 0)
        then(exit_code(helper.errno))

    def ignore(self, pid: int) -> None:
        assert self._cpu is not None, "counting begins before the command does"
        self._cpu.ignore(pid)

    def _spawn(
        self, command: Sequence[str], environ: Mapping[str, str], before: Callable[[int], object]
    ) -> Spawned:
        dispositions = self._signals.before
        return spawn(command, environ=environ, dispositions=dispositions, before=before)

    def _join(self, pid: int) -> None:
        """Count the processor time of one process more."""
        assert self._cpu is not None, "counting begins before the command does"
        self._cpu.join(pid)

    def _started(self, child: Spawned) -> None:
        self._pid, self._used_before_us = child.pid, child.used_us
        on_start = self._on_start
        if on_start is not None:
            self._guard(AFTER_THE_START, lambda: on_start(child.pid))

    def _follow(self) -> None:
        """Serve signals and ticks until the command has ended for good."""
        self._follow_once()
        while self._is_paused():
            self._rest()
            self._follow_once()

    def _is_paused(self) -> bool:
        """Tell whether the command has ended only to be started again."""
        if self.resumes is None or self._status is None:
            return False
        try:
            return self.resumes.ended(_code(self._status))
        except Exception as error:  # noqa: BLE001 - the caller's: a note; the command has ended
            self._notes[failed(AFTER_THE_START, error)] = None
            return False

    def _rest(self) -> None:
        """Tick without a command until it is started again, or a signal ends the run."""
        status, self._status, self._pid = self._status, None, 0
        now_s = time.monotonic()
        while True:
            self._tick_now(now_s)
            assert self.resumes is not None, "somebody said that it goes on"
            try:
                command = self.resumes.command()
            except Exception as error:  # noqa: BLE001 - the caller's: a note; the command has ended
                self._notes[failed(AFTER_THE_START, error)] = None
                self._status = status
                return
            if command is not None:
                self._start_again(command)
                return
            while (now_s := time.monotonic()) < self._next_s:
                arrival = self._signals.wait(self._next_s - now_s)
                if arrival is not None and self._ends_a_rest(arrival[0]):
                    self._status = arrival[0]
                    return

    def _ends_a_rest(self, number: int) -> bool:
        """Serve a signal that arrives while there is no command; tell whether it ends the run."""
        if number == signal.SIGCHLD:
            self._reap()
        return number in _ENDING and number not in self._signals.before.ignored

    def _start_again(self, command: Sequence[str]) -> None:
        """Start the command again; where it cannot be, the run ends as a shell's would."""
        try:
            child = self._spawn(command, self._environ, before=self._join)
        except OSError as error:
            self._notes[str(_no_process(error))] = None
            self._status = 125 << 8
            return
        if child.errno is None:
            self._started(child)
            return
        os.waitpid(child.pid, 0)
        self._notes[str(explain(command[0], child.errno, environ=self._environ))] = None
        self._status = exit_code(child.errno) << 8

    def _follow_once(self) -> None:
        """Serve signals and ticks until the command has been reaped."""
        while self._status is None:
            due_s = min(self._next_s, self._mark_s, self._later_s)
            arrival = self._signals.wait(due_s - time.monotonic())
            if arrival is not None:
                self._take(arrival)
            now_s = time.monotonic()
            if self._status is None and now_s >= due_s:
                self._reap()  # a storm of other signals must not keep its own from being seen
            if self._status is None and now_s >= min(self._next_s, self._mark_s):
                self._tick_now(now_s)
            elif self._status is None and now_s >= self._later_s:
                self._call_later()

    def _take(self, arrival: Arrival) -> None:
        """Serve one signal."""
        number, code = arrival
        if number == signal.SIGCHLD:
            self._reap()
        elif self._marks.told(number, code):
            self._mark_s = min(self._mark_s, self._rested_s)
        elif self._came_to_all(number, code):
            self._shared[_name(number)] = None
        else:
            self._forward(number)

    def _came_to_all(self, number: int, code: int | None) -> bool:
        """Return whether a signal needs no forwarding, as the command has its own."""
        if number in self._early:
            self._early -= {number}
            return False
        if code is None:  # the system does not say: go by what a key of the terminal would do
            return number in _TERMINAL_SIGNALS and _in_foreground()
        if number == signal.SIGHUP and os.getsid(0) == os.getpid():
            return False  # a terminal that goes away tells the session's first process alone
        return code > 0 and (number in _TERMINAL_SIGNALS or number in _OWN_LIMITS)

    def _forward(self, number: int) -> None:
        name = _name(number)
        try:
            os.kill(self._pid, number)
        except PermissionError:
            said = Said(
                "{signal} could not be handed on: the command runs as another user.", signal=name
            )
            self._notes[str(said)] = None
            return
        except ProcessLookupError:
            return  # it has just ended
        self._forwarded[name] = None

    def _reap(self) -> None:
        """Reap all that have ended; those that are not the command are its orphans."""
        assert self._cpu is not None, "counting begins before the command does"
        while True:
            try:
                pid = _dead_child()
                if pid == 0:
                    return
                self._cpu.before_reaping(pid)
                pid, status, usage = os.wait4(pid, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            used_us = round((usage.ru_utime + usage.ru_stime) * 1e6)
            if pid == self._pid:
                self._status = status
                used_us -= self._used_before_us
            self._cpu.reaped(pid, used_us)
            if pid in self._helpers:
                self._helper_ended(pid, _code(status))

    def _helper_ended(self, pid: int, code: int) -> None:
        then = self._helpers.pop(pid)
        self._guard(AFTER_THE_START, lambda: then(code))

    def _tick_now(self, now_s: float) -> None:
        self._tick(None if self._cpu is None else self._cpu.now_us())
        if now_s >= self._next_s:
            self._next_s += self._interval_s * ((now_s - self._next_s) // self._interval_s + 1)
        self._mark_s = float("inf")
        after_s = time.monotonic()
        self._rested_s = after_s + _MARK_REST * (after_s - now_s)

    def _call_later(self) -> None:
        """Do what takes longer, once."""
        later, self._later, self._later_s = self._later, None, float("inf")
        if later is not None:
            self._guard(AFTER_THE_START, later)

    def _tick(self, used_us: int | None, *, last: bool = False) -> None:
        busy_us = self._machine.busy_us(at_any_cost=last)
        self._guard(MEASURING, lambda: self._call((used_us, busy_us)))

    def _guard(self, what: Said, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - the caller's: a note; the command goes on
            self._notes[failed(what, error)] = None

    def _end(self) -> Outcome:
        """Tick for the last time and return how the command ended."""
        assert self._cpu is not None, "counting begins before the command does"
        assert self._status is not None, "the command has been reaped"
        used_us = self._cpu.total_us()
        self._tick(used_us, last=True)
        self._call_later()
        left = self._left()
        if left:
            self._notes[_left_running(len(left))] = None
        code = os.waitstatus_to_exitcode(self._status)
        return Outcome(
            exit_code=_code(self._status),
            signal=-code if code < 0 else None,
            pid=self._pid,
            cpu_time_us=used_us,
            cpu_coverage="at-least" if self._cpu.why else "exact",
            cpu_method=self._cpu.method,
            cpu_why=self._cpu.why,
            left_running=left,
            forwarded=tuple(self._forwarded),
            shared=tuple(self._shared),
            notes=tuple(self._notes),
        )

    def _left(self) -> tuple[int, ...]:
        """Return the processes that outlive the command; those about to end get a moment."""
        assert self._cpu is not None, "counting begins before the command does"
        until_s = time.monotonic() + _LAST_BREATH_S
        while (left := self._cpu.living()) and time.monotonic() < until_s:
            time.sleep(_LAST_BREATH_S / 8)
        return left

    def _not_started(self, code: int, number: int | None, reason: Said) -> Outcome:
        return Outcome(
            exit_code=code,
            started=False,
            errno=number,
            reason=str(reason),
            notes=tuple(self._notes),
        )


def _code(status: int) -> int:
    """Return the exit code that a shell would give for a wait status."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _no_process(error: OSError) -> Said:
    return Said("No process could be made: {reason}.", reason=error)


def _dead_child() -> int:
    """Return the pid of a child that has ended; 0 if none has, -1 where the system cannot say.

    Raises:
        ChildProcessError: If there is no child.
    """
    if not hasattr(os, "waitid"):
        return -1
    seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return 0 if seen is None else seen.si_pid


def _in_foreground() -> bool:
    """Return whether keys pressed at the terminal reach this process."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _name(number: int) -> str:
    """Return a signal's name; real-time ones are counted from the first."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


def _left_running(count: int) -> str:
    if count == 1:
        return "1 process of the command still runs; what it uses from now on is not measured."
    return str(
        Said(
            "{count} processes of the command still run; what they use from now on is not "
            "measured.",
            count=count,
        )
    )
