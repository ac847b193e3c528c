"""Clean hours, and series beyond their end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import CoverageError, InputError
from brizna.core.quantities import CarbonIntensity, Ratio
from brizna.core.signal import Signal
from brizna.grid import annual, extend, judge, now, profile, usual

AT = datetime(2026, 5, 6, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def series(values, *, quantity=CarbonIntensity, kind="average", zone="ES", start=AT):
    return Signal(
        quantity=quantity,
        edges=tuple(start + index * HOUR for index in range(len(values) + 1)),
        values=tuple(values),
        kind=kind,
        zone=zone,
        source="test",
    )


def test_the_cleanest_third_of_the_coming_day_is_clean():
    made = series([*range(24), *range(24)])
    judged = judge(made, AT)
    assert judged.is_clean
    assert judged.limit == CarbonIntensity(7)
    assert judged.until == AT + 8 * HOUR
    later = judge(made, AT + 8 * HOUR)
    assert not later.is_clean
    assert "cleaner hours come" in later.reason
    assert later.until == AT + DAY


def test_more_renewable_is_cleaner():
    made = series([n / 100 for n in range(24)], quantity=Ratio, kind="renewable")
    assert not judge(made, AT).is_clean
    assert judge(made, AT).limit == Ratio(0.16)
    assert judge(made, AT).until == AT + 16 * HOUR


def test_a_series_that_says_the_same_of_every_hour_cannot_tell():
    for made in (series([100] * 24), annual("MA", AT, AT + DAY)):
        judged = judge(made, AT)
        assert judged.is_clean is None
        assert "the same of every hour" in judged.reason
        assert (judged.limit, judged.until) == (None, None)


def test_a_short_series_cannot_tell_and_a_gap_ends_what_is_known():
    assert judge(series(range(11)), AT).is_clean is None
    assert "11 h" in judge(series(range(11)), AT).reason
    gap = series([1, 1, None, *range(9, 30)])
    assert judge(gap, AT).is_clean
    assert judge(gap, AT).until is None
    with pytest.raises(CoverageError):
        judge(gap, AT + 2 * HOUR)


@given(st.lists(st.floats(min_value=0, max_value=900), min_size=24, max_size=24))
def test_at_least_a_third_of_a_day_is_clean_unless_it_cannot_tell(values):
    made = series(values * 2)
    limit = judge(made, AT).limit
    if limit is not None:
        assert sum(value <= limit.value for value in values) >= 8


def test_now_works_offline_from_the_profile(monkeypatch):
    made = now("US-CAL-CISO", at=AT + 20 * HOUR)  # noon there
    assert made.is_clean
    assert made.origin == "profile"
    assert made.value == usual("US-CAL-CISO", AT + 20 * HOUR, AT + 21 * HOUR).at(AT + 20 * HOUR)
    monkeypatch.delenv("BRIZNA_ZONE", raising=False)
    with pytest.raises(InputError, match="BRIZNA_ZONE"):
        now(at=AT)
    monkeypatch.setenv("BRIZNA_ZONE", "ES")
    assert now().zone == "ES"
    assert now(signal=series(range(30)), at=AT).source == "test"


def test_a_series_goes_on_as_it_usually_does_at_its_own_level():
    made = profile("ES", AT, AT + DAY)
    double = made.replace(values=tuple(2 * v for v in made.values), origin="forecast", source="me")
    longer = extend(double, AT - 6 * HOUR, AT + 2 * DAY)
    whole = profile("ES", AT - 6 * HOUR, AT + 2 * DAY)
    assert longer.values == pytest.approx([2 * value for value in whole.values])
    assert longer.estimated == frozenset(range(len(longer.values))) - set(range(6, 30))
    for level, values in longer.quantiles.items():
        usually = [2 * value for value in whole.quantiles[level]]
        assert values[:6] + values[30:] == pytest.approx(usually[:6] + usually[30:])
        assert values[6:30] == made.quantiles[level]
    assert (longer.start, longer.end) == (whole.start, whole.end)


def test_a_series_that_states_no_doubt_has_the_profiles_where_it_is_not_known():
    longer = extend(series([200] * 24), AT, AT + 2 * DAY)
    for level, values in longer.quantiles.items():
        assert values[:24] == (200,) * 24
        assert all(
            (one < other) == (level < 0.5)
            for one, other in zip(values[24:], longer.values[24:], strict=True)
        )
    stated = series([200] * 24).replace(quantiles={0.05: (150,) * 24})
    low = extend(stated, AT, AT + 2 * DAY)
    assert list(low.quantiles) == [0.05]
    assert all(one < other for one, other in zip(low.quantiles[0.05], low.values, strict=True))


def test_a_series_that_covers_everything_is_only_cut():
    made = series(range(24))
    assert extend(made, AT + HOUR, AT + 5 * HOUR) == made.between(AT + HOUR, AT + 5 * HOUR)


def test_gaps_inside_a_series_stay_gaps():
    made = extend(series([100, None, *[100] * 10]), AT, AT + DAY)
    assert made.values[1] is None
    assert made.values.count(None) == 1
    assert 1 not in made.estimated


def test_nothing_says_how_another_kind_goes_on():
    with pytest.raises(InputError, match="kind marginal"):
        extend(series(range(24), kind="marginal"), AT, AT + 2 * DAY)
    with pytest.raises(CoverageError, match=r"values for 5\.0 h"):
        extend(series([1] * 5), AT, AT + 2 * DAY)
