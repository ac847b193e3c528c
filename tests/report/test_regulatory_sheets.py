"""Regulatory forms: their table, their rules, what they say where something is not known."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import FIGURES
from brizna.core._tables import load
from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Ratio
from brizna.report import FACTS, Facts, find_renderer, read_facts
from brizna.report._explain import explain
from brizna.report._form_sheets import FORMS
from brizna.report._format import Format
from brizna.report._sheet_fields import form_named, form_names
from brizna.report._significant import order_of_magnitude, significant
from brizna.report._takers import NEVER, NUMBERS, WORDS
from brizna.testing import read_shown, renderer_conformance, sample_dossier

FIELDS = [field for name in form_names() for field in form_named(name).asks]


def filled(form, *, lang="en", **how):
    """Return the fields of a form as its JSON has them, by name."""
    document = find_renderer(f"{form}.json").render(sample_dossier(**how), lang=lang)
    told = json.loads(document.content)
    return {field["id"].partition("/")[2]: field for field in told["fields"]}


def facts(**declared):
    return read_facts(declared, where="test")


# ------------------------------------------------------------------------------------------ table


def test_no_field_stands_in_the_table_twice():
    ids = [row["id"] for row in load("brizna.report", "sheet_fields").rows]
    assert len(ids) == len(set(ids))
    assert {field.partition("/")[0] for field in ids} == set(form_names()) == set(FORMS)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_a_field_takes_what_there_is(field):
    kind, _, name = field.takes.partition(":")
    head = name.partition(">")[0]
    known = {
        "figure": head in (*FIGURES, "duration_s"),
        "fact": name in FACTS,
        "words": name in WORDS,
        "number": name in NUMBERS,
        "never": name in NEVER,
        "declared": not name,
    }
    assert known[kind]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.id)
def test_a_field_keeps_to_the_words_of_the_table(field):
    assert field.rule in ("plain", "significant", "order", "text", "prose")
    assert field.when in ("", "training", "use", "own", "cloud")
    assert field.status in ("read", "retold", "memory", "closed")
    assert all(field.text.values())
    assert field.source


def test_what_was_not_read_itself_is_marked_and_said_at_the_foot():
    told = find_renderer("data-centre").render(sample_dossier(), lang="en").content.decode()
    assert "I.1(a)\\*\\*" in told
    assert "\\*\\* Not read again" in told
    assert "II.1(d) EDC |" in told


# ---------------------------------------------------------------------------- significant figures


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (99.6, "1.0×10^2"),  # the case that the Model Documentation Form's own example has
        (100, "1.0×10^2"),
        (7.3e10, "7.3×10^10"),  # its example of a number of parameters
        (1287, "1.3×10^3"),  # MWh of GPT-3, Patterson et al. 2021
        (0.000187, "1.9×10^-4"),
        (0, "0.0×10^0"),
        (-25, "−2.5×10^1"),
    ],
)
def test_two_figures_are_kept_after_rounding(value, shown):
    assert significant(value, lang="en") == shown


def test_spanish_writes_a_comma():
    assert significant(1287, lang="es") == "1,3×10^3"


@given(st.floats(min_value=1e-30, max_value=1e30), st.integers(min_value=1, max_value=6))
def test_a_number_is_shown_within_half_of_its_last_figure(value, figures):
    number, half = read_shown(significant(value, lang="en", figures=figures), "en")
    assert abs(number - value) <= half * 1.000001


@pytest.mark.parametrize(("value", "shown"), [(2.4e25, "10^25"), (1e24, "10^24"), (9.9, "10^0")])
def test_an_order_of_magnitude_is_a_power_of_ten(value, shown):
    assert order_of_magnitude(value) == shown


# ----------------------------------------------------------------------------- what the forms say


def test_the_energy_of_a_training_has_two_figures_in_megawatt_hours():
    energy = filled("mdf", seconds=3_600_000)["energy"]
    assert energy["shown"] == "1.9×10^-1\u00a0MWh"
    assert energy["numbers"][0]["path"] == "facility_energy_j"
    assert energy["numbers"][0]["value"] == pytest.approx(0.1873, rel=1e-3)


def test_an_unknown_energy_is_not_available_and_says_what_is_lacking():
    energy = filled("mdf", is_known=False)["energy"]
    assert (energy["shown"], energy["numbers"]) == (None, [])
    assert energy["reason"] == "fewer than two readings"
    told = find_renderer("mdf").render(sample_dossier(is_known=False), lang="en")
    assert "| N/A | fewer than two readings |" in told.content.decode()


def test_what_answered_requests_is_no_training():
    found = filled("mdf", facts=facts(stage="inference"))
    assert found["energy"]["shown"] is None
    assert "not training alone but: inference" in found["energy"]["reason"]


def test_the_use_of_a_model_is_told_as_its_use():
    use, training = filled("ai-act", facts=facts(stage="inference")), filled("ai-act")
    assert use["energy-use"]["shown"] == training["energy"]["shown"]
    assert use["energy"]["shown"] is training["energy-use"]["shown"] is None


def test_days_by_the_clock_are_left_out_where_runs_overlapped():
    dossier = sample_dossier(runs=2)
    dossier = dossier.replace(at_once=(dossier.views[1]["id"],))
    told = json.loads(find_renderer("mdf.json").render(dossier, lang="en").content)
    time = next(field for field in told["fields"] if field["id"] == "mdf/training-time")
    assert "overlapped" in time["reason"]


def with_hardware(dossier, *hardware):
    views = [
        {**view, "site": {**view["site"], "hardware": one}}
        for view, one in zip(dossier.views, hardware, strict=True)
    ]
    return dossier.replace(views=tuple(views))


def days(dossier):
    told = json.loads(find_renderer("mdf.json").render(dossier, lang="en").content)
    return next(field for field in told["fields"] if field["id"] == "mdf/hardware-days")


def test_device_days_count_each_kind_of_accelerator():
    machine = {"cpu": "EPYC", "sockets": 2, "gpus": ["A100", "A100", "H100"]}
    found = days(with_hardware(sample_dossier(seconds=86400), machine))
    assert found["shown"] == "2.0×10^0\u00a0d A100; 1.0×10^0\u00a0d H100"


def test_device_days_are_those_of_processors_only_without_accelerators():
    found = days(with_hardware(sample_dossier(seconds=86400), {"cpu": "EPYC", "sockets": 2}))
    assert found["shown"] == "2.0×10^0\u00a0d EPYC"


def test_device_days_of_unlike_machines_have_no_sum():
    unlike = with_hardware(sample_dossier(runs=2), {"gpus": ["A100"]}, {"gpus": ["H100"]})
    assert "different devices" in days(unlike)["reason"]


def test_bought_computing_counts_in_scope_3_and_ones_own_in_scope_2():
    own, bought = filled("ghg"), filled("ghg", facts=facts(provider="a cloud"))
    assert own["scope-2-location"]["shown"]
    assert own["scope-3-1"]["shown"] is None
    assert bought["scope-3-1"]["shown"]
    assert bought["scope-2-location"]["shown"] is None
    assert bought["scope-3-1"]["numbers"][0]["path"] == "carbon_g"


def test_the_whole_making_of_a_machine_is_not_taken_from_its_share_by_use():
    assert "whole making" in filled("ghg")["scope-3-2"]["reason"]


def test_only_guarantees_of_origin_make_energy_renewable():
    assert "guarantee" in filled("csrd")["energy-renewable"]["reason"]
    dossier = sample_dossier()
    (view,) = dossier.views
    half = exactly(Ratio(0.5)).to_json()
    assumptions = {**view["footprint"]["assumptions"], "guaranteed_share": half}
    covered = {**view, "footprint": {**view["footprint"], "assumptions": assumptions}}
    document = find_renderer("csrd").render(dossier.replace(views=(covered,)), lang="en")
    (figure,) = [one for one in document.figures if "renewable" in one.field]
    energy_j = view["footprint"]["facility_energy_j"]["best"]
    assert figure.value * figure.times == pytest.approx(energy_j / 2 / 3.6e9)


def test_no_conformity_with_a_text_that_was_not_read_is_claimed():
    for lang, words in (("en", "No conformity is claimed"), ("es", "No se afirma conformidad")):
        told = find_renderer("une-0086").render(sample_dossier(), lang=lang).content.decode()
        assert words in told


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("runs", [1, 3])
def test_the_method_is_told_in_about_a_hundred_words(lang, runs):
    words = filled("mdf", lang=lang, runs=runs)["energy-method"]["shown"].split()
    assert 50 <= len(words) <= 160


def test_a_field_that_no_record_can_fill_is_filled_in_by_hand():
    declared = facts(fields={"mdf/inference-flop": 5.1e17, "mdf/market-release": "2026-12-01"})
    found = filled("mdf", facts=declared)
    assert found["inference-flop"]["shown"] == "5.1×10^17\u00a0FLOP"
    assert found["market-release"]["basis"] == "declared"


def test_what_was_measured_is_not_replaced_by_hand():
    found = filled("mdf", facts=facts(fields={"mdf/energy": 1.0}))
    assert found["energy"]["shown"].startswith("1.9×10^-4")


def test_a_field_that_there_is_not_is_refused_and_the_nearest_named():
    with pytest.raises(InputError, match="mdf/inference-flop"):
        filled("mdf", facts=facts(fields={"mdf/inference-flops": 1.0}))


def test_fields_of_a_file_stand_beside_those_of_the_project():
    both = facts(fields={"mdf/energy": 1.0}).over(facts(fields={"mdf/inference-flop": 2.0}))
    assert both.values["fields"] == {"mdf/energy": 1.0, "mdf/inference-flop": 2.0}


# ----------------------------------------------------------------------------------------- media


@pytest.mark.parametrize("suffix", [".html", ".json", ".pdf"])
def test_a_form_keeps_its_promises_in_every_medium(suffix):
    assert renderer_conformance(find_renderer("ai-act").in_medium(suffix)) == []


def test_a_medium_that_a_form_has_not_is_refused():
    with pytest.raises(InputError, match="docx"):
        find_renderer("ai-act.docx")


def test_names_that_look_like_markup_stay_what_they_are():
    declared = facts(model="<b>a|b</b> `x`", publisher="=cmd|'/C calc'!A0")
    markdown, page = (
        find_renderer(f"ai-act{suffix}").render(sample_dossier(facts=declared), lang="en").content
        for suffix in (".md", ".html")
    )
    assert b"\\<b\\>a\\|b" in markdown
    assert b"&lt;b&gt;a|b" in page
    assert b"<b>a" not in page


def test_a_sheet_names_the_factors_behind_its_figures_and_no_others():
    told = find_renderer("mdf").render(sample_dossier(facts=Facts()), lang="en").content.decode()
    factors = told.partition("## Factors")[2].partition("##")[0]
    assert "pue/default" in factors
    assert "grid/ES" not in factors


def test_a_number_of_several_runs_is_traced_by_the_command_that_lists_them():
    told = find_renderer("ghg").render(sample_dossier(runs=3), lang="en").content.decode()
    assert "`brizna report --tag team:vision --as ghg --figures`" in told


def test_the_reference_page_says_what_the_tables_say():
    root = Path(__file__).resolve().parents[2]
    script = root / "tools" / "write_form_reference.py"
    written = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    page = (root / "docs" / "reference" / "regulatory-forms.md").read_text(encoding="utf-8")
    assert written == page, "run tools/write_form_reference.py > docs/reference/regulatory-forms.md"


def test_the_factors_of_a_sheet_are_those_of_the_runs_channels_too():
    dossier = sample_dossier()
    (view,) = dossier.views
    factor = {**view["footprint"]["factors"][0], "id": "vcpu/idle/test"}
    energy = view["footprint"]["facility_energy_j"]
    energy = {**energy, "references": [*energy["references"], "factor:vcpu/idle/test"]}
    footprint = {**view["footprint"], "facility_energy_j": energy}
    own = {**view, "footprint": footprint, "factors": [factor]}
    told = find_renderer("mdf").render(dossier.replace(views=(own,)), lang="en").content.decode()
    assert "| vcpu/idle/test |" in told


def test_energy_of_somebody_elses_machines_is_not_told_as_ones_own():
    cloud = facts(provider="Example Cloud", premises="public-cloud")
    csrd, register = filled("csrd", facts=cloud), filled("huella", facts=cloud)
    for field in (csrd["energy-total"], csrd["energy-renewable"], register["guarantee"]):
        assert (field["shown"], field["applies"]) == (None, False)
    assert csrd["scope-3"]["shown"]


def test_guaranteed_energy_is_explained_with_its_share():
    view, share = sample_dossier().views[0], exactly(Ratio(0.25))
    assumptions = {**view["footprint"]["assumptions"], "guaranteed_share": share.to_json()}
    covered = {**view, "footprint": {**view["footprint"], "assumptions": assumptions}}
    (node,) = explain(covered, Format("en"), figure="facility_energy_j>guaranteed_energy_j")
    assert any("(guaranteed_share)" in part.label for part in node.parts)
    dossier = sample_dossier().replace(views=(covered,))
    field = json.loads(find_renderer("csrd.json").render(dossier, lang="en").content)["fields"]
    (row,) = [one for one in field if one["id"] == "csrd/energy-renewable"]
    assert row["basis"]
    assert row["numbers"][0]["path"] == "facility_energy_j>guaranteed_energy_j"


def test_the_days_of_devices_are_not_summed_over_runs_at_once():
    dossier = sample_dossier(runs=2)
    at_once = dossier.replace(at_once=tuple(view["id"] for view in dossier.views))
    told = json.loads(find_renderer("ai-act.json").render(at_once, lang="en").content)
    (row,) = [one for one in told["fields"] if one["id"] == "ai-act/hardware-days"]
    assert row["shown"] is None
    assert "overlapped" in row["reason"]


def test_a_mark_stands_where_the_source_has_no_place_for_a_field():
    told = find_renderer("csrd").render(sample_dossier(), lang="en").content.decode()
    assert "| \\* | Undertaking |" in told


def test_an_empty_field_names_the_fact_that_fills_it():
    told = find_renderer("mdf").render(sample_dossier(facts=facts()), lang="en").content.decode()
    assert "nobody declared it: model\\_url" in told or "nobody declared it: model_url" in told
    assert 'fields."mdf/market-release"' in told or "mdf/market-release" in told


def test_mixed_runs_are_told_by_their_stage():
    dossier = sample_dossier(runs=3, facts=facts())
    first, second, third = dossier.views
    tagged = (
        {**first, "tags": ["stage:training"]},
        second,
        {**third, "tags": ["stage:inference"]},
    )
    mixed = dossier.replace(views=tagged)
    document = find_renderer("ai-act.json").render(mixed, lang="en")
    told = {one["id"].partition("/")[2]: one for one in json.loads(document.content)["fields"]}
    (training,), (use,) = told["energy"]["numbers"], told["energy-use"]["numbers"]
    assert training["records"] == [first["id"], second["id"]]
    assert use["record"] == third["id"]
    part = mixed.part(training["records"]).amount("facility_energy_j")
    figures = {one.field: one for one in document.figures}
    assert figures[training["field"]].value == part.best.value
    page = find_renderer("ai-act").render(mixed, lang="en").content.decode()
    assert "Of 1 runs nobody declared a stage" in page
    assert "count 2 of the 3 runs" in page


def test_each_number_of_a_page_leads_to_where_it_comes_from():
    page = find_renderer("ai-act.html").render(sample_dossier(), lang="en").content.decode()
    links, places = (
        set(re.findall(sign, page)) for sign in (r'href="#(n\d+)"', r'<tr id="(n\d+)"')
    )
    assert links
    assert links <= places
    energy = re.search(r'cooling and building included</td><td><a href="#(n\d+)">', page)
    assert energy
    assert re.search(rf'<tr id="{energy[1]}"><td>Energy of the model', page)
