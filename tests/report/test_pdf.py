"""Documents as PDF: the same bytes, texts that are never markup, signs that fonts do not hold."""

from __future__ import annotations

import pytest

from brizna.report import Dossier, Facts, Selection, find_renderer
from brizna.report._pdf import pdf_of
from brizna.report._sheet import Card, Grid, Section, Sheet
from brizna.testing import renderer_conformance, sample_dossier

typst = pytest.importorskip("typst")

ISSUED = "2026-11-22T11:00:00Z"
MARKUP = '#read("/etc/passwd") $x^2$ @ref <label> *b* _i_ `raw` \\ // /* #import "x" ]}'


def sheet(**parts):
    return Sheet(**{"lang": "en", "title": "A title", "about": "", "issued": ISSUED, **parts})


def test_the_same_texts_give_the_same_bytes_and_another_instant_others():
    assert pdf_of(sheet()) == pdf_of(sheet())
    assert pdf_of(sheet()) != pdf_of(sheet(issued="2026-11-22T11:00:01Z"))


@pytest.mark.parametrize("runs", [1, 3])
def test_a_report_gives_the_same_bytes_again(runs):
    first, second = (
        find_renderer("pdf").render(sample_dossier(runs=runs), lang="es").content for _ in range(2)
    )
    assert first == second
    assert first.startswith(b"%PDF-1.7")


def test_no_text_is_read_as_markup():
    grid = Grid(caption=MARKUP, header=(MARKUP,), rows=((MARKUP,),), typed=(0,), bars=(0.5,))
    told = sheet(
        title=MARKUP,
        about=MARKUP,
        head=((MARKUP, MARKUP),),
        cards=(Card(label=MARKUP, best=MARKUP, ends=MARKUP, why=MARKUP),),
        sections=(Section(title=MARKUP, prose=(MARKUP,), grid=grid, remarks=(MARKUP,)),),
        foot=(MARKUP,),
    )
    assert pdf_of(told).startswith(b"%PDF")


@pytest.mark.parametrize("text", ["模型", "🌱", "a\x00b", "عربي", "\u202ertl", "one\ntwo", ""])
def test_signs_that_the_fonts_do_not_hold_do_not_stop_a_document(text):
    assert pdf_of(sheet(title=f"x {text}", head=((text, text),))).startswith(b"%PDF")


def test_a_table_without_widths_and_a_document_without_parts_are_written():
    grid = Grid(caption="c", header=("a", "b"), rows=())
    assert pdf_of(sheet(sections=(Section(title="t", grid=grid),))).startswith(b"%PDF")


@pytest.mark.parametrize("suffix", [".md", ".html", ".pdf"])
def test_the_pages_of_a_run_keep_a_forms_promises_in_every_medium(suffix):
    assert renderer_conformance(find_renderer("pdf").in_medium(suffix)) == []


def test_pages_show_what_a_run_used_where_and_how_it_was_computed():
    told = find_renderer("pdf.md").render(sample_dossier(), lang="es").content.decode()
    told = told.replace("\u00a0", " ")
    for words in ("187 Wh", "150–235", "Madrid", "sha256:", "`energy_j × pue`"):
        assert words in told, words


@pytest.fixture
def full(view):
    """A dossier of the sample run with everything: two GPUs, phases, a gap, a cost."""
    selection = Selection(run=view["id"])
    return Dossier(
        selection=selection,
        views=({**view, "digest": None},),
        facts=Facts(),
        issued=ISSUED,
        software="0",
    )


def test_phases_parts_cost_and_doubts_stand_on_the_pages(full):
    told = find_renderer("pdf.md").render(full, lang="es").content.decode().replace("\u00a0", " ")
    for words in ("epoch 1", "666 W", "0,029 EUR", "26,7 Wh", "48 %"):
        assert words in told, words
    assert find_renderer("pdf").render(full, lang="es").content.startswith(b"%PDF")


def test_drawings_are_in_the_page_with_words_for_those_who_cannot_see_them(full):
    page = find_renderer("pdf.html").render(full, lang="en").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    assert 'alt="Mean power over time by phase; highest in epoch 2' in page


def test_what_failed_says_its_exit_code_and_a_long_command_is_cut(full):
    (view,) = full.views
    failed = {**view, "state": "failed", "exit_code": 3, "command": ["x" * 500]}
    told = find_renderer("pdf.md").render(full.replace(views=(failed,)), lang="en").content.decode()
    assert "exit code 3" in told
    assert "x" * 159 + "…" in told
    assert "x" * 160 not in told


def test_a_command_of_several_lines_is_shown_in_one(full):
    (view,) = full.views
    lines = {**view, "command": ["python", "-c", "import sys\nprint(1)"]}
    told = find_renderer("pdf.md").render(full.replace(views=(lines,)), lang="en").content.decode()
    assert "python -c import sys print(1)" in told
