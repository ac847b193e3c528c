"""``brizna account --run``, the figures beside the place's, and ``brizna sci``."""

from __future__ import annotations

import json

RUN = ("run", "--zone", "ES", "--quiet")


def test_what_is_declared_as_a_run_starts_is_in_its_footprint(brizna, shown):
    words = ("--market", "100", "--guaranteed", "0.5", "--machine", "1300kg", "--lifetime", "5")
    assert brizna(*RUN, *words, "--wue", "0.5", "--ewif", "3", "--", "true").returncode == 0
    footprint = shown("show")["footprint"]
    assert footprint["carbon_market_g"]["best"] < footprint["carbon_operational_g"]["best"]
    assert footprint["assumptions"]["embodied_g"]["best"] == 1.3e6
    assert footprint["water_l"]["best"] > 0
    assert {one["item"] for one in footprint["boundary"]} >= {"cpu", "cooling", "manufacture"}
    assert brizna("show", "--recompute").returncode == 0
    told = brizna("show").stdout
    assert "carbon, electricity by contract" in told
    assert "Not in them:" in told
    assert "wind" in told


def test_a_machine_that_nobody_knows_is_refused_before_anything_runs(brizna):
    done = brizna(*RUN, "--machine", "r740", "--", "true")
    assert done.returncode == 125
    assert "no machine of the tables" in done.stderr


def test_a_stored_run_is_accounted_for_again_under_facts_and_by_its_hours(brizna, shown):
    brizna(*RUN, "--", "true")
    before = shown("show")["footprint"]
    facts = json.dumps({"transfer_gb": 10, "marginal_g_per_kwh": 400})
    found = shown("account", "-", "--run", "last", "--hourly", given=facts)
    footprint = found["footprint"]
    assert footprint["energy_j"] == before["energy_j"]
    assert footprint["transfer_energy_j"]["best"] > 0
    assert footprint["carbon_hourly_g"]["best"] > 0
    share = footprint["assumptions"]["renewable_share"]
    assert share["references"][0].startswith("signal:")
    assert footprint["carbon_marginal_g"]["best"] > footprint["carbon_operational_g"]["best"]
    assert sum(hour["share"] for hour in found["hourly"]["hours"]) == 1
    assert shown("show")["footprint"] == before
    told = brizna("account", "--run", "last", "--hourly", "--boundary").stdout
    assert "by the hour" in told
    assert "no factor for the making of the building is known here" in told


def test_facts_of_a_run_do_not_give_its_energy_again(brizna):
    brizna(*RUN, "--", "true")
    done = brizna("account", "-", "--run", "last", given='{"energy_kwh": 1}')
    assert done.returncode == 2
    assert "energy and time are those of the run" in done.stderr


def test_sci_of_a_run_and_of_an_ai_system(brizna, shown):
    assert brizna(*RUN, "--tag", "stage:inference", "--tag", "m", "--", "true").returncode == 0
    assert brizna(*RUN, "--tag", "stage:data", "--tag", "m", "--", "true").returncode == 0
    assert brizna("sci").returncode == 2
    score = shown("sci", "last", "--unit", "10 requests")
    assert score["schema"] == "brizna.sci/1"
    assert score["sci_g_per_unit"]["best"] > 0
    both = shown("sci", "tag:m", "--consumer", "10 tokens", "--provider", "1e6 parameters")
    assert set(both["provider"]["stages"]) == {"data"}
    told = brizna("sci", "tag:m", "--consumer", "10 tokens", "--provider", "5 FLOP").stdout
    assert "have no sum" in told
    assert "Nothing was measured of:" in told


def test_a_tiny_score_is_told_for_as_many_units_as_come_to_a_microgram(brizna, shown):
    """Neither a zero nor a row of zeros; all digits of how many units of work there were."""
    brizna(*RUN, "--", "true")
    unit = ("--unit", "1234567890123 tokens")
    per_unit = shown("sci", *unit)["sci_g_per_unit"]["best"]
    assert per_unit < 1e-12
    told = brizna("sci", *unit).stdout
    assert "1,234,567,890,123 × tokens" in told
    assert "SCI = (O + M) / R, for 1,000," in told
    assert "0.000" not in told
    assert "/ R, por 1" in brizna("sci", *unit, "--lang", "es").stdout


def test_a_run_without_the_margin_has_no_score_at_the_margin_and_says_how_to_get_one(brizna):
    brizna(*RUN, "--", "true")
    done = brizna("sci", "--unit", "1 run", "--at-the-margin")
    assert done.returncode != 0
    assert "--marginal" in done.stderr
    assert "carbon_marginal_g" not in done.stderr
    brizna(*RUN, "--marginal", "420", "--", "true")
    assert brizna("sci", "--unit", "1 run", "--at-the-margin").returncode == 0


def test_a_signal_that_was_named_covers_the_run_or_the_hours_are_refused(brizna, shown, tmp_path):
    """Nothing usual stands in for a file that somebody named for these very hours."""
    brizna(*RUN, "--", "true")
    for year, last, value, code, said in (
        (2020, 2021, 200, 3, "is known from 2020-01-01"),
        (2026, 2099, 0.15, 2, "carbon intensities in g/kWh, not prices"),
        (2026, 2099, 200, 0, ""),
    ):
        rows = (f"{at}-01-01T00:00,{value}\n" for at in (year, last))
        (tmp_path / "signal.csv").write_text("utc,value\n" + "".join(rows), encoding="utf-8")
        words = ("account", "--run", "last", "--hourly", "--signal", "signal.csv")
        done = brizna(*words)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
    assert shown(*words)["hourly"]["intensity_g_per_kwh"]["best"] > 0
    other = "utc,zone,value\n2026-01-01T00:00,FR,50\n2099-01-01T00:00,FR,50\n"
    (tmp_path / "signal.csv").write_text(other, encoding="utf-8")
    done = brizna(*words)
    assert done.returncode == 2
    assert "has no series of ES; it has FR" in done.stderr
