"""Tables: spreadsheets compute what was stored, units are named, no text becomes a formula."""

from __future__ import annotations

import copy
import csv
import io
import re
import zipfile

import openpyxl
import pyarrow.parquet
import pytest

from brizna.core.errors import InputError
from brizna.report import find_renderer, read_facts
from brizna.testing import sample_dossier, sample_facts

EVIL = '=HYPERLINK("http://example.org","x")'


def filled(form, *, lang="en", **options):
    return find_renderer(form).render(sample_dossier(**options), lang=lang)


def named(name, tag="team:vision"):
    dossier = sample_dossier()
    return dossier.replace(views=({**dossier.views[0], "name": name, "tags": [tag]},))


# -------------------------------------------------------------------------------------------- csv


def table(document):
    return list(csv.DictReader(io.StringIO(document.content.decode(), newline="")))


def test_each_run_is_a_row_in_base_units():
    rows = table(filled("csv", runs=3))
    assert [row["duration_s"] for row in rows] == ["3600.0", "3601.0", "3602.0"]
    assert float(rows[0]["energy_j_best"]) == 150 * 3600
    assert rows[0]["energy_j_basis"] == "metered"
    assert float(rows[0]["energy_j_low"]) < float(rows[0]["energy_j_best"])


def test_what_is_unknown_is_an_empty_cell():
    document = filled("csv", is_known=False)
    (row,) = table(document)
    assert row["energy_j_best"] == row["carbon_g_best"] == row["pue_best"] == ""
    assert any(lack.field.endswith(".energy_j") for lack in document.lacking)


@pytest.mark.parametrize("text", [EVIL, "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_a_table_is_computed_by_a_spreadsheet(text):
    (row,) = table(find_renderer("csv").render(named(text, tag=text), lang="en"))
    for cell in (row["name"], row["tags"]):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_quotes_commas_and_line_ends_survive_a_table():
    (row,) = table(find_renderer("csv").render(named('a "b", c'), lang="en"))
    assert row["name"] == 'a "b", c'


# ---------------------------------------------------------------------------------------- parquet


def test_a_parquet_table_is_typed_and_tells_its_units():
    found = pyarrow.parquet.read_table(io.BytesIO(filled("parquet", runs=2).content))
    assert str(found.schema.field("started").type) == "timestamp[us, tz=UTC]"
    assert str(found.schema.field("energy_j_best").type) == "double"
    assert found.schema.field("energy_j_best").metadata == {b"unit": b"J"}
    assert found.schema.field("carbon_g_high").metadata == {b"unit": b"g"}
    assert found.schema.metadata[b"schema"] == b"brizna.report/1"
    assert found.column("tags").to_pylist()[0] == ["team:vision", "project:digits"]
    assert found.column("energy_j_best").to_pylist() == [150.0 * 3600, 150.0 * 3601]


def test_what_is_unknown_is_null_in_a_parquet_table():
    found = pyarrow.parquet.read_table(io.BytesIO(filled("parquet", is_known=False).content))
    assert found.column("energy_j_best").to_pylist() == [None]


# ------------------------------------------------------------------------------------------- xlsx


class Sheets:
    """Computes the formulas of a workbook that we write: products, quotients and sums."""

    def __init__(self, document):
        self.book = openpyxl.load_workbook(io.BytesIO(document.content))

    def value(self, place):
        sheet, _, cell = place.rpartition("!")
        found = self.book[sheet.strip("'")][cell].value
        if not (isinstance(found, str) and found.startswith("=")):
            return found or 0.0
        summed = re.fullmatch(r"=SUM\((.*)\)", found)
        if summed:
            return sum(self.span(sheet, part) for part in summed[1].split(","))
        product, _, divisor = found[1:].partition("/")
        result = 1.0
        for part in product.split("*"):
            result *= self.value(f"{sheet}!{part}")
        return result / float(divisor or 1)

    def span(self, sheet, part):
        inner, _, part = part.rpartition("!")
        sheet = inner.strip("'") or sheet
        first, _, last = part.partition(":")
        if not last:
            return self.value(f"{sheet}!{first}")
        letters = first.rstrip("0123456789")
        rows = range(int(first[len(letters) :]), int(last[len(letters) :]) + 1)
        return sum(self.value(f"{sheet}!{letters}{row}") for row in rows)


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("runs", [1, 3])
def test_the_formulas_of_a_workbook_give_the_stored_figures(runs, lang):
    document = filled("xlsx", runs=runs, lang=lang)
    sheets = Sheets(document)
    for figure in document.figures:
        assert sheets.value(figure.field) == pytest.approx(figure.value * figure.times), figure


def test_totals_and_what_follows_from_a_row_are_formulas():
    sheets = Sheets(filled("xlsx", runs=3))
    runs, totals = sheets.book["Runs"], sheets.book["Totals"]
    formulas = [cell.value for cell in runs[2] if str(cell.value).startswith("=")]
    assert formulas == ["=F2*G2", "=H2*I2/1000", "=SUM(J2,K2)"]
    summed = [row[2].value for row in totals if str(row[2].value).startswith("=SUM(")]
    assert "=SUM('Runs'!F2:F4)" in summed
    assert len(summed) >= 4


def test_a_figure_that_no_formula_gives_is_a_number():
    dossier = sample_dossier()
    view = dossier.views[0]
    other = {**view["footprint"]["facility_energy_j"], "best": 1e6}
    view = {**view, "footprint": {**view["footprint"], "facility_energy_j": other}}
    document = find_renderer("xlsx").render(dossier.replace(views=(view,)), lang="en")
    assert Sheets(document).book["Runs"]["H2"].value == pytest.approx(1e6 / 3.6e6)


def test_sheets_and_heads_are_in_the_readers_language_with_units():
    english, spanish = (Sheets(filled("xlsx", lang=lang)).book for lang in ("en", "es"))
    assert english.sheetnames == ["Totals", "Runs", "Factors", "Derivation"]
    assert spanish.sheetnames == ["Totales", "Ejecuciones", "Factores", "Derivación"]
    assert english["Runs"]["F1"].value == "energy (kWh)"
    assert spanish["Ejecuciones"]["F1"].value == "energía (kWh)"
    assert "carbon, electricity (kg CO2e)" in [cell.value for cell in english["Runs"][1]]


def test_a_price_is_in_euros_per_kwh_and_not_in_one_over_it():
    dossier = sample_dossier()
    view = copy.deepcopy(dict(dossier.views[0]))
    [price, power, *_rest] = view["footprint"]["factors"]
    price |= {"id": "a-price", "unit": "1", "per": "EUR per kWh"}
    power |= {"id": "a-power", "unit": "W", "per": "card"}
    document = find_renderer("xlsx").render(dossier.replace(views=(view,)), lang="en")
    units = {row[0].value: row[4].value for row in Sheets(document).book["Factors"]}
    assert (units["a-price"], units["a-power"]) == ("EUR per kWh", "W per card")


def test_factors_and_derivation_are_in_the_workbook():
    book = Sheets(filled("xlsx")).book
    names = [row[0].value for row in book["Factors"]][1:]
    known = {factor["id"] for factor in sample_dossier().views[0]["footprint"]["factors"]}
    assert known <= set(names)
    assert "energy_j * pue" in [row[2].value for row in book["Derivation"]]
    assert "brizna explain 20261122T020001Z-7f3a9c --figure carbon_g" in [
        row[4].value for row in book["Derivation"]
    ]


def test_no_text_of_a_workbook_is_a_formula():
    book = Sheets(find_renderer("xlsx").render(named(EVIL), lang="en")).book
    cell = book["Runs"]["B2"]
    assert (cell.value, cell.data_type) in ((EVIL, "s"), (EVIL, "f"))
    raw = zipfile.ZipFile(
        io.BytesIO(find_renderer("xlsx").render(named(EVIL), lang="en").content)
    ).read("xl/worksheets/sheet2.xml")
    assert b"<f>HYPERLINK" not in raw


def test_nothing_in_a_workbook_tells_when_it_was_written():
    archive = zipfile.ZipFile(io.BytesIO(filled("xlsx").content))
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert archive.read("docProps/core.xml").count(b"2026-11-30T09:00:00Z") == 2


# ------------------------------------------------------------------------------------------ latex


def test_latex_is_ascii_and_its_braces_match():
    text = find_renderer("latex").render(named(r"50% \input{x} $a_b^c$ ñ €"), lang="es").content
    told = text.decode("ascii")
    bare = re.sub(r"\\[{}]", "", told)
    assert bare.count("{") == bare.count("}")
    assert r"\newcommand{\briznaEnergy}{150~Wh}" in told
    assert r"\'{i}" in told
    assert "\\input{" not in told


# ------------------------------------------------------------------------------------ energy score


def test_a_thousand_answers_take_the_accelerators_energy_divided_by_thousands():
    document = filled("ai-energy-score")
    figure = next(one for one in document.figures if one.field == "energy_j>kind:gpu.best")
    assert figure.shown == "25"  # 50 Wh for 2000 answers
    assert "| whole machine | 75 Wh" in document.content.decode()


def test_without_a_count_of_answers_nothing_is_divided():
    document = find_renderer("ai-energy-score").render(
        sample_dossier(facts=read_facts({"model": "x"}, where="t")), lang="en"
    )
    assert document.figures == ()
    assert {lack.fact for lack in document.lacking} == {"queries"}


def test_no_answers_cannot_be_divided_by():
    facts = sample_facts()
    none = facts.replace(values={**facts.values, "queries": 0})
    with pytest.raises(InputError, match="0 requests"):
        find_renderer("ai-energy-score").render(sample_dossier(facts=none), lang="en")


def test_declared_numbers_are_numbers_in_the_workbook():
    book = Sheets(filled("xlsx")).book
    cells = {row[0].value: row[1].value for sheet in book for row in sheet.iter_rows(max_col=2)}
    assert (cells["queries"], cells["parameters"]) == (2000, 8970)
