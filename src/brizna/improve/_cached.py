"""What a request cache is worth: what it would have answered of a trace, against what it takes."""

from __future__ import annotations

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, estimate_of, exactly
from brizna.core.quantities import Duration, Energy, Power, Ratio
from brizna.core.records import Record, each
from brizna.improve._arms import PER
from brizna.improve._recall import distances, hit_share, hits, most_hits, usual_sizes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

    from brizna.improve._trace import Trace

PAYS, TAKES_MORE, CANNOT_TELL = "pays", "takes-more", "cannot-tell"
"""What can be said of a cache."""
_GIB = 1 << 30
_NEAR = 0.01
"""Of all that pay, the smallest is taken that saves within this part as much as the best."""


class AnswerCosts(Record):
    """What answers take, on the average of requests.

    Attributes:
        computed: One that is computed: joules, or processor seconds.
        remembered: One from memory, as a part of that.
        kept: Not to know one and to keep it once it is computed, as a part of that.
        size_bytes: Of an answer in memory with its key; None where nobody says.
    """

    computed: Estimate
    remembered: Estimate
    kept: Estimate
    size_bytes: int | None = None


class CacheSize(Record):
    """A cache of one size.

    Attributes:
        answers: How many it holds.
        size_bytes: Of all of them; None where the size of one is not known.
        memory_w: What so much memory draws, whether it is asked or not; None likewise.
        hit_share: Share of the requests that it would have answered.
        most: The same of a cache that knows the future: none of this size has more.
        ratio: What all requests take with it, as a part of what they take without; None where
            costs are not known.
        saved_j: Joules for 1,000 requests. ``saved_cpu_s``: processor seconds; one of them.
        verdict: ``pays``, ``takes-more`` or ``cannot-tell``; None where costs are not known.
    """

    answers: int
    size_bytes: int | None
    memory_w: Estimate | None
    hit_share: Estimate
    most: float
    ratio: Estimate | None = None
    saved_j: Estimate | None = None
    saved_cpu_s: Estimate | None = None
    verdict: str | None = None

    _forms: ClassVar = {
        "memory_w": estimate_of(Power),
        "hit_share": estimate_of(Ratio),
        "ratio": estimate_of(Ratio),
        "saved_j": estimate_of(Energy),
        "saved_cpu_s": estimate_of(Duration),
    }


class RequestCache(Record):
    """What a cache of requests would have done for a trace.

    Attributes:
        trace: Name of the file.
        requests: How many. ``distinct``: how many different ones.
        duration_s: From the first to the last; None where the trace does not say.
        keep_for_s: Seconds after which an answer is too old; None for never.
        model: Name of the variant that was measured; None where costs were declared, or are not
            known.
        computed_j: What 1,000 requests take without a cache. ``computed_cpu_s``: the same in
            processor seconds; one of them, or neither where costs are not known.
        remembered: What an answer from memory takes, as a part of one that is computed.
        kept: What it takes not to know an answer and to keep it, as a part likewise.
        answer_bytes: Of an answer in memory with its key; None where nobody says.
        sizes: One for each size, the smallest first.
        recommended: How many answers to hold: the fewest that save as much as any, within a
            hundredth; None where no cache is shown to pay.
        verdict: ``pays`` where one is recommended, ``takes-more`` where every size does,
            ``cannot-tell`` else; None where costs are not known.
        notes: What a reader should know, a sentence each.
    """

    schema: ClassVar = "brizna.request-cache/1"

    trace: str
    requests: int
    distinct: int
    duration_s: float | None
    keep_for_s: float | None
    model: str | None
    computed_j: Estimate | None
    computed_cpu_s: Estimate | None
    remembered: Estimate | None
    kept: Estimate | None
    answer_bytes: int | None
    sizes: tuple[CacheSize, ...]
    recommended: int | None
    verdict: str | None
    notes: tuple[str, ...] = ()

    _forms: ClassVar = {
        "computed_j": estimate_of(Energy),
        "computed_cpu_s": estimate_of(Duration),
        "remembered": estimate_of(Ratio),
        "kept": estimate_of(Ratio),
        "sizes": each(CacheSize.from_json),
        "notes": tuple,
    }


def judge_cache(
    trace: Trace,
    costs: AnswerCosts | None,
    *,
    memory_w: Estimate,
    sizes: Sequence[int] = (),
    keep_for_s: float | None = None,
) -> tuple[CacheSize, ...]:
    """Return what caches of several sizes would have done for a trace.

    Args:
        trace: The requests.
        costs: What answers take; None where nobody knows.
        memory_w: Watts of a gibibyte of memory.
        sizes: Numbers of answers; usual ones if empty.
        keep_for_s: Seconds after which an answer is too old; None for never.

    Raises:
        InputError: If a size is no cache, or answers grow old in a trace without times.
    """
    if min(sizes, default=1) < 1:
        raise InputError(
            "A cache of {size} answers was asked for: expected at least 1. Name other sizes.",
            size=min(sizes),
        )
    if keep_for_s is not None and keep_for_s < 0:
        raise InputError(
            "Answers are too old after {keep_for_s} s: expected 0 s or more. Say how long one "
            "holds.",
            keep_for_s=keep_for_s,
        )
    if keep_for_s is not None and trace.times_s is None:
        raise InputError(
            "Answers are too old after {keep_for_s} s, but the trace does not say when requests "
            "came: expected a time for each. Add the column time, or let answers hold for ever.",
            keep_for_s=keep_for_s,
        )
    apart = distances(trace)
    return tuple(
        _sized(trace, apart, answers, costs, memory_w=memory_w, keep_for_s=keep_for_s)
        for answers in sorted({*sizes} or {*usual_sizes(trace.distinct)})
    )


def _sized(
    trace: Trace,
    apart: Sequence[int],
    answers: int,
    costs: AnswerCosts | None,
    *,
    memory_w: Estimate,
    keep_for_s: float | None,
) -> CacheSize:
    share = hit_share(hits(trace, apart, answers, keep_for_s=keep_for_s))
    size_bytes = None if costs is None or costs.size_bytes is None else costs.size_bytes * answers
    power = None if size_bytes is None else memory_w.scaled(size_bytes / _GIB)
    plain = CacheSize(
        answers=answers,
        size_bytes=size_bytes,
        memory_w=power,
        hit_share=share,
        most=most_hits(trace, answers) / len(trace),
    )
    if costs is None:
        return plain
    ratio = _ratio(share, costs)
    is_energy = costs.computed.kind is Energy
    if is_energy and power is not None and trace.duration_s:
        held = power * exactly(Duration(trace.duration_s / len(trace)))
        ratio = ratio + held / costs.computed
    saved = (exactly(Ratio(1.0)) - ratio) * costs.computed.scaled(PER)
    return plain.replace(
        ratio=ratio,
        saved_j=saved if is_energy else None,
        saved_cpu_s=None if is_energy else saved,
        verdict=_verdict(ratio),
    )


def _ratio(share: Estimate, costs: AnswerCosts) -> Estimate:
    """Return what requests take with a cache, as a part of what they take without.

    ``h r + (1 - h) (1 + k)``: hits take what memory takes, all others are computed and kept.
    """
    missed = exactly(Ratio(1.0)) + costs.kept
    return missed - share * (missed - costs.remembered)


def _verdict(ratio: Estimate) -> str:
    if ratio.high.value < 1:
        return PAYS
    return TAKES_MORE if ratio.low.value > 1 else CANNOT_TELL


def recommended_of(sizes: Sequence[CacheSize]) -> tuple[int | None, str | None]:
    """Return how many answers to hold, and what can be said of caches for this trace at all."""
    ratios = {
        one.answers: one.ratio.best.value
        for one in sizes
        if one.ratio is not None and one.verdict == PAYS
    }
    if ratios:
        least = min(ratios.values())
        return min(size for size, ratio in ratios.items() if ratio <= least + _NEAR), PAYS
    verdicts = {one.verdict for one in sizes}
    return None, verdicts.pop() if len(verdicts) == 1 else CANNOT_TELL
