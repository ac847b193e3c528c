"""Comparing runs: shared doubts cancel, and what may explain a difference is listed."""

from __future__ import annotations

import pytest

from brizna.core.errors import InputError
from brizna.core.quantities import Carbon, Energy
from brizna.report import compare_lines, saving


@pytest.fixture(scope="module")
def pruned(samples):
    return samples.view(name="pruned", scale=0.63, seconds=900, run_id="20261121T101402Z-b72e00")


def width(estimate):
    return (estimate.high.value - estimate.low.value) / abs(estimate.best.value)


def test_the_saved_share_does_not_inherit_the_doubt_of_the_shared_grid_factor(view, pruned):
    operational = "carbon_operational_g"
    first, other = view["footprint"][operational], pruned["footprint"][operational]
    _, share = saving(first, other, Carbon)
    assert width(share) < 0.1
    assert (first["high"] - first["low"]) / first["best"] > 0.8


def test_a_saving_says_its_interval_and_its_share(view, pruned):
    text = "\n".join(compare_lines([view, pruned], lang="en"))
    assert "fine-tune (7f3a9c)" in text
    assert "saves 78.4 Wh (74.7-82.2)" in text
    assert "48% (47%-48%)" in text


def test_the_other_way_round_it_adds(view, pruned):
    text = "\n".join(compare_lines([pruned, view], lang="es"))
    assert "añade 78,4 Wh (74,7-82,2)" in text


def test_a_run_against_itself_is_the_same(view):
    text = "\n".join(compare_lines([view, view], lang="en"))
    assert "the same" in text
    assert "saves" not in text
    assert "Nothing else differs." in text


def test_a_difference_whose_interval_holds_zero_is_not_called_a_saving():
    def energy(best, meter):
        ends = [best * 0.9, best * 1.1]
        return {"best": best, "basis": "metered", "doubts": {meter: ends}, "references": []}

    difference, share = saving(energy(100.0, "meter:a"), energy(98.0, "meter:b"), Energy)
    assert difference.low.value < 0 < difference.high.value
    assert share is not None


def test_a_baseline_that_may_be_zero_gives_no_share():
    def energy(best, *ends):
        doubts = {"gap:x": list(ends)} if ends else {}
        return {"best": best, "basis": "metered", "doubts": doubts, "references": []}

    _, share = saving(energy(1.0, -1.0, 3.0), energy(0.5), Energy)
    assert share is None


def test_settings_that_differ_are_listed_and_the_same_ones_only_on_demand(view):
    other = {**view, "command": ["python", "train.py", "--epochs", "6"], "id": "x-b72e00"}
    text = "\n".join(compare_lines([view, other], lang="en"))
    assert "What differs:" in text
    assert "--epochs 6" in text
    assert "environment.python" not in text
    everything = "\n".join(compare_lines([view, other], lang="en", everything=True))
    assert "environment.python" in everything
    assert "site.hardware.vcpus" in everything


def test_three_runs_stand_side_by_side(view, pruned):
    lines = compare_lines([view, pruned, view], lang="en")
    assert sum("saves" in line for line in lines) >= 3


def test_one_run_alone_is_refused(view):
    with pytest.raises(InputError, match="two or more"):
        compare_lines([view], lang="en")
