"""Energy becomes carbon, water and money by published formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import (
    Assumptions,
    Footprint,
    FunctionalUnit,
    Subject,
    account,
    doubt_shares,
    explain,
    read_case,
    recompute,
    subject_of_case,
)
from brizna.core import codec
from brizna.core.errors import InputError, IntegrityError
from brizna.core.estimate import Estimate, exactly
from brizna.core.factors import Factor
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Ratio,
    Tariff,
    WaterIntensity,
)

GRID = Factor(
    id="grid/XX/2022",
    value=200.0,
    low=150.0,
    high=320.0,
    unit="gCO2e/kWh",
    per=None,
    basis="published",
    interval="sources",
    source="a source",
    year=2022,
    licence="CC0",
    note="",
    others=(),
    table="test",
    table_digest="sha256:00",
)
DECLARED = Assumptions(
    pue=exactly(Ratio(1.5)),
    intensity_g_per_kwh=GRID.estimate(),
    tariff_per_kwh=exactly(Tariff(0.2)),
    currency="EUR",
    embodied_g=exactly(Carbon.of(1000, "kg")),
    lifetime_s=exactly(Duration.of(4, "y")),
    hardware_share=exactly(Ratio(0.5)),
    wue_l_per_kwh=exactly(WaterIntensity(0.55)),
    ewif_l_per_kwh=exactly(WaterIntensity(3.142)),
    functional_unit=FunctionalUnit(name="inference", count=1000),
    factors=(GRID,),
)
RUN = Subject(
    digest="sha256:01",
    id="r",
    energy_j=exactly(Energy.of(12, "kWh"), "metered"),
    duration_s=exactly(Duration.of(10, "h"), "metered"),
    parts={"rapl/package-0": "channel:rapl/package-0"},
)


def best(figure: Estimate | None) -> float:
    assert figure is not None
    return figure.best.value


def test_the_worked_example_of_the_guide() -> None:
    """Ten hours on four devices of 0.3 kW, PUE 1.5, 450 g/kWh: 12 kWh, 18 kWh, 8.1 kg."""
    case = read_case(
        {
            "duration_h": 10,
            "devices": [{"count": 4, "power_w": 300}],
            "pue": 1.5,
            "intensity_g_per_kwh": 450,
        }
    )
    made = account(
        subject_of_case(case),
        Assumptions(pue=case.facts["pue"], intensity_g_per_kwh=case.facts["intensity"]),
    )
    assert best(made.energy_j) == 12 * 3.6e6
    assert best(made.facility_energy_j) == 18 * 3.6e6
    assert best(made.carbon_operational_g) == 8100
    assert best(made.carbon_g) == 8100
    assert made.carbon_embodied_g is None
    assert made.reasons["carbon_embodied_g"] == "embodied_g is not known"


def test_every_figure_of_a_full_account() -> None:
    made = account(RUN, DECLARED)
    assert best(made.carbon_operational_g) == pytest.approx(18 * 200)
    assert best(made.carbon_embodied_g) == pytest.approx(1e6 * 10 / (4 * 365.25 * 24) * 0.5)
    assert best(made.carbon_g) == pytest.approx(
        best(made.carbon_operational_g) + best(made.carbon_embodied_g)
    )
    assert best(made.cost) == pytest.approx(3.6)
    assert made.currency == "EUR"
    assert best(made.sci_g_per_unit) == pytest.approx(best(made.carbon_g) / 1000)
    assert not made.reasons


def test_water_of_li_et_al_us_average() -> None:
    """Li et al. 2023, table 1, US average: 0.55 + 1.17 x 3.142 = 4.226 L for each kWh of IT."""
    made = account(RUN, DECLARED.replace(pue=exactly(Ratio(1.17))))
    assert best(made.water_l) / 12 == pytest.approx(4.226, abs=0.001)


def test_what_is_unknown_is_absent_with_its_reason() -> None:
    made = account(
        RUN.replace(energy_j=None, reason="no channel gave two readings"),
        Assumptions(pue=exactly(Ratio(1.2)), reasons={"intensity_g_per_kwh": "no zone is known"}),
    )
    assert made.carbon_g is None
    assert made.energy_j is None
    assert made.reasons["carbon_g"] == "no channel gave two readings"
    known = account(RUN, made.assumptions)
    assert best(known.facility_energy_j) == pytest.approx(1.2 * 12 * 3.6e6)
    assert known.reasons["carbon_operational_g"] == "no zone is known"
    assert known.reasons["carbon_g"] == "no zone is known"


def test_an_embodied_part_that_is_unknown_is_not_taken_for_nothing_by_sci() -> None:
    made = account(RUN, DECLARED.replace(embodied_g=None))
    assert made.sci_g_per_unit is None
    assert made.reasons["sci_g_per_unit"] == "embodied_g is not known"
    assert best(made.carbon_g) == best(made.carbon_operational_g)


@given(st.floats(1, 500), st.floats(1, 500))
def test_more_carbon_in_a_kwh_never_gives_less_carbon(one: float, other: float) -> None:
    low, high = sorted((one, other))
    made = [
        account(
            RUN, DECLARED.replace(intensity_g_per_kwh=exactly(CarbonIntensity(value)), factors=())
        )
        for value in (low, high)
    ]
    assert best(made[0].carbon_g) <= best(made[1].carbon_g)


def test_a_footprint_survives_its_record_and_computes_to_the_same_bytes() -> None:
    made = account(RUN, DECLARED)
    data = codec.encode(made.to_json())
    stored = Footprint.from_json(codec.decode(data))
    assert stored == made
    assert codec.encode(recompute(stored, RUN).to_json()) == data


def test_a_changed_run_or_factor_is_noticed() -> None:
    stored = account(RUN, DECLARED)
    with pytest.raises(IntegrityError, match="changed after"):
        recompute(stored, RUN.replace(digest="sha256:02"))
    other = GRID.replace(value=160.0)
    with pytest.raises(IntegrityError, match="factor"):
        recompute(stored.replace(factors=(other,)), RUN)
    both = stored.replace(factors=(other,), assumptions=DECLARED.replace(factors=(other,)))
    with pytest.raises(IntegrityError, match="factor"):
        recompute(both, RUN)


def test_the_explanation_reaches_the_factor_and_the_channel() -> None:
    tree = explain(account(RUN, DECLARED), None, "carbon_g")
    names: set[str] = set()
    pending = [tree]
    while pending:
        node = pending.pop()
        names.add(node["name"])
        pending += node["inputs"]
    assert {"carbon_g", "facility_energy_j", "energy_j", "factor:grid/XX/2022"} <= names
    assert "rapl/package-0" in names


def test_doubt_shares_sum_to_one_and_name_the_largest_first() -> None:
    shares = doubt_shares(
        exactly(Energy(100)).doubted_by("small", 0.95, 1.05).doubted_by("large", 0.5, 2)
    )
    assert list(shares) == ["large", "small"]
    assert sum(shares.values()) == pytest.approx(1)
    assert doubt_shares(exactly(Energy(1))) == {}


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ({}, "neither energy_kwh"),
        ({"duration_h": 1, "devices": [{"power_w": 1}], "pwe": 1.2}, "Did you mean 'pue'"),
        ({"energy_kwh": 1, "energy_j": 2}, "twice"),
        ({"energy_kwh": -1}, "0 <= low"),
        ({"energy_kwh": [3, 2, 1]}, "low <= best"),
        ({"energy_kwh": "12"}, "a number or"),
        ({"energy_kwh": True}, "a number or"),
        ({"duration_h": 1, "devices": [{"count": 2}]}, "power_w"),
        ({"duration_h": 1, "devices": [{"power_w": 1, "count": 0}]}, "count 0"),
        ({"duration_h": 1, "devices": [{"power_w": 1, "utilisation": 2}]}, "share in"),
        ({"energy_kwh": 1, "duration_h": 1, "devices": [{"power_w": 1}]}, "keep the one"),
        ([1], "JSON object"),
    ],
)
def test_a_case_that_cannot_be_right_says_why(case: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_case(case)  # pyright: ignore[reportArgumentType]


def test_a_doubtful_number_is_given_as_low_best_high() -> None:
    case = read_case({"energy_kwh": [10, 12, 15]})
    energy = subject_of_case(case).energy_j
    assert energy is not None
    assert (energy.low.to("kWh"), energy.high.to("kWh")) == pytest.approx((10, 15))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hardware_share": 3}, "hardware_share is 3"),
        ({"lifetime_y": 0}, "longer than 0"),
        ({"currency": "euros"}, "three capital letters"),
    ],
)
def test_a_declared_fact_that_cannot_be_is_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        read_case({"energy_kwh": 1, **wrong})


@pytest.mark.parametrize("best", [0.08, 0.31, 0.57, 0.93])
def test_a_share_may_be_all_of_it_at_most(best: float) -> None:
    case = read_case({"energy_kwh": 1, "hardware_share": [best / 2, best, 1.0]})
    assert case.facts["share"].best == Ratio(best)


def test_a_utilisation_that_may_be_more_than_all_is_refused() -> None:
    with pytest.raises(InputError, match=r"utilisation 1.5"):
        read_case({"duration_h": 1, "devices": [{"power_w": 300, "utilisation": [0.5, 0.9, 1.5]}]})


def test_devices_without_a_name_are_told_apart() -> None:
    case = read_case({"duration_h": 1, "devices": [{"power_w": 300}, {"power_w": 500}]})
    assert list(subject_of_case(case).parts.values()) == ["case:devices[0]", "case:devices[1]"]
