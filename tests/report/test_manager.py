"""The manager's report: one page, nothing invented, every number with its origin."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from brizna.core.estimate import Estimate
from brizna.core.quantities import Ratio
from brizna.report import ManagerForm, manager_origins, manager_page, manager_pdf
from brizna.report._manager import lay_out


@pytest.fixture
def told(overviews):
    return overviews.full()


@pytest.mark.parametrize("lang", ["en", "es"])
def test_however_much_there_is_to_say_the_pdf_has_one_page(overviews, lang):
    for overview in (overviews.full(), overviews.empty()):
        made = manager_pdf(overview, lang=lang)
        reader = PdfReader(BytesIO(made))
        assert len(reader.pages) == 1
        assert reader.pages[0].mediabox.width == pytest.approx(595, abs=1)
        assert made == manager_pdf(overview, lang=lang)
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_link_of_the_page_leads_to_an_origin_that_says_the_same(told, lang):
    page = manager_page(told, lang=lang).decode()
    page = re.sub("</?small>", "", page)
    links = re.findall(r'<a class="figure" href="#(origin-\d+)">([^<]+)</a>', page)
    origins = {one.name: one for one in manager_origins(told, lang=lang)}
    assert len(links) > 20
    for name, shown in links:
        assert f'id="{name}"' in page
        assert origins[name].best in shown
        assert all(command.startswith("brizna ") for command in origins[name].commands)


def test_the_page_runs_no_script_and_asks_nobody(told):
    page = manager_page(told, lang="en").decode()
    assert "script-src" not in page
    assert "<script" not in page
    assert re.search(r'(src|href)="(https?:)?//', page) is None
    assert manager_page(told, lang="en") == manager_page(told, lang="en")


def test_both_languages_say_it_in_their_own_words_and_numbers(told):
    spanish, english = (manager_page(told, lang=lang).decode() for lang in ("es", "en"))
    assert "Por equipo" in spanish
    assert "22/11/2026, 13:00 (Europe/Madrid)" in spanish
    assert "2026-11-22, 12:00 (UTC)" in english
    assert "10,0" in spanish
    assert "10.0" in english


def test_an_empty_period_says_so_and_shows_no_zero_of_carbon(overviews):
    laid = lay_out(overviews.empty(), lang="en")
    assert laid.lead == "No run that has ended began in these days."
    assert [card.cell.best for card in laid.cards] == ["unknown", "unknown", "0"]
    assert laid.drawing is None
    assert laid.origins == ()


def test_what_cost_more_is_told_as_a_positive_amount_apart_from_what_saved(told, overviews):
    laid = lay_out(told, lang="en")
    assert {way.title for way in laid.more} <= {
        f"slow-{number}" for number in range(overviews.FULL)
    }
    assert all(way.cell.best == "500 g CO₂e".replace(" ", "\u00a0") for way in laid.more)
    assert "train-detector" in {way.title for way in laid.saved}
    assert "and 9 more" in laid.rest["saved"]


def test_a_change_that_the_doubts_do_not_tell_is_not_called_more_or_less(told):
    unsure = Estimate(Ratio(0.1)).doubted_by("x", -2.0, 3.0).to_json()
    told["figures"][1]["change"] = unsure
    assert "doubts do not tell" in lay_out(told, lang="en").lead
    told["figures"][1]["change"] = None
    assert lay_out(told, lang="en").lead.endswith("CO₂e.")


def test_names_from_records_are_text_in_both_media(told):
    told["teams"][0]["name"] = "<script>alert(1)</script> #eval(2)"
    page = manager_page(told, lang="en").decode()
    assert "<script>alert" not in page
    text = PdfReader(BytesIO(manager_pdf(told, lang="en"))).pages[0].extract_text()
    assert "#eval(2)" in text.replace("\n", " ")


def test_a_hidden_doubt_is_told_before_the_figures(told):
    told["figures"][1] |= {"known": 1}
    notices = lay_out(told, lang="en").notices
    assert any("1 of 2 runs" in one for one in notices)
    assert any("counts twice" in one for one in notices)
    assert any("cannot be read" in one for one in notices)


def test_the_form_chooses_its_medium_by_suffix(told):
    assert ManagerForm(".pdf").write(told, lang="en").startswith(b"%PDF")
    assert ManagerForm().write(told, lang="en").startswith(b"<!doctype html>")
    assert "presupuesto" in ManagerForm().about("es")
    assert Path("x").with_suffix(ManagerForm().suffix).suffix == ".html"
