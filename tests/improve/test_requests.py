"""Requests: rows put together, padded and sorted, in whatever form they come."""

from __future__ import annotations

import numpy as np  # noqa: TID253 - a test may load it
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.improve._requests import (
    arrays_of,
    at_least_two_rows,
    changing_axes,
    feed,
    grouped,
    rows_of,
    stacked,
)
from brizna.improve._worker import plain_score

FORMS = {
    "array": lambda a: a,
    "tuple": lambda a: (a, a + 1),
    "names": lambda a: {"x": a, "y": a + 1},
}
LENGTHS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=1, max_size=6)


@given(LENGTHS, st.sampled_from(sorted(FORMS)), st.integers(1, 5), st.booleans())
def test_rows_put_together_are_the_same_rows(shapes, form, batch, by_length):
    requests = [FORMS[form](np.ones((rows, length), np.float32)) for rows, length in shapes]
    groups = grouped(requests, batch=batch, by_length=by_length)
    together = [stacked(rows) for rows in groups]
    assert sum(map(rows_of, together)) == sum(map(rows_of, requests))
    assert all(rows_of(one) == batch for one in together[:-1])
    assert all(type(one) is type(requests[0]) for one in together)
    first = [next(iter(arrays_of(one).values())) for one in (*requests, *together)]
    ones = [array.sum() for array in first]
    assert sum(ones[: len(requests)]) == sum(ones[len(requests) :])


def test_sorting_by_length_pads_less():
    requests = [np.ones((1, length)) for length in (1, 9, 1, 9)]

    def padded(by_length):
        groups = grouped(requests, batch=2, by_length=by_length)
        return sum(stacked(rows).size for rows in groups)

    assert padded(by_length=True) == 20 < padded(by_length=False) == 36


def test_only_axes_that_differ_are_free_and_the_first_always_is():
    requests = [{"a": np.zeros((2, 3)), "b": np.zeros((2, 5))}] * 2
    requests.append({"a": np.zeros((2, 4)), "b": np.zeros((2, 5))})
    assert changing_axes(requests) == {"a": (0, 1), "b": (0,)}


def test_an_input_that_a_graph_dropped_is_left_out():
    one = np.zeros((1, 2))
    assert list(feed({"x": one, "gone": one}, ["x"])) == ["x"]
    assert list(feed((one, one), ["x", "y"])) == ["x", "y"]


def test_one_row_becomes_two_for_an_exporter():
    assert rows_of(at_least_two_rows({"x": np.zeros((1, 2))})) == 2
    assert rows_of(at_least_two_rows(np.zeros((3, 2)))) == 3


@pytest.mark.parametrize(
    ("score", "plain"),
    [(np.float32(1), 1.0), (np.array([1, 2]), [1.0, 2.0]), ((1, [2]), [1.0, [2.0]]), (True, 1.0)],
)
def test_a_score_is_kept_as_json_holds_it(score, plain):
    assert plain_score(score) == plain
