"""Requests through a cache and in batches: what is remembered, measured and refused."""

from __future__ import annotations

import numpy as np  # noqa: TID253 - a test may load it
import pytest

from brizna.core.errors import UnavailableError
from brizna.improve import Material, Serving
from brizna.improve._answers import Answers, key_of_request
from brizna.improve._measuring import measured, recalled, refuse_unlike
from brizna.improve._requests import grouped

ROWS = [np.full((1, length), number, np.float32) for number, length in enumerate((2, 3, 2, 2), 1)]


def some_requests():
    """Return requests, the last of which repeats the first."""
    return [*ROWS, ROWS[0]]


MATERIAL = Material(inputs=f"{__name__}:some_requests")


class Summing:
    """A session that adds up each row; padding with zeros changes nothing."""

    def __init__(self, device="cpu"):
        self.calls, self.settled, self.device = 0, 0, device

    def predict(self, request):
        self.calls += 1
        return (np.asarray(request).sum(axis=1),)

    def settle(self):
        self.settled += 1


def test_a_cache_answers_what_it_remembers_and_forgets_the_oldest():
    session = Summing()
    answers = Answers(2, session.predict)
    for number in (1, 2, 1, 3, 1, 2):
        assert answers.ask(np.array([[number]]))[0] == number
    assert (session.calls, answers.hits) == (4, 2)
    answers.forget()
    assert answers.ask(np.array([[1]]))[0] == 1
    assert answers.hits == 2


def test_requests_have_one_key_only_where_they_are_the_same():
    same = [np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32)]
    other = [
        np.zeros((2, 1), np.float32),
        np.zeros((1, 2), np.float64),
        {"x": same[0]},
        (same[0], same[0]),
    ]
    assert key_of_request(same[0]) == key_of_request(same[1])
    assert len({key_of_request(one) for one in (same[0], *other)}) == 5


def test_what_answers_hold_counts_their_numbers():
    answers = Answers(10, lambda one: (np.array(one),))
    answers.ask(np.zeros((1, 1000)))
    assert 8000 < answers.size_bytes < 9000


def test_only_what_is_not_known_is_computed_and_each_pass_begins_with_nothing():
    session = Summing()
    found = measured(session, Serving(runtime="x", cache=10), MATERIAL, 1e-9)
    assert found["cache_hits"] == found["requests"] // 5
    assert session.calls == 4 * (1 + found["requests"] // 5)


def test_each_request_is_waited_for_where_the_device_answers_later():
    session = Summing()
    found = measured(session, Serving(runtime="x"), MATERIAL, 1e-9)
    assert session.settled == 5 + found["requests"]


def test_a_window_on_a_card_ends_by_the_clock_as_the_processor_only_waits():
    found = measured(Summing(device="cuda:0"), Serving(runtime="x"), MATERIAL, 1e-6)
    assert found["requests"] == 5


def test_rows_in_batches_are_all_counted():
    session = Summing()
    found = measured(session, Serving(runtime="x", batch=3, bucket=True), MATERIAL, 1e-9)
    passes = found["inferences"] // 5
    assert found["requests"] == 2 * passes


def test_a_model_that_padding_changes_is_not_batched():
    def mean(request):
        return (np.asarray(request).mean(axis=1),)

    refuse_unlike(Summing().predict, grouped(ROWS, batch=3, by_length=False))
    refuse_unlike(mean, grouped(ROWS[2:], batch=2, by_length=False))
    with pytest.raises(UnavailableError, match="answered otherwise than alone"):
        refuse_unlike(mean, grouped(ROWS, batch=3, by_length=False))


def test_outputs_that_are_as_long_as_the_row_are_compared_as_far_as_it_goes():
    def doubled(request):
        return (np.asarray(request) * 2, np.float32(7))

    refuse_unlike(doubled, grouped(ROWS, batch=4, by_length=False))


@pytest.mark.parametrize("knows", [True, False])
def test_a_cache_by_itself_computes_nothing_while_it_is_measured(knows):
    session = Summing()
    found = recalled(session, MATERIAL, 1e-6, knows=knows)
    assert session.calls == 4
    assert found["requests"] % 4 == 0
    assert found["cpu_s"] > 0
    assert 300 < found["size_bytes"] < 600
