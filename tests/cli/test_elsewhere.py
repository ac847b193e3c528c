"""A run is replayed over places, hours and machines."""

from __future__ import annotations

import pytest

from brizna.cli._show import read_instance
from brizna.core.errors import InputError
from brizna.verbs import Elsewhere


@pytest.fixture
def series(tmp_path):
    """Return a file in which a zone is clean in one hour of each day, from 2000 to 2100 or so."""
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = ["time,ES,PL"]
    for hour in range(-24, 72):
        instant = today + timedelta(hours=hour)
        clean = instant.hour == 3
        lines.append(f"{instant.isoformat()},{100 if clean else 200},{400 if clean else 800}")
    path = tmp_path / "series.csv"
    path.write_text("\n".join(lines))
    return str(path)


def test_a_run_is_replayed_over_zones_hours_and_instances(brizna, shown, series):
    assert brizna("run", "--zone", "ES", "--name", "small", "--", "true").returncode == 0
    words = ("show", "small", "--elsewhere", "--signal", series, "--zones", "PL")
    found = shown(*words, "--instance", "fast:2:1.5")
    by_site = {place["site"]: place for place in found["places"]}
    assert list(by_site) == ["ES", "ES fast", "PL", "PL fast"]

    def grams(site, when):
        return by_site[site][when]["carbon_g"]["best"]

    assert by_site["ES"]["least"]["start"][11:13] == "03"
    assert grams("ES", "most") == pytest.approx(2 * grams("ES", "least"))
    assert grams("PL", "most") == pytest.approx(4 * grams("ES", "most"))
    assert grams("ES fast", "most") == pytest.approx(0.75 * grams("ES", "most"), rel=1e-3)
    text = brizna(*words, "--lang", "es").stdout
    assert "mejor hora (UTC)" in text
    assert "+300 %" in text


def test_offline_profiles_are_replayed_over(brizna):
    assert brizna("run", "--zone", "ES", "--", "true").returncode == 0
    done = brizna("show", "--elsewhere")
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:5]] == ["ES", "FR", "DE", "PL"]


def test_an_instance_that_is_none_is_refused(brizna):
    assert brizna("run", "--zone", "ES", "--", "true").returncode == 0
    done = brizna("show", "--elsewhere", "--instance", "a100")
    assert done.returncode == 2
    assert "a100:2.1:1.6" in done.stderr


@pytest.mark.parametrize("multiples", ["0:1", "nan:1", "inf:1", "1e-7:1", "1:0", "1:inf"])
def test_an_instance_out_of_bounds_is_refused_before_anything_is_looked_for(multiples):
    _, speed, power = read_instance(f"x:{multiples}")
    with pytest.raises(InputError, match=r"expected 0\.01 to 100"):
        Elsewhere(instances=(("x", speed, power),))
