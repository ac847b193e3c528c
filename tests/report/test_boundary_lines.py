"""What figures hold, as people read it."""

from __future__ import annotations

import pytest

from brizna.account import ITEMS
from brizna.report._boundary import boundary_line, mix_rows, origin_line, unlike_line
from brizna.report._format import Format

READ = [
    {"item": "cpu", "state": "in", "reason": "metered"},
    {"item": "gpu", "state": "out", "reason": "no meter reads it here"},
    {"item": "transport", "state": "partly", "reason": "some of the sources hold it, some do not"},
]


def test_one_line_says_what_is_in_and_what_is_not() -> None:
    line = boundary_line({"boundary": READ}, Format("en"))
    assert line == "In the figures: CPU. Partly: its transport. Not in them: GPU."
    assert boundary_line({}, Format("en")) == ""


def test_the_mix_is_told_by_size() -> None:
    footprint = {"assumptions": {"mix": {"gas": 0.3, "wind": 0.6, "coal": 0.1}}}
    assert [name for name, _ in mix_rows(footprint, Format("en"))] == ["wind", "gas", "coal"]
    assert origin_line(footprint, Format("es")).startswith("La electricidad del lugar")
    assert origin_line({}, Format("en")) == ""


def test_footprints_that_hold_other_things_are_told_apart() -> None:
    wider = [{**READ[0]}, {**READ[1], "state": "in"}, {**READ[2]}]
    line = unlike_line([{"boundary": READ}, {"boundary": wider}], Format("en"))
    assert line == "These footprints do not hold the same things: GPU."
    assert not unlike_line([{"boundary": READ}, {"boundary": READ}], Format("en"))
    assert not unlike_line([{"boundary": READ}, {}], Format("en"))  # one of before knows none


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_item_has_a_name(lang: str) -> None:
    style = Format(lang)
    bounds = [{"item": item, "state": "in", "reason": ""} for item in ITEMS]
    line = boundary_line({"boundary": bounds}, style)
    assert not any(f" {item}," in line for item in ("host", "manufacture", "end-of-life", "idle"))
