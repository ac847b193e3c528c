"""Many phases of one name have one line, with an energy that is never above the run's."""

from __future__ import annotations

import pytest

from brizna.core.estimate import Estimate
from brizna.core.quantities import Energy
from brizna.report._gathered import MOST_ALIKE, gathered_phases


def energy(best, more=0.0, name="d"):
    """Return an energy as a record has it."""
    ends = {name: (Energy(best), Energy(best + more))} if more else {}
    return Estimate(Energy(best), doubts=ends, basis="metered").to_json()


def view(count, *, more=0.0):
    """Return a run of rounds of 1 J in 1 s, and one other phase."""
    phases = [
        {
            "name": "round",
            "start_s": float(at),
            "end_s": at + 1.0,
            "energy_j": energy(1.0, more, f"edge:{at}"),
            "open": False,
            "work": [{"name": "rounds", "amount": 1.0, "energy_j_per_unit": None}],
        }
        for at in range(count)
    ]
    last = {"name": "end", "start_s": 99.0, "end_s": 100.0, "energy_j": None, "open": False}
    return {"measurement": {"energy_j": energy(60.0, 3.0), "phases": [*phases, last]}}


def test_a_few_phases_of_one_name_have_a_line_each():
    assert len(gathered_phases(view(MOST_ALIKE))) == MOST_ALIKE + 1


@pytest.mark.parametrize("more", [0.0, 0.5, 100.0])
def test_many_have_one_and_no_more_than_the_run(more):
    rounds, last = gathered_phases(view(50, more=more))
    assert (rounds["name"], rounds["count"], rounds["inside_s"]) == ("round", 50, 50.0)
    assert rounds["energy_j"]["best"] == pytest.approx(50.0)
    assert rounds["energy_j"]["high"] <= 63.0
    (work,) = rounds["work"]
    assert (work["amount"], work["energy_j_per_unit"]["best"]) == (50.0, pytest.approx(1.0))
    assert last["name"] == "end"


def test_a_part_that_is_not_known_leaves_the_sum_unknown():
    told = view(50)
    told["measurement"]["phases"][3]["energy_j"] = None
    (rounds, _) = gathered_phases(told)
    assert rounds["energy_j"] is None
    assert rounds["work"][0]["energy_j_per_unit"] is None
