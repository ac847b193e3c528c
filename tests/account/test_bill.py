"""A bill beside the runs: a partition that sums, hours that were paid for nobody, currencies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brizna.account import PARTS, Bill, BillLine, Exchange, Reconciliation, RunTime, reconcile
from brizna.core.errors import InputError
from brizna.core.estimate import exactly
from brizna.core.quantities import Ratio

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hours: float) -> str:
    return (DAY + timedelta(hours=hours)).isoformat()


def line(start_h: float, cost: float = 3.06, **fields: object) -> BillLine:
    """Return an hour of a p3.2xlarge, at the price that AWS lists for us-east-1."""
    given = {
        "line": 2,
        "kind": "compute",
        "name": "p3.2xlarge",
        "resource": "i-1",
        "start": at(start_h),
        "end": at(start_h + 1),
        "billed_s": 3600.0,
        "cost": cost,
        "currency": "USD",
    }
    return BillLine(**{**given, **fields})


def run(name: str, start_h: float, end_h: float, resource: str | None = "i-1") -> RunTime:
    return RunTime(run=name, start=at(start_h), end=at(end_h), resource=resource)


def bill(*lines: BillLine) -> Bill:
    return Bill(source="bill.csv", form="FOCUS", lines=lines)


def test_an_hour_of_which_half_was_used_idled_the_other_half() -> None:
    found = reconcile(bill(line(9), line(10)), [run("a", 9, 10.5)])
    assert found.cost == pytest.approx(6.12)
    assert found.parts["runs"] == pytest.approx(4.59)
    assert found.parts["idle"] == pytest.approx(1.53)
    assert found.machines[0].idle_s == pytest.approx(1800)
    assert found.runs[0].matched_s == pytest.approx(5400)


def test_runs_at_the_same_time_share_the_machine() -> None:
    found = reconcile(bill(line(9)), [run("a", 9, 10), run("b", 9.5, 10)])
    assert [one.cost for one in found.runs] == pytest.approx([3.06 * 0.75, 3.06 * 0.25])
    assert found.parts["idle"] == pytest.approx(0)


def test_more_measured_than_billed_is_told_and_not_idle() -> None:
    found = reconcile(bill(line(9, billed_s=1200.0, cost=1.02)), [run("a", 9, 9.5)])
    assert found.machines[0].unbilled_s == pytest.approx(600)
    assert found.machines[0].idle_s == 0
    assert found.parts["runs"] == pytest.approx(1.02)


def test_a_machine_without_a_run_and_a_run_without_a_line_are_unmatched() -> None:
    found = reconcile(bill(line(9, resource="i-2")), [run("a", 9, 10), run("b", 9, 10, None)])
    assert found.parts["machines"] == pytest.approx(3.06)
    assert found.unmatched == ("a", "b")
    assert [one.cost for one in found.runs] == [None, None]


def test_a_bill_in_another_currency_is_converted_by_a_stated_rate_alone() -> None:
    with pytest.raises(InputError, match="nobody stated a rate"):
        reconcile(bill(line(9)), [], currency="EUR")
    rate = Exchange(
        currency="USD", into="EUR", rate=exactly(Ratio(0.5)), source="central bank 2026-03-02"
    )
    found = reconcile(bill(line(9)), [], currency="EUR", exchanges=[rate])
    assert (found.currency, found.cost, found.exchanges) == ("EUR", pytest.approx(1.53), (rate,))


def test_a_bill_in_two_currencies_needs_to_be_told_which() -> None:
    with pytest.raises(InputError, match="--in"):
        reconcile(bill(line(9), line(10, currency="EUR")), [])


def test_a_reconciliation_survives_its_record() -> None:
    found = reconcile(bill(line(9)), [run("a", 9, 10)])
    assert Reconciliation.from_json(found.to_json()) == found


hours = st.floats(0, 30, allow_nan=False)
lines = st.builds(
    lambda start, cost, kind, machine, part: line(
        start,
        cost,
        kind=kind,
        resource=machine,
        billed_s=3600.0 * part if kind == "compute" else None,
    ),
    st.integers(0, 30),
    st.floats(-50, 50),
    st.sampled_from(("compute", "storage", "requests", "transfer", "tax", "credit", "other")),
    st.sampled_from(("i-1", "i-2", None)),
    st.floats(0.01, 1.0),
)
runs = st.builds(
    lambda name, start, length, machine: run(f"r{name}", start, start + length, machine),
    st.integers(0, 10**9),
    hours,
    st.floats(0.01, 5),
    st.sampled_from(("i-1", "i-3", None)),
)


@given(
    st.lists(lines, min_size=1, max_size=8), st.lists(runs, max_size=5, unique_by=lambda r: r.run)
)
def test_every_part_sums_to_the_bill(some: list[BillLine], held: list[RunTime]) -> None:
    found = reconcile(bill(*some), held)
    assert set(found.parts) == set(PARTS)
    assert fsum(found.parts.values()) == pytest.approx(found.cost, abs=1e-9)
    assert fsum(one.cost or 0 for one in found.runs) == pytest.approx(found.parts["runs"], abs=1e-9)
    machines = fsum(one.cost for one in found.machines)
    used = found.parts["runs"] + found.parts["idle"] + found.parts["machines"]
    assert used == pytest.approx(machines, abs=1e-9)
    for one in found.machines:
        assert one.used_s + one.idle_s == pytest.approx(one.billed_s)


@given(st.lists(runs, max_size=4, unique_by=lambda r: r.run), st.floats(0.05, 0.95))
def test_splitting_a_line_changes_nothing(held: list[RunTime], part: float) -> None:
    whole = line(9)
    cut = at(9 + part)
    first = whole.replace(end=cut, billed_s=3600.0 * part, cost=whole.cost * part)
    rest = whole.replace(
        start=cut, billed_s=3600.0 * (1 - part), cost=whole.cost * (1 - part), line=3
    )
    one, two = reconcile(bill(whole), held), reconcile(bill(first, rest), held)
    assert two.parts["runs"] == pytest.approx(one.parts["runs"], abs=1e-6)
    assert two.parts["idle"] == pytest.approx(one.parts["idle"], abs=1e-6)
