"""A trace of requests, and how many of them a cache would have answered."""

from __future__ import annotations

import csv
import json
from collections import OrderedDict
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import InputError, UnavailableError
from brizna.improve._recall import distances, hit_share, hits, most_hits, usual_sizes
from brizna.improve._trace import Trace, read_trace

KEYS = st.lists(st.integers(0, 7), min_size=1, max_size=40)
SIZES = st.integers(1, 9)


def replayed(keys, size, *, times=None, keep_for=None):
    """Return which requests a cache of the latest answers has, by keeping one."""
    known, found = OrderedDict(), []
    for place, key in enumerate(keys):
        time = 0 if times is None else times[place]
        fresh = key in known and (keep_for is None or time - known[key] <= keep_for)
        computed = known.pop(key, None) if fresh else time
        known.pop(key, None)
        known[key] = computed
        found.append(int(fresh))
        if len(known) > size:
            known.popitem(last=False)
    return found


@given(KEYS, SIZES)
def test_hits_counted_by_distance_are_those_of_a_cache_that_is_kept(keys, size):
    trace = Trace(keys)
    assert list(hits(trace, distances(trace), size)) == replayed(keys, size)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1), SIZES, st.integers(0))
def test_answers_that_are_too_old_are_computed_anew(steps, size, keep_for):
    keys, times = [key for key, _ in steps], [0]
    for _, pause in steps[1:]:
        times.append(times[-1] + pause)
    trace = Trace(keys, [float(time) for time in times])
    found = hits(trace, distances(trace), size, keep_for_s=keep_for)
    assert list(found) == replayed(keys, size, times=times, keep_for=keep_for)


def best_of_all(keys, size):
    """Return the most hits of any cache of a size, by trying all that it could hold."""
    states = {frozenset(): 0}
    for key in keys:
        after = {}
        for held, count in states.items():
            reached = count + (key in held)
            can_hold = held | {key}
            for kept in range(min(size, len(can_hold)) + 1):
                for choice in combinations(sorted(can_hold), kept):
                    state = frozenset(choice)
                    after[state] = max(after.get(state, 0), reached)
        states = after
    return max(states.values())


@given(st.lists(st.integers(0, 4), min_size=1, max_size=10), st.integers(1, 3))
def test_no_cache_hits_more_than_the_one_that_knows_the_future(keys, size):
    assert most_hits(Trace(keys), size) == best_of_all(keys, size)


@given(KEYS, SIZES)
def test_a_larger_cache_hits_no_less_and_never_more_than_could_be(keys, size):
    trace = Trace(keys)
    apart = distances(trace)
    smaller, larger = (sum(hits(trace, apart, count)) for count in (size, size + 1))
    assert smaller <= larger <= most_hits(trace, size + 1) <= len(keys) - trace.distinct
    assert sum(hits(trace, apart, trace.distinct)) == len(keys) - trace.distinct


def test_a_distance_counts_the_different_requests_since_the_same_one():
    # by hand; what was never asked for before is at no distance, which 0 stands for
    assert list(distances(Trace("abbcbadcaa"))) == [0, 0, 1, 0, 2, 3, 0, 4, 3, 1]


def test_the_share_of_hits_is_of_the_whole_trace_and_its_interval_of_stretches():
    found = bytearray([1, 0] * 500)
    share = hit_share(found)
    assert share.best.value == share.low.value == share.high.value == 0.5
    uneven = hit_share(bytearray([0] * 500 + [1] * 500))
    assert uneven.low.value == pytest.approx(0.5 - 1.833 * 0.527 / 10**0.5, abs=0.001)


def test_a_trace_that_is_too_short_tells_nothing_of_another():
    share = hit_share(bytearray([1, 0] * 100))
    assert (share.low.value, share.best.value, share.high.value) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("distinct", "sizes"),
    [(1, (1,)), (10, (10,)), (25, (10, 25)), (1200, (10, 30, 100, 300, 1000, 1200))],
)
def test_usual_sizes_end_with_all_there_are(distinct, sizes):
    assert usual_sizes(distinct) == sizes


KEPT = [("a", "2026-03-01T08:00:00Z"), ("b", "2026-03-01T08:00:01Z"), ("a", "2026-03-01T08:01:00Z")]


def as_csv(path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("time", "key"), *((time, key) for key, time in KEPT)])


def as_jsonl(path):
    lines = [json.dumps({"key": key, "time": time}) for key, time in KEPT]
    path.write_text("\n".join(lines), encoding="utf-8")


def as_parquet(path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    keys, times = ([one[at] for one in KEPT] for at in (0, 1))
    parquet.write_table(arrow.table({"key": keys, "time": times}), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [("t.csv", as_csv), ("t.jsonl", as_jsonl), ("t.parquet", as_parquet)],
)
def test_a_trace_is_the_same_from_each_form(tmp_path, name, write):
    write(tmp_path / name)
    trace = read_trace(str(tmp_path / name))
    assert list(trace.numbers) == [0, 1, 0]
    assert list(trace.times_s) == [0.0, 1.0, 60.0]
    assert trace.duration_s == 60.0


@pytest.mark.parametrize(("name", "text"), [("t.txt", "a\nb\na\n"), ("t.jsonl", '"a"\n7\n"a"\n')])
def test_a_trace_without_times_is_one_key_a_line(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    trace = read_trace(str(tmp_path / name))
    assert list(trace.numbers) == [0, 1, 0]
    assert trace.duration_s is None


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.txt", "", "holds no request"),
        ("t.csv", "request\na\n", "expected one called key"),
        ("t.jsonl", '{"key": "a"}\n{"kay": 1}\n', "Entry 2"),
        ("t.jsonl", "a\n", "Entry 1"),
        ("t.jsonl", '{"key": "a", "time": 1}\n{"key": "b"}\n', "1 of 2 requests"),
        ("t.csv", "key,time\na,soon\n", "at 'soon'"),
        ("t.csv", "key,time\na,nan\n", "at 'nan'"),
        ("t.csv", "key,time\na,2\nb,1\n", "before the one"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path, name, text, words):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_trace(str(tmp_path / name))


def test_a_trace_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnavailableError, match="cannot be read"):
        read_trace(str(tmp_path / "none.txt"))
