"""Gate a command: does the head take more than the base, more than its budget, or do less?

The whole gate is one measured run, and each execution a phase of it, so that what gating itself
takes is told too.
"""

from __future__ import annotations

import os
import warnings
from math import ceil
from tempfile import TemporaryDirectory

from brizna.check._gate import LOOKS, Block, check_limits, judge_gate
from brizna.check._gate_limits import (
    COUNTED,
    Floor,
    check_budget,
    counts_repeat,
    judge_budget,
    judge_counts,
    judge_drift,
    judge_quality,
)
from brizna.check._gate_told import UNITS, Gate
from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.quantities import Duration, Energy
from brizna.core.records import Record
from brizna.core.trials import WARM_UP, typical
from brizna.environment import machine_name, redact
from brizna.run import trials
from brizna.run._counters import execute, find_counter
from brizna.store import Store
from brizna.verbs._gate_trees import FOLDER, scrubbed, trees
from brizna.verbs._measure import Measuring, MeasuringWarning
from brizna.verbs._measured_trial import RESULT_VARIABLE, told_result
from brizna.verbs._trialling import stoppable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import ClassVar

    from brizna.check._gate import GateVerdict
    from brizna.check._gate_limits import Limit, Quality
    from brizna.core.estimate import Estimate
    from brizna.core.trials import Turn
    from brizna.meter import Meter
    from brizna.run._counters import Execution
    from brizna.verbs._gate_trees import Trees
    from brizna.verbs._settings import Settings

AUTO = "auto"
BASE, AGAIN, HEAD = "base", "again", "head"
TAG = "gate"
_SEED = 1
_PASSED = ("zone", "pue", "intensity", "interval", "store", "meter", "credentials", "idle_w")
"""Settings that the gate's own run is measured with."""
_BUDGET_EXECUTIONS = 5
_COUNT_LIMIT_S = 2.0
"""A command that takes longer is not counted by callgrind unless that is asked for."""
_LEAST_CPU_S = 0.05
"""A figure of fewer processor seconds is mostly start-up and the clock's steps."""
_MOST_EXECUTIONS = 10
_RESULT, _OUTPUT = "result.json", "output.txt"


class GateAsked(Record):
    """What a gate is asked.

    Attributes:
        command: The program and its arguments.
        base: What the head is held against; None for a budget or a quality alone.
        figure: What is compared: ``instructions``, ``cpu``, ``energy``, or ``auto`` for the
            steadiest that can be had.
        allow: A larger change than this is a regression, as a share.
        notice: The smallest change that matters, as a share.
        budget: A quantity with its unit; a bare number means instructions. None without one. Beside
            a base it may be of another figure than what is compared.
        name: What the history of the base is kept under; by the command itself if None.
        floors: Qualities that must not be given up.
        setup: Words of a command that each version runs once, before all.
        variables: What the environment of every execution has more.
        keep: Names of variables that are handed on.
        executions: How many of them make one figure; None to choose by how long one takes.
        blocks: The most blocks.
    """

    command: tuple[str, ...]
    base: str | None = None
    figure: str = AUTO
    allow: float = 0.0
    notice: float = 0.05
    budget: str | None = None
    name: str | None = None
    floors: tuple[Floor, ...] = ()
    setup: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    keep: tuple[str, ...] = ()
    executions: int | None = None
    blocks: int = LOOKS[-1]

    _forms: ClassVar = {}

    def _check(self) -> None:
        if not self.command:
            raise InputError("No command was given: put it after --, such as -- python train.py.")
        if self.base is None and self.budget is None and not self.floors:
            raise InputError(
                "Nothing is asked of the command: expected --base with a commit, --max with a "
                "budget or --quality with a floor."
            )
        if self.figure not in (AUTO, *UNITS):
            raise InputError(
                "--by is {figure!r}: expected {known}.",
                figure=self.figure,
                known=", ".join((AUTO, *UNITS)),
            )
        check_limits(allow=self.allow, notice=self.notice)
        if self.base is None and any(floor.over_base for floor in self.floors):
            raise InputError(
                "A quality is asked beside the base, but there is none: name it with --base."
            )
        if not LOOKS[0] <= self.blocks <= LOOKS[-1]:
            raise InputError(
                "--blocks is {blocks}: expected {least} to {most}. Leave it out for as many as are "
                "needed.",
                blocks=self.blocks,
                least=LOOKS[0],
                most=LOOKS[-1],
            )
        if self.executions is not None and self.executions < 1:
            raise InputError(
                "--executions is {executions}: expected at least 1. Leave it out for as many as "
                "make a steady figure.",
                executions=self.executions,
            )


class GateProgress(Record):
    """How far a gate has come.

    Attributes:
        blocks: How many blocks are done.
        figure: What is compared.
        change: What they say so far; None for a budget alone.
    """

    blocks: int
    figure: str
    change: GateVerdict | None


def gate(
    asked: GateAsked,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
    tell: Callable[[GateProgress], object] = lambda _: None,
    meters: Sequence[Meter] | None = None,
) -> Gate:
    """Run a command, or two versions of it in turn, and say whether what it takes is right.

    The record is kept in the store beside the run of the gate itself.

    Args:
        asked: What is asked.
        settings: The settings in force.
        environ: This process's environment.
        directory: Where the command runs.
        tell: Called after each look.
        meters: Meters to read; this machine's if None.

    Raises:
        InputError: If the command or the base is not there, or the command fails.
        SweepStoppedError: If a signal ended it; nothing is kept then but its run.
        UnavailableError: If what is asked for cannot be counted here.
    """
    budget = None if asked.budget is None else read_budget(asked.budget)
    options = {name: settings[name] for name in _PASSED if settings[name] is not None}
    store = Store.find(settings["store"], cwd=directory, environ=environ)
    measuring = Measuring("gate", tags=(TAG,), meters=meters, **options)
    with (
        TemporaryDirectory(prefix=FOLDER) as folder,
        stoppable(),
        trees(asked.base, directory=directory, folder=folder, environ=environ) as both,
        warnings.catch_warnings(record=True) as heard,
    ):
        warnings.simplefilter("always", MeasuringWarning)
        with measuring:
            work = _Work(asked, both, folder, measuring, environ)
            work.begin(budget)
            made = work.judge(budget, tell)
    past = _history(store, made, machine_name()) if made.base is not None else ()
    made = _conclude(made, measuring, past)
    made = made.replace(notes=(*made.notes, *(str(one.message) for one in heard)))
    return _kept(made, store)


def _kept(made: Gate, store: Store) -> Gate:
    """Keep what was found beside the gate's run; where it cannot be, say so and lose nothing."""
    if made.run is None:
        return made
    try:
        store.put(made.to_json(), run_id=made.run)
    except UnavailableError as error:
        note = str(Said("What the gate found is not kept: {error}", error=error))
        return made.replace(notes=(*made.notes, note))
    return made


def read_budget(text: str) -> tuple[str, float]:
    """Return the figure that a budget is of, and the budget in that figure's unit.

    Raises:
        InputError: If it is neither energy, time nor a number.
    """
    for figure, kind in (("instructions", None), ("energy", Energy), ("cpu", Duration)):
        try:
            most = float(text) if kind is None else kind.parse(text).value
        except ValueError:  # an InputError is one too: it is of another kind
            continue
        check_budget(most)
        return figure, most
    raise InputError(
        "--max is {text!r}: expected energy such as 450Wh, processor time such as 30s, or a number "
        "of instructions such as 2e9.",
        text=text,
    )


class _Way(Record):
    """How one figure is made.

    Attributes:
        figure: ``instructions``, ``cpu`` or ``energy``.
        method: ``perf``, ``callgrind``, ``rusage`` or ``meters``.
        counter: The program that counts instructions; None for the others.
        count: How many executions make one figure.
    """

    figure: str
    method: str
    counter: str | None = None
    count: int = 1


class _Work:
    """Makes the executions of one gate."""

    def __init__(
        self,
        asked: GateAsked,
        both: Trees,
        folder: str,
        measuring: Measuring,
        environ: Mapping[str, str],
    ) -> None:
        """Take what is asked, where both versions are, and what measures all of it."""
        self._asked = asked
        self._both = both
        self._folder = os.path.join(folder, "trial")
        os.mkdir(self._folder)
        self._measuring = measuring
        self._environ = environ
        self._way = self._budget_way = _Way(figure="cpu", method="rusage")
        self._pilot_cpu_s = 0.0
        self._notes: list[str] = []
        self._told: dict[tuple[int, str], list[dict[str, float]]] = {}
        self._energies: list[Estimate] = []

    def begin(self, budget: tuple[str, float] | None) -> None:
        """Set both versions up, warm them up, and choose what to compare and how often to run."""
        asked = self._asked
        figure = asked.figure
        if asked.base is None and budget is not None:
            if figure not in (AUTO, budget[0]):
                raise InputError(
                    "--by is {figure} and --max is of {other}, and there is no --base to compare "
                    "with: expected the same of both.",
                    figure=figure,
                    other=budget[0],
                )
            figure = budget[0]
        arms = [HEAD] if asked.base is None else [BASE, HEAD]
        for arm in arms:
            if asked.setup:
                self._execute(arm, asked.setup, f"setup {arm}")
        pilot = [self._execute(arm, asked.command, "warm-up") for arm in arms][-1]
        self._pilot_cpu_s = pilot.cpu_s
        self._way = self._budget_way = self._way_of(figure)
        if budget is not None and budget[0] != self._way.figure:
            self._budget_way = self._way_of(budget[0])  # what cannot be counted is told at once

    def _way_of(self, figure: str) -> _Way:
        """Return how a figure is made; for `AUTO` the steadiest that can be had."""
        if figure in (AUTO, "instructions"):
            counter = self._counter_for(figure)
            if counter is not None:
                count = self._asked.executions or 1
                return _Way(figure="instructions", method=counter, counter=counter, count=count)
        wanted = ceil(_LEAST_CPU_S / max(self._pilot_cpu_s, 1e-6))
        count = self._asked.executions or min(max(wanted, 1), _MOST_EXECUTIONS)
        if figure == "energy":
            return _Way(figure="energy", method="meters", count=count)
        return _Way(figure="cpu", method="rusage", count=count)

    def _counter_for(self, figure: str) -> str | None:
        """Return the program that counts instructions; None, with a note, where that may be."""
        counter, why = find_counter(self._environ, folder=self._folder)
        cpu_s = self._pilot_cpu_s
        if figure == AUTO and counter == "callgrind" and cpu_s > _COUNT_LIMIT_S:
            why = str(Said("callgrind would make {cpu_s:.3g} s many minutes", cpu_s=cpu_s))
            counter = None
        if counter is None and figure == AUTO:
            note = Said("Processor seconds are compared, not instructions: {why}.", why=why)
            self._notes.append(str(note))
        elif counter is None:
            raise UnavailableError(
                "Instructions cannot be counted here ({why}): install valgrind, or compare "
                "processor seconds with --by cpu.",
                why=why,
            )
        return counter

    def judge(
        self, budget: tuple[str, float] | None, tell: Callable[[GateProgress], object]
    ) -> Gate:
        """Make the executions, and return what they say."""
        asked, both = self._asked, self._both
        change, blocks = None, ()
        if asked.base is None:
            heads = list(self._alone(tell))
        else:
            change, blocks = self._compare(tell)
            heads = [one.head for one in blocks]
        way, qualities = self._way, tuple(self._qualities(len(heads)))
        if budget is not None and self._budget_way != way:  # then the head alone, in its way
            self._way = self._budget_way
            heads = list(self._alone(tell))
        return Gate(
            command=redact(asked.command),
            name=asked.name,
            figure=way.figure,
            method=way.method,
            base=asked.base,
            base_commit=both.base_commit,
            head_commit=both.head_commit,
            is_changed=both.is_changed,
            executions=way.count,
            allow=asked.allow,
            notice=asked.notice,
            blocks=blocks,
            change=change,
            budget=None if budget is None else self._hold(budget[1], heads),
            budget_method=None if budget is None else self._way.method,
            quality=qualities,
            notes=tuple(self._notes),
        )

    def _alone(self, tell: Callable[[GateProgress], object]) -> list[float]:
        """Run the head alone, as often as its budget needs."""
        counted = self._way.figure == "instructions"
        repeats = COUNTED if counted else _BUDGET_EXECUTIONS
        self._energies.clear()
        found = trials([HEAD], repeats=repeats, seed=_SEED, run_one=self._trial, warm_ups=0)
        tell(GateProgress(blocks=repeats, figure=self._way.figure, change=None))
        return [found.counted()[HEAD][block] for block in range(repeats)]

    def _compare(
        self, tell: Callable[[GateProgress], object]
    ) -> tuple[GateVerdict, tuple[Block, ...]]:
        """Run the versions in blocks until that decides."""
        asked = self._asked
        done: dict[tuple[int, str], float] = {}
        stages = [look for look in LOOKS if look <= asked.blocks]
        if self._way.figure == "instructions":
            stages = [COUNTED, *stages]
        found: GateVerdict | None = None
        blocks: tuple[Block, ...] = ()
        for stage in stages:
            made = trials(
                [BASE, AGAIN, HEAD],
                repeats=stage,
                seed=_SEED,
                run_one=self._trial,
                warm_ups=0,
                done=done,
            )
            done = {(turn.block, turn.arm): one for turn, one in made.results.items()}
            blocks = tuple(
                Block(base=done[at, BASE], again=done[at, AGAIN], head=done[at, HEAD])
                for at in range(stage)
            )
            found = self._judged(blocks)
            tell(GateProgress(blocks=stage, figure=self._way.figure, change=found))
            if found.is_final:
                break
        assert found is not None, "there is at least one look"
        return found, blocks

    def _judged(self, blocks: Sequence[Block]) -> GateVerdict:
        asked = self._asked
        if self._way.figure == "instructions" and counts_repeat(blocks):
            return judge_counts(blocks, allow=asked.allow, notice=asked.notice)
        return judge_gate(blocks, allow=asked.allow, notice=asked.notice)

    def _trial(self, turn: Turn) -> float:
        """Make one figure: the sum over as many executions as make one."""
        assert turn.block != WARM_UP, "the gate warms up by itself"
        return sum(self._one(turn) for _ in range(self._way.count))

    def _one(self, turn: Turn) -> float:
        done = self._execute(turn.arm, self._asked.command, turn.arm)
        paths = [os.path.join(self._folder, name) for name in (_RESULT, _OUTPUT)]
        if self._asked.floors:
            self._told.setdefault((turn.block, turn.arm), []).append(told_result(*paths))
        if self._way.figure == "instructions":
            assert done.instructions is not None, "what cannot be counted was refused"
            return done.instructions
        if self._way.figure == "cpu":
            return done.cpu_s
        return self._joules(turn.arm)

    def _joules(self, arm: str) -> float:
        energy = self._measuring.energy_together(arm, count=1)
        if energy is None:
            raise UnavailableError(
                "The energy of an execution cannot be told here: see brizna doctor, or compare "
                "processor seconds with --by cpu."
            )
        if arm == HEAD:
            self._energies.append(energy)
        return energy.best.value

    def _execute(self, arm: str, command: Sequence[str], name: str) -> Execution:
        """Execute a command in the tree of an arm, as a phase of the gate's run."""
        asked = self._asked
        result, output = (os.path.join(self._folder, name) for name in (_RESULT, _OUTPUT))
        if os.path.exists(result):
            os.unlink(result)
        variables = scrubbed(
            self._environ,
            added={**asked.variables, RESULT_VARIABLE: result},
            keep=asked.keep,
            counts=self._way.counter is not None,
        )
        place = self._both.head if arm == HEAD else self._both.base
        counter = self._way.counter if name == arm else None
        with self._measuring.phase(name):
            done = execute(
                command,
                variables,
                self._folder,
                counter=counter,
                directory=place,
                output=output,
            )
        if done.exit_code:
            raise InputError(
                "{command} ended with the exit code {code} in the {name} ({end}): expected 0. Let "
                "it run there first. It gets few variables of yours: see --keep and --env.",
                command=" ".join(redact(command)),
                code=done.exit_code,
                name=name,
                end=_tail(output),
            )
        return done

    def _hold(self, most: float, heads: Sequence[float]) -> Limit:
        """Hold the head's figures against the budget, on the end of their interval."""
        unit = UNITS[self._way.figure]
        one = [figure / self._way.count for figure in heads]
        ends = min(one), sorted(one)[len(one) // 2], max(one)
        if self._way.figure == "energy":
            mean = typical(self._energies)
            ends = mean.low.value, mean.best.value, mean.high.value
        count = len(heads) * self._way.count
        return judge_budget(ends, most=most, unit=unit, executions=count)

    def _qualities(self, blocks: int) -> list[Quality]:
        made: list[Quality] = []
        for floor in self._asked.floors:
            heads = self._said(floor.name, HEAD, blocks)
            bases = self._said(floor.name, BASE, blocks) if floor.over_base else []
            made.append(judge_quality(floor, heads, bases))
        return made

    def _said(self, name: str, arm: str, blocks: int) -> list[float | None]:
        """Return what each execution of an arm said of a quality, block by block."""
        every = [one for at in range(blocks) for one in self._told.get((at, arm), [])]
        return [_number(one.get(name)) for one in every]


def _number(said: object) -> float | None:
    """Return a quality that was said; None where it is no number at all."""
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        return None
    return float(said)


def _tail(output: str) -> str:
    """Return the last line that a command printed."""
    with open(output, "rb") as file:
        lines = file.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else str(Said("it printed nothing"))


def _conclude(made: Gate, measuring: Measuring, past: Sequence[float]) -> Gate:
    """Add what the gate itself took, and the history of the base."""
    drift = None
    if made.base is not None and made.figure != "energy":
        bases = sorted(one.base for one in made.blocks)
        here = bases[len(bases) // 2] / made.executions
        drift = judge_drift([*past, here], notice=made.notice)
    if measuring.view is None:
        reason = str(Said("the gate's own run could not be measured"))
        return made.replace(drift=drift, reason=reason)
    run = measuring.run
    return made.replace(
        drift=drift,
        energy_j=run.measurement.energy_j,
        reason=run.measurement.reason,
        duration_s=run.duration_s,
        run=run.id if measuring.directory is not None else None,
    )


def _history(store: Store, made: Gate, machine: str) -> tuple[float, ...]:
    """Return the base's figure by commit, the oldest first, as like gates in the store saw it.

    Of one commit the first gate counts. Processor seconds of another machine are left out.
    """
    found: dict[str, float] = {}
    for summary in store.runs():
        if TAG not in summary.tags or summary.state != "finished":
            continue
        for record in store.records(summary.id, schema=Gate.schema):
            past = Gate.from_json(record)
            if not _is_like(past, made) or past.base_commit is None or not past.blocks:
                continue
            if made.figure != "instructions" and store.read(summary.id).run.machine != machine:
                continue
            figures = sorted(one.base for one in past.blocks)
            found.setdefault(past.base_commit, figures[len(figures) // 2] / past.executions)
    found.pop(made.base_commit or "", None)
    return tuple(found.values())


def _is_like(past: Gate, made: Gate) -> bool:
    """Tell whether two gates ask of the same work: by their name where one was given."""
    same_work = past.command == made.command if made.name is None else past.name == made.name
    return same_work and (past.figure, past.method) == (made.figure, made.method)


def file_of(command: Sequence[str], directory: str) -> str | None:
    """Return the first word of a command that is a file of the project; None if none is."""
    for word in command:
        path = os.path.normpath(os.path.join(directory, word))
        if os.path.isfile(path) and not os.path.relpath(path, directory).startswith(os.pardir):
            return os.path.relpath(path, directory)
    return None
