"""The page of a check in a real browser: quiet, accessible, and no wider than the window."""

from __future__ import annotations

import pytest

from brizna.check import Choice, Waiver, project_rules, review, rules_of
from brizna.report import LANGUAGES, review_page
from brizna.testing import sample_project

pytestmark = pytest.mark.browser

FILES = {
    "requirements.txt": "numpy>=2\n",
    "Dockerfile": "FROM python:3\n",
    ".github/workflows/test.yml": "steps:\n  - run: pip-audit --strict\n",
    "a|b<img>.tf": 'module "x" {\n}\n',
}
WAIVER = Waiver(rule="BRZ-P004", reason="until the new image is there", until="2999-12-31")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of a review's page in each language."""
    folder = tmp_path_factory.mktemp("reviews")
    rules = {rule.id: rule for rule in rules_of("pnav", project_rules().values())}
    project, choice = sample_project(files=FILES), Choice(waivers=(WAIVER,), ignore=("BRZ-Q002",))
    found = review(project, list(rules.values()), profile="pnav", choice=choice)
    addresses = {}
    for lang in LANGUAGES:
        path = folder / f"{lang}.html"
        path.write_bytes(review_page(found, rules, lang=lang))
        addresses[lang] = path.as_uri()
    return addresses


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_axe_finds_nothing(page, pages, inaccessible, lang, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(pages[lang])
    assert not inaccessible()
    assert not page.faults


@pytest.mark.parametrize("width", [360, 768])
def test_a_narrow_window_needs_no_sideways_scrolling(page, pages, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages["es"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
