"""The report in a real browser: quiet, complete, accessible, in both languages."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from brizna.report import LANGUAGES, html_report

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).resolve().parents[1] / "report" / "sample_views.py"
CHARTS = ("power", "phases", "zones")


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The address of the sample run's page in each language."""
    spec = importlib.util.spec_from_file_location("sample_views", SAMPLES)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    view = samples.view()
    folder = tmp_path_factory.mktemp("reports")
    addresses = {}
    for lang in LANGUAGES:
        path = folder / f"{lang}.html"
        path.write_bytes(
            html_report(
                view,
                lang=lang,
                series=samples.series(samples.events()),
                comparisons=samples.COMPARISONS,
                zones=samples.zones(view),
                time_zone="Europe/Madrid",
            )
        )
        addresses[lang] = path.as_uri()
    return addresses


def open_report(page, address):
    """Open a report and wait until its charts are drawn; return what it asked for."""
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(address)
    page.wait_for_selector("html[data-drawn=yes]")
    return requests


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_report_asks_nobody_and_breaks_no_rule_of_its_policy(page, reports, lang):
    asked = open_report(page, reports[lang])
    assert [url for url in asked if not url.startswith("data:")] == [reports[lang]]
    assert not page.faults


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_in_the_report_with_everything_open(
    page, reports, inaccessible, lang, scheme
):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_report(page, reports[lang])
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    assert not inaccessible()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_chart_is_drawn_with_words_and_numbers_of_its_language(page, reports, lang):
    open_report(page, reports[lang])
    for name in CHARTS:
        drawing = page.locator(f"[data-chart=chart-{name}] svg")
        assert drawing.count() == 1
        assert drawing.get_attribute("aria-label")
        assert drawing.locator("path").count() > 3
    assert page.evaluate("document.documentElement.lang") == lang
    page.locator("[data-chart=chart-phases] .mark-rect path").first.hover()
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert {"en": "best: 4.73", "es": "mejor valor: 4,73"}[lang] in tip.inner_text()


def test_the_pointer_on_the_power_chart_reads_every_component(page, reports):
    open_report(page, reports["es"])
    chart = page.locator("[data-chart=chart-power]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.6)
    page.mouse.move(box["x"] + box["width"] * 0.5 + 3, box["y"] + box["height"] * 0.6)
    page.wait_for_function("!document.getElementById('tip').hidden")
    said = page.locator("#tip").inner_text()
    assert "rapl/package-0 (W)" in said
    assert said.count("nvml/") == 2


@pytest.mark.parametrize("width", [360, 390, 768])
def test_a_narrow_window_needs_no_sideways_scrolling(page, reports, width):
    page.set_viewport_size({"width": width, "height": 800})
    open_report(page, reports["es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_explanations_open_by_keyboard_alone(page, reports):
    open_report(page, reports["en"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    first = page.locator(".tree > details > summary").first
    first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".tree > details").first.get_attribute("open") is not None


def test_a_figure_leads_to_its_explanation_and_unfolds_it(page, reports):
    open_report(page, reports["en"])
    links = page.locator("a.figure")
    assert links.count() > 10
    page.locator("#footprint a.figure", has_text="30").first.click()
    told = page.locator("#from-carbon_operational_g")
    assert told.is_visible()
    assert "Ember" in told.inner_text() or told.locator(".formula").count()
    summary = page.locator(".tree > details[open] > summary")
    assert summary.count() == 1
    assert "carbon_operational_g" in summary.inner_text()
    page.wait_for_function(
        "document.querySelector('.tree > details[open]').getBoundingClientRect().top < innerHeight"
    )


def test_a_link_from_outside_finds_its_explanation_unfolded(page, reports):
    open_report(page, reports["es"] + "#from-energy_j")
    assert page.locator("#from-energy_j").is_visible()


def test_the_report_prints_with_its_explanations_open(page, reports):
    open_report(page, reports["en"])
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf().startswith(b"%PDF")


def test_without_scripts_tables_bars_and_explanations_remain(browser, reports):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(reports["en"])
    assert page.locator("#phases td.bar").first.is_visible()
    assert page.locator("#zones tbody tr").count() == 4
    assert not page.locator("[data-chart]").first.is_visible()
    page.locator(".tree > details > summary").first.click()
    assert page.locator(".tree > details .formula").first.is_visible()
    context.close()
