"""What runs spent, by the index: charges of a reserved machine, and budgets, to the same digits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brizna.account import Budget, SpentTogether, judge_budget
from brizna.core.book import SHIPPED
from brizna.core.errors import InputError
from brizna.core.estimate import Estimate
from brizna.core.measurement import Measurement, Run
from brizna.core.quantities import Carbon, Energy
from brizna.core.site import Site
from brizna.store import Store
from brizna.verbs import Asked, Reserved, charge_runs, judge_budgets, read_budget
from brizna.verbs._settings import read_settings
from brizna.verbs._spent import spent_by
from brizna.verbs._views import view_of

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HOUR_S = 3600.0
LATER = BEGIN + timedelta(days=2)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Store(str(tmp_path / "store"))


@pytest.fixture
def keep(store):
    """Return a function that keeps a run of so many hours, begun so many hours after the start."""

    def make(*, at_h, hours=1.0, tags=(), machine="m1", carbon_g=None, **fields):
        began = BEGIN + timedelta(hours=at_h)
        run_id = store.create_run(at_s=began.timestamp()).rpartition("/")[2]
        energy = Estimate(Energy(3.6e6 * hours), basis="metered").doubted_by("meter:m1", 0.9, 1.2)
        run = Run(
            id=run_id,
            name=fields.pop("name", "train"),
            tags=tuple(tags),
            machine=machine,
            started=f"{began:%Y-%m-%dT%H:%M:%SZ}",
            duration_s=hours * HOUR_S,
            measurement=Measurement(energy_j=energy),
            brizna="0.1.0",
            **fields,
        )
        digest = store.finish(run)
        if carbon_g is not None:
            footprint = {
                "schema": "brizna.footprint/1",
                "subject": digest,
                "energy_j": energy.to_json(),
                "carbon_g": Estimate(Carbon(carbon_g))
                .doubted_by("factor:grid", 0.8, 1.3)
                .doubted_by(f"edge:{run_id}", 0.9, 1.1)
                .to_json(),
            }
            store.put(footprint, run_id=run_id)
        return run_id

    return make


def idle_j(store, *, hours=(0, 10), asked=None, at=LATER):
    """Return the idle energy charged to each run, and what nobody succeeded for."""
    start, end = (BEGIN + timedelta(hours=one) for one in hours)
    reserved = Reserved(start=start, end=end, idle_w=100.0)
    found = charge_runs(store, asked or Asked(), reserved=reserved, at=at, book=SHIPPED)
    return {run.id: run.idle["energy_j"].best.value for run in found.runs}, found


def test_a_machine_that_others_use_does_not_wait(store, keep):
    """Ten hours reserved, of which two of ours and four of others': it waited for four."""
    ours = keep(at_h=0, hours=2, tags=["ours"])
    theirs = keep(at_h=5, hours=4)
    both, _ = idle_j(store)
    assert sum(both.values()) == pytest.approx(100 * 4 * HOUR_S)
    mine, _ = idle_j(store, asked=Asked(tags=("ours",)))
    assert mine == {ours: pytest.approx(100 * 4 * HOUR_S / 3)}
    assert mine[ours] == pytest.approx(both[ours])
    assert both[theirs] == pytest.approx(2 * both[ours])


def test_a_run_that_began_before_the_reservation_keeps_the_machine_busy(store, keep):
    keep(at_h=-1, hours=3)
    inside = keep(at_h=2, hours=1)
    found, _ = idle_j(store, hours=(0, 5))
    assert found == {inside: pytest.approx(100 * 2 * HOUR_S)}


def test_idle_time_for_which_nothing_succeeded_stays_with_nobody(store, keep):
    keep(at_h=0, tags=["ours"], exit_code=1)
    _, found = idle_j(store, hours=(0, 2), asked=Asked(tags=("ours",)))
    assert not found.runs
    assert found.uncharged["energy_j"].best.value == pytest.approx(3.6e6 + 100 * HOUR_S)


def test_a_reserved_time_to_come_is_refused(store, keep):
    keep(at_h=0)
    with pytest.raises(InputError, match="still to come"):
        idle_j(store, hours=(0, 49))


def test_of_several_machines_the_reserved_one_must_be_named(store, keep):
    first = keep(at_h=0, machine="m1")
    keep(at_h=0, hours=9, machine="m2")
    with pytest.raises(InputError, match=r"m1, m2.*--on"):
        idle_j(store)
    found, _ = idle_j(store, asked=Asked(machine="m1"))
    assert found == {first: pytest.approx(100 * 9 * HOUR_S)}


# ----------------------------------------------------------------------------- by the index or not


@pytest.fixture
def settings(tmp_path):
    return read_settings({}, environ={"HOME": str(tmp_path)}, directory=str(tmp_path))


def test_what_the_index_says_was_spent_is_what_the_records_say(store, keep):
    for number in range(5):
        keep(at_h=number, carbon_g=100 / 3 + number, tags=["a"] * (number % 2))
    spent, _ = spent_by(store, Asked(tags=("a",)))
    assert [run.figures["carbon_g"].best.value for run in spent] == [100 / 3 + 1, 100 / 3 + 3]
    for run in spent:
        (record,) = store.records(run.id, schema="brizna.footprint/1")
        seen = run.figures["carbon_g"].to_json()
        assert {end: seen[end] for end in ("low", "best", "high", "basis")} == {
            end: record["carbon_g"][end] for end in ("low", "best", "high", "basis")
        }


@pytest.mark.parametrize("count", [3, 40])
def test_a_budget_stands_by_the_index_as_by_the_records(store, keep, settings, count):
    for number in range(count):
        keep(at_h=number / 2, hours=0.4, carbon_g=100 / 3 + number, tags=["a"])
    keep(at_h=47, carbon_g=1e6, tags=["a"])  # begun after the instant of the question
    budget = Budget(
        name="b",
        figure="carbon_g",
        limit=1e4,
        start=BEGIN.isoformat(),
        end=LATER.isoformat(),
        tags=("a",),
    )
    at = BEGIN + timedelta(hours=40)
    [seen] = judge_budgets(store, [budget], at=at, settings=settings)
    spent, overlapping = spent_by(store, Asked(tags=("a",), start=BEGIN, end=at))
    expected = judge_budget(budget, SpentTogether.of("carbon_g", spent, overlapping), at=at)
    assert seen.spent.best == expected.spent.best, "to the last digit"
    assert seen.spent.low.value == pytest.approx(expected.spent.low.value, rel=1e-4)
    assert seen.spent.high.value == pytest.approx(expected.spent.high.value, rel=1e-4)
    assert (seen.runs, seen.state) == (count, expected.state)


def test_a_budget_accounts_for_runs_that_nobody_has_accounted_for(store, keep, settings):
    run_id = keep(at_h=0, site=Site(zone="ES"))
    budget = Budget(
        name="b", figure="carbon_g", limit=1e4, start=BEGIN.isoformat(), end=LATER.isoformat()
    )
    [seen] = judge_budgets(store, [budget], at=LATER, settings=settings)
    told = view_of(store, run_id)["footprint"]["carbon_g"]
    assert told is not None
    assert seen.spent.best.value == told["best"]


@pytest.mark.parametrize(
    ("limit", "amount_g"),
    [("2.5 kg", 2500), ("2,5 kg", 2500), ("0,125 kg", 125), ("12,5 kg", 12500)],
)
def test_a_limit_may_have_a_decimal_comma(limit, amount_g):
    days = {"from": "2026-01-01", "to": "2026-12-31"}
    assert read_budget({"limit": limit, **days}, where="here").limit == pytest.approx(amount_g)
    with pytest.raises(InputError, match="2,500 kg"):
        read_budget({"limit": "2,500 kg", **days}, where="here")
