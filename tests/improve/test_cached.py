"""What a request cache is worth: the arithmetic, the verdicts and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Duration, Energy, Power, Ratio
from brizna.improve import AnswerCosts, RequestCache, Trace, judge_cache, recommended_of

MEMORY_W = exactly(Power(0.3))
HALF = Trace([n // 2 for n in range(1000)], [float(n) for n in range(1000)])
"""Each request comes twice, one after the other: half are hits, whatever the size."""


def costs(computed=1.0, remembered=0.1, kept=0.2, *, kind=Energy, size_bytes=None):
    return AnswerCosts(
        computed=exactly(kind(computed)),
        remembered=exactly(Ratio(remembered)),
        kept=exactly(Ratio(kept)),
        size_bytes=size_bytes,
    )


def judged(trace=HALF, known=None, **manner):
    return judge_cache(trace, known or costs(), memory_w=MEMORY_W, **manner)


def test_hits_take_what_memory_takes_and_others_are_computed_and_kept():
    one = judged(sizes=[1])[0]
    assert one.ratio.best.value == pytest.approx(0.5 * 0.1 + 0.5 * (1 + 0.2))
    assert one.saved_j.best.value == pytest.approx(1000 * (1 - 0.65))
    assert (one.verdict, one.saved_cpu_s) == ("pays", None)


def test_memory_counts_for_as_long_as_it_is_held():
    known = costs(size_bytes=1 << 30)
    free, held = (judged(known=one, sizes=[10])[0] for one in (costs(), known))
    draws_j = 10 * 0.3 * 999 / 1000
    assert held.ratio.best.value == pytest.approx(free.ratio.best.value + draws_j)
    assert held.verdict == "takes-more"
    assert held.memory_w.best.value == pytest.approx(3.0)


def test_processor_seconds_have_no_memory_in_them():
    one = judged(known=costs(kind=Duration, size_bytes=1 << 30), sizes=[10])[0]
    assert one.ratio.best.value == pytest.approx(0.65)
    assert one.saved_j is None
    assert one.saved_cpu_s.best.value == pytest.approx(350)


def test_a_lookup_that_takes_more_than_the_answer_does_not_pay():
    sizes = judged(known=costs(remembered=1.5, kept=1.5))
    assert {one.verdict for one in sizes} == {"takes-more"}
    assert recommended_of(sizes) == (None, "takes-more")


def test_a_trace_that_is_too_short_cannot_tell_where_the_lookup_costs():
    sizes = judged(trace=Trace([1, 1, 2, 2]))
    assert recommended_of(sizes) == (None, "cannot-tell")
    assert sizes[0].ratio.high.value >= 1


def test_of_all_that_save_as_much_the_smallest_is_taken():
    sizes = judged(sizes=[1, 10, 400])
    assert recommended_of(sizes) == (1, "pays")


def test_without_costs_only_hits_are_told():
    one = judge_cache(HALF, None, memory_w=MEMORY_W, sizes=[1])[0]
    assert (one.hit_share.best.value, one.most, one.ratio, one.verdict) == (0.5, 0.5, None, None)


@given(st.floats(0.01, 0.5), st.floats(0.0, 0.5))
def test_an_interval_of_costs_never_narrows_what_is_told(spread, part):
    doubted = AnswerCosts(
        computed=exactly(Energy(1.0)),
        remembered=Estimate(
            Ratio(part + 0.1),
            doubts={"meter:x": (Ratio(part + 0.1 - 0.09 * spread), Ratio(part + 0.1 + spread))},
        ),
        kept=exactly(Ratio(0.2)),
    )
    sharp, wide = judged(known=costs(remembered=part + 0.1)), judged(known=doubted)
    for one, other in zip(sharp, wide, strict=True):
        assert other.ratio.low.value <= one.ratio.low.value
        assert one.ratio.high.value <= other.ratio.high.value


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ({"sizes": [0]}, "at least 1"),
        ({"keep_for_s": -1.0}, "0 s or more"),
        ({"trace": Trace("ab"), "keep_for_s": 1.0}, "does not say when"),
    ],
)
def test_what_is_no_cache_is_refused(manner, words):
    with pytest.raises(InputError, match=words):
        judged(**manner)


def test_what_was_found_survives_encode_and_decode():
    known = costs(size_bytes=100)
    found = RequestCache(
        trace="t.csv",
        requests=1000,
        distinct=500,
        duration_s=999.0,
        keep_for_s=None,
        model="a",
        computed_j=known.computed,
        computed_cpu_s=None,
        remembered=known.remembered,
        kept=known.kept,
        answer_bytes=100,
        sizes=judged(known=known),
        recommended=1,
        verdict="pays",
    )
    assert RequestCache.from_json(found.to_json()) == found
