"""Regulatory forms as pages in a real browser: quiet, accessible, readable on a phone and paper."""

from __future__ import annotations

import pytest

from brizna.report import LANGUAGES, find_renderer
from brizna.testing import sample_dossier

pytestmark = pytest.mark.browser

FORMS = ("ai-act", "data-centre", "pdf")


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """The address of each form's page in each language."""
    folder = tmp_path_factory.mktemp("sheets")
    addresses = {}
    for form in FORMS:
        for lang in LANGUAGES:
            path = folder / f"{form}-{lang}.html"
            made = find_renderer(f"{form}.html").render(sample_dossier(), lang=lang)
            path.write_bytes(made.content)
            addresses[form, lang] = path.as_uri()
    return addresses


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", FORMS)
def test_axe_finds_nothing(page, sheets, inaccessible, form, lang, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(sheets[form, lang])
    assert not inaccessible()
    assert not page.faults


@pytest.mark.parametrize("form", FORMS)
def test_a_narrow_screen_scrolls_tables_and_not_the_page(page, sheets, form):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(sheets[form, "es"])
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360


def test_paper_has_room_for_every_table(page, sheets):
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    page.goto(sheets["ai-act", "en"])
    cut = "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.evaluate(f"{cut}.length") == 0
