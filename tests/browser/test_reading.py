"""What EN 301 549 asks of pages and axe does not see: reflow, spacing, drawings, focus."""

from __future__ import annotations

import importlib.util
import re
from itertools import pairwise
from pathlib import Path

import pytest

from brizna.report import html_report, improvement_page, manager_page, tune_page

pytestmark = pytest.mark.browser

NAMES = ("run", "manager", "improved", "tuned")
STOPS = "a[href], summary, select, input, [tabindex='0']"
FOLDER = Path(__file__).resolve().parents[1] / "report"
SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; }
* { word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
"""What readers may set (9.1.4.12); a page of ours forbids styles from elsewhere, so it is set
through the object model, as a reader's browser does."""


def beside(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The addresses of the pages that people read, in Spanish: its words are the longer ones."""
    samples, overviews, fronts = map(beside, ("sample_views", "overviews", "fronts"))
    folder = tmp_path_factory.mktemp("read")
    view = samples.view()
    made = {
        "run": html_report(
            view, lang="es", series=samples.series(samples.events()), zones=samples.zones(view)
        ),
        "manager": manager_page(overviews.full(), lang="es"),
        "improved": improvement_page(fronts.improved(folder), lang="es"),
        "tuned": tune_page(fronts.tuned(), lang="es"),
    }
    for name, content in made.items():
        (folder / f"{name}.html").write_bytes(content)
    return {name: (folder / f"{name}.html").as_uri() for name in made}


def luminance(colour):
    parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_at_320_pixels_nothing_needs_two_directions_of_scrolling(page, pages, name):
    """9.1.4.10: as wide as 1280 pixels at 400 %."""
    page.set_viewport_size({"width": 320, "height": 256})
    page.goto(pages[name])
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("name", NAMES)
def test_wider_spacing_cuts_nothing_off(page, pages, name):
    """9.1.4.12: no text is clipped where a reader spaces it as WCAG says."""
    page.goto(pages[name])
    page.evaluate(
        """text => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(text);
            document.adoptedStyleSheets = [sheet];
        }""",
        SPACED,
    )
    clipped = page.evaluate(
        """() => [...document.querySelectorAll('dd, th, td, p, li, h1, h2')].filter(one => {
            const style = getComputedStyle(one);
            return style.overflow === 'hidden' && one.scrollHeight > one.clientHeight + 1;
        }).length"""
    )
    assert clipped == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_stands_out_from_the_paper(page, pages, name, scheme):
    """9.1.4.11: at least 3 to 1 for what carries meaning."""
    page.emulate_media(color_scheme=scheme)
    page.goto(pages[name])
    colours = page.evaluate(
        """() => {
            const probe = document.body.appendChild(document.createElement('i'));
            const of = name => {
                probe.style.setProperty('color', `var(--${name})`);
                return getComputedStyle(probe).color;
            };
            const names = ['paper', 'accent', 'accent-soft', 'warn', 'ink', 'ink-soft', 'c-gpu',
                'c-cpu', 'c-memory', 'c-node', 'c-storage', 'c-network'];
            return Object.fromEntries(names.map(name => [name, of(name)]));
        }"""
    )
    paper = colours.pop("paper")
    faint = {key: contrast(one, paper) for key, one in colours.items() if contrast(one, paper) < 3}
    assert not faint


@pytest.mark.parametrize("name", NAMES)
def test_the_keyboard_reaches_everything_and_the_focus_is_seen(page, pages, name):
    """9.2.1.1, 9.2.1.2, 9.2.4.7: tab goes through the page to its end, each stop outlined."""
    page.goto(pages[name])
    stops = page.locator(STOPS)
    count = stops.count()
    assert count > 10
    seen = 0
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            """() => {
                const one = document.activeElement;
                if (one === document.body) return null;
                return getComputedStyle(one).outlineStyle;
            }"""
        )
        if outline is None:
            break
        seen += 1
        assert outline != "none"
    visible = page.evaluate(
        "all => [...document.querySelectorAll(all)].filter(one => one.checkVisibility()).length",
        STOPS,
    )
    assert seen == visible


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_one_level_at_a_time(page, pages, name):
    """9.1.3.1, 9.2.4.6: the outline of the page is its structure."""
    page.goto(pages[name])
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("width", [320, 390, 768, 1000, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_no_figure_is_wider_than_its_card(page, pages, name, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages[name])
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.card')].filter(card => {
            const inner = card.getBoundingClientRect().right
                - parseFloat(getComputedStyle(card).paddingRight);
            return [...card.children].some(one => {
                const range = document.createRange();
                range.selectNodeContents(one);
                return range.getBoundingClientRect().right > inner + 1;
            });
        }).map(card => card.textContent)"""
    )
    assert wide == []
