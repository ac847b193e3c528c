"""Which series is taken, why, and what is said where one fails."""

from __future__ import annotations

from datetime import timedelta

import pytest

from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.grid import Cache, Web
from brizna.testing import FakeProvider
from brizna.testing._grid import NOW
from brizna.verbs import SETTINGS, read_settings
from brizna.verbs._signals import Wanted, describe_sources, describe_zones, find_signals

DAY = timedelta(days=1)
KEYS = {"BRIZNA_KEY_ELECTRICITY_MAPS": "s3cret-k3y"}


@pytest.fixture
def find(tmp_path):
    """Find series under some settings."""

    def found(*zones, environ=None, days=1, quantity="intensity", web=None, **options):
        environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), **(environ or {})}
        settings = read_settings(options, environ=environ, directory=str(tmp_path))
        wanted = Wanted(
            zones=zones or ("ES",), start=NOW, end=NOW + days * DAY, now=NOW, quantity=quantity
        )
        web = web or Web(Cache(str(tmp_path / "kept")), now_s=NOW.timestamp, pause=lambda _: None)
        return find_signals(wanted, settings, environ=environ, web=web)

    return found


def at(provider, name="ELECTRICITY_MAPS"):
    """Return the environment in which a source stands elsewhere, with its key."""
    return {**KEYS, f"BRIZNA_URL_{name}": provider.url}


def test_without_anything_named_the_profile_is_taken_and_nobody_is_asked(find):
    found = find("España", "FR")
    assert list(found) == ["ES", "FR"]
    assert found["ES"].taken_from == "profile"
    assert "neither a file nor a source" in found["ES"].because
    assert found["ES"].troubles == ()
    assert (found["ES"].signal.start, found["ES"].signal.end) == (NOW, NOW + DAY)


def test_a_zone_without_a_profile_gets_its_annual_figure(find):
    assert find("MA")["MA"].taken_from == "annual"
    assert find("ES", quantity="renewable")["ES"].signal.kind == "renewable"
    with pytest.raises(CoverageError, match="--source"):
        find("ES", quantity="price")


def test_a_named_source_is_asked(find):
    with FakeProvider("electricity-maps") as provider:
        found = find(environ=at(provider), source="electricity-maps")["ES"]
    assert found.taken_from == "source"
    assert found.signal.origin == "forecast"
    assert found.troubles == ()


@pytest.mark.parametrize("fault", [401, 429, 500, "truncated", "garbage", "unit"])
def test_a_source_that_fails_degrades_to_the_profile_and_this_is_said(find, fault):
    with FakeProvider("electricity-maps") as provider:
        provider.fault = fault
        found = find(environ=at(provider), source="electricity-maps")["ES"]
    assert found.taken_from == "profile"
    assert "what was named gives nothing" in found.because
    assert len(found.troubles) == 1
    assert "electricity-maps" in found.troubles[0]
    assert "s3cret" not in str(found.to_json())


def test_a_missing_key_degrades_too_and_says_where_to_put_it(find):
    found = find(source="electricity-maps")["ES"]
    assert found.taken_from == "profile"
    assert "BRIZNA_KEY_ELECTRICITY_MAPS" in found.troubles[0]


def test_an_older_answer_stands_in_for_a_source_that_fails(find, tmp_path):
    with FakeProvider("electricity-maps") as provider:
        cache = Cache(str(tmp_path / "kept"))
        find(environ=at(provider), source="electricity-maps", web=Web(cache, now_s=NOW.timestamp))
        provider.fault = 500
        later = Web(cache, now_s=lambda: NOW.timestamp() + 7200, pause=lambda _: None)
        found = find(environ=at(provider), source="electricity-maps", web=later)["ES"]
    assert found.taken_from == "cache"
    assert "2026-10-24T12:07" in found.because
    assert "500" in found.troubles[0]


def test_beyond_the_end_of_a_forecast_it_goes_on_as_usual_and_this_is_said(find):
    with FakeProvider("electricity-maps") as provider:
        found = find(environ=at(provider), source="electricity-maps", days=5)["ES"]
    assert found.signal.end == NOW + 5 * DAY
    assert len(found.signal.estimated) > 40
    assert "the rest is as it usually is" in found.troubles[0]


def test_what_no_profile_continues_gives_way_to_the_profile(find):
    with FakeProvider("watttime") as provider:
        environ = {"BRIZNA_KEY_WATTTIME": "me:s3cret-k3y", "BRIZNA_URL_WATTTIME": provider.url}
        short = find("US-CAL-CISO", environ=environ, source="watttime")["US-CAL-CISO"]
        long = find("US-CAL-CISO", environ=environ, source="watttime", days=5)["US-CAL-CISO"]
    assert short.signal.kind == "marginal"
    assert long.taken_from == "profile"
    assert "kind marginal" in long.troubles[0]


def test_a_file_wins_over_a_source_and_a_zone_that_it_lacks_is_said(find, tmp_path):
    hours = "".join(
        f"{(NOW + hour * timedelta(hours=1)).isoformat()},{100 + hour}\n" for hour in range(-1, 26)
    )
    (tmp_path / "series.csv").write_text(f"utc,ES\n{hours}", encoding="utf-8")
    path = str(tmp_path / "series.csv")
    found = find("ES", "FR", signal=path, source="redata")
    assert found["ES"].taken_from == "file"
    assert found["FR"].taken_from == "profile"
    assert "has no series of FR" in found["FR"].troubles[0]
    with pytest.raises(UnavailableError, match="cannot be read"):
        find(signal=str(tmp_path / "none.csv"))


def test_behind_a_long_file_stands_our_own_forecast(find, tmp_path):
    pytest.importorskip("numpy")
    first = NOW.replace(hour=0, minute=0) - 70 * DAY
    hour = timedelta(hours=1)
    rows = [
        f"{(first + n * hour).isoformat()},{100 + 10 * (n % 24 > 12) + n % 24}\n"
        for n in range(70 * 24)
    ]
    (tmp_path / "long.csv").write_text(f"utc,ES\n{''.join(rows)}", encoding="utf-8")
    found = find(signal=str(tmp_path / "long.csv"), days=2)["ES"]
    assert found.taken_from == "file"
    assert found.signal.origin == "forecast"
    assert found.signal.issued_at == NOW.replace(hour=0, minute=0)
    assert "our own forecast" in found.troubles[0]
    noon = NOW.replace(hour=14, minute=0)
    assert found.signal.at(noon).value == pytest.approx(124, abs=1)
    assert set(found.signal.quantiles) == {0.1, 0.9}


def test_a_file_of_other_days_gives_way_and_this_is_said(find, tmp_path):
    (tmp_path / "old.csv").write_text(
        "utc,ES\n2020-01-01T00:00,100\n2020-01-01T01:00,100\n", encoding="utf-8"
    )
    found = find(signal=str(tmp_path / "old.csv"))["ES"]
    assert found.taken_from == "profile"
    assert "2020-01-01" in found.troubles[0]


def test_a_key_comes_from_a_file_that_only_its_owner_reads(find, tmp_path):
    path = tmp_path / "netrc"
    with FakeProvider("electricity-maps") as provider:
        path.write_text("machine 127.0.0.1 login me password s3cret-k3y\n", encoding="utf-8")
        path.chmod(0o600)
        environ = {"BRIZNA_URL_ELECTRICITY_MAPS": provider.url}
        options = {"source": "electricity-maps", "credentials": str(path)}
        assert find(environ=environ, **options)["ES"].taken_from == "source"
        path.chmod(0o644)
        with pytest.raises(InputError, match="chmod 600"):
            find(environ=environ, **options)


def test_an_unknown_source_is_wrong_use_and_no_trouble(find):
    with pytest.raises(InputError, match="is no source"):
        find(source="nonsense")


def test_keys_are_no_settings():
    settings = read_settings({}, environ={**KEYS, "HOME": "/nonexistent"}, directory="/")
    assert "s3cret" not in str(settings.to_json())
    assert {"signal", "source"} <= set(SETTINGS)


def test_sources_and_zones_are_described(tmp_path):
    settings = read_settings({}, environ={"HOME": str(tmp_path)}, directory=str(tmp_path))
    told = {one["name"]: one for one in describe_sources(settings, environ=KEYS)}
    assert told["electricity-maps"]["has_key"]
    assert not told["esios"]["has_key"]
    assert "s3cret" not in str(told)
    zones = {zone["zone"]: zone for zone in describe_zones()}
    assert zones["ES"]["has_profile"]
    assert zones["ES"]["has_shares"]
    assert not zones["MA"]["has_profile"]
    assert len(describe_zones(profiled=True)) == 62
