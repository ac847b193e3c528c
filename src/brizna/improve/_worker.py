"""The fresh process in which one thing is done to a model.

It is started as ``python -m brizna.improve._worker JOB``.

The job is a JSON file with a ``task`` and what it needs; the answer is put, whole or not at all,
where its ``result`` says: ``{"done": ...}``, or ``{"failed": reason}``. Tasks:

- ``take``: bring a person's model into a folder. ``model``, ``material``, ``folder``.
- ``apply``: change a model by one step. ``model`` (a folder), ``step``, ``material``, ``folder``.
- ``serve``: load a model, measure it, score it. ``model``, ``serving``, ``material``,
  ``window_s`` (0 for no measuring), ``items`` (numbers of the items to score; null for none).
- ``prove``: load a model that was handed over by its loader, and score it. ``folder``,
  ``items`` (lists of numbers, each scored together), ``material``.
- ``judge``: compare figures that are no means of items. ``base``, ``variants`` (their scores),
  ``margin``, ``worst_fall``, ``seed``, ``resamples``, ``material``.

A process that dies without an answer is told by whoever started it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from brizna.core.codec import decode, encode
from brizna.core.errors import BriznaError
from brizna.improve._material import Material, resolve
from brizna.improve._model import open_model, seal
from brizna.improve._registry import runtime_named, transform_from
from brizna.improve._serving import Serving
from brizna.meter import BootClock
from brizna.store import append_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brizna.improve._serving import Session

_LONGEST_REASON = 400
_MOST_PASSES = 100_000
_MEASURED = "measured"
"""Phase of the run in which the requests are answered."""


def main(words: list[str]) -> int:
    """Do the job of the file that is named and return an exit code.

    Returns:
        0 where it was done, 1 where it failed with its reason in the answer.
    """
    with open(words[0], "rb") as file:
        job: dict[str, Any] = decode(file.read())
    _talk_to(job["log"])
    sys.path[:0] = [place for place in job["material"]["path"] if place not in sys.path]
    begun_s = _processor_s()
    try:
        answer: dict[str, Any] = {"done": TASKS[job["task"]](job)}
    except Exception as error:  # noqa: BLE001 - a library's or a person's code: it becomes a row
        answer = {"failed": reason_of(error)}
    answer["cpu_s"] = _processor_s() - begun_s
    draft = f"{job['result']}.{os.getpid()}"
    with open(draft, "wb") as file:
        file.write(encode(answer))
    os.replace(draft, job["result"])
    return 0 if "done" in answer else 1


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
    items = len(list(material.function("items")())) if material.has("items") else 0
    return {"model": model.to_json(), "items": items}


def _apply(job: Mapping[str, Any]) -> dict[str, Any]:
    material = Material.from_json(job["material"])
    parent = open_model(job["model"])
    transform = transform_from(job["step"], tuple(job["plugins"]), path=material.path)
    made = transform.apply(parent, material, job["folder"])
    return {"model": seal(job["folder"], made, parent=parent, step=job["step"]).to_json()}


def _serve(job: Mapping[str, Any]) -> dict[str, Any]:
    material, serving = Material.from_json(job["material"]), Serving.from_json(job["serving"])
    runtime = runtime_named(serving.runtime, tuple(job["plugins"]), path=material.path)
    begun_s = _processor_s()
    session = runtime.open(open_model(job["model"]), serving, material)
    loaded_s = _processor_s() - begun_s
    found = _measured(session, serving, material, job["window_s"]) if job["window_s"] else {}
    found["load_cpu_s"] = loaded_s
    found["used"] = session.used()
    if job["items"] is not None:
        items = list(material.function("items")())
        chosen = [items[number] for number in job["items"]]
        scores = material.function("score")(session.predict, chosen)
        found["scores"] = [plain_score(score) for score in scores]
    return found


def _prove(job: Mapping[str, Any]) -> dict[str, Any]:
    """Load what a study has left by its own loader alone, and score it."""
    material = Material.from_json(job["material"])
    sys.path.insert(0, job["folder"])
    predict = resolve("loader:load")()
    items, score = list(material.function("items")()), material.function("score")
    scores = [score(predict, [items[number] for number in part]) for part in job["items"] if part]
    return {"scores": [plain_score(one) for part in scores for one in part]}


def plain_score(score: Any) -> Any:
    """Return a score as JSON holds it: a number, or a list of numbers."""
    if hasattr(score, "tolist"):
        score = score.tolist()
    if isinstance(score, (list, tuple)):
        return [plain_score(part) for part in score]  # pyright: ignore[reportUnknownVariableType]
    return float(score)


def _measured(
    session: Session, serving: Serving, material: Material, window_s: float
) -> dict[str, Any]:
    """Return what answering the requests took, passes of all of them until it is long enough."""
    from brizna.improve._requests import put_together, rows_of

    requests = material.requests("trace")
    if serving.batch is not None:
        requests = put_together(requests, batch=serving.batch, by_length=serving.bucket)
    inferences = sum(map(rows_of, requests))
    answer, told = _answering(session, serving)
    _timed(answer, requests)  # a warm-up
    told.clear()
    mark(_MEASURED)
    used_s, passes, latencies_s = 0.0, 0, list[float]()
    while passes == 0 or (used_s < window_s and passes < _MOST_PASSES):
        if serving.cache:
            told["forget"] = True
        one_s, each_s = _timed(answer, requests)
        used_s, passes = used_s + one_s, passes + 1
        latencies_s += each_s
    mark(_MEASURED, ends=True)
    latencies_s.sort()
    return {
        "inferences": inferences * passes,
        "cpu_s": used_s,
        "latency_s": latencies_s[len(latencies_s) // 2],
        "latency_p95_s": latencies_s[int(len(latencies_s) * 0.95)],
        "requests": len(latencies_s),
        "cache_hits": int(told.get("hits", 0)),
    }


def _answering(
    session: Session, serving: Serving
) -> tuple[Callable[[Any], object], dict[str, Any]]:
    """Return what answers a request, through a cache where there is one, and what it tells."""
    from collections import OrderedDict

    from brizna.improve._requests import arrays_of

    told: dict[str, Any] = {}
    if not serving.cache:
        return session.predict, told
    known: OrderedDict[bytes, Any] = OrderedDict()

    def answer(request: Any) -> Any:
        if told.pop("forget", False):
            known.clear()
        arrays = arrays_of(request)
        key = b"".join(
            str((name, array.dtype, array.shape)).encode() + array.tobytes()
            for name, array in arrays.items()
        )
        if key in known:
            told["hits"] = told.get("hits", 0) + 1
            known.move_to_end(key)
            return known[key]
        known[key] = found = session.predict(request)
        if len(known) > serving.cache:
            known.popitem(last=False)
        return found

    return answer, told


def _timed(answer: Callable[[Any], object], requests: list[Any]) -> tuple[float, list[float]]:
    """Return the processor seconds of all threads for all requests, and each one's wall time."""
    begun_s, each_s = _processor_s(), list[float]()
    for request in requests:
        at_s = time.perf_counter()
        answer(request)
        each_s.append(time.perf_counter() - at_s)
    return _processor_s() - begun_s, each_s


def _processor_s() -> float:
    """Return the processor seconds of this process and of the children that it waited for."""
    try:
        from resource import RUSAGE_CHILDREN, getrusage
    except ImportError:  # a system without it
        return time.process_time()
    children = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def mark(name: str, *, ends: bool = False) -> None:
    """Name what is going on in the run that measures this process; nothing where none does."""
    start_us, _, directory = os.environ.get("BRIZNA_RUN", "").partition(":")
    if directory:
        append_mark(directory, name, BootClock().now_us() - int(start_us), ends=ends)


def _judge(job: Mapping[str, Any]) -> dict[str, Any]:
    """Judge variants by a person's own figure, each over the same draws of items."""
    from random import Random

    from brizna.check import non_inferior_figure

    metric = Material.from_json(job["material"]).function("metric")
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
            len(base),
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
}
"""What can be done."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
