"""Numbers are written in the unit, with the digits, and in the marks that a reader expects."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.estimate import Estimate, exactly
from brizna.core.quantities import Carbon, Duration, Energy, Money, Power, Ratio
from brizna.report import LANGUAGES, Format
from brizna.report._format import MARKS


def wh(low, best, high):
    return {"low": low * 3600, "best": best * 3600, "high": high * 3600}


@pytest.mark.parametrize(
    ("low", "best", "high", "written"),
    [
        (380.2, 412.3, 455.1, "412 Wh (380-455)"),
        (5_000, 12_345, 40_000, "12 kWh (5-40)"),
        (12_000, 12_000, 12_000, "12 kWh"),
        (0.3, 12, 400, "12 Wh (0.3-400)"),
        (-3, 12, 40, "12 Wh (-3 to 40)"),
        (100, 100, 180, "100 Wh (100-180)"),
        (99.9, 100, 100.1, "100 Wh (±0.10%)"),
        (0.00002, 0.00003, 0.00009, "30 µWh (20-90)"),
        (0, 0, 0, "0 Wh"),
    ],
)
def test_an_interval_decides_how_many_digits_are_shown(low, best, high, written):
    assert Format("en").estimate(Energy, wh(low, best, high)) == written


def test_an_estimate_and_its_record_are_written_alike():
    estimate = Estimate(Carbon(49), doubts={"factor:probe": (Carbon(41), Carbon(60))})
    style = Format("en")
    assert style.estimate(Carbon, estimate) == style.estimate(Carbon, estimate.to_json())
    assert style.estimate(Carbon, estimate) == "49 g CO2e (41-60)"


@pytest.mark.parametrize(
    ("quantity", "written"),
    [
        (Carbon.of(0.000049, "kg"), "49 mg CO2e"),
        (Carbon.of(8.1, "kg"), "8.1 kg CO2e"),
        (Energy.of(18, "kWh"), "18 kWh"),
        (Energy(3599.9), "1 Wh"),
        (Power(262.4), "262 W"),
        (Duration(0.42), "420 ms"),
    ],
)
def test_units_are_scaled_so_that_nothing_is_written_in_leading_zeros(quantity, written):
    assert Format("en").quantity(quantity) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (0.00012, "120 µs"),
        (4.23, "4.23 s"),
        (59.97, "1 min 00 s"),
        (1084, "18 min 04 s"),
        (7499, "2 h 05 min"),
        (10799.9, "3 h 00 min"),
        (275399, "3 d 4 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_durations_are_written_as_people_say_them(seconds, written):
    assert Format("en").duration(seconds) == written


def test_a_service_life_is_written_in_years():
    year_s = Duration.units["y"]
    life = {"low": 3 * year_s, "best": 4 * year_s, "high": 6 * year_s}
    assert Format("es").estimate(Duration, life) == "4,0 años (3,0-6,0)"


def test_money_names_its_currency():
    cost = exactly(Money(0.0288))
    assert Format("es").estimate(Money, cost, currency="EUR") == "0,0288 EUR"


def test_what_is_unknown_is_a_word_with_its_reason_and_never_a_number():
    assert Format("en").estimate(Energy, None, reason="no counter") == "unknown: no counter"
    said = Format("es").estimate(Energy, None, reason="fewer than two readings")
    assert said == "desconocido: menos de dos lecturas"
    assert not re.search(r"\d", Format("es").estimate(Energy, None))


def test_numbers_on_a_page_use_typographic_marks():
    style = Format("es", rich=True)
    assert style.estimate(Carbon, {"low": 41, "best": 49.2, "high": 60}) == (
        "49\u00a0g\u00a0CO₂e (41\u201360)"
    )
    assert style.number(-1234567) == "\u22121\u202f230\u202f000"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_marks_are_those_of_cldr_but_for_the_spanish_thousands(lang):
    from babel import Locale
    from babel.numbers import format_percent

    symbols = Locale.parse(lang).number_symbols["latn"]
    assert MARKS[lang]["decimal"] == symbols["decimal"]
    if lang == "es":  # a thin space, as ISO 80000-1 and the Real Academia have it
        assert MARKS[lang]["group"] == "\u202f"
    else:
        assert MARKS[lang]["group"] == symbols["group"]
    assert Format(lang, rich=True).percent(0.25) == format_percent(0.25, locale=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_whole_numbers_of_four_digits_are_grouped_as_the_language_does(lang):
    assert Format(lang).count(1234) == {"en": "1,234", "es": "1234"}[lang]
    assert Format(lang).count(12345) == {"en": "12,345", "es": "12\u202f345"}[lang]


@pytest.mark.parametrize(
    ("share", "written"),
    [(0.153, "15%"), (0.0312, "3.1%"), (0.00001, "<0.1%"), (0, "0.0%"), (0.9996, "100%")],
)
def test_shares_show_digits_after_the_mark_only_where_they_are_small(share, written):
    assert Format("en").percent(share) == written


def test_a_share_with_doubts_shows_its_interval():
    share = Estimate(Ratio(0.37), doubts={"meter:probe": (Ratio(0.31), Ratio(0.44))})
    assert Format("en").share(share) == "37% (31%-44%)"


def test_a_factor_keeps_every_digit_of_its_source():
    assert Format("en").exactly(1_200_000) == "1,200,000"
    assert Format("es").exactly(0.45359237) == "0,45359237"
    assert Format("en").exactly(2.5e-7) == "0.00000025"


positive = st.floats(1e-6, 1e15)


@given(best=positive, below=st.floats(0.01, 1), above=st.floats(1, 100))
def test_what_is_written_differs_by_less_than_the_doubt_or_half_a_third_digit(best, below, above):
    low, high = best * below, best * above
    text, _ends = Format("en").parts(Energy, {"low": low, "best": best, "high": high})
    number, unit = text.replace(",", "").split(" ", 1)
    written = float(number) * {"µWh": 3.6e-3, **Energy.units}[unit]
    assert abs(written - best) <= max((high - low) / 2 / 10, 0.00501 * best)


@given(best=positive, below=st.floats(0.001, 1), above=st.floats(1, 100))
def test_neither_the_best_value_nor_an_end_of_a_positive_interval_is_written_as_zero(
    best, below, above
):
    low, high = best * below, best * above
    text = Format("en").estimate(Energy, {"low": low, "best": best, "high": high})
    for number in re.findall(r"[\d.,]+", text):
        assert float(number.replace(",", "")) > 0, text


@pytest.mark.parametrize(
    ("about", "rich", "told"),
    [
        ({}, False, ("step", 4.0)),
        ({"open": True}, False, ("step (until the end)", 4.0)),
        ({"count": 12_345, "inside_s": 3.5}, False, ("step x 12,345", 3.5)),
        ({"count": 12_345, "inside_s": 3.5}, True, ("step \u00d7 12,345", 3.5)),
    ],
)
def test_a_phase_that_stands_for_many_says_how_many_and_how_long_they_took(about, rich, told):
    phase = {"name": "step", "start_s": 1.0, "end_s": 5.0, "open": False, **about}
    assert Format("en", rich=rich).phase(phase) == told
