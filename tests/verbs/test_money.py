"""What work is paid for: contracts by period, rented machines, storage; parts that sum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import Footprint, Subject, account, explain, recompute, subject_of_case
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import total
from brizna.core.factors import factor
from brizna.core.quantities import Duration, Tariff
from brizna.core.signal import Signal
from brizna.core.site import Site
from brizna.verbs import account_case
from brizna.verbs._assume import assume

CASE = {"energy_kwh": 10, "duration_h": 4, "pue": 1.0, "intensity_g_per_kwh": 100}
MONDAY = "2026-03-02T00:00+01:00"


def parts(footprint: Footprint) -> dict[str, float]:
    return {part.name: part.cost.best.value for part in footprint.cost_parts}


def pay(**facts: object) -> Footprint:
    return account_case({**CASE, **facts})[1]


def test_energy_of_three_periods_pays_three_prices() -> None:
    """From 7 to 11 h in March: P6, P3, P2, P2 of 3.0TD.

    Tolls of BOE-A-2025-26348, charges of Orden TED/1524/2025, tax of Ley 38/1992, article 99.
    """
    found = pay(
        started="2026-03-02T07:00+01:00",
        contract={"tariff": "3.0TD", "energy_per_kwh": {f"P{i}": 0.01 * i for i in range(1, 7)}},
    )
    energy = {"P2": 5.0, "P3": 2.5, "P6": 2.5}
    toll = {"P2": 0.012376, "P3": 0.004943, "P6": 0.000031}
    charge = {"P2": 0.026538, "P3": 0.014336, "P6": 0.002867}
    asked = sum(kwh * 0.01 * int(p[1]) for p, kwh in energy.items())
    regulated = sum(kwh * (toll[p] + charge[p]) for p, kwh in energy.items())
    assert found.cost is not None
    assert found.cost.best.value == pytest.approx((asked + regulated) * 1.0511269632)
    assert found.currency == "EUR"
    assert parts(found)["toll P2"] == pytest.approx(5 * 0.012376)


def test_the_power_term_of_thirty_days_is_the_worked_example() -> None:
    """30 days of 4.6 kW in 2025: 10.18 EUR at the peak and 0.26 EUR off it.

    So a public comparison of tariffs (ismaelz001/RapidEnergy, docs/PEAJES_CARGOS_BOE_2025.md) has
    it, from BOE-A-2024-26218 and Orden TED/1487/2024.
    """
    found = pay(
        duration_h=30 * 24,
        started="2025-03-01T00:00+01:00",
        contract={
            "tariff": "2.0TD",
            "energy_per_kwh": 0.1,
            "contracted_kw": 4.6,
            "power_share": 1,
            "electricity_tax": False,
        },
    )
    power = parts(found)
    assert power["power toll P1"] + power["power charge P1"] == pytest.approx(10.18, abs=0.005)
    assert power["power toll P2"] + power["power charge P2"] == pytest.approx(0.26, abs=0.005)


def test_vat_is_on_everything_before_it() -> None:
    contract = {"tariff": "6.1TD", "energy_per_kwh": 0.1}
    net = pay(started=MONDAY, contract=contract)
    gross = pay(started=MONDAY, contract={**contract, "vat": 0.21})
    assert net.cost is not None
    assert gross.cost is not None
    assert gross.cost.best.value == pytest.approx(1.21 * net.cost.best.value)


def test_a_price_that_holds_the_tolls_pays_them_once() -> None:
    contract = {"tariff": "2.0TD", "energy_per_kwh": 0.2, "electricity_tax": False}
    found = pay(started=MONDAY, contract={**contract, "tolls": "included"})
    assert found.cost is not None
    assert found.cost.best.value == pytest.approx(2.0)
    assert set(parts(found)) == {"energy P3"}


def test_prices_by_the_hour_are_weighed_by_the_energy_of_each() -> None:
    start = datetime.fromisoformat(MONDAY).astimezone(UTC)
    edges = tuple(start + timedelta(hours=h) for h in range(5))
    prices = Signal(
        quantity=Tariff, edges=edges, values=(0.1, 0.2, 0.3, 0.4), source="omie", kind="EUR"
    )
    contract = {"tariff": "2.0TD", "energy_per_kwh": "spot", "tolls": "included"}
    facts = {**CASE, "started": MONDAY, "contract": {**contract, "electricity_tax": False}}
    _, found = account_case(facts, prices_of=lambda _span: prices)
    assert found.cost is not None
    assert found.cost.best.value == pytest.approx(10 * 0.25)
    with pytest.raises(InputError, match="no series was given"):
        account_case(facts)
    dollars = prices.replace(kind="USD")
    with pytest.raises(InputError, match="no series of prices in EUR"):
        account_case(facts, prices_of=lambda _span: dollars)


def test_a_year_without_published_tolls_costs_nobody_knows_what_and_keeps_the_rest() -> None:
    found = pay(
        started="2019-03-02T00:00+01:00", contract={"tariff": "3.0TD", "energy_per_kwh": 0.1}
    )
    assert found.cost is None
    assert "known for 2023, 2024, 2025, 2026, but 2019" in found.reasons["cost"]
    assert found.carbon_operational_g is not None
    assert not any("toll" in one.id for one in found.factors)


@pytest.mark.parametrize(
    ("started", "toll", "tax"),
    [
        ("2023-03-01T10:00+01:00", 0.015685, 0.005),
        ("2024-03-01T10:00+01:00", 0.012820, 0.025),
        ("2024-04-01T10:00+02:00", 0.005495, 0.038),
        ("2024-11-04T10:00+01:00", 0.012820, 0.0511269632),
    ],
)
def test_past_years_pay_their_own_tolls_and_their_own_tax(
    started: str, toll: float, tax: float
) -> None:
    """Tolls of BOE-A-2022-21799 and BOE-A-2023-26251; tax of Real Decreto-ley 8/2023."""
    contract = {"tariff": "3.0TD", "energy_per_kwh": 0.1}
    found = parts(pay(started=started, duration_h=1, contract=contract))
    period = next(name for name in found if name.startswith("toll "))
    assert found[period] == pytest.approx(10 * toll)
    before = sum(cost for name, cost in found.items() if name != "electricity tax")
    assert found["electricity tax"] == pytest.approx(tax * before)


def test_work_over_a_change_of_the_tax_has_no_one_rate() -> None:
    contract = {"tariff": "2.0TD", "energy_per_kwh": 0.1}
    found = pay(started="2024-03-31T22:00+02:00", duration_h=10, contract=contract)
    assert found.cost is None
    assert "tax changed after 2024-03-31" in found.reasons["cost"]
    untaxed = {**contract, "electricity_tax": False}
    found = pay(started="2024-03-31T22:00+02:00", duration_h=10, contract=untaxed)
    assert found.cost is not None


def test_work_over_new_year_pays_the_tolls_of_both_years() -> None:
    """An hour before and an hour after midnight of 1 January 2026, both at P2 or P6."""
    found = pay(
        started="2025-12-31T23:00+01:00",
        duration_h=2,
        contract={
            "tariff": "3.0TD",
            "energy_per_kwh": 0.1,
            "contracted_kw": 20,
            "power_share": 1,
            "electricity_tax": False,
        },
    )
    tolls = parts(found)
    assert tolls["toll P2 2025"] == pytest.approx(5 * 0.012343)
    assert tolls["toll P6 2026"] == pytest.approx(5 * 0.000031)
    assert tolls["power toll P1 2025"] == pytest.approx(14.723431 * 20 / 365 / 24)
    assert tolls["power toll P1 2026"] == pytest.approx(14.935084 * 20 / 365 / 24)
    assert (tolls["energy P2"], tolls["energy P6"]) == pytest.approx((0.5, 0.5))


def test_a_contract_by_the_hour_needs_the_hours() -> None:
    with pytest.raises(InputError, match='"started"'):
        pay(contract={"tariff": "3.0TD", "energy_per_kwh": 0.1})


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ({"tariff": "4.0TD", "energy_per_kwh": 0.1}, "tariff is '4.0TD'"),
        ({"tariff": "3.0TD"}, "its form is"),
        ({"tariff": "3.0TD", "energy_per_kwh": {"P1": 1}}, "one for each of P1"),
        ({"tariff": "3.0TD", "energy_per_kwh": -1}, "from 0 up"),
        ({"tariff": "3.0TD", "energy_per_kwh": 0.1, "vta": 0.2}, "Did you mean 'vat'"),
        ({"tariff": "3.0TD", "energy_per_kwh": 0.1, "vat": 21}, "share from 0 to 1"),
        ({"tariff": "3.0TD", "energy_per_kwh": 0.1, "tolls": "maybe"}, "added, included"),
        ({"tariff": "3.0TD", "energy_per_kwh": 0.1, "contracted_kw": 20}, "power_share"),
        ({"tariff": "3.0TD", "energy_per_kwh": 0.1, "electricity_tax": 1}, "true or false"),
    ],
)
def test_a_contract_that_cannot_be_says_why(contract: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        pay(started=MONDAY, contract=contract)


# ------------------------------------------------------------------------------------------- cloud


def test_a_rented_machine_storage_requests_and_transfer_are_four_parts() -> None:
    found = pay(
        cloud={
            "provider": "aws",
            "compute": {"instance": "p3.8xlarge", "hours": 10, "count": 2},
            "storage": {"tier": "standard", "gb": 100, "months": 1},
            "requests": {"kind": "get", "count": 1_000_000},
            "transfer": {"gb": 100},
        }
    )
    price = factor("brizna.account", "instances", "price/aws/p3.8xlarge/on-demand").value
    assert found.currency == "USD"
    assert parts(found) == pytest.approx(
        {
            "aws p3.8xlarge on-demand": 20 * price,
            "aws storage standard": 2.3,  # the document says 2,300 USD for 100 GB
            "aws requests get": 0.4,
            "aws transfer out": 9.0,
        }
    )


def test_spot_costs_less_than_on_demand_and_says_its_range() -> None:
    def cost(term: str) -> Footprint:
        use = {"instance": "p3.2xlarge", "hours": 1, "term": term}
        return pay(cloud={"provider": "aws", "compute": use})

    spot, full = cost("spot").cost, cost("on-demand").cost
    assert spot is not None
    assert full is not None
    assert spot.high.value < full.best.value
    assert spot.low.value == pytest.approx(1.1288)


def test_a_stated_price_wins_over_the_table() -> None:
    use = {"instance": "our own", "hours": 10, "price_per_hour": 2.5, "currency": "EUR"}
    found = pay(cloud={"provider": "campus", "compute": [use]})
    assert (found.currency, parts(found)) == ("EUR", {"campus our-own on-demand": 25.0})


def test_the_price_of_a_rented_machine_holds_its_electricity() -> None:
    use = {"provider": "aws", "compute": {"instance": "p3.2xlarge", "hours": 4}}
    with pytest.raises(InputError, match="holds its electricity"):
        pay(cloud=use, tariff_per_kwh=0.2, currency="USD")


def test_currencies_are_never_mixed_silently() -> None:
    use = {"provider": "aws", "storage": {"tier": "standard", "gb": 1000, "months": 1}}
    with pytest.raises(InputError, match="nobody stated a rate"):
        pay(cloud=use, tariff_per_kwh=0.2, currency="EUR")
    stated = {"USD": {"rate": 0.5, "source": "central bank 2026-03-02"}}
    found = pay(cloud=use, tariff_per_kwh=0.2, currency="EUR", exchange=stated)
    assert parts(found) == pytest.approx({"energy": 2.0, "aws storage standard": 11.5})
    converted = found.cost_parts[-1]
    assert converted.currency == "USD"
    assert converted.exchange is not None
    assert converted.exchange.source == "central bank 2026-03-02"
    assert "exchange:USD/EUR" in converted.cost.references


@pytest.mark.parametrize(
    ("cloud", "said"),
    [
        ({"compute": []}, "its form is"),
        ({"provider": "aws", "computer": []}, "Did you mean 'compute'"),
        ({"provider": "aws", "compute": [{"hours": 1}]}, "lacks instance"),
        ({"provider": "aws", "transfer": {"gb": -1}}, "a number from 0 up"),
        ({"provider": "aws", "transfer": 3}, "an object with gb"),
        (
            {"provider": "aws", "compute": {"instance": "m5.large", "hours": 1, "term": "free"}},
            "on-demand, reserved",
        ),
    ],
)
def test_a_use_that_cannot_be_says_why(cloud: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        pay(cloud=cloud)


def test_an_unknown_machine_names_the_nearest() -> None:
    with pytest.raises(CoverageError, match="Did you mean"):
        pay(cloud={"provider": "aws", "compute": {"instance": "p3.8xlargee", "hours": 1}})


def test_a_rate_without_its_source_is_refused() -> None:
    with pytest.raises(InputError, match="its form is"):
        pay(currency="EUR", exchange={"USD": {"rate": 0.9}})


def test_every_listed_machine_has_a_price_in_one_table_only() -> None:
    import brizna.plan  # noqa: F401 - its tables
    from brizna.core._tables import positions

    both = positions("brizna.plan", "prices").keys() & positions("brizna.account", "instances")
    assert both == set()
    here = factor("brizna.account", "spreads", "price/stale")
    there = factor("brizna.plan", "spreads", "price/stale")
    assert (here.low, here.high) == (there.low, there.high)


# ----------------------------------------------------------------------------------- the whole


@given(
    st.floats(0.001, 1e5),
    st.sampled_from(("2.0TD", "3.0TD", "6.1TD")),
    st.integers(0, 364),
    st.floats(0.1, 200),
    st.floats(0, 0.3),
)
def test_the_parts_sum_to_the_cost(
    energy_kwh: float, tariff: str, day: int, duration_h: float, vat: float
) -> None:
    started = datetime(2025, 1, 1, 5, tzinfo=UTC) + timedelta(days=day)
    found = pay(
        energy_kwh=energy_kwh,
        duration_h=duration_h,
        started=started.isoformat(),
        contract={"tariff": tariff, "energy_per_kwh": 0.1, "vat": vat},
        cloud={"provider": "aws", "storage": {"tier": "standard", "gb": 10, "months": 1}},
        currency="EUR",
        exchange={"USD": {"rate": 0.9, "source": "stated"}},
    )
    assert found.cost == total(part.cost for part in found.cost_parts)
    shares = [part.quantity for part in found.cost_parts if part.name.startswith("energy P")]
    whole = sum(one.best.value for one in shares if one is not None)
    assert whole == pytest.approx(energy_kwh)


def test_a_paid_footprint_computes_again_to_the_same_bytes_and_explains_itself() -> None:
    facts = {**CASE, "started": MONDAY, "contract": {"tariff": "3.0TD", "energy_per_kwh": 0.1}}
    case, found = account_case(facts)
    kept = Footprint.from_json(found.to_json())
    assert kept == found
    assert recompute(kept, subject_of_case(case)) == found
    tree = explain(found, None, "cost")
    names = {node["name"]: node for node in tree["inputs"]}
    assert names["toll P6"]["inputs"][0]["factor"]["id"] == "toll/energy/3.0TD/P6/2026"


def test_an_unknown_energy_leaves_its_cost_unknown() -> None:
    facts = {**CASE, "started": MONDAY, "contract": {"tariff": "3.0TD", "energy_per_kwh": 0.1}}
    found = account_case(facts)[1]
    nothing = Subject(
        digest="x", id=None, energy_j=None, duration_s=None, parts={}, reason="no meter"
    )
    again = account(nothing, found.assumptions)
    assert (again.cost, again.reasons["cost"], again.cost_parts) == (None, "no meter", ())


def test_night_is_never_dearer_than_the_same_work_by_day() -> None:
    for tariff, month in product(("2.0TD", "3.0TD", "6.1TD"), range(1, 13)):
        night, day = (
            pay(
                started=f"2026-{month:02d}-10T{hour:02d}:00+00:00",
                contract={"tariff": tariff, "energy_per_kwh": 0.1},
            ).cost
            for hour in (1, 10)
        )
        assert night is not None
        assert day is not None
        assert night.best.value <= day.best.value


@pytest.mark.parametrize(("zone", "is_fine"), [("ES", True), ("ES-CN", True), ("FR", False)])
def test_a_spanish_contract_is_refused_for_a_place_elsewhere(zone, is_fine):
    given = {
        "energy_kwh": 10,
        "duration_h": 1,
        "started": "2026-03-02T09:00+01:00",
        "zone": zone,
        "contract": {"tariff": "2.0TD", "energy_per_kwh": 0.12},
    }
    if is_fine:
        assert account_case(given)[1].cost.best.value > 1
        return
    with pytest.raises(InputError, match="FR"):
        account_case(given)


def test_a_run_elsewhere_has_no_cost_under_a_spanish_contract():
    contract = {"tariff": "2.0TD", "energy_per_kwh": 0.12}
    begun = datetime(2026, 3, 2, tzinfo=UTC)
    site = Site(zone="FR", zone_origin="declared", contract=contract)
    assumed = assume(site, duration=Duration(3600), started=begun)
    assert "one of Spain" in assumed.reasons["tariff_per_kwh"]
