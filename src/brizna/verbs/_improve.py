"""Improve a model: find the variant that takes least and is still good enough, and hand it over.

Each process of a study is an ordinary run in the store, so that what the search itself took is
accounted for like anything else; what requests took is a phase of the run that measured them.
"""

from __future__ import annotations

import os
import shutil
from tomllib import TOMLDecodeError, load

from brizna.account import Subject, account
from brizna.core.codec import digest, encode
from brizna.core.errors import InputError, IntegrityError, Said
from brizna.core.records import Record
from brizna.improve import (
    Improvement,
    Launched,
    Rebuilt,
    Recipe,
    Search,
    StepFailedError,
    Study,
    Workshop,
    distributions_of,
    is_close,
    key_of,
    outcome_of,
    read_budget,
    read_recipe,
    refuse_foreign,
    study_of,
    this_machine,
    unwritable,
    write_artefact,
    yearly_energies,
)
from brizna.store import Store
from brizna.verbs._assume import assume
from brizna.verbs._recorder import Job
from brizna.verbs._run import run_command
from brizna.verbs._settings import read_settings
from brizna.verbs._site import site_of
from brizna.verbs._trialling import aside, stop_if_told, stoppable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from brizna.core.estimate import Estimate
    from brizna.core.measurement import Measurement, Phase
    from brizna.improve import Machine, Progress
    from brizna.improve._workshop import Launch
    from brizna.verbs._settings import Settings

FOLDER, FOUND, CHOSEN = "improve", "found.json", "chosen"
"""Of all studies in a store; in a study's folder, what it found, and what was chosen."""
_TOLD = 1e-6
"""Scores of the model that is handed over may differ by this from those it was chosen by."""


class Order(Record):
    """What is to be done, and how.

    Attributes:
        config: The configuration, as read from TOML.
        directory: Where it stands: its paths and modules are looked for there.
        resume: Whether to go on with what is there; else a study begins anew.
        budget: Such as ``10min`` or ``5kJ``; what the configuration says if None.
        out: Folder for the chosen model; in the workshop if None.
    """

    config: dict[str, Any]
    directory: str
    resume: bool = False
    budget: str | None = None
    out: str | None = None


class Replayed(Record):
    """What came of making a model again by its recipe.

    Attributes:
        folder: Where it is.
        is_alike: Whether its cost and its quality are those of the recipe, within its tolerances.
        ratio: Its cost as a part of the base's; ``expected_ratio``: the recipe's.
        quality: On the items that choose; ``expected_quality``: the recipe's.
        has_same_bytes: Whether its files are the same to the bit.
        notes: What else differs, such as versions of libraries.
    """

    folder: str
    is_alike: bool
    ratio: float | None
    expected_ratio: float | None
    quality: float | None
    expected_quality: float | None
    has_same_bytes: bool
    notes: tuple[str, ...]


def improve_model(
    config: Mapping[str, Any] | str,
    *,
    resume: bool = False,
    budget: str | None = None,
    out: str | None = None,
    tell: Callable[[Progress], object] = lambda _: None,
    **options: Any,
) -> Improvement:
    """Search for the variant of a model that takes least and is still good enough.

    Args:
        config: The path of a configuration in TOML, or what it says, as a dictionary.
        resume: Whether to go on with a study that was cut short.
        budget: Processor time or energy after which nothing new is begun: ``10min``, ``5kJ``.
        out: Folder for the chosen model.
        tell: Called after each trial.
        **options: Settings, as for `measure`: ``zone``, ``store`` ...

    Raises:
        InputError: If the configuration cannot be carried out.
    """
    here = os.getcwd()
    found, directory = read_config(config) if isinstance(config, str) else (dict(config), here)
    settings = read_settings(options, environ=os.environ, directory=here)
    order = Order(config=found, directory=directory, resume=resume, budget=budget, out=out)
    return improve(order, settings, environ=os.environ, tell=tell)


def read_config(path: str) -> tuple[dict[str, Any], str]:
    """Return what a configuration says, and its folder.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return load(file), os.path.dirname(os.path.abspath(path))
    except (OSError, TOMLDecodeError) as error:
        raise InputError(
            "{path!r} cannot be read ({error}): expected a configuration in TOML, as brizna "
            "improve --help shows.",
            path=path,
            error=error,
        ) from error


def improve(
    order: Order,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    tell: Callable[[Progress], object] = lambda _: None,
) -> Improvement:
    """Carry out a study, or what is missing of it, and hand the chosen model over.

    Args:
        order: What is to be done.
        settings: The settings in force.
        environ: This process's environment.
        tell: Called after each trial.

    Raises:
        InputError: If it cannot be carried out.
        SweepStoppedError: If a signal ended it; it can go on later.
    """
    if order.out is not None:
        refuse_foreign(os.path.abspath(order.out))
    settings = _placed(settings)
    study = study_of(order.config, directory=order.directory)
    study = study.replace(**read_budget(order.budget))
    machine = this_machine(distributions_of(study.plugins, path=study.material.path))
    store = Store.find(settings["store"], cwd=order.directory, environ=environ)
    key = key_of(study, machine=machine.to_json())
    folder = os.path.join(store.path, FOLDER, key)
    if order.resume and not os.path.isdir(folder):
        raise InputError(
            "There is no study of this to go on with in {store!r}: its configuration, the model, "
            "the modules beside them or the libraries are others than they were, or it was never "
            "begun. Begin anew without --resume.",
            store=store.path,
        )
    with stoppable(), aside(shows_output=False):
        launch = launcher(store, settings, environ, order.directory, key)
        workshop = Workshop(folder, study, launch, anew=not order.resume)
        try:
            search = Search(study, workshop, machine, tell=tell)
            search.run()
            found = outcome_of(search, study, workshop, machine, key=key)
            found = found.replace(yearly=_yearly(found, study, settings, environ))
            if found.chosen is not None:
                out = order.out or os.path.join(folder, CHOSEN)
                found = _handed_over(found, search, workshop, os.path.abspath(out))
        finally:
            workshop.close()
    try:
        with open(os.path.join(folder, FOUND), "wb") as file:
            file.write(encode(found.to_json()))
    except OSError as error:
        raise unwritable(folder, error) from error
    return found


def _placed(settings: Settings) -> Settings:
    """Return settings whose store is where it was named from, not beside the configuration."""
    named = settings["store"]
    if named is None:
        return settings
    whole = os.path.abspath(os.path.expanduser(named))
    return settings.replace(values={**settings.values, "store": whole})


# ---------------------------------------------------------------------------------------- processes


def launcher(
    store: Store, settings: Settings, environ: Mapping[str, str], directory: str, key: str
) -> Launch:
    """Return what runs a study's processes, each as a run of the store."""

    def launch(command: Sequence[str], name: str) -> Launched:
        tags = ["improve", f"improve:{key}", "stage:search"]
        finished = run_command(
            Job(command=command, name=name[:200], tags=tags),
            settings,
            environ=environ,
            directory=directory,
            afterwards=lambda _: None,
        )
        outcome = finished.outcome
        stop_if_told(outcome)
        code = outcome.exit_code if outcome.signal is None else -outcome.signal
        if finished.view is None or finished.directory is None:
            return Launched(exit_code=code)
        run = store.read(finished.view["id"]).run
        seen_as = settings["view"]
        phases = {one.name: _energy_of(one, seen_as) for one in run.measurement.phases}
        return Launched(
            exit_code=code,
            energy_j=_whole(run.measurement, seen_as),
            phases={name: energy for name, energy in phases.items() if energy is not None},
            run=run.id,
        )

    return launch


def _whole(measurement: Measurement, seen_as: str) -> Estimate | None:
    return measurement.seen_as(seen_as)[0]


def _energy_of(phase: Phase, seen_as: str) -> Estimate | None:
    """Return the energy of a phase in one of `brizna.core.measurement.VIEWS`."""
    fields = {"machine": "energy_j", "fair-share": "fair_share_j", "above-idle": "above_idle_j"}
    return getattr(phase, fields[seen_as])


# ----------------------------------------------------------------------------------------- the year


def _yearly(
    found: Improvement, study: Study, settings: Settings, environ: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return what the base and the choice come to in a year, and what lies between."""
    if study.yearly is None or found.chosen is None:
        return None
    base, chosen = found.row(found.base), found.row(found.chosen)
    energies = yearly_energies(base, chosen, yearly=study.yearly, is_proxy=found.is_proxy)
    if energies is None:
        return None
    assumptions = assume(
        site_of(settings, environ=environ), duration=None, started=None, declared={}
    )
    told: dict[str, Any] = {"inferences": study.yearly, "currency": assumptions.currency}
    for name, energy in energies.items():
        subject = Subject(
            digest=digest({"improve": found.key, "row": name}),
            id=None,
            energy_j=energy,
            duration_s=None,
            parts={},
            formula="joules for an inference * inferences a year",
        )
        footprint = account(subject, assumptions)
        told[name] = {
            figure: None if (value := getattr(footprint, figure)) is None else value.to_json()
            for figure in ("energy_j", "carbon_operational_g", "cost")
        }
    return told


# ------------------------------------------------------------------------------------- handing over


def _handed_over(found: Improvement, search: Search, workshop: Workshop, out: str) -> Improvement:
    """Write the chosen model, load it by its own loader in a fresh process, and score it again.

    Raises:
        IntegrityError: If it does not score as what was chosen did.
    """
    from brizna.report import improvement_card

    chosen = search.chosen
    assert chosen is not None
    found = found.replace(artefact=out)
    try:
        write_artefact(found, chosen.name, out, card=improvement_card(found.to_json()))
    except OSError as error:
        raise unwritable(out, error) from error
    known, parts = chosen.scores, search.race.parts
    scored = [
        [number for number in part if number in known]
        for part in (parts.first, parts.rest, parts.confirm)
    ]
    items = [number for part in scored for number in part]
    key = f"prove/{digest([out, chosen.name, items])[7:23]}"
    try:
        answer = workshop.once(key, "prove", folder=out, items=scored)
    except StepFailedError as error:
        raise IntegrityError(
            "The chosen model was written to {out!r}, but its loader fails there: {why}. Expected "
            "it to load by itself; tell what is missing on this machine, or report it.",
            out=out,
            why=str(error),
        ) from error
    again = dict(zip(items, answer["scores"], strict=True))
    changed = [
        number for number in items if not is_close(known[number], again[number], within=_TOLD)
    ]
    if changed:
        raise IntegrityError(
            "The chosen model scores otherwise once it is written to {out!r} and loaded again: "
            "{count} of {items} items. Expected the same; do not use it, and report it.",
            out=out,
            count=len(changed),
            items=len(items),
        )
    return found


# -------------------------------------------------------------------------------------- once more


def replay(
    path: str,
    settings: Settings,
    *,
    environ: Mapping[str, str],
    out: str | None = None,
) -> Replayed:
    """Make a chosen model again by its recipe, and compare what it comes to.

    Args:
        path: Of the recipe.
        settings: The settings in force.
        environ: This process's environment.
        out: Folder for the model; a new one in the store if None.

    Raises:
        InputError: If the recipe cannot be carried out, or the model it starts from is another.
    """
    settings = _placed(settings)
    recipe = read_recipe(path)
    study = Study.from_json(recipe.study)
    machine = this_machine(distributions_of(study.plugins, path=study.material.path))
    directory = os.path.dirname(os.path.abspath(path))
    store = Store.find(settings["store"], cwd=directory, environ=environ)
    key = digest([recipe.to_json(), machine.to_json()])[7:19]
    folder = os.path.join(store.path, FOLDER, f"replay-{key}")
    shutil.rmtree(folder, ignore_errors=True)
    with stoppable(), aside(shows_output=False):
        launch = launcher(store, settings, environ, directory, key)
        workshop = Workshop(folder, study, launch)
        try:
            made = Rebuilt(recipe, study, workshop, machine)
        finally:
            workshop.close()
    if out is not None:
        shutil.copytree(made.model.folder, out, dirs_exist_ok=True)
    return Replayed(
        folder=os.path.abspath(out) if out is not None else made.model.folder,
        is_alike=made.is_alike,
        ratio=made.ratio,
        expected_ratio=recipe.ratio,
        quality=made.quality,
        expected_quality=recipe.quality,
        has_same_bytes=made.model.digest == recipe.model,
        notes=_differences(recipe, machine, source=made.model.source),
    )


def _differences(recipe: Recipe, machine: Machine, *, source: str) -> tuple[str, ...]:
    """Return in which respects this machine is not the recipe's."""
    now, then = machine.to_json(), recipe.machine
    notes = [
        str(
            Said(
                "{name} is {now}, and was {then}",
                name=name,
                now=now["libraries"].get(name, "-"),
                then=version,
            )
        )
        for name, version in then["libraries"].items()
        if now["libraries"].get(name) != version
    ]
    if now["isa"] != then["isa"]:
        notes.append(str(Said("the processor has other instructions for small numbers")))
    if source != recipe.source:
        notes.append(str(Said("the model that it starts from has other bytes than the recipe's")))
    return tuple(notes)
