"""What a sensor gets wrong, from the card to the words that cite it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import brizna
from brizna.meter._nvml import open_nvml
from brizna.report import explain_lines, html_report
from brizna.testing import FakeClock, FakeGpu, FakeNvml

if TYPE_CHECKING:
    from pathlib import Path

    from brizna.verbs import View


def measured(card: str, store: Path) -> View:
    """Return the view of ten simulated seconds of one card."""
    clock = FakeClock()
    nvml = FakeNvml(clock, [FakeGpu(uuid="GPU-0", name=card, power_w=300.0)])
    (meter,), _ = open_nvml(machine="m", provider=nvml)
    with brizna.measure("train", meters=[meter], clock=clock, store=str(store), zone="ES") as m:
        clock.advance(10)
    assert m.view is not None
    return m.view


def test_an_a100_is_explained_with_the_study_of_its_sensor(tmp_path: Path) -> None:
    view = measured("NVIDIA A100-SXM4-40GB", tmp_path)
    assert "meter:nvml-part-time/GPU-0@m" in view["measurement"]["energy_j"]["doubts"]
    told = "\n".join(explain_lines(view, lang="en", figure="energy"))
    assert "factor:accuracy/nvml-part-time  1 (0.9-1.1)" in told
    assert "factor:sampled/a100  0.25" in told
    assert "Yang et al. SC24, arXiv 2312.02741" in told
    assert "ml-energy/zeus issue 181" in told
    page = html_report(view, lang="en").decode()
    assert "what a card&#39;s sensor missed while it did not look" in page


def test_a_v100_is_not(tmp_path: Path) -> None:
    view = measured("Tesla V100-SXM2-16GB", tmp_path)
    told = "\n".join(explain_lines(view, lang="en", figure="energy"))
    assert "part-time" not in told
    assert "factor:sensor/nvml-step" in told


def test_gauges_of_the_card_stand_in_the_record(tmp_path: Path) -> None:
    gauges = measured("Tesla V100-SXM2-16GB", tmp_path)["measurement"]["gauges"]
    (power,) = [gauge for gauge in gauges if gauge["id"] == "gpu/GPU-0/power"]
    assert (power["mean"], power["unit"]) == (300.0, "W")
    assert {gauge["id"].partition("/")[0] for gauge in gauges} == {"gpu"}
