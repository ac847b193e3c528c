"""Tune: search a program's parameters for good quality at little energy.

Each trial is an ordinary run in the store, with the setting as its name and tags, and a small
record beside it. So a search that was cut short goes on from the store, and loses at most the
trial that it was at.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import cast

from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.records import Record
from brizna.core.sweep import digest_name
from brizna.core.tune import Parameter, Resource, TuneNote, TunePlan, TuneTrial, setting_name
from brizna.core.tune_found import conclude
from brizna.environment import machine_name
from brizna.improve import read_budget
from brizna.improve._samplers import open_sampler
from brizna.improve._tuning import Tuning
from brizna.store import Store, forget_series, keep_series, series_folder
from brizna.verbs._measured_trial import measured_trial
from brizna.verbs._recorder import Job
from brizna.verbs._series import alone, check_machine, kept_notes, resumed_plan, without_secrets
from brizna.verbs._settings import SETTINGS, read_settings
from brizna.verbs._trialling import Ground, now, stoppable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from brizna.core.measurement import Run
    from brizna.core.tune import Tune, Tuned
    from brizna.improve._tuning import Try
    from brizna.verbs._measured_trial import Told
    from brizna.verbs._settings import Settings

PARAMETERS, SEED, TARGET = "BRIZNA_PARAMETERS", "BRIZNA_SEED", "BRIZNA_TARGET"
"""Variables that tell a trial its setting as JSON, its seed, and the quality that is enough."""
QUALITY = "BRIZNA_QUALITY"
"""The variable that tells what the quality is called."""
CHECKPOINT, CONTINUED = "BRIZNA_CHECKPOINT", "continued"
"""The variable that names the folder of a training's checkpoint, and the name under which the
program says how much of the resource the one that it went on from had."""


CHECKPOINTS = "checkpoints"
"""Folder of checkpoints, in that of the search: one for each setting and how much it had."""
_TRIALS, _SEEDS = 30, 2**31
_FOLDER, _AGAIN = "checkpoint", "again"
_OWN = {"seed": SEED, "target": TARGET, _FOLDER: CHECKPOINT}
"""By the name that stands for it in the command, the variable of what is no parameter."""
_UNTAGGED = ("target", _FOLDER)


class TuneProgress(Record):
    """How far a search has come.

    Attributes:
        trial: The trial that was just made.
        name: What its setting is called.
        done: How many trials are made, this one included.
        spent_j: Energy of these trials, as far as it is known.
        spent_s: Time of these trials.
    """

    trial: TuneTrial
    name: str
    done: int
    spent_j: float
    spent_s: float


def plan_tune(command: Sequence[str], **manner: Any) -> TunePlan:
    """Return the plan of a new search on this machine.

    Args:
        command: The program and its arguments.
        **manner: Further fields of `brizna.core.tune.TunePlan`.

    Raises:
        InputError: If there is no command, nothing to set, or a number is too small, or if a name
            in braces stands for nothing.
    """
    if not command:
        raise InputError("No command was given: put it after --, such as -- python train.py.")
    plan = TunePlan(made=now(), machine=machine_name(), command=tuple(command), **manner)
    _check_names(plan)
    return plan


def _check_names(plan: TunePlan) -> None:
    """Refuse a name in braces that stands for nothing: every training would get it as it is.

    Words with spaces or a ``$`` are left alone: code and what a shell reads have braces too.

    Raises:
        InputError: If there is one.
    """
    known = [one.name for one in plan.parameters] + ["seed"]
    if plan.resource is not None:
        known += [plan.resource.name, _FOLDER]
    if plan.target is not None:
        known.append("target")
    for word in plan.command:
        for part in word.split("{")[1:] if "$" not in word and len(word.split()) == 1 else ():
            name, brace, _ = part.partition("}")
            if brace and name.isidentifier() and name not in known:
                raise InputError(
                    "The word {word!r} of the command names {name}, which stands for nothing: "
                    "expected one of {known}. Say what it may be with --vary, or leave it out.",
                    word=word,
                    name=name,
                    known=", ".join(known),
                )


def function_command(name: str, rest: Sequence[str]) -> list[str]:
    """Return the command that calls a Python function in a process of its own.

    Raises:
        InputError: If it is no module and function, or a command was given too.
    """
    module, _, function = name.partition(":")
    if not module or not function or rest:
        raise InputError(
            "--function is {name!r}: expected module:function, such as train:objective, and no "
            "command beside it.",
            name=name,
        )
    return [sys.executable, "-m", "brizna.improve._objective", name]


def read_start(text: str) -> dict[str, str]:
    """Return the setting in a text such as ``lr=0.01,batch=32``."""
    pairs = [part.partition("=") for part in text.split(",")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def tune(
    what: Callable[..., object] | str | Sequence[str],
    *,
    vary: Mapping[str, object] | Sequence[str],
    budget: str | None = None,
    resume: bool = False,
    tell: Callable[[TuneProgress], object] = lambda _: None,
    **options: Any,
) -> Tune:
    """Search a training's parameters for good quality at little energy.

    Args:
        what: What is trained, each time in a process of its own: a function that a fresh process
            can import, itself or as ``module:function``; or a command as a list of words.
        vary: What may be set, by name: a list of values or a range such as ``1e-4..0.1:log``; or
            texts as ``--vary`` takes them.
        budget: Energy or time that all trials together may take: ``50kJ``, ``20min``.
        resume: Whether to go on with the last search that was cut short, whatever the rest says.
        tell: Called after each trial.
        **options: Further fields of `brizna.core.tune.TunePlan`, such as ``quality``, ``trials``,
            ``repeats`` and ``seed``; ``resource`` as a text such as ``epochs=1..27``; and settings,
            as for `measure`: ``store``, ``view`` ...

    Raises:
        InputError: If it cannot be carried out, or a training says no quality.
        UnavailableError: If the sampler's library is missing, or the store cannot be written.
    """
    from random import SystemRandom

    here = os.getcwd()
    of_plan = [name for name in TunePlan.fields() if name not in SETTINGS]
    manner = {name: options.pop(name) for name in of_plan if name in options}
    settings = read_settings(options, environ=os.environ, directory=here)
    if resume:
        plan = resumed_plan(TunePlan, None, (), settings, environ=os.environ, directory=here)
    else:
        texts = vary if not isinstance(vary, Mapping) else map(_varied, vary.items())
        if isinstance(manner.get("resource"), str):
            manner["resource"] = Resource.read(manner["resource"])
        usual = {"trials": _TRIALS, "seed": SystemRandom().randrange(_SEEDS)}
        plan = plan_tune(
            _command(what),
            parameters=tuple(map(Parameter.read, texts)),
            view=settings["view"],
            **{**usual, **manner, **read_budget(budget)},
        )
    return carry_out_tune(plan, settings, environ=os.environ, directory=here, tell=tell)


def _varied(item: tuple[str, object]) -> str:
    name, values = item
    if not isinstance(values, str) and isinstance(values, Iterable):
        values = ",".join(map(str, cast("Iterable[object]", values)))
    return f"{name}={values}"


def _command(what: Callable[..., object] | str | Sequence[str]) -> Sequence[str]:
    """Return the command that trains.

    Raises:
        InputError: If a process of its own cannot import the function.
    """
    if isinstance(what, str):
        return function_command(what, ())
    if not callable(what):
        return what
    name = f"{what.__module__}:{what.__qualname__}"
    if what.__module__ == "__main__" or not what.__qualname__.isidentifier():
        raise InputError(
            "The function {name} cannot be imported by a process of its own: expected one at the "
            "top of a module. Put it into a file such as train.py, and import it from there.",
            name=name,
        )
    return function_command(name, ())


def carry_out_tune(
    plan: TunePlan,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    directory: str,
    tell: Callable[[TuneProgress], object] = lambda _: None,
    shows_output: bool = False,
) -> Tune:
    """Carry out a search, or what is missing of it, and return what it found.

    Args:
        plan: What is to be done. Trials of the very same plan that are in the store are not made
            again.
        settings: The settings in force.
        environ: This process's environment.
        directory: The working directory.
        tell: Called after each trial.
        shows_output: Whether what trials print goes to stderr once they have ended.

    Raises:
        SweepStoppedError: If a signal ended it; it can go on later.
        UnavailableError: If the sampler's library is missing, or the store cannot be written.
        InputError: If the command cannot be started, or does not say its quality, or if another
            process is at this search.
    """
    check_machine(plan.machine)
    settings = _in_view(plan.view, settings)
    store = Store.find(settings["store"], cwd=directory, environ=environ)
    kept = without_secrets(plan)
    digest = keep_series(store, kept)
    ground = Ground(store, settings, environ, directory)
    folder = series_folder(store, TunePlan, digest)
    os.makedirs(folder, exist_ok=True)
    with alone(folder), stoppable():
        trialist = _Trialist(plan, digest, ground, shows_output=shows_output)
        tuning = Tuning(
            plan,
            open_sampler(plan, folder),
            trialist.make,
            done=_made(store, digest, settings),
            forget=trialist.forget,
        )
        trialist.tell = lambda trial: tell(_progress(plan, trial, tuning.made))
        try:
            ended = tuning.run()
        except InputError:
            if not tuning.made:  # it could not be begun, so there is nothing to go on with
                forget_series(store, TunePlan, digest)
            raise
    found = conclude(kept, digest, tuning.made, ended=ended)
    keep_series(store, found)
    trialist.forget_all_but(one for one in found.settings if one.is_on_front)
    return found


def _in_view(view: str | None, settings: Settings) -> Settings:
    """Return the settings with the view that a search was begun in.

    Raises:
        InputError: If another one was given as an argument.
    """
    if view is None or view == settings["view"]:
        return settings
    if settings.origins["view"] == "option":
        raise InputError(
            "This search was begun in the view {view}, and {given} was given: energies of two "
            "views are never compared. Leave the view out, or begin another search.",
            view=view,
            given=settings["view"],
        )
    return settings.replace(
        values={**settings.values, "view": view}, origins={**settings.origins, "view": "plan"}
    )


def _checkpoint_name(number: int, amount: int | None) -> str:
    return f"{number}-{amount}"


def _progress(plan: TunePlan, trial: TuneTrial, before: Sequence[TuneTrial]) -> TuneProgress:
    every = [*before, trial]
    levels = {one.name: trial.note.levels[one.name] for one in plan.parameters}
    return TuneProgress(
        trial=trial,
        name=setting_name(levels),
        done=len(every),
        spent_j=sum(one.energy_j.best.value for one in every if one.energy_j is not None),
        spent_s=sum(one.duration_s for one in every),
    )


class _Trialist:
    """Makes the trials of one search.

    Attributes:
        tell: Called after each trial.
    """

    def __init__(self, plan: TunePlan, digest: str, ground: Ground, *, shows_output: bool) -> None:
        """Take what to do, what it is called, and where."""
        self._plan = plan
        self._digest = digest
        self._ground = ground
        self._folder = series_folder(ground.store, TunePlan, digest)
        self._shows_output = shows_output
        self._has_told = False
        self.tell: Callable[[TuneTrial], object] = lambda _: None

    def make(self, wanted: Try) -> TuneTrial:
        """Make one trial and keep it.

        Raises:
            SweepStoppedError: If a signal was meant to end the search.
            UnavailableError: If the run could not be kept.
            InputError: If the command cannot be started, or the first trial says no quality.
        """
        values = self._values(wanted)
        told = measured_trial(
            self._job(wanted, values),
            self._ground,
            folder=self._folder,
            variables=self._variables(values),
            shows_output=self._shows_output,
        )
        quality, failed = self._quality(told)
        continued = told.result.get(CONTINUED) if self._plan.resource is not None else None
        if continued is not None and continued != wanted.before and failed is None:
            said = Said(
                "it says that it went on from {continued}, and its setting had {had} before",
                continued=continued,
                had=Said("nothing") if wanted.before is None else wanted.before,
            )
            failed = str(said)
        note = TuneNote(
            tune=self._digest,
            number=wanted.number,
            levels=wanted.levels,
            amount=wanted.amount,
            block=wanted.block,
            order=wanted.order,
            quality=None if failed else quality,
            failed=failed,
            continued=None if failed or continued is None else wanted.before,
        )
        self._ground.store.put(note.to_json(), run_id=told.run.id)
        if wanted.before is not None:  # what is kept is that of the longer training
            self.forget(wanted.number, wanted.before)
        trial = _trial(told.run, note, self._ground.settings)
        self.tell(trial)
        return trial

    def forget(self, number: int, amount: int | None) -> None:
        """Remove the checkpoint of a setting that had so much of the resource."""
        shutil.rmtree(self._checkpoint(number, amount), ignore_errors=True)

    def forget_all_but(self, kept: Iterable[Tuned]) -> None:
        """Remove all checkpoints but those of some settings."""
        names = {_checkpoint_name(one.number, one.amount) for one in kept}
        place = os.path.join(self._folder, CHECKPOINTS)
        for name in os.listdir(place) if os.path.isdir(place) else ():
            if name not in names:
                shutil.rmtree(os.path.join(place, name), ignore_errors=True)

    def _checkpoint(self, number: int, amount: int | None) -> str:
        return os.path.join(self._folder, CHECKPOINTS, _checkpoint_name(number, amount))

    def _prepared(self, wanted: Try) -> str:
        """Return a trial's folder for its checkpoint, with what its setting had before in it.

        Raises:
            UnavailableError: If it cannot be written.
        """
        place = self._checkpoint(wanted.number, wanted.amount)
        if wanted.block:  # another seed: it begins anew, and nothing goes on from it
            place = os.path.join(self._folder, CHECKPOINTS, _AGAIN)
        try:
            shutil.rmtree(place, ignore_errors=True)  # half a checkpoint of a trial that was lost
            earlier = self._checkpoint(wanted.number, wanted.before)
            if wanted.before is not None and os.path.isdir(earlier):
                shutil.copytree(earlier, place)
            else:
                os.makedirs(place)
        except OSError as error:
            raise UnavailableError(
                "A checkpoint cannot be put into {place!r} ({reason}): free the disk, or name "
                "another store with --store.",
                place=place,
                reason=error.strerror or error,
            ) from error
        return place

    def _values(self, wanted: Try) -> dict[str, str]:
        """Return what stands for each name in the command, and what the variables hold."""
        values = dict(wanted.levels)
        if self._plan.resource is not None and wanted.amount is not None:
            values[self._plan.resource.name] = str(wanted.amount)
            values[_FOLDER] = self._prepared(wanted)
        values["seed"] = str(self._plan.seed + max(wanted.block, 0))
        if self._plan.target is not None:
            values["target"] = f"{self._plan.target:.9g}"
        return values

    def _job(self, wanted: Try, values: Mapping[str, str]) -> Job:
        words = list(self._plan.command)
        for name, value in values.items():
            words = [word.replace(f"{{{name}}}", value) for word in words]
        tags = ["tune", f"tune:{digest_name(self._digest)}", "stage:search"]
        tags += [f"{name}={value}" for name, value in values.items() if name not in _UNTAGGED]
        if wanted.block < 0:
            tags.append("warm-up")
        return Job(command=words, name=setting_name(wanted.levels), tags=tags)

    def _variables(self, values: Mapping[str, str]) -> dict[str, str]:
        named = {name: value for name, value in values.items() if name not in _OWN}
        made = {**named, PARAMETERS: json.dumps(named), QUALITY: self._plan.quality}
        return made | {_OWN[name]: values[name] for name in _OWN if name in values}

    def _quality(self, told: Told) -> tuple[float | None, str | None]:
        """Return the quality that a trial says, or why it counts for nothing."""
        if told.failed is not None:
            return None, told.failed
        name, value = self._plan.quality, told.result.get(self._plan.quality)
        if isinstance(value, (int, float)) and isfinite(value):
            self._has_told = True
            return float(value), None
        if value is None and not self._has_told:
            raise InputError(
                "The command ended well and did not say its {name} (run {run}): print a line such "
                "as {name}=0.93, or write it as JSON to the file that $BRIZNA_RESULT names. It "
                "said: {said}.",
                name=name,
                run=told.run.id,
                said=", ".join(told.result) or Said("nothing"),
            )
        said = Said("its {name} is {value}, no finite number", name=name, value=value)
        return None, str(said)


def _trial(run: Run, note: TuneNote, settings: Settings) -> TuneTrial:
    energy, reason = run.measurement.seen_as(settings["view"])
    return TuneTrial(
        note=note,
        run=run.id,
        energy_j=energy,
        reason=reason,
        duration_s=run.duration_s or 0.0,
        modelled=run.measurement.coverage.modelled,
    )


def _made(store: Store, digest: str, settings: Settings) -> list[TuneTrial]:
    """Return the trials of a search that are in the store, failed ones too, in their order."""
    notes = kept_notes(store, TuneNote, f"tune:{digest_name(digest)}")
    found = [
        _trial(store.read(summary.id).run, note, settings)
        for note, summary in notes
        if note.tune == digest
    ]
    return sorted(found, key=lambda trial: trial.note.order)
