"""The page is one file that shows everything it was given and asks nobody for more."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from base64 import b64encode
from html import unescape
from pathlib import Path

import pytest

import brizna.report
from brizna.core.errors import InputError, UnavailableError
from brizna.report import LANGUAGES, html_report
from brizna.report._charts import MOST_POINTS, phase_chart, power_chart, thin

VENDOR = Path(brizna.report.__file__).parent / "vendor"


@pytest.fixture(scope="module")
def everything(samples, view):
    return {
        "series": samples.series(samples.events()),
        "comparisons": samples.COMPARISONS,
        "zones": samples.zones(view),
    }


def text_of(page):
    """Return the page's markup without its scripts and style."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", page.decode(), flags=re.DOTALL)


def test_the_page_says_of_what_its_energy_is(view):
    page = html_report(view, lang="en").decode()
    assert "Whose energy it was" in page
    assert page.count("That is the whole machine while the run went on, whoever used it.") == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_link_inside_the_page_has_a_target_and_every_figure_a_link(view, everything, lang):
    page = text_of(html_report(view, lang=lang, **everything))
    named = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= named
    footprint = page.partition('<section id="footprint">')[2].partition("</section>")[0]
    shown = footprint.count('<th scope="row">') - footprint.count('<td colspan="2"')
    assert footprint.count('<a class="figure"') == shown > 4
    cards = page.partition('<dl class="cards">')[2].partition("</dl>")[0]
    assert cards.count('<a class="figure"') >= 4


def test_facts_of_the_machine_have_names_in_the_readers_language(view):
    page = text_of(html_report(view, lang="es"))
    assert "procesadores lógicos" in page
    assert "memory_gb" not in page
    assert "cambios sin confirmar" in page


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_records_give_the_same_bytes(view, everything, lang):
    once, twice = (html_report(view, lang=lang, **everything) for _ in range(2))
    assert once == twice
    assert len(once) < 1_500_000


def test_the_policy_names_the_digest_of_every_script_and_style_and_nothing_else(view, everything):
    page = html_report(view, lang="en", **everything).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page).group(1)
    policy = unescape(policy)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    bodies = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", page, flags=re.DOTALL)
    digests = [b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in bodies]
    assert re.findall(r"'sha256-([^']+)'", policy) == digests[1:] + digests[:1]


def test_nothing_in_the_page_is_fetched_from_elsewhere(view, everything):
    markup = text_of(html_report(view, lang="en", **everything))
    assert not re.findall(r'(?:src|href|action|srcset)="(?!#|data:,)', markup)
    assert "@import" not in markup
    assert "url(" not in markup


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        (
            "en",
            (
                "157–172",
                "40\u00a0g\u00a0CO₂e",
                "Where each figure comes from",
                "≈ 0.42 km",
                "70% less",
            ),
        ),
        (
            "es",
            ("157–172", "26,7\u00a0Wh", "De dónde sale cada cifra", "≈ 0,42 km", "70\u00a0% menos"),
        ),
    ],
)
def test_the_page_speaks_the_language_it_says_it_speaks(view, everything, lang, parts):
    page = text_of(html_report(view, lang=lang, **everything))
    assert f'<html lang="{lang}">' in page
    for part in parts:
        assert part in page, part


def test_the_start_is_told_in_the_time_zone_that_is_named(view):
    assert "21 November 2026, 09:14:02 (UTC)" in text_of(html_report(view, lang="en"))
    for named in (None, "Europe/Madrid"):  # the clock of who reads Spanish, where nobody says
        madrid = text_of(html_report(view, lang="es", time_zone=named))
        assert "21 de noviembre de 2026, 10:14:02 (Europe/Madrid)" in madrid
    with pytest.raises(InputError, match="Europe/Madrid"):
        html_report(view, lang="en", time_zone="Mars/Olympus")


def test_names_in_a_record_never_become_markup(samples):
    view = samples.view(name="</script><script>alert(1)</script>", gap=False)
    phase = {**view["measurement"]["phases"][0], "name": "<img src=x onerror=alert(1)>"}
    measurement = {**view["measurement"], "phases": [phase]}
    page = html_report({**view, "measurement": measurement}, lang="en").decode()
    assert "<script>alert(1)" not in page
    assert "<img" not in page
    blocks = re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', page)
    assert all(json.loads(block) for block in blocks)
    assert any("<img src=x" in json.dumps(json.loads(block)) for block in blocks)


def test_a_run_without_samples_footprint_or_phases_is_still_a_page(samples):
    view = samples.view(footprint=False)
    bare = {**view, "measurement": {**view["measurement"], "phases": []}}
    page = text_of(html_report(bare, lang="en"))
    assert "The samples of this run are gone" in page
    assert "Not accounted yet" in page
    assert 'id="phases"' not in page
    assert 'href="#phases"' not in page


def test_unknown_energy_is_said_in_words(view):
    measurement = {**view["measurement"], "energy_j": None, "reason": "not known", "channels": []}
    page = text_of(html_report({**view, "footprint": None, "measurement": measurement}, lang="en"))
    assert "The energy of this run is not known." in page
    assert not re.search(r"\b0(\u00a0| )(Wh|J|g)", page)


def test_figures_that_are_unknown_show_their_reason(view):
    page = text_of(html_report(view, lang="en"))
    assert "no water factor was named" in page


def test_thinning_keeps_the_energy_and_the_number_of_points():
    points = [(t / 10, 50 + t % 7) for t in range(1, 36_001)]
    thinned = thin(points, 3600)
    assert len(thinned) == MOST_POINTS
    mean = sum(power for _, power in thinned) / len(thinned)
    assert mean == pytest.approx(sum(power for _, power in points) / len(points), rel=1e-6)
    assert thin(points[:500], 50) == points[:500]


def test_thinning_leaves_out_what_was_not_read():
    points = [(t, 10.0) for t in range(1, 2001) if not 500 < t <= 900]
    thinned = thin(points, 2000, 100)
    assert not [t_s for t_s, _ in thinned if 520 < t_s < 900]


def test_charts_name_their_units_and_leave_contained_channels_out(samples, view):
    chart = power_chart(view, samples.series(samples.events()), "es")
    rows = chart["datasets"]["power"]
    assert {row["k"] for row in rows} == {"GPU", "CPU", "memoria"}
    assert len({row["c"] for row in rows}) == 4
    assert "potencia (W)" in json.dumps(chart, ensure_ascii=False)


def test_many_phases_are_drawn_by_size_and_all_listed(view):
    one = view["measurement"]["phases"][0]
    phases = [{**one, "name": f"step {number}"} for number in range(80)]
    many = {**view, "measurement": {**view["measurement"], "phases": phases}}
    assert len(phase_chart(many, "en")["data"]["values"]) == 30
    page = text_of(html_report(many, lang="en"))
    assert "step 79" in page
    assert "The chart shows the 30 largest phases, the table all." in page


def test_phases_of_one_name_stay_apart(view):
    phases = [view["measurement"]["phases"][1]] * 2
    chart = phase_chart({**view, "measurement": {**view["measurement"], "phases": phases}}, "en")
    assert [row["n"] for row in chart["data"]["values"]] == ["epoch 1 (1)", "epoch 1 (2)"]


@pytest.mark.parametrize("name", ["vega", "vega-lite", "vega-interpreter"])
def test_vendored_scripts_are_the_pinned_ones_and_bring_their_licence(name):
    pinned = json.loads((VENDOR / "versions.json").read_text(encoding="utf-8"))[name]
    script = (VENDOR / f"{name}.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == pinned["sha256"]
    assert b"</script" not in script
    assert b"sourceMappingURL" not in script
    licence = (VENDOR / f"{name}.LICENSE").read_text(encoding="utf-8")
    assert "Redistribution and use" in licence
    assert "*/" not in licence


@pytest.mark.parametrize("library", ["babel.dates", "jinja2"])
def test_a_missing_library_is_named_with_the_line_that_installs_it(view, library, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnavailableError, match=r"pip install 'brizna\[report\]'"):
        html_report(view, lang="en")


def test_the_runs_own_zone_is_added_where_it_is_not_among_the_others(samples, view):
    others = [zone for zone in samples.zones(view) if zone["zone"] != "ES"]
    page = text_of(html_report(view, lang="en", zones=others))
    assert re.search(r'<tr class="here"><th scope="row">ES', page)
    assert "factor:grid/ES/2024" in page
