"""What brizna knows of places and devices, as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from brizna.verbs._known import Tables

KNOWN = Tables(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "power_w"),
    [("NVIDIA A100-SXM4-80GB", 400), ("RTX 3090", 350), ("H100", 700), ("Tesla T4", 70)],
)
def test_a_card_is_known_by_what_people_write_of_it(name: str, power_w: float):
    assert KNOWN.power("gpu", name, None).best == power_w


@pytest.mark.parametrize("name", ["GPU", "16GB", "TPU v3", "A 100", ""])
def test_a_card_that_is_not_named_is_not_guessed(name: str):
    assert KNOWN.power("gpu", name, None) is None


def test_packages_are_counted_by_threads_and_unknown_processors_are_no_knowledge():
    both = KNOWN.power("cpu", "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 80)
    assert (both.best, both.surely) == (300, True)
    assert not KNOWN.power("cpu", "Some processor", 8).surely
    assert KNOWN.power("cpu", "Some processor", None) is None


def test_a_place_is_known_by_its_names_and_by_the_region_of_a_cloud():
    assert KNOWN.zone("España") == KNOWN.zone("ESP") == KNOWN.zone("ES") == "ES"
    assert KNOWN.zone("eu-west-1") == "IE"
    assert KNOWN.zone("Atlantis") is None


def test_an_intensity_is_wider_for_a_short_run_and_for_any_part_of_a_country():
    when = datetime(2024, 5, 1, tzinfo=UTC)
    year = KNOWN.intensity("US", ended=when, duration_s=None, parts=False)
    hour = KNOWN.intensity("US", ended=when, duration_s=3600.0, parts=False)
    anywhere = KNOWN.intensity("US", ended=when, duration_s=None, parts=True)
    assert hour.low < year.low <= year.best <= year.high < hour.high
    assert anywhere.low < year.low < year.high < anywhere.high
    assert KNOWN.intensity("AQ", ended=when, duration_s=None, parts=False) is None


def test_a_year_before_all_sources_takes_the_earliest():
    early = KNOWN.intensity(
        "ES", ended=datetime(2001, 1, 1, tzinfo=UTC), duration_s=None, parts=False
    )
    assert early is not None
