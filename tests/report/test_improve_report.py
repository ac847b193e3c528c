"""What people read of a study: the table, the verdict, the page and the card."""

from __future__ import annotations

import json
import re

import pytest

from brizna.report import improvement_card, improvement_lines, improvement_page, replay_lines


@pytest.fixture(scope="module")
def found(fronts, tmp_path_factory):
    """Return what a study with fakes found."""
    return fronts.improved(tmp_path_factory.mktemp("study"))


def test_the_table_says_what_to_take_and_that_costs_are_a_proxy(found):
    said = "\n".join(improvement_lines(found, lang="en"))
    assert "To take: fold + round(bits=8) + fake fp32. It takes 2." in said
    assert "a proxy. They are not joules." in said
    assert "too low; refused" in said
    assert "broken: RuntimeError: an operator is not known here" in said
    assert "as it is + refused: it is for other models" in said


def test_what_is_refused_never_pays(found):
    lines = improvement_lines(found, lang="en")
    header, refused = lines[0], next(line for line in lines if "too low; refused" in line)
    place = header.index("pays after")
    assert refused[place : place + len("pays after")].split() == ["-"]


def test_quality_and_verdict_of_a_row_are_of_the_same_items(found):
    def judged(row):
        if row["name"] != found["chosen"]:
            return row
        other = {**row["confirmed"], "verdict": "undecided", "needed": 700, "difference": -0.0123}
        return {**row, "confirmed": other}

    lines = improvement_lines({**found, "rows": [*map(judged, found["rows"])]}, lang="en")
    line = next(line for line in lines if line.startswith(found["chosen"]))
    assert "-0.0123" in line
    assert "undecided (needs about 700 items)" in line


def test_what_another_drove_out_unjudged_is_told_without_the_others_name(found):
    row = found["rows"][1]
    why = f"{'fold + ' * 9}fake fp32 takes less at a quality that is good enough"
    behind = {**row, "state": "dropped", "quality": None, "confirmed": None, "why": why}
    lines = improvement_lines(
        {**found, "chosen": None, "rows": [found["rows"][0], behind]}, lang="en"
    )
    assert any("dominated" in line for line in lines)
    assert not any("takes less at" in line for line in lines)


def test_columns_that_say_nothing_are_left_out(found):
    assert "beside lossless" in improvement_lines(found, lang="en")[0]
    free = [{**row, "break_even_lossless": None} for row in found["rows"]]
    header = improvement_lines({**found, "rows": free}, lang="en")[0]
    assert "beside lossless" not in header
    assert "pays after" in header


def test_what_was_not_built_of_the_model_as_it_came_is_told_in_spanish(found):
    said = improvement_lines(found, lang="es")
    assert any(line.startswith("- tal como está + refused: ") for line in said)
    assert not any(line.startswith("- as it is") for line in said)


def test_the_card_says_where_the_loader_needs_brizna(found):
    assert "pip install brizna" in improvement_card(found)
    rows = [
        {**row, "serving": {**row["serving"], "runtime": "onnxruntime"}} if row["serving"] else row
        for row in found["rows"]
    ]
    assert "pip install brizna" not in improvement_card({**found, "rows": rows})


def test_what_may_never_pay_says_so(found):
    row = next(row for row in found["rows"] if row["name"] == found["chosen"])
    doubtful = {**row, "break_even": 57_000, "break_even_ends": [31_000, None]}
    rows = [doubtful if one is row else one for one in found["rows"]]
    assert "57,000 (31,000 or never)" in "\n".join(
        improvement_lines({**found, "rows": rows}, lang="en")
    )


def test_spanish_keeps_no_english_sentence(found):
    said = "\n".join(improvement_lines(found, lang="es"))
    assert "La que conviene" in said
    for english in ("To take", "good enough", "pays after", "The study took", "beside lossless"):
        assert english not in said


def test_nothing_to_take_says_how_many_items_would_tell(found):
    undecided = [
        {**row, "quality": {**row["quality"], "verdict": "undecided", "needed": 5000}}
        if row["quality"]
        else row
        for row in found["rows"]
    ]
    said = improvement_lines({**found, "chosen": None, "rows": undecided}, lang="en")
    assert any("keep the model" in line for line in said)
    assert any("about 5,000 items" in line for line in said)


def test_a_point_of_the_page_leads_to_its_row_and_a_row_to_its_point(found):
    page = improvement_page(found, lang="en").decode()
    assert page.count('<a href="#row-') == page.count('<tr id="row-') == 6
    assert page.count('href="#point-') == 6
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_the_page_knows_runtime_and_verdict_of_every_row(found):
    page = improvement_page(found, lang="en").decode()
    assert page.count('data-runtime="fake" data-verdict=') == 6
    assert 'data-verdict="base"' in page
    assert re.findall(r'<fieldset data-kind="(\w+)"', page) == ["verdict"]  # there is one runtime


def test_the_axes_have_cost_quality_time_latency_and_size_with_their_units(found):
    page = improvement_page(found, lang="en").decode()
    data = re.search(r'id="plot-data">(.*)</script>', page)
    assert data is not None
    figures = {one["name"]: one for one in json.loads(data[1])}
    for name in ("change of quality", "latency", "size", "processor time / 1000"):
        assert len(figures[name]["x"]) == 6
    assert all(text.endswith("MB") for _at, text in figures["size"]["x_ticks"])
    assert figures["change of quality"]["y_mark"] is not None


def test_the_card_says_what_was_done_and_on_which_instructions(found):
    card = improvement_card(found)
    assert "| Steps | fold; round(bits=8) |" in card
    assert "| Instructions | avx2 |" in card


def test_a_replay_says_both_figures_and_whether_they_are_alike():
    replayed = {
        "ratio": 0.25,
        "expected_ratio": 0.2,
        "quality": None,
        "expected_quality": None,
        "has_same_bytes": False,
        "is_alike": False,
        "folder": "x",
        "notes": ["onnx is 2, and was 1"],
    }
    said = replay_lines(replayed, lang="en")
    assert "It is not what the recipe says." in said
    assert said[-1] == "- onnx is 2, and was 1"
    assert "onnx es 2, y era 1" in replay_lines(replayed, lang="es")[-1]
