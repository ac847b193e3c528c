"""Pages of fronts in a real browser: accessible, by pointer, by keyboard and without scripts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from brizna.report import LANGUAGES, improvement_page, sweep_page, tune_page

pytestmark = pytest.mark.browser

SAMPLES = Path(__file__).resolve().parents[1] / "report" / "fronts.py"
NAMES = ("improved", "tuned", "swept")
VARIANTS = 6


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of each page in each language."""
    spec = importlib.util.spec_from_file_location("fronts", SAMPLES)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    folder = tmp_path_factory.mktemp("fronts")
    figures = {"n=1": (4000.0, 10.0), "n=2": (3000.0, 11.0), "n=3": (5000.0, 12.0)}
    made = {
        "improved": (improvement_page, samples.improved(folder)),
        "tuned": (tune_page, samples.tuned()),
        "swept": (sweep_page, samples.swept(figures)),
    }
    found = {}
    for name, (page_of, record) in made.items():
        for lang in LANGUAGES:
            path = folder / f"{name}.{lang}.html"
            path.write_bytes(page_of(record, lang=lang))
            found[name, lang] = path.as_uri()
    return found


def chosen(page):
    """Return the numbers of the chosen points and of the marked rows, which are the same."""
    points, rows = (
        page.evaluate(
            """kind => [...document.querySelectorAll(`[id^=${kind}-][aria-current]`)]
                .map(one => Number(one.id.split('-')[1]))""",
            kind,
        )
        for kind in ("point", "row")
    )
    assert points == rows
    return points


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_with_points_chosen(page, pages, inaccessible, name, lang, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(pages[name, lang])
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
    page.locator("#point-1").press("Enter")
    assert chosen(page) == [1]
    assert not inaccessible()
    assert not page.faults


def test_a_point_marks_its_row_and_a_row_its_point(page, pages):
    page.goto(pages["improved", "en"])
    page.locator("#point-2 .reach").click()
    assert chosen(page) == [2]
    assert page.locator("#plot-now a").get_attribute("href") == "#row-2"
    page.locator("#row-4 th a").click(modifiers=["Shift"])
    assert chosen(page) == [2, 4]
    page.locator("#point-2").press("Enter")
    assert chosen(page) == [2]
    page.locator("#point-2").press("Escape")
    assert chosen(page) == []
    assert page.locator("#plot-now").inner_text() == "No point is chosen."


def test_a_box_chooses_what_it_holds_and_a_click_beside_points_none(page, pages):
    page.goto(pages["tuned", "en"])
    drawing = page.locator("#plot").bounding_box()
    middle = drawing["x"] + drawing["width"] / 2
    page.mouse.move(drawing["x"] + 2, drawing["y"] + 2)
    page.mouse.down()
    page.mouse.move(middle, drawing["y"] + drawing["height"] - 2, steps=4)
    page.mouse.up()
    left = [
        at
        for at in range(1, 6)
        if (box := page.locator(f"#point-{at} .point").bounding_box())
        and box["x"] + box["width"] / 2 < middle
    ]
    assert 0 < len(left) < 5
    assert chosen(page) == left
    page.mouse.click(drawing["x"] + 4, drawing["y"] + 4)
    assert chosen(page) == []


def test_only_the_rows_of_chosen_points_where_asked(page, pages):
    page.goto(pages["improved", "en"])
    rows = page.locator("tr[id^=row-]:visible")
    assert rows.count() == VARIANTS
    page.locator("#chosen-only").check()
    assert rows.count() == VARIANTS
    page.locator("#point-3").press("Enter")
    assert rows.count() == 1
    page.keyboard.press("Escape")
    assert rows.count() == VARIANTS


def test_a_verdict_that_is_left_out_takes_its_points_and_rows_along(page, pages):
    page.goto(pages["improved", "en"])
    refused = page.locator("tr[data-verdict=fail]")
    count = refused.count()
    assert count
    page.locator("input[value=fail]").uncheck()
    assert page.locator("tr[data-verdict=fail]:visible").count() == 0
    assert page.locator(".spot.refused:visible").count() == 0
    assert page.locator("tr[id^=row-]:visible").count() == VARIANTS - count
    page.locator("input[value=fail]").check()
    assert page.locator("tr[id^=row-]:visible").count() == VARIANTS


def test_other_axes_move_the_points_and_bring_their_own_ticks(page, pages):
    page.goto(pages["improved", "es"])
    assert page.locator(".plot .line").is_visible()
    before = page.locator("#point-1 .point").get_attribute("cx")
    page.locator("#x-figure").select_option(label="tamaño")
    assert page.locator(".x.ticks text").first.text_content().endswith("MB")
    assert page.locator(".x.name").text_content() == "tamaño"
    assert page.locator("#point-1 .point").get_attribute("cx") != before
    assert not page.locator(".plot .line").is_visible()  # the front is of cost and quality
    page.locator("#x-figure").select_option(index=0)
    assert page.locator("#point-1 .point").get_attribute("cx") == before
    assert page.locator(".plot .line").is_visible()


def test_without_scripts_points_and_rows_lead_to_each_other(browser, pages):
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(pages["improved", "en"])
    assert page.locator(".spot:visible").count() == VARIANTS
    assert not page.locator(".choose").is_visible()
    page.locator("#point-2").press("Enter")
    assert page.locator("#row-2:target").count() == 1
    page.locator("#row-3 th a").click()
    assert page.locator("#point-3:target").count() == 1
    context.close()


@pytest.mark.parametrize("width", [320, 768])
@pytest.mark.parametrize("name", NAMES)
def test_a_narrow_window_needs_no_sideways_scrolling(page, pages, name, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages[name, "es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_every_point_and_choice(page, pages):
    page.goto(pages["improved", "en"])
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        where = page.evaluate(
            "() => document.activeElement.id || document.activeElement.value || ''"
        )
        reached.add(where)
    assert {f"point-{at}" for at in range(1, VARIANTS + 1)} <= reached
    assert {"x-figure", "y-figure", "chosen-only", "fail", "pass"} <= reached
