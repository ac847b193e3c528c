"""The page of a gate in a real browser: quiet, accessible, and no wider than the window."""

from __future__ import annotations

import pytest

from brizna.check import Block, Floor, Gate, judge_budget, judge_drift, judge_gate, judge_quality
from brizna.report import LANGUAGES, gate_page

pytestmark = pytest.mark.browser

BLOCKS = tuple(
    Block(base=1 + at % 3 / 50, again=1 + at % 4 / 50, head=1.2 + at % 5 / 50) for at in range(15)
)
GATE = Gate(
    command=("python", "train.py", "<b>"),
    figure="cpu",
    method="rusage",
    base="main",
    base_commit="a" * 40,
    head_commit="b" * 40,
    is_changed=True,
    executions=1,
    allow=0.0,
    notice=0.05,
    blocks=BLOCKS,
    change=judge_gate(BLOCKS),
    budget=judge_budget((1.4e6, 1.5e6, 1.7e6), most=1.62e6, unit="J", executions=5),
    budget_method="meters",
    quality=(judge_quality(Floor.read("accuracy>=0.9"), [0.93, 0.92, 0.91]),),
    drift=judge_drift([1.0, 1.02, 1.05, 1.09]),
    reason="there is no counter",
    duration_s=90.0,
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of a gate's page in each language."""
    folder = tmp_path_factory.mktemp("gates")
    addresses = {}
    for lang in LANGUAGES:
        path = folder / f"{lang}.html"
        path.write_bytes(gate_page(GATE.to_json(), lang=lang))
        addresses[lang] = path.as_uri()
    return addresses


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing(page, pages, inaccessible, lang, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(pages[lang])
    assert not inaccessible()
    assert not page.faults


def test_each_block_is_a_point_a_ring_and_a_row(page, pages):
    page.goto(pages["en"])
    assert page.locator("circle.head").count() == len(BLOCKS)
    assert page.locator("circle.again").count() == len(BLOCKS)
    assert page.locator("table").nth(1).locator("tbody tr").count() == len(BLOCKS)
    band = page.locator("rect.band").bounding_box()
    line = page.locator("line.change").bounding_box()
    assert band["y"] <= line["y"] <= band["y"] + band["height"]


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_window_needs_no_sideways_scrolling(page, pages, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages["es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
