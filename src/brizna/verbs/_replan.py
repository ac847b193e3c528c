"""Plan anew while a job waits or runs: at each new issue of what is known, with hysteresis."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from datetime import UTC, datetime

from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError, InfeasibleError, IntegrityError, Said
from brizna.core.records import Record
from brizna.plan import Plan, instant_of, replan, replan_rest
from brizna.verbs._follow import Schedule, schedule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.plan import Candidate, Progress

_PART = 65_536


class Replanned(Record):
    """What planning anew has changed.

    Attributes:
        schedule: When the command runs from now on.
        said: What changed, a sentence for the record.
        plan: The new plan's record; None where no plan keeps the deadline any more.
    """

    schedule: Schedule
    said: str
    plan: Mapping[str, Any] | None


class Replanner:
    """Plans anew what is left of a job: each time so much time has passed, or a file has changed.

    The job stays where its plan has it. A failure, such as a source that does not answer, leaves
    the plan as it is and is told.

    Attributes:
        plans: Digests of the plans that were followed, the first one too.
        trouble: What went wrong, each once.
        times: How often it has planned.
    """

    def __init__(
        self,
        digest: str,
        plan: Plan,
        *,
        known: Callable[[datetime], Candidate],
        keep: Callable[[Mapping[str, Any]], str],
        every_s: float,
        files: Sequence[str] = (),
    ) -> None:
        """Plan anew from time to time.

        Args:
            digest: Of the plan that is followed.
            plan: The plan.
            known: Returns the site of the plan with what is known at an instant.
            keep: Keeps a plan's record and returns its digest.
            every_s: After how many seconds, by the clock that is followed.
            files: Plan anew also when one of these changes.
        """
        self.plans = [digest]
        self.trouble: dict[str, None] = {}
        self.times = 0
        self.made: list[Mapping[str, Any]] = []
        self._plan = plan
        self._known = known
        self._keep = keep
        self._every_s = every_s
        self._files = tuple(files)
        self._stamps = self._look()
        self._next_s: float | None = None
        self._planning: _Planning | None = None
        self._has_begun = False

    @property
    def restart_s(self) -> float:
        """How long the job takes to come back after a pause."""
        pauses = self._plan.workload.pauses
        return 0.0 if pauses is None else pauses.restart_s

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time to plan anew."""
        if self._planning is not None or (self._has_begun and self._plan.workload.pauses is None):
            return False
        if self._next_s is None:
            self._next_s = now_s + self._every_s
        if (stamps := self._look()) != self._stamps:
            self._stamps = stamps
            return True
        return now_s >= self._next_s

    def again(self, now_s: float, progress: Progress | None) -> Replanned | None:
        """Plan anew; return what changed, None if nothing did.

        Args:
            now_s: The time, in seconds since 1970.
            progress: How far the job is; None before it has begun.
        """
        self._next_s = now_s + self._every_s
        return self._accepted(self._find(now_s, progress))

    def begin(self, now_s: float, progress: Progress) -> int | None:
        """Plan anew beside the command; `take` returns what comes of it.

        In a process of its own, so that no signal waits for it and its end waits for nobody; to be
        called where there is but one thread.

        Returns:
            The process; None where nothing is planned.
        """
        self._has_begun = True
        if self._plan.workload.pauses is None or not hasattr(os, "fork"):
            return None
        self._next_s = now_s + self._every_s
        self._planning = _Planning(lambda: self._find(now_s, progress))
        return self._planning.pid

    def take(self) -> Replanned | None:
        """Return what has changed since it was last asked; None if nothing has."""
        found = None if self._planning is None else self._planning.read()
        if found is None:
            return None
        self._planning = None
        return self._accepted(found)

    def close(self) -> None:
        """End what is planned beside the command: nobody needs it any more."""
        if self._planning is not None:
            self._planning.end()
            self._planning = None

    def _find(self, now_s: float, progress: Progress | None) -> dict[str, Any]:
        """Return what planning anew comes to, as JSON: ``plan``, ``said``, ``trouble``."""
        instant = datetime.fromtimestamp(now_s, UTC)
        try:
            new = self._new(self._known(instant), instant, progress)
        except InfeasibleError as error:
            if self._is_late(now_s, progress):
                return {"plan": None, "said": self._hurried(instant, error), "at_s": now_s}
            return {"trouble": str(error)}  # too few hours are known, say: the old ones stand
        except BriznaError as error:
            return {"trouble": str(error)}
        if new is None or new.intervals == self._plan.intervals:
            return {}
        new = new.replace(instead_of=self.plans[-1])
        return {"plan": new.to_json(), "said": self._changed(new, instant)}

    def _accepted(self, found: Mapping[str, Any]) -> Replanned | None:
        """Follow what was found from now on."""
        self.times += 1
        if "trouble" in found:
            self.trouble[found["trouble"]] = None
        if "said" not in found:
            return None
        record = found["plan"]
        if record is None:
            self._next_s = float("inf")
            at_s = found["at_s"]
            schedule = Schedule(plan=self.plans[-1], intervals=((at_s, at_s),))
            return Replanned(schedule=schedule, said=found["said"], plan=None)
        digest = self._keep(record)
        self.plans.append(digest)
        self.made.append(record)
        new = Plan.from_json(record)
        self._plan = self._plan.replace(intervals=new.intervals, best=new.best)
        return Replanned(schedule=schedule_of(digest, record), said=found["said"], plan=record)

    def _new(
        self, candidate: Candidate, instant: datetime, progress: Progress | None
    ) -> Plan | None:
        if progress is None:
            offers = (candidate.offer,)
            plan = self._plan.replace(workload=self._plan.workload.replace(offers=offers))
            return replan(plan, [candidate], issued=instant)
        return replan_rest(self._plan, candidate, issued=instant, progress=progress)

    def _is_late(self, now_s: float, progress: Progress | None) -> bool:
        """Tell whether what is left takes longer than there is time until the deadline."""
        workload, site = self._plan.workload, self._plan.best.site
        speed = next(one.speed for one in workload.offers if one.name == site)
        left_s = workload.duration_s / speed - (0.0 if progress is None else progress.worked_s)
        return now_s + left_s > instant_of(workload.deadline).timestamp()

    def _changed(self, new: Plan, instant: datetime) -> str:
        source = new.signals[0]
        text = Said(
            "Planned anew at {at} by {source}, issued {issued}: now from {start} to {finish}.",
            at=instant.isoformat(timespec="seconds"),
            source=source.source,
            issued=source.issued_at or "-",
            start=new.best.start,
            finish=new.best.finish,
        )
        return str(text)

    def _hurried(self, instant: datetime, error: InfeasibleError) -> str:
        """Return that the command runs on: what is left fits nowhere."""
        text = Said(
            "Planned anew at {at}: {reason} It runs on until it ends.",
            at=instant.isoformat(timespec="seconds"),
            reason=error,
        )
        return str(text)

    def _look(self) -> tuple[tuple[int, int] | None, ...]:
        """Return by what a change of each file is seen."""
        found: list[tuple[int, int] | None] = []
        for path in self._files:
            try:
                status = os.stat(path)
            except OSError:
                found.append(None)  # it is being replaced: read when it is back
            else:
                found.append((status.st_mtime_ns, status.st_size))
        return tuple(found)


class _Planning:
    """A process that plans, and what it has told so far.

    Attributes:
        pid: The process.
    """

    def __init__(self, find: Callable[[], Mapping[str, Any]]) -> None:
        """Begin to plan."""
        self._file, told = os.pipe()
        self._read = b""
        self.pid = os.fork()
        if self.pid == 0:
            _tell(find, told)
        os.close(told)
        os.set_blocking(self._file, False)

    def read(self) -> Mapping[str, Any] | None:
        """Return what it found; None while it plans."""
        try:
            while part := os.read(self._file, _PART):
                self._read += part
        except BlockingIOError:
            return None
        self._reap()
        try:
            return decode(self._read)
        except IntegrityError:
            return {"trouble": str(Said("What plans anew was ended before it was done."))}

    def end(self) -> None:
        """End it, if it still plans."""
        if self.read() is None:  # it holds its end of the pipe, so the number is still its own
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        os.close(self._file)
        with suppress(ChildProcessError):  # whoever reaps the command's processes was faster
            os.waitpid(self.pid, 0)


def _tell(find: Callable[[], Mapping[str, Any]], told: int) -> None:
    """Plan, write what was found and end this process."""
    try:
        try:
            found = find()
        except Exception as error:  # noqa: BLE001 - told at the end of the run
            text = Said("{kind}: {error}", kind=type(error).__name__, error=error)
            found = {"trouble": str(text)}
        data = encode(dict(found))
        while data:
            data = data[os.write(told, data) :]
    finally:
        os._exit(0)
