"""The page of a search: the front, what was set as axes, and how the front grew."""

from __future__ import annotations

import json
import re

import pytest

from brizna.report import tune_page


@pytest.fixture(scope="module")
def page(fronts):
    """The page of a search, in English."""
    return tune_page(fronts.tuned(), lang="en").decode()


def test_what_was_set_in_numbers_can_be_an_axis(page):
    data = re.search(r'id="plot-data">(.*)</script>', page)
    assert data is not None
    figures = [one["name"] for one in json.loads(data[1])]
    assert figures == ["energy, log scale", "accuracy", "time", "rate, log scale", "size"]


def test_a_setting_that_failed_is_a_row_without_a_point(page):
    assert page.count('<tr id="row-') == 6
    shown = re.findall(r'<a href="#row-(\d+)" id="point-\d+"[^>]*?aria-label="[^"]*">', page)
    assert len(shown) == 5
    assert "given up: it broke" in page


def test_the_front_grows_over_the_energy_spent_and_both_axes_have_units(page):
    growth = page.rpartition('role="img"')[2]
    assert "area of the front, share" in growth
    ticks = re.findall(r'text-anchor="middle">([^<]*)<', growth.partition("</g>")[0])
    assert ticks
    assert all(tick.endswith("Wh") or tick == "0" for tick in ticks)
