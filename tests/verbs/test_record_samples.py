"""A sample of each record that somebody may have kept is read, and written as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from brizna.account._bill import Reconciliation
from brizna.account._budget import BudgetState
from brizna.account._spent import Charges
from brizna.check import FederationAdvice
from brizna.check._gate_told import Gate
from brizna.core.baseline import Baseline
from brizna.core.codec import decode, encode
from brizna.core.sweep import Sweep
from brizna.core.tune import Tune
from brizna.plan import Plan, Workload
from brizna.verbs._overview import Overview
from brizna.verbs._totals import RunTotals

SAMPLES = Path(__file__).resolve().parent.parent / "assets" / "records-1"
FORMS = {
    form.schema: form
    for form in (
        *(Baseline, BudgetState, Charges, FederationAdvice, Gate, Overview),
        *(Plan, Reconciliation, RunTotals, Sweep, Tune, Workload),
    )
}


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_a_sample_is_read_and_written_as_it_was(path: Path):
    data = path.read_bytes()
    form = FORMS[decode(data)["schema"]]
    assert encode(form.from_json(decode(data)).to_json()) == data


def test_each_form_has_its_sample():
    assert {decode(path.read_bytes())["schema"] for path in SAMPLES.iterdir()} == set(FORMS)
