"""Follow a plan: wait for its start, pause the command and go on with it, all in one record.

A pause stops the command with all its processes where it stands. A program that can save its state
is asked to first (`Checkpoint`): it may then go on living, stopped, or end and be started again.
"""

from __future__ import annotations

import os
import time
from datetime import datetime

from brizna.core.codec import encode
from brizna.core.errors import Said
from brizna.core.records import Record
from brizna.meter import BootClock
from brizna.plan import Progress
from brizna.run import Halt
from brizna.store import process_start, read_marks, replace_file, writer_identity
from brizna.verbs._clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.verbs._recorder import Recorder
    from brizna.verbs._replan import Replanner

    Helpers = Callable[[Sequence[str], Callable[[int], object]], object]
    """Starts a helper of the command; the function gets its exit code."""

STATE = "plan.json"
RUNNING, PAUSED = "running", "paused"
SAVED_MARK = "checkpointed"
"""The mark by which a program says that it has saved its state."""
AGAIN = 75
"""The exit code (EX_TEMPFAIL of sysexits.h) of a program that wants to be started again."""
_SIGNALLED = 128
_NAP_S = 30.0
"""A wait is cut into naps, so that a clock that was set, or a machine that slept, is noticed."""


class Schedule(Record):
    """When a command runs.

    Attributes:
        plan: Digest of the plan.
        intervals: Starts and ends in seconds since 1970, in order.
    """

    plan: str
    intervals: tuple[tuple[float, float], ...]

    _forms: ClassVar = {
        "intervals": lambda pairs: tuple((float(start), float(end)) for start, end in pairs)
    }

    @property
    def start_s(self) -> float:
        """When it begins."""
        return self.intervals[0][0]

    def runs_at(self, now_s: float) -> bool:
        """Tell whether the command runs at a time.

        After the last interval it goes on until it ends: a job that takes longer than was planned
        is never left standing.
        """
        return now_s >= self.intervals[-1][1] or any(
            start <= now_s < end for start, end in self.intervals
        )

    def next_s(self, now_s: float) -> float:
        """Return the first time from now on at which the command runs."""
        if self.runs_at(now_s):
            return now_s
        return min(start for start, _ in self.intervals if start > now_s)


def schedule_of(digest: str, plan: Mapping[str, Any]) -> Schedule:
    """Return when the command of a plan runs.

    Args:
        digest: Of the plan.
        plan: Its record.
    """
    return Schedule(
        plan=digest,
        intervals=tuple(
            (seconds_of(one["start"]), seconds_of(one["end"])) for one in plan["intervals"]
        ),
    )


def seconds_of(text: str) -> float:
    """Return an instant in ISO 8601 as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


class Checkpoint(Record):
    """How a program saves its state before a pause.

    It has saved when it says so with the mark ``checkpointed``, when ``command`` has ended with 0,
    or when it has ended itself: with 0, 75 or by the signal; then it is started again at the end of
    the pause. One that does none of this in time is stopped where it stands.

    Attributes:
        command: What a shell runs to have it save, ended once it has; ``BRIZNA_PID`` in its
            environment is the program. None for none.
        signal: The signal that asks it to save; None for none.
        resume: The program and arguments that start it again; its own command if None.
        wait_s: How long it may take to save.
    """

    command: str | None = None
    signal: int | None = None
    resume: tuple[str, ...] | None = None
    wait_s: float = 60.0

    _forms: ClassVar = {"resume": tuple}


def wait_for(
    schedule: Schedule,
    clock: Clock,
    *,
    replanner: Replanner | None = None,
    told: Callable[[Schedule], object] | None = None,
) -> Schedule:
    """Return when the command is to run; at once if it is.

    Args:
        schedule: When it runs.
        clock: What shows the time.
        replanner: Plans anew meanwhile; None to stay with the plan.
        told: Called with the schedule at the beginning, and after each nap.

    Returns:
        The schedule, which may be another one.
    """
    waiting = Waiting(schedule, clock, replanner=replanner, told=told)
    while (nap_s := waiting.next_nap()) is not None:
        clock.sleep(nap_s)
    return waiting.schedule


class Waiting:
    """A wait for the time at which a schedule runs, in naps.

    Attributes:
        schedule: What is waited for; planning anew may change it.
    """

    def __init__(
        self,
        schedule: Schedule,
        clock: Clock,
        *,
        replanner: Replanner | None = None,
        told: Callable[[Schedule], object] | None = None,
    ) -> None:
        """Begin to wait; see `wait_for`."""
        self.schedule = schedule
        self._clock = clock
        self._replanner = replanner
        self._told = told

    def next_nap(self) -> float | None:
        """Return for how many seconds to sleep before asking again; None when it is time."""
        now_s = self._clock.now_s()
        replanner = self._replanner
        if replanner is not None and replanner.is_due(now_s):
            found = replanner.again(now_s, None)
            self.schedule = self.schedule if found is None else found.schedule
        left_s = self.schedule.next_s(now_s) - now_s
        if left_s <= 0:
            return None
        if self._told is not None:
            self._told(self.schedule)
        return min(left_s, _NAP_S)


class Follower:
    """Pauses and continues a command by a schedule; asked at each tick of the measurement.

    Each part becomes a phase of the run, ``running`` or ``paused``, so that what waiting costs is
    measured too. A signal that asks the command to end lets it go on for good.

    Attributes:
        schedule: What it follows now.
    """

    def __init__(
        self,
        schedule: Schedule,
        recorder: Recorder,
        *,
        clock: Clock | None = None,
        checkpoint: Checkpoint | None = None,
        replanner: Replanner | None = None,
    ) -> None:
        """Follow a schedule for the run that a recorder records."""
        self.schedule = schedule
        self._recorder = recorder
        self._clock = clock or Clock()
        self._checkpoint = checkpoint
        self._replanner = replanner
        self._work = _Work(0.0 if replanner is None else replanner.restart_s)
        self._halt: Halt | None = None
        self._helpers: Helpers | None = None
        self._ignore: Callable[[int], object] | None = None
        self._window: int | None = None
        self._phase: str | None = None
        self._gives_up = False
        self._pid = 0
        self._is_out = False
        """Whether the command has ended to pause."""
        self._asked_s: float | None = None
        """When the command was asked to save, on the monotonic clock; None once it has."""
        self._asked_us = 0
        self._has_saved = False

    def begin(
        self,
        pid: int,
        beside: Callable[[], Sequence[int]] = tuple,
        helpers: Helpers | None = None,
        ignore: Callable[[int], object] | None = None,
    ) -> None:
        """Take over a command that has just started, or started again.

        Args:
            pid: Its process.
            beside: Returns all processes of it that were seen.
            helpers: Starts what asks it to save.
            ignore: Called with a process of ours that is none of the command's.
        """
        self._pid, self._is_out = pid, False
        self._halt = Halt(pid, beside=beside)
        self._helpers, self._ignore = helpers, ignore
        self._forget()

    def follow(self, *, last: bool = False) -> None:
        """Pause or continue the command if it is time to."""
        if last:
            self._recorder.sampler.finish(self._window)
            if self._replanner is not None:
                self._close(self._replanner)
            return
        if self._halt is None and not self._is_out:
            return
        now_s = self._clock.now_s()
        self._work.until(now_s, is_running=self._phase == RUNNING)
        self._plan_anew(now_s)
        runs = self._gives_up or self.schedule.runs_at(now_s)
        if not runs and self._halt is not None and self._halt.is_asked_to_end():
            self._gives_up = runs = True
        if runs:
            self._go_on()
        else:
            self._pause()
        self._enter(PAUSED if self._is_out or self._is_stopped else RUNNING)

    # ------------------------------------------------------------------------- as `Resumes` of run

    def ended(self, exit_code: int) -> bool:
        """Tell whether the command has ended to pause, as it was asked to."""
        hook = self._checkpoint
        if hook is None or self._asked_s is None:
            return False
        expected = (AGAIN,) if self._has_saved else (0, AGAIN)
        if exit_code not in expected and exit_code != _SIGNALLED + (hook.signal or 0):
            return False
        self._halt, self._is_out = None, True
        self._forget()
        text = Said(
            "The command ended with {code} when it was asked to pause: it is started again.",
            code=exit_code,
        )
        self._recorder.note(str(text))
        return True

    def command(self) -> Sequence[str] | None:
        """Return what starts the command again; None while it is to wait."""
        if not self.schedule.runs_at(self._clock.now_s()):
            return None
        return self._resumed_by()

    def _resumed_by(self) -> Sequence[str]:
        hook = self._checkpoint
        if hook is not None and hook.resume is not None:
            return hook.resume
        return self._recorder.job.command or ()

    # ---------------------------------------------------------------------------------- its pauses

    @property
    def _is_stopped(self) -> bool:
        return self._halt is not None and self._halt.is_stopped

    def _go_on(self) -> None:
        if self._halt is not None and self._halt.is_stopped:
            self._halt.resume()
            if self._has_saved:
                self._forget()

    def _forget(self) -> None:
        """Expect no answer any more to the question to save."""
        self._asked_s, self._has_saved = None, False

    def _pause(self) -> None:
        if self._halt is not None and (self._halt.is_stopped or self._may_stop(self._halt)):
            self._halt.stop()

    def _may_stop(self, halt: Halt) -> bool:
        """Tell whether the command may be stopped: it has saved, cannot, or takes too long."""
        hook = self._checkpoint
        if hook is None:
            return True
        now_s = time.monotonic()
        if self._asked_s is None:
            if not self._ask(hook, halt):
                return True
            self._asked_s = now_s
        if self._has_saved or self._says_saved():
            self._has_saved = True
            return True
        if now_s - self._asked_s < hook.wait_s:
            return False
        self._note_stopped(Said("it did not say within {wait_s:g} s", wait_s=hook.wait_s))
        return True

    def _ask(self, hook: Checkpoint, halt: Halt) -> bool:
        """Ask the command to save; tell whether it was asked."""
        self._asked_us = BootClock().now_us() - self._recorder.sampler.start_us
        if hook.signal is not None and not halt.ask(hook.signal):
            self._note_stopped(Said("it does not catch the signal {number}", number=hook.signal))
            return False
        if hook.command is not None and self._helpers is not None:
            self._helpers(("/bin/sh", "-c", hook.command), self._helper_ended)
        return True

    def _helper_ended(self, code: int) -> None:
        if code == 0:
            self._has_saved = True
            return
        self._asked_s = float("-inf")  # nobody else will say so
        self._note_stopped(Said("what asks it ended with {code}", code=code))

    def _says_saved(self) -> bool:
        directory = self._recorder.directory
        if directory is None:
            return False
        marks, _ = read_marks(directory)
        return any(one["name"] == SAVED_MARK and one["t"] >= self._asked_us for one in marks)

    def _note_stopped(self, reason: Said) -> None:
        text = Said(
            "The command was asked to save its state and has not ({reason}): it is stopped where "
            "it stands.",
            reason=reason,
        )
        self._recorder.note(str(text))

    # ------------------------------------------------------------------------------ its bookkeeping

    def _plan_anew(self, now_s: float) -> None:
        replanner = self._replanner
        if replanner is None or self._gives_up:
            return
        found = replanner.take()
        if found is not None:
            self.schedule = found.schedule
            self._recorder.note(found.said)
            self._keep()
        if replanner.is_due(now_s):
            pid = replanner.begin(now_s, self._work.progress(is_running=self._phase != PAUSED))
            if pid is not None and self._ignore is not None:
                self._ignore(pid)

    def _close(self, replanner: Replanner) -> None:
        """Plan no more, and note how often that was done."""
        replanner.close()
        if replanner.times:
            text = Said(
                "Planned anew {times} times; that changed its hours {changed} times.",
                times=replanner.times,
                changed=len(replanner.plans) - 1,
            )
            self._recorder.note(str(text))

    def _enter(self, phase: str) -> None:
        """Begin a phase of the run, if it is another one."""
        if phase == self._phase:
            return
        self._recorder.sampler.finish(self._window)
        self._window = self._recorder.sampler.begin(phase)
        self._work.enters(phase, before=self._phase)
        self._phase = phase
        self._keep()

    def _keep(self) -> None:
        """Write the state, for whoever takes the command over if we are killed."""
        directory = self._recorder.directory
        if directory is None:
            return
        state = {
            **self.schedule.to_json(),
            "pid": None if self._is_out else self._pid,
            "start_ticks": None if self._is_out else process_start(self._pid),
            "writer": writer_identity(),
            "phase": self._phase,
            "checkpoint": None
            if self._checkpoint is None
            else self._checkpoint.replace(resume=tuple(self._resumed_by())).to_json(),
            "directory": self._recorder.working_directory,
            "settings": self._recorder.settings.given(),
        }
        replace_file(os.path.join(directory, STATE), encode(state) + b"\n")


class _Work:
    """How much a command has done of its work, by the clock of the plan."""

    def __init__(self, restart_s: float) -> None:
        self._restart_s = restart_s
        self._lost_s = 0.0
        self._worked_s = 0.0
        self._seen_s: float | None = None
        self._pauses = 0

    def until(self, now_s: float, *, is_running: bool) -> None:
        """Count the time since the last look."""
        passed_s = 0.0 if self._seen_s is None else max(now_s - self._seen_s, 0.0)
        self._seen_s = now_s
        if is_running:
            lost_s = min(self._lost_s, passed_s)
            self._lost_s -= lost_s
            self._worked_s += passed_s - lost_s

    def enters(self, phase: str, *, before: str | None) -> None:
        """Take note of a phase that begins."""
        if phase == PAUSED:
            self._pauses += 1
        elif before == PAUSED:
            self._lost_s = self._restart_s

    def progress(self, *, is_running: bool) -> Progress:
        """Return how far the work is."""
        return Progress(worked_s=self._worked_s, is_running=is_running, pauses=self._pauses)
