"""Water of making electricity, by the sources that it is made of."""

from __future__ import annotations

import json

import pytest

from brizna.account import Footprint, water
from brizna.core.book import Book, OwnFactor
from brizna.core.errors import InputError
from brizna.verbs import account_case

GALLON_PER_MWH = 3.785411784e-3


def made(book: Book | None = None, **facts: object) -> Footprint:
    given = {"energy_kwh": 10, "pue": 1.2, "intensity_g_per_kwh": 100, **facts}
    return account_case(given, **({} if book is None else {"book": book}))[1]


@pytest.mark.parametrize(
    ("source", "gallons"), [("coal", 687), ("gas", 205), ("nuclear", 672), ("hydro", 4491)]
)
def test_each_source_takes_the_published_median(source: str, gallons: float) -> None:
    """Macknick et al. 2012, table 1, in gallons per MWh."""
    found = made(mix={source: 1.0})
    assert found.water_electricity_l is not None
    litres = 12 * gallons * GALLON_PER_MWH
    assert found.water_electricity_l.best.value == pytest.approx(litres, rel=1e-3)


def test_a_mix_takes_the_water_of_its_sources_by_their_shares() -> None:
    found = made(mix={"nuclear": 0.5, "wind": 0.3, "solar": 0.2})
    assert found.water_electricity_l is not None
    parts = (0.5, "nuclear"), (0.3, "wind"), (0.2, "solar")
    litres = sum(share * water(f"fuel/{name}").value for share, name in parts)
    assert found.water_electricity_l.best.value == pytest.approx(12 * litres)
    assert set(found.water_electricity_l.doubts) == {
        f"factor:water/fuel/{name}" for _, name in parts
    }
    assert found.assumptions.ewif_origin == "mix"
    assert found.water_l is None
    assert "(WUE) is not known" in found.reasons["water_l"]


def test_a_zone_with_a_mix_has_water_and_one_without_has_none() -> None:
    assert made(zone="ES").water_electricity_l is not None
    assert made(zone="PE").water_electricity_l is None


def test_an_unknown_source_counts_as_the_others_while_it_is_small() -> None:
    small = made(mix={"coal": 0.9, "other": 0.1})
    assert small.water_electricity_l is not None
    litres = 12 * water("fuel/coal").value
    assert small.water_electricity_l.best.value == pytest.approx(litres)
    assert made(mix={"coal": 0.8, "other": 0.2}).water_electricity_l is None


def test_what_is_declared_wins_over_the_mix_and_ones_own_factor_too() -> None:
    declared = made(zone="ES", ewif_l_per_kwh=1.0, wue_l_per_kwh=0.5)
    assert declared.water_electricity_l is not None
    assert declared.water_electricity_l.best.value == pytest.approx(12)
    assert declared.water_l is not None
    assert declared.water_l.best.value == pytest.approx(10 * (0.5 + 1.2))
    row = {"value": 2.0, "unit": "L/kWh", "source": "the basin's plan", "table": "mine.csv:2"}
    own = OwnFactor(id="water/ewif/ES", table_digest="sha256:0", **row)
    found = made(Book(own=(own,)), zone="ES")
    assert found.water_electricity_l is not None
    assert found.water_electricity_l.best.value == pytest.approx(24)


def test_a_footprint_with_water_of_a_mix_is_read_back() -> None:
    found = made(zone="ES", wue_l_per_kwh=0.5)
    assert Footprint.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_an_operator_brings_its_published_pue_and_water_and_what_is_declared_wins() -> None:
    facts = {"energy_kwh": 10, "zone": "ES"}
    named = account_case({**facts, "operator": "amazon"})[1]
    assert named.assumptions.pue.references == ("factor:pue/aws/2025",)
    assert named.assumptions.wue_l_per_kwh is not None
    assert named.assumptions.wue_l_per_kwh.references == ("factor:water/wue/aws",)
    assert named.water_l is not None
    declared = account_case({**facts, "operator": "aws", "pue": 1.5, "wue_l_per_kwh": 1.0})[1]
    assert declared.assumptions.pue.best.value == 1.5
    assert not any("wue" in one.id or "pue" in one.id for one in declared.factors)
    bare = account_case({**facts, "operator": "ovhcloud"})[1]
    assert bare.assumptions.wue_l_per_kwh is None
    with pytest.raises(InputError, match="No PUE is known for 'amazone'"):
        account_case({**facts, "operator": "amazone"})


def test_a_residual_mix_of_ones_own_gives_the_market_based_figure_and_none_comes_along() -> None:
    row = {"value": 300.0, "unit": "g/kWh", "source": "AIB, residual mixes", "table": "mine.csv:2"}
    own = OwnFactor(id="market/residual/ES", table_digest="sha256:0", **row)
    found = made(Book(own=(own,)), zone="ES")
    assert found.carbon_market_g is not None
    assert found.carbon_market_g.best.value == pytest.approx(12 * 300)
    assert made(zone="ES").carbon_market_g is None
    litres = own.replace(unit="L/kWh")
    with pytest.raises(InputError, match="states market/residual/ES in L/kWh: expected one of"):
        made(Book(own=(litres,)), zone="ES")
    declared = made(Book(own=(own,)), zone="ES", market_g_per_kwh=50)
    assert declared.carbon_market_g is not None
    assert declared.carbon_market_g.best.value == pytest.approx(12 * 50)
