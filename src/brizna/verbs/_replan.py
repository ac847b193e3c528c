"""Plan anew while a job waits or runs: at each new issue of what is known, with hysteresis."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from threading import Thread

from brizna.core.errors import BriznaError, InfeasibleError, Said
from brizna.core.records import Record
from brizna.plan import Plan, instant_of, replan
from brizna.plan._planning import replan_rest
from brizna.verbs._follow import Schedule, schedule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.plan import Candidate
    from brizna.plan._planning import Progress

_LAST_S = 2.0
"""How long the end of a run waits for a plan that is being made; then nobody needs it."""


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
        self._found: Replanned | None = None
        self._thread: Thread | None = None
        self._has_begun = False

    @property
    def restart_s(self) -> float:
        """How long the job takes to come back after a pause."""
        pauses = self._plan.workload.pauses
        return 0.0 if pauses is None else pauses.restart_s

    @property
    def is_busy(self) -> bool:
        """Whether a plan is being made beside the command."""
        return self._thread is not None

    def is_due(self, now_s: float) -> bool:
        """Tell whether it is time to plan anew."""
        if self._thread is not None or (self._has_begun and self._plan.workload.pauses is None):
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
        self.times += 1
        instant = datetime.fromtimestamp(now_s, UTC)
        try:
            candidate = self._known(instant)
            new = self._new(candidate, instant, progress)
        except InfeasibleError as error:
            if self._is_late(now_s, progress):
                return self._hurried(now_s, error)
            self.trouble[str(error)] = None  # too few hours are known, say: the old ones stand
            return None
        except BriznaError as error:
            self.trouble[str(error)] = None
            return None
        if new is None or new.intervals == self._plan.intervals:
            return None
        return self._changed(new, instant)

    def begin(self, now_s: float, progress: Progress) -> None:
        """Plan anew beside the command; `take` returns what comes of it."""
        self._has_begun = True
        if self._plan.workload.pauses is None:
            return
        self._thread = Thread(target=self._work, args=(now_s, progress), daemon=True)
        self._thread.start()

    def take(self) -> Replanned | None:
        """Return what has changed since it was last asked; None if nothing has."""
        if self._thread is None or self._thread.is_alive():
            return None
        self._thread = None
        found, self._found = self._found, None
        return found

    def close(self) -> None:
        """Wait a moment for a plan that is being made; its thread ends with the process."""
        if self._thread is not None:
            self._thread.join(_LAST_S)

    def _work(self, now_s: float, progress: Progress) -> None:
        try:
            self._found = self.again(now_s, progress)
        except Exception as error:  # noqa: BLE001 - in a thread: told at the end of the run
            text = Said("{kind}: {error}", kind=type(error).__name__, error=error)
            self.trouble[str(text)] = None

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

    def _changed(self, new: Plan, instant: datetime) -> Replanned:
        record = new.to_json()
        digest = self._keep(record)
        self.plans.append(digest)
        self.made.append(record)
        self._plan = self._plan.replace(intervals=new.intervals, best=new.best)
        source = new.signals[0]
        text = Said(
            "Planned anew at {at} by {source}, issued {issued}: now from {start} to {finish}.",
            at=instant.isoformat(timespec="seconds"),
            source=source.source,
            issued=source.issued_at or "-",
            start=new.best.start,
            finish=new.best.finish,
        )
        return Replanned(schedule=schedule_of(digest, record), said=str(text), plan=record)

    def _hurried(self, now_s: float, error: InfeasibleError) -> Replanned:
        """Return that the command runs on: what is left fits nowhere."""
        text = Said(
            "Planned anew at {at}: {reason} It runs on until it ends.",
            at=datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds"),
            reason=error,
        )
        self._next_s = float("inf")
        schedule = Schedule(plan=self.plans[-1], intervals=((now_s, now_s),))
        return Replanned(schedule=schedule, said=str(text), plan=None)

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
