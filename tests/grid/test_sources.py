"""Live sources: what they tell in their documented form, and what happens where they do not."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from brizna.core.errors import CoverageError, InputError, UnavailableError
from brizna.core.quantities import CarbonIntensity, Ratio, Tariff
from brizna.grid import SOURCES, Access, Asked, Cache, Source, Web, fuel, key_variable, open_source
from brizna.grid._sources._entsoe import AREAS
from brizna.testing import FakeProvider, source_conformance
from brizna.testing._grid import NOW
from brizna.testing._grid_answers import intensity_at, price_at, share_at

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ZONES = {"watttime": "US-CAL-CISO", "carbon-intensity-gb": "GB"}
KEY = "s3cret-k3y"
PRICED = ("redata", "esios")
"""Sources that tell no carbon intensity."""
FORECASTING = [name for name in SOURCES if name not in (*PRICED, "energy-charts", "entsoe")]


class Clock:
    """A clock that moves when somebody pauses."""

    def __init__(self):
        self.now_s = NOW.timestamp()
        self.paused = []

    def __call__(self):
        return self.now_s

    def pause(self, seconds):
        self.paused.append(seconds)
        self.now_s += seconds


@pytest.fixture
def clock():
    """The clock of a source."""
    return Clock()


@pytest.fixture
def open_at(clock, tmp_path):
    """Open a source in front of a provider."""

    def opened(name, provider, *, key=KEY, part=None, kept=False, timeout_s=5.0):
        cache = Cache(str(tmp_path / "cache")) if kept else None
        web = Web(cache, now_s=clock, pause=clock.pause, timeout_s=timeout_s)
        login = ("me@example.org", key) if key else None
        return open_source(name, Access(web, url=provider.url, login=login, part=part))

    return opened


def ask(source, *, past=False, quantity=None, zone=None):
    """Ask a source for a day."""
    quantity = quantity or source.quantities[0]
    start = NOW - 2 * DAY if past else NOW
    zone = zone or ZONES.get(source.name, "ES")
    return source.ask(Asked(zone=zone, start=start, end=start + DAY, now=NOW, quantity=quantity))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_keeps_its_promises(name, open_at):
    with FakeProvider(name) as provider:
        broken = source_conformance(
            lambda: open_at(name, provider), zone=ZONES.get(name, "ES"), now=NOW
        )
    assert broken == []


def test_a_source_that_breaks_its_promises_is_noticed():
    class Liar:
        name, home, quantities = "liar", "https://liar.example", ("intensity", "price", "gossip")
        needs_key = False

        def ask(self, asked):
            if asked.quantity == "price":
                raise UnavailableError("no")
            if asked.quantity == "intensity":
                with FakeProvider("carbon-aware-sdk") as provider:
                    access = Access(Web(), url=provider.url)
                    made = open_source("carbon-aware-sdk", access).ask(asked)
                return made.replace(zone="FR", issued_at=None)
            raise CoverageError("no")

    said = "\n".join(source_conformance(Liar, zone="ES", now=NOW))
    for part in ("gossip", "of FR", "issued at None", "price of", "tells it of no day"):
        assert part in said
    assert source_conformance(object, zone="ES", now=NOW) == ["object lacks a part of Source"]


@pytest.mark.parametrize("name", [n for n in SOURCES if n not in (*PRICED, "energy-charts")])
def test_intensities_are_those_of_the_provider_in_our_unit(name, open_at):
    with FakeProvider(name) as provider:
        made = ask(open_at(name, provider), past=True)
    assert made.quantity is CarbonIntensity
    assert made.origin == "observed"
    at = made.edges[5]
    expected = intensity_at(at)
    if name == "entsoe":
        at = at.replace(minute=0) + HOUR
        gas, wind = intensity_at(at) * 100, 34000 - intensity_at(at) * 100
        factors = [fuel(one, zone="ES").value for one in ("gas", "nuclear", "wind")]
        expected = sum(f * p for f, p in zip(factors, (gas, 6000, wind), strict=True)) / 40000
    tolerance = 0.5 if name == "carbon-intensity-gb" else 1e-3
    assert made.at(at).value == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize("name", FORECASTING)
def test_forecasts_say_when_they_were_issued(name, open_at):
    with FakeProvider(name) as provider:
        made = ask(open_at(name, provider))
    assert made.origin == "forecast"
    assert made.issued_at == NOW
    assert made.end == NOW + DAY


@pytest.mark.parametrize("name", ["redata", "esios", "energy-charts", "entsoe"])
def test_prices_name_their_currency_and_may_be_negative(name, open_at):
    with FakeProvider(name) as provider:
        made = ask(open_at(name, provider), past=True, quantity="price")
    assert (made.quantity, made.kind) == (Tariff, "EUR")
    noon = datetime(2026, 10, 23, 11, tzinfo=UTC)
    assert made.at(noon).value == pytest.approx(price_at(noon) / 1000)
    assert min(made.values) < 0


@pytest.mark.parametrize("name", ["redata", "esios"])
def test_the_regulated_price_is_another_than_the_market_s(name, open_at):
    with FakeProvider(name) as provider:
        spot, pvpc = (
            ask(open_at(name, provider, part=part), past=True, quantity="price", zone="ES-CN-TE")
            for part in ("spot", "pvpc")
        )
        with pytest.raises(InputError, match="spot, pvpc"):
            ask(open_at(name, provider, part="omie"), quantity="price")
    at = spot.edges[3]
    assert pvpc.at(at).value - spot.at(at).value == pytest.approx(0.1)
    assert "pvpc" in pvpc.source


def test_each_spanish_system_is_asked_for_by_its_own_number(open_at):
    for zone, number in (("ES", 8741), ("ES-CN-GC", 8742), ("ES-IB", 8743), ("ES-ML", 8745)):
        with FakeProvider("esios") as provider:
            ask(open_at("esios", provider, part="pvpc"), zone=zone)
        assert f"geo_ids%5B%5D={number}" in provider.asked[0]
        with FakeProvider("redata") as provider:
            ask(open_at("redata", provider), zone=zone, past=True, quantity="renewable")
        assert f"geo_ids={number}" in provider.asked[0]
    with FakeProvider("redata") as provider, pytest.raises(InputError, match="no zone FR"):
        ask(open_at("redata", provider), zone="FR")


@pytest.mark.parametrize("part", ["spot", "pvpc"])
def test_the_day_on_which_clocks_go_back_has_twenty_five_hours(part, open_at):
    start, end = datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    with FakeProvider("redata") as provider:
        source = open_at("redata", provider, part=part)
        asked = Asked(zone="ES", start=start, end=end, now=NOW, quantity="price")
        made = source.ask(asked)
    assert (made.start, made.end, len(made.values)) == (start, end, 25)
    assert None not in made.values
    # Both hours that clocks in Madrid call two are there, each with its own price.
    assert made.values[2] != made.values[3]


@pytest.mark.parametrize(
    ("name", "quantity", "expected"),
    [
        ("electricity-maps", "renewable", lambda at: round(100 * share_at(at)) / 100),
        ("electricity-maps", "low-carbon", lambda at: round(100 * share_at(at) + 10) / 100),
        ("carbon-intensity-gb", "renewable", share_at),
        ("carbon-intensity-gb", "low-carbon", lambda at: share_at(at) + 0.1),
        ("entsoe", "renewable", lambda at: (34000 - intensity_at(at) * 100) / 40000),
        ("entsoe", "low-carbon", lambda at: 1 - intensity_at(at) / 400),
    ],
)
def test_shares_are_of_the_hour(name, quantity, expected, open_at):
    with FakeProvider(name) as provider:
        made = ask(open_at(name, provider), past=True, quantity=quantity)
        with pytest.raises(CoverageError, match="no forecast of"):
            ask(open_at(name, provider), quantity=quantity)
    assert (made.quantity, made.kind) == (Ratio, quantity)
    at = made.edges[4]
    assert made.at(at).value == pytest.approx(expected(at), abs=0.011)


def test_a_share_of_the_load_may_exceed_one(open_at):
    with FakeProvider("energy-charts") as provider:
        made = ask(open_at("energy-charts", provider), quantity="renewable", zone="DE")
    assert "country=de" in provider.asked[0]
    assert made.origin == "forecast"
    assert max(made.values) == pytest.approx(1.25 * share_at(NOW.replace(hour=12, minute=0)), 1e-3)


def test_forecast_wind_and_sun_are_a_share_of_the_forecast_load(open_at):
    with FakeProvider("entsoe") as provider:
        made = ask(open_at("entsoe", provider), quantity="wind-solar")
    at = made.edges[9]
    assert made.at(at).value == pytest.approx(share_at(at.replace(minute=0)) / 2, rel=1e-3)


def test_marginal_and_average_cannot_be_mixed(open_at):
    with FakeProvider("watttime") as one, FakeProvider("electricity-maps") as other:
        marginal = ask(open_at("watttime", one))
        average = ask(open_at("electricity-maps", other))
    assert marginal.kind == "marginal"
    with pytest.raises(InputError, match="kind"):
        marginal.minus(average)


def test_estimated_slots_are_marked(open_at):
    with FakeProvider("electricity-maps") as provider:
        made = ask(open_at("electricity-maps", provider), past=True)
    assert {made.edges[slot].hour for slot in made.estimated} == {3}
    with FakeProvider("wattnet") as provider:
        made = ask(open_at("wattnet", provider))
    assert len(made.estimated) >= len(made.values) - 1


@pytest.mark.parametrize("name", ["electricity-maps", "carbon-intensity-gb", "watttime", "wattnet"])
def test_a_missing_slot_has_no_value(name, open_at):
    with FakeProvider(name) as provider:
        provider.fault = "hole"
        made = ask(open_at(name, provider), past=True)
    assert made.values.count(None) == 1


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (401, r"refuses the key \(401\)"),
        (403, r"does not allow this \(403\)"),
        (404, "no such zone or page"),
        (429, r"too often \(429\)"),
        (500, "status 500"),
        (503, "status 503"),
        ("cut", "cut off"),
        ("truncated", "documented form"),
        ("garbage", "documented form"),
        ("empty", "documented form"),
        ("unit", "was expected|documented form"),
    ],
)
def test_what_goes_wrong_is_said_and_no_key_is_in_it(name, fault, said, open_at):
    with FakeProvider(name) as provider:
        provider.fault = fault
        source = open_at(name, provider)
        with pytest.raises(UnavailableError, match=said) as caught:
            ask(source, past=name == "entsoe", quantity="price" if name == "esios" else None)
    chain, error = "", caught.value
    while error is not None:
        chain += f"{error!s}{error!r}{vars(error)}"
        error = error.__cause__ or error.__context__
    assert KEY not in chain
    assert name in str(caught.value)
    assert KEY not in repr(source._access)


@pytest.mark.parametrize("name", ["electricity-maps", "watttime", "esios", "entsoe", "wattnet"])
def test_a_source_without_its_key_says_where_to_put_one_and_asks_nobody(name, open_at):
    with FakeProvider(name) as provider:
        with pytest.raises(UnavailableError, match=key_variable(name)):
            ask(open_at(name, provider, key=None), past=True)
        with pytest.raises(UnavailableError, match=r"\(40[13]\)"):
            ask(open_at(name, provider, key="another"), past=True)
        with pytest.raises(InputError, match="signs that no key has") as caught:
            ask(open_at(name, provider, key="two\nlines"), past=True)
    assert "lines" not in repr(caught.value).replace("end of a line", "")


def test_a_busy_source_is_asked_again(open_at, clock):
    with FakeProvider("carbon-intensity-gb") as provider:
        provider.fault, provider.faults = 500, 2
        made = ask(open_at("carbon-intensity-gb", provider))
    assert made.values
    assert len(provider.asked) == 3
    assert clock.paused == [0.5, 1.5]


def test_a_short_wait_that_a_source_asks_for_is_kept_and_a_long_one_is_not(open_at, clock):
    with FakeProvider("carbon-intensity-gb") as provider:
        provider.fault, provider.faults, provider.retry_after = 429, 1, "2"
        ask(open_at("carbon-intensity-gb", provider))
        assert clock.paused == [2.0]
        for late in ("120", "Sat, 24 Oct 2026 13:00:00 GMT"):
            provider.faults, provider.retry_after, provider.asked = None, late, []
            with pytest.raises(UnavailableError, match="429"):
                ask(open_at("carbon-intensity-gb", provider))
            assert len(provider.asked) == 1
    assert clock.paused == [2.0]


def test_a_refused_key_is_not_tried_again(open_at, clock):
    with FakeProvider("electricity-maps") as provider:
        with pytest.raises(UnavailableError):
            ask(open_at("electricity-maps", provider, key="wrong"))
        assert len(provider.asked) == 1
    assert clock.paused == []


def test_a_source_that_is_silent_does_not_hold_us_up(open_at):
    with FakeProvider("carbon-intensity-gb") as provider:
        provider.fault = "slow"
        with pytest.raises(UnavailableError, match=r"let .* s pass each time"):
            ask(open_at("carbon-intensity-gb", provider, timeout_s=0.05))


def test_nobody_there_is_said():
    with FakeProvider("carbon-intensity-gb") as provider:
        url = provider.url
    source = open_source("carbon-intensity-gb", Access(Web(pause=lambda _: None), url=url))
    with pytest.raises(UnavailableError, match="refused"):
        ask(source)


# ------------------------------------------------------------------------------------------ cache


def test_an_answer_is_kept_for_a_while_and_then_asked_for_again(open_at, clock):
    with FakeProvider("electricity-maps") as provider:
        first = ask(open_at("electricity-maps", provider, kept=True))
        assert ask(open_at("electricity-maps", provider, kept=True)) == first
        assert len(provider.asked) == 1
        clock.now_s += 901
        ask(open_at("electricity-maps", provider, kept=True))
        assert len(provider.asked) == 2


def test_an_answer_that_has_not_changed_is_not_sent_again(open_at, clock):
    with FakeProvider("electricity-maps") as provider:
        provider.etag = '"v1"'
        first = ask(open_at("electricity-maps", provider, kept=True))
        clock.now_s += 901
        provider.key = "only a 304 needs none"
        assert ask(open_at("electricity-maps", provider, kept=True)) == first


def test_an_older_answer_stands_in_for_a_source_that_fails_and_this_is_known(open_at, clock):
    with FakeProvider("electricity-maps") as provider:
        first = ask(open_at("electricity-maps", provider, kept=True))
        clock.now_s += 5000
        provider.fault = 500
        source = open_at("electricity-maps", provider, kept=True)
        assert ask(source) == first
        reason, at_s = source._access.web.stale["electricity-maps"]
        assert "500" in reason
        assert at_s == NOW.timestamp()
        clock.now_s += 2 * 86400
        with pytest.raises(UnavailableError):
            ask(open_at("electricity-maps", provider, kept=True))


def test_what_is_not_understood_is_not_kept(open_at):
    with FakeProvider("electricity-maps") as provider:
        provider.fault, provider.faults = "truncated", 1
        with pytest.raises(UnavailableError):
            ask(open_at("electricity-maps", provider, kept=True))
        assert ask(open_at("electricity-maps", provider, kept=True)).values


@pytest.mark.parametrize("name", SOURCES)
def test_the_cache_holds_no_key_and_is_its_owner_s(name, open_at, tmp_path):
    with FakeProvider(name) as provider:
        ask(open_at(name, provider, kept=True), past=True)
    kept = sorted((tmp_path / "cache").iterdir())
    assert kept
    for path in kept:
        assert KEY.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_cache_is_no_harm(open_at, tmp_path):
    with FakeProvider("electricity-maps") as provider:
        first = ask(open_at("electricity-maps", provider, kept=True))
        for path in (tmp_path / "cache").iterdir():
            path.write_bytes(path.read_bytes()[:-3])
        assert ask(open_at("electricity-maps", provider, kept=True)) == first


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path, clock):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with FakeProvider("carbon-intensity-gb") as provider:
        web = Web(Cache(str(tmp_path / "file" / "below")), now_s=clock, pause=clock.pause)
        assert ask(open_source("carbon-intensity-gb", Access(web, url=provider.url))).values


def test_a_quota_is_kept_over_processes(tmp_path):
    cache = Cache(str(tmp_path))
    for second in range(3):
        assert cache.take_turn("source", second, most=3, period_s=60) == 0
    assert Cache(str(tmp_path)).take_turn("source", 10, most=3, period_s=60) == 50
    for second in (61, 61, 62):
        assert Cache(str(tmp_path)).take_turn("source", second, most=3, period_s=60) == 0
    with pytest.raises(UnavailableError, match="allows 3 questions in 60 s"):
        Web(cache, now_s=lambda: 63.0).take_turn("source", most=3, period_s=60)


def test_old_answers_make_room_for_new_ones(tmp_path, monkeypatch):
    from brizna.grid import _cache

    monkeypatch.setattr(_cache, "_MOST_FILES", 3)
    cache = Cache(str(tmp_path))
    for number in range(5):
        cache.keep(f"address {number}", _cache.Kept(at_s=1.0, etag=None, data=b"{}"))
        path = next(p for p in tmp_path.iterdir() if p.stat().st_mtime > 1000)
        os.utime(path, (number, number))
    assert cache.find("address 0") is None
    assert cache.find("address 4") is not None


# ---------------------------------------------------------------------------------------- manners


def test_a_key_travels_encrypted_or_not_at_all():
    access = Access(Web(), url="http://192.0.2.7", login=("", KEY))
    with pytest.raises(InputError, match="use https"):
        ask(open_source("electricity-maps", access))


def test_a_source_of_one_s_own_needs_its_address_and_may_name_a_place():
    with pytest.raises(InputError, match="no public address"):
        ask(open_source("carbon-aware-sdk", Access(Web())))
    with pytest.raises(InputError, match="not the address"):
        ask(open_source("carbon-aware-sdk", Access(Web(), part="ftp://here")))
    with FakeProvider("carbon-aware-sdk") as provider:
        part = f"{provider.url}/#westeurope"
        made = ask(open_source("carbon-aware-sdk", Access(Web(), part=part)))
    assert "location=westeurope" in provider.asked[0]
    assert made.kind is None  # it does not say whether it is average or marginal


def test_a_region_can_be_named_where_the_zone_has_none(open_at):
    with FakeProvider("watttime") as provider:
        with pytest.raises(InputError, match="US-CAL-CISO"):
            ask(open_at("watttime", provider), zone="ES")
        ask(open_at("watttime", provider, part="SPAIN"), zone="ES")
    assert "region=SPAIN" in provider.asked[-1]


def test_an_unknown_source_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="electricity-maps"):
        open_source("electricitymaps", Access(Web()))


def test_what_a_source_never_tells_is_not_asked(open_at):
    with FakeProvider("esios") as provider, pytest.raises(CoverageError, match="it tells price"):
        ask(open_at("esios", provider), quantity="intensity")
    assert provider.asked == []


def test_a_document_with_entities_is_refused():
    from brizna.grid._sources import _entsoe

    with pytest.raises(ValueError, match="<!"):
        _entsoe._root(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(CoverageError, match="No matching data"):
        _entsoe._root(
            b"<Acknowledgement_MarketDocument><Reason><code>999</code>"
            b"<text>No matching data found</text></Reason></Acknowledgement_MarketDocument>"
        )


def check_sign(code):
    """Return the last sign of an energy identification code, after ENTSO-E's manual of 2022."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
    total = sum(signs.index(sign) * (16 - place) for place, sign in enumerate(code[:15]))
    return signs[36 - (total - 1) % 37]


@pytest.mark.parametrize("code", AREAS.values())
def test_the_codes_of_areas_are_written_right(code):
    assert len(code) == 16
    assert code[15] == check_sign(code)


@pytest.mark.parametrize("name", SOURCES)
def test_sources_are_described_by_their_own_words(name):
    made = open_source(name, Access(Web()))
    assert isinstance(made, Source)
    assert made.name == name
    assert made.quantities
    assert made.home.startswith("http")


def test_this_machine_is_asked_past_any_proxy(open_at, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeProvider("electricity-maps") as provider:
        assert ask(open_at("electricity-maps", provider)).values


def test_a_redirection_is_not_followed_with_the_key(open_at):
    with FakeProvider("electricity-maps") as provider:
        provider.fault = 302
        with pytest.raises(UnavailableError, match="status 302"):
            ask(open_at("electricity-maps", provider))
    assert len(provider.asked) == 1
