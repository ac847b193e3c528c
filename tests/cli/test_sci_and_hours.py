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
