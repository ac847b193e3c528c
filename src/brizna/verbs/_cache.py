"""Judge a request cache on a trace: what it would have answered, against what answers take."""

from __future__ import annotations

import os
import shutil

from brizna.core.codec import decode
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, exactly
from brizna.core.factors import factor
from brizna.core.quantities import Duration, Energy
from brizna.core.records import Record
from brizna.core.trials import paired, typical
from brizna.improve import (
    PER,
    AnswerCosts,
    Improvement,
    RequestCache,
    Serving,
    StepFailedError,
    Workshop,
    distributions_of,
    judge_cache,
    key_of,
    open_model,
    plainest_serving,
    read_trace,
    recommended_of,
    study_of,
    this_machine,
)
from brizna.run import TrialFailedError, trials
from brizna.store import Store
from brizna.verbs._improve import FOLDER, FOUND, launcher, read_config
from brizna.verbs._trialling import aside, stoppable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar

    from brizna.core.trials import Turn
    from brizna.improve import Machine, Model, Study, Trace
    from brizna.verbs._settings import Settings

_COMPUTED, _REMEMBERED, _KEPT = "computed", "remembered", "kept"
_ARMS = (_COMPUTED, _REMEMBERED, _KEPT)
_METERED = "metered"


class CacheCase(Record):
    """What is to be judged.

    Attributes:
        trace: Path of the trace.
        like: Path of a study's configuration, whose model is measured; None for none.
        row: Name of the study's variant; the chosen one, or the model as it came, if None.
        computed: What an answer takes that is computed, such as ``0.8J`` or ``20ms`` of processor
            time; None where it is measured or not known. ``remembered``: one from memory.
        answer_bytes: Of an answer in memory; None where it is measured or not known.
        sizes: Numbers of answers; usual ones if empty.
        keep_for: How long an answer holds, such as ``1h``; None for ever.
        repeats: How often everything is measured.
    """

    trace: str
    like: str | None = None
    row: str | None = None
    computed: str | None = None
    remembered: str | None = None
    answer_bytes: int | None = None
    sizes: tuple[int, ...] = ()
    keep_for: str | None = None
    repeats: int = 3

    _forms: ClassVar = {"sizes": tuple}

    def _check(self) -> None:
        if self.repeats < 2 or (self.answer_bytes is not None and self.answer_bytes < 0):
            raise InputError(
                "There are {repeats} repeats, and answers of {answer_bytes} bytes: expected at "
                "least 2, and 0 or more.",
                repeats=self.repeats,
                answer_bytes=self.answer_bytes or 0,
            )
        if self.like is not None and self.computed is not None:
            raise InputError(
                "What an answer takes is both declared and to be measured with {like!r}: expected "
                "one of the two. Leave out --computed, or --like.",
                like=self.like,
            )


def judge_request_cache(
    case: CacheCase,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    tell: Callable[[str, int], object] = lambda _name, _block: None,
) -> RequestCache:
    """Return what caches of several sizes would have done for a trace.

    Args:
        case: What is to be judged.
        settings: The settings in force.
        environ: This process's environment.
        tell: Called after each trial with what was measured and the block.

    Raises:
        InputError: If the trace or the costs are none.
        UnavailableError: If the trace cannot be read, or nothing can be measured.
        SweepStoppedError: If a signal ended it.
    """
    trace = read_trace(case.trace)
    keep_for_s = None if case.keep_for is None else Duration.parse(case.keep_for).value
    model: str | None = None
    costs = _declared(case)
    if case.like is not None:
        measuring = _Measuring(case, settings, environ, tell)
        costs, model = measuring.costs(), measuring.name
    sizes = judge_cache(
        trace,
        costs,
        memory_w=factor("brizna.meter", "memory", "memory/power").estimate(),
        sizes=case.sizes,
        keep_for_s=keep_for_s,
    )
    recommended, verdict = recommended_of(sizes) if costs is not None else (None, None)
    whole = None if costs is None else costs.computed.scaled(PER)
    return RequestCache(
        trace=os.path.basename(case.trace),
        requests=len(trace),
        distinct=trace.distinct,
        duration_s=trace.duration_s,
        keep_for_s=keep_for_s,
        model=model,
        computed_j=whole if whole is not None and whole.kind is Energy else None,
        computed_cpu_s=whole if whole is not None and whole.kind is Duration else None,
        remembered=None if costs is None else costs.remembered,
        kept=None if costs is None else costs.kept,
        answer_bytes=None if costs is None else costs.size_bytes,
        sizes=sizes,
        recommended=recommended,
        verdict=verdict,
        notes=_notes(trace, costs),
    )


def _declared(case: CacheCase) -> AnswerCosts | None:
    """Return the costs that a person declares; None where they do not.

    Raises:
        InputError: If they are not of one kind, or none at all.
    """
    if case.computed is None:
        return None
    computed = _amount(case.computed)
    remembered = type(computed)(0.0) if case.remembered is None else _amount(case.remembered)
    if type(computed) is not type(remembered) or computed.value <= 0:
        raise InputError(
            "An answer takes {computed!r} where it is computed and {remembered!r} from memory: "
            "expected two energies or two times of a processor, the first above 0.",
            computed=case.computed,
            remembered=case.remembered or "0",
        )
    part = exactly(remembered) / exactly(computed)
    return AnswerCosts(
        computed=exactly(computed), remembered=part, kept=part, size_bytes=case.answer_bytes
    )


def _amount(text: str) -> Energy | Duration:
    try:
        return Energy.parse(text)
    except InputError:
        return Duration.parse(text)


def _notes(trace: Trace, costs: AnswerCosts | None) -> tuple[str, ...]:
    said = [Said("Only requests that are the same to the byte are answered from memory.")]
    if trace.times_s is None:
        said.append(Said("The trace does not say when requests came: answers never grow old."))
    if costs is None:
        said.append(Said("What an answer takes is not known: give --like or --computed."))
    elif costs.computed.kind is Duration:
        said.append(
            Said("Processor seconds are a proxy of energy, and what memory draws is not in them.")
        )
    elif costs.size_bytes is None:
        said.append(Said("How large an answer is is not known: what memory draws is left out."))
    elif not trace.duration_s:
        said.append(
            Said("How long the answers were held is not known: what memory draws is left out.")
        )
    return tuple(map(str, said))


class _Measuring:
    """Measures what a study's model takes for an answer, beside what memory takes.

    Attributes:
        name: Of the variant.
    """

    def __init__(
        self,
        case: CacheCase,
        settings: Settings,
        environ: Mapping[str, str],
        tell: Callable[[str, int], object],
    ) -> None:
        assert case.like is not None
        config, self._directory = read_config(case.like)
        self._study = study_of(config, directory=self._directory)
        self._case, self._settings, self._environ, self._tell = case, settings, environ, tell
        self.name = ""

    def costs(self) -> AnswerCosts:
        """Return what answers take, from trials in turn.

        Raises:
            InputError: If there is no such variant, or it cannot be run.
        """
        study, case = self._study, self._case
        machine = this_machine(distributions_of(study.plugins, path=study.material.path))
        store = Store.find(self._settings["store"], cwd=self._directory, environ=self._environ)
        key = key_of(study, machine=machine.to_json())
        place = os.path.join(store.path, FOLDER, f"cache-{key}")
        with stoppable(), aside(shows_output=False):
            launch = launcher(store, self._settings, self._environ, self._directory, key)
            workshop = Workshop(place, study, launch, anew=True)
            try:
                studied = os.path.join(store.path, FOLDER, key, FOUND)
                model, serving = self._variant(studied, workshop, study, machine)

                def run_one(turn: Turn) -> dict[str, Any]:
                    return self._try(workshop, turn, model, serving)

                found = trials(
                    _ARMS, repeats=case.repeats, seed=study.seed, run_one=run_one, warm_ups=0
                )
            finally:
                workshop.close()
                shutil.rmtree(place, ignore_errors=True)
        if found.failed:
            raise InputError(
                "{name} cannot be measured: {why}. Expected it to answer the requests of the "
                "study; see that brizna improve {like} runs.",
                name=self.name,
                why="; ".join(found.failed.values()),
                like=case.like or "",
            )
        return _costs_of(found.counted())

    def _variant(
        self, path: str, workshop: Workshop, study: Study, machine: Machine
    ) -> tuple[Model, Serving]:
        """Return the model that is measured, and how it is run: without a cache of its own."""
        if os.path.exists(path):
            with open(path, "rb") as file:
                found = Improvement.from_json(decode(file.read()))
            self.name = self._case.row or found.chosen or found.base
            rows = {row.name: row for row in found.rows if row.serving is not None}
            if self.name in rows and self.name in found.built:
                serving = Serving.from_json(rows[self.name].serving or {})
                whole = serving.replace(cache=0, batch=None, bucket=False)
                return open_model(found.built[self.name]), whole
            known = ", ".join(rows)
        elif self._case.row is None:
            try:
                model, _ = workshop.build("model/source", "take", model=study.source)
            except StepFailedError as error:
                raise InputError(
                    "The model cannot be taken: {why}. Expected what [model] names to load.",
                    why=str(error),
                ) from error
            serving = plainest_serving(model, study, machine)
            self.name = serving.name
            return model, serving
        else:
            known = "-"
        raise InputError(
            "The study has no variant called {name!r}: expected one of {known}. Run brizna improve "
            "{like} first, or name another.",
            name=self._case.row or self.name,
            known=known,
            like=self._case.like or "",
        )

    def _try(
        self, workshop: Workshop, turn: Turn, model: Model, serving: Serving
    ) -> dict[str, Any]:
        """Make one trial.

        Raises:
            TrialFailedError: If it failed.
        """
        job: dict[str, Any] = {
            "model": model.folder,
            "serving": serving.to_json(),
            "window_s": self._study.window_s,
        }
        if turn.arm == _COMPUTED:
            task, more = "serve", {"items": None}
        else:
            task, more = "recall", {"knows": turn.arm == _REMEMBERED}
        try:
            answer = workshop.once(f"{turn.arm}/{turn.block}", task, **job, **more)
        except StepFailedError as error:
            raise TrialFailedError(str(error)) from error
        self._tell(turn.arm, turn.block)
        return answer


def _costs_of(counted: Mapping[str, Mapping[int, dict[str, Any]]]) -> AnswerCosts:
    """Return costs from the trials of each arm: joules where a counter told all of them."""
    every = [answer.get("measured_j") for blocks in counted.values() for answer in blocks.values()]
    by_energy = all(one is not None and one["basis"] == _METERED for one in every)
    costs = {
        arm: {
            block: _of(answer, by_energy=by_energy).scaled(1 / answer["requests"])
            for block, answer in blocks.items()
        }
        for arm, blocks in counted.items()
    }
    ratios = {name: paired(costs[name], costs[_COMPUTED]).ratio for name in (_REMEMBERED, _KEPT)}
    remembered, kept = ratios[_REMEMBERED], ratios[_KEPT]
    if remembered is None or kept is None:
        raise InputError(
            "What was measured of answers may be 0: expected more. Set a longer window below "
            "[search] of the study."
        )
    sizes = [answer["size_bytes"] for answer in counted[_KEPT].values()]
    return AnswerCosts(
        computed=typical(costs[_COMPUTED].values()),
        remembered=remembered,
        kept=kept,
        size_bytes=round(max(sizes)),
    )


def _of(answer: Mapping[str, Any], *, by_energy: bool) -> Estimate:
    if by_energy:
        return Estimate.from_json(Energy, answer["measured_j"])
    return exactly(Duration(answer["cpu_s"]), _METERED)
