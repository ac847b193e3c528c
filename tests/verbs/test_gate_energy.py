"""A gate on a machine whose draw is known: what it holds, and what it took itself, in joules."""

from __future__ import annotations

import os
import sys

import pytest

from brizna.check import Floor
from brizna.store import Store
from brizna.verbs import GateAsked, gate, read_settings

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="there is no wait4 here")

WORK = "sum(range(300_000)); print('accuracy=0.9')"
COMMAND = (sys.executable, "-I", "-S", "-c", WORK)


@pytest.fixture
def gated(machine, tmp_path, monkeypatch):
    """Return a function that gates the work on the known machine, with its settings."""
    monkeypatch.chdir(tmp_path)

    def ask(**asked):
        settings = read_settings(
            {"store": str(tmp_path / "store")}, environ={}, directory=str(tmp_path)
        )
        return gate(
            GateAsked(command=COMMAND, **asked),
            settings,
            environ={"PATH": os.environ.get("PATH", os.defpath)},
            directory=str(tmp_path),
            meters=machine.meters(),
        )

    return ask


def test_the_joules_of_a_gate_are_those_that_the_machine_drew(machine, gated, tmp_path):
    found = gated(budget="1kJ")
    drawn_j = machine.idle_w * found.duration_s
    assert found.energy_j.best.value == pytest.approx(drawn_j, rel=0.1)
    assert found.energy_j.basis == "metered"
    run = Store(str(tmp_path / "store")).read(found.run).run
    assert run.measurement.energy_j.best.value == found.energy_j.best.value
    heads = [phase for phase in run.measurement.phases if phase.name == "head"]
    assert len(heads) == found.budget.executions
    assert sum(one.energy_j.best.value for one in heads) < found.energy_j.best.value


@pytest.mark.parametrize(("most", "verdict"), [("1mJ", "fail"), ("1kJ", "pass")])
def test_a_budget_in_joules_is_held_beside_a_floor_of_quality(gated, most, verdict):
    found = gated(budget=most, floors=(Floor.read("accuracy>=0.9"),))
    assert found.budget.verdict == verdict
    assert found.budget.low <= found.budget.best <= found.budget.high
    assert found.quality[0].verdict == "pass"
    assert (found.figure, found.method, found.budget_method) == ("energy", "meters", "meters")
