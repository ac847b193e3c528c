"""``brizna show --everyday``: what a run is in everyday things."""

from __future__ import annotations


def test_a_run_is_told_in_everyday_things_where_somebody_asks(brizna, shown):
    assert brizna("run", "--zone", "ES", "--name", "small", "--", "sleep", "0.2").returncode == 0
    found = shown("show", "small", "--everyday")["comparisons"]
    assert all(entry["low"] <= entry["value"] <= entry["high"] for entry in found)
    assert "comparisons" not in shown("show", "small")
    lines = brizna("show", "small", "--everyday", "--lang", "es").stdout.splitlines()
    assert any(line.startswith(("más o menos como", "Nada cotidiano")) for line in lines)
