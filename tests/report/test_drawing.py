"""Drawings for paper: boxes whose areas are energies, and what they say to those who cannot see."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from brizna.report import Format
from brizna.report._drawing import phases_drawing

NAMESPACE = {"s": "http://www.w3.org/2000/svg"}


def view_of(*phases, duration_s=100.0):
    told = [
        {"name": name, "start_s": start, "end_s": end, "energy_j": energy and {"best": energy}}
        for name, start, end, energy in phases
    ]
    return {"duration_s": duration_s, "measurement": {"phases": told}}


def drawn(*phases, lang="en", **how):
    return phases_drawing(view_of(*phases, **how), Format(lang, rich=True))


def boxes(drawing):
    tree = ET.fromstring(drawing.svg)  # noqa: S314 - our own drawing
    return [
        {name: float(box.get(name)) for name in ("x", "y", "width", "height")}
        for box in tree.findall("s:rect", NAMESPACE)
    ]


def test_the_area_of_a_box_is_the_energy_of_its_phase():
    one, two = boxes(drawn(("load", 0, 20, 100.0), ("train", 20, 100, 1600.0)))
    assert two["width"] == pytest.approx(4 * one["width"], rel=1e-3)
    area = [box["width"] * box["height"] for box in (one, two)]
    assert area[1] / area[0] == pytest.approx(16, rel=5e-3)
    assert one["y"] + one["height"] == pytest.approx(two["y"] + two["height"])


def test_phases_inside_each_other_are_not_drawn_for_their_areas_would_count_twice():
    assert drawn(("all", 0, 100, 10.0), ("epoch", 10, 20, 1.0)) is None


@pytest.mark.parametrize("phases", [(), (("a", 0, 10, None),), (("a", 5, 5, 1.0),)])
def test_nothing_is_drawn_of_what_is_not_known(phases):
    assert drawn(*phases) is None


def test_a_name_that_looks_like_markup_is_a_name():
    drawing = drawn(("<script>&", 0, 100, 10.0))
    assert "<script>" not in drawing.svg
    assert "&lt;script&gt;&amp;" in drawing.svg


def test_it_says_what_it_shows_in_the_language_of_the_reader():
    english, spanish = (drawn(("train", 0, 100, 1250.0), lang=lang).about for lang in ("en", "es"))
    assert "highest in train: 12.5\u00a0W" in english
    assert "la mayor, en train: 12,5\u00a0W" in spanish


def test_axes_reach_over_the_highest_box_in_round_steps():
    numbers = re.findall(r">([\d.,]+)(?: s)?</text>", drawn(("train", 0, 100, 1250.0)).svg)
    assert numbers[:4] == ["0", "5", "10", "15"]
    assert numbers[4:] == ["0", "20", "40", "60", "80", "100"]
