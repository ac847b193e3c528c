"""The manager's page in a real browser: accessible, narrow, printed on one sheet."""

from __future__ import annotations

import importlib.util
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from brizna.report import LANGUAGES, manager_page

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).resolve().parents[1] / "report" / "overviews.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of the page of a full period and of an empty one, in each language."""
    spec = importlib.util.spec_from_file_location("overviews", SAMPLES)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    folder = tmp_path_factory.mktemp("overviews")
    found = {}
    for lang in LANGUAGES:
        for name, told in (("full", samples.full()), ("empty", samples.empty())):
            path = folder / f"{name}.{lang}.html"
            path.write_bytes(manager_page(told, lang=lang))
            found[name, lang] = path.as_uri()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ["full", "empty"])
def test_axe_finds_nothing_in_the_managers_page(page, pages, inaccessible, name, lang, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(pages[name, lang])
    assert not inaccessible()
    assert not page.faults


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_window_needs_sideways_scrolling(page, pages, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages["full", "es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_prints_on_one_sheet(page, pages, lang):
    page.goto(pages["full", lang])
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(PdfReader(BytesIO(printed)).pages) == 1


def test_a_number_leads_to_its_origin(page, pages):
    page.goto(pages["full", "en"])
    page.locator("#teams a.figure").first.click()
    row = page.locator("#origins tr:target")
    assert row.is_visible()
    assert "brizna runs total" in row.inner_text()
