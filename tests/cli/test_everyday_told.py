"""``brizna show --everyday``: what a run is in everyday things."""

from __future__ import annotations

import pytest


def test_a_run_is_told_in_everyday_things_where_somebody_asks(brizna, shown):
    assert brizna("run", "--zone", "ES", "--name", "small", "--", "sleep", "0.2").returncode == 0
    found = shown("show", "small", "--everyday")["comparisons"]
    assert all(entry["low"] <= entry["value"] <= entry["high"] for entry in found)
    assert "comparisons" not in shown("show", "small")
    lines = brizna("show", "small", "--everyday", "--lang", "es").stdout.splitlines()
    assert any(line.startswith(("más o menos como", "Nada cotidiano")) for line in lines)


def test_declared_facts_are_told_in_everyday_things_too(brizna, shown, tmp_path):
    case = tmp_path / "case.json"
    case.write_text('{"energy_kwh": 9.547, "pue": 1, "intensity_g_per_kwh": 175}')
    found = shown("account", str(case), "--everyday")["comparisons"]
    days = {entry["factor"]: entry["value"] for entry in found}
    assert days["equivalence/household-es-day"] == pytest.approx(1)
    assert days["equivalence/car-eu-km"] == pytest.approx(9.547)
    assert "comparisons" not in shown("account", str(case))
    assert "IDAE" in brizna("account", str(case), "--everyday").stdout
