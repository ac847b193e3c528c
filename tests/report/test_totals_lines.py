"""Totals as people read them."""

from __future__ import annotations

import pytest

from brizna.core.estimate import exactly
from brizna.core.quantities import Money
from brizna.report import totals_lines


@pytest.mark.parametrize(
    ("lang", "name", "of"),
    [("en", "electricity cost", "[1 run]"), ("es", "coste de la electricidad", "[1 ejecución]")],
)
def test_costs_in_two_currencies_are_two_columns_each_with_its_name(lang, name, of):
    paid = exactly(Money(2.0)).to_json()
    totals = [
        {"figure": figure, "value": paid, "runs": runs}
        for figure, runs in (("cost/EUR", 1), ("cost/USD", 2))
    ]
    group = {"key": {"tag": "a"}, "view": "machine", "runs": 2, "duration_s": 60, "totals": totals}
    record = {"by": ["tag"], "groups": [group], "whole": None}
    told = "\n".join(totals_lines(record, lang=lang, width=120))
    assert f"{name}, EUR" in told
    assert f"{name}, USD" in told
    assert of in told
