"""What a kilowatt-hour carries, where, and how sure that is."""

from __future__ import annotations

import csv
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.core._tables import load
from brizna.core.errors import CoverageError, InputError
from brizna.core.factors import factor
from brizna.core.quantities import Duration
from brizna.grid import (
    ZONE_GUESS,
    cloud_zone,
    find_zone,
    fuel,
    guess_zone,
    hour_of_year,
    intensity,
    run_intensity,
    zones,
)

SHARED = Path(
    os.environ.get("BRIZNA_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
RUN = {"duration": Duration.of(1, "h"), "started": datetime(2026, 3, 1, 12, tzinfo=UTC)}

known_zones = st.sampled_from([zone.id for zone in zones() if zone.is_known])
durations = st.floats(0, 5000).map(lambda hours: Duration.of(hours, "h"))


def test_spain_has_three_sources_and_the_latest_dated_one_is_best() -> None:
    made = intensity("ES")
    assert (made.id, made.low, made.value, made.high) == ("grid/ES/2023", 146.15, 174.05, 211.46)
    assert made.interval == "sources"
    assert len(made.others) == 2


def test_a_year_gives_what_was_known_for_it() -> None:
    made = intensity("ES", year=2022)
    assert (made.id, made.value, made.low, made.high) == ("grid/ES/2022", 211.46, 146.15, 211.46)
    with pytest.raises(CoverageError, match="2020, 2021, 2022, 2023, but 2019"):
        intensity("ES", year=2019)


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("es", "ES"),
        ("Spain", "ES"),
        ("españa", "ES"),
        ("ESP", "ES"),
        ("AUS-NSW", "AU-NSW"),
        ("IN-MH", "IN-WE"),
        ("UK", "GB"),
        ("Estados Unidos", "US"),
        ("us-cal-ciso", "US-CAL-CISO"),
        ("world", "WORLD"),
        ("Canarias", "ES-CN"),
    ],
)
def test_a_zone_is_found_by_key_old_key_code_and_name(written: str, zone: str) -> None:
    assert find_zone(written).id == zone


def test_an_unknown_zone_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'Spian' is no grid zone.*Did you mean ES \(Spain\)"):
        intensity("Spian")


@pytest.mark.parametrize("zone", ["ES-CN-GC", "ES-IB-MA", "ES-CE", "Canarias", "Baleares"])
def test_spains_islands_are_not_the_mainland(zone: str) -> None:
    with pytest.raises(CoverageError, match="ES is another grid"):
        intensity(zone)


def test_every_zone_has_a_name_in_both_languages() -> None:
    for zone in zones():
        assert zone.name("en")
        assert zone.name("es")
    assert find_zone("DK-DK1").name_es == "Dinamarca: Oeste"


def test_zone_keys_and_names_are_not_ambiguous() -> None:
    ids = [zone.id for zone in zones()]
    assert len(set(ids)) == len(ids)
    for language in ("en", "es"):
        names = [zone.name(language) for zone in zones()]
        assert len(set(names)) == len(names)


@given(known_zones)
def test_every_intensity_is_positive_and_inside_its_interval(zone: str) -> None:
    made = intensity(zone)
    estimate = made.estimate()
    assert 0 < estimate.low.value <= made.value <= estimate.high.value < 3000
    assert made.basis == "published"


def test_no_grid_is_free_of_life_cycle_emissions() -> None:
    data = load("brizna.grid", "intensity")
    lowest = min(data.number(row, "value") for row in range(len(data.rows)))
    assert lowest >= fuel("wind").value


def test_a_zone_with_one_source_gets_a_spread_with_a_reason() -> None:
    made = intensity("US-CAL-CISO")
    assert made.interval == "grid/one-source-consumption"
    assert made.low < made.value < made.high


def test_fuels_keep_the_preferred_set_and_the_one_that_disagrees() -> None:
    made = fuel("gas")
    assert (made.low, made.value, made.high) == (490, 490, 743)
    assert fuel("coal", zone="ES").value == pytest.approx(1050.5643503)
    with pytest.raises(CoverageError, match="fuel/coal/life-cycle"):
        fuel("coall")


# ------------------------------------------------------------------------------ hours of the year


@given(known_zones, durations, durations)
def test_a_longer_run_never_has_a_wider_spread_than_the_hour(zone, one, other) -> None:
    short, long = sorted((one, other), key=lambda duration: duration.value)
    if short.to("h") < 24 <= long.to("h"):
        narrow, wide = hour_of_year(zone, long), hour_of_year(zone, short)
        assert narrow.high <= wide.high * 1.1
        assert narrow.low >= wide.low * 0.9


@pytest.mark.parametrize(
    ("hours", "window"),
    [
        (0.01, "1h"),
        (1, "1h"),
        (23.9, "1h"),
        (24, "24h"),
        (200, "168h"),
        (720, "720h"),
        (8760, "720h"),
    ],
)
def test_a_run_takes_the_longest_tabulated_length_that_it_reaches(hours, window) -> None:
    assert hour_of_year("ES", Duration.of(hours, "h")).id == f"hour-of-year/ES/{window}"


def test_a_zone_without_a_series_gets_the_pool_of_all_zones() -> None:
    assert hour_of_year("RO", Duration.of(2, "h")).id == "hour-of-year/*/1h"


def test_no_run_is_shorter_than_nothing() -> None:
    with pytest.raises(InputError, match="shorter than 0 s"):
        hour_of_year("ES", Duration(-1))


def test_a_run_has_the_doubt_of_its_zone_and_of_its_hours() -> None:
    estimate, behind = run_intensity("ES", **RUN)
    assert set(estimate.doubts) == {
        "factor:grid/ES/2023",
        "model:hour-of-year/ES/2026-03-01T12",
    }
    assert estimate.references == tuple(made.name for made in behind)
    assert estimate.basis == "published"
    assert estimate.low < intensity("ES").estimate().low


def test_runs_at_different_hours_share_the_zone_but_not_the_hour() -> None:
    one, _ = run_intensity("ES", **RUN)
    later = {**RUN, "started": RUN["started"] + timedelta(hours=5)}
    other, _ = run_intensity("ES", **later)
    assert set(one.doubts) & set(other.doubts) == {"factor:grid/ES/2023"}


def test_the_hour_of_a_start_is_that_of_utc() -> None:
    madrid = RUN["started"].astimezone(timezone(timedelta(hours=1)))
    assert run_intensity("ES", **{**RUN, "started": madrid}) == run_intensity("ES", **RUN)
    with pytest.raises(InputError, match="no time zone"):
        run_intensity("ES", **{**RUN, "started": madrid.replace(tzinfo=None)})


# ---------------------------------------------------------------------------------------- guesses


@pytest.mark.parametrize(
    ("time_zone", "zone"),
    [
        ("Europe/Madrid", "ES"),
        ("Atlantic/Canary", "ES"),
        (":America/Argentina/Buenos_Aires", "AR"),
        ("posix/Asia/Calcutta", "IN"),
        ("/usr/share/zoneinfo/Europe/Kiev", "UA"),
        ("GB", "GB"),
        ("Iceland", "IS"),
        ("Africa/Bangui", "WORLD"),
    ],
)
def test_a_time_zone_hints_at_the_grid(time_zone: str, zone: str) -> None:
    assert guess_zone(time_zone).zone == zone


@pytest.mark.parametrize(
    "time_zone", ["UTC", "Etc/UTC", "Etc/GMT+5", "GMT", "CET", "EST5EDT", "Mars/Olympus", "", "/"]
)
def test_a_time_zone_of_no_country_is_no_guess(time_zone: str) -> None:
    assert guess_zone(time_zone) is None


def test_every_time_zone_leads_to_a_zone_with_an_intensity() -> None:
    for row in load("brizna.grid", "time_zones").rows:
        guess = guess_zone(row["id"])
        assert guess is not None
        assert find_zone(guess.zone).is_known


def test_time_zones_of_the_system_agree_with_the_table() -> None:
    zoneinfo = pytest.importorskip("zoneinfo")
    known = {row["id"] for row in load("brizna.grid", "time_zones").rows}
    places = {
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/"))
    }
    if not places:
        pytest.skip("this machine has no time zone database")
    missing = places - known
    assert len(missing) < 0.03 * len(places), missing


def test_a_guessed_zone_is_as_wide_as_the_world() -> None:
    declared, _ = run_intensity("ES", **RUN)
    guessed, behind = run_intensity("ES", **RUN, guessed=True)
    assert guessed.basis == "default"
    assert guessed.best == declared.best
    assert guessed.doubts[ZONE_GUESS] == pytest.approx((42.8026, 729.893))
    assert guessed.low.value < 43
    assert guessed.high.value > 729
    assert set(guessed.references) == {made.name for made in behind}


# ------------------------------------------------------------------------------ clouds and origin


@pytest.mark.parametrize(
    ("provider", "region", "zone"),
    [
        ("aws", "eu-south-2", "ES"),
        ("gcp", "europe-southwest1", "ES"),
        ("azure", "SpainCentral", "ES"),
        ("aws", "us-west-1", "US-CAL-CISO"),
    ],
)
def test_a_cloud_region_stands_in_a_grid_zone(provider, region, zone) -> None:
    assert cloud_zone(provider, region).id == zone


def test_an_unknown_cloud_region_names_the_nearest() -> None:
    with pytest.raises(InputError, match="aws/eu-south-2"):
        cloud_zone("aws", "eu-south-9")
    with pytest.raises(CoverageError, match="not known"):
        cloud_zone("aws", "cn-north-1")


def test_every_cloud_region_names_a_zone_that_exists_or_none() -> None:
    for row in load("brizna.grid", "cloud_regions").rows:
        if row["zone"]:
            find_zone(row["zone"])


def region(name: str) -> dict[str, str]:
    (row,) = (row for row in load("brizna.grid", "cloud_regions").rows if row["id"] == name)
    return row


def test_madrid_is_west_of_greenwich() -> None:
    """carbon-aware-sdk's azure-regions.json lost the minus sign of spaincentral."""
    assert -4 < float(region("cloud/azure/spaincentral")["lon"]) < -3


@pytest.mark.parametrize(
    ("name", "value", "printed"),
    [("finlandcentral", 77, "00077"), ("germanywestcentral", 402, "000402")],
)
def test_lost_decimal_points_are_restored(name: str, value: float, printed: str) -> None:
    """The list of Cloud Carbon Footprint prints 00077 and 000402 t/kWh."""
    row = region(f"cloud/azure/{name}")
    assert float(row["value"]) == value
    assert printed in row["note"]


def test_cloud_figures_are_in_grams_and_not_pounds_or_tonnes() -> None:
    data = load("brizna.grid", "cloud_regions")
    known = [data.number(row, "value") for row in range(len(data.rows))]
    values = [value for value in known if value is not None]
    assert min(values) >= 0
    assert 500 < max(values) < 1100


# ------------------------------------------------------------------- derived figures, derived again


def statements() -> dict[str, dict[str, dict[str, str]]]:
    """Each publisher's latest statement on each zone."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in load("brizna.grid", "intensity").rows:
        said = found.setdefault(row["zone"], {})
        before = said.get(row["publisher"])
        if before is None or int(row["year"] or 0) > int(before["year"] or 0):
            said[row["publisher"]] = row
    return found


def central_90(values: list[float]) -> tuple[float, float]:
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[0], cuts[-1]


def test_the_spread_of_a_guess_is_that_of_the_countries() -> None:
    values = [intensity(zone).value for zone in statements() if len(zone) == 2]
    made = factor("brizna.grid", "spreads", "grid/zone-guess")
    assert (made.low, made.high) == pytest.approx(central_90(values), rel=1e-5)
    assert made.value == pytest.approx(median(values), rel=1e-5)
    assert f"{len(values)} countries" in made.source


def test_the_spread_of_a_production_figure_is_what_others_say_beside_one() -> None:
    pairs = [
        float(other["value"]) / float(row["value"])
        for said in statements().values()
        for row in said.values()
        if row["year"] and row["flow"] == "production"
        for other in said.values()
        if other is not row
    ]
    made = factor("brizna.grid", "spreads", "grid/one-source-production")
    assert (made.low, made.high) == pytest.approx(central_90(pairs), rel=1e-5)
    assert f"{len(pairs)} pairs" in made.source


def test_the_spread_of_a_consumption_figure_is_how_years_differ() -> None:
    by_year: dict[str, dict[str, float]] = {}
    for row in load("brizna.grid", "intensity").rows:
        if row["publisher"] == "electricity-maps":
            by_year.setdefault(row["zone"], {})[row["year"]] = float(row["value"])
    pairs = [said[year] / said["2022"] for said in by_year.values() for year in ("2020", "2021")]
    made = factor("brizna.grid", "spreads", "grid/one-source-consumption")
    assert (made.low, made.high) == pytest.approx(central_90(pairs), rel=1e-5)
    assert f"{len(pairs)} pairs" in made.source


def shared(name: str) -> Path:
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip(f"the source data are not here: set BRIZNA_SHARED ({name})")
    return path


def test_hourly_spreads_come_from_the_hourly_series() -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    table = parquet.read_table(shared("grid/ci_hourly_2022.parquet"), columns=["ES"])
    hours = table["ES"].to_pylist()
    mean = sum(hours) / len(hours)
    for window in (1, 24, 168, 720):
        ratios = [
            sum(hours[start : start + window]) / window / mean
            for start in range(len(hours) - window + 1)
        ]
        made = factor("brizna.grid", "hourly_spread_2022", f"hour-of-year/ES/{window}h")
        assert (made.low, made.high) == pytest.approx(central_90(ratios), abs=1e-4)


def test_annual_means_are_those_of_their_source() -> None:
    ours = {
        (row["zone"], row["publisher"], row["year"]): row["value"]
        for row in load("brizna.grid", "intensity").rows
    }
    with shared("facts/zones.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["zone"] != "IN-MH":
                key = row["zone"], "electricity-maps", row["year"]
                assert float(ours[key]) == float(row["gCO2e_per_kWh"])
    with shared("facts/countries.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["source"].startswith("codecarbon") and row["country"] not in ("", "CF"):
                key = row["country"], "our-world-in-data", row["year"]
                assert float(ours[key]) == float(row["gCO2e_per_kWh"])
