"""Predict before running: what a training, answers, a hosted model or a whole life will take."""

from __future__ import annotations

from math import isfinite

from brizna.account import (
    USUAL_CARD,
    Deployment,
    FunctionalUnit,
    ImageModel,
    LanguageModel,
    Life,
    Picture,
    Subject,
    Training,
    account,
    check_memory,
    coefficient,
    estimate_answer,
    estimate_picture,
    estimate_training,
    find_accelerator,
    find_image_model,
    find_model,
    lifecycle,
    prompt_tokens,
)
from brizna.core.book import SHIPPED
from brizna.core.codec import digest
from brizna.core.errors import InputError, Said
from brizna.core.estimate import Estimate, total
from brizna.core.factors import nearest
from brizna.core.quantities import Duration
from brizna.core.records import Record
from brizna.verbs._assume import assume

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, ClassVar

    from brizna.account import Footprint
    from brizna.core.book import Book
    from brizna.core.site import Site

_MODEL = ("model", "params_b", "active_b", "weight_bits", "layers")
_DEPLOYED = ("gpu", "gpus", "batch", "stack")
_ANSWER = ("task", "tokens_in", "tokens_out", "requests")
_PICTURE = ("width", "height", "steps", "frames")
_ANSWERS_ALONE = ("tokens_in", "tokens_out", "active_b", "weight_bits", "layers")
"""What only answers have, as `_PICTURE` is what only images and videos have."""
FIELDS: Mapping[str, tuple[str, ...]] = {
    "training": ("name", *(name for name in Training.fields() if name != "active_b"), "active_b"),
    "inference": ("name", *_MODEL, *_DEPLOYED, *_ANSWER, *_PICTURE),
    "api": ("name", *_MODEL, *_ANSWER),
    "lifecycle": (
        *("name", "training", "adaptation", "inference", "years", "adaptations_per_year"),
        *("queries_per_day", "growth"),
    ),
}
"""What each prediction asks."""
TEXTS = ("name", "model", "gpu", "stack", "task", "kind")
"""Fields that are words."""
SWITCHES = ("peft",)
_OBJECTS = ("training", "adaptation", "inference")
_ADAPTATION = (
    *("kind", "tokens_b", "samples", "tokens_in", "tokens_out", "reward_params_b", "epochs"),
    *("gpu", "gpus", "mfu", "power_w", "host", "peft"),
)
_PICTURES = ("image", "video")
_CARDS_OF_A_MACHINE = 8
_MOST_CARDS = 4096
"""Of more, the making of the machines is not told."""


class Prediction(Record):
    """What something will take, before it runs.

    Attributes:
        kind: ``training``, ``inference``, ``api`` or ``lifecycle``.
        given: What was asked.
        energy_j: Of the computers, in all.
        figures: Further estimates by name; the unit is the name's suffix, or none.
        facts: Plain numbers and words that were taken, by name.
        years: For a life, what each year takes.
        notes: What was assumed, and what to be careful about.
        footprint: With the place's facility, electricity and water.
    """

    schema: ClassVar[str | None] = "brizna.prediction/1"

    kind: str
    given: dict[str, Any]
    energy_j: Estimate
    figures: dict[str, Estimate]
    facts: dict[str, float | str]
    years: tuple[dict[str, Estimate], ...]
    notes: tuple[str, ...]
    footprint: Footprint


class _Told:
    """What is found out on the way: the parts of a prediction."""

    def __init__(self, energy_j: Estimate) -> None:
        self.energy_j = energy_j
        self.figures: dict[str, Estimate] = {}
        self.facts: dict[str, float | str] = {}
        self.years: tuple[dict[str, Estimate], ...] = ()
        self.notes: list[str] = []
        self.unit: FunctionalUnit | None = None
        self.duration_s: Estimate | None = None
        self.hardware: dict[str, Any] | None = None


def predict_energy(
    kind: str, given: Mapping[str, Any], *, site: Site, book: Book = SHIPPED
) -> Prediction:
    """Return what something will take, and its footprint at a site.

    Args:
        kind: One of `FIELDS`.
        given: What is known of it; absent is what is not.
        site: Where it would run.
        book: The factors in force, for the footprint.

    Raises:
        InputError: If a fact is unknown, missing, or cannot be.
        CoverageError: If an accelerator is not known.
    """
    told = _KINDS[kind](checked(given, FIELDS[kind], kind, objects=_OBJECTS))
    subject = Subject(
        digest=digest({"kind": kind, "given": dict(given)}),
        id=str(given.get("name") or kind),
        energy_j=told.energy_j,
        duration_s=told.duration_s,
        parts={},
        formula=str(Said("estimated before running")),
    )
    duration_s = told.duration_s
    assumptions = assume(
        site.replace(hardware=told.hardware) if site.hardware is None else site,
        duration=None if duration_s is None else Duration(duration_s.best.value),
        started=None,
        unit=told.unit,
        book=book,
    )
    return Prediction(
        kind=kind,
        given=dict(given),
        energy_j=told.energy_j,
        figures=told.figures,
        facts=told.facts,
        years=told.years,
        notes=tuple(told.notes),
        footprint=account(subject, assumptions),
    )


def checked(
    given: Any, known: Iterable[str], where: str, *, objects: Iterable[str] = ()
) -> Mapping[str, Any]:
    """Return facts of which every name is known, and every value of its kind.

    Args:
        given: The facts.
        known: Names.
        where: What they are facts of, for the message of an error.
        objects: Names of facts that are objects themselves, checked where they are read.

    Raises:
        InputError: If one is not; names the nearest.
    """
    if not hasattr(given, "items"):
        raise InputError(
            "{where} is {given!r:.80}, but an object of named facts was expected.",
            where=where,
            given=given,
        )
    names = tuple(known)
    for name, value in given.items():
        if name not in names:
            raise InputError(
                "{where} has a field {field!r} that brizna does not know.{hint} Known: {known}.",
                where=where,
                field=name,
                hint=nearest(str(name), names),
                known=", ".join(sorted(names)),
            )
        if name not in objects:
            _check_value(where, name, value)
    return given


def _check_value(where: str, name: str, value: Any) -> None:
    if name in TEXTS:
        good = isinstance(value, str)
    elif name in SWITCHES:
        good = isinstance(value, bool)
    else:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        good = number and isfinite(value)
    if not good:
        raise InputError(
            "{where}: {field} is {value!r:.80}, which it cannot be: expected {kind}.",
            where=where,
            field=name,
            value=value,
            kind=Said("a text") if name in TEXTS else Said("a number"),
        )


def language_model(given: Mapping[str, Any]) -> LanguageModel:
    """Return the model that facts name or describe.

    Raises:
        InputError: If it is not known, and its size is not given.
    """
    name = given.get("model")
    found = None if name is None else find_model(name)
    params_b = given.get("params_b")
    if params_b is not None:
        found = LanguageModel(
            name=name or str(Said("a model of {size:g} (1e9) parameters", size=params_b)),
            total_b=params_b,
            active_b=given.get("active_b", params_b),
        )
    if found is None and name is None:
        raise InputError("Which model is not said: name it, or give params_b.")
    if found is None:
        raise InputError(
            "The size of {name!r} is not in the tables, and perhaps nobody has said it. Give its "
            "parameters in 1e9, as you think they are: params_b (--params-b), and active_b "
            "(--active-b) where only some are used for a token.",
            name=name,
        )
    changes = {name: given[name] for name in ("weight_bits", "layers") if name in given}
    if params_b is None and "active_b" in given:
        changes["active_b"] = given["active_b"]
    return found.replace(**changes)


def deployment(given: Mapping[str, Any]) -> Deployment:
    """Return how facts say that a model is served."""
    return Deployment(**{name: given[name] for name in _DEPLOYED if name in given})


def _training(given: Mapping[str, Any]) -> _Told:
    planned = Training(**{name: given[name] for name in Training.fields() if name in given})
    made = estimate_training(planned)
    told = _Told(made.energy_j)
    told.figures = {"accelerators_j": made.accelerators_j, "device_s": made.device_s}
    if "gpus" in given:
        told.figures["duration_s"] = made.duration_s
    told.duration_s = made.duration_s
    gpu = planned.gpu or USUAL_CARD
    told.hardware = _machines(find_accelerator(gpu).name, planned.gpus)
    told.facts = {"flop": made.flop, "gpu": gpu, "gpus": planned.gpus}
    if planned.gpu is None:
        said = Said("taken: {gpu}, with the doubt of which accelerator it is", gpu=USUAL_CARD)
        told.notes.append(str(said))
    if "gpus" not in given:
        said = Said("taken: one accelerator; how many there are changes the days, not the energy")
        told.notes.append(str(said))
    elif not check_memory(planned):
        said = Said(
            "weights, gradients and the optimiser's state do not fit the accelerators' memory: a "
            "part of them lies elsewhere, which takes longer"
        )
        told.notes.append(str(said))
    if planned.mfu is None and planned.tflops is None:
        told.notes.append(str(Said("the share of the peak is that of published trainings")))
    if planned.power_w is None:
        told.notes.append(str(Said("the power is a share of the accelerator's highest")))
    return told


def _machines(card: str, gpus: float) -> dict[str, Any] | None:
    """Return machines of up to eight cards; None of more than anybody could list."""
    if gpus > _MOST_CARDS or gpus != int(gpus):
        return None
    firsts = range(0, int(gpus), _CARDS_OF_A_MACHINE)
    held = {str(first): min(int(gpus) - first, _CARDS_OF_A_MACHINE) for first in firsts}
    return {"machines": {name: {"gpus": [card] * count} for name, count in held.items()}}


def _inference(given: Mapping[str, Any]) -> _Told:
    makes_pictures = given.get("task") in _PICTURES
    foreign = _ANSWERS_ALONE if makes_pictures else _PICTURE
    for name in foreign:
        if name in given:
            raise InputError(
                "{field} says nothing about {task}: expected facts of the task alone. Leave it "
                "out, or give the other task.",
                field=name,
                task=given.get("task", "chat"),
            )
    return _pictures(given) if makes_pictures else _answers(given, deployment(given))


def _hosted(given: Mapping[str, Any]) -> _Told:
    told = _answers(given, Deployment())
    told.notes.append(str(Said("where and how it is hosted is not known: the interval holds both")))
    return told


def _answers(given: Mapping[str, Any], server: Deployment) -> _Told:
    model = language_model(given)
    notes: list[str] = []
    tokens_in = given.get("tokens_in")
    if tokens_in is None:
        tokens_in = prompt_tokens(given.get("task", "chat")).value
        said = Said("taken: prompts of {count:.0f} tokens, as in the benchmark", count=tokens_in)
        notes.append(str(said))
    if given.get("tokens_out") is None:
        raise InputError("How long an answer is is not said: give tokens_out.")
    made = estimate_answer(model, server, tokens_in=tokens_in, tokens_out=given["tokens_out"])
    requests = given.get("requests", 1)
    told = _Told(made.server_j.scaled(_count("requests", requests)))
    told.figures = {
        "accelerators_j": made.energy_j.scaled(requests),
        "request_j": made.server_j,
    }
    if given["tokens_out"] > 0:
        told.figures["token_j"] = made.server_j.scaled(1 / given["tokens_out"])
    told.facts = {
        "model": model.name,
        "params_b": model.total_b,
        "active_b": model.active_b,
        "cards": ", ".join(made.cards),
        "gpus": made.gpus,
        "batch": made.batch,
        "known": made.known,
    }
    if made.known != "server":
        notes.append(str(Said("batch and accelerators are not known: the interval is wide")))
    notes += [one.told() for one in made.outside]
    if not model.is_built_as_known:
        notes.append(str(Said("how the model is built is guessed from its size")))
    told.notes = notes
    told.unit = FunctionalUnit(name=str(Said("request")), count=float(requests))
    return told


def _pictures(given: Mapping[str, Any]) -> _Told:
    name, params_b = given.get("model"), given.get("params_b")
    model = None if name is None else find_image_model(name)
    if params_b is not None:
        model = ImageModel(name=name or "image model", total_b=params_b)
    if model is None and name is None:
        raise InputError("Which model is not said: name it, or give params_b.")
    if model is None:
        raise InputError(
            "How {name!r} is built is not in the tables: give its parameters in 1e9 with params_b "
            "(--params-b).",
            name=name,
        )
    picture = Picture(**{field: given[field] for field in _PICTURE if field in given})
    accelerators, servers = estimate_picture(model, deployment(given), picture)
    requests = _count("requests", given.get("requests", 1))
    told = _Told(servers.scaled(requests))
    told.figures = {"accelerators_j": accelerators.scaled(requests), "request_j": servers}
    told.facts = {"model": model.name, "params_b": model.total_b}
    told.unit = FunctionalUnit(name=str(Said("request")), count=requests)
    return told


def _count(name: str, value: float) -> float:
    if not value > 0:
        raise InputError("{name} is {value}: expected more than 0.", name=name, value=value)
    return float(value)


def _life(given: Mapping[str, Any]) -> _Told:
    for name in ("training", "inference"):
        if name not in given:
            raise InputError(
                "A life needs {name}: an object such as brizna predict {name} takes.", name=name
            )
    life = Life(
        years=given.get("years", 1),
        adaptations=given.get("adaptations_per_year", 0),
        queries_per_day=given.get("queries_per_day", 0),
        growth=given.get("growth", 0),
    )
    trained = _training(checked(given["training"], FIELDS["training"], "training"))
    asked = checked(given["inference"], FIELDS["inference"], "inference")
    query = _inference({**asked, "requests": 1})
    adaptation, parts = _adaptation(given, asked)
    lived = lifecycle(life, training=trained.energy_j, adaptation=adaptation, query=query.energy_j)
    told = _Told(lived.energy_j)
    told.figures = {
        "training_j": lived.training_j,
        "adaptation_j": lived.adaptation_j,
        "use_j": lived.use_j,
        **parts,
        "query_j": query.energy_j,
        "break_even_queries": lived.break_even_queries,
    }
    told.facts = {"queries": lived.queries, "years": life.years}
    never = str(Said("never: it is asked ever less"))
    if not life.queries_per_day:
        never = str(Said("never: nobody asks it"))
    years = lived.break_even_years
    told.facts["break_even_years"] = never if years is None else years
    told.years = lived.by_year
    told.notes = [*trained.notes, *query.notes]
    return told


def _adaptation(
    given: Mapping[str, Any], asked: Mapping[str, Any]
) -> tuple[Estimate, dict[str, Estimate]]:
    """Return the energy of one adaptation, and of its parts."""
    plan = checked(given.get("adaptation", {}), _ADAPTATION, "adaptation")
    trained = given["training"]
    if not plan:
        return _training(trained).energy_j.scaled(0.0), {}
    shared = {
        name: plan.get(name, trained.get(name))
        for name in ("gpu", "gpus", "mfu", "power_w", "host")
        if plan.get(name, trained.get(name)) is not None
    }
    params_b = trained.get("active_b", trained.get("params_b"))
    if params_b is None:
        raise InputError("An adaptation needs the parameters of the training: give params_b.")
    kind = plan.get("kind", "sft")
    if kind == "sft":
        tokens_b = plan.get("tokens_b")
        if tokens_b is None:
            raise InputError("How much an adaptation learns from is not said: give tokens_b.")
        tuning = Training(
            params_b=params_b, tokens_b=tokens_b, peft=plan.get("peft", False), **shared
        )
        return estimate_training(tuning).energy_j, {}
    if kind != "rlhf":
        raise InputError("An adaptation of kind {kind!r}: expected sft or rlhf.", kind=kind)
    parts = _rlhf(plan, asked, params_b, shared)
    return total(parts.values()), parts


def _rlhf(
    plan: Mapping[str, Any], asked: Mapping[str, Any], params_b: float, shared: Mapping[str, Any]
) -> dict[str, Estimate]:
    """Return generating samples, judging them, and learning from them.

    Judging is one pass of the model of rewards and one of the model as it was (2 operations a
    parameter and token); learning is 6 an epoch.
    """
    samples = _count("samples", plan.get("samples", 0))
    tokens_in = plan.get("tokens_in", asked.get("tokens_in", 0))
    tokens_out = _count("tokens_out", plan.get("tokens_out", asked.get("tokens_out", 0)))
    written = estimate_answer(
        language_model(asked), deployment(asked), tokens_in=tokens_in, tokens_out=tokens_out
    )
    tokens = samples * (tokens_in + tokens_out)
    forward, whole = (coefficient(f"flop/{name}").value * 1e9 for name in ("inference", "training"))
    judged = forward * (plan.get("reward_params_b", params_b) + params_b) * tokens
    learnt = whole * params_b * tokens * plan.get("epochs", 1)
    return {
        "generation_j": written.server_j.scaled(samples),
        "reward_j": estimate_training(Training(flop=judged, **shared)).energy_j,
        "update_j": estimate_training(Training(flop=learnt, **shared)).energy_j,
    }


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], _Told]] = {
    "training": _training,
    "inference": _inference,
    "api": _hosted,
    "lifecycle": _life,
}
