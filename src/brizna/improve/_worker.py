"""The fresh process in which one thing is done to a model.

It is started as ``python -m brizna.improve._worker JOB``.

The job is a JSON file with a ``task`` and what it needs; the answer is put, whole or not at all,
where its ``result`` says: ``{"done": ...}``, or ``{"failed": reason, "kind": of the error}``. A
process that takes more than ``most_s`` processor seconds, where they are given, is ended. Tasks:

- ``take``: bring a person's model into a folder. ``model``, ``material``, ``folder``.
- ``apply``: change a model by one step. ``model`` (a folder), ``step``, ``material``, ``folder``.
- ``serve``: load a model, measure it, score it. ``model``, ``serving``, ``material``,
  ``window_s`` (0 for no measuring), ``items`` (numbers of the items to score; null for none).
- ``recall``: measure what a cache takes for itself. ``model``, ``serving``, ``material``,
  ``window_s``, ``knows`` (whether all answers are in memory, or none).
- ``prove``: load a model that was handed over by its loader, and score it. ``folder``,
  ``items`` (lists of numbers, each scored together), ``material``.
- ``judge``: compare figures that are no means of items, or means of items that are not
  independent. ``base``, ``variants`` (their scores), ``groups`` (of each item; null where they
  are), ``margin``, ``worst_fall``, ``seed``, ``resamples``, ``material``.

A process that dies without an answer is told by whoever started it.
"""

from __future__ import annotations

import os
import sys
from math import isfinite
from typing import Any

from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError, InputError
from brizna.improve._material import Material, resolve
from brizna.improve._measuring import measured, processor_s, recalled
from brizna.improve._model import open_model, seal
from brizna.improve._registry import runtime_named, transform_from
from brizna.improve._serving import Serving

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LONGEST_REASON = 400


def main(words: list[str]) -> int:
    """Do the job of the file that is named and return an exit code.

    Returns:
        0 where it was done, 1 where it failed with its reason in the answer.
    """
    with open(words[0], "rb") as file:
        job: dict[str, Any] = decode(file.read())
    _talk_to(job["log"])
    if job.get("most_s") is not None:
        _allow(job["most_s"])
    # threads that wait for one another spin, which costs most where others work too; a runtime that
    # is to have several asks for them itself
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.path[:0] = [place for place in job["material"]["path"] if place not in sys.path]
    begun_s = processor_s()
    try:
        answer: dict[str, Any] = {"done": TASKS[job["task"]](job)}
    except Exception as error:  # noqa: BLE001 - a library's or a person's code: it becomes a row
        answer = {"failed": reason_of(error), "kind": type(error).__name__}
    answer["cpu_s"] = processor_s() - begun_s
    draft = f"{job['result']}.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(encode(answer))
    os.replace(draft, job["result"])
    return 0 if "done" in answer else 1


def _allow(most_s: int) -> None:
    """Let this process be ended once it has used so many processor seconds."""
    try:
        from resource import RLIMIT_CPU, getrlimit, setrlimit
    except ImportError:  # a system without it: the budget is looked at between steps only
        return
    setrlimit(RLIMIT_CPU, (most_s, getrlimit(RLIMIT_CPU)[1]))


def _talk_to(path: str) -> None:
    """Put what libraries print, from whichever language, into a file."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)


def reason_of(error: BaseException) -> str:
    """Return an error as one line that is not too long: its kind, and what it says first."""
    text = " ".join(str(error).split()) or "no message"
    if not isinstance(error, BriznaError):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= _LONGEST_REASON else text[: _LONGEST_REASON - 1] + "…"


def _take(job: Mapping[str, Any]) -> dict[str, Any]:
    from brizna.improve._runtimes._take import take

    material = Material.from_json(job["material"])
    model = seal(job["folder"], take(job["model"], material, job["folder"]))
    material.refuse_unknown()
    if material.has("inputs"):
        material.requests()
    items = material.listed("items") if material.has("items") else []
    told: dict[str, Any] = {"model": model.to_json(), "items": len(items)}
    if material.has("groups"):
        named = material.listed("groups", items)
        told["groups"] = [
            [str(name) for name in ([one] if isinstance(one, (str, int)) else one)] for one in named
        ]
    return told


def _apply(job: Mapping[str, Any]) -> dict[str, Any]:
    material = Material.from_json(job["material"])
    parent = open_model(job["model"])
    transform = transform_from(job["step"], tuple(job["plugins"]), path=material.path)
    made = transform.apply(parent, material, job["folder"])
    return {"model": seal(job["folder"], made, parent=parent, step=job["step"]).to_json()}


def _serve(job: Mapping[str, Any]) -> dict[str, Any]:
    material, serving = Material.from_json(job["material"]), Serving.from_json(job["serving"])
    runtime = runtime_named(serving.runtime, tuple(job["plugins"]), path=material.path)
    begun_s = processor_s()
    session = runtime.open(open_model(job["model"]), serving, material)
    loaded_s = processor_s() - begun_s
    found = measured(session, serving, material, job["window_s"]) if job["window_s"] else {}
    found["load_cpu_s"] = loaded_s
    found["used"] = session.used()
    if job["items"] is not None:
        items = material.listed("items")
        chosen = [items[number] for number in job["items"]]
        found["scores"] = scores_of(material, session.predict, chosen)
    return found


def scores_of(material: Material, predict: Any, items: Sequence[Any]) -> list[Any]:
    """Return the score of each item.

    Raises:
        InputError: If there are not as many as items, or one is no number.
    """
    scores = [plain_score(score) for score in material.function("score")(predict, items)]
    if len(scores) != len(items):
        raise InputError(
            "score ({reference}) gave {count} scores for {items} items: expected one for each, in "
            "their order. Mend it.",
            reference=material.score,
            count=len(scores),
            items=len(items),
        )
    for place, score in enumerate(scores):
        if not _is_finite(score):
            raise InputError(
                "score ({reference}) gave {score} for an item, the number {place} of those it was "
                "given: expected a number. What the model answers may not be one; say what such an "
                "answer is worth.",
                reference=material.score,
                score=score,
                place=place + 1,
            )
    return scores


def _is_finite(score: Any) -> bool:
    return all(map(_is_finite, score)) if isinstance(score, list) else isfinite(score)  # pyright: ignore[reportUnknownArgumentType]


def _prove(job: Mapping[str, Any]) -> dict[str, Any]:
    """Load what a study has left by its own loader alone, and score it."""
    material = Material.from_json(job["material"])
    sys.path.insert(0, job["folder"])
    predict = resolve("loader:load")()
    items = material.listed("items")
    scores = [
        scores_of(material, predict, [items[number] for number in part])
        for part in job["items"]
        if part
    ]
    return {"scores": [one for part in scores for one in part]}


def plain_score(score: Any) -> Any:
    """Return a score as JSON holds it: a number, or a list of numbers."""
    if hasattr(score, "tolist"):
        score = score.tolist()
    if isinstance(score, (list, tuple)):
        return [plain_score(part) for part in score]  # pyright: ignore[reportUnknownVariableType]
    return float(score)


def _recall(job: Mapping[str, Any]) -> dict[str, Any]:
    """Measure what a cache takes for itself, with the answers of a model in it."""
    material, serving = Material.from_json(job["material"]), Serving.from_json(job["serving"])
    runtime = runtime_named(serving.runtime, tuple(job["plugins"]), path=material.path)
    session = runtime.open(open_model(job["model"]), serving, material)
    return recalled(session, material, job["window_s"], knows=job["knows"])


def _judge(job: Mapping[str, Any]) -> dict[str, Any]:
    """Judge variants by a person's own figure, each over the same draws of items."""
    from random import Random
    from statistics import fmean

    from brizna.check import non_inferior_figure

    material = Material.from_json(job["material"])
    metric = material.function("metric") if material.has("metric") else fmean
    base: list[Any] = job["base"]
    of_base: dict[tuple[int, ...], float] = {}
    guards: dict[str, Any] = {}
    for name, scores in job["variants"].items():

        def both(chosen: Sequence[int], scores: list[Any] = scores) -> tuple[float, float]:
            key = tuple(chosen)
            if key not in of_base:
                of_base[key] = float(metric([base[number] for number in chosen]))
            return of_base[key], float(metric([scores[number] for number in chosen]))

        guard = non_inferior_figure(
            both,
            job["groups"] or len(base),
            margin=job["margin"],
            rng=Random(job["seed"]),  # noqa: S311 - draws of items, no secrets
            resamples=job["resamples"],
            **({} if job["worst_fall"] is None else {"worst_fall": job["worst_fall"]}),
        )
        guards[name] = guard.to_json()
    return {"guards": guards}


TASKS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "take": _take,
    "apply": _apply,
    "serve": _serve,
    "judge": _judge,
    "prove": _prove,
    "recall": _recall,
}
"""What can be done."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
