"""Profiles: what an hour usually is, offline."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta, timezone
from math import fsum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import brizna.grid as room
from brizna.core.errors import CoverageError, InputError
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.grid import annual, intensity, profile, profiled_zones, usual

YEAR = datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
TABLE = Path(room.__file__).parent / "profiles" / "usual_2022.csv.gz"
INSTANTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 - made aware by the strategy
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)


@pytest.mark.parametrize("zone", profiled_zones())
def test_the_mean_of_a_profile_over_a_year_is_about_the_annual_factor(zone):
    made = profile(zone, *YEAR)
    mean = fsum(value for value in made.values if value is not None) / len(made.values)
    # Not exactly: another year has other weekdays, and an hour of 2022 was one day's.
    assert mean == pytest.approx(intensity(zone).value, rel=0.01)


def test_a_profile_says_what_it_is():
    made = profile("España", *YEAR)
    assert (made.origin, made.zone, made.kind, made.scope) == (
        "profile",
        "ES",
        "average",
        "life-cycle",
    )
    assert "2022" in made.source
    assert intensity("ES").id in made.source
    assert set(made.quantiles) == {0.1, 0.9}
    assert made.issued_at is None


@given(start=INSTANTS, minutes=st.integers(min_value=1, max_value=60 * 24 * 40))
def test_a_profile_covers_just_what_was_asked_for(start, minutes):
    end = start + timedelta(minutes=minutes)
    for made in (profile("ES", start, end), annual("PT", start, end)):
        assert (made.start, made.end) == (start, end)
        assert None not in made.values
        for values in made.quantiles.values():
            assert len(values) == len(made.values)


@given(start=INSTANTS)
def test_the_same_hour_of_the_same_kind_of_day_of_a_month_is_the_same(start):
    week = start.replace(day=8), start.replace(day=15)
    hour = timedelta(hours=1)
    one, other = (profile("DE", at, at + hour) for at in week)
    assert one.values == other.values


def test_another_offset_of_the_same_instants_gives_the_same_profile():
    madrid = timezone(timedelta(hours=2))
    start, end = datetime(2026, 7, 1, 6, tzinfo=UTC), datetime(2026, 7, 2, 6, tzinfo=UTC)
    same = profile("ES", start.astimezone(madrid), end.astimezone(madrid))
    assert same == profile("ES", start, end)


def test_noon_is_cleaner_than_the_evening_in_sunny_california():
    day = datetime(2026, 5, 6, 8, tzinfo=UTC)  # midnight there, standard time
    made = profile("US-CAL-CISO", day, day + timedelta(days=1))
    assert made.at(day + timedelta(hours=12)) < made.at(day + timedelta(hours=20))


def test_shares_are_shares_where_they_are_known():
    for kind in ("renewable", "low-carbon"):
        made = profile("ES", *YEAR, kind=kind)
        assert made.quantity is Ratio
        assert made.kind == kind
        assert all(0 < value < 1 for value in made.values)
    renewable, low = (profile("ES", *YEAR, kind=kind) for kind in ("renewable", "low-carbon"))
    assert all(a <= b for a, b in zip(renewable.values, low.values, strict=True))
    with pytest.raises(CoverageError, match="3 zones have one"):
        profile("FR", *YEAR, kind="renewable")


def test_a_zone_without_a_profile_has_its_annual_figure_and_the_spread_of_others():
    with pytest.raises(CoverageError, match="annual figure"):
        profile("MA", *YEAR)
    made = usual("MA", *YEAR)
    assert made == annual("MA", *YEAR)
    assert set(made.values) == {intensity("MA").value}
    assert made.quantity is CarbonIntensity
    assert made.quantiles[0.05][0] < made.values[0] < made.quantiles[0.95][0]
    assert usual("ES", *YEAR) == profile("ES", *YEAR)


def test_a_profile_and_an_annual_figure_can_be_compared():
    profile("ES", *YEAR).must_match(annual("MA", *YEAR))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (datetime(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), "no time zone"),  # noqa: DTZ001 - the fault
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), "empty"),
    ],
)
def test_an_interval_that_is_none_is_refused(start, end, said):
    for make in (profile, annual):
        with pytest.raises(InputError, match=said):
            make("ES", start, end)


def test_a_kind_without_profiles_is_refused():
    with pytest.raises(InputError, match="renewable, low-carbon"):
        profile("ES", *YEAR, kind="nuclear")


def test_the_table_is_small_names_its_licence_and_was_made_without_a_date():
    data = TABLE.read_bytes()
    assert len(data) < 400_000
    assert data[4:8] == b"\0" * 4
    head = gzip.decompress(data)[:1500].decode()
    assert "Open Database License (ODbL) 1.0" in head
    assert "Electricity Maps" in head
    assert "ODbL" in (TABLE.parent / "README.md").read_text(encoding="utf-8")
