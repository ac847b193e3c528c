"""Compare a complex model with simple ones: train and use each in turn, and apply the rule."""

from __future__ import annotations

import json
import os
import sys
from math import isfinite
from tomllib import TOMLDecodeError, load
from typing import cast

from brizna.check._noninferiority import FAIL, PASS
from brizna.check._simpler import POINTS, RATIO, Contender, Simpler, SimplerRule, simpler
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, estimate_of
from brizna.core.factors import nearest
from brizna.core.quantities import Energy
from brizna.core.records import Record, each
from brizna.core.trials import typical
from brizna.run import TrialFailedError, trials
from brizna.store import Store
from brizna.verbs._candidate import CANDIDATE, INFER, INFERENCES, TRAIN
from brizna.verbs._measured_trial import measured_trial
from brizna.verbs._recorder import Job
from brizna.verbs._trialling import Ground, stoppable
from brizna.verbs._tune import SEED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.core.measurement import Phase
    from brizna.core.trials import Turn
    from brizna.verbs._measured_trial import Told
    from brizna.verbs._settings import Settings

_KNOWN = ("data", "score", "points", "ratio", "inferences", "repeats", "seed", "least_s")
_OF_CANDIDATE = ("name", "model", "command", "complex")
_REPEATS, _LEAST_S, _SEED = 3, 1.0, 1
_TAG = "simpler"


class Candidate(Record):
    """One model that is compared.

    Attributes:
        name: What it is called.
        model: ``module:function`` that returns it; None with a command of its own.
        command: What trains and uses it; None with a function.
    """

    name: str
    model: str | None = None
    command: tuple[str, ...] | None = None

    _forms: ClassVar = {"command": tuple}


class SimplerCase(Record):
    """What is to be compared.

    Attributes:
        candidates: The models, the complex one first.
        data: ``module:function`` that returns training inputs and answers, unseen ones and theirs.
        score: ``module:function`` of answers and what was told; None for right or wrong.
        rule: When the complex model is not worth it.
        repeats: How often each is trained and used.
        seed: Decides the order.
        least_s: Processor seconds that a use lasts at least.
        folder: Where the functions are.
    """

    candidates: tuple[Candidate, ...]
    data: str | None
    score: str | None
    rule: SimplerRule
    repeats: int
    seed: int
    least_s: float
    folder: str


class Compared(Record):
    """What one model came to.

    Attributes:
        name: What it is called.
        score: Mean over the unseen items.
        training_j: Of one training; None where it is not known.
        inference_j: Of 1,000 inferences; None where it is not known.
        runs: Ids of its runs.
        failed: Why it was given up; None if it was not.
    """

    name: str
    score: float | None = None
    training_j: Estimate | None = None
    inference_j: Estimate | None = None
    runs: tuple[str, ...] = ()
    failed: str | None = None

    _forms: ClassVar = {
        "training_j": estimate_of(Energy),
        "inference_j": estimate_of(Energy),
        "runs": tuple,
    }


class SimplerStudy(Record):
    """What a comparison found.

    Attributes:
        complex: Name of the complex model.
        points: Of the rule.
        ratio: Of the rule.
        inferences: Of the rule.
        models: What each came to, the complex one first.
        verdicts: One for each simple model that did not fail.
        recommended: The model to take: of those that pass the one with the least energy, else the
            complex one; None where none passes and one is undecided.
        notes: What a reader should know, a sentence each.
    """

    schema: ClassVar = "brizna.simpler/1"

    complex: str
    points: float
    ratio: float
    inferences: float | None
    models: tuple[Compared, ...]
    verdicts: tuple[Simpler, ...]
    recommended: str | None
    notes: tuple[str, ...] = ()

    _forms: ClassVar = {
        "models": each(Compared.from_json),
        "verdicts": each(Simpler.from_json),
        "notes": tuple,
    }


def read_simpler_case(path: str, **over: float | None) -> SimplerCase:
    """Return what a file in TOML says is to be compared.

    Args:
        path: The file.
        **over: ``points``, ``ratio``, ``inferences`` or ``repeats`` in place of the file's.

    Raises:
        InputError: If it cannot be read, or says what it should not.
    """
    try:
        with open(path, "rb") as file:
            said: dict[str, Any] = load(file)
    except (OSError, TOMLDecodeError) as error:
        raise InputError(
            "{path!r} cannot be read ({error}): expected TOML with data and at least two tables "
            "[[candidate]].",
            path=path,
            error=error,
        ) from error
    tables = said.pop("candidate", [])
    _check_names(said, _KNOWN, path)
    said |= {name: value for name, value in over.items() if value is not None}
    try:
        return SimplerCase(
            candidates=_candidates(tables, path),
            data=said.get("data"),
            score=said.get("score"),
            rule=SimplerRule(
                points=float(said.get("points", POINTS)),
                ratio=float(said.get("ratio", RATIO)),
                inferences=None if said.get("inferences") is None else float(said["inferences"]),
            ),
            repeats=int(said.get("repeats", _REPEATS)),
            seed=int(said.get("seed", _SEED)),
            least_s=float(said.get("least_s", _LEAST_S)),
            folder=os.path.dirname(os.path.abspath(path)),
        )
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            "{path!r} says what cannot be ({error}): expected numbers for points, ratio, "
            "inferences, repeats, seed and least_s.",
            path=path,
            error=error,
        ) from error


def _candidates(tables: Any, path: str) -> tuple[Candidate, ...]:
    made: list[Candidate] = []
    for table in tables:
        _check_names(table, _OF_CANDIDATE, path)
        model, command = table.get("model"), table.get("command")
        if not table.get("name") or (model is None) == (command is None):
            raise InputError(
                "A candidate of {path!r} says {said}: expected name, and either model = "
                "'module:function' or command = [...].",
                path=path,
                said=", ".join(table) or Said("nothing"),
            )
        one = Candidate(
            name=table["name"], model=model, command=None if command is None else tuple(command)
        )
        made.insert(0 if table.get("complex") else len(made), one)
    if len(made) < 2 or len({one.name for one in made}) < len(made):
        raise InputError(
            "{path!r} has the candidates {names}: expected at least two, each name once, the "
            "complex one first or with complex = true.",
            path=path,
            names=", ".join(one.name for one in made) or "-",
        )
    return tuple(made)


def _check_names(table: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for name in table:
        if name not in known:
            raise InputError(
                "{path!r} says {name!r}, which is not known.{hint} Known: {known}.",
                path=path,
                name=name,
                hint=nearest(name, known),
                known=", ".join(known),
            )


def compare_simpler(
    case: SimplerCase,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    tell: Callable[[str, int, str | None], object] = lambda _name, _block, _failed: None,
) -> SimplerStudy:
    """Train and use all models in turn, and return what the rule says of the simple ones.

    Args:
        case: What is to be compared.
        settings: The settings in force.
        environ: This process's environment.
        tell: Called after each trial with the model, the block and why it failed.

    Raises:
        SweepStoppedError: If a signal ended it.
        InputError: If a model cannot be begun, or the complex one failed.
        UnavailableError: If a run could not be kept.
    """
    store = Store.find(settings["store"], cwd=case.folder, environ=environ)
    ground = Ground(store, settings, environ, case.folder)
    maker = _Maker(case, ground, tell)
    with stoppable():
        found = trials(
            [one.name for one in case.candidates],
            repeats=case.repeats,
            seed=case.seed,
            run_one=maker.make,
            warm_ups=0,
        )
    counted = found.counted()
    first = case.candidates[0].name
    if first in found.failed:
        raise InputError(
            "The complex model {name!r} failed, and nothing can be compared with it: {why}",
            name=first,
            why=found.failed[first],
        )
    contenders = [
        _contender(one.name, counted[one.name], settings["view"])
        for one in case.candidates
        if one.name not in found.failed
    ]
    verdicts = simpler(contenders[0], contenders[1:], rule=case.rule)
    by_name = {one.name: one for one in contenders}
    models = tuple(
        Compared(name=one.name, failed=found.failed[one.name])
        if one.name in found.failed
        else _compared(by_name[one.name], counted[one.name])
        for one in case.candidates
    )
    return SimplerStudy(
        complex=first,
        points=case.rule.points,
        ratio=case.rule.ratio,
        inferences=case.rule.inferences,
        models=models,
        verdicts=tuple(verdicts),
        recommended=_recommended(first, verdicts, models, case.rule),
        notes=_notes(counted),
    )


class _Maker:
    """Makes the trials of one comparison."""

    def __init__(
        self, case: SimplerCase, ground: Ground, tell: Callable[[str, int, str | None], object]
    ) -> None:
        self._case = case
        self._ground = ground
        self._tell = tell
        self._candidates = {one.name: one for one in case.candidates}

    def make(self, turn: Turn) -> Told:
        """Train and use one model.

        Raises:
            TrialFailedError: If its program failed, or did not say what it should.
        """
        candidate, case = self._candidates[turn.arm], self._case
        wanted = {
            "data": case.data,
            "model": candidate.model,
            "score": case.score,
            "least_s": case.least_s,
            "folder": case.folder,
        }
        own = [sys.executable, "-m", "brizna.verbs._candidate"]
        told = measured_trial(
            Job(
                command=own if candidate.command is None else candidate.command,
                name=candidate.name,
                tags=[_TAG, f"block={turn.block}", "stage:evaluation"],
            ),
            self._ground,
            folder=os.path.join(self._ground.store.path, _TAG),
            variables={CANDIDATE: json.dumps(wanted), SEED: str(case.seed + turn.block)},
        )
        failed = told.failed or _lacking(told)
        self._tell(turn.arm, turn.block, failed)
        if failed is not None:
            raise TrialFailedError(failed)
        return told


def _lacking(told: Told) -> str | None:
    """Return what a trial did not say; None where all is there."""
    said: Any = told.result.get("scores")
    if not isinstance(said, list) or not said:
        return str(Said("it wrote no list of scores to the file that $BRIZNA_RESULT names"))
    scores = cast("list[Any]", said)
    if not all(isinstance(one, (int, float)) and isfinite(one) for one in scores):
        return str(Said("one of its scores is no finite number"))
    phases = {phase.name: phase for phase in told.run.measurement.phases}
    if TRAIN not in phases or INFER not in phases or not _inferences(phases[INFER]):
        lacks = Said(
            "it did not mark the phases {train} and {infer} and count {work} in the second",
            train=TRAIN,
            infer=INFER,
            work=INFERENCES,
        )
        return str(lacks)
    return None


def _inferences(phase: Phase) -> float:
    return sum(work.amount for work in phase.work if work.name == INFERENCES)


def _contender(name: str, blocks: Mapping[int, Told], view: str) -> Contender:
    training: dict[int, Estimate] = {}
    inference: dict[int, Estimate] = {}
    for block, told in blocks.items():
        phases = {phase.name: phase for phase in told.run.measurement.phases}
        trained, used = (_energy(phases[phase], view) for phase in (TRAIN, INFER))
        if trained is not None:
            training[block] = trained
        if used is not None:
            inference[block] = used.scaled(1 / _inferences(phases[INFER]))
    lists = [told.result["scores"] for told in blocks.values()]
    if len({len(scores) for scores in lists}) > 1:
        raise InputError(
            "{name!r} scored different numbers of items in its trials: expected the same unseen "
            "items each time. Draw them from a fixed seed.",
            name=name,
        )
    scores = tuple(sum(items) / len(items) for items in zip(*lists, strict=True))
    return Contender(name=name, scores=scores, training_j=training, inference_j=inference)


def _energy(phase: Phase, view: str) -> Estimate | None:
    if view == "machine":
        return phase.energy_j
    return phase.fair_share_j if view == "fair-share" else phase.above_idle_j


def _compared(one: Contender, blocks: Mapping[int, Told]) -> Compared:
    return Compared(
        name=one.name,
        score=sum(one.scores) / len(one.scores),
        training_j=_mean(one.training_j),
        inference_j=_mean({block: used.scaled(1000) for block, used in one.inference_j.items()}),
        runs=tuple(told.run.id for told in blocks.values()),
    )


def _mean(values: Mapping[int, Estimate]) -> Estimate | None:
    try:
        return typical(values.values())
    except InputError:  # none, or one that may be 0
        return None


def _recommended(
    first: str, verdicts: Sequence[Simpler], models: Sequence[Compared], rule: SimplerRule
) -> str | None:
    passed = [one.name for one in verdicts if one.verdict == PASS]
    if not passed:
        undecided = any(one.verdict not in (PASS, FAIL) for one in verdicts)
        return None if undecided else first
    return min((one for one in models if one.name in passed), key=lambda one: _life(one, rule)).name


def _life(model: Compared, rule: SimplerRule) -> float:
    trained = 0.0 if model.training_j is None else model.training_j.best.value
    used = 0.0 if model.inference_j is None else model.inference_j.best.value
    return used if rule.inferences is None else trained + used * rule.inferences / 1000


def _notes(counted: Mapping[str, Mapping[int, Told]]) -> tuple[str, ...]:
    from brizna.core.tune_found import MODELLED

    every = [told for blocks in counted.values() for told in blocks.values()]
    modelled = any(told.run.measurement.coverage.modelled for told in every)
    return (str(MODELLED),) if modelled else ()
