"""Which figures move under other factors, and whose doing it is."""

from __future__ import annotations

from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import Assumptions, Subject, account, moved
from brizna.core.estimate import exactly
from brizna.core.quantities import Carbon, CarbonIntensity, Duration, Energy, Ratio, WaterIntensity

SUBJECT = Subject(
    digest="sha256:0",
    id="case",
    energy_j=exactly(Energy(3.6e6)),
    duration_s=exactly(Duration(3600.0)),
    parts={},
)


def assumed(**fields):
    made = {"pue": 1.2, "intensity_g_per_kwh": 100.0, "embodied_g": 1e6, "lifetime_s": 1e8} | fields
    kinds = {
        "pue": Ratio,
        "intensity_g_per_kwh": CarbonIntensity,
        "embodied_g": Carbon,
        "lifetime_s": Duration,
        "hardware_share": Ratio,
        "wue_l_per_kwh": WaterIntensity,
        "ewif_l_per_kwh": WaterIntensity,
    }
    made.setdefault("hardware_share", 1.0)
    return Assumptions(**{name: exactly(kinds[name](value)) for name, value in made.items()})


def test_nothing_moves_under_the_same_assumptions():
    assert moved(SUBJECT, assumed(), assumed()) == []


def test_one_assumption_carries_the_whole_change():
    found = {one.figure: one for one in moved(SUBJECT, assumed(), assumed(intensity_g_per_kwh=50))}
    assert set(found) == {"carbon_operational_g", "carbon_g"}
    [part] = found["carbon_g"].parts
    assert (part.assumption, part.before, part.after) == ("intensity_g_per_kwh", 100, 50)
    assert part.change == pytest.approx(-60)


def test_two_that_multiply_share_what_they_do_together():
    after = assumed(intensity_g_per_kwh=200, pue=1.8)
    [one] = [one for one in moved(SUBJECT, assumed(), after) if one.figure == "carbon_g"]
    parts = {part.assumption: part.change for part in one.parts}
    # 1 kWh: 120 g to 360 g. Intensity first: +120, then PUE: +120; PUE first: +60, then +180.
    assert parts == pytest.approx({"intensity_g_per_kwh": 150, "pue": 90})


def test_a_figure_that_was_unknown_has_no_parts():
    before = assumed().replace(intensity_g_per_kwh=None)
    found = {one.figure: one for one in moved(SUBJECT, before, assumed())}
    assert found["carbon_operational_g"].before is None
    assert found["carbon_operational_g"].after == pytest.approx(120)
    assert found["carbon_operational_g"].parts == ()


FIELDS = {
    "pue": st.floats(1, 2),
    "intensity_g_per_kwh": st.floats(1, 1000),
    "embodied_g": st.floats(1e3, 1e7),
    "lifetime_s": st.floats(1e7, 1e9),
    "hardware_share": st.floats(0.01, 1),
    "wue_l_per_kwh": st.floats(0.01, 2),
    "ewif_l_per_kwh": st.floats(0.01, 9),
}


@given(st.fixed_dictionaries(FIELDS), st.fixed_dictionaries(FIELDS))
def test_the_parts_sum_to_the_change(before, after):
    before, after = assumed(**before), assumed(**after)
    first, last = account(SUBJECT, before), account(SUBJECT, after)
    for one in moved(SUBJECT, before, after):
        change = getattr(last, one.figure).best.value - getattr(first, one.figure).best.value
        largest = max(abs(part.change) for part in one.parts)
        assert fsum(part.change for part in one.parts) == pytest.approx(change, abs=1e-9 * largest)


def test_a_certificate_moves_the_figure_by_contract_alone():
    before = assumed().replace(market_g_per_kwh=exactly(CarbonIntensity(100)))
    after = before.replace(market_g_per_kwh=exactly(CarbonIntensity(0)))
    [one] = moved(SUBJECT, before, after)
    assert (one.figure, one.after) == ("carbon_market_g", 0)
    assert [part.assumption for part in one.parts] == ["market_g_per_kwh"]
    [back] = moved(SUBJECT, after, before)
    assert back.before == 0
