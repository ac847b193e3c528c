"""Boundary, hardware by its parts, the contract's electricity, storage and transfers, SCI."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import (
    EMBODIED,
    STAGES,
    Assumptions,
    Bound,
    Footprint,
    FunctionalUnit,
    ServerParts,
    Staged,
    Subject,
    account,
    by_the_hour,
    embodied_parts,
    read_case,
    read_server,
    recompute,
    sci,
    sci_for_ai,
    share_by_the_hour,
    unlike,
)
from brizna.core import codec
from brizna.core.errors import CoverageError, InputError
from brizna.core.estimate import Estimate, exactly, total
from brizna.core.quantities import (
    Carbon,
    CarbonIntensity,
    Duration,
    Energy,
    Power,
    Ratio,
    WaterIntensity,
)
from brizna.core.signal import Signal
from brizna.verbs import account_case

READ = (Bound(item="cpu", state="in", reason="metered"),)
SUBJECT = Subject(
    digest="sha256:01",
    id="r",
    energy_j=exactly(Energy.of(12, "kWh"), "metered"),
    duration_s=exactly(Duration.of(10, "h"), "metered"),
    parts={},
    boundary=READ,
)
PLACE = Assumptions(
    pue=exactly(Ratio(1.5)),
    intensity_g_per_kwh=exactly(CarbonIntensity(200)),
    embodied_g=exactly(Carbon.of(1000, "kg")),
    lifetime_s=exactly(Duration.of(4, "y")),
    hardware_share=exactly(Ratio(0.5)),
    functional_unit=FunctionalUnit(name="1000 tokens", count=1000),
)
START = datetime(2026, 3, 1, 10, tzinfo=UTC)


def best(figure: Estimate | None) -> float:
    assert figure is not None
    return figure.best.value


def states(footprint: Footprint) -> dict[str, str]:
    return {bound.item: bound.state for bound in footprint.boundary}


# ---------------------------------------------------------------------------------------- hardware


def test_a_server_by_its_parts_gives_boaviztas_figure_for_the_dell_r740() -> None:
    """BoaviztAPI documentation, getting started with a single server, archetype dellR740."""
    server = read_server("server:cpus=2,cores=24,memory_gb=384,sticks=12,ssd_gb=400", ServerParts())
    parts = embodied_parts(server, lambda factor: factor.estimate())
    published_kg = {"cpu": 43.4, "memory": 540, "ssd": 24, "power-supply": 145.32, "case": 150}
    for part, kg in published_kg.items():
        assert best(parts[part]) == pytest.approx(kg * 1000, rel=0.015), part
    assert best(total(parts.values())) == pytest.approx(970e3, rel=0.001)


def test_what_one_factor_may_be_wrong_by_moves_all_parts_that_rest_on_it() -> None:
    one = embodied_parts(ServerParts(ssd_gb=400), lambda factor: factor.estimate())
    two = embodied_parts(ServerParts(ssd_gb=800, ssds=2), lambda factor: factor.estimate())
    ratio = two["ssd"] / one["ssd"]
    assert best(ratio) == pytest.approx(2)
    assert ratio.low.value == pytest.approx(ratio.high.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("server:cpu=2", "Did you mean 'cpus'"),
        ("server:cpus=two", "expected a number"),
        ("server:cpus=-1", "above 0"),
        ("server:cores=0", "cores = 0.0: expected a number above 0"),
        ("server:memory_gb=-1", "from 0 up"),
    ],
)
def test_a_server_that_cannot_be_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_server(text, ServerParts())


def test_a_named_machine_is_narrower_than_an_unknown_one() -> None:
    def made(**facts: object) -> Estimate:
        given = {"energy_kwh": 1, "duration_h": 1, "zone": "ES", **facts}
        embodied_g = account_case(given)[1].carbon_embodied_g
        assert embodied_g is not None
        return embodied_g

    by_parts = made(machine="server:cpus=2,memory_gb=384,ssd_gb=400")
    by_item = made(machine="server-dell-poweredge-r740")
    assert by_parts.high.value / by_parts.low.value < 10
    assert by_item.best != by_parts.best
    assert best(made(machine="1300kg")) == pytest.approx(1.3e6 / (4 * 365.25 * 24))
    with pytest.raises(InputError, match="no machine of the tables"):
        made(machine="dell")
    with pytest.raises(InputError, match="a number above 0, such as 1300kg"):
        made(machine="0kg")


# ---------------------------------------------------------------------------------------- boundary


def test_a_footprint_says_what_it_holds_and_why_not() -> None:
    footprint = account(SUBJECT, PLACE)
    assert states(footprint) == {
        "cpu": "in",
        "transfer": "out",
        "cooling": "in",
        "manufacture": "in",
        "transport": "partly",
        "building": "out",
        "end-of-life": "partly",
    }
    assert all(bound.reason for bound in footprint.boundary)
    bare = account(SUBJECT, Assumptions(pue=exactly(Ratio(1))))
    assert {states(bare)[item] for item in EMBODIED} == {"out"}


def test_declared_parts_of_the_hardwares_life_are_in_and_sum() -> None:
    given = {"energy_kwh": 1, "duration_h": 1, "embodied_kg": 1000, "lifetime_y": 1}
    alone = account_case(given)[1]
    both = account_case({**given, "transport_kg": 40, "end_of_life_kg": 10})[1]
    assert best(both.carbon_embodied_g) == pytest.approx(1.05 * best(alone.carbon_embodied_g))
    assert states(both)["transport"] == "in"
    assert states(both)["building"] == "out"


def test_boundaries_that_differ_are_told_by_item() -> None:
    one = (Bound(item="cpu", state="in", reason="a"), Bound(item="idle", state="in", reason="b"))
    other = (Bound(item="cpu", state="in", reason="c"), Bound(item="idle", state="out", reason="d"))
    assert unlike(one, other) == ("idle",)
    assert unlike(one, one[:1]) == ("idle",)
    assert not unlike(one, one)


def test_a_footprint_of_before_has_no_boundary_and_keeps_its_bytes() -> None:
    old = account(SUBJECT.replace(boundary=()), PLACE)
    assert "boundary" not in old.to_json()
    again = recompute(old, SUBJECT)
    assert codec.encode(again.to_json()) == codec.encode(old.to_json())


def test_a_full_footprint_survives_its_record() -> None:
    full = account(
        SUBJECT,
        PLACE.replace(
            market_g_per_kwh=exactly(CarbonIntensity(100)),
            guaranteed_share=exactly(Ratio(0.4)),
            guaranteed_g_per_kwh=exactly(CarbonIntensity(0)),
            storage_tb=exactly(Ratio(2)),
            storage_w_per_tb=exactly(Power(1.2)),
            mix={"wind": 1.0},
        ),
    )
    assert Footprint.from_json(codec.decode(codec.encode(full.to_json()))) == full
    assert recompute(full, SUBJECT) == full


# ----------------------------------------------------------------- electricity, storage, transfers


def test_place_contract_and_margin_stand_side_by_side_and_only_the_place_sums() -> None:
    """18 kWh at 200 g; 40 % guaranteed at 0, the rest at 300 by the label; 450 at the margin."""
    footprint = account(
        SUBJECT,
        PLACE.replace(
            market_g_per_kwh=exactly(CarbonIntensity(300)),
            guaranteed_share=exactly(Ratio(0.4)),
            guaranteed_g_per_kwh=exactly(CarbonIntensity(0)),
            marginal_g_per_kwh=exactly(CarbonIntensity(450)),
        ),
    )
    assert best(footprint.carbon_operational_g) == pytest.approx(3600)
    assert best(footprint.carbon_market_g) == pytest.approx(18 * 0.6 * 300)
    assert best(footprint.carbon_marginal_g) == pytest.approx(18 * 450)
    assert footprint.carbon_g == account(SUBJECT, PLACE).carbon_g
    assert footprint.sci_g_per_unit == account(SUBJECT, PLACE).sci_g_per_unit


def test_without_a_label_what_is_not_guaranteed_is_at_the_places_intensity() -> None:
    covered = PLACE.replace(
        guaranteed_share=exactly(Ratio(0.25)), guaranteed_g_per_kwh=exactly(CarbonIntensity(0))
    )
    assert best(account(SUBJECT, covered).carbon_market_g) == pytest.approx(18 * 0.75 * 200)


@pytest.mark.parametrize(("covered", "expected_g"), [(None, 0.0), (0.4, 18 * 0.6 * 300)])
def test_a_contract_covers_the_site_and_not_networks_elsewhere(covered, expected_g) -> None:
    """100 GB at 0.001 kWh each stay at the place's 200 g; 18 kWh are bought under the contract."""
    moved = PLACE.replace(
        transfer_gb=exactly(Ratio(100)),
        transfer_j_per_gb=exactly(Energy.of(0.001, "kWh")),
        market_g_per_kwh=exactly(CarbonIntensity(0 if covered is None else 300)),
        guaranteed_share=None if covered is None else exactly(Ratio(covered)),
        guaranteed_g_per_kwh=None if covered is None else exactly(CarbonIntensity(0)),
    )
    footprint = account(SUBJECT, moved)
    assert best(footprint.carbon_market_g) == pytest.approx(expected_g + 0.1 * 200)
    assert recompute(footprint, SUBJECT) == footprint


def test_the_pue_lies_on_machine_and_storage_once_and_never_on_networks() -> None:
    """(12 + 2 x 1.2 x 10 / 1000) x 1.5 + 100 x 0.001 kWh."""
    footprint = account(
        SUBJECT,
        PLACE.replace(
            storage_tb=exactly(Ratio(2)),
            storage_w_per_tb=exactly(Power(1.2)),
            transfer_gb=exactly(Ratio(100)),
            transfer_j_per_gb=exactly(Energy.of(0.001, "kWh")),
        ),
    )
    expected = (12 + 0.024) * 1.5 + 0.1
    assert best(footprint.facility_energy_j) == pytest.approx(expected * 3.6e6)
    assert states(footprint)["storage"] == "in"
    assert states(footprint)["transfer"] == "in"


@given(st.floats(0.1, 100), st.floats(1, 2), st.floats(0, 5), st.floats(0.1, 10), st.booleans())
def test_water_follows_the_formula_with_the_pue_once(
    energy_kwh: float, pue: float, wue: float, ewif: float, stored: bool
) -> None:
    """E_IT x (WUE + PUE x EWIF), Li et al. 2023, section 3; storage is of the IT energy."""
    assumptions = Assumptions(
        pue=exactly(Ratio(pue)),
        wue_l_per_kwh=exactly(WaterIntensity(wue)),
        ewif_l_per_kwh=exactly(WaterIntensity(ewif)),
        storage_tb=exactly(Ratio(100)) if stored else None,
        storage_w_per_tb=exactly(Power(1)) if stored else None,
    )
    subject = SUBJECT.replace(energy_j=exactly(Energy.of(energy_kwh, "kWh")))
    it_kwh = energy_kwh + (1 if stored else 0)
    made = account(subject, assumptions)
    assert best(made.water_l) == pytest.approx(it_kwh * (wue + pue * ewif))


def test_a_declared_mix_gives_the_renewable_share_and_must_be_whole() -> None:
    given = {"energy_kwh": 10, "pue": 1, "mix": {"wind": 0.5, "solar": 0.1, "gas": 0.4}}
    footprint = account_case(given)[1]
    assert best(footprint.renewable_energy_j) == pytest.approx(6 * 3.6e6)
    assert footprint.assumptions.mix == given["mix"]
    with pytest.raises(InputError, match="sum to 1"):
        read_case({**given, "mix": {"wind": 0.5}})


def test_the_origin_of_a_zone_stands_beside_or_says_why_not() -> None:
    spain = account_case({"energy_kwh": 10, "zone": "ES"})[1]
    assert 0.2 < best(spain.assumptions.renewable_share) < 0.7
    assert sum(spain.assumptions.mix.values()) == pytest.approx(1, abs=1e-3)
    peru = account_case({"energy_kwh": 10, "zone": "PE"})[1]
    assert peru.renewable_energy_j is None
    assert "PE" in peru.reasons["renewable_energy_j"]


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        ({"guaranteed_share": 1.2}, "in \\[0, 1\\]"),
        ({"storage_kind": "tape"}, "ssd, hdd"),
        ({"storage_copies": 0}, "from 1 up"),
        ({"boundary": {"gpu": "yes"}}, "in, partly, out"),
        ({"boundary": {"gpus": "in"}}, "expected some of"),
    ],
)
def test_facts_that_cannot_be_are_refused(fact: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        account_case({"energy_kwh": 1, **fact})


# ------------------------------------------------------------------------------------------- hours


def hours(values: list[float | None], **more: object) -> Signal:
    edges = tuple(START + timedelta(hours=hour) for hour in range(len(values) + 1))
    return Signal(
        quantity=CarbonIntensity,
        edges=edges,
        values=tuple(values),
        kind="average",
        scope="life-cycle",
        source="test",
        **more,  # pyright: ignore[reportArgumentType]
    )


def test_the_trace_weighs_the_hours() -> None:
    """30 W over an hour at 100 g, then 10 W over an hour at 300 g: (30 x 100 + 10 x 300) / 40."""
    span = (START, START + timedelta(hours=2))
    found = by_the_hour([(3600, 30.0), (7200, 10.0)], span, hours([100, 300]))
    assert found.intensity_g_per_kwh.best.value == pytest.approx(150)
    assert found.even_g_per_kwh == pytest.approx(200)
    assert [hour.share for hour in found.hours] == pytest.approx([0.75, 0.25])


def test_a_sample_across_an_edge_is_parted_there() -> None:
    span = (START + timedelta(minutes=30), START + timedelta(minutes=90))
    found = by_the_hour([(3600, 5.0)], span, hours([100, 300]))
    assert [hour.share for hour in found.hours] == pytest.approx([0.5, 0.5])


def test_without_samples_a_steady_draw_stands_in_and_says_so() -> None:
    span = (START, START + timedelta(hours=2))
    found = by_the_hour([], span, hours([100, 300]))
    assert found.intensity_g_per_kwh.best.value == pytest.approx(200)
    assert not found.measured


@given(
    st.lists(st.floats(0.1, 1000), min_size=1, max_size=40),
    st.lists(st.floats(1, 1000), min_size=4, max_size=4),
)
def test_cutting_the_trace_finer_changes_nothing(powers: list[float], values: list[float]) -> None:
    span = (START, START + timedelta(hours=4))
    step_s = 4 * 3600 / len(powers)
    trace = [((index + 1) * step_s, power) for index, power in enumerate(powers)]
    finer = [
        (end_s - step_s / 2 + half * step_s / 2, power) for end_s, power in trace for half in (0, 1)
    ]
    signal = hours(list(values))
    coarse = by_the_hour(trace, span, signal)
    assert sum(hour.share for hour in coarse.hours) == pytest.approx(1)
    assert by_the_hour(finer, span, signal).intensity_g_per_kwh.best.value == pytest.approx(
        coarse.intensity_g_per_kwh.best.value
    )


def test_the_renewable_share_is_weighed_by_the_energy_too() -> None:
    """30 W at 0.2 and 10 W at 0.6, an hour each: (30 x 0.2 + 10 x 0.6) / 40."""
    share = hours([0.2, 0.6]).replace(quantity=Ratio, kind="renewable", scope=None)
    span = (START, START + timedelta(hours=2))
    found = share_by_the_hour([(3600, 30.0), (7200, 10.0)], span, share)
    assert found.best.value == pytest.approx(0.3)
    with pytest.raises(InputError, match="no share"):
        share_by_the_hour([], span, hours([100, 300]))


def test_an_hour_that_is_missing_is_an_error() -> None:
    with pytest.raises(CoverageError, match="without a value"):
        by_the_hour([], (START, START + timedelta(hours=2)), hours([100, None]))
    with pytest.raises(CoverageError):
        by_the_hour([], (START, START + timedelta(hours=3)), hours([100, 300]))


# --------------------------------------------------------------------------------------------- SCI


def test_sci_is_the_rate_of_the_specification() -> None:
    footprint = account(SUBJECT, PLACE)
    score = sci(footprint)
    assert score.sci_g_per_unit == footprint.sci_g_per_unit
    assert best(score.operational_g) == pytest.approx(
        best(score.energy_j) / 3.6e6 * best(score.intensity_g_per_kwh)
    )
    assert best(sci(footprint, FunctionalUnit(name="image", count=1)).sci_g_per_unit) == (
        pytest.approx(best(footprint.carbon_g))
    )


def test_no_score_without_hardware_or_unit() -> None:
    bare = account(SUBJECT, PLACE.replace(embodied_g=None, functional_unit=None))
    with pytest.raises(InputError, match="SCI is a rate"):
        sci(bare)
    with pytest.raises(CoverageError, match="carbon_embodied_g"):
        sci(bare, FunctionalUnit(name="token", count=1))
    with pytest.raises(CoverageError, match="no SCI at the margin"):
        sci(account(SUBJECT, PLACE), intensity="marginal")


def test_the_specifications_own_consumer_example_in_the_right_unit() -> None:
    """SCI for AI, January 2026: 6500 kg over 5e10 tokens is 130 g for a million, not 0.13 g."""
    tokens = FunctionalUnit(name="million tokens", count=5e10 / 1e6)
    energy_j = exactly(Energy.of(6500e3 / 1000, "kWh"))
    place = PLACE.replace(
        pue=exactly(Ratio(1)),
        intensity_g_per_kwh=exactly(CarbonIntensity(1000)),
        embodied_g=exactly(Carbon(0.0)),
    )
    used = account(SUBJECT.replace(energy_j=energy_j), place)
    score = sci_for_ai([Staged(stage="inference", footprint=used)], consumer=tokens)
    assert score.consumer is not None
    assert score.provider is None
    assert best(score.consumer.sci_g_per_unit) == pytest.approx(130)


def test_every_stage_counts_for_one_side_and_nothing_sums_both() -> None:
    made = account(SUBJECT, PLACE)
    parts = [Staged(stage=stage, footprint=made) for stage in STAGES if stage != "inception"]
    parts.append(Staged(stage="search", footprint=made))
    score = sci_for_ai(
        parts,
        consumer=FunctionalUnit(name="tokens", count=10),
        provider=FunctionalUnit(name="parameters", count=100),
    )
    assert score.consumer is not None
    assert score.provider is not None
    assert best(score.provider.carbon_g) == pytest.approx(7 * best(made.carbon_g))
    assert best(score.provider.stages["search"]) == pytest.approx(2 * best(made.carbon_g))
    assert score.provider.missing == ("inception",)
    assert best(score.consumer.carbon_g) == pytest.approx(2 * best(made.carbon_g))
    assert set(score.to_json()) == {"schema", "consumer", "provider"}


def test_each_side_takes_its_own_units_and_needs_its_stages() -> None:
    used = [Staged(stage="inference", footprint=account(SUBJECT, PLACE))]
    with pytest.raises(InputError, match="functional unit of the consumer"):
        sci_for_ai(used, consumer=FunctionalUnit(name="parameters", count=1))
    with pytest.raises(CoverageError, match="stage of the provider"):
        sci_for_ai(used, provider=FunctionalUnit(name="parameters", count=1))
    with pytest.raises(InputError, match="No functional unit"):
        sci_for_ai(used)
    with pytest.raises(InputError, match="Did you mean 'inference'"):
        Staged(stage="inferense", footprint=used[0].footprint)


@pytest.mark.parametrize(
    ("said", "mixed"), [(0.8, {"wind": 0.5, "gas": 0.5}), (0.2, {"wind": 0.5, "other": 0.5})]
)
def test_a_renewable_share_that_the_mix_contradicts_is_refused(said, mixed) -> None:
    given = {"energy_kwh": 10, "renewable_share": said, "mix": mixed}
    with pytest.raises(InputError, match="renewable_share"):
        account_case(given)
    agreed = {**given, "renewable_share": [0.5, 0.5, 0.8]}
    assert best(account_case(agreed)[1].assumptions.renewable_share) == 0.5


def test_storage_without_a_time_is_refused_and_takes_no_figure_along() -> None:
    given = {"energy_kwh": 10, "storage_tb": 2}
    with pytest.raises(InputError, match="duration_h"):
        account_case(given)
    assert account_case({**given, "duration_h": 1})[1].facility_energy_j is not None
