"""Reuse instead of training: what there is already, and which way takes least over all queries."""

from __future__ import annotations

import os

from brizna.account import (
    LanguageModel,
    Option,
    Training,
    choose,
    estimate_answer,
    estimate_training,
)
from brizna.core.errors import InputError, Said, UnavailableError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Energy
from brizna.core.records import Record
from brizna.verbs._predict_energy import checked, deployment, language_model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, ClassVar

    from brizna.account import Chosen, Deployment
    from brizna.store import Store

REUSE_FIELDS = (
    *("queries", "tokens_in", "tokens_out", "prompt_tokens", "large", "small", "fine_tune"),
    *("peft", "scratch", "deployment"),
)
_OBJECTS = ("large", "small", "fine_tune", "peft", "scratch", "deployment")
_MODEL = ("model", "params_b", "active_b", "weight_bits", "layers")
_DEPLOYED = ("gpu", "gpus", "batch", "stack")
_TUNED = ("tokens_b", "flop", "gpu", "gpus", "mfu", "tflops", "power_w", "host")
_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".keras", ".h5", ".joblib")
"""What files of weights end in."""
_MOST_FILES = 100_000
"""Entries looked at below a folder: a folder that is larger than this is not a registry."""


class Kept(Record):
    """Something that there is already.

    Attributes:
        what: ``run`` or ``checkpoint``.
        name: Of the run, or of the file.
        where: The store and the run's id, or the file.
        energy_j: What the run took; None for a file, or where it is not known.
        started: When the run began; None for a file.
    """

    what: str
    name: str
    where: str
    energy_j: Estimate | None = None
    started: str | None = None


class Reuse(Record):
    """What there is to reuse, and which way to come to a model takes least.

    Attributes:
        given: What was asked.
        words: What was looked for.
        kept: What was found, runs before checkpoints, the newest first.
        options: By name.
        chosen: Over all queries; None where only something was looked for.
        notes: What was assumed.
    """

    schema: ClassVar[str | None] = "brizna.reuse/1"

    given: dict[str, Any]
    words: tuple[str, ...]
    kept: tuple[Kept, ...]
    options: dict[str, Option]
    chosen: Chosen | None
    notes: tuple[str, ...]


def reuse(
    given: Mapping[str, Any] | None,
    *,
    words: Sequence[str] = (),
    stores: Iterable[Store] = (),
    folders: Iterable[str] = (),
) -> Reuse:
    """Return what there is already, and which way takes least energy over all queries.

    Args:
        given: Models, tokens and queries, the names of `REUSE_FIELDS`; None to look only.
        words: That the name, a tag or the command of a run, or the path of a file, must have.
        stores: Where runs are.
        folders: Where checkpoints are.

    Raises:
        InputError: If a fact is unknown, missing, or cannot be.
        UnavailableError: If a store or a folder cannot be read.
    """
    kept: list[Kept] = []
    if words:
        kept += [one for store in stores for one in runs_like(store, words)]
        kept += [one for folder in folders for one in checkpoints_like(folder, words)]
    options = (
        () if given is None else _options(checked(given, REUSE_FIELDS, "reuse", objects=_OBJECTS))
    )
    chosen = None
    if given is not None:
        if "queries" not in given:
            raise InputError("How often it will be asked is not said: give queries.")
        chosen = choose(options, queries=given["queries"])
    return Reuse(
        given=dict(given or {}),
        words=tuple(words),
        kept=tuple(kept),
        options={one.name: one for one in options},
        chosen=chosen,
        notes=(str(Said("training a few parameters does 4 of the 6 operations of training all")),)
        if any(one.name == "peft" for one in options)
        else (),
    )


def runs_like(store: Store, words: Sequence[str]) -> list[Kept]:
    """Return the finished runs of a store with all of these words, the newest first."""
    found: list[Kept] = []
    for run in reversed(store.runs()):
        told = " ".join((run.name or "", *run.tags, *(run.command or ()))).casefold()
        if run.state != "finished" or not all(word.casefold() in told for word in words):
            continue
        energy = None if run.energy_j is None else Estimate.from_json(Energy, run.energy_j)
        found.append(
            Kept(
                what="run",
                name=run.name or run.id,
                where=f"{store.path} {run.id}",
                energy_j=energy,
                started=run.started,
            )
        )
    return found


def checkpoints_like(folder: str, words: Sequence[str]) -> list[Kept]:
    """Return the files of weights below a folder whose path has all of these words.

    Raises:
        UnavailableError: If the folder cannot be read.
    """
    if not os.path.isdir(folder):
        raise UnavailableError(
            "{folder!r} is not a folder that can be read: name where checkpoints are kept.",
            folder=folder,
        )
    found: list[str] = []
    seen = 0
    for place, folders, files in os.walk(folder):
        folders.sort()
        seen += len(files)
        if seen > _MOST_FILES:
            break
        for file in sorted(files):
            path = os.path.join(place, file)
            inside = os.path.relpath(path, folder).casefold()
            if file.casefold().endswith(_WEIGHTS) and all(w.casefold() in inside for w in words):
                found.append(path)
    return [Kept(what="checkpoint", name=os.path.basename(path), where=path) for path in found]


def _options(given: Mapping[str, Any]) -> tuple[Option, ...]:
    server = deployment(checked(given.get("deployment", {}), _DEPLOYED, "deployment"))
    large, small = _model(given, "large"), _model(given, "small")
    tokens_in, tokens_out = given.get("tokens_in", 0), given.get("tokens_out", 0)
    nothing = exactly(Energy(0))
    made: list[Option] = []
    if large is not None:
        once = _query(large, server, tokens_in, tokens_out)
        made.append(Option(name="reuse", once_j=nothing, query_j=once))
        if "prompt_tokens" in given:
            longer = _query(large, server, tokens_in + given["prompt_tokens"], tokens_out)
            made.append(Option(name="prompt", once_j=nothing, query_j=longer))
    if small is not None:
        asked = _query(small, server, tokens_in, tokens_out)
        for field, name in (("peft", "peft"), ("fine_tune", "fine-tune"), ("scratch", "scratch")):
            if field in given:
                plan = checked(given[field], _TUNED, field)
                made.append(Option(name=name, once_j=_tuned(plan, small, field), query_j=asked))
    if not made:
        raise InputError(
            "No way to a model is given: name large (to reuse or to prompt), or small with peft, "
            "fine_tune or scratch."
        )
    return tuple(made)


def _model(given: Mapping[str, Any], field: str) -> LanguageModel | None:
    if field not in given:
        return None
    return language_model(checked(given[field], _MODEL, field))


def _query(
    model: LanguageModel, server: Deployment, tokens_in: float, tokens_out: float
) -> Estimate:
    made = estimate_answer(model, server, tokens_in=tokens_in, tokens_out=tokens_out)
    return made.server_j


def _tuned(plan: Mapping[str, Any], model: LanguageModel, field: str) -> Estimate:
    size = {} if "flop" in plan else {"params_b": model.total_b, "active_b": model.active_b}
    training = Training(
        **size,
        peft=field == "peft",
        **{name: plan[name] for name in _TUNED if name in plan},
    )
    return estimate_training(training).energy_j
