"""What answering requests takes, measured in the process that does it."""

from __future__ import annotations

import os
import time

from brizna.core.errors import UnavailableError
from brizna.improve._answers import Answers, key_of_request
from brizna.improve._requests import grouped, rows_of, stacked
from brizna.meter import BootClock
from brizna.store import append_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from brizna.improve._material import Material
    from brizna.improve._serving import Serving, Session

_MOST_PASSES = 100_000
_MEASURED = "measured"
"""Phase of the run in which the requests are answered."""
_COMPARED = 4
"""So many batches are compared with what their rows are answered alone."""
_ALIKE = 0.05
"""By which part of the largest output a row in a batch may be answered otherwise: rounding to few
bits by the range of the batch does that much."""


def measured(
    session: Session, serving: Serving, material: Material, window_s: float
) -> dict[str, Any]:
    """Return what answering the requests took, passes of all of them until it is long enough.

    Where requests are put together, that is part of the work; the time that a request waits for
    its batch is not, as it depends on how often requests come.
    """
    requests: list[Any] = material.requests("trace")
    inferences = sum(map(rows_of, requests))
    answers = Answers(serving.cache, session.predict) if serving.cache else None
    answer = session.predict if answers is None else answers.ask
    if serving.batch is not None:
        requests = grouped(requests, batch=serving.batch, by_length=serving.bucket)
        refuse_unlike(session.predict, requests)
        answer = _together(answer)
    settle = getattr(session, "settle", _nothing)
    is_elsewhere = getattr(session, "device", "cpu") != "cpu"
    _timed(answer, requests, settle)  # a warm-up
    hits = 0 if answers is None else answers.hits
    used_s, passes, latencies_s = 0.0, 0, list[float]()
    mark(_MEASURED)
    begun_s = time.perf_counter()
    while passes == 0 or (used_s < window_s and passes < _MOST_PASSES):
        if answers is not None:
            answers.forget()
        one_s, each_s = _timed(answer, requests, settle)
        used_s, passes = used_s + one_s, passes + 1
        latencies_s += each_s
        if is_elsewhere and time.perf_counter() - begun_s >= window_s:
            break
    mark(_MEASURED, ends=True)
    latencies_s.sort()
    return {
        "inferences": inferences * passes,
        "cpu_s": used_s,
        "latency_s": latencies_s[len(latencies_s) // 2],
        "latency_p95_s": latencies_s[int(len(latencies_s) * 0.95)],
        "requests": len(latencies_s),
        "cache_hits": 0 if answers is None else answers.hits - hits,
    }


def recalled(
    session: Session, material: Material, window_s: float, *, knows: bool
) -> dict[str, Any]:
    """Return what a cache takes for itself: to answer a request, or not to know and to keep it.

    Args:
        session: What computes the answers, once and beside the measurement.
        material: With the requests.
        window_s: Processor seconds to measure for, at least.
        knows: Whether all answers are in memory, or none.
    """
    requests = list({key_of_request(one): one for one in material.requests("trace")}.values())
    ready = [session.predict(request) for request in requests]
    upcoming = iter(())

    def compute(_request: Any) -> Any:
        return next(upcoming)

    answers = Answers(len(requests), compute)
    upcoming = iter(ready)
    for request in requests:
        answers.ask(request)
    size_bytes = answers.size_bytes / len(requests)
    used_s, asked = 0.0, 0
    mark(_MEASURED)
    while asked == 0 or (used_s < window_s and asked < _MOST_PASSES * len(requests)):
        begun_s = processor_s()
        for _ in range(_MOST_IN_ONE // len(requests) + 1):
            if not knows:
                answers.forget()
                upcoming = iter(ready)
            for request in requests:
                answers.ask(request)
            asked += len(requests)
        used_s += processor_s() - begun_s
    mark(_MEASURED, ends=True)
    return {"requests": asked, "cpu_s": used_s, "size_bytes": size_bytes}


_MOST_IN_ONE = 1000
"""Requests between two looks at the processor's clock, which takes longer than a hit."""


def refuse_unlike(predict: Callable[[Any], tuple[Any, ...]], batches: Sequence[Any]) -> None:
    """Refuse batches in which rows are answered otherwise than alone, as padding may do.

    Raises:
        UnavailableError: If they are.
    """
    import numpy as np

    for rows in batches[:_COMPARED]:
        together = predict(stacked(rows))
        for place, row in enumerate(rows):
            for whole, alone in zip(together, predict(row), strict=True):
                if np.ndim(whole) == 0 or np.shape(whole)[0] != len(rows):
                    continue  # nothing of single rows
                inside = tuple(slice(length) for length in np.shape(alone)[1:])
                one = np.asarray(whole)[place][inside]
                off = np.max(np.abs(one - np.asarray(alone)[0]), initial=0.0)
                scale = np.max(np.abs(alone), initial=0.0)
                if not off <= _ALIKE * scale:
                    raise UnavailableError(
                        "A row in a batch is answered otherwise than alone: by up to {off}, of "
                        "{scale}. Expected the same; padding with zeros changes what this model "
                        "computes. Leave batches as they come, or pad as its mask wants it.",
                        off=f"{off:.3g}",
                        scale=f"{scale:.3g}",
                    )


def _together(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what answers rows that are put together first."""

    def ask(rows: Any) -> Any:
        return answer(stacked(rows))

    return ask


def _nothing() -> None:
    """Wait for nothing: what was asked for has been computed when it is there."""


def _timed(
    answer: Callable[[Any], object], requests: Sequence[Any], settle: Callable[[], None]
) -> tuple[float, list[float]]:
    """Return the processor seconds of all threads for all requests, and each one's wall time."""
    begun_s, each_s = processor_s(), list[float]()
    for request in requests:
        at_s = time.perf_counter()
        answer(request)
        settle()
        each_s.append(time.perf_counter() - at_s)
    return processor_s() - begun_s, each_s


def processor_s() -> float:
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
