"""Points and tables become a forecast of scaling, and a broken one is named."""

from __future__ import annotations

import pytest

from brizna.core.errors import InputError
from brizna.plan import ScalingGoal
from brizna.report import scaling_lines
from brizna.verbs import ScalingForecast, ScalingRequest, predict_scaling


def test_points_are_throughputs_of_a_million_samples():
    made = predict_scaling(ScalingRequest(source="8:100, 16:190"))
    assert (made.kind, made.samples, made.node_size) == ("throughput", 1e6, 8)
    assert made.options[0].duration_s.best.value == pytest.approx(1e4)
    assert any("8 accelerators in a node" in note for note in made.notes)
    assert any("no power" in note for note in made.notes)


def test_times_are_to_a_quality_and_energies_become_powers(tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("accelerators,nodes,minutes,energy_j\n4,1,60,7.2e6\n8,2,33,\n")
    made = predict_scaling(ScalingRequest(source=str(table)))
    assert (made.kind, made.samples, made.node_size) == ("quality", None, 4)
    assert made.options[0].power_w.best.value == pytest.approx(2000.0)
    assert [one.count for one in made.options] == [4, 8, 16, 32]
    assert not made.notes


def test_a_forecast_survives_its_record():
    asked = ScalingRequest(source="8:100", power_w=300.0, goal=ScalingGoal(price_per_hour=2.0))
    made = predict_scaling(asked)
    assert ScalingForecast.from_json(made.to_json()) == made


@pytest.mark.parametrize(("lang", "word"), [("en", "accelerators"), ("es", "aceleradores")])
def test_lines_name_the_count_and_what_was_assumed(lang, word):
    made = predict_scaling(ScalingRequest(source="8:100,16:190", counts=(16, 32)))
    lines = "\n".join(
        scaling_lines(made.to_json(), lang=lang, width=80, color=False, currency=None)
    )
    assert f"16 {word}" in lines
    assert "--node-size" in lines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accelerators,minutes\n8,0\n", "Point 2: minutes"),
        ("accelerators,minutes\n", "no row"),
        ("accelerators,speed\n8,1\n", "neither a throughput nor a time"),
        ("cards,minutes\n8,1\n", "none of the columns accelerators"),
    ],
)
def test_a_broken_table_is_named(tmp_path, text, message):
    table = tmp_path / "points.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=message):
        predict_scaling(ScalingRequest(source=str(table)))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InputError, match="cannot be read as a table"):
        predict_scaling(ScalingRequest(source="nowhere.csv"))


def test_part_of_an_accelerator_is_refused():
    with pytest.raises(InputError, match=r"count is 8\.5: expected a whole number"):
        predict_scaling(ScalingRequest(source="8.5:100"))


def test_more_speed_than_the_accelerators_explain_is_told_and_much_more_refused():
    made = predict_scaling(ScalingRequest(source="8:100,16:300"))
    assert any("16 accelerators did 150 %" in note for note in made.notes)
    assert not any("explains" in note for note in _notes("8:100,16:210"))
    with pytest.raises(InputError, match="150000 % of what their number explains"):
        predict_scaling(ScalingRequest(source="8:1,16:3000"))


def _notes(source):
    return predict_scaling(ScalingRequest(source=source)).notes
