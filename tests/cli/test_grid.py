"""``brizna grid`` as a person uses it: offline unless a source is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from brizna.testing import FakeProvider

NOON = "2026-05-06T20:00Z"
"""Noon in California, standard time."""
DARK = "2026-05-07T03:00Z"


@pytest.fixture
def at_home(tmp_path):
    """The environment of somebody whose home is empty and whose clock is UTC."""
    return {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "TZ": "UTC"}


def test_zones_say_what_is_known_of_them(brizna, shown):
    zones = {zone["zone"]: zone for zone in shown("grid", "zones")}
    assert zones["ES"]["has_profile"]
    assert not zones["MA"]["has_profile"]
    said = brizna("grid", "zones", "--profiled", "--lang", "es").stdout
    assert "España" in said
    assert "Marruecos" not in said


def test_the_map_has_a_row_for_a_day_and_tells_its_range(brizna, at_home):
    done = brizna("grid", "show", "ES", "--from", "2026-05-06", "--days", "2", environ=at_home)
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("2026-05-0")]
    assert [row[:10] for row in rows] == ["2026-05-06", "2026-05-07"]
    assert len(rows[0].split()) == 1 + 24 + 2
    assert "0" in rows[0].split()
    assert "0 is " in done.stdout
    assert "profile of ES in 2022" in done.stdout


def test_every_slot_is_in_the_json(shown, at_home):
    told = shown("grid", "show", "ES", "--from", "2026-05-06", "--days", "1", environ=at_home)
    assert told[0]["taken_from"] == "profile"
    slots = told[0]["slots"]
    assert len(slots) == 24
    assert slots[0]["q0.1"] < slots[0]["value"] < slots[0]["q0.9"]


def test_the_page_asks_no_host(brizna, tmp_path, at_home):
    page = tmp_path / "grid.html"
    done = brizna("grid", "show", "ES", "MA", "--days", "1", "--html", str(page), environ=at_home)
    assert done.returncode == 0, done.stderr
    html = unescape(page.read_text(encoding="utf-8"))
    assert "default-src 'none'" in html
    assert "<script" not in html
    assert "style=" not in html
    assert html.count("<section>") == 2
    there = brizna("grid", "show", "ES", "--html", str(tmp_path / "no" / "g.html"), environ=at_home)
    assert there.returncode == 3
    assert "cannot be written" in there.stderr


def test_a_clean_hour_is_told_by_its_exit_code(brizna, shown, at_home):
    zone = ("grid", "now", "US-CAL-CISO", "--check", "--now")
    assert brizna(*zone, NOON, environ=at_home).returncode == 0
    assert brizna(*zone, DARK, environ=at_home).returncode == 1
    assert brizna("grid", "now", "MA", "--check", environ=at_home).returncode == 4
    told = shown("grid", "now", "US-CAL-CISO", "--now", NOON, environ=at_home)
    assert told["is_clean"] is True
    assert told["until"] > told["at"]
    assert told["value"] <= told["limit"]
    dark = brizna("grid", "now", "US-CAL-CISO", "--now", DARK, "--lang", "es", environ=at_home)
    assert "no limpia" in dark.stdout
    assert "perfil de US-CAL-CISO en 2022" in dark.stdout


def test_zones_are_compared_the_cleanest_first(brizna, at_home):
    done = brizna("grid", "compare", "DE", "FR", "ES", "--now", NOON, environ=at_home)
    assert [line[:2] for line in done.stdout.splitlines()[1:]] == ["FR", "ES", "DE"]


def test_other_kinds_are_not_compared(brizna, at_home, tmp_path):
    at = datetime(2026, 5, 6, tzinfo=UTC)
    hours = "".join(f"{(at + h * timedelta(hours=1)).isoformat()},{h}\n" for h in range(72))
    (tmp_path / "es.csv").write_text(f"utc,ES\n{hours}", encoding="utf-8")
    words = ("--now", "2026-05-06", "--signal", str(tmp_path / "es.csv"))
    done = brizna("grid", "compare", "ES", "FR", *words, environ=at_home)
    assert done.returncode == 2
    assert "cannot be compared" in done.stderr


def test_what_a_file_says_its_numbers_are_lets_it_be_compared(brizna, shown, at_home, tmp_path):
    at = datetime(2026, 5, 6, tzinfo=UTC)
    hours = "".join(f"{(at + h * timedelta(hours=1)).isoformat()},{h}\n" for h in range(72))
    (tmp_path / "es.csv").write_text(f"utc,ES\n{hours}", encoding="utf-8")
    typed = str(tmp_path / "typed.csv")
    made = ("grid", "import", str(tmp_path / "es.csv"), "-o", typed)
    words = ("--now", "2026-05-06", "--signal", typed)
    assert brizna(*made, "--scope", "life-cycle").returncode == 0
    done = brizna("grid", "compare", "ES", "FR", *words, environ=at_home)
    assert done.returncode == 0, done.stderr
    assert brizna(*made, "--kind", "marginal", "--basis", "consumption").returncode == 0
    (read,) = shown("grid", "show", "ES", *words, "--days", "2", environ=at_home)
    assert (read["kind"], read["scope"], read["basis"]) == ("marginal", None, "consumption")
    refused = brizna(
        "plan", "--signal", typed, "--zones", "ES", "--now", "2026-05-06", *_job(tmp_path)
    )
    assert refused.returncode == 2
    assert "--signal marginal=" in refused.stderr


def _job(folder):
    path = folder / "job.toml"
    path.write_text("duration_h = 1\npower_w = 100\n", encoding="utf-8")
    return (str(path), "--deadline", "24h")


def test_a_share_is_cleaner_where_there_is_more(brizna, at_home):
    words = ("--of", "renewable", "--now", NOON)
    done = brizna("grid", "compare", "ES", "NO", *words, environ=at_home)
    assert [line[:2] for line in done.stdout.splitlines()[1:]] == ["NO", "ES"]
    assert "%" in done.stdout


def test_a_source_that_fails_is_said_and_the_profile_shown(brizna, at_home):
    with FakeProvider("carbon-intensity-gb") as provider:
        provider.fault = 401
        environ = {**at_home, "BRIZNA_URL_CARBON_INTENSITY_GB": provider.url}
        done = brizna("grid", "forecast", "GB", "--source", "carbon-intensity-gb", environ=environ)
    assert done.returncode == 0
    assert "! carbon-intensity-gb gives no answer: it refuses the key (401)." in done.stdout
    assert "what is usual" in done.stdout


def test_a_source_that_answers_is_shown(shown, at_home):
    with FakeProvider("wattnet") as provider:
        environ = {
            **at_home,
            "BRIZNA_URL_WATTNET": provider.url,
            "BRIZNA_KEY_WATTNET": f"me@example.org:{provider.key}",
        }
        words = ("--source", "wattnet", "--hours", "24", "--now", "2026-10-24T12:07Z")
        told = shown("grid", "forecast", "ES", *words, environ=environ)
    assert told[0]["taken_from"] == "source"
    assert told[0]["origin"] == "forecast"
    assert len(told[0]["slots"]) == 97


def test_sources_tell_whether_their_key_is_here_and_never_the_key(brizna, shown, at_home):
    environ = {**at_home, "BRIZNA_KEY_ESIOS": "s3cret"}
    told = {one["name"]: one for one in shown("grid", "sources", environ=environ)}
    assert told["esios"]["has_key"]
    assert not told["entsoe"]["has_key"]
    done = brizna("grid", "sources", environ=environ)
    assert "s3cret" not in done.stdout + json.dumps(told)
    assert "s3cret" not in brizna("config", "show", "--origin", environ=environ).stdout


def test_a_file_is_checked_and_written_as_it_is_read_best(brizna, shown, tmp_path, at_home):
    path = tmp_path / "moer.csv"
    path.write_text(
        "point_time,value\n2026-01-01T00:00+01:00,1000\n2026-01-01T01:00+01:00,\n", "utf-8"
    )
    out = tmp_path / "series.csv"
    wrong = brizna("grid", "import", str(path), "-o", str(out), "--as-zone", "ES")
    assert wrong.returncode == 2
    path.write_text(path.read_text("utf-8").replace("point_time", "time"), "utf-8")
    words = ("--as-zone", "España", "--unit", "lb/MWh")
    told = shown("grid", "import", str(path), "-o", str(out), *words)
    assert (told[0]["zone"], told[0]["slots"], told[0]["gaps"]) == ("ES", 2, 1)
    assert out.read_text("utf-8").splitlines()[1] == "2025-12-31T23:00:00,ES,453.59237"
    read = ("grid", "show", "ES", "--signal", str(out), "--from", "2026-01-01T00:00+01:00")
    again = shown(*read, "--days", "0.04", environ=at_home)
    assert again[0]["taken_from"] == "file"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("grid", "shows"), 2, "Did you mean"),
        (("grid", "show", "Atlantis"), 2, "Atlantis"),
        (("grid", "show", "ES", "--days", "0"), 2, "more than 0"),
        (("grid", "show", "ES", "--from", "tomorrow"), 2, "no instant"),
        (("grid", "show", "ES", "--source", "nobody"), 2, "is no source"),
        (("grid", "show", "ES", "--of", "price"), 3, "--source"),
        (("grid", "show", "ES-CN"), 3, "ES-CN"),
    ],
)
def test_what_cannot_be_shown_says_why(brizna, at_home, words, code, said):
    done = brizna(*words, environ=at_home)
    assert done.returncode == code
    assert said in done.stderr


def test_without_a_zone_it_is_that_of_the_time_zone(shown, at_home):
    told = shown("grid", "show", "--days", "1", environ={**at_home, "TZ": "Europe/Madrid"})
    assert told[0]["zone"] == "ES"


def test_colours_only_where_they_are_wanted(brizna, at_home):
    words = ("grid", "show", "ES", "--days", "1")
    assert "\x1b[" not in brizna(*words, environ=at_home).stdout
    assert "\x1b[48;5;" in brizna(*words, environ={**at_home, "FORCE_COLOR": "1"}).stdout
