"""Every form keeps the promises of a renderer; what a dossier and its paths say."""

from __future__ import annotations

from pathlib import Path

import pytest

from brizna.core.errors import InputError, UnavailableError
from brizna.report import (
    FACTS,
    RENDERERS,
    Format,
    explain,
    find_renderer,
    is_text,
    read_facts,
    renderer_names,
    trace,
)
from brizna.testing import FakeRenderer, read_shown, renderer_conformance, sample_dossier

ONE_RUN: set[str] = set()
"""Forms that are about one run alone."""


@pytest.mark.parametrize("name", RENDERERS)
def test_a_form_keeps_its_promises(name):
    assert renderer_conformance(find_renderer(name), several=name not in ONE_RUN) == []


@pytest.mark.parametrize("name", RENDERERS)
def test_a_form_is_found_by_the_name_it_has(name):
    assert find_renderer(name).name == name


@pytest.mark.parametrize("name", RENDERERS)
def test_each_number_of_a_form_is_explained_in_words(name):
    dossier = sample_dossier()
    view = dossier.views[0]
    figures = find_renderer(name).render(dossier, lang="en").figures
    for path in sorted({figure.path for figure in figures}):
        (told,) = explain(view, Format("en"), figure=path)
        assert told.value
        assert "unknown" not in told.value, path


def test_a_form_that_there_is_not_names_the_nearest():
    with pytest.raises(InputError, match="markdown"):
        find_renderer("markdwon")


def test_ours_come_first_in_the_list_of_forms():
    assert renderer_names()[: len(RENDERERS)] == list(RENDERERS)


def test_what_a_terminal_can_show_is_text():
    assert is_text(find_renderer("json"))
    assert is_text(find_renderer("markdown"))


@pytest.mark.parametrize(
    ("fake", "wrong"),
    [
        (FakeRenderer(invents=True), "but energy_j is not known"),
        (FakeRenderer(wanders=True), "the second time"),
    ],
)
def test_a_form_that_breaks_its_promises_is_found_out(fake, wrong):
    assert any(wrong in broken for broken in renderer_conformance(fake))


def test_a_form_that_keeps_them_is_right():
    assert renderer_conformance(FakeRenderer()) == []


def test_a_form_that_somebody_else_brings_is_found_by_its_entry_point(tmp_path, monkeypatch):
    about = tmp_path / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: theirs\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[brizna.renderers]\ntheirs = their_form:FORM\nnone = their_form:NONE\n"
        "absent = their_form:ABSENT\n",
        encoding="utf-8",
    )
    (tmp_path / "their_form.py").write_text(
        "from brizna.testing import FakeRenderer\nFORM = FakeRenderer('theirs')\nNONE = 3\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert renderer_names()[len(RENDERERS) :] == ["theirs", "none", "absent"]
    assert find_renderer("theirs").name == "theirs"
    with pytest.raises(UnavailableError, match="lacks a part"):
        find_renderer("none")
    with pytest.raises(UnavailableError, match="cannot be loaded"):
        find_renderer("absent")


def test_runs_that_overlapped_are_told_of():
    dossier = sample_dossier(runs=2)
    both = dossier.replace(at_once=(dossier.views[1]["id"],))
    told = find_renderer("markdown").render(both, lang="en").content.decode()
    assert "1 of them overlapped another run" in told


def test_it_is_said_whose_energy_it_is_and_which_runs_failed():
    dossier = sample_dossier(runs=2)
    first, second = dossier.views
    failed = {**second, "exit_code": 1}
    footprint = {**first["footprint"], "view": "fair-share"}
    mixed = dossier.replace(views=({**first, "footprint": footprint}, failed))
    told = find_renderer("markdown").render(mixed, lang="en").content.decode()
    assert "fair share of the machine" in told
    assert "Of these 1 did not end well" in told
    assert (
        "did not end well"
        not in find_renderer("markdown").render(dossier, lang="en").content.decode()
    )


def test_costs_in_several_currencies_have_no_sum():
    dossier = sample_dossier(runs=2)
    paid = dossier.views[0]["footprint"]["energy_j"]
    views = tuple(
        {**view, "footprint": {**view["footprint"], "cost": paid, "currency": currency}}
        for view, currency in zip(dossier.views, ("EUR", "USD"), strict=True)
    )
    mixed = dossier.replace(views=views)
    assert mixed.amount("cost") is None
    assert mixed.reason("cost") == "the costs are in several currencies"


def test_each_fact_is_described_on_its_page():
    page = Path(__file__).parents[2] / "docs" / "reference" / "forms.md"
    text = page.read_text(encoding="utf-8")
    assert [key for key in FACTS if f"| `{key}` |" not in text] == []
    assert [name for name in RENDERERS if f"`{name}`" not in text] == []


def test_what_is_no_form_is_said_to_be_none():
    assert renderer_conformance(object()) == ["object lacks a part of Renderer"]


@pytest.mark.parametrize(
    ("text", "lang", "number", "half"),
    [
        ("1,234.5", "en", 1234.5, 0.05),
        ("1234,5", "es", 1234.5, 0.05),
        ("12\u202f150", "es", 12150, 5),
        ("1.0x10^2", "en", 100, 5),
        ("1,0 × 10⁻²", "es", 0.01, 0.0005),
        (r"3.6\times 10^{3}", "en", 3600, 50),
        ("2.5e-07", "en", 2.5e-7, 5e-9),
        ("-3", "en", -3, 0.5),
        ("18 min 04 s", "en", 1084, 0.5),
        ("4,2 s", "es", 4.2, 0.05),
    ],
)
def test_a_shown_number_is_read_with_the_place_of_its_last_digit(text, lang, number, half):
    assert read_shown(text, lang) == (pytest.approx(number), pytest.approx(half))


def test_a_text_without_digits_shows_no_number():
    assert read_shown("unknown", "en") is None


def test_the_sum_over_runs_is_unknown_where_one_of_them_is():
    known, unknown = sample_dossier(runs=2), sample_dossier(is_known=False)
    mixed = known.replace(views=(*known.views, unknown.views[0]))
    assert known.amount("energy_j").best.value == pytest.approx(
        sum(known.amount("energy_j", record=view["id"]).best.value for view in known.views)
    )
    assert mixed.amount("energy_j") is None
    assert "1 of 3 runs" in mixed.reason("energy_j")


def test_doubts_that_runs_share_move_their_sum_together():
    dossier = sample_dossier(runs=3)
    (one, whole) = (
        dossier.amount("energy_j", record=dossier.views[0]["id"]),
        dossier.amount("energy_j"),
    )
    assert whole.high.value / whole.best.value == pytest.approx(
        one.high.value / one.best.value, rel=1e-3
    )


def test_ratios_have_no_sum():
    assert sample_dossier(runs=2).amount("sci_g_per_unit") is None
    assert sample_dossier(runs=2).amount("energy_j>channel:nvml/GPU-1") is None
    assert "no sum" in sample_dossier(runs=2).reason("energy_j>channel:nvml/GPU-1")


def test_a_path_leads_below_a_figure():
    view = sample_dossier().views[0]
    node = trace(view, "energy_j>channel:nvml/GPU-1")
    assert node["estimate"]["best"] == pytest.approx(50 * 3600)
    assert trace(view, "duration_s")["value"] == 3600
    assert trace(view, "facility_energy_j>pue")["estimate"]["best"] >= 1


def test_the_channels_of_a_kind_are_summed_below_their_energy():
    dossier = sample_dossier(runs=2)
    node = trace(dossier.views[0], "energy_j>kind:gpu")
    assert node["estimate"]["best"] == pytest.approx(50 * 3600)
    assert [part["name"] for part in node["inputs"]] == ["channel:nvml/GPU-1"]
    assert dossier.amount("energy_j>kind:gpu").best.value == pytest.approx(50 * 7201)
    (told,) = explain(dossier.views[0], Format("en"), figure="energy_j>kind:gpu")
    assert told.value.startswith("50.0 Wh")
    with pytest.raises(InputError, match="kind:gpu"):
        trace(dossier.views[0], "energy_j>kind:memory")


def test_a_path_that_leads_nowhere_names_what_there_is():
    view = sample_dossier().views[0]
    with pytest.raises(InputError, match="channel:nvml/GPU-1"):
        trace(view, "energy_j>channel:nvml/GPU-2")
    with pytest.raises(InputError, match="carbon_g"):
        trace(view, "carbon")


def test_a_fact_that_nobody_knows_of_is_refused_and_the_nearest_named():
    with pytest.raises(InputError, match="model"):
        read_facts({"modle": "digits"}, where="facts.toml")


@pytest.mark.parametrize(
    ("key", "value"),
    [("model", 3), ("parameters", "many"), ("parameters", -1), ("data", "digits"), ("stage", "x")],
)
def test_a_fact_of_another_kind_is_refused(key, value):
    with pytest.raises(InputError, match="was expected"):
        read_facts({key: value}, where="facts.toml")
