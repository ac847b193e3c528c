"""Plots of what was compared: where points lie, what is left out, which axes are logarithmic."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.report._axis import Axis, LogAxis
from brizna.report._format import Format
from brizna.report._plot import Figure, Point, choices_of, ends_of, plot_of, steps_plot

STYLE = Format("en", rich=True)
POSITIVE = st.floats(1e-6, 1e9)


def figure(name, *values, **manner):
    """Return a figure of exact values; None where one is not known."""
    return Figure(name=name, values=tuple(map(ends_of, values)), tell=STYLE.number, **manner)


def points(*names):
    """Return points that only have names."""
    return [Point(name=name) for name in names]


@given(POSITIVE, st.floats(2.0, 1e6))
def test_a_log_axis_keeps_order_and_its_ticks_lie_on_it(low, times):
    axis = LogAxis(low, low * times, start=0, end=100)
    assert 0 <= axis.at(low) <= axis.at(low * times) <= 100
    for tick in axis.ticks(1.0):
        assert -0.1 <= axis.at(tick) <= 100.1
    assert len(axis.ticks(1.0)) <= 10


def test_a_log_axis_writes_round_values_of_the_unit():
    axis = LogAxis(3.6, 3600, start=0, end=100)
    assert axis.ticks(3.6) == pytest.approx([3.6, 36, 360, 3600])


@given(POSITIVE, POSITIVE)
def test_a_linear_axis_places_its_ends_inside(one, other):
    low, high = sorted((one, other))
    axis = Axis(low, high, start=0, end=100)
    assert 0 <= axis.at(low) <= axis.at(high) <= 100


def test_a_point_without_one_of_both_figures_waits_until_others_are_chosen():
    figures = [figure("a", 1, 2, None), figure("b", 1, 2, 3), figure("c", 1, 2, 3)]
    plot = plot_of(points("x", "y", "z"), figures, STYLE)
    assert plot is not None
    assert [one["is_shown"] for one in plot["points"]] == [True, True, False]
    assert json.loads(plot["data"])[0]["x"][2] is None


def test_nothing_is_drawn_where_no_point_has_both_figures():
    figures = [figure("a", 1, None), figure("b", None, 2)]
    assert plot_of(points("x", "y"), figures, STYLE) is None
    assert plot_of(points("x"), [figure("a", None), figure("b", 1)], STYLE) is None


def test_a_figure_that_no_point_has_is_no_choice():
    figures = [figure("a", 1, 2), figure("b", 1, 2), figure("energy", None, None)]
    plot = plot_of(points("x", "y"), figures, STYLE)
    assert plot is not None
    assert plot["figures"] == ["a", "b"]


def test_what_spans_decades_is_drawn_by_ratios_and_its_name_says_so():
    plot = plot_of(points("x", "y"), [figure("a", 1, 1000), figure("b", 1, 2)], STYLE)
    assert plot is not None
    assert plot["x_name"] == "a, log scale"
    assert plot["y_name"] == "b"


def test_what_lies_beyond_the_drawing_stands_at_its_edge_and_is_said():
    far = figure("b", 0.0, -9.0, from_zero=False, within=(-1.0, 1.0))
    plot = plot_of(points("x", "y"), [figure("a", 1, 2), far], STYLE)
    assert plot is not None
    assert plot["is_cut"]
    assert plot["points"][1]["y"] == plot["bottom"]


def test_the_front_is_drawn_through_its_points_from_left_to_right():
    three = [Point(name=name, is_on_front=name != "y") for name in "xyz"]
    plot = plot_of(three, [figure("a", 3, 2, 1), figure("b", 3, 9, 1)], STYLE)
    assert plot is not None
    first, last = (tuple(map(float, at.split(","))) for at in plot["front"].split())
    assert first < last
    assert len(plot["front"].split()) == 2


def test_numbers_of_points_at_one_place_do_not_stand_on_each_other():
    four = [Point(name=name, is_named=True) for name in "wxyz"]
    plot = plot_of(four, [figure("a", 1, 1, 1, 1), figure("b", 2, 2, 2, 2)], STYLE)
    assert plot is not None
    places = {(one["label_x"], one["label_y"]) for one in plot["points"]}
    assert len(places) == 4
    assert [one["label"] for one in plot["points"]] == ["1", "2", "3", "4"]


def test_steps_go_across_before_they_go_up():
    plot = steps_plot(figure("a", 1, 2), figure("b", 1, 2), STYLE)
    corners = [tuple(map(float, at.split(","))) for at in plot["front"].split()]
    assert len(corners) == 3
    assert corners[0][1] == corners[1][1]
    assert corners[1][0] == corners[2][0]


def test_a_kind_of_group_that_all_share_is_no_choice():
    made = [Point(name=name, groups={"kind": "k", "verdict": name}) for name in "xyx"]
    found = choices_of(made, {"kind": ("Kind", {}), "verdict": ("Verdict", {"x": "good"})})
    assert [one["kind"] for one in found] == ["verdict"]
    assert found[0]["groups"] == [("x", "good", 2), ("y", "y", 1)]
