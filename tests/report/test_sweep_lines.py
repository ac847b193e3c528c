"""Sweeps for people: the table, the verdict and the page, in both languages."""

from __future__ import annotations

import pytest

from brizna.core.estimate import exactly
from brizna.core.quantities import Energy
from brizna.core.sweep import Dimension, SweepPlan, TrialFacts, conclude
from brizna.report import sweep_lines, sweep_page

FIGURES = {"n=1": (4000.0, 10.0), "n=2": (3000.0, 11.0), "n=3": (5000.0, 12.0)}


def record(figures=FIGURES, *, failed=None, **plan):
    """Return the record of a sweep."""
    asked = SweepPlan(
        made="2026-11-22T08:00:00.000Z",
        machine="m",
        command=("train", "\x1b[31m{n}"),
        dimensions=(Dimension(kind="vary", name="n", levels=("1", "2", "3")),),
        repeats=3,
        seed=1,
        **plan,
    )
    trials = [
        TrialFacts(
            arm=arm,
            block=block,
            run=f"{arm}/{block}",
            energy_j=None if energy_j is None else exactly(Energy(energy_j + block), "metered"),
            duration_s=duration_s,
            work={"samples": 1000.0},
            switches_voluntary=1234,
            switches_involuntary=None,
        )
        for arm, (energy_j, duration_s) in figures.items()
        for block in range(3)
    ]
    return conclude(asked, "sha256:0", trials, failed=failed).to_json()


def test_the_table_marks_the_front_and_the_verdict_names_the_best():
    text = "\n".join(sweep_lines(record(), lang="en", width=200))
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("n=")}
    assert rows["n=1"].endswith("*")
    assert rows["n=2"].endswith("*")
    assert not rows["n=3"].endswith("*")
    assert "1,234 + -" in rows["n=1"]
    assert "energy / samples" in text
    assert "The least for the goal energy: n=2." in text
    assert "Compared with n=1: energy x 0.75" in text


def test_spanish_says_the_same():
    text = "\n".join(sweep_lines(record(), lang="es", width=200))
    assert "Lo mínimo para el objetivo energy: n=2." in text
    assert "energía x 0,75" in text


def test_a_setting_that_was_given_up_and_unknown_energy_have_no_figures():
    unknown = {"n=1": (None, 10.0), "n=2": (None, 11.0)}
    text = "\n".join(sweep_lines(record(unknown, failed={"n=3": "why"}), lang="en", width=200))
    assert "given up: why" in text
    assert "Nothing can be recommended for: energy." in text
    assert b"<svg" not in sweep_page(record(unknown), lang="en")


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_page_draws_every_setting_and_forbids_requests_and_other_scripts(lang):
    pytest.importorskip("jinja2")
    page = sweep_page(record(), lang=lang).decode()
    assert page.count('<circle class="point"') == 3
    assert page.count('class="spot front') == 2
    assert "default-src &#39;none&#39;" in page
    assert "script-src &#39;sha256-" in page
    assert page.count("<script>") == 1
    assert "\x1b" not in page
    assert sweep_page(record(), lang=lang).decode() == page
