"""A signal answers inside its coverage and refuses outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core.errors import CoverageError, InputError
from brizna.core.quantities import CarbonIntensity
from brizna.core.signal import Signal

START = datetime(2026, 3, 29, tzinfo=UTC)


def hourly(*values: float | None) -> Signal:
    edges = tuple(START + timedelta(hours=i) for i in range(len(values) + 1))
    return Signal(
        quantity=CarbonIntensity, edges=edges, values=values, source="test", kind="average"
    )


def test_an_instant_belongs_to_the_interval_that_it_starts() -> None:
    signal = hourly(100, 200)
    assert signal.at(START) == CarbonIntensity(100)
    assert signal.at(START + timedelta(hours=1)) == CarbonIntensity(200)


@pytest.mark.parametrize("hours", [-0.001, 2, 3])
def test_outside_its_coverage_a_signal_raises(hours: float) -> None:
    with pytest.raises(CoverageError, match="is known from"):
        hourly(100, 200).at(START + timedelta(hours=hours))


def test_a_slot_without_a_value_is_not_nothing() -> None:
    with pytest.raises(CoverageError, match="has no value"):
        hourly(100, None, 300).mean(START, START + timedelta(hours=3))


def test_the_mean_weighs_by_time() -> None:
    mean = hourly(100, 200).mean(START + timedelta(minutes=30), START + timedelta(hours=2))
    assert mean.value == pytest.approx((0.5 * 100 + 200) / 1.5)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_splitting_a_window_and_weighing_gives_the_whole(values: list[float], at: float) -> None:
    signal = hourly(*values)
    cut = signal.start + (signal.end - signal.start) * at
    if not signal.start < cut < signal.end:
        return
    whole = signal.mean(signal.start, signal.end).value
    parts = [
        signal.mean(a, b).value * ((b - a) / (signal.end - signal.start))
        for a, b in ((signal.start, cut), (cut, signal.end))
    ]
    assert sum(parts) == pytest.approx(whole, abs=1e-6)


def test_naive_and_local_edges_are_refused() -> None:
    for edge in (datetime(2026, 1, 1), START.astimezone(timezone(timedelta(hours=1)))):  # noqa: DTZ001
        with pytest.raises(InputError, match="UTC"):
            Signal(
                quantity=CarbonIntensity,
                edges=(edge, edge + timedelta(hours=1)),
                values=(1.0,),
                source="test",
            )


def test_edges_must_rise_and_fit_the_values() -> None:
    with pytest.raises(InputError, match="rise"):
        Signal(quantity=CarbonIntensity, edges=(START, START), values=(1.0,), source="test")
    with pytest.raises(InputError, match="edges"):
        Signal(quantity=CarbonIntensity, edges=(START,), values=(1.0,), source="test")


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=12), st.data())
def test_a_cut_signal_answers_as_the_whole_does(values: list[float], data: st.DataObject) -> None:
    whole = hourly(*values)
    minutes = len(values) * 60
    start = data.draw(st.integers(0, minutes - 1))
    end = data.draw(st.integers(start + 1, minutes))
    cut = whole.between(START + timedelta(minutes=start), START + timedelta(minutes=end))
    assert cut.mean(cut.start, cut.end) == whole.mean(cut.start, cut.end)
    assert cut.at(cut.start) == whole.at(cut.start)


def test_a_difference_holds_where_both_are_known() -> None:
    later = Signal(
        quantity=CarbonIntensity,
        edges=(START + timedelta(minutes=30), START + timedelta(hours=3)),
        values=(50,),
        source="other",
        kind="average",
    )
    assert hourly(100, None, 300, 400).minus(later).values == (50, None, 250)


@pytest.mark.parametrize(
    "change", [{"kind": "marginal"}, {"scope": "direct"}, {"basis": "production"}]
)
def test_signals_that_say_different_things_are_not_mixed(change: dict[str, str]) -> None:
    with pytest.raises(InputError, match="do not say the same"):
        hourly(100).minus(hourly(100).replace(**change))


def test_a_quantile_needs_a_value_for_each_slot() -> None:
    with pytest.raises(InputError, match="2 values"):
        hourly(100, 200).replace(quantiles={0.1: (90,)})
