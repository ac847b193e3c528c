"""How each figure is taken: one round visits every tool once."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from overhead.environments import INSIDE, distributions, size_bytes
from overhead.processes import PATIENCE_S, Unmeasured, cpu_s_of, cpu_s_until_now, failure, wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Self

    from overhead.contestants import Contestant
    from overhead.environments import Environment

    Figure = float | Unmeasured
    Figures = Mapping[str, Figure]
    Outcome = Mapping[str, Figures | Unmeasured]
    Sample = Callable[["Stage", Contestant], Figures]

PROCESSES = 10


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long the comparison may take.

    Attributes:
        rounds: Visits to each tool for figures that take seconds at most.
        idle_rounds: Times that all tools track idle programs, side by side.
        idle_s: For how long they do.
        ready_s: How long they have to get ready for it.
        window_pairs: Windows in a batch.
        window_batches: Batches in a round.
        settle_s: How long what is written later has time to be written; longer than an interval.
        loop_rounds: Visits to each tool for the busy loop.
        loop_segment_s: How long a segment with or without the tool takes.
        loop_pairs: Pairs of segments in a visit.
    """

    rounds: int = 11
    idle_rounds: int = 5
    idle_s: float = 60.0
    ready_s: float = 25.0
    window_pairs: int = 100
    window_batches: int = 15
    settle_s: float = 1.5
    loop_rounds: int = 5
    loop_segment_s: float = 1.5
    loop_pairs: int = 4


QUICK = Budget(rounds=3, idle_rounds=1, idle_s=15.0, loop_rounds=1, loop_pairs=2)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where it all happens.

    Attributes:
        environments: The environment of each contestant, by its name.
        budget: How long it may take.
        counters: The folder of the simulated counters.
    """

    environments: Mapping[str, Environment]
    budget: Budget
    counters: str

    def variables(self, contestant: Contestant) -> dict[str, str]:
        """Return the environment variables of what runs for a contestant."""
        environment = self.environments[contestant.name]
        return {**environment.variables, "BENCH_COUNTERS": self.counters}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A way of taking one or more rows' figures.

    Attributes:
        rows: The rows that it fills.
        rounds: How often, by the budget.
        visit: Takes the figures of all contestants once.
    """

    rows: tuple[str, ...]
    rounds: Callable[[Budget], int]
    visit: Callable[[Stage, Sequence[Contestant]], Outcome]


def one_by_one(sample: Sample) -> Callable[[Stage, Sequence[Contestant]], Outcome]:
    """Make a visit of a function that takes one contestant's figures."""

    def visit(stage: Stage, contestants: Sequence[Contestant]) -> Outcome:
        outcome: dict[str, Figures | Unmeasured] = {}
        for contestant in contestants:
            try:
                outcome[contestant.name] = sample(stage, contestant)
            except Unmeasured as reason:
                outcome[contestant.name] = reason
        return outcome

    return visit


def commanded(stage: Stage, contestant: Contestant) -> Figures:
    """Take the processor time of interpreters that import, and of the command that marks."""
    environment = stage.environments[contestant.name]
    variables = stage.variables(contestant)
    where = {"environ": variables, "directory": environment.scratch}
    figures = {
        "import": cpu_s_of([environment.python, "-c", contestant.import_code], **where),
        "ready": cpu_s_of([environment.python, "-c", contestant.ready_code], **where),
    }
    if "mark" not in contestant.lacks:
        with wrapped(_wrapper(stage, contestant), **where) as (_, address):
            inside = {**where, "environ": {**variables, "BRIZNA_RUN": address}}
            command = [environment.command("brizna"), "mark", "a name"]
            figures["mark"] = cpu_s_of(command, **inside)
    return figures


def until_child(stage: Stage, contestant: Contestant) -> Figures:
    """Take the processor time of a wrapper up to the moment at which its child says hello."""
    environment = stage.environments[contestant.name]
    where = {"environ": stage.variables(contestant), "directory": environment.scratch}
    with wrapped(_wrapper(stage, contestant), **where) as (process, _):
        return {"until-child": cpu_s_until_now(process.pid)}


def start_stop(stage: Stage, contestant: Contestant) -> Figures:
    """Take the processor time of a tracker's construction, start and stop, import apart."""
    answer = act(stage, contestant, "start-stop")
    return {"start-stop": answer["start_cpu_s"] + answer["stop_cpu_s"]}


def windows(stage: Stage, contestant: Contestant) -> Figures:
    """Take the processor time of one window with the machine's own meters."""
    starter = "make" if contestant.name == "codecarbon" else "start"
    answer = act(stage, contestant, "window", starter, **_window_budget(stage))
    return {"window": answer["pair_cpu_s"], "window-whole": answer["whole_cpu_s"]}


def windows_with_counters(stage: Stage, contestant: Contestant) -> Figures:
    """Take the processor time of one window with two simulated counters."""
    answer = act(stage, contestant, "window", "start_with_two_counters", **_window_budget(stage))
    return {
        "window-counters": answer["pair_cpu_s"],
        "window-counters-whole": answer["whole_cpu_s"],
    }


def loops(stage: Stage, contestant: Contestant) -> Figures:
    """Take the ratio of processor times for the same work, with and without the tool."""
    budget = stage.budget
    segments = {"segment_s": budget.loop_segment_s, "pairs": budget.loop_pairs}
    return {"loop": act(stage, contestant, "loop", **segments)["ratio"]}


def weigh(stage: Stage, contestant: Contestant) -> Figures:
    """Weigh an environment and count what is installed in it, less what an empty one has."""
    mine, empty = stage.environments[contestant.name], stage.environments["bare"]
    return {
        "size": size_bytes(mine.folder) - size_bytes(empty.folder),
        "distributions": len(distributions(mine)) - len(distributions(empty)),
    }


def idle(stage: Stage, contestants: Sequence[Contestant]) -> Outcome:
    """Let all contestants track idle programs at once, over the same seconds.

    Their ticks are spread over the second; each takes next to nothing, so that two processors do
    for all of them.
    """
    budget = stage.budget
    begin = time.monotonic() + budget.ready_s
    outcome: dict[str, dict[str, Figure]] = {one.name: {} for one in contestants}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        trackers = []
        for place, (contestant, row, starter) in enumerate(_idlers(stage, contestants)):
            answer = os.path.join(folder, f"{contestant.name}-{row}.json")
            when = {"begin": begin + 0.09 * place, "duration_s": budget.idle_s}
            words = ["idle", starter, json.dumps(when)]
            child = _Child(stage, contestant, _act_command(stage, contestant, answer, words))
            trackers.append((contestant.name, row, stack.enter_context(child), answer))
        wrappers = []
        for contestant in contestants:
            if contestant.wrapper is not None:
                children = f"sleep {budget.ready_s + budget.idle_s + 3} & " * PROCESSES + "wait"
                command = [*_wrapper(stage, contestant), "sh", "-c", children]
                child = _Child(stage, contestant, command)
                wrappers.append((contestant.name, stack.enter_context(child)))
        for name, figure in _watch(wrappers, begin=begin, duration_s=budget.idle_s).items():
            outcome[name]["run-idle"] = figure
        for name, row, child, answer in trackers:
            outcome[name][row] = _idle_answer(child, answer)
    return outcome


MEASURES = (
    Measure(rows=("size", "distributions"), rounds=lambda _: 1, visit=one_by_one(weigh)),
    Measure(
        rows=("import", "ready", "mark"), rounds=lambda b: b.rounds, visit=one_by_one(commanded)
    ),
    Measure(rows=("until-child",), rounds=lambda b: b.rounds, visit=one_by_one(until_child)),
    Measure(rows=("start-stop",), rounds=lambda b: b.rounds, visit=one_by_one(start_stop)),
    Measure(rows=("window", "window-whole"), rounds=lambda b: b.rounds, visit=one_by_one(windows)),
    Measure(
        rows=("window-counters", "window-counters-whole"),
        rounds=lambda b: b.rounds,
        visit=one_by_one(windows_with_counters),
    ),
    Measure(
        rows=("idle", "idle-least", "idle-counters", "run-idle"),
        rounds=lambda b: b.idle_rounds,
        visit=idle,
    ),
    Measure(rows=("loop",), rounds=lambda b: b.loop_rounds, visit=one_by_one(loops)),
)


def act(
    stage: Stage, contestant: Contestant, action: str, starter: str = "start", **arguments: Any
) -> Mapping[str, float]:
    """Run one action inside a contestant's environment and return what it found.

    Raises:
        Unmeasured: If it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = os.path.join(folder, "answer.json")
        cpu_s_of(
            _act_command(stage, contestant, answer, [action, starter, json.dumps(arguments)]),
            environ=stage.variables(contestant),
            directory=stage.environments[contestant.name].scratch,
        )
        return _read(answer)


@contextmanager
def moving_counters(environment: Environment, folder: str) -> Iterator[None]:
    """Have brizna's simulator move a package's and a DRAM's counters while the block runs."""
    command = [environment.python, str(INSIDE / "move_counters.py"), folder]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(environment.variables)
    ) as mover:
        assert mover.stdout is not None
        if mover.stdout.readline() != b"ready\n":
            raise Unmeasured("the simulated counters do not start")
        yield
        mover.communicate(timeout=PATIENCE_S)


def _window_budget(stage: Stage) -> dict[str, float]:
    budget = stage.budget
    return {
        "pairs": budget.window_pairs,
        "batches": budget.window_batches,
        "settle_s": budget.settle_s,
    }


def _wrapper(stage: Stage, contestant: Contestant) -> list[str]:
    assert contestant.wrapper is not None
    command, *options = contestant.wrapper
    return [stage.environments[contestant.name].command(command), *options]


def _act_command(
    stage: Stage, contestant: Contestant, answer: str, words: Sequence[str]
) -> list[str]:
    """Return the command line of ``inside/act.py``; ``words`` are its action and what follows."""
    python = stage.environments[contestant.name].python
    return [python, str(INSIDE / "act.py"), contestant.name, answer, *words]


def _idlers(
    stage: Stage, contestants: Sequence[Contestant]
) -> Iterator[tuple[Contestant, str, str]]:
    """Yield who tracks an idle program, the row that it is for, and how it starts."""
    for contestant in contestants:
        if "idle" not in contestant.lacks:
            yield contestant, "idle", "start"
        if contestant.name == "bare" and os.path.isdir(stage.counters):
            yield contestant, "idle-least", "start_least"
        if contestant.name == "brizna":
            yield contestant, "idle-counters", "start_with_counters"


class _Child:
    """A process of a contestant; leaving the block waits for it, or ends it after an error."""

    def __init__(self, stage: Stage, contestant: Contestant, command: Sequence[str]) -> None:
        self._command = command
        self._talk = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self.process = subprocess.Popen(
            command,
            env=stage.variables(contestant),
            cwd=stage.environments[contestant.name].scratch,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._talk,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.process.kill()
        self.process.wait()
        self._talk.close()

    def failure(self) -> Unmeasured | None:
        """Wait for its end and return how it failed, if it did."""
        code = self.process.wait(timeout=PATIENCE_S)
        self._talk.seek(0)
        return Unmeasured(failure(self._command, code, self._talk.read())) if code else None


def _watch(
    wrappers: Sequence[tuple[str, _Child]], *, begin: float, duration_s: float
) -> Mapping[str, Figure]:
    """Return the processor time of each wrapper over the same seconds, for one hour."""
    figures: dict[str, Figure] = {}
    before: dict[str, tuple[float, float]] = {}
    for instant in (begin, begin + duration_s):
        time.sleep(max(0.0, instant - time.monotonic()))
        for name, child in wrappers:
            if child.process.poll() is not None:
                figures[name] = child.failure() or Unmeasured("it did not wait for its command")
                continue
            now = (time.monotonic(), cpu_s_until_now(child.process.pid))
            if name in before:
                passed_s, cpu_s = (b - a for a, b in zip(before[name], now, strict=True))
                figures[name] = cpu_s / passed_s * 3600
            before[name] = now
    return figures


def _idle_answer(child: _Child, answer: str) -> Figure:
    failed = child.failure()
    if failed is not None:
        return failed
    found = _read(answer)
    return found["cpu_s"] / found["duration_s"] * 3600


def _read(answer: str) -> Mapping[str, float]:
    with open(answer, encoding="utf-8") as file:
        return json.load(file)
