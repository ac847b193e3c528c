"""Carry a plan out: wait for its start, pause and go on with the command, and tell what it saved.

What survives: brizna being killed (the command goes on in the state it was in, `adopt` takes it
over, unmeasured) and a suspended machine (the clock is looked at again when it wakes). What cannot:
a machine that is switched off takes the command's memory with it; only a program that keeps
checkpoints of its own can be started again, with what is left of the plan.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta

from brizna.core.codec import decode, encode
from brizna.core.errors import CoverageError, UnavailableError
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.run import Halt
from brizna.store import process_start, replace_file
from brizna.verbs._plan import trace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.store import Store
    from brizna.verbs._recorder import Recorder

SCHEMA = "brizna.followed/1"
STATE = "plan.json"
RUNNING, PAUSED = "running", "paused"
_NAP_S = 30.0
"""A wait is cut into naps, so that a clock that was set, or a machine that slept, is noticed."""


class Clock:
    """The wall clock, and how to wait on it.

    Attributes:
        ahead_s: How far it is ahead of the machine's own.
    """

    ahead_s = 0.0

    def now_s(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def sleep(self, duration_s: float) -> None:
        """Wait."""
        time.sleep(duration_s)


class Simulated(Clock):
    """A clock that begins at any instant and waits without waiting."""

    def __init__(self, instant: datetime) -> None:
        """Begin at an instant; between waits it goes as the real one does."""
        self.ahead_s = instant.timestamp() - time.time()

    def now_s(self) -> float:
        """Return the seconds since 1970 that it shows."""
        return time.time() + self.ahead_s

    def sleep(self, duration_s: float) -> None:
        """Be so much later."""
        self.ahead_s += duration_s


class Schedule(Record):
    """When a command runs.

    Attributes:
        plan: Digest of the plan.
        intervals: Starts and ends in seconds since 1970, in order.
    """

    plan: str
    intervals: tuple[tuple[float, float], ...]

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


def schedule_of(digest: str, plan: Mapping[str, Any]) -> Schedule:
    """Return when the command of a plan runs.

    Args:
        digest: Of the plan.
        plan: Its record.
    """
    return Schedule(
        plan=digest,
        intervals=tuple(
            (_seconds(one["start"]), _seconds(one["end"])) for one in plan["intervals"]
        ),
    )


def wait_until(start_s: float, clock: Clock) -> None:
    """Return when a time has come; at once if it is past."""
    while (left_s := start_s - clock.now_s()) > 0:
        clock.sleep(min(left_s, _NAP_S))


class Follower:
    """Pauses and continues a command by a schedule; asked at each tick of the measurement.

    Each part becomes a phase of the run, ``running`` or ``paused``, so that what waiting costs is
    measured too. A signal that asks the command to end lets it go on for good.
    """

    def __init__(
        self, schedule: Schedule, recorder: Recorder, *, clock: Clock | None = None
    ) -> None:
        """Follow a schedule for the run that a recorder records."""
        self._schedule = schedule
        self._recorder = recorder
        self._clock = clock or Clock()
        self._halt: Halt | None = None
        self._window: int | None = None
        self._phase: str | None = None
        self._gives_up = False
        self._pid = 0

    def begin(self, pid: int, beside: Callable[[], Sequence[int]] = tuple) -> None:
        """Take over a command that has just started.

        Args:
            pid: Its process.
            beside: Returns all processes of it that were seen.
        """
        self._pid = pid
        self._halt = Halt(pid, beside=beside)

    def follow(self, *, last: bool = False) -> None:
        """Pause or continue the command if it is time to."""
        if self._halt is None:
            return
        if last:
            self._recorder.sampler.finish(self._window)
            return
        runs = self._gives_up or self._schedule.runs_at(self._clock.now_s())
        if not runs and self._halt.is_asked_to_end():
            self._gives_up = runs = True
        if not runs:
            self._halt.stop()
        elif self._halt.is_stopped:
            self._halt.resume()
        phase = RUNNING if runs else PAUSED
        if phase != self._phase:
            self._recorder.sampler.finish(self._window)
            self._window = self._recorder.sampler.begin(phase)
            self._phase = phase
            self._keep(phase)

    def _keep(self, phase: str) -> None:
        """Write the state, for whoever takes the command over if we are killed."""
        directory = self._recorder.directory
        if directory is None:
            return
        state = {
            **self._schedule.to_json(),
            "pid": self._pid,
            "start_ticks": process_start(self._pid),
            "phase": phase,
        }
        replace_file(os.path.join(directory, STATE), encode(state) + b"\n")


def adopt(store: Store, reference: str, clock: Clock) -> str:
    """Go on pausing and continuing the command of a run whose brizna was killed, until it ends.

    What it uses from then on is not measured.

    Returns:
        The run's id.

    Raises:
        InputError: If the reference means no run, or several.
        UnavailableError: If the run followed no plan, its brizna is alive, or its command is not.
    """
    stored = store.read(reference)
    run_id = stored.run.id
    try:
        with open(os.path.join(stored.directory, STATE), "rb") as file:
            state = decode(file.read())
    except FileNotFoundError:
        raise UnavailableError(
            "The run {run_id} follows no plan: there is nothing to take over.", run_id=run_id
        ) from None
    if stored.is_running:
        raise UnavailableError(
            "The run {run_id} is looked after by the brizna that started it: there is nothing to "
            "take over.",
            run_id=run_id,
        )
    pid, start = state["pid"], state["start_ticks"]
    if start is None or process_start(pid) != start:
        raise UnavailableError(
            "The command of {run_id} has ended, or was lost when the machine was switched off: "
            "start it again with brizna run --plan, if it keeps checkpoints of its own.",
            run_id=run_id,
        )
    pairs = tuple((float(early), float(late)) for early, late in state["intervals"])
    schedule = Schedule(plan=state["plan"], intervals=pairs)
    halt = Halt(pid)
    while process_start(pid) == start:
        runs = schedule.runs_at(clock.now_s()) or halt.is_asked_to_end()
        if runs:
            halt.resume()
        else:
            halt.stop()
        clock.sleep(1.0)
    return run_id


def told_afterwards(
    store: Store, run_id: str, digest: str, plan: Mapping[str, Any], *, ahead_s: float = 0.0
) -> dict[str, Any] | None:
    """Return and keep what a plan promised and what became of it, beside the run that followed it.

    The energy is the measured one, the hours are those in which it was drawn, and the intensity is
    that of the series the plan was made from: what actually came is not known yet. None where the
    energy is not known.

    Args:
        store: Where the run is kept.
        run_id: The run.
        digest: Of the plan.
        plan: Its record.
        ahead_s: How far the clock that was followed is ahead of the machine's.

    Raises:
        UnavailableError: If the store cannot be written.
    """
    stored = store.read(run_id)
    run = stored.run
    energy, hours = run.measurement.energy_j, plan["hours"]
    if energy is None or stored.digest is None:
        return None
    started_s = _seconds(run.started) + ahead_s
    grams = _grams(started_s, trace_of(store, run), hours)
    pue = _pue(plan)
    promised, at_once = plan["best"], plan["at_once"]
    scale = energy.best.value / promised["energy_j"]["best"] if promised["energy_j"]["best"] else 0
    record = {
        "schema": SCHEMA,
        "subject": stored.digest,
        "plan": digest,
        "started": run.started,
        "finished": (
            datetime.fromisoformat(run.started) + timedelta(seconds=run.duration_s)
        ).isoformat(),
        "paused_s": sum(
            one.inside_s if one.inside_s is not None else one.end_s - one.start_s
            for one in run.measurement.phases
            if one.name == PAUSED
        ),
        "energy_j": energy.best.value,
        "promised_energy_j": promised["energy_j"]["best"],
        "carbon_g": None if grams is None else grams * pue,
        "promised_carbon_g": promised["carbon_g"]["best"],
        "promised_saving_g": None if plan["saving_g"] is None else plan["saving_g"]["best"],
        "saving_g": None
        if grams is None or at_once is None
        else at_once["carbon_g"]["best"] * scale - grams * pue,
    }
    store.put(record, run_id=run.id)
    return record


def realised(plan: Mapping[str, Any], path: str, *, column: str | None = None) -> dict[str, Any]:
    """Return what a plan saved by a series of what really came, beside what it promised, as JSON.

    Args:
        plan: Its record.
        path: A file with the carbon intensity that came, by zone.
        column: The column of its values, if it has several.

    Raises:
        InputError: If the file cannot be used.
        CoverageError: If it does not hold the plan's hours, or those of running at once.
    """
    from brizna.grid import read_signals
    from brizna.plan import Candidate, Plan, realise

    made = Plan.from_json(plan)
    series = read_signals(path, column=column)
    candidates = [
        Candidate(offer=offer, carbon=series[offer.site.zone].replace(origin="observed"))
        for offer in made.workload.offers
        if offer.site.zone in series
    ]
    best, at_once = realise(made, candidates)
    if best is None or at_once is None:
        raise CoverageError(
            "{path} does not hold the hours of the plan at {site}, or those of running at once at "
            "{first}: load a longer series, of both zones.",
            path=path,
            site=made.best.site,
            first=made.workload.offers[0].name,
        )
    saved = at_once.carbon_g - best.carbon_g
    return {
        "best": best.to_json(),
        "at_once": at_once.to_json(),
        "saving_g": saved.best.value,
        "promised_saving_g": None if made.saving_g is None else made.saving_g.best.value,
        "paused_s": 0.0,
    }


def _grams(
    started_s: float, trace: Sequence[tuple[float, float]], hours: Mapping[str, Any]
) -> float | None:
    """Return the carbon of a trace by the hours of a plan; None where one is not known."""
    values, step_s = hours["intensity_g_per_kwh"], hours["step_s"]
    ahead_s = started_s - _seconds(hours["start"])
    total, begin = 0.0, 0.0
    for end_s, power_w in trace:
        place = int((ahead_s + (begin + end_s) / 2) // step_s)
        if not 0 <= place < len(values) or values[place] is None:
            return None
        total += Energy(power_w * (end_s - begin)).to("kWh") * values[place]
        begin = end_s
    return total if trace else None


def _pue(plan: Mapping[str, Any]) -> float:
    for offer in plan["workload"]["offers"]:
        if offer["name"] == plan["best"]["site"]:
            pue = offer["site"]["pue"]
            return 1.0 if pue is None else pue["best"]
    return 1.0


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
