"""The account's facts, the errors of their sources, and the figures that follow from them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import median, quantiles

import pytest

import brizna.meter  # noqa: F401 - its tables
from brizna.account._factors import (
    coefficient,
    embodied,
    embodied_of_device,
    equivalences,
    lifetime,
    published_models,
    pue,
    water,
)
from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError
from brizna.core.factors import factor, factors
from brizna.core.quantities import Carbon, CarbonIntensity, Duration, Energy

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("BRIZNA_SHARED", ROOT.parent / "shared"))


def rows(table: str, package: str = "brizna.account") -> list[dict[str, str]]:
    return list(load(package, table).rows)


# ------------------------------------------------------------------------------- power usage (PUE)


@pytest.mark.parametrize(
    ("name", "low", "best", "high"),
    [
        ("default", 1.0, sqrt(1.56), 1.56),
        ("aws", 1.135, 1.14, 1.2),
        ("gcp", 1.09, 1.09, 1.12),
        ("Microsoft", 1.12, 1.17, 1.2),
        ("world", 1.54, 1.54, 1.56),
    ],
)
def test_pue_holds_every_source(name, low, best, high) -> None:
    made = pue(name)
    assert (made.low, made.value, made.high) == pytest.approx((low, best, high))


def test_the_two_figures_of_one_page_for_azure_both_count() -> None:
    """Cloud Carbon Footprint: 1.185 in the text, 1.125 in appendix I."""
    made = pue("azure", year=2022)
    assert {text.split()[0] for text in made.others} >= {"1.185", "1.125"}
    assert made.low <= 1.125
    assert made.high >= 1.185


def test_no_facility_uses_less_than_its_computers() -> None:
    for name in {row["id"] for row in rows("pue")}:
        made = pue(name.removeprefix("pue/"))
        assert (made.value if made.low is None else made.low) >= 1


def test_an_unknown_place_is_a_default_with_both_bounds() -> None:
    assert pue().basis == "default"
    assert pue().id == "pue/default"


def test_an_unknown_operator_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'amazon'"):
        pue("amazn")


def test_every_default_of_this_project_says_when_it_was_derived() -> None:
    made = [
        pue(),
        embodied(),
        embodied("default-gpu"),
        water("wue/default"),
        water("ewif/default"),
        *(factor("brizna.meter", "vcpu", f"vcpu/{load}/default") for load in ("idle", "full")),
        factor("brizna.meter", "processors", "cpu/default-thread"),
    ]
    assert [one.id for one in made if one.year != 2026] == []
    tables = sorted((ROOT / "src/brizna").glob("*/tables/*.csv"))
    assert tables
    for path in tables:
        room = f"brizna.{path.parents[1].name}"
        import_module(room)  # its tables are read through it
        for row in rows(path.stem, room):
            assert row.get("publisher") != "brizna" or row["year"], row["id"]


def test_a_year_of_an_operator_can_be_asked_for() -> None:
    assert pue("google", year=2008).value == pytest.approx(1.21)
    with pytest.raises(CoverageError, match="but 1999"):
        pue("google", year=1999)


# ----------------------------------------------------------------------------------------- hardware


def test_one_card_has_three_embodied_figures_and_all_count() -> None:
    """Its maker 164, EcoLogits 273 (164 two versions before), a bottom-up model 575 kg."""
    made = embodied("nvidia-h100-sxm-80gb")
    assert (made.low, made.value, made.high) == (164, 273, 575.1)
    assert made.year == 2026
    before = next(row for row in rows("embodied") if row["value"] == "273")
    assert "164" in before["note"]


def test_a_board_of_eight_weighs_what_eight_cards_do() -> None:
    board = embodied("nvidia-hgx-h100-8-gpu-baseboard")
    assert board.value / 8 == pytest.approx(embodied("nvidia-h100-sxm-80gb").low)


def test_a_card_is_known_by_the_name_it_gives_itself() -> None:
    assert embodied_of_device("NVIDIA H100 80GB HBM3").id == "embodied/nvidia-h100-sxm-80gb"
    assert embodied_of_device("A100-SXM4-40GB").id == "embodied/nvidia-a100-sxm4-40gb"
    assert embodied_of_device("NVIDIA GeForce RTX 4090").id == "embodied/default-gpu"


def test_the_unknown_card_is_as_wide_as_the_known_ones() -> None:
    made = embodied("default-gpu")
    cards = [
        other
        for other in factors("brizna.account", "embodied")
        if other.per == "card" and other.interval in ("sources", "stated", "none")
    ]
    assert made.low == min(other.low for other in cards)
    assert made.high == max(other.high for other in cards)


def test_the_unknown_machine_lies_between_a_small_one_and_a_big_one() -> None:
    made = embodied()
    assert made.basis == "default"
    assert made.low == embodied("aws-m5.xlarge").low
    assert made.high == embodied("server-dell-poweredge-r740").value
    assert made.value == pytest.approx(sqrt(made.low * made.high))


def test_the_constant_for_a_processor_is_per_package() -> None:
    """Cloud Carbon Footprint says per CPU; Impact Framework applies it per vCPU."""
    made = embodied("additional-cpu")
    assert made.value == 100
    assert made.per == "cpu"
    assert "per vCPU" in made.note


def test_the_worked_example_of_impact_framework_closes() -> None:
    """SciEmbodied: a server of 1 vCPU and 16 GB costs 28.5388 g an hour over 4 years of 365 d."""
    total = embodied("baseline-server").quantity()
    hours = Duration.of(4 * 365, "d").to("h")
    assert total.to("g") / hours == pytest.approx(28.5388, abs=5e-5)


def test_memory_beyond_the_first_16_gb_follows_its_source() -> None:
    assert embodied("additional-memory").value == pytest.approx(533 / 384, abs=5e-4)


def test_a_machine_lives_four_years_and_perhaps_three_or_six() -> None:
    estimate = lifetime().estimate()
    ends = estimate.low.to("y"), estimate.best.to("y"), estimate.high.to("y")
    assert ends == pytest.approx((3, 4, 6))


def test_swapped_cards_stand_the_right_way_round() -> None:
    """mlco2/impact gpus.csv gives V100 PCIe 300 W and SXM2 250 W."""
    power = {row["id"]: float(row["value"]) for row in rows("accelerators", "brizna.meter")}
    assert power["accelerator/tesla-v100-pcie-16gb"] == 250
    assert power["accelerator/tesla-v100-sxm2-16gb"] == 300
    assert not any("gtx-750" in name for name in power)  # 250 W there, 55 W on its data sheet


# ----------------------------------------------------------------------------- water, coefficients


def test_water_of_the_us_average_closes() -> None:
    """Li et al., Making AI Less Thirsty, table 1: 0.55 on site, PUE 1.17, EWIF 3.142 L/kWh."""
    on_site = water("wue/microsoft-us-average").value
    off_site = factor("brizna.account", "water", "water/ewif/us").value
    assert on_site + 1.17 * off_site == pytest.approx(4.226, abs=1e-3)


def test_the_unknown_places_water_is_bounded_by_the_known_ones() -> None:
    sites = [row for row in rows("water") if row["publisher"] == "li-et-al"]
    for kind in ("wue", "ewif"):
        known = [float(row["value"]) for row in sites if f"/{kind}/" in row["id"]]
        made = water(f"{kind}/default")
        assert (made.low, made.high) == (min(known), max(known))


def test_network_transfer_is_per_gigabyte_and_sixtyfold_uncertain() -> None:
    """Cloud Carbon Footprint prints kWh/Gb in places and means gigabytes."""
    made = coefficient("network/transfer")
    assert made.per == "GB"
    assert (made.low, made.high) == (0.001, 0.059)


def test_the_best_value_of_network_transfer_lies_in_the_middle() -> None:
    """Aslan et al. 2018: 0.06 kWh/GB in 2015, halved every two years; here carried on to 2021."""
    made = coefficient("network/transfer")
    assert made.value == pytest.approx(0.06 / 2 ** ((2021 - 2015) / 2))
    assert made.value == pytest.approx((made.low * made.high) ** 0.5, rel=0.05)


def test_pounds_per_megawatt_hour_become_grams_per_kilowatt_hour() -> None:
    """Strubell et al. 2019: 0.954 lb/kWh; WattTime states lb/MWh."""
    assert coefficient("strubell-2019/intensity").quantity().value == pytest.approx(
        432.727, abs=1e-3
    )
    assert CarbonIntensity.of(930, "lb/MWh").value == pytest.approx(421.84, abs=0.01)


def test_the_printed_examples_of_sci_for_ai_are_corrected_by_units() -> None:
    """The specification prints 0.13 g per million tokens, and 3000 kg per billion parameters."""
    per_million_tokens = Carbon.of(6500, "kg") / 5e10 * 1e6
    assert per_million_tokens == Carbon.of(130, "g")
    assert (Carbon.of(75, "t") / 2.5).to("kg") == pytest.approx(30_000)


# -------------------------------------------------------------------------------------- comparisons


def test_trees_searches_and_lives_are_not_offered_unasked() -> None:
    shown = {made.factor.id for made in equivalences()}
    every = {made.factor.id for made in equivalences(every=True)}
    assert shown < every
    hidden = ("tree", "seedling", "search", "lifetime")
    assert not any(word in name for name in shown for word in hidden)
    assert any("tree" in name for name in every)


def test_every_comparison_has_words_in_both_languages() -> None:
    for made in equivalences(every=True):
        assert made.name_en
        assert made.name_es
        assert made.unit_en
        assert made.unit_es
        assert isinstance(made.factor.quantity(), Carbon | Energy)


def test_published_figures_are_in_base_units() -> None:
    models = {made.id: made for made in published_models()}
    gpt3 = models["model/gpt-3-175b-training"]
    assert gpt3.energy_j == pytest.approx(1287 * 3.6e9)
    assert gpt3.carbon_g == pytest.approx(552.1e6)
    prompt = models["model/gemini-apps-median-text-prompt-inference"]
    assert (prompt.energy_j, prompt.water_l) == pytest.approx((864, 0.00026))
    assert not any("search" in name for name in models)


def test_a_training_whose_energy_nobody_told_has_none() -> None:
    told = {made.id: made for made in published_models()}["model/deepseek-v3-training"]
    assert (told.energy_j, told.carbon_g, told.phase, told.year) == (None, None, "training", 2024)


# ------------------------------------------------------------------- derived figures, derived again


def central_90(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[0], cuts[-1]


def spread(name: str, package: str = "brizna.account") -> tuple[float, float]:
    made = factor(package, "spreads", name)
    return made.low, made.high


def test_the_embodied_spread_is_how_far_cards_with_several_sources_differ() -> None:
    ratios = []
    for made in factors("brizna.account", "embodied"):
        if made.per == "card" and made.others and "generic" not in made.id:
            others = [float(text.split()[0]) for text in made.others]
            ratios += [other / made.value for other in others]
    assert spread("embodied/one-source") == pytest.approx((min(ratios), max(ratios)), rel=1e-5)


def test_the_spreads_of_sites_are_those_of_one_operators_sites() -> None:
    sites = [row for row in rows("water") if row["publisher"] == "li-et-al"]
    for name, kind, column in (
        ("pue/one-source", "wue", "pue"),
        ("water/wue-site", "wue", "value"),
        ("water/ewif-region", "ewif", "value"),
    ):
        said = {row["id"]: float(row[column]) for row in sites if f"/{kind}/" in row["id"]}
        mean = said.pop(next(i for i in said if i.endswith(("us-average", "ewif/us"))))
        ends = min(said.values()) / mean, max(said.values()) / mean
        assert spread(name) == pytest.approx(ends, rel=1e-5), name


def test_the_doubt_of_the_load_model_is_what_it_misses_on_measured_machines() -> None:
    curve = {
        int(row["load_percent"]): float(row["value"])
        for row in rows("load_curve", "brizna.meter")
        if row["publisher"] == "teads"
    }
    points = sorted(curve.items())
    ratios = []
    for row in rows("load_measurements", "brizna.meter"):
        load_percent = float(row["load_percent"])
        (left, at_left), (right, at_right) = next(
            pair for pair in pairwise(points) if load_percent <= pair[1][0]
        )
        share = at_left + (at_right - at_left) * (load_percent - left) / (right - left)
        modelled_w = float(row["tdp_w"]) * int(row["packages"]) * share
        ratios.append(float(row["value"]) / modelled_w)
    assert len(ratios) == 44
    assert spread("accuracy/load-model", "brizna.meter") == pytest.approx(
        central_90(ratios), rel=1e-5
    )


def test_the_published_load_curve_is_the_measured_one() -> None:
    for percent, share in ((0, 0.12), (10, 0.32), (50, 0.75), (100, 1.02)):
        made = factor("brizna.meter", "load_curve", f"load-curve/{percent}")
        assert made.value == share
        assert made.low <= share <= made.high


def test_the_unknown_processor_is_as_wide_as_the_known_ones() -> None:
    known = [
        float(row["value"]) / int(row["threads"])
        for row in rows("processors", "brizna.meter")
        if row["threads"]
    ]
    made = factor("brizna.meter", "processors", "cpu/default-thread")
    assert made.value == pytest.approx(median(known), rel=1e-5)
    assert (made.low, made.high) == pytest.approx(central_90(known), rel=1e-5)


@pytest.mark.parametrize("what", ["idle", "full"])
def test_the_unknown_virtual_processor_is_as_wide_as_the_known_ones(what: str) -> None:
    data = rows("vcpu", "brizna.meter")
    known = [
        float(row["value"])
        for row in data
        if row["id"].startswith(f"vcpu/{what}/") and not row["id"].endswith("default")
    ]
    made = factor("brizna.meter", "vcpu", f"vcpu/{what}/default")
    assert (made.low, made.high) == pytest.approx((min(known), max(known)), rel=1e-5)
    ends = min(known) / made.value, max(known) / made.value
    assert spread(f"vcpu/{what}-architecture", "brizna.meter") == pytest.approx(ends, rel=1e-5)


def test_memory_power_holds_every_source() -> None:
    made = factor("brizna.meter", "memory", "memory/power")
    assert (made.low, made.value, made.high) == (0.04, 0.284, 0.54)
    assert made.per == "GB"


# ------------------------------------------------------------------------------- what must not ship


def test_data_without_a_licence_do_not_ship() -> None:
    for package in ("brizna.account", "brizna.grid", "brizna.meter"):
        folder = Path(importlib.import_module(package).__path__[0]) / "tables"
        names = {path.stem for path in folder.glob("*")}
        assert not names & {"scaling_profiles", "instance_prices", "lwa_DE_2020_15min"}


def test_hardware_facts_are_those_of_their_source() -> None:
    path = SHARED / "data" / "facts" / "hardware.csv"
    if not path.exists():
        pytest.skip("the source data are not here: set BRIZNA_SHARED (facts/hardware.csv)")
    import csv

    with path.open(newline="", encoding="utf-8") as file:
        theirs = {row["name"]: row["tdp_w"] for row in csv.DictReader(file) if row["tdp_w"]}
    ours = {
        row["name"]: row["value"]
        for table in ("processors", "accelerators")
        for row in rows(table, "brizna.meter")
    }
    assert {name: float(watts) for name, watts in theirs.items()} == {
        name: float(watts) for name, watts in ours.items() if name != "unknown processor"
    }


def test_the_reference_page_says_what_the_tables_say() -> None:
    script = ROOT / "tools" / "write_factor_reference.py"
    written = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    page = (ROOT / "docs" / "reference" / "factors.md").read_text(encoding="utf-8")
    assert written == page, "run tools/write_factor_reference.py > docs/reference/factors.md"
