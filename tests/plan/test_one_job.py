"""Each exact search finds what trying everything finds."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brizna.core.errors import InputError
from brizna.plan import (
    Level,
    Limit,
    Pausing,
    Rate,
    Window,
    best_allocation,
    best_pauses,
    best_start,
    cheapest_moments,
    combine,
    taken,
)

values = st.integers(-3, 9)
maybe = st.one_of(values, st.none())


@st.composite
def rates(draw, element=values, most=7):
    """A rate that begins at 0, with slots of unequal lengths."""
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=most))
    edges = [0]
    for length in lengths:
        edges.append(edges[-1] + length)
    return Rate(edges, [draw(element) for _ in lengths])


profiles = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 5)), min_size=1, max_size=3).map(
    tuple
)


def slowly(rate, profile, start):
    """What a run takes, unit by unit; None where something is not known."""
    total, t = 0, start
    for length, power in profile:
        for _ in range(length):
            value = rate.at(t)
            if value is None:
                return None
            total += power * value
            t += 1
    return total


@given(rates(element=maybe), profiles, st.integers(-2, 20), st.integers(0, 25))
def test_best_start_is_the_best_of_all_starts(rate, profile, earliest, length):
    window = Window(earliest_us=earliest, latest_us=earliest + length)
    long = sum(length for length, _ in profile)
    tried = [
        (score, start)
        for start in range(earliest, earliest + length - long + 1)
        if (score := slowly(rate, profile, start)) is not None
    ]
    found = best_start(rate, profile, window)
    assert (None if found is None else found[::-1]) == min(tried, default=None)


@given(rates(), rates(), profiles, st.integers(0, 40), st.integers(0, 3))
def test_limits_and_delay_are_kept_exactly(cost, other, profile, most, delay_cost):
    end = min(cost.edges[-1], other.edges[-1])
    window = Window(earliest_us=0, latest_us=end)
    long = sum(length for length, _ in profile)
    tried = [
        (slowly(cost, profile, start) + delay_cost * start, start)
        for start in range(end - long + 1)
        if slowly(other, profile, start) <= most
    ]
    limit = Limit(rate=other, most=most)
    found = best_start(cost, profile, window, delay_cost=delay_cost, limits=[limit])
    assert (None if found is None else found[::-1]) == min(tried, default=None)


@given(rates(element=maybe), st.integers(1, 12))
def test_free_pauses_take_the_cheapest_moments(rate, length):
    window = Window(earliest_us=0, latest_us=rate.edges[-1])
    known = sorted(v for t in range(rate.edges[-1]) if (v := rate.at(t)) is not None)
    found = cheapest_moments(rate, length, 2, window)
    if len(known) < length:
        assert found is None
        return
    intervals, score = found
    assert score == 2 * sum(known[:length])
    assert sum(end - start for start, end in intervals) == length
    assert score == sum(taken(rate, ((end - start, 2),), start) for start, end in intervals)


def every_way_to_pause(rate, profile, window, pausing):
    """Score of the best way to pause on the grid, by trying all sets of steps."""
    step = pausing.step_us
    steps = -(-(window.latest_us - window.earliest_us) // step)
    long = sum(length for length, _ in profile)
    best = None
    for count in range(1, steps + 1):
        for chosen in combinations(range(steps), count):
            score = score_of(chosen, rate, profile, window, pausing, long)
            if score is not None and (best is None or score < best):
                best = score
    return best


def score_of(chosen, rate, profile, window, pausing, long):
    """Walk along one choice of steps, unit by unit; None where it is not allowed."""
    blocks = []
    for index in chosen:
        if blocks and blocks[-1][1] == index:
            blocks[-1][1] = index + 1
        else:
            blocks.append([index, index + 1])
    if pausing.most_pauses is not None and len(blocks) - 1 > pausing.most_pauses:
        return None
    powers = [power for length, power in profile for _ in range(length)]
    score, done = 0, 0
    for number, (first, last) in enumerate(blocks):
        t = window.earliest_us + first * pausing.step_us
        until = min(window.earliest_us + last * pausing.step_us, window.latest_us)
        begun = t
        if number:
            idle_from = window.earliest_us + blocks[number - 1][1] * pausing.step_us
            for moment in range(idle_from, t) if pausing.idle_mw else ():
                if rate.at(moment) is None:
                    return None
                score += pausing.idle_mw * rate.at(moment)
            for _ in range(pausing.restart_us):
                if t >= until or rate.at(t) is None:
                    return None
                score += pausing.restart_mw * rate.at(t)
                t += 1
            if t == until and done < long:
                return None
        while t < until and done < long:
            if rate.at(t) is None:
                return None
            score += powers[done] * rate.at(t)
            done, t = done + 1, t + 1
        if t <= window.earliest_us + (last - 1) * pausing.step_us:
            return None  # a step that is not needed
        if t == window.latest_us and done < long:
            return None
        if done < long and t - begun < pausing.minimum_us:
            return None
        if done == long and number < len(blocks) - 1:
            return None
    return score if done == long else None


@settings(max_examples=150, deadline=None)
@given(
    rates(element=maybe, most=5),
    profiles,
    st.builds(
        Pausing,
        step_us=st.integers(1, 3),
        restart_us=st.integers(0, 3),
        restart_mw=st.integers(0, 4),
        idle_mw=st.integers(0, 2),
        minimum_us=st.integers(0, 4),
        most_pauses=st.one_of(st.none(), st.integers(0, 3)),
    ),
)
def test_best_pauses_are_the_best_of_all_ways_to_pause(rate, profile, pausing):
    window = Window(earliest_us=0, latest_us=min(rate.edges[-1], 12 * pausing.step_us))
    found = best_pauses(rate, profile, window, pausing)
    tried = every_way_to_pause(rate, profile, window, pausing)
    assert (None if found is None else found[1]) == tried


def test_a_pause_that_costs_more_than_it_saves_is_not_made():
    rate = Rate([0, 10, 20, 30], [5, 6, 5])
    dear = Pausing(step_us=10, restart_us=1, restart_mw=100)
    intervals, _ = best_pauses(rate, ((20, 2),), Window(earliest_us=0, latest_us=30), dear)
    assert intervals == ((0, 20),)


def test_equal_windows_go_to_the_earliest():
    rate = Rate([0, 10, 20, 30], [5, 5, 5])
    assert best_start(rate, ((10, 1),), Window(earliest_us=3, latest_us=30)) == (3, 50)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 9)), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 9)), min_size=1, max_size=3),
    st.integers(1, 30),
)
def test_best_allocation_is_the_best_of_all_allocations(slots, curve, work):
    edges = [0]
    for length, _ in slots:
        edges.append(edges[-1] + length)
    rate = Rate(edges, [value for _, value in slots])
    levels = [
        Level(count=n, speed=speed, power_mw=power) for n, (speed, power) in enumerate(curve, 1)
    ]
    best = None
    for choice in product([None, *levels], repeat=len(slots)):
        left, score = work, Fraction(0)
        for (length, value), level in zip(slots, choice, strict=True):
            if level is None or left == 0:
                continue
            used = min(Fraction(length), Fraction(left, level.speed))
            score += value * level.power_mw * used
            left -= level.speed * used
        if left == 0 and (best is None or score < best):
            best = score
    found = best_allocation(rate, levels, work, Window(earliest_us=0, latest_us=edges[-1]))
    assert (None if found is None else found[1]) == best


def test_an_elastic_job_refuses_negative_costs():
    level = Level(count=1, speed=1, power_mw=1)
    with pytest.raises(InputError, match="0 or more"):
        best_allocation(Rate([0, 1], [-1]), [level], 1, Window(earliest_us=0, latest_us=1))


@given(rates(), rates(), st.integers(-2, 3), st.integers(-2, 3))
def test_a_combined_rate_costs_the_sum(one, other, a, b):
    both = combine([one, other], [a, b])
    for t in range(both.edges[-1]):
        assert both.at(t) == a * one.at(t) + b * other.at(t)
