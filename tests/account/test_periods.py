"""Spanish access tariffs: the periods of CNMC Circular 3/2020, by hour, month and territory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import (
    TARIFFS,
    TERRITORIES,
    energy_period,
    is_working_day,
    local_time,
    period_slots,
    power_period,
)
from brizna.core.errors import InputError

MADRID, CANARY = ZoneInfo("Europe/Madrid"), ZoneInfo("Atlantic/Canary")
instants = st.integers(0, 14 * 365 * 86400).map(
    lambda seconds: datetime(2021, 6, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def working_day(month: int) -> date:
    """Return the first working day of a month of 2026."""
    day = date(2026, month, 1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def periods(tariff: str, territory: str, day: date, zone: ZoneInfo = MADRID) -> str:
    return "".join(
        str(
            energy_period(tariff, territory, datetime(day.year, day.month, day.day, h, tzinfo=zone))
        )
        for h in range(24)
    )


PENINSULA = {
    # month: period at 8, 9-13, 14-17, 18-21, 22-23 h, as the tables of article 7.3 have them
    1: "21221",
    2: "21221",
    3: "32332",
    4: "54554",
    5: "54554",
    6: "43443",
    7: "21221",
    8: "43443",
    9: "43443",
    10: "54554",
    11: "32332",
    12: "21221",
}
"""P of the shoulder at 8 h, of the peak at 9 h, of the shoulder at 14 and 22 h, and the peak at
18 h: Circular 3/2020, article 7 (BOE-A-2020-1066), mainland."""


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("tariff", TARIFFS[1:])
def test_each_hour_of_each_month_is_in_the_period_of_article_7(tariff: str, month: int) -> None:
    shoulder, peak, after, late, evening = PENINSULA[month]
    expected = "6" * 8 + shoulder + peak * 5 + after * 4 + evening * 4 + late * 2
    assert periods(tariff, "peninsula", working_day(month)) == expected


def test_the_household_tariff_has_its_hours() -> None:
    """Article 7.2: P1 from 10 to 14 and 18 to 22 h, P2 8-10, 14-18 and 22-24, P3 at night."""
    day = working_day(3)
    assert periods("2.0TD", "peninsula", day) == "333333332211112222111122"
    assert periods("2.0TD", "balearic", day) == "333333332211112222111122"
    assert periods("2.0TD", "canary", day, CANARY) == "333333332211112222111122"
    assert periods("2.0TD", "ceuta", day) == "333333332221111222211112"
    assert periods("2.0TD", "melilla", day) == "333333332221111222211112"


@pytest.mark.parametrize(
    ("territory", "high"),
    [
        ("peninsula", (1, 2, 7, 12)),
        ("balearic", (6, 7, 8, 9)),
        ("canary", (7, 8, 9, 10)),
        ("ceuta", (1, 2, 8, 9)),
        ("melilla", (1, 7, 8, 9)),
    ],
)
def test_each_territory_has_its_own_high_season(territory: str, high: tuple[int, ...]) -> None:
    zone = CANARY if territory == "canary" else MADRID
    found = [m for m in range(1, 13) if "1" in periods("6.1TD", territory, working_day(m), zone)]
    assert tuple(found) == high


@pytest.mark.parametrize(
    ("territory", "month", "hours"),
    [
        ("balearic", 7, "666666662211111222111122"),
        ("canary", 7, "666666663311111333111133"),
        ("canary", 2, "666666664422222444222244"),
        ("ceuta", 1, "666666664411111444411114"),
        ("ceuta", 4, "666666665533333555533335"),
        ("melilla", 7, "666666662211111222211112"),
        ("melilla", 6, "666666664433333444433334"),
    ],
)
def test_islands_and_cities_have_their_own_hours(territory: str, month: int, hours: str) -> None:
    zone = CANARY if territory == "canary" else MADRID
    assert periods("3.0TD", territory, working_day(month), zone) == hours


@pytest.mark.parametrize(
    "day",
    ["2026-01-01", "2026-01-06", "2026-05-01", "2026-10-12", "2026-12-08", "2026-12-25"],
)
def test_a_national_holiday_of_a_fixed_date_is_in_the_cheapest_period(day: str) -> None:
    assert periods("3.0TD", "peninsula", date.fromisoformat(day)) == "6" * 24
    assert periods("2.0TD", "peninsula", date.fromisoformat(day)) == "3" * 24


def test_good_friday_moves_and_is_a_working_day_here() -> None:
    """Article 7.5 leaves out holidays without a fixed date."""
    assert is_working_day(date(2026, 4, 3))
    assert "1" in periods("2.0TD", "peninsula", date(2026, 4, 3))


def test_contracted_power_of_households_has_two_periods() -> None:
    day = working_day(3)
    found = [
        power_period("2.0TD", "melilla", datetime(day.year, day.month, day.day, h, tzinfo=MADRID))
        for h in range(24)
    ]
    assert found == [2] * 8 + [1] * 16
    assert power_period("2.0TD", "peninsula", datetime(2026, 3, 7, 12, tzinfo=MADRID)) == 2
    noon = datetime(2026, 7, 1, 12, tzinfo=MADRID)
    assert power_period("3.0TD", "peninsula", noon) == 1


@given(instants)
def test_the_clock_is_that_of_the_time_zone(instant: datetime) -> None:
    assert local_time(instant, "melilla") == instant.astimezone(MADRID).replace(tzinfo=None)
    assert local_time(instant, "canary") == instant.astimezone(CANARY).replace(tzinfo=None)


@given(
    instants,
    st.floats(1.0, 400_000.0),
    st.sampled_from(TARIFFS),
    st.sampled_from(TERRITORIES),
)
def test_slots_are_the_period_of_each_instant(
    start: datetime, length_s: float, tariff: str, territory: str
) -> None:
    end = start + timedelta(seconds=length_s)
    edges, found = period_slots(tariff, territory, start, end)
    assert (edges[0], edges[-1]) == (start, end)
    assert len(edges) == len(found) + 1
    assert all(a < b for a, b in pairwise(edges))
    for place, period in enumerate(found):
        middle = edges[place] + (edges[place + 1] - edges[place]) / 2
        assert energy_period(tariff, territory, middle) == period


def test_an_unknown_territory_names_the_nearest() -> None:
    from brizna.account import read_contract

    with pytest.raises(InputError, match="Did you mean 'canary'"):
        read_contract({"tariff": "3.0TD", "territory": "canaria", "energy_per_kwh": 0.1})
