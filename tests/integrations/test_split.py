"""Energy shared among whoever is open: nothing is lost, and each has what the rule says."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.integrations._split import GRAINS, Split

STEP = st.one_of(
    st.tuples(st.just("open"), st.integers(1, 5)),
    st.tuples(st.just("close"), st.integers(0, 50)),
    st.tuples(
        st.just("read"),
        st.lists(st.one_of(st.none(), st.integers(0, 10**7)), min_size=2, max_size=2),
    ),
    st.tuples(st.just("fail"), st.integers(0, 1)),
)
STEPS = st.lists(STEP, max_size=60)


class Story:
    """Steps that happen to a split, one microsecond or more apart."""

    def __init__(self):
        self.split = Split([1000, 0])
        self.t_us = 0
        self.counted = [0, 0]
        self.inside, self.parts = [], []

    def take(self, step, passed_us):
        self.t_us += passed_us
        what, value = step
        if what == "open":
            edge = self.split.open(weight=value, t_us=self.t_us)
            self.inside.append(edge.part)
            self.parts.append(edge.part)
        elif what == "close" and self.inside:
            self.split.close(self.inside.pop(value % len(self.inside)), t_us=self.t_us)
        elif what == "read":
            self.read(value, fails=False)
        elif what == "fail":
            self.read([None if place == value else 5 for place in range(2)], fails=True)

    def read(self, more, *, fails):
        self.counted = [
            before + (step or 0) for before, step in zip(self.counted, more, strict=True)
        ]
        told = [None if step is None else uj for step, uj in zip(more, self.counted, strict=True)]
        self.settled = self.split.read(self.t_us, told, fails=fails)

    def end(self):
        while self.inside:
            self.split.close(self.inside.pop(), t_us=self.t_us)
        for _ in range(2):  # the second hands out what was too little for those who shared
            self.t_us += 1
            self.read([7, 7], fails=True)


@given(st.lists(st.tuples(STEPS, st.integers(1, 10**6)), max_size=3))
def test_the_parts_sum_to_what_was_counted_at_any_concurrency(chapters):
    story = Story()
    for steps, passed_us in chapters:
        for step in steps:
            story.take(step, passed_us)
    story.end()
    for place, lane in enumerate(story.split.lanes):
        shared = sum(part.grains[place] for part in story.parts)
        assert shared + lane.idle + lane.unknown == story.counted[place] * GRAINS
        assert shared == lane.shared
    assert all(part.is_settled for part in story.parts)


@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 4)),
        min_size=1,
        max_size=8,
    )
)
def test_each_has_the_share_that_the_rule_says(requests):
    power_uj = 6000  # a microsecond, steady: what is counted until t is 6000 t
    edges = sorted(
        [(start, 0, n) for n, (start, _, _) in enumerate(requests)]
        + [(start + length, 1, n) for n, (start, length, _) in enumerate(requests)]
    )
    split, parts = Split([0]), {}
    for t_us, closes, n in edges:
        if closes:
            split.close(parts[n], t_us=t_us)
        else:
            parts[n] = split.open(weight=requests[n][2], t_us=t_us).part
    split.read(3000, [3000 * power_uj], fails=True)
    moments = sorted({t for t, _, _ in edges})
    for n, (start, length, weight) in enumerate(requests):
        expected = Fraction(0)
        for since, until in pairwise(moments):
            if start <= since and until <= start + length:
                beside = sum(w for s, d, w in requests if s <= since and until <= s + d)
                expected += Fraction((until - since) * power_uj * weight, beside)
        assert parts[n].grains[0] / GRAINS == pytest.approx(float(expected), abs=1e-6)


def test_who_is_alone_between_two_readings_has_all_of_it_and_no_doubt():
    split = Split([0])
    split.read(100, [40], fails=True)
    part = split.open(t_us=100).part
    split.close(part, t_us=200)
    assert split.read(200, [90], fails=True) == [part]
    assert part.grains == [50 * GRAINS]
    assert split.lanes[0].idle == 40 * GRAINS
    assert (part.fewer, part.more, part.stale) == ([0.0], [0.0], [0.0])


def test_an_edge_between_two_readings_is_in_doubt_by_what_was_counted_around_it():
    split = Split([0])
    part = split.open(t_us=25).part
    split.close(part, t_us=200)
    split.read(100, [40], fails=True)
    split.read(200, [90], fails=True)
    assert part.grains == [80 * GRAINS]
    assert part.fewer == [30 * GRAINS]
    assert part.more == [10 * GRAINS]


def test_a_counter_that_shows_late_leaves_a_doubt_at_both_edges():
    split = Split([10])
    part = split.open(t_us=0).part
    split.close(part, t_us=100)
    split.read(100, [50], fails=True)
    assert part.stale[0] == pytest.approx(2**0.5 * 5 * GRAINS)


def test_what_is_counted_while_a_channel_fails_is_nobodys():
    split = Split([0, 0])
    part = split.open(t_us=0).part
    split.read(100, [50, 10], fails=True)
    split.read(200, [None, 20], fails=True)
    split.close(part, t_us=300)
    split.read(300, [150, 30], fails=True)
    assert part.lost == {0}
    assert part.grains[1] == 30 * GRAINS
    assert split.lanes[0].unknown == 100 * GRAINS


def test_a_channel_left_out_of_a_reading_is_shared_later_as_if_it_had_been_read():
    split = Split([0])
    first = split.open(t_us=0).part
    split.read(100, [None], fails=False)
    split.close(first, t_us=100)
    assert split.read(200, [60], fails=True) == [first]
    assert first.grains == [30 * GRAINS]
    assert not first.lost
    assert split.lanes[0].idle == 30 * GRAINS


def test_whoever_is_open_can_be_told_what_they_took_so_far():
    split = Split([0])
    part = split.open(t_us=0).part
    split.read(100, [50], fails=True)
    assert split.so_far(part).grains == [50 * GRAINS]
    assert not part.is_settled


@given(st.lists(st.tuples(STEP, st.integers(1, 5000)), max_size=60))
def test_edges_move_no_more_among_all_than_was_counted_and_each_has_its_part_of_that(steps):
    story = Story()
    for step, passed_us in steps:
        story.take(step, passed_us)
    story.end()
    story.t_us += 1
    story.read([0, 0], fails=False)
    for lane in story.split.lanes:
        fewer, more, stale = lane.among
        assert fewer <= lane.shared * (1 + 1e-9) + 100
        assert more <= lane.idle * (1 + 1e-9) + 100
        told = [[part.among[which][lane.place] for part in story.parts] for which in range(3)]
        assert math.fsum(told[0]) == pytest.approx(fewer, rel=1e-9, abs=100)
        assert math.fsum(told[1]) == pytest.approx(more, rel=1e-9, abs=100)
        assert math.hypot(*told[2]) == pytest.approx(stale, rel=1e-9, abs=1)


def test_an_edge_soon_after_a_reading_is_in_doubt_by_no_more_than_the_highest_power():
    split = Split([0], [10.0])
    split.read(0, [0], fails=False)
    part = split.open(t_us=100).part
    split.read(1_000_000, [5_000_000], fails=False)
    split.close(part, t_us=1_000_000)
    assert split.read(1_000_001, [5_000_000], fails=False) == [part]
    assert part.fewer[0] / GRAINS == pytest.approx(10 * 100 - 5 * 100)
    assert part.more[0] / GRAINS == pytest.approx(5 * 100)
