"""Figures within another boundary, on the command line."""

from __future__ import annotations

import json

CASE = {"name": "narrow", "energy_wh": 0.10, "boundary": "benchmark", "pue": 1.09}


def test_a_case_is_told_step_by_step_with_the_factors(brizna, shown):
    told = brizna("account", "-", "--convert", "facility", given=json.dumps(CASE)).stdout
    assert "× 1.40 (1.00-1.96) boundary/benchmark-accelerators" in told
    assert "facility" in told
    found = shown("account", "-", "--convert", "facility", given=json.dumps(CASE))["converted"]
    assert found["schema"] == "brizna.conversion/1"
    assert found["after"] == "facility"
    spanish = brizna("--lang", "es", "account", "-", "--convert", "node", given=json.dumps(CASE))
    assert "máquina entera" in spanish.stdout


def test_runs_are_compared_within_a_boundary(brizna, shown):
    for name in ("one", "two"):
        brizna("run", "--zone", "ES", "--name", name, "--quiet", "--", "true")
    told = brizna("compare", "one", "two", "--convert", "facility").stdout
    assert "assumptions.pue" in told
    found = shown("compare", "one", "two", "--convert", "facility")
    [saved] = found["savings"]
    first, second = (one["energy_j"]["best"] for one in found["converted"])
    assert saved["saved_energy_j"]["best"] == first - second
    assert brizna("compare", "one", "two", "--convert", "room").returncode == 2
