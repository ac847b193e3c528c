"""Compare a complex model with simple ones: train and use each in turn, and apply the rule."""

from __future__ import annotations

import json
import os
import sys
import time
from math import isfinite
from tomllib import TOMLDecodeError, load
from typing import cast

from brizna.check._noninferiority import FAIL, PASS
from brizna.check._simpler import POINTS, RATIO, Contender, Simpler, SimplerRule, simpler
from brizna.check._simpler_study import (
    Candidate,
    Compared,
    SimplerNote,
    SimplerPlan,
    SimplerStudy,
)
from brizna.core.errors import InputError, Said
from brizna.core.factors import nearest
from brizna.core.records import Record
from brizna.core.sweep import digest_name
from brizna.core.trials import typical
from brizna.environment import machine_name, redact
from brizna.run import TrialFailedError, trials
from brizna.store import Store, forget_series, keep_series, series_folder, unfinished
from brizna.verbs._candidate import CANDIDATE, INFER, INFERENCES, TRAIN
from brizna.verbs._measured_trial import measured_trial
from brizna.verbs._recorder import Job
from brizna.verbs._series import kept_notes
from brizna.verbs._trialling import Ground, now, stoppable
from brizna.verbs._tune import SEED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Phase, Run
    from brizna.core.trials import Turn
    from brizna.run import Trials
    from brizna.verbs._measured_trial import Told
    from brizna.verbs._settings import Settings

_KNOWN = ("data", "score", "points", "ratio", "inferences", "repeats", "seed", "least_s")
_OF_CANDIDATE = ("name", "model", "command", "complex")
_REPEATS, _LEAST_S, _SEED = 3, 1.0, 1
_TAG = "simpler"


class SimplerProgress(Record):
    """How far a comparison has come.

    Attributes:
        note: What the last trial came to.
        done: How many trials are made, this one included.
        total: How many there are in all.
        left_s: For how long it will go on, if trials go on taking as long.
    """

    note: SimplerNote
    done: int
    total: int
    left_s: float


def read_simpler_plan(path: str, **over: float | None) -> SimplerPlan:
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
        return SimplerPlan(
            made=now(),
            machine=machine_name(),
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
    plan: SimplerPlan,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    resume: bool = False,
    tell: Callable[[SimplerProgress], object] = lambda _: None,
) -> SimplerStudy:
    """Train and use all models in turn, and return what the rule says of the simple ones.

    Args:
        plan: What is to be compared.
        settings: The settings in force.
        environ: This process's environment.
        resume: Whether to go on with the same comparison that was cut short; its trials that had
            ended are not made again.
        tell: Called after each trial.

    Raises:
        SweepStoppedError: If a signal ended it; it can go on later.
        InputError: If a model cannot be begun, the complex one failed, or nothing was cut short.
        UnavailableError: If a run could not be kept.
    """
    store = Store.find(settings["store"], cwd=plan.folder, environ=environ)
    digest = _resumed(store, plan) if resume else keep_series(store, _as_kept(plan))
    known = _made(store, digest) if resume else {}
    maker = _Maker(plan, digest, Ground(store, settings, environ, plan.folder), known, tell)
    with stoppable():
        try:
            found = trials(
                [one.name for one in plan.candidates],
                repeats=plan.repeats,
                seed=plan.seed,
                run_one=maker.make,
                warm_ups=0,
            )
        except InputError:
            if not maker.has_made:  # it could not be begun, so there is nothing to go on with
                forget_series(store, SimplerPlan, digest)
            raise
    study = _study(plan, digest, found, settings["view"])
    keep_series(store, study)
    return study


def _as_kept(plan: SimplerPlan) -> SimplerPlan:
    """Return a plan without what its commands hold of secrets."""
    return plan.replace(
        candidates=tuple(
            one if one.command is None else one.replace(command=redact(one.command))
            for one in plan.candidates
        )
    )


def _resumed(store: Store, plan: SimplerPlan) -> str:
    """Return the digest of the same plan that was begun last and not ended.

    Raises:
        InputError: If there is none.
    """
    wanted = _as_kept(plan)
    same = {
        digest: begun.made
        for digest, begun in unfinished(store, SimplerPlan).items()
        if begun.replace(made=wanted.made) == wanted
    }
    if not same:
        raise InputError(
            "No comparison of these models with these numbers was cut short in {store!r}: expected "
            "one that did not end, on this machine. Leave --resume out to begin one.",
            store=store.path,
        )
    return max(same, key=lambda digest: same[digest])


def _made(store: Store, digest: str) -> dict[tuple[int, str], _Tried]:
    """Return the trials of a comparison that are in the store, by block and candidate."""
    notes = kept_notes(store, SimplerNote, f"{_TAG}:{digest_name(digest)}")
    return {
        (note.block, note.name): _Tried(run=store.read(summary.id).run, note=note)
        for note, summary in notes
        if note.plan == digest
    }


def _study(plan: SimplerPlan, digest: str, found: Trials, view: str) -> SimplerStudy:
    """Return what the trials say.

    Raises:
        InputError: If the complex model failed.
    """
    counted: dict[str, dict[int, _Tried]] = found.counted()
    first = plan.candidates[0].name
    if first in found.failed:
        raise InputError(
            "The complex model {name!r} failed, and nothing can be compared with it: {why}",
            name=first,
            why=found.failed[first],
        )
    contenders = [
        _contender(one.name, counted[one.name], view)
        for one in plan.candidates
        if one.name not in found.failed
    ]
    verdicts = simpler(contenders[0], contenders[1:], rule=plan.rule)
    by_name = {one.name: one for one in contenders}
    models = tuple(
        Compared(name=one.name, failed=found.failed[one.name])
        if one.name in found.failed
        else _compared(by_name[one.name], counted[one.name])
        for one in plan.candidates
    )
    return SimplerStudy(
        complex=first,
        points=plan.rule.points,
        ratio=plan.rule.ratio,
        inferences=plan.rule.inferences,
        models=models,
        verdicts=tuple(verdicts),
        recommended=_recommended(first, verdicts, models, plan.rule),
        notes=_notes(counted),
        plan=digest,
    )


class _Tried(Record):
    """One trial: its run, and what is kept beside it."""

    run: Run
    note: SimplerNote


class _Maker:
    """Makes the trials of one comparison.

    Attributes:
        has_made: Whether one was made and kept, now or earlier.
    """

    def __init__(
        self,
        plan: SimplerPlan,
        digest: str,
        ground: Ground,
        known: Mapping[tuple[int, str], _Tried],
        tell: Callable[[SimplerProgress], object],
    ) -> None:
        """Take what to do and where, which trials were made before, and whom to tell of each."""
        self._plan = plan
        self._digest = digest
        self._ground = ground
        self._known = known
        self._tell = tell
        self._candidates = {one.name: one for one in plan.candidates}
        self._total = len(plan.candidates) * plan.repeats
        for tried in known.values():
            self._total -= self._left_out(tried.note)
        self._done = len(known)
        self._begun_s = time.monotonic()
        self.has_made = bool(known)

    def make(self, turn: Turn) -> _Tried:
        """Train and use one model, unless that was done before.

        Raises:
            TrialFailedError: If its program failed, or did not say what it should.
        """
        tried = self._known.get((turn.block, turn.arm)) or self._measured(turn)
        if tried.note.failed is not None:
            raise TrialFailedError(tried.note.failed)
        return tried

    def _measured(self, turn: Turn) -> _Tried:
        candidate, plan = self._candidates[turn.arm], self._plan
        wanted = {
            "data": plan.data,
            "model": candidate.model,
            "score": plan.score,
            "least_s": plan.least_s,
            "folder": plan.folder,
        }
        own = [sys.executable, "-m", "brizna.verbs._candidate"]
        told = measured_trial(
            Job(
                command=own if candidate.command is None else candidate.command,
                name=candidate.name,
                tags=[_TAG, f"{_TAG}:{digest_name(self._digest)}", "stage:evaluation"],
            ),
            self._ground,
            folder=series_folder(self._ground.store, SimplerPlan, self._digest),
            variables={CANDIDATE: json.dumps(wanted), SEED: str(plan.seed + turn.block)},
        )
        failed = told.failed or _lacking(told)
        note = SimplerNote(
            plan=self._digest,
            name=turn.arm,
            block=turn.block,
            scores=() if failed else tuple(told.result["scores"]),
            failed=failed,
        )
        self._ground.store.put(note.to_json(), run_id=told.run.id)
        self.has_made = True
        self._say(note)
        return _Tried(run=told.run, note=note)

    def _left_out(self, note: SimplerNote) -> int:
        """Return how many trials are not made after this one: a model that failed is given up."""
        return 0 if note.failed is None else self._plan.repeats - 1 - note.block

    def _say(self, note: SimplerNote) -> None:
        self._done += 1
        self._total -= self._left_out(note)
        each_s = (time.monotonic() - self._begun_s) / (self._done - len(self._known))
        self._tell(
            SimplerProgress(
                note=note,
                done=self._done,
                total=self._total,
                left_s=each_s * (self._total - self._done),
            )
        )


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


def _contender(name: str, blocks: Mapping[int, _Tried], view: str) -> Contender:
    training: dict[int, Estimate] = {}
    inference: dict[int, Estimate] = {}
    for block, tried in blocks.items():
        phases = {phase.name: phase for phase in tried.run.measurement.phases}
        trained, used = (_energy(phases[phase], view) for phase in (TRAIN, INFER))
        if trained is not None:
            training[block] = trained
        if used is not None:
            inference[block] = used.scaled(1 / _inferences(phases[INFER]))
    lists = [tried.note.scores for tried in blocks.values()]
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


def _compared(one: Contender, blocks: Mapping[int, _Tried]) -> Compared:
    return Compared(
        name=one.name,
        score=sum(one.scores) / len(one.scores),
        training_j=_mean(one.training_j),
        inference_j=_mean({block: used.scaled(1000) for block, used in one.inference_j.items()}),
        runs=tuple(tried.run.id for tried in blocks.values()),
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


def _notes(counted: Mapping[str, Mapping[int, _Tried]]) -> tuple[str, ...]:
    from brizna.core.tune_found import MODELLED

    every = [tried.run for blocks in counted.values() for tried in blocks.values()]
    modelled = any(run.measurement.coverage.modelled for run in every)
    return (str(MODELLED),) if modelled else ()
