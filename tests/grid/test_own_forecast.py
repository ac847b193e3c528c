"""The package's own forecast: it learns from what came before, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from brizna.core.errors import CoverageError, InputError
from brizna.core.quantities import CarbonIntensity
from brizna.core.signal import Signal
from brizna.grid import LEAST_DAYS, forecast

np = pytest.importorskip("numpy", reason="numpy is not installed: pip install 'brizna[plan]'")

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = LEAST_DAYS + 14
ISSUED = START + DAYS * 24 * HOUR


def series(values, step=HOUR):
    return Signal(
        quantity=CarbonIntensity,
        edges=tuple(START + slot * step for slot in range(len(values) + 1)),
        values=tuple(values),
        source="a test",
        kind="average",
    )


def usual(hour):
    return 200.0 + (80.0 if hour % 24 in range(9, 21) else 0.0) - (40.0 if hour % 168 >= 120 else 0)


def noisy(hours, seed=1, spread=10.0):
    rng = Random(seed)
    return [usual(hour) + rng.gauss(0, spread) for hour in range(hours)]


def test_what_repeats_each_day_is_forecast_to_the_digit():
    days = [100.0 + 3 * (hour % 24) for hour in range(DAYS * 24)]
    told = forecast(series(days), ISSUED)
    assert told.values == pytest.approx([100.0 + 3 * (hour % 24) for hour in range(96)], rel=1e-6)
    assert told.quantiles[0.1] == pytest.approx(told.values, rel=1e-6)
    assert (told.origin, told.issued_at, told.start) == ("forecast", ISSUED, ISSUED)
    assert told.end == ISSUED + 96 * HOUR


def test_nothing_that_came_later_is_looked_at():
    values = noisy((DAYS + 8) * 24)
    whole = series(values)
    later = series(values[: DAYS * 24] + [9999.0] * (8 * 24))
    cut = series(values[: DAYS * 24])
    assert forecast(whole, ISSUED) == forecast(later, ISSUED) == forecast(cut, ISSUED)


def test_it_misses_less_than_the_last_value_and_its_interval_holds_most_of_what_comes():
    values = noisy((DAYS + 30) * 24)
    missed, plain, inside = [], [], []
    for day in range(0, 26, 5):
        told = forecast(series(values), ISSUED + day * 24 * HOUR)
        came = values[(DAYS + day) * 24 :][:96]
        missed += [abs(a - b) for a, b in zip(told.values, came, strict=True)]
        plain += [abs(values[(DAYS + day) * 24 - 1] - one) for one in came]
        low, high = told.quantiles[0.1], told.quantiles[0.9]
        inside += [a <= one <= b for a, one, b in zip(low, came, high, strict=True)]
    assert sum(missed) < 0.5 * sum(plain)
    assert 0.65 < sum(inside) / len(inside) < 0.95


def test_a_gap_is_bridged_and_teaches_nothing():
    values = noisy(DAYS * 24)
    holed = [None if hour in range(1000, 1030) else one for hour, one in enumerate(values)]
    whole, bridged = forecast(series(values), ISSUED), forecast(series(holed), ISSUED)
    assert bridged.values == pytest.approx(whole.values, abs=15)


def test_quarters_of_an_hour_and_other_levels_will_do():
    values = [usual(slot // 4) for slot in range(DAYS * 96)]
    told = forecast(series(values, HOUR / 4), ISSUED, ahead=6 * HOUR, levels=(0.25, 0.5, 0.75))
    assert len(told.values) == 24
    assert sorted(told.quantiles) == [0.25, 0.5, 0.75]


def test_intensity_is_never_forecast_below_0():
    rng = Random(3)
    values = [max(0.0, rng.gauss(0, 5)) for _ in range(DAYS * 24)]
    told = forecast(series(values), ISSUED)
    assert min(told.quantiles[0.1]) >= 0


def test_too_little_history_and_odd_slots_are_refused():
    with pytest.raises(CoverageError, match="a forecast needs 56"):
        forecast(series(noisy(LEAST_DAYS * 24 - 1)), START + (LEAST_DAYS * 24 - 1) * HOUR)
    with pytest.raises(InputError, match="divide a day"):
        forecast(series(noisy(DAYS * 24)), ISSUED, ahead=HOUR / 2)
    with pytest.raises(InputError, match="divide a day"):
        forecast(series(noisy(DAYS * 24), 7 * HOUR), ISSUED)
