"""A footprint in everyday things: how many, between which ends, and who says so."""

from __future__ import annotations

import pytest

from brizna.report import everyday_lines
from brizna.report._format import Format
from brizna.report._page import equivalents
from brizna.verbs import account_case, comparisons


def told(*, lang="en", asked=False, **facts):
    footprint = account_case({"pue": 1, **facts})[1].to_json()
    found = comparisons(footprint, lang=lang, asked=asked)
    return {entry["factor"]: entry for entry in found}


def test_a_days_electricity_of_a_spanish_home_is_one_day():
    """IDAE, SPAHOUSEC 2011: 3,487 kWh a year; the low end is CNMC's 2,412 of 2023."""
    day = told(energy_kwh=3487 / 365.25)["equivalence/household-es-day"]
    assert day["value"] == pytest.approx(1, rel=1e-3)
    assert day["low"] == pytest.approx(1, rel=1e-3)
    assert day["high"] == pytest.approx(3487 / 2412, rel=1e-3)
    assert "IDAE" in day["source"]


def test_the_interval_holds_the_footprints_doubt_and_the_things():
    exact = told(energy_kwh=10)["equivalence/household-es-day"]
    doubted = told(energy_kwh=[5, 10, 20])["equivalence/household-es-day"]
    assert doubted["value"] == exact["value"]
    assert doubted["low"] < exact["low"]
    assert doubted["high"] > exact["high"]


def test_carbon_is_told_in_kilometres_and_only_if_asked_in_months_of_a_tree():
    facts = {"energy_kwh": 10, "intensity_g_per_kwh": 175}
    plain, asked = told(**facts), told(**facts, asked=True)
    assert plain["equivalence/car-eu-km"]["value"] == pytest.approx(10)
    assert "equivalence/tree-month" not in plain
    assert asked["equivalence/tree-month"]["value"] == pytest.approx(1750 / 917)
    assert plain.items() <= asked.items()


def test_each_comparison_has_words_and_a_source_in_both_languages():
    facts = {"energy_kwh": 10, "intensity_g_per_kwh": 175, "asked": True}
    english, spanish = told(**facts), told(**facts, lang="es")
    assert english.keys() == spanish.keys()
    assert all(entry["label"] and entry["unit"] and entry["source"] for entry in spanish.values())
    assert spanish["equivalence/household-es-day"]["unit"] == "día de un hogar"


def test_the_terminal_shows_counts_ends_and_sources():
    lines = everyday_lines([*told(energy_kwh=10, lang="es").values()], lang="es")
    [home] = [line for line in lines if "hogar" in line]
    assert "1,05" in home
    assert "IDAE" in home
    assert everyday_lines([], lang="en")[0].startswith("Nothing everyday")


def test_the_page_shows_the_ends_too_except_of_small_parts():
    found = told(energy_kwh=10)
    rows = {row["factor"]: row for row in equivalents(list(found.values()), Format("en"))}
    assert rows["equivalence/household-es-day"]["ends"] == "1.05-1.51"
    tens = {row["unit"] for row in equivalents([*told(energy_kwh=100).values()], Format("en"))}
    assert {"household days", "litres", "charges"} <= tens
    single = {"label": "x", "value": 1.0, "unit": "y", "units": "ys", "source": "z"}
    assert equivalents([single], Format("en"))[0]["unit"] == "y"
    small = {"label": "x", "value": 1e-4, "low": 1e-5, "high": 1e-3, "unit": "y", "source": "z"}
    [row] = equivalents([small], Format("en"))
    assert (row["shown"], row["ends"]) == ("1/10,000", "")
