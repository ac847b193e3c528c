"""The page of a profile in a real browser: quiet, accessible, by pointer and by keyboard."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from brizna.report import LANGUAGES, profile_page

pytestmark = pytest.mark.browser

PARTS = 8
SAMPLES = Path(__file__).resolve().parents[1] / "report" / "test_profile_page.py"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of a profile's page in each language."""
    spec = importlib.util.spec_from_file_location("profile_samples", SAMPLES)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    folder = tmp_path_factory.mktemp("profiles")
    addresses = {}
    for lang in LANGUAGES:
        path = folder / f"{lang}.html"
        path.write_bytes(profile_page(samples.profile(), lang=lang, command="python train.py"))
        addresses[lang] = path.as_uri()
    return addresses


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing_with_everything_open(page, pages, inaccessible, lang, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(pages[lang])
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    assert not inaccessible()
    assert not page.faults


def test_a_click_widens_a_box_and_escape_shows_all(page, pages):
    page.goto(pages["en"])
    inner = page.locator("#box-1 rect")
    before = inner.bounding_box()["width"]
    inner.click()
    whole = page.locator("#drawing").bounding_box()["width"]
    assert inner.bounding_box()["width"] == pytest.approx(whole, rel=0.01)
    assert "inner" in page.locator("#flame-now").inner_text()
    page.locator("#drawing").press("Escape")
    assert inner.bounding_box()["width"] == pytest.approx(before, rel=0.01)


def test_the_keyboard_alone_goes_through_the_drawing(page, pages):
    page.goto(pages["es"])
    drawing = page.locator("#drawing")
    drawing.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        drawing.press(key)
    assert "inner" in page.locator("#flame-now").inner_text()
    drawing.press("ArrowUp")
    assert "train.py:3" in page.locator("#flame-now").inner_text()


def test_without_scripts_the_drawing_the_list_and_the_tree_remain(browser, pages):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(pages["en"])
    assert page.locator("#drawing rect").count() == 4
    assert page.locator("#parts tbody tr").count() == PARTS
    page.locator(".tree summary").first.click()
    assert not page.locator("#flame-keys").is_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_window_needs_no_sideways_scrolling(page, pages, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages["es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
