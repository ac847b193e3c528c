"""Sweeps for people: the table, the verdict and the page, in both languages."""

from __future__ import annotations

import pytest

from brizna.report import sweep_lines, sweep_page

FIGURES = {"n=1": (4000.0, 10.0), "n=2": (3000.0, 11.0), "n=3": (5000.0, 12.0)}


@pytest.fixture
def record(fronts):
    """Return what makes the record of a sweep."""

    def made(figures=FIGURES, **manner):
        return fronts.swept(figures, **manner)

    return made


def test_the_table_marks_the_front_and_the_verdict_names_the_best(record):
    text = "\n".join(sweep_lines(record(), lang="en", width=200))
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("n=")}
    assert rows["n=1"].endswith("*")
    assert rows["n=2"].endswith("*")
    assert not rows["n=3"].endswith("*")
    assert "1,234 + -" in rows["n=1"]
    assert "energy / samples" in text
    assert "The least for the goal energy: n=2." in text
    assert "Compared with n=1: energy x 0.75" in text


def test_spanish_says_the_same(record):
    text = "\n".join(sweep_lines(record(), lang="es", width=200))
    assert "Lo mínimo para el objetivo energy: n=2." in text
    assert "energía x 0,75" in text


def test_a_setting_that_was_given_up_and_unknown_energy_have_no_figures(record):
    unknown = {"n=1": (None, 10.0), "n=2": (None, 11.0)}
    text = "\n".join(sweep_lines(record(unknown, failed={"n=3": "why"}), lang="en", width=200))
    assert "given up: why" in text
    assert "Nothing can be recommended for: energy." in text
    assert b"<svg" not in sweep_page(record(unknown), lang="en")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_page_draws_every_setting_and_forbids_requests_and_other_scripts(lang, record):
    pytest.importorskip("jinja2")
    page = sweep_page(record(), lang=lang).decode()
    assert page.count('<circle class="point"') == 3
    assert page.count('class="spot front') == 2
    assert "default-src &#39;none&#39;" in page
    assert "script-src &#39;sha256-" in page
    assert page.count("<script>") == 1
    assert "\x1b" not in page
    assert sweep_page(record(), lang=lang).decode() == page
