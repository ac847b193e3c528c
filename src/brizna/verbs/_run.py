"""Run a command and measure it."""

from __future__ import annotations

import os

from brizna.core.errors import BriznaError, UnavailableError
from brizna.core.records import Record
from brizna.run import Pace, Supervisor, Users
from brizna.verbs._mark import RUN_VARIABLE
from brizna.verbs._recorder import Job, Recorder, untold
from brizna.verbs._users import open_device_use, open_watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brizna.run import Outcome
    from brizna.run._watch import Watched
    from brizna.verbs._feeder import Feeder
    from brizna.verbs._follow import Follower
    from brizna.verbs._settings import Settings
    from brizna.verbs._views import View

PID_VARIABLE = "BRIZNA_PID"
"""The variable that tells a helper of the command which process it is."""


class Finished(Record):
    """A run that has ended.

    Attributes:
        view: The run with its footprint; None where measuring or telling failed altogether.
        outcome: How the command ended.
        directory: Where it is kept; None where it could not be.
        trouble: What went wrong with measuring or keeping, one sentence each.
    """

    view: View | None
    outcome: Outcome
    directory: str | None
    trouble: tuple[str, ...]


def run_command(
    job: Job,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
    afterwards: Callable[[Finished], object],
    follow: Callable[[Recorder], Follower | None] | None = None,
) -> Finished:
    """Run a command, measure it, account for it and keep the record.

    Args:
        job: The command and what it is called.
        settings: The settings in force.
        environ: This process's environment; the command gets it with one variable more.
        directory: The working directory.
        afterwards: Called with the result while signals are still held back, so that a second
            SIGTERM cannot keep the result from being told.
        follow: Makes what pauses and continues the command by a plan; None for none.

    Raises:
        UnavailableError: Only with ``strict``, before the command starts: if the run could not be
            kept, or nothing could be measured.
    """
    watched, missing = open_watched(job.watch, strict=settings["strict"])
    feeder = _start_feeder(settings, environ)  # while this process has no children and one thread
    with Supervisor() as supervisor:
        try:
            recorder = Recorder(job, settings, environ=environ, directory=directory)
        except BriznaError:
            raise
        except Exception as error:  # nothing that we forgot may keep the job from running
            if settings["strict"]:
                raise
            outcome = supervisor.run(job.command or (), environ=environ, tick=lambda _: None)
            finished = _unmeasured(outcome, None, error)
        else:
            if settings["strict"] and not recorder.sampler.channels:
                raise UnavailableError("Nothing can be measured here: see brizna doctor.")
            recorder.trouble += missing
            if feeder is not None:
                feeder.tell(recorder)
            follower = None if follow is None else follow(recorder)
            given = _environment(environ, recorder)
            ticks = _Ticks(recorder, supervisor, watched, follower, environ=given)
            finished = _supervise(supervisor, recorder, ticks, given)
        if feeder is not None:
            finished = finished.replace(trouble=(*finished.trouble, *feeder.finish()))
        afterwards(finished)
    return finished


def _start_feeder(settings: Settings, environ: Mapping[str, str]) -> Feeder | None:
    if not settings["to"]:
        return None
    from brizna.verbs._feeder import Feeder

    return Feeder(settings["to"], environ=environ)


def _supervise(
    supervisor: Supervisor, recorder: Recorder, ticks: _Ticks, environ: Mapping[str, str]
) -> Finished:
    interval_s = recorder.settings["interval"]
    outcome = supervisor.run(
        recorder.job.started_as or recorder.job.command or (),
        environ=environ,
        tick=ticks.take,
        on_start=ticks.started,
        later=ticks.describe,
        pace=Pace(interval_s=interval_s, mark_directory=recorder.mark_directory),
    )
    ticks.close()
    try:
        return _finish(recorder, outcome)
    except Exception as error:  # noqa: BLE001  (the command has its exit code, whatever happens here)
        return _unmeasured(outcome, recorder.directory, error)


def _unmeasured(outcome: Outcome, directory: str | None, error: Exception) -> Finished:
    return Finished(view=None, outcome=outcome, directory=directory, trouble=(untold(error),))


class _Ticks:
    """Turns the supervisor's ticks into samples that say who used what."""

    def __init__(
        self,
        recorder: Recorder,
        supervisor: Supervisor,
        watched: Sequence[Watched],
        follower: Follower | None,
        *,
        environ: Mapping[str, str],
    ) -> None:
        self._follower = follower
        if follower is not None:
            supervisor.resume_by(follower)
        self._environ = environ
        self._recorder = recorder
        self._supervisor = supervisor
        self._users = Users(
            members=supervisor.living,
            watched=watched,
            devices=open_device_use(recorder.sampler.channels),
            container=recorder.open_container_use(),
            roots=supervisor.roots,
        )
        self._has_begun = False

    def started(self, pid: int) -> None:
        """Write whose process the command is, and begin to pause it by its plan, if it has one."""
        self._recorder.started(pid)
        if self._follower is not None:
            environ = {**self._environ, PID_VARIABLE: str(pid)}

            def helpers(command: Sequence[str], then: Callable[[int], object]) -> None:
                self._supervisor.start_beside(command, environ=environ, then=then)

            self._follower.begin(pid, self._supervisor.living, helpers, self._supervisor.ignore)
            self._follower.follow()

    def take(self, cpu: tuple[int | None, int | None]) -> None:
        """Sample; the first time, tell the users and the channels too."""
        last = self._supervisor.has_ended
        if self._follower is not None:
            self._follower.follow(last=last)
        beside = {**self._users.beside(*cpu, last=last), **self._recorder.beside(last=last)}
        if self._has_begun:
            self._recorder.sampler.sample(beside)
        else:
            self._has_begun = True
            self._recorder.name_users(self._users, kind="tree")
            self._recorder.sampler.start(beside)

    def describe(self) -> None:
        """Write what the run happens in and on, and how its use of the machine is known."""
        self._recorder.describe({**self._supervisor.methods(), **self._users.describe()})

    def close(self) -> None:
        """Write what a reader should know of the users, and close their readers."""
        for text in self._users.notes():
            self._recorder.note(text)
        self._users.close()


def _environment(environ: Mapping[str, str], recorder: Recorder) -> dict[str, str]:
    address = recorder.address
    added = {} if address is None else {RUN_VARIABLE: address}
    return {**{k: v for k, v in environ.items() if k != RUN_VARIABLE}, **added}


def _finish(recorder: Recorder, outcome: Outcome) -> Finished:
    for text in outcome.notes:
        recorder.note(text)
    view = recorder.finish(
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        state="finished" if outcome.started else "failed",
        cpu={"coverage": outcome.cpu_coverage, "why": outcome.cpu_why},
    )
    return Finished(
        view=view,
        outcome=outcome,
        directory=recorder.directory if recorder.is_kept else None,
        trouble=tuple(recorder.trouble),
    )


def current_directory() -> str:
    """Return the working directory; the root where it was removed meanwhile."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.sep
