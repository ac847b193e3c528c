"""Sweeps: run one command under several settings in turn, and say which to take.

Each trial is an ordinary run in the store, with the setting as its name and tags, and a small
record beside it that says of which sweep it is. So an interrupted sweep goes on from the store.
"""

from __future__ import annotations

import os
import sys
import time

from brizna.core.codec import digest as digest_of
from brizna.core.errors import InputError, Said
from brizna.core.records import Record
from brizna.core.sweep import Goal, SweepPlan, TrialFacts, TrialNote, conclude, digest_name
from brizna.core.trials import WARM_UP, turns
from brizna.environment import machine_name
from brizna.run import HeldLimits, TrialFailedError, restore_files, trials
from brizna.store import Store, forget_series, keep_series
from brizna.verbs._recorder import Job
from brizna.verbs._run import run_command
from brizna.verbs._series import check_machine, kept_notes, without_secrets
from brizna.verbs._sweep_levels import DeviceLevels, command_of, variables_of
from brizna.verbs._trialling import (
    Ground,
    aside,
    kept_run,
    now,
    stop_if_told,
    stoppable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.core.sweep import Dimension, Sweep
    from brizna.core.trials import Turn
    from brizna.verbs._settings import Settings


class Progress(Record):
    """How far a sweep has come.

    Attributes:
        done: How many trials are made, this one included.
        total: How many there are in all.
        arm: The setting of the last one.
        counts: Whether it counts; a warm-up does not.
        left_s: For how long it will go on, if trials go on taking as long.
        facts: What it came to; None where it failed, with why in ``failed``.
        failed: Why its setting is given up.
    """

    done: int
    total: int
    arm: str
    counts: bool
    left_s: float
    facts: TrialFacts | None
    failed: str | None = None


class Bench:
    """What trials are made on: this machine, or a simulated one.

    Attributes:
        sys_root: Where sysfs is mounted.
        nvml: Returns the bindings of NVIDIA's driver; the driver's if None.
        wait: Lets seconds go by.
        shows_output: Whether what the command prints goes to stderr; else it goes nowhere.
    """

    __slots__ = ("nvml", "shows_output", "sys_root", "wait")

    def __init__(
        self,
        *,
        sys_root: str = "/sys",
        nvml: Callable[[], Any] | None = None,
        wait: Callable[[float], object] = time.sleep,
        shows_output: bool = False,
    ) -> None:
        self.sys_root = sys_root
        self.nvml = nvml
        self.wait = wait
        self.shows_output = shows_output


def plan_sweep(
    command: Sequence[str], dimensions: Sequence[Dimension], *, most: int, **manner: Any
) -> SweepPlan:
    """Return the plan of a new sweep on this machine.

    Args:
        command: The program and its arguments.
        dimensions: What is to be changed.
        most: How many settings are allowed.
        **manner: Further fields of `brizna.core.sweep.SweepPlan`.

    Raises:
        InputError: If there is no command, nothing to change, or too much of it.
    """
    if not command:
        raise InputError("No command was given: put it after --, such as -- python train.py.")
    plan = SweepPlan(
        made=now(),
        machine=machine_name(),
        command=tuple(command),
        dimensions=tuple(dimensions),
        **manner,
    )
    Goal.read(plan.goal)
    turns(list(plan.settings(most=most)), repeats=plan.repeats, seed=0, warm_ups=plan.warm_ups)
    return plan


def sweep(
    plan: SweepPlan,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
    tell: Callable[[Progress], object] = lambda _: None,
    bench: Bench | None = None,
) -> Sweep:
    """Carry out a sweep, or what is missing of it, and return what it found.

    Limits of devices are put back whatever happens; after SIGKILL by the next command of brizna.

    Args:
        plan: What is to be done. Trials of the very same plan that are in the store are not made
            again.
        settings: The settings in force.
        environ: This process's environment.
        directory: The working directory.
        tell: Called after each trial.
        bench: What trials are made on; this machine if None.

    Raises:
        SweepStoppedError: If a signal ended it.
        UnavailableError: If a limit cannot be set here, with the command that changes that; or if
            the store cannot be written.
        InputError: If the plan cannot be carried out, or its command not be started.
    """
    bench = bench or Bench()
    check_machine(plan.machine)
    arms = plan.settings(most=sys.maxsize)
    devices = DeviceLevels(plan, sys_root=bench.sys_root, nvml=bench.nvml)
    held = HeldLimits(devices.planned, next(iter(restore_files(environ)), ""), now=now)
    store = Store.find(settings["store"], cwd=directory, environ=environ)
    kept = without_secrets(plan)
    digest = digest_of(kept.to_json())
    done = _made(store, digest, settings["view"])
    ground = Ground(store, settings, environ, directory)
    with stoppable(), held, aside(shows_output=bench.shows_output):
        trialist = _Trialist(plan, ground, lambda levels: devices.set(levels, held.set), held.check)
        keep_series(store, kept)  # not before: one that is refused was never begun
        trialist.begin(digest, done=len(done), tell=tell, wait=bench.wait)
        try:
            found = trials(
                list(arms),
                repeats=plan.repeats,
                seed=plan.seed,
                warm_ups=plan.warm_ups,
                run_one=trialist.run,
                done=done,
            )
        except InputError:
            if not done and not trialist.has_made:
                forget_series(store, SweepPlan, digest)
            raise
    counted = [facts for turn, facts in found.results.items() if turn.counts]
    made = conclude(kept, digest, counted, failed=found.failed)
    made = made.replace(notes=(*made.notes, *map(str, held.notes)))
    keep_series(store, made)
    return made


class _Trialist:
    """Makes the trials of one sweep.

    Attributes:
        has_made: Whether one was made and kept.
    """

    def __init__(
        self,
        plan: SweepPlan,
        ground: Ground,
        prepare: Callable[[Mapping[str, str]], object],
        check: Callable[[], object],
    ) -> None:
        """Take what to do, where, and what brings devices to a setting and checks them after."""
        self._plan = plan
        self._ground = ground
        self._prepare = prepare
        self._check = check
        self._arms = plan.settings(most=sys.maxsize)
        self._processors = _processors()
        self._has_begun = False
        self._digest = ""
        self.has_made = False

    def begin(
        self,
        digest: str,
        *,
        done: int,
        tell: Callable[[Progress], object],
        wait: Callable[[float], object],
    ) -> None:
        """Say which sweep it is, how many trials were made earlier, and whom to tell of each."""
        plan = self._plan
        names = list(self._arms)
        every = turns(names, repeats=plan.repeats, seed=plan.seed, warm_ups=plan.warm_ups)
        self._digest, self._tell, self._wait = digest, tell, wait
        self._total, self._done, self._first = len(every), done, done
        self._begun_s = time.monotonic()

    def run(self, turn: Turn) -> TrialFacts:
        """Make one trial.

        Raises:
            TrialFailedError: If the command failed.
            SweepStoppedError: If a signal was meant to end the sweep.
            UnavailableError: If the run could not be kept, or a limit is not what it should be.
            InputError: If the command cannot be started, or did not count what it should.
        """
        if self._has_begun and self._plan.settle_s > 0:
            self._wait(self._plan.settle_s)
        self._has_begun = True
        try:
            facts = self._make(turn)
        except TrialFailedError as error:
            self._say(turn, None, str(error))
            raise
        self._say(turn, facts, None)
        return facts

    def _make(self, turn: Turn) -> TrialFacts:
        levels = self._arms[turn.arm]
        self._prepare(levels)
        before = _switches()
        finished = run_command(
            self._job(turn),
            self._ground.settings,
            environ={**self._ground.environ, **variables_of(self._plan, levels)},
            directory=self._ground.directory,
            afterwards=lambda _: None,
        )
        switches = [
            None if one is None or two is None else two - one
            for one, two in zip(before, _switches(), strict=True)
        ]
        stop_if_told(finished.outcome)
        self._check()
        run_id = kept_run(finished)
        note = TrialNote(
            sweep=self._digest,
            arm=turn.arm,
            block=turn.block,
            place=turn.place,
            levels=levels,
            switches_voluntary=switches[0],
            switches_involuntary=switches[1],
        )
        facts = _facts(self._ground.store.read(run_id).run, note, self._ground.settings["view"])
        per = self._plan.per
        if per is not None and not facts.work.get(per):
            raise InputError(
                "--per names {per!r}, but the run {run} counted {counted}: count it with brizna "
                "mark --count {per}=N, or leave --per out.",
                per=per,
                run=run_id,
                counted=", ".join(facts.work) or Said("nothing"),
            )
        self._ground.store.put(note.to_json(), run_id=run_id)
        self.has_made = True
        return facts

    def _job(self, turn: Turn) -> Job:
        levels = self._arms[turn.arm]
        tags = ["sweep", f"sweep:{digest_name(self._digest)}", "stage:search"]
        tags += [f"{name}={level}" for name, level in levels.items()]
        return Job(
            command=command_of(self._plan, levels, self._processors),
            name=turn.arm,
            tags=tags if turn.counts else [*tags, "warm-up"],
        )

    def _say(self, turn: Turn, facts: TrialFacts | None, failed: str | None) -> None:
        self._done += 1
        made = self._done - self._first
        each_s = (time.monotonic() - self._begun_s) / made
        self._tell(
            Progress(
                done=self._done,
                total=self._total,
                arm=turn.arm,
                counts=turn.counts,
                left_s=each_s * max(self._total - self._done, 0),
                facts=facts,
                failed=failed,
            )
        )


def _facts(run: Run, note: TrialNote, seen_as: str) -> TrialFacts:
    """Return what the run of a trial came to."""
    measurement = run.measurement
    energy, reason = measurement.seen_as(seen_as)
    return TrialFacts(
        arm=note.arm,
        block=note.block,
        run=run.id,
        energy_j=energy,
        reason=reason,
        duration_s=run.duration_s,
        work={work.name: work.amount for work in measurement.work},
        switches_voluntary=note.switches_voluntary,
        switches_involuntary=note.switches_involuntary,
        modelled=measurement.coverage.modelled,
    )


def _made(store: Store, digest: str, seen_as: str) -> dict[tuple[int, str], TrialFacts]:
    """Return the trials of a sweep that are in the store, by block and setting."""
    notes = kept_notes(store, TrialNote, f"sweep:{digest_name(digest)}")
    return {
        (note.block, note.arm): _facts(store.read(summary.id).run, note, seen_as)
        for note, summary in notes
        if summary.exit_code == 0 and note.sweep == digest and note.block != WARM_UP
    }


def _switches() -> tuple[int | None, int | None]:
    """Return how often children that have been waited for gave up the processor, or lost it."""
    if sys.platform == "win32":
        return None, None
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_nvcsw, used.ru_nivcsw


def _processors() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
